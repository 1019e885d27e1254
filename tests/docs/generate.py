"""Writes what the documents take from the code: ``python -m tests.docs.generate``. A test sees what is stale.

A block stands between ``<!-- generated: NAME -->`` and ``<!-- /generated -->``. The code blocks of a Chinese page
are those of its English twin. With ``--demo`` the demo in both READMEs is renewed, too. All else is handwritten.
"""

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import anyio
import click
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent, Tool

from clawver_orders.cli import commands
from clawver_orders.cli.demo import tell
from clawver_orders.events import Delivered
from clawver_orders.platforms import MODULES, load, settings_of
from clawver_orders.server import build
from clawver_orders.settings.keys import KEYS, STORE_KEYS, VARIABLES, platform_key
from clawver_orders.store import ARGUMENTS, OPERATIONS, Capabilities
from clawver_orders.telemetry import signals
from tests.contract.shops import open_counters
from tests.counter import Counter, open_counter
from tests.docs.shop_errors import errors_table, refunds_table

REPO: Final = Path(__file__).parents[2]
PAGES: Final = (
    "references/setup.md",
    "references/tools.md",
    "references/capabilities.md",
    "references/zh/capabilities.md",
    "references/errors.md",
    "references/service.md",
)
_CODE: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_DEMO: Final = re.compile(r"(<!-- demo -->\n).*?(<!-- /demo -->)", re.DOTALL)
_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z_ ]+) -->\n).*?(<!-- /generated -->)", re.DOTALL)
# Ids of refunds are random; the documents show this one.
_REFUND_ID: Final = re.compile(r"R-[0-9A-HJKMNP-TV-Z]{8}")
_SHOWN_ID: Final = "R-7K2M9Q4X"
_HINTS: Final = {
    "read_only_hint": "read-only",
    "destructive_hint": "destructive",
    "idempotent_hint": "idempotent",
    "open_world_hint": "open world",
}


def renewed(page: str, blocks: Mapping[str, str]) -> str:
    """A page with its blocks as they must be; KeyError for a block that nobody makes."""
    return _BLOCK.sub(lambda block: f"{block[1]}{blocks[block[2]]}{block[3]}", page)


def all_blocks() -> dict[str, str]:
    """Every block by its name, each ending with a line end."""
    with tempfile.TemporaryDirectory() as directory:
        tools, examples = anyio.run(_tools_and_examples, Path(directory))
        others, other_examples = anyio.run(_of_other_platforms, Path(directory) / "others")
    blocks = {"settings": _settings(), "variables": _variables(), "commands": _commands()}
    blocks["capabilities"] = _capabilities()
    blocks["filters"] = _filters()
    blocks["spans"], blocks["metrics"], blocks["attributes"] = _spans(), _metrics(), _attributes()
    blocks["shops errors"] = anyio.run(errors_table)
    blocks["answers to refunds"] = anyio.run(refunds_table)
    blocks["tools"] = "\n".join(_tool(tool, examples[tool.name]) for tool in tools)
    blocks["more arguments"] = _more_arguments(tools, others)
    more = [tool for tool in others if tool.name not in examples]
    blocks["more tools"] = "\n".join(_tool(tool, other_examples[tool.name]) for tool in more)
    return blocks


def twins() -> dict[Path, Path]:
    """The Chinese page of each page that has one, or must: references, the README, and the skill's body."""
    references = REPO / "references"
    folders = (references, references / "platforms", references / "api-examples")
    pages = [page for folder in folders for page in folder.glob("*.md")]
    found = {page: references / "zh" / page.relative_to(references) for page in sorted(pages)}
    found[REPO / "README.md"] = REPO / "README.zh-CN.md"
    found[REPO / "SKILL.md"] = references / "zh" / "guide.md"
    return found


def with_code_of(page: str, twin: str) -> str:
    """A Chinese page with the code blocks of its English twin; as it is where their number differs."""
    blocks = _CODE.findall(twin)
    if len(blocks) != len(_CODE.findall(page)):
        return page
    following = iter(blocks)
    return _CODE.sub(lambda _: next(following), page)


def demo() -> str:
    """What the demo prints, as a block; its refunds' ids, which are random, are replaced."""
    lines: list[str] = []
    tell(lines.append, "one")
    text = "\n".join(lines).rstrip()
    for found, shown in zip(dict.fromkeys(_REFUND_ID.findall(text)), (_SHOWN_ID, "R-3F8N1T6B"), strict=True):
        text = text.replace(found, shown)
    return f"```text\n{text}\n```\n"


def _table(*rows: tuple[str, ...]) -> str:
    head, *rest = rows
    lines = [head, tuple("---" for _ in head), *rest]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _settings() -> str:
    parts = []
    tables = {
        "`[stores.NAME]`": (platform_key(MODULES), *STORE_KEYS),
        **{f'`[stores.NAME]` with `platform = "{name}"`': keys() for name, keys in settings_of().items()},
        **{f"`[{table}]`": keys for table, keys in KEYS.items()},
    }
    for table, keys in tables.items():
        rows = [
            (
                f"`{key.name}`",
                key.allowed,
                "required" if key.required else _setting(key.default),
                key.meaning,
            )
            for key in keys
        ]
        parts.append(f"### {table}\n\n" + _table(("setting", "must be", "default", "meaning"), *rows))
    return "\n".join(parts)


