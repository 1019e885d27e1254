"""Runs the pages of good and bad calls over sandboxes in process, and writes their answers anew.

``python -m tests.docs.api_examples`` renews the ids and the answers; calls and prose are written by hand. Where an
answer of a shop is shown in part, ``"…"`` stands for the rest, and what is shown is renewed.
"""

import json
import re
import shlex
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import anyio
import httpx2
from mcp import Client
from mcp.client import ClientRequestContext
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
from tests.counter import Clock, open_counter

Era = Literal["auto", "legacy"]
RAW: Final = "Behind the tools: "
_REFERENCES: Final = Path(__file__).parents[2] / "references"
_API: Final = "https://api.shop.test"
_REST: Final = "…"
_WIDTH: Final = 116


@dataclass(frozen=True)
class Examples:
    """A page of calls: whose shop it is, and what stands in its requests for the address and the keys."""

    page: Path
    platform: str
    variables: Mapping[str, str]


PAGES: Final = (
    Examples(
        _REFERENCES / "api-examples.md",
        "clawver",
        {"$CLAW_API_KEY": "claw_sk_test_example", "$CLAW_API_URL": _API},
    ),
    Examples(
        _REFERENCES / "api-examples" / "heidianer.md",
        "heidianer",
        {
            "$HEY_TOKEN": "heidianer_token_example",
            "$HEY_CUSTOMER_TOKEN": "heidianer_customer_token_example",
            "$HEY_URL": _API,
        },
    ),
    Examples(
        _REFERENCES / "api-examples" / "gateway.md",
        "gateway",
        {"$SHOPIFY_TOKEN": "shpat_example", "$OPS_URL": _API},
    ),
    Examples(
        _REFERENCES / "api-examples" / "woocommerce.md",
        "woocommerce",
        {
            "$WOO_KEY": "ck_example_readwrite",
            "$WOO_SECRET": "cs_example_readwrite",
            "$WOO_URL": _API,
        },
    ),
)

_BLOCK = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?P<level>##|###) (?P<title>.+)$", re.MULTILINE)
_NAMED = re.compile(r"^\| `(?P<name>\w+)` \| `(?P<value>[\w@.:]+)` \|", re.MULTILINE)
# What differs from run to run, and what stands for it, numbered by first appearance.
_VOLATILE = (
    (re.compile(r"\bR-[0-9A-Z]{8}\b"), "R-EXAMPLE{}"),
    (re.compile(r"\bwh_[0-9a-z]{9}\b"), "wh_example{}"),
)


@dataclass(frozen=True)
class Block:
    """One fenced block: where its text stands in the page, and under which headings."""

    info: str
    text: str
    start: int
    end: int
    section: str
    example: str


