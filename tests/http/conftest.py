"""A shop made of bare sockets, that answers with exactly the bytes, pauses and resets a test tells it."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Protocol

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSListener


@dataclass
class Connection:
    """One connection that reached the shop."""

    shop: "Shop"
    stream: ByteStream
    number: int

    async def request(self) -> bytes:
        """Receive one whole request; b"" where the peer left without one."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += await self._more()
            if not got:
                return b""
        head, _, body = got.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += await self._more()
        self.shop.requests.append(head + b"\r\n\r\n" + body)
        return self.shop.requests[-1]

    async def _more(self) -> bytes:
        try:
            got = await self.stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return b""
        self.shop.received += got
        return got

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def reset(self) -> None:
        """Leave with RST instead of FIN."""
        raw: socket.socket = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.stream.aclose()


Script = Callable[[Connection], Awaitable[None]]


@dataclass
class Shop:
    """What a test can look at afterwards."""

    url: str
    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    received: bytes = b""


class Serve(Protocol):
    """Starts a shop on loopback; its script runs once for each connection, which is closed when it returns."""

    def __call__(self, script: Script, *, tls: SSLContext | None = None) -> AbstractAsyncContextManager[Shop]: ...


@asynccontextmanager
async def _serve(script: Script, *, tls: SSLContext | None = None) -> AsyncIterator[Shop]:
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    shop = Shop(f"{'https' if tls else 'http'}://127.0.0.1:{port}", port)

    async def one(stream: ByteStream) -> None:
        shop.connections += 1
        async with stream:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # the client left in the middle
                await script(Connection(shop, stream, shop.connections))

    async with listener, anyio.create_task_group() as tasks:
        if tls is None:
            tasks.start_soon(listener.serve, one)
        else:
            tasks.start_soon(_Quiet(listener, tls, standard_compatible=False).serve, one)
        yield shop
        tasks.cancel_scope.cancel()


class _Quiet(TLSListener):
    @staticmethod
    async def handle_handshake_error(exc: BaseException, stream: anyio.abc.AnyByteStream) -> None:
        await anyio.aclose_forcefully(stream)
        if isinstance(exc, anyio.get_cancelled_exc_class()):
            raise exc


@pytest.fixture
def serve() -> Serve:
    return _serve
