"""The desk's server in memory, with a real MCP client before it and the sandbox shop behind it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from mcp import Client
from mcp.client import ClientRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

from clawver_orders.desk import Desk
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.server import build
from tests.counter import Counter, open_counter

Era = Literal["auto", "legacy"]

ERROR = "clawver-orders/error"


def server_of(desk: Desk) -> MCPServer:
    return build(desk, capabilities=[store.capabilities for store in desk.stores])


@asynccontextmanager
async def client_of(
    server: MCPServer, era: Era, answer: Callable[[str], ElicitResult] | None = None
) -> AsyncIterator[Client]:
    """A client of an era; with an answer it has forms, and the form's text is given to the answer."""

    async def fill_in(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert answer is not None
        return answer(params.message)

    async with Client(
        server, mode=era, raise_exceptions=True, elicitation_callback=fill_in if answer else None
    ) as client:
        yield client


def yes() -> ElicitResult:
    """What a person's program sends back when they agree."""
    return ElicitResult(action="accept", content={"approve": True})


def two_stores(directory: Path) -> Counter:
    """A counter whose desk has a second shop, called ``second``."""

    def renamed(store: ClawverStore) -> ClawverStore:
        store.name = "second"
        return store

    first = open_counter(directory / "first")
    first.desk.abilities.stores += open_counter(directory / "second", wrap=renamed).desk.stores
    return first


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


def error_of(result: CallToolResult) -> dict[str, Any]:
    """The data of an error, after the rules that hold for each of them."""
    assert result.is_error
    assert result.structured_content is None
    assert result.meta is not None
    error: dict[str, Any] = result.meta[ERROR]
    assert text_of(result).startswith(f"{error['code']}: ")
    return error


def structured(result: CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    found: dict[str, Any] = result.structured_content
    return found


def right_calls(counter: Counter) -> Mapping[str, dict[str, Any]]:
    """A right call of every tool that needs nothing to have happened before."""
    hints = counter.sandbox.hints
    order = counter.sandbox.shop.orders[hints["digital_order"]]
    return {
        "list_orders": {},
        "get_order": {"order_id": hints["partially_refunded_order"]},
        "track_order": {"order_id": hints["shipped_order"]},
        "lookup_variants": {"order_id": hints["wrong_size_order"]},
        "regenerate_download": {"order_id": order.id, "item_id": hints["digital_item"]},
        "get_public_order": {"order_id": order.id, "token": order.status_token},
        "get_receipt": {"checkout_id": hints["checkout_id"]},
        "prepare_refund": {
            "order_id": counter.refundable,
            "amount": "5.00 USD",
            "reason": "arrived torn",
        },
        "check_refund": {},
        "create_webhook": {"url": "https://hooks.example/claw", "events": ["order.paid"]},
        "list_webhooks": {},
        "list_events": {},
    }
