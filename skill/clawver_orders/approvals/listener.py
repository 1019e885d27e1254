"""Answers HTTP on this computer only, beside the desk and without ever holding it up."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

# A browser opens a handful. The desk's own files and sockets must not run out because somebody opens thousands.
_CONNECTIONS: Final = 32
# For a request and its answer; the record may be held by another program for ten seconds.
_WITHIN_S: Final = 30.0


async def answer(app: ASGIApp, listener: socket.socket) -> None:
    """Answer what arrives at a socket until cancelled."""
    server = _Server(
        uvicorn.Config(
            app,
            http=_Connection,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=0,
        )
    )
    with closing(listener):
        try:
            await server.serve([listener])
        finally:
            for accepting in server.servers:
                accepting.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to the desk: stdio.py waits for what is under way, then leaves."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Connection(H11Protocol):
    """A connection that is cut off when it takes too long, or is one too many."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if len(self.connections) > _CONNECTIONS:
            transport.abort()
        else:
            self._cut = self.loop.call_later(_WITHIN_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)