@dataclass
class Placeholders:
    """What stands in the page for ids that are made at random."""

    names: dict[str, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        for pattern, name in _VOLATILE:
            for real in pattern.findall(text):
                numbered = sum(taken.startswith(name[:-2]) for taken in self.names.values()) + 1
                self.names.setdefault(real, name.format(numbered))
        for real, taken in self.names.items():
            text = text.replace(real, taken)
        return text

    def show(self, text: str) -> str:
        for real, name in self.names.items():
            text = text.replace(name, real)
        return text


def blocks(page: str) -> list[Block]:
    """Every fenced block of the page, in order."""
    section = example = ""
    made = []
    marks = [*_BLOCK.finditer(page), *_HEADING.finditer(page)]
    for mark in sorted(marks, key=lambda mark: mark.start()):
        if "level" not in mark.groupdict():
            made.append(Block(mark["info"], mark["text"], mark.start("text"), mark.end("text"), section, example))
        elif mark["level"] == "##":
            section, example = mark["title"], ""
        else:
            example = mark["title"]
    return made


async def run(page: str, examples: Examples, directory: Path, era: Era = "auto") -> list[tuple[Block, str]]:
    """What really comes, for every block that shows an answer."""
    shown = blocks(page)
    tools = _Tools(examples, directory, era)
    raw = _Raw(examples)
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
    """The tools' part: a desk with a form and without one, at the same counter."""

    def __init__(self, examples: Examples, directory: Path, era: Era) -> None:
        self._desk, self._add_fault = _counter(examples.platform, directory)
        self.clients = AsyncExitStack()
        self._era: Era = era
        self._placeholders = Placeholders()
        self._answers: dict[str, str] = {}
        self._click = ""
        self._example = ""

    async def open(self) -> None:
        server = build(self._desk, capabilities=[store.capabilities for store in self._desk.stores])
        enter = self.clients.enter_async_context
        self._with_form = await enter(Client(server, mode=self._era, elicitation_callback=self._fill_in))
        self._without_form = await enter(Client(server, mode=self._era))

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
                assert program in ([], ["without-form"]), block.info
                self.nothing_left_over()
                self._example = block.example
                self._click = following[0].info.removeprefix("text form ")
                client = self._without_form if program else self._with_form
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
            self._answers["json structured"] = _pretty(result.structured_content)

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


class _Raw:
    """The part below the tools: requests as curl would send them, at a shop of their own."""

    def __init__(self, examples: Examples) -> None:
        self._sandbox = open_sandbox(examples.platform, 7, now=Clock().now)
        self._variables = examples.variables
        self._answer: httpx2.Response | None = None
        self._placeholders = Placeholders()

    async def block(self, block: Block) -> str | None:
        match block.info.split():
            case ["text", "fault"]:
                self._sandbox.faults.add(block.text.strip())
                return None
            case ["sh", "request"]:
                self._answer = await self._send(self._placeholders.show(block.text))
                return None
            case [kind, status] if self._answer is not None and status == str(self._answer.status_code):
                if kind == "json":
                    return self._placeholders.hide(_pretty(_like(json.loads(block.text), self._answer.json())))
                return _in_words(self._answer)
        came = "nothing" if self._answer is None else self._answer.status_code
        return f"(came: {came}, shown: {block.info})\n"

    async def _send(self, curl: str) -> httpx2.Response:
        line = curl.replace("\\\n", " ")
        for name, value in self._variables.items():
            line = line.replace(name, value)
        words = shlex.split(line)
        assert words.pop(0) == "curl", curl
        method, headers, content, url, auth = "", {}, "", "", None
        while words:
            match words.pop(0):
                case "-X":
                    method = words.pop(0)
                case "-H":
                    name, _, value = words.pop(0).partition(": ")
                    headers[name] = value
                case "-d":
                    content = words.pop(0)
                case "-u":
                    user, _, password = words.pop(0).partition(":")
                    auth = httpx2.BasicAuth(user, password)
                case word:
                    assert word.startswith(_API), word
                    url = word
        transport = httpx2.ASGITransport(app=self._sandbox.app)
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.request(
                method or ("POST" if content else "GET"), url, headers=headers, content=content, auth=auth
            )


def _in_words(answer: httpx2.Response) -> str:
    """An answer that is no JSON."""
    if "location" in answer.headers:
        return f"Location: {answer.headers['location']}\n"
    return f"{answer.text or '(no body)'}\n"


def _like(shown: Any, real: Any) -> Any:
    """As much of an answer as the page shows of it; all of it where nothing says that there is a rest."""
    if isinstance(shown, dict) and isinstance(real, dict) and _REST in shown:
        kept = {name: _like(value, real.get(name, "(not there)")) for name, value in shown.items() if name != _REST}
        return {**kept, _REST: _REST} if len(kept) < len(real) else kept
    if isinstance(shown, list) and isinstance(real, list) and _REST in shown:
        kept_items = [_like(one, other) for one, other in zip(shown, real, strict=False) if one != _REST]
        return [*kept_items, _REST] if len(kept_items) < len(real) else kept_items
    if isinstance(shown, dict) and isinstance(real, dict) and set(shown) == set(real):
        return {name: _like(shown[name], value) for name, value in real.items()}
    return real


def _pretty(data: object) -> str:
    return f"{_fitted(data, 0)}\n"


def _fitted(data: Any, depth: int) -> str:
    """JSON on one line where that is short enough, else a member a line."""
    text = json.dumps(data, ensure_ascii=False)
    if not isinstance(data, dict | list) or len(text) + depth < _WIDTH:
        return text
    if isinstance(data, list):
        inner = [_fitted(one, depth + 1) for one in data]
    else:
        inner = [f"{json.dumps(name, ensure_ascii=False)}: {_fitted(one, depth + 1)}" for name, one in data.items()]
    begin, end = "[]" if isinstance(data, list) else "{}"
    space = "\n" + " " * (depth + 1)
    return f"{begin}{space}{f',{space}'.join(inner)}\n{' ' * depth}{end}"


def _next_is(following: Sequence[Block], info: str) -> bool:
    return bool(following) and following[0].info == info


def names(platform: str) -> dict[str, str]:
    """The ids and tokens that a page's table can name, as this sandbox has them."""
    sandbox = open_sandbox(platform, 7, now=Clock().now)
    if platform != "clawver":
        return sandbox.hints
    order = sandbox.shop.orders[sandbox.hints["digital_order"]]
    printed = sandbox.shop.orders[sandbox.hints["refundable_order"]]
    token = order.items[0].download_token
    assert token is not None
    return {
        **sandbox.hints,
        "printed_item": printed.items[0].id,
        "status_token": order.status_token,
        "download_token": token,
    }


def named(page: str) -> dict[str, str]:
    """What the page's table says the ids and tokens are."""
    return {row["name"]: row["value"] for row in _NAMED.finditer(page)}


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
