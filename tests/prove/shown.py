"""A proxy that shows a service's token for programs that cannot: it adds one header to each request."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

_HEAD_CAP = 64 * 1024


@asynccontextmanager
async def showing(token: str, port: int) -> AsyncIterator[int]:
    """The port of a proxy that leads to another port of this machine."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, partial(_lead, port, f"Authorization: Bearer {token}\r\n".encode()))
        yield listener.extra(SocketAttribute.local_port)
        tasks.cancel_scope.cancel()


async def _lead(port: int, line: bytes, program: SocketStream) -> None:
    async with program, await anyio.connect_tcp("127.0.0.1", port) as service, anyio.create_task_group() as tasks:
        tasks.start_soon(_answers, service, program, tasks.cancel_scope)
        try:
            await _requests(BufferedByteReceiveStream(program), service, line)
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            tasks.cancel_scope.cancel()


async def _requests(program: BufferedByteReceiveStream, service: SocketStream, line: bytes) -> None:
    while True:
        head = await program.receive_until(b"\r\n\r\n", _HEAD_CAP)
        asked, _, headers = head.partition(b"\r\n")
        length = 0
        for name, _, value in (header.partition(b":") for header in headers.lower().split(b"\r\n")):
            if name == b"transfer-encoding":
                raise NotImplementedError("a request in chunks")
            if name == b"content-length":
                length = int(value)
        await service.send(asked + b"\r\n" + line + headers + b"\r\n\r\n")
        if length:
            await service.send(await program.receive_exactly(length))


async def _answers(service: SocketStream, program: SocketStream, over: anyio.CancelScope) -> None:
    try:
        async for part in service:
            await program.send(part)
    except anyio.BrokenResourceError:
        pass
    over.cancel()
