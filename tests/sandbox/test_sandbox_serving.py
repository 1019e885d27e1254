"""The sandbox over real sockets: what a fault below HTTP looks like from the other end."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest

from clawver_orders.sandbox import Sandbox, serve

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def serving(sandbox: Sandbox, host: str = "127.0.0.1") -> AsyncIterator[httpx2.AsyncClient]:
    urls: list[str] = []
    up = anyio.Event()

    def ready(url: str) -> None:
        urls.append(url)
        up.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, sandbox, host, 0, ready)
        await up.wait()
        headers = {"Authorization": f"Bearer {sandbox.key}"}
        async with httpx2.AsyncClient(base_url=urls[0], headers=headers, trust_env=False) as client:
            yield client
        tasks.cancel_scope.cancel()


async def test_it_answers_over_a_socket_and_says_where(sandbox: Sandbox) -> None:
    async with serving(sandbox) as client:
        assert str(client.base_url).startswith("http://127.0.0.1:")
        answer = await client.get("/v1/orders?limit=1")
    assert answer.status_code == 200
    assert answer.json()["data"]["orders"][0]["id"] in sandbox.shop.orders


async def test_it_has_an_ipv6_address_too(sandbox: Sandbox) -> None:
    async with serving(sandbox, "::1") as client:
        assert str(client.base_url).startswith("http://[::1]:")
        assert (await client.get("/_sandbox")).json()["seed"] == 7


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "shop.example"])
async def test_it_listens_on_this_machine_only(sandbox: Sandbox, host: str) -> None:
    with pytest.raises(ValueError, match="this machine only"):
        await serve(sandbox, host, 0, lambda _: None)


async def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match=r"."):
        await serve(sandbox, "127.0.0.1", taken.getsockname()[1], lambda _: None)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout", httpx2.ReadTimeout),
        ("reset", httpx2.ReadError),
        ("close", httpx2.RemoteProtocolError),
        ("cut", httpx2.RemoteProtocolError),
    ],
)
async def test_a_broken_connection_is_really_broken(
    sandbox: Sandbox, kind: str, error: type[httpx2.TransportError]
) -> None:
    """hostile 41, 42, 43, 44: the refund is applied, its answer lost."""
    order = sandbox.shop.orders[sandbox.hints["refundable_order"]]
    sandbox.faults.add(f"refund:{kind}-after")
    async with serving(sandbox) as client:
        with pytest.raises(error):
            await client.post(
                f"/v1/orders/{order.id}/refund", json={"amountInCents": 500, "reason": "x"}, timeout=0.5
            )
        assert [refund.amount for refund in order.refunds] == [500]
        assert (await client.get(f"/v1/orders/{order.id}")).status_code == 200


async def test_a_reset_is_rst_and_a_close_is_fin(sandbox: Sandbox) -> None:
    """hostile 41, 42."""
    sandbox.faults.add("list:reset", "list:close")
    async with serving(sandbox) as client:
        for expected in (ConnectionResetError, anyio.EndOfStream):
            async with await anyio.connect_tcp("127.0.0.1", client.base_url.port or 0) as stream:
                await stream.send(b"GET /v1/orders HTTP/1.1\r\nHost: x\r\n\r\n")
                with pytest.raises((anyio.BrokenResourceError, anyio.EndOfStream)) as caught:
                    await stream.receive()
            assert isinstance(caught.value if expected is anyio.EndOfStream else caught.value.__cause__, expected)


async def test_a_slow_answer_comes_byte_by_byte(sandbox: Sandbox) -> None:
    """hostile 46."""
    sandbox.faults.add("list-webhooks:slow:1,delay=0.001")
    async with serving(sandbox) as client, client.stream("GET", "/v1/webhooks") as answer:
        chunks = [chunk async for chunk in answer.aiter_raw()]
    assert b"".join(chunks) == b'{"success":true,"data":{"webhooks":[]}}'
    assert len(chunks) > 10


async def test_a_hanging_call_does_not_keep_the_server_from_going_down(sandbox: Sandbox) -> None:
    sandbox.faults.add("list:timeout")
    async with serving(sandbox) as client:
        stream = await anyio.connect_tcp("127.0.0.1", client.base_url.port or 0)
        await stream.send(b"GET /v1/orders HTTP/1.1\r\nHost: x\r\n\r\n")
        while not sandbox.requests:
            await anyio.lowlevel.checkpoint()
    with anyio.fail_after(5), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
        await stream.receive()
    await stream.aclose()


async def test_a_webhook_is_sent_by_itself(sandbox: Sandbox) -> None:
    async def receive(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            got.append(await stream.receive())
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            arrived.set()

    got: list[bytes] = []
    arrived = anyio.Event()
    receiver = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = receiver.extra(anyio.abc.SocketAttribute.local_port)
    async with serving(sandbox) as client, receiver, anyio.create_task_group() as tasks:
        tasks.start_soon(receiver.serve, receive)
        body = {"url": f"http://127.0.0.1:{port}/hook", "events": ["order.refunded"], "secret": "example-secret-16"}
        await client.post("/v1/webhooks", json=body)
        order = sandbox.hints["refundable_order"]
        await client.post(f"/v1/orders/{order}/refund", json={"amountInCents": 500, "reason": "x"})
        with anyio.fail_after(10):
            await arrived.wait()
        tasks.cancel_scope.cancel()
    assert got[0].startswith(b"POST /hook HTTP/1.1\r\n")
    assert b"x-claw-signature: sha256=" in got[0].lower()
