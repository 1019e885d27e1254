"""The tool definitions that a host gets, one JSON file a tool, so that a change is a diff to review.

``python -m tests.server.definitions`` writes them anew.
"""

from pathlib import Path
from typing import Any

import anyio
from mcp.server.mcpserver import MCPServer

from tests.counter import open_counter
from tests.server.serving import server_of

FOLDER = Path(__file__).parent


async def definitions(server: MCPServer) -> dict[str, dict[str, Any]]:
    """What tools/list tells of each tool, in its order."""
    return {tool.name: tool.model_dump(by_alias=True, exclude_none=True) for tool in await server.list_tools()}


def of_one_clawver_store(directory: Path) -> dict[str, dict[str, Any]]:
    """The definitions that the budgets are about; the directory is for a ledger that stays empty."""
    return anyio.run(definitions, server_of(open_counter(directory).desk))
