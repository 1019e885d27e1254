"""Connections to the service: cut off when a request comes too slowly, or when another one needs the place."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from clawver_orders.errors import SetupError

# For a request's head and body. What is asked here is small; answers may be streams that last for hours.
RECEIVED_WITHIN_S: Final = 10.0
# Half of the files that the process may open at most.
_CONNECTIONS: Final = 1000
# No more are accepted at a time than can be turned away before the process has no file left.
_BACKLOG: Final = 64
_IDLE_S: Final = 15


class Server(uvicorn.Server):
    """A server that leaves signals to who started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield


def listen(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens.

    Args:
        host: A name or an address of this machine.
        port: 0 for any that is free.
        option: Which option says the port.

    Raises:
        SetupError: It cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise SetupError(
            f"{host} port {port} cannot be had ({type(error).__name__})", f"Choose another with --host and {option}"
        ) from error


def address_of(listener: socket.socket) -> str:
    """Where a socket listens, as it stands in a URL."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def server(app: ASGIApp, *, most: int = _CONNECTIONS) -> Server:
    """A server for an application, with so many connections at most."""
    most = min(most, most_connections())

    waited_for: dict[_Connection, None] = {}

    def connection(*args: Any, **kwargs: Any) -> _Connection:
        return _Connection(*args, most=most, waited_for=waited_for, **kwargs)

    return Server(
        uvicorn.Config(
            app,
            http=connection,  # type: ignore[arg-type]  # uvicorn calls it as it would a class
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=1,
        )
    )


def most_connections() -> int:
    """How many there may be, so that files and sockets are left for the record and the shops."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return _CONNECTIONS
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _CONNECTIONS if files == resource.RLIM_INFINITY else min(_CONNECTIONS, files // 2)


class _Connection(H11Protocol):
    """A connection.

    Args:
        most: How many there may be.
        waited_for: Those of which no whole request has come, or no next one; who has been so the longest is first.
    """

    def __init__(self, *args: Any, most: int, waited_for: "dict[_Connection, None]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most = most
        self._waited_for = waited_for
        self._cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        # asyncio does it for sockets that it made; without it a body waits for the head to be acknowledged, 40 ms.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._expect()
        if len(self.connections) > self._most:
            # Whoever is waited for the longest: a request that is meant is there at once.
            next(one for one in self._waited_for if not one.transport.is_closing()).transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # That is what ends it by and by. It may also go before, for whoever is answered can hold a place like that.
        if self.timeout_keep_alive_task is not None:
            self._waited_for[self] = None
        elif self.conn.their_state is h11.SEND_BODY:
            # The next request came behind this one, and its body may never come: no data would start the clock.
            self._expect()

    def _look(self) -> None:
        """Wait for who owes a request, or does not read an answer."""
        if self.flow.write_paused or self.conn.their_state in {h11.IDLE, h11.SEND_BODY}:
            self._expect()
        else:
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._cut is None:
            self._waited_for.pop(self, None)
            self._waited_for[self] = None
            self._cut = self.loop.call_later(RECEIVED_WITHIN_S, self.transport.abort)

    def _expect_nothing(self) -> None:
        self._waited_for.pop(self, None)
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None
