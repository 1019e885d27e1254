"""Serves one client over stdin and stdout, and leaves without losing a refund that is under way."""

import gc
import logging
import os
import signal
import sys

import anyio
from anyio.abc import TaskStatus
from mcp.server.mcpserver import MCPServer

from clawver_orders.desk import Desk

# The desk lets a write take 20 seconds from its claim to its record.
_DRAIN_S = 22
_LOOK_EVERY_S = 0.05


async def serve_stdio(server: MCPServer, desk: Desk) -> None:
    """Serve until the client closes stdin, or until SIGTERM or SIGINT, which end the process.

    When stdin closes, the SDK cancels what runs; a write past its claim is shielded, and this returns after it.
    """
    # What was loaded stays for good: no collection needs to look at it again.
    gc.collect()
    gc.freeze()
    async with anyio.create_task_group() as tasks:
        if sys.platform != "win32":
            await tasks.start(_leave_on_signal, desk)
        await server.run_stdio_async()
        tasks.cancel_scope.cancel()


async def _leave_on_signal(desk: Desk, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            with anyio.move_on_after(_DRAIN_S):
                # Twice idle: a yes that was just read may become a send yet, and an answer leaves after its record.
                idle = 0
                while idle < 2:
                    await anyio.sleep(_LOOK_EVERY_S)
                    idle = 0 if desk.in_flight() else idle + 1
            logging.shutdown()
            sys.stderr.flush()
            # The SDK's thread that reads stdin cannot be woken, and Python would wait for it.
            os._exit(0)
