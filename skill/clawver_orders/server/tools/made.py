"""What a tool is made of, and what tools of several nouns share: hints, arguments, and how an answer is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from clawver_orders.desk import Desk
from clawver_orders.server import render
from clawver_orders.store import Operation


@dataclass(frozen=True, slots=True)
class Made:
    """A tool before it is known which stores there are.

    Attributes:
        function: What it does; its docstring is the description.
        annotations: All four hints.
        shape: The closed shape of what it answers.
        operation: What a store must be able to do for it.
    """

    function: Callable[..., Awaitable[CallToolResult]]
    annotations: ToolAnnotations
    shape: Any
    operation: Operation


def _hints(*, reads: bool = False, destructive: bool = False, idempotent: bool = False) -> ToolAnnotations:
    return ToolAnnotations(
        read_only_hint=reads, destructive_hint=destructive, idempotent_hint=idempotent, open_world_hint=True
    )


READ = _hints(reads=True, idempotent=True)
WRITE = _hints()
WRITE_AGAIN = _hints(idempotent=True)
DESTROY = _hints(destructive=True)
DESTROY_AGAIN = _hints(destructive=True, idempotent=True)

StoreName = Annotated[str, Field(description="Which store.")]
StoreOrAll = Annotated[str, Field(description="All if left out.")]
OrderId = Annotated[str, Field(description="Order id.")]
Reason = Annotated[str, Field(description="Why, in a few words.")]


def teller(desk: Desk) -> Callable[[Mapping[str, Any], str], CallToolResult]:
    """What makes an answer of a structured result and its text; it says so where the shop is made up."""

    def tell(result: Mapping[str, Any], text: str) -> CallToolResult:
        if desk.sandbox:
            result = {"sandbox": True, **result}
            text = f"{render.SANDBOX}\n{text}"
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=dict(result))

    return tell
