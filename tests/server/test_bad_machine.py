"""The server as a process on a machine where something is closed, full, missing or asleep."""

import fcntl
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from clawver_orders.sandbox import Sandbox
from tests.server.test_stdio import sent, shop
from tests.server.wire import Wire, started

pytestmark = pytest.mark.anyio

PIPE_SIZE = 4096


@pytest.fixture
def full_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads, with no room left."""
    reader, writer = os.pipe()
    try:
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_SIZE)
        os.write(writer, b"x" * PIPE_SIZE)
        yield writer
    finally:
        os.close(reader)
        os.close(writer)


async def test_a_log_that_nobody_reads_stops_no_refund(tmp_path: Path, full_pipe: int) -> None:
    """Hostile 79: the host never reads stderr, and the pipe is full."""
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address:
        env = {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": address}
        async with started(home=tmp_path, env=env, stderr=full_pipe) as wire:
            order_id = sandbox.hints["refundable_order"]
            refund = await wire.call("prepare_refund", order_id=order_id, amount="5.00 USD", reason="torn")
            refund = await wire.call("execute_refund", refund_id=refund["refund"]["refund_id"])
            assert refund["refund"]["state"] == "succeeded"
            await wire.close_stdin()
            assert await wire.process.wait() == 0