def _capabilities() -> str:
    """What each platform declares, the tools' names down and the platforms' across; the same in every language."""
    declared = {name: load(name).capabilities for name in MODULES}
    rows = [
        (f"`{operation}`", *("✓" if operation in can.operations else "–" for can in declared.values()))
        for operation in OPERATIONS
    ]
    parts = [("`partial_refunds`", "partial_refunds"), ("`keeps_reason`", "keeps_reason")]
    rows += [
        (
            code,
            *(
                ("✓" if getattr(can, field) else "–") if "refund" in can.operations else ""
                for can in declared.values()
            ),
        )
        for code, field in parts
    ]
    return _table(("", *(f"`{name}`" for name in declared)), *rows)


def _filters() -> str:
    """By which words and arguments each platform's lists and orders can be asked for."""
    declared = {name: load(name).capabilities for name in MODULES}
    rows = []
    for field, attribute in (
        ("status", "statuses"),
        ("payment_status", "payment_statuses"),
        ("fulfillment_status", "fulfillment_statuses"),
    ):
        rows.append(
            (
                f"`{field}`",
                *(" ".join(f"`{word}`" for word in getattr(can, attribute)) for can in declared.values()),
            )
        )
    rows += [
        (f"`{argument}`", *("✓" if argument in can.arguments else "–" for can in declared.values()))
        for argument in ARGUMENTS
    ]
    return _table(("", *(f"`{name}`" for name in declared)), *rows)


def _spans() -> str:
    rows = [
        (f"`{one.name}`", one.kind.removesuffix(" span"), _codes(one.attributes), one.meaning)
        for one in signals.SPANS
    ]
    return _table(("span", "kind", "attributes", "what it is"), *rows)


def _metrics() -> str:
    rows = [
        (f"`{one.name}`", f"{one.kind}, `{one.unit}`", _codes(one.attributes) or "none", one.meaning)
        for one in signals.METRICS
    ]
    return _table(("metric", "kind", "attributes", "what it is"), *rows)


def _attributes() -> str:
    return _table(("attribute", "value"), *((f"`{key}`", value) for key, value in signals.VALUES.items()))


def _codes(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)


def _setting(default: str) -> str:
    """A default as it would be written; in words where it is none of TOML."""
    if not default:
        return "none"
    return default if re.fullmatch(r"[a-z' ]+ [a-z' ]+", default) else f"`{default}`"


def _variables() -> str:
    return _table(("variable", "meaning"), *((f"`{one.name}`", one.meaning) for one in VARIABLES))


