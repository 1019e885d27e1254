"""The server as a process on a machine where something is closed, full, missing or asleep."""

import fcntl
import os
import resource
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
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
def full_disk() -> Iterator[int]:
    """A file on a disk without room."""
    file = os.open("/dev/full", os.O_WRONLY)
    try:
        yield file
    finally:
        os.close(file)


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


@pytest.mark.parametrize("stderr", ["full_pipe", "full_disk"])
async def test_a_log_that_cannot_be_written_stops_no_refund(
    tmp_path: Path, stderr: str, request: pytest.FixtureRequest
) -> None:
    """Hostile 79: the host never reads stderr, and the pipe is full; or it is a file, and the disk is."""
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address:
        env = {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": address}
        async with started(home=tmp_path, env=env, stderr=request.getfixturevalue(stderr)) as wire:
            order_id = sandbox.hints["refundable_order"]
            refund = await wire.call("prepare_refund", order_id=order_id, amount="5.00 USD", reason="torn")
            refund = await wire.call("execute_refund", refund_id=refund["refund"]["refund_id"])
            assert refund["refund"]["state"] == "succeeded"
            await wire.close_stdin()
            assert await wire.process.wait() == 0


@dataclass(frozen=True)
class Shopkeeping:
    """A shop with its own books, and what a server needs to reach it."""

    sandbox: Sandbox
    env: dict[str, str]

    @property
    def posts(self) -> int:
        return sum(seen.method == "POST" for seen in self.sandbox.requests)

    async def prepared(self, wire: Wire) -> str:
        order_id = self.sandbox.hints["refundable_order"]
        refund = await wire.call(
            "prepare_refund", order_id=order_id, amount="5.00 USD", reason="Größe passt nicht 太大"
        )
        refund_id: str = refund["refund"]["refund_id"]
        return refund_id

    async def state(self, home: Path, refund_id: str) -> str:
        """What a new server says of it."""
        async with started(home=home, env=self.env) as wire:
            (refund,) = (await wire.call("check_refund", refund_id=refund_id))["refunds"]
            state: str = refund["state"]
            return state


@asynccontextmanager
async def shopkeeping() -> AsyncIterator[Shopkeeping]:
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address:
        yield Shopkeeping(sandbox, {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": address})


async def test_an_answer_that_nobody_reads_is_a_recorded_refund(tmp_path: Path) -> None:
    """Hostile 78: the host is gone while the refund is sent; the answer has nowhere to go."""
    async with shopkeeping() as kept:
        async with started(home=tmp_path, env=kept.env) as wire:
            refund_id, _ = await sent(wire, kept.sandbox)
            await wire.close_stdout()
            await wire.close_stdin()
            with anyio.fail_after(25):
                await wire.process.wait()
        assert await kept.state(tmp_path, refund_id) == "succeeded"
        assert kept.posts == 1


@pytest.mark.parametrize("refund_is_sent_by", ["both at once", "the other after it"])
async def test_two_servers_on_one_record_send_once(tmp_path: Path, refund_is_sent_by: str) -> None:
    """Hostile 74: two hosts on one computer."""
    async with (
        shopkeeping() as kept,
        started(home=tmp_path, env=kept.env) as one,
        started(home=tmp_path, env=kept.env) as other,
    ):
        refund_id = await kept.prepared(one)
        states: list[str] = []

        async def execute(wire: Wire) -> None:
            states.append((await wire.call("execute_refund", refund_id=refund_id))["refund"]["state"])

        if refund_is_sent_by == "both at once":
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(execute, one)
                tasks.start_soon(execute, other)
        else:
            await execute(one)
            await execute(other)
        assert "succeeded" in states
        assert set(states) <= {"succeeded", "sending"}
        assert kept.posts == 1


async def test_a_server_that_slept_through_its_send_says_what_it_saw(tmp_path: Path) -> None:
    """Hostile 67: stopped after the POST until the shop has answered."""
    async with shopkeeping() as kept:
        async with started(home=tmp_path, env=kept.env) as wire:
            refund_id, call = await sent(wire, kept.sandbox)
            wire.process.send_signal(signal.SIGSTOP)
            async with started(home=tmp_path, env=kept.env) as other:
                (seen,) = (await other.call("check_refund", refund_id=refund_id))["refunds"]
                assert seen["money_moved"] in {"unknown", "yes"}
            wire.process.send_signal(signal.SIGCONT)
            result = (await wire.answer(call))["result"]
            assert result["structuredContent"]["refund"]["state"] == "succeeded"
        assert kept.posts == 1


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"LC_ALL": "POSIX", "LANG": ""},
        {"LC_ALL": "xx_NOWHERE.ISO-8859-1", "PYTHONUTF8": "0"},
    ],
    ids=str,
)
async def test_no_locale_harms_what_is_written(tmp_path: Path, locale: dict[str, str]) -> None:
    """Hostile 80."""
    async with shopkeeping() as kept, started(home=tmp_path, env=kept.env | locale) as wire:
        refund_id = await kept.prepared(wire)
        refund = (await wire.call("execute_refund", refund_id=refund_id))["refund"]
        assert (refund["state"], refund["reason"]) == ("succeeded", "Größe passt nicht 太大")
        (order,) = (order for order in kept.sandbox.shop.orders.values() if order.id == refund["order_id"])
        assert order.refunds[-1].reason.startswith("Größe passt nicht 太大 [R-")


