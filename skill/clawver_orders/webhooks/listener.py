"""Answers HTTP for the receiver, and lets nobody who sends slowly, or not at all, keep the others out."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import anyio
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

# For a whole request to arrive, however it is cut up.
_WITHIN_S: Final = 10.0
# For all of it: the record may be held by another program for ten seconds.
_ALTOGETHER_S: Final = 40.0
_CONNECTIONS: Final = 512


async def listen(app: ASGIApp, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Answer until cancelled, or until SIGINT or SIGTERM in the main thread; what has arrived is answered then.

    Args:
        app: The receiver.
        host: An address of this machine.
        port: 0 lets the system choose.
        ready: Called with the base URL once connections are accepted.

    Raises:
        OSError: The port cannot be had.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}"
    server = _Server(app, lambda: ready(url))
    with closing(listener):
        try:
            await server.serve([listener])
        finally:
            if server.started:
                with anyio.CancelScope(shield=True):
                    await server.shutdown([listener])


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                loop="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                # Anybody can send what is no HTTP; that is not worth a line each.
                log_level="error",
                proxy_headers=False,
                server_header=False,
                # So many are accepted at once, before any is read; far fewer than there is room for.
                backlog=128,
                timeout_graceful_shutdown=round(_WITHIN_S) + 2,
            )
        )
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does, but none is raised again: who called goes on, and leaves in order."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.started = False
        for connection in list(self.server_state.connections):
            if isinstance(connection, _Connection) and connection.arriving:
                connection.transport.abort()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """A connection that is cut where its request does not arrive in time, or another one needs its place."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.since = self.loop.time()
        self._cut: asyncio.TimerHandle | None = None

    @property
    def arriving(self) -> bool:
        """Whether its request is not complete yet."""
        return self.cycle is None or self.cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._cut = self.loop.call_later(_WITHIN_S, self._late)
        room = _room()
        if len(self.connections) > room:
            others = [one for one in self.connections if isinstance(one, _Connection)]
            still = [one for one in others if not one.transport.is_closing()]
            if len(still) > room:
                # Whoever has taken longest: a shop's request is there at once.
                oldest = min((one for one in still if one.arriving), key=lambda one: one.since)
                oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def _late(self) -> None:
        if self.arriving:
            self.transport.abort()
        else:
            self._cut = self.loop.call_later(_ALTOGETHER_S - _WITHIN_S, self.transport.abort)


def _room() -> int:
    """How many connections there may be, so that files and sockets are left for the record."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return _CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _CONNECTIONS if files == resource.RLIM_INFINITY else min(_CONNECTIONS, files // 2)
