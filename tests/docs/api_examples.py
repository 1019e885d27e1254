"""Runs the pages of good and bad calls over sandboxes in process, and writes their answers anew.

``python -m tests.docs.api_examples`` renews the ids and the answers; calls and prose are written by hand. Where an
answer of a shop is shown in part, ``"…"`` stands for the rest, and what is shown is renewed.
"""

import json
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import anyio
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.server.mcpserver import MCPServer
from mcp_types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
)

from clawver_orders import approvals
from clawver_orders.desk import Desk
from clawver_orders.http import quiet_logging
from clawver_orders.sandbox import open_sandbox
from clawver_orders.server import build
from tests.contract.shops import open_counters
from tests.counter import Clock, Secrets, open_counter
from tests.docs.example_pages import PAGES, RAW, Block, Examples, Placeholders, blocks, named, names
from tests.docs.raw_examples import Raw, pretty
from tests.ledgers import Place
from tests.woocommerce.shop import NONE, store_of

Era = Literal["auto", "legacy"]


async def run(page: str, examples: Examples, directory: Path, era: Era = "auto") -> list[tuple[Block, str]]:
    """What really comes, for every block that shows an answer."""
    shown = blocks(page)
    tools = _Tools(examples, directory, era)
    raw = Raw(examples)
    came = []
    async with tools.clients:
        await tools.open()
        for place, block in enumerate(shown):
            following = shown[place + 1 :]
            below = block.section.startswith(RAW)
            real = await (raw.block(block) if below else tools.block(block, following))
            if real is not None:
                came.append((block, real))
    tools.nothing_left_over()
    return came


class _Tools:
    """The tools' part: a desk with a form and without one; for WooCommerce also one whose store has no keys."""

    def __init__(self, examples: Examples, directory: Path, era: Era) -> None:
        self._desk, self._add_fault = _counter(examples.platform, directory)
        self.clients = AsyncExitStack()
        self._directory = directory
        self._era: Era = era
        self._clients: dict[str, Client] = {}
        self._placeholders = Placeholders()
        self._answers: dict[str, str] = {}
        self._click = ""
        self._example = ""

    async def open(self) -> None:
        server, enter = _server(self._desk), self.clients.enter_async_context
        self._clients[""] = await enter(Client(server, mode=self._era, elicitation_callback=self._fill_in))
        self._clients["without-form"] = await enter(Client(server, mode=self._era))
        if self._desk.stores[0].platform == "woocommerce":
            guests = _server(_guests_desk(self._directory / "guests"))
            self._clients["without-keys"] = await enter(Client(guests, mode=self._era))

    async def _fill_in(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self._answers[f"text form {self._click}"] = f"{params.message}\n"
        match self._click:
            case "approve":
                return ElicitResult(action="accept", content={"approve": True})
            case "decline":
                return ElicitResult(action="decline")
        raise AssertionError("a form came that the page does not show")

    async def block(self, block: Block, following: Sequence[Block]) -> str | None:
        match block.info.split():
            case ["json", "call", name, *program]:
                self.nothing_left_over()
                self._example = block.example
                self._click = following[0].info.removeprefix("text form ")
                client = self._clients[" ".join(program)]
                arguments = json.loads(self._placeholders.show(block.text))
                self._keep(await client.call_tool(name, arguments))
                return None
            case ["sh", "person"]:
                await self._type(self._placeholders.show(block.text))
                return None
            case ["text", "fault"]:
                self._add_fault(block.text.strip())
                return None
        # The structured form of an answer may be left out; the text may not.
        real = self._placeholders.hide(self._answers.pop(block.info, f"(no {block.info} came)\n"))
        if block.info in {"text answer", "text error"} and not _next_is(following, "json structured"):
            self._answers.pop("json structured", None)
        return real

    def _keep(self, result: CallToolResult) -> None:
        [content] = result.content
        assert isinstance(content, TextContent)
        self._answers["text error" if result.is_error else "text answer"] = f"{content.text}\n"
        if result.structured_content is not None:
            self._answers["json structured"] = pretty(result.structured_content)

    async def _type(self, command: str) -> None:
        """``clawver-orders approve ID``, but for the terminal."""
        program, word, move_id = command.split()
        assert (program, word) == ("clawver-orders", "approve")
        move = await approvals.found(self._desk, move_id)
        await approvals.answer(self._desk, move, given=True, how="terminal")

    def nothing_left_over(self) -> None:
        assert not self._answers, f"{self._example}: not shown: {self._answers}"


def _counter(platform: str, directory: Path) -> tuple[Desk, Callable[[str], None]]:
    """A desk over one made-up shop, and how that is made to fail."""
    if platform == "clawver":
        counter = open_counter(directory, allowed_hosts=frozenset({"hooks.example"}))
        return counter.desk, counter.fault
    counters = open_counters(directory, [platform])
    return counters.desk, counters.only.faults.add


def _guests_desk(directory: Path) -> Desk:
    """A desk over a WooCommerce whose store has no keys: it opens guests' orders."""
    clock = Clock()
    sandbox = open_sandbox("woocommerce", 7, now=clock.now)
    ledger = Place(directory).ledger(clock.now)
    return Desk(
        [store_of(sandbox, keys=NONE)],
        ledger,
        ledger,
        now=clock.now,
        awake=lambda: clock.awake,
        keep_secret=Secrets().keep,
    )


def _server(desk: Desk) -> MCPServer:
    return build(desk, capabilities=[store.capabilities for store in desk.stores])


def _next_is(following: Sequence[Block], info: str) -> bool:
    return bool(following) and following[0].info == info


async def renewed(page: str, examples: Examples) -> str:
    """The page with this sandbox's ids and answers."""
    now = names(examples.platform)
    for name, value in named(page).items():
        page = page.replace(value, now[name])
    with tempfile.TemporaryDirectory() as directory:
        came = await run(page, examples, Path(directory))
    for block, real in sorted(came, key=lambda each: each[0].start, reverse=True):
        page = page[: block.start] + real + page[block.end :]
    return page


if __name__ == "__main__":
    quiet_logging()
    for each in PAGES:
        each.page.write_text(anyio.run(renewed, each.page.read_text("utf-8"), each), "utf-8")
