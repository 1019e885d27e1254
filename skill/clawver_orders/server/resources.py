"""Orders, open refunds, events and the guides as resources."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, InvalidArgument, NotFoundError
from clawver_orders.server import results
from clawver_orders.server.updates import EVENTS
from clawver_orders.store import Capabilities


def register(server: MCPServer, desk: Desk, capabilities: Sequence[Capabilities]) -> None:
    """Add the resources to a server; the events where at least one store tells of any."""

    def told(result: Mapping[str, Any]) -> str:
        return json.dumps({"sandbox": True, **result} if desk.sandbox else result, ensure_ascii=False)

    @server.resource("order://{store}/{order_id}", name="order", mime_type="application/json")
    async def order(store: str, order_id: str) -> str:
        """One order, its customer masked."""
        try:
            return told(results.order(await desk.get_order(store, order_id), full=False))
        except (NotFoundError, InvalidArgument) as error:
            raise ResourceNotFoundError(str(error)) from error
        except DeskError as error:
            raise ResourceError(str(error)) from error

    @server.resource("refunds://open", name="open_refunds", mime_type="application/json")
    async def open_refunds() -> str:
        """Refunds that are not settled."""
        try:
            return told(results.refunds(await desk.check_refund()))
        except DeskError as error:
            raise ResourceError(str(error)) from error

    async def events() -> str:
        """What the shops told, newest first."""
        try:
            return told(results.events(await desk.list_events()))
        except DeskError as error:
            raise ResourceError(str(error)) from error

    if any("list_events" in one.operations for one in capabilities):
        server.resource(EVENTS, name="events", mime_type="application/json")(events)

    @server.resource("guide://{topic}", name="guide", mime_type="text/markdown")
    def guide(topic: str) -> str:
        """A page of this product's documentation."""
        page = guides().get(topic)
        if page is None:
            raise ResourceNotFoundError(f"There is no guide of that name. Known: {', '.join(guides())}")
        return page.read_text(encoding="utf-8")


def guides() -> dict[str, Traversable]:
    """The pages of references/ and references/platforms/ by the stem of their file names."""
    root = _references()
    pages = [root, root / "platforms"]
    return {
        page.name.removesuffix(".md"): page
        for folder in pages
        if folder.is_dir()
        for page in sorted(folder.iterdir(), key=lambda page: page.name)
        if page.name.endswith(".md")
    }


def _references() -> Traversable:
    packed = files("clawver_orders") / "references"
    # In a checkout they stand beside the source root.
    return packed if packed.is_dir() else Path(__file__).parents[3] / "references"
