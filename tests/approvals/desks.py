"""A desk as a host starts it: ``serve`` as a process, before a shop on this machine; and who presses buttons."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from clawver_orders.sandbox import Sandbox, serve
from tests.approvals.browsing import FORM, csrf_of, origin_of
from tests.cli.terminal import environment
from tests.server.serving import Era, structured


@asynccontextmanager
async def a_shop() -> AsyncIterator[tuple[Sandbox, str]]:
    """A made-up shop over HTTP, and its address."""
    shop = Sandbox(seed=7)
    urls: list[str] = []
    up = anyio.Event()

    def ready(url: str) -> None:
        urls.append(url)
        up.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, shop, "127.0.0.1", 0, ready)
        await up.wait()
        yield shop, urls[0]
        tasks.cancel_scope.cancel()


def own_environment(state: Path, shop_url: str) -> dict[str, str]:
    return environment(state, CLAW_API_URL=shop_url, CLAW_API_KEY="claw_sk_test_example")


@dataclass
class Desk:
    """A running desk, as the assistant before it sees it."""

    client: Client

    async def prepare(self, order_id: str, amount: str = "5.00 USD", **more: Any) -> str:
        arguments = {"order_id": order_id, "amount": amount, "reason": "arrived torn", **more}
        refund_id: str = structured(await self.client.call_tool("prepare_refund", arguments))["refund"]["refund_id"]
        return refund_id

    async def execute(self, refund_id: str) -> dict[str, Any]:
        result = await self.client.call_tool("execute_refund", {"refund_id": refund_id})
        refund: dict[str, Any] = structured(result)["refund"]
        return refund


@asynccontextmanager
async def a_desk(state: Path, shop_url: str, era: Era = "auto", **client: Any) -> AsyncIterator[Desk]:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "clawver_orders", "serve"],
        env=own_environment(state, shop_url),
    )
    async with Client(stdio_client(server), mode=era, **client) as connected:
        yield Desk(connected)


async def press(url: str, decision: str = "approve", **more: str) -> httpx2.Response:
    """What a browser does when a button on the page is pressed; or a program that does the same."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        page = await browser.get(url)
        if page.status_code != 200:
            return page
        fields = {"csrf": csrf_of(page.text), "decision": decision, **more}
        return await browser.post(url, data=fields, headers={"Origin": origin_of(url), "Content-Type": FORM})
