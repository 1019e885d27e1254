"""Serves a sandbox over real sockets, and acts out the faults that are below HTTP."""

import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import anyio
import uvicorn
from uvicorn.protocols.utils import get_remote_addr

from .app import Receive, Sandbox, Send
from .faults import CloseFault, FaultRaised, ResetFault
from .mall import Mall

HOSTS: Final = ("127.0.0.1", "::1", "localhost")


async def serve(sandbox: Sandbox | Mall, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve until cancelled, or until SIGINT or SIGTERM in the main thread; send webhooks as they come up.

    Args:
        sandbox: What to serve: one shop, or several.
        host: One of HOSTS.
        port: 0 lets the system choose.
        ready: Called with the base URL, such as ``http://127.0.0.1:8484``, once connections are accepted.

    Raises:
        ValueError: Another host.
        OSError: The port cannot be had.
    """
    if host not in HOSTS:
        raise ValueError(f"the sandbox listens on this machine only: {', '.join(HOSTS)}")
    sandbox.pause = anyio.sleep
    listener = socket.create_server(
        (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
    )
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}"
    server = _Server(sandbox, lambda: ready(url))
    with listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.send_webhooks)
            try:
                await server.serve(sockets=[listener])
            finally:
                if server.started:
                    with anyio.CancelScope(shield=True):
                        await server.shutdown(sockets=[listener])
            tasks.cancel_scope.cancel()


class _Server(uvicorn.Server):
    """A uvicorn server around the app that breaks connections where a fault says so."""

    def __init__(self, sandbox: Sandbox | Mall, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                self._app,
                http="h11",
                loop="none",
                lifespan="off",
                interface="asgi3",
                proxy_headers=False,
                access_log=False,
                log_config=None,
                timeout_graceful_shutdown=1,
            )
        )
        self._sandbox = sandbox
        self._ready = ready
        self._news = anyio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.started = False
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # some are hanging on purpose
        await super().shutdown(sockets=sockets)

    async def send_webhooks(self) -> None:
        """Send what is queued after each request, until cancelled."""
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            await self._sandbox.deliver()

    async def _app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await self._sandbox.app(scope, receive, send)
        except FaultRaised as fault:
            await self._act_out(fault, scope, receive)
        finally:
            self._news.set()

    async def _act_out(self, fault: FaultRaised, scope: Mapping[str, Any], receive: Receive) -> None:
        for connection in list(self.server_state.connections):
            if get_remote_addr(connection.transport) != scope["client"]:
                continue
            if isinstance(fault, ResetFault):
                connection.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                connection.transport.abort()
            elif isinstance(fault, CloseFault):
                connection.transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass
