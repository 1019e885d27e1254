"""What the desk says, in tokens of o200k_base, and what it imports: the same in each run, so held by CI."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mcp import Client
from mcp_types import TextContent, Tool
from tests.contract.shops import open_counters
from tests.counter import Clock, open_counter
from tests.server.tokens import tokens

from bench.figure import Figure
from bench.process import ROOT
from bench.scene import SEED
from clawver_orders.platforms import MODULES, load
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.sandbox import Sandbox
from clawver_orders.server import build, render, results, shapes

# What the desk needs beyond the SDK, and why: the record, the state directory, the settings, leaving on a signal.
_OURS = frozenset(
    {"clawver_orders", "sqlite3", "_sqlite3", "platformdirs", "tomllib", "gc", "anyio._core._signals"}
)


async def figures(directory: Path) -> list[Figure]:
    """Tools, lists, orders and the skill."""
    counter = open_counter(directory)
    hints = counter.sandbox.hints
    async with Client(build(counter.desk, capabilities=[ClawverStore.capabilities])) as client:
        listed = (await client.list_tools()).tools

        async def text(tool: str, **arguments: str) -> str:
            [content] = (await client.call_tool(tool, arguments)).content
            if not isinstance(content, TextContent):
                raise TypeError(tool)
            return content.text

        digital = await text("get_order", order_id=hints["digital_order"])
        whole = await text("get_order", order_id=hints["partially_refunded_order"])
    rows = await _rows(directory / "rows")
    four = open_counters(directory / "four", tuple(MODULES)).desk
    every = await build(four, capabilities=[load(name).capabilities for name in MODULES]).list_tools()
    return [
        *_definitions(listed, "tools", (14, 1350, 3800)),
        *_definitions(every, "tools of four platforms", (23, 2450, 6200)),
        _fixed("20 orders with ids of 16 characters, text", tokens(render.listing(rows)), "tokens", 880),
        _fixed("the same, structured", tokens(rows), "tokens", 1400),
        _fixed("one digital item, text", tokens(digital), "tokens", 120),
        _fixed("two items, a parcel, a refund, text", tokens(whole), "tokens", 210),
        _fixed("SKILL.md without its head", tokens(_skill_body()), "tokens", 2500),
    ]


def _definitions(listed: Sequence[Tool], what: str, budgets: tuple[int, int, int]) -> list[Figure]:
    definitions = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
    seen = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in definitions]
    closed = [{**part, "outputSchema": tool["outputSchema"]} for part, tool in zip(seen, definitions, strict=True)]
    return [
        _fixed(what, len(seen), "tools", budgets[0]),
        _fixed(f"{what} as the model sees them", tokens(seen), "tokens", budgets[1]),
        _fixed(f"{what} with output schemas", tokens(closed), "tokens", budgets[2]),
    ]


def imported(bare: set[str], ours: set[str]) -> tuple[Figure, list[str]]:
    """How many modules the desk loads that it may not, and their names.

    Args:
        bare: What a bare MCPServer imports until its tools are listed.
        ours: What the desk does.
    """
    unwanted = sorted(name for name in ours - bare if not any(_within(name, known) for known in _OURS))
    others = {"MCPServer": float(len(bare)), "all of ours": float(len(ours))}
    return Figure("neither the SDK's nor allowed", len(unwanted), "modules", others, budget=0, fixed=True), unwanted


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


async def _rows(directory: Path) -> shapes.ListingResult:
    """The newest twenty of a shop with long ids: every column that Clawver fills, and no notes."""
    clock = Clock()
    counter = open_counter(directory, clock=clock, sandbox=Sandbox(seed=SEED, now=clock.now))
    found = await counter.desk.list_orders("", limit=20)
    return results.listing(replace(found, notes=()), several=False)


def _skill_body() -> str:
    _, _, body = (ROOT / "SKILL.md").read_text("utf-8").split("---\n", 2)
    return body


def _fixed(what: str, ours: float, unit: str, budget: float) -> Figure:
    return Figure(what, ours, unit, budget=budget, fixed=True)
