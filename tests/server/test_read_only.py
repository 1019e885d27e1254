"""A read-only desk: every call that the examples make, and nothing but reads reaches the shop."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.server import build
from tests.counter import YES, open_counter
from tests.docs.example_pages import PAGES, RAW, blocks

pytestmark = pytest.mark.anyio


async def yes(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="accept", content={"approve": True})


def calls() -> list[tuple[str, dict[str, Any]]]:
    """Every call of the page of examples on Clawver, with its arguments as they stand there."""
    return [
        (block.info.split()[2], json.loads(block.text))
        for block in blocks(PAGES[0].page.read_text())
        if not block.section.startswith(RAW) and block.info.startswith("json call ")
    ]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_nothing_but_reads_reaches_the_shop_under_read_only(
    tmp_path: Path, mode: Literal["auto", "legacy"]
) -> None:
    writing = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))
    prepared = await writing.prepared()
    desk = open_counter(
        tmp_path,
        sandbox=writing.sandbox,
        clock=writing.clock,
        allowed_hosts=frozenset({"hooks.example"}),
        read_only=True,
    ).desk
    server = build(desk, capabilities=[ClawverStore.capabilities])
    reads, books = 0, repr(vars(writing.sandbox.shop.snapshot()))
    async with Client(server, mode=mode, elicitation_callback=yes) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        for name, arguments in [*calls(), ("execute_refund", {"refund_id": prepared.refund_id})]:
            result = await client.call_tool(name, arguments)
            assert name in listed or result.is_error, name
            reads += name in listed
    assert reads > 10
    assert {request.method for request in writing.sandbox.requests} == {"GET"}
    # Nor did a GET change anything.
    assert repr(vars(writing.sandbox.shop.snapshot())) == books
    assert writing.paid_back() == []
    assert (await writing.desk.execute_refund(prepared.refund_id, YES)).money_moved == "yes"
