"""A TCP proxy for tests that harms what flows through it, by toxiproxy's names for how.

``upstream`` is what the client sends, ``downstream`` what the server answers.
"""

import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

import anyio
from anyio.abc import Listener, SocketAttribute, SocketStream

Direction = Literal["upstream", "downstream"]
_PIECE = 4096


@dataclass(frozen=True)
class Toxic:
    """One harm in one direction.

    Attributes:
        type: ``latency``: each piece comes ``seconds`` late. ``down``: nobody listens. ``reset_peer``: after
            ``seconds`` both sides are reset. ``timeout``: nothing gets through, and after ``seconds`` (0 is never)
            the connection is closed. ``slow_close``: the end is told ``seconds`` late. ``slicer``: ``size`` bytes
            at a time, ``seconds`` apart. ``limit_data``: closed after ``size`` bytes.
        stream: Which direction; of no matter to ``down``.
    """

    type: Literal["latency", "down", "reset_peer", "timeout", "slow_close", "slicer", "limit_data"]
    stream: Direction = "downstream"
    seconds: float = 0.0
    size: int = 0


@dataclass
class Proxy:
    """A proxy that runs. Toxics harm the connections that are made after they were added."""

    listener: Listener[SocketStream]
    server_port: int
    toxics: list[Toxic] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.listener.extra(SocketAttribute.local_port))

    async def add(self, toxic: Toxic) -> None:
        self.toxics.append(toxic)
        if toxic.type == "down":
            await self.listener.aclose()

    async def connect(self, client: SocketStream) -> None:
        toxics = tuple(self.toxics)
        async with client, await anyio.connect_tcp("127.0.0.1", self.server_port) as server:
            pair = _Pair(client, server)
            async with anyio.create_task_group() as tasks:
                for source, drain, stream in ((client, server, "upstream"), (server, client, "downstream")):
                    harms = tuple(toxic for toxic in toxics if toxic.stream == stream)
                    tasks.start_soon(pair.flow, source, drain, harms)


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    """A proxy before a port of this machine."""
    listeners = (await anyio.create_tcp_listener(local_host="127.0.0.1")).listeners
    proxy = Proxy(listeners[0], port)

    async def listen() -> None:
        with suppress(anyio.ClosedResourceError):
            await proxy.listener.serve(proxy.connect, tasks)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        yield proxy
        await proxy.listener.aclose()
        tasks.cancel_scope.cancel()


@dataclass(frozen=True)
class _Pair:
    client: SocketStream
    server: SocketStream

    async def flow(self, source: SocketStream, drain: SocketStream, toxics: tuple[Toxic, ...]) -> None:
        """One direction, until its end."""
        left = min((toxic.size for toxic in toxics if toxic.type == "limit_data"), default=None)
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for piece in source:
                for toxic in toxics:
                    await self._before(toxic)
                sent = piece if left is None else piece[:left]
                await _deliver(drain, sent, toxics)
                if left is not None:
                    left -= len(sent)
                    if left == 0:
                        await self._close()
                        return
            for toxic in toxics:
                if toxic.type == "slow_close":
                    await anyio.sleep(toxic.seconds)
            await drain.send_eof()

    async def _before(self, toxic: Toxic) -> None:
        match toxic.type:
            case "latency":
                await anyio.sleep(toxic.seconds)
            case "timeout":
                await anyio.sleep(toxic.seconds or 3600)
                await self._close()
            case "reset_peer":
                await anyio.sleep(toxic.seconds)
                for side in (self.client, self.server):
                    # A close that lingers for no time at all is a reset.
                    raw: socket.socket = side.extra(SocketAttribute.raw_socket)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                await self._close()

    async def _close(self) -> None:
        await self.client.aclose()
        await self.server.aclose()


async def _deliver(drain: SocketStream, piece: bytes, toxics: tuple[Toxic, ...]) -> None:
    slicer = next((toxic for toxic in toxics if toxic.type == "slicer"), Toxic("slicer", size=_PIECE))
    for place in range(0, len(piece), slicer.size):
        await drain.send(piece[place : place + slicer.size])
        await anyio.sleep(slicer.seconds)
