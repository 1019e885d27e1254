"""From a parcel that leaves the shop to an assistant that is told: every program and every socket of it is real."""

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
import uvicorn
from anyio.abc import ByteStream
from anyio.streams.text import TextReceiveStream
from anyio.streams.tls import TLSListener
from mcp.client.stdio import StdioServerParameters, stdio_client

from clawver_orders.sandbox import Sandbox
from tests.cli.terminal import environment
from tests.http.test_tls import Certificate
from tests.server.following import following
from tests.server.serving import Era, structured, text_of, yes

pytestmark = pytest.mark.anyio

PROGRAM = (sys.executable, "-m", "clawver_orders")


@asynccontextmanager
async def open_shop(sandbox: Sandbox) -> AsyncIterator[str]:
    """The address of a made-up shop that answers over HTTP; its events wait to be delivered."""
    config = uvicorn.Config(sandbox.app, log_config=None, lifespan="off", interface="asgi3")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: server.serve(sockets=[listener]))
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            server.should_exit = True


class Front:
    """What an operator has before the receiver: it speaks TLS, and passes on what is in it."""

    def __init__(self, certificate: Certificate) -> None:
        self._certificate = certificate
        self.behind = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its address."""
        plain = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with (
            TLSListener(plain, self._certificate.server(), standard_compatible=False) as listener,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(listener.serve, self._pass_on)
            yield f"https://127.0.0.1:{plain.extra(anyio.abc.SocketAttribute.local_port)}"
            tasks.cancel_scope.cancel()

    async def _pass_on(self, outside: ByteStream) -> None:
        async with (
            outside,
            await anyio.connect_tcp("127.0.0.1", self.behind) as inside,
            anyio.create_task_group() as t,
        ):
            t.start_soon(_pour, outside, inside)
            await _pour(inside, outside)
            t.cancel_scope.cancel()


async def _pour(source: ByteStream, into: ByteStream) -> None:
    try:
        async for data in source:
            await into.send(data)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return


@asynccontextmanager
async def receiving(environ: dict[str, str]) -> AsyncIterator[int]:
    """The port of a receiver, in a process of its own."""
    async with await anyio.open_process([*PROGRAM, "webhooks", "--port", "0"], env=environ, stderr=None) as process:
        try:
            assert process.stdout
            with anyio.fail_after(30):
                said = await TextReceiveStream(process.stdout).receive()
            yield int(said.split(":")[2].partition("/")[0])
        finally:
            process.terminate()


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_parcel_that_leaves_the_shop_reaches_the_assistant_that_follows_the_order(
    tmp_path: Path, era: Era
) -> None:
    sandbox, certificate = Sandbox(seed=7), Certificate(tmp_path)
    shop, order_id = sandbox.shop, sandbox.hints["refundable_order"]
    uri = f"order://clawver/{order_id}"
    front = Front(certificate)
    async with open_shop(sandbox) as shop_address, front.open() as address:
        config = tmp_path / "config.toml"
        config.write_text(
            f'[stores.clawver]\nplatform = "clawver"\nbase_url = "{shop_address}"\n'
            'api_key = {env = "EXAMPLE_KEY"}\n[webhooks]\nallowed_hosts = ["127.0.0.1"]\n'
        )
        environ = environment(tmp_path, CLAWVER_ORDERS_CONFIG=str(config), EXAMPLE_KEY=sandbox.key)
        serve = stdio_client(StdioServerParameters(command=PROGRAM[0], args=[*PROGRAM[1:], "serve"], env=environ))
        async with following(serve, era, uri, "orders://events", answer=lambda _: yes()) as follower:
            hook = {"url": f"{address}/webhooks/clawver", "events": ["order.shipped"]}
            made = structured(await follower.client.call_tool("create_webhook", hook))
            assert made["action"]["outcome"] == "done"
            before = await follower.client.call_tool("track_order", {"order_id": order_id})
            async with receiving(environ) as front.behind:
                while shop.orders[order_id].stage != "shipped":
                    shop.advance(order_id)
                for delivery in [*sandbox.deliveries, *sandbox.deliveries]:
                    delivery.state = "queued"
                    await sandbox.deliver(httpx2.AsyncHTTPTransport(verify=certificate.believing_client()))
                    assert delivery.answered == 200
                assert {await follower.told(), await follower.told()} == {uri, "orders://events"}
                listed = structured(await follower.client.call_tool("list_events", {}))
                after = await follower.client.call_tool("track_order", {"order_id": order_id})
                # What was signed with a webhook's secret is nobody's once the webhook is deleted.
                (kept,) = (tmp_path / "webhooks").iterdir()
                await follower.client.call_tool("delete_webhook", {"webhook_id": made["webhook"]["id"]})
                assert not kept.exists()
                (delivery,) = sandbox.deliveries
                delivery.state = "queued"
                await sandbox.deliver(httpx2.AsyncHTTPTransport(verify=certificate.believing_client()))
                assert delivery.answered == 401
    (event,) = listed["events"]
    assert (event["store"], event["type"], event["order_id"]) == ("clawver", "order.shipped", order_id)
    assert structured(before)["status"] != "shipped"
    assert structured(after)["status"] == "shipped"
    (parcel,) = structured(after)["shipments"]
    assert parcel["tracking_number"] in text_of(after)