def _leaves(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """The commands that do something by themselves: those without others below them, and some that have such."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield command, inner
        if isinstance(command, click.Group):
            yield from _leaves(command, inner)


def _commands() -> str:
    root = click.Context(commands, info_name="clawver-orders")
    rows = []
    for command, context in _leaves(commands, root):
        arguments = [one.make_metavar(context) for one in command.params if isinstance(one, click.Argument)]
        options = [f"`{one.opts[-1]}`" for one in command.params if isinstance(one, click.Option)]
        first = " ".join((command.help or "").split("\n\n")[0].split())
        rows.append((f"`{' '.join([context.command_path, *arguments])}`", first, " ".join(options) or "none"))
    return _table(("command", "what it does", "options"), *rows)


def _tool(tool: Tool, example: str) -> str:
    properties: Mapping[str, Any] = tool.input_schema.get("properties", {})
    needed = tool.input_schema.get("required", [])
    rows = [
        (f"`{name}`", _kind(schema), "required" if name in needed else _default(schema), schema["description"])
        for name, schema in properties.items()
    ]
    arguments = _table(("argument", "type", "default", "meaning"), *rows) if rows else "No arguments.\n"
    assert tool.annotations is not None
    hints = ", ".join(word for hint, word in _HINTS.items() if getattr(tool.annotations, hint)) or "none"
    return (
        f"### `{tool.name}`\n\n{tool.description}\n\n{arguments}\n"
        f"Answers `{_shape(tool.output_schema or {})}`. Annotations: {hints}.\n\n{example}"
    )


def _more_arguments(tools: Sequence[Tool], others: Sequence[Tool]) -> str:
    """What tools of one Clawver shop take besides, where there are stores on other platforms."""
    known = {tool.name: tool.input_schema["properties"] for tool in tools}
    rows = [
        (f"`{tool.name}`", f"`{name}`", _kind(schema), schema["description"])
        for tool in others
        for name, schema in tool.input_schema["properties"].items()
        if tool.name in known and name not in {*known[tool.name], "store"}
    ]
    return _table(("tool", "argument", "type", "meaning"), *rows)


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " ".join(f"`{word}`" for word in schema["enum"])
    match schema["type"]:
        case "array":
            return f"list of: {_kind(schema['items'])}"
        case "integer":
            return f"{schema['minimum']} to {schema['maximum']}"
        case kind:
            return {"string": "text", "boolean": "true or false"}[kind]


def _default(schema: Mapping[str, Any]) -> str:
    return f"`{json.dumps(schema['default'])}`" if "default" in schema else "none"


def _shape(schema: Mapping[str, Any]) -> str:
    """The keys of a result: ``?`` after what may be absent, ``[]`` after a list."""
    if schema.get("type") == "array":
        inner = _shape(schema["items"])
        return f"[{inner}]"
    if "properties" not in schema:
        return ""
    needed = schema.get("required", [])
    keys = [f"{name}{'' if name in needed else '?'}{_shape(one)}" for name, one in schema["properties"].items()]
    return "{" + ", ".join(keys) + "}"


async def _tools_and_examples(directory: Path) -> tuple[list[Tool], dict[str, str]]:
    """The tools of one store, and for each one call and the text of its answer, on the made-up shop."""
    counter = open_counter(directory, allowed_hosts=frozenset({"hooks.example"}))
    server = build(counter.desk, capabilities=[store.capabilities for store in counter.desk.stores])

    examples: dict[str, str] = {}
    async with Client(server, raise_exceptions=True, elicitation_callback=_a_person) as client:

        async def shown(tool: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
            examples[tool], told = await _shown(client, tool, arguments)
            return told

        for tool, arguments in _reads(counter).items():
            await shown(tool, arguments)
        order = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "arrived torn"}
        prepared = await shown("prepare_refund", order)
        done = await shown("execute_refund", {"refund_id": prepared["refund"]["refund_id"]})
        await shown("check_refund", {"refund_id": done["refund"]["refund_id"]})
        hook = await shown("create_webhook", {"url": "https://hooks.example/claw", "events": ["order.paid"]})
        await shown("list_webhooks", {})
        await shown("delete_webhook", {"webhook_id": hook["webhook"]["id"]})
        for delivered in (Delivered("1", "order.paid", counter.refundable), Delivered("2", "order.shipped")):
            await counter.ledger.remember("clawver", delivered)
        await shown("list_events", {"limit": 5})
        return (await client.list_tools()).tools, examples


async def _a_person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="accept", content={"approve": True})


async def _shown(client: Client, tool: str, arguments: dict[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A call and its text as blocks, and its structured result."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result.content
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    example = f"```json\n{json.dumps(arguments)}\n```\n\n```text\n{text}\n```\n"
    return _REFUND_ID.sub(_SHOWN_ID, example), result.structured_content or {}


async def _of_other_platforms(directory: Path) -> tuple[list[Tool], dict[str, str]]:
    """The tools of stores on all platforms, and for each that Clawver has not, one call and its text."""
    counters = open_counters(directory, tuple(MODULES))
    guest = Capabilities(frozenset({"get_order"}), arguments=frozenset({"order_key", "billing_email"}))
    server = build(counters.desk, capabilities=[*(load(name).capabilities for name in MODULES), guest])
    examples: dict[str, str] = {}
    async with Client(server, raise_exceptions=True, elicitation_callback=_a_person) as client:
        for tool, arguments in _handled(counters.shops["heidianer"].hints).items():
            examples[tool], _ = await _shown(client, tool, arguments)
        return (await client.list_tools()).tools, examples


def _handled(hints: Mapping[str, str]) -> Mapping[str, dict[str, Any]]:
    read = {"store": "heidianer", "order_id": hints["refundable_order"]}
    waits = {**read, "order_id": hints["pending_order"]}
    return {
        "count_orders": {},
        "list_transactions": read,
        "adjust_order_price": {**waits, "adjustment": "-2.00 CNY"},
        "mark_order_paid": waits,
        "refresh_order": read,
        "comment_order": {**read, "comment": "Sent today."},
        "close_order": read,
        "reopen_order": read,
        "cancel_order": {**read, "reason": "bought twice"},
    }


def _reads(counter: Counter) -> Mapping[str, dict[str, Any]]:
    hints = counter.sandbox.hints
    bought = counter.sandbox.shop.orders[hints["digital_order"]]
    return {
        "list_orders": {"payment_status": "paid", "after": "2026-11-20", "limit": 5},
        "get_order": {"order_id": hints["partially_refunded_order"]},
        "track_order": {"order_id": hints["shipped_order"]},
        "lookup_variants": {"order_id": hints["wrong_size_order"]},
        "regenerate_download": {"order_id": bought.id, "item_id": hints["digital_item"]},
        "get_public_order": {"order_id": bought.id, "token": bought.status_token},
        "get_receipt": {"checkout_id": hints["checkout_id"]},
    }


def main() -> None:
    """Renew every page."""
    blocks = all_blocks()
    for name in PAGES:
        page = REPO / name
        page.write_text(renewed(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    if "--demo" in sys.argv:
        page, shown = REPO / "README.md", demo()
        text = _DEMO.sub(lambda block: f"{block[1]}{shown}{block[2]}", page.read_text(encoding="utf-8"))
        page.write_text(text, encoding="utf-8")
    for page, twin in twins().items():
        if twin.exists():
            text = with_code_of(twin.read_text(encoding="utf-8"), page.read_text(encoding="utf-8"))
            twin.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