@pytest.mark.parametrize("home", ["/dev/null", "/proc/self", ""])
async def test_without_a_home_that_can_be_written_it_serves_and_refuses_refunds_clearly(
    tmp_path: Path, home: str
) -> None:
    """Hostile 80: no HOME, or one that is no directory or read-only."""
    async with shopkeeping() as kept:
        env = kept.env | {"HOME": home, "CLAWVER_ORDERS_HOME": f"{home or '/proc'}/state"}
        async with started(home=tmp_path, env=env) as wire:
            assert (await wire.call("list_orders", limit=1))["orders"]
            arguments = {
                "order_id": kept.sandbox.hints["refundable_order"],
                "amount": "5.00 USD",
                "reason": "torn",
            }
            asked = await wire.ask("tools/call", {"name": "prepare_refund", "arguments": arguments})
            result = (await wire.answer(asked))["result"]
            assert result["isError"]
            assert result["content"][0]["text"].startswith("setup: The refund record")
        assert kept.posts == 0


async def test_without_files_to_open_nothing_is_sent_and_the_server_lives(tmp_path: Path) -> None:
    """Hostile 68: the process may open no more files."""
    async with shopkeeping() as kept:
        async with started(home=tmp_path, env=kept.env) as wire:
            refund_id = await kept.prepared(wire)
            pid = wire.process.pid
            before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, before[1]))
            asked = await wire.ask("tools/call", {"name": "execute_refund", "arguments": {"refund_id": refund_id}})
            result = (await wire.answer(asked))["result"]
            assert result["isError"]
            assert "Traceback" not in str(result)
            assert kept.posts == 0
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            refund = (await wire.call("execute_refund", refund_id=refund_id))["refund"]
            assert refund["state"] == "succeeded"
        assert kept.posts == 1


async def test_a_server_without_memory_loses_nothing(tmp_path: Path) -> None:
    """Hostile 68: its address space is closed while the refund is sent; it may fail, or die, but not lie."""
    async with shopkeeping() as kept:
        async with started(home=tmp_path, env=kept.env, stderr=subprocess.DEVNULL) as wire:
            refund_id, call = await sent(wire, kept.sandbox)
            resource.prlimit(wire.process.pid, resource.RLIMIT_AS, (1, 1))
            with anyio.move_on_after(25), suppress(anyio.EndOfStream, anyio.IncompleteRead):
                await wire.answer(call)
            wire.process.kill()
        assert await kept.state(tmp_path, refund_id) in {"succeeded", "sending"}
        assert kept.posts == 1


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_send_that_begins_while_the_server_leaves_is_recorded_too(
    tmp_path: Path, sign: signal.Signals
) -> None:
    """Hostile 66: the signal comes with the person's yes, before the claim."""
    async with shopkeeping() as kept:
        async with started(home=tmp_path, env=kept.env) as wire:
            refund_id = await kept.prepared(wire)
            kept.sandbox.faults.add("refund:slow,delay=0.001")
            await wire.ask("tools/call", {"name": "execute_refund", "arguments": {"refund_id": refund_id}})
            form = await wire.read()
            await wire.write({"id": form["id"], "result": {"action": "accept", "content": {"approve": True}}})
            # It has read the yes once it reads the order again.
            while len(kept.sandbox.requests) < 2:  # noqa: ASYNC110 - it cannot tell
                await anyio.sleep(0.001)
            wire.process.send_signal(sign)
            assert await wire.process.wait() == 0
        posts = kept.posts
        assert await kept.state(tmp_path, refund_id) == ("succeeded" if posts else "confirmed")
        assert kept.posts == posts <= 1
