"""What a client may propose while a person types an argument of a prompt or a resource."""

from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from mcp.server.mcpserver import MCPServer
from mcp_types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    ResourceTemplateReference,
)

from clawver_orders.desk import Desk
from clawver_orders.order import DateField, Sort
from clawver_orders.server.resources import guides
from clawver_orders.store import Capabilities

# What the protocol allows in one answer.
_MAX = 100


def register(server: MCPServer, desk: Desk, capabilities: Sequence[Capabilities]) -> None:
    """Answer completion requests by the argument's name, whatever it belongs to."""
    known: dict[str, Callable[[], Iterable[str]]] = {
        "store": lambda: [store.name for store in desk.stores],
        "status": lambda: [word for one in capabilities for word in one.statuses],
        "payment_status": lambda: [word for one in capabilities for word in one.payment_statuses],
        "fulfillment_status": lambda: [word for one in capabilities for word in one.fulfillment_statuses],
        "date_field": lambda: get_args(DateField),
        "sort": lambda: get_args(Sort),
        "topic": guides,
    }

    async def complete(
        ref: PromptReference | ResourceTemplateReference,  # noqa: ARG001 - the SDK's signature
        argument: CompletionArgument,
        context: CompletionContext | None,  # noqa: ARG001 - the SDK's signature
    ) -> Completion:
        words = known[argument.name]() if argument.name in known else []
        values = list(dict.fromkeys(word for word in words if word.startswith(argument.value)))
        return Completion(values=values[:_MAX], total=len(values), has_more=len(values) > _MAX)

    server.completion()(complete)  # type: ignore[no-untyped-call]
