"""Which scope a tool needs: what a token may not do is not listed for it, and not there to be called."""

from typing import Final

from mcp.server.mcpserver.tools import Tool

from clawver_orders.tokens import Scope

# What can be changed back, and where events go, whose addresses may hold secrets of others.
_WRITE: Final = frozenset({"comment_order", "close_order", "reopen_order", "refresh_order", "list_webhooks"})


def scope_of(tool: Tool) -> Scope:
    """The scope; what is neither read-only nor named here counts as money."""
    if tool.name in _WRITE:
        return "write"
    return "read" if tool.annotations is not None and tool.annotations.read_only_hint else "refund"
