"""What the documents say is so: links lead somewhere, commands parse, examples load, tables repeat the code."""

import json
import re
import shlex
import tomllib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from clawver_orders import errors
from clawver_orders.cli import commands
from clawver_orders.money import CURRENCIES
from clawver_orders.platforms import settings_of
from clawver_orders.refunds.machine import Move, State
from clawver_orders.settings import load
from tests.docs import generate
from tests.docs.generate import REPO
from tests.docs.pages import Page, all_pages, read

_PAGES = all_pages()
_ASKED_FOR = re.compile(r"(?:^|-- )(?:[A-Z_]+=\S+ )*(clawver-orders(?: .*)?)$")
_KEY_LIKE = re.compile(r"(?:claw_sk|whsec|sk_live|sk_test|ghp|xoxb)_\w+|eyJ[\w-]{20,}|Bearer [\w.-]{8,}")


def commands_of(page: Page) -> list[str]:
    """Every command of ours that the page tells somebody to type."""
    lines = [
        line.removeprefix("$ ")
        for block in page.blocks
        if block.language in {"sh", "bash", "console", "text"} and "answer" not in block.info
        for line in block.text.splitlines()
    ]
    typed = [match[1] for line in (*lines, *page.inline) if (match := _ASKED_FOR.search(line.strip()))]
    return [re.split(r" (?:#|>|\||&)|  +", command.replace("\\|", "|"), maxsplit=1)[0] for command in typed]


def parse(command: str) -> None:
    """Have click take a command apart; UsageError where it cannot."""
    words = [
        word.strip("{}").split("|")[0] for word in shlex.split(command)[1:] if not re.fullmatch(r"\[.*\]", word)
    ]
    taken: click.Command = commands
    context = click.Context(commands, info_name="clawver-orders")
    with suppress(click.exceptions.Exit):  # --help and --version
        while isinstance(taken, click.Group) and words:
            # What a group does by itself has options, too; what is left after them is one of its commands.
            left = click.Command.parse_args(taken, context, [*words])
            if not left:
                return
            if context.parent is not None and left != words:
                raise click.UsageError(f"options before {left[0]}")
            name, found, words = taken.resolve_command(context, left)
            assert found is not None
            taken, context = found, click.Context(found, info_name=name, parent=context)
        if not isinstance(taken, click.Group):
            taken.make_context(taken.name, words)


@pytest.fixture(scope="module")
def blocks() -> dict[str, str]:
    return generate.all_blocks()


@pytest.mark.parametrize("name", generate.PAGES)
def test_what_is_taken_from_the_code_is_fresh(name: str, blocks: dict[str, str]) -> None:
    page = (REPO / name).read_text(encoding="utf-8")
    assert "<!-- generated: " in page
    assert page == generate.renewed(page, blocks), "run: python -m tests.docs.generate"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page_and_a_heading_that_are_there(page: Page) -> None:
    for link in page.links:
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), link
        assert path.is_relative_to(REPO), link
        if anchor:
            assert anchor in [_slug(heading) for heading in read(path).headings], link


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lstrip("# ").lower()).replace(" ", "-")


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_command_of_ours_is_one_that_the_program_takes(page: Page) -> None:
    for command in commands_of(page):
        try:
            parse(command)
        except click.UsageError as error:
            pytest.fail(f"{command}: {error.format_message()}")


def test_the_pages_do_show_commands() -> None:
    found = commands_of(read(REPO / "references" / "setup.md"))
    assert {"clawver-orders serve --sandbox", "clawver-orders doctor", "clawver-orders serve"} <= set(found)


@pytest.mark.parametrize(
    "command",
    [
        "clawver-orders",
        "clawver-orders webhooks",
        "clawver-orders webhooks --port 8585 --host 127.0.0.1",
        "clawver-orders webhooks allow hooks.example --remove",
        "clawver-orders orders",
        "clawver-orders --version",
    ],
)
def test_a_command_that_the_program_takes_passes(command: str) -> None:
    """Also one that has commands below it, and options and a work of its own."""
    parse(command)


@pytest.mark.parametrize(
    "command",
    [
        "clawver-orders refund everything",
        "clawver-orders webhooks --ports 8585",
        "clawver-orders webhooks --port none",
        "clawver-orders webhooks --port",
        "clawver-orders webhooks show clawver",
        "clawver-orders webhooks --port 1 allow hooks.example",
        "clawver-orders webhooks allow",
        "clawver-orders orders --store clawver",
        "clawver-orders --port 8585",
        "clawver-orders serve --htpp",
    ],
)
def test_a_command_that_the_program_refuses_is_found(command: str) -> None:
    with pytest.raises(click.UsageError):
        parse(command)


def test_a_group_that_does_something_by_itself_is_in_the_table_of_commands(blocks: dict[str, str]) -> None:
    rows = [row.split(" | ") for row in blocks["commands"].splitlines()]
    options = {row[0].strip("|` "): row[-1] for row in rows}
    assert "`--port`" in options["clawver-orders webhooks"]
    assert "clawver-orders orders" not in options


def test_what_the_readme_says_to_type_into_other_programs_is_what_the_setup_page_says() -> None:
    """The skill travels without the README."""
    setup = read(REPO / "references" / "setup.md").text
    blocks = [block for block in read(REPO / "README.md").blocks if block.language in {"console", "json"}]
    typed = [
        block.text for block in blocks if re.search(r"^(openclaw|claude) |mcpServers", block.text, re.MULTILINE)
    ]
    assert len(typed) == 3
    for text in typed:
        assert text in setup


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_make_target_is_in_the_makefile(page: Page) -> None:
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    console = "\n".join(block.text for block in page.blocks if block.language == "console")
    for target in re.findall(r"^make (\w+)", console, re.MULTILINE) + [
        word.split()[1] for word in page.inline if word.startswith("make ")
    ]:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_json_and_toml_examples_are_valid_and_settings_load(page: Page, tmp_path: Path) -> None:
    for number, block in enumerate(page.blocks):
        if block.info == "json":
            client = json.loads(block.text)
            for server in client.get("mcpServers", {}).values() if isinstance(client, dict) else ():
                parse(shlex.join([server["command"], *server["args"]]))
        if block.language == "toml":
            tomllib.loads(block.text)
            file = tmp_path / f"{number}.toml"
            file.write_text(block.text, encoding="utf-8")
            assert load({}, file, currencies=CURRENCIES, platforms=settings_of()).stores


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_nothing_that_looks_like_a_key_could_be_one(page: Page) -> None:
    for found in _KEY_LIKE.findall(page.text):
        assert "example" in found or re.fullmatch(r"claw_sk_(live|test)_", found), found


def test_every_error_code_is_explained_once() -> None:
    codes = {kind.code for kind in _kinds(errors.DeskError)} | set(errors.REFUND_CODES)
    for name in ("errors.md", "zh/errors.md"):
        rows = [line for table in read(REPO / "references" / name).tables for line in table]
        told = [match[1] for line in rows if (match := re.match(r"\| `([a-z_.]+)` \|", line))]
        assert sorted(told) == sorted(codes)


def _kinds(kind: type[errors.DeskError]) -> list[type[errors.DeskError]]:
    return [kind, *(inner for one in kind.__subclasses__() for inner in _kinds(one))]


@pytest.mark.parametrize("name", ["refunds.md", "zh/refunds.md"])
def test_every_state_of_a_refund_is_explained_once_with_what_it_says_of_the_money(name: str) -> None:
    rows = [line for table in read(REPO / "references" / name).tables for line in table]
    told = {match[1]: match[2] for line in rows if (match := re.match(r"\| `(\w+)` \| ([a-z]+) \|", line))}
    moves = [Move("R-1", "refund", "clawver", "ord_1", "torn", state, datetime.now(UTC)) for state in State]
    assert told == {move.state.value: move.moved for move in moves}


def test_the_shape_of_the_pasted_demo_is_that_of_the_demo() -> None:
    page = (REPO / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"<!-- demo -->\n(.*)<!-- /demo -->", page, re.DOTALL)
    assert shown is not None
    assert _shape(shown[1]) == _shape(generate.demo()), "run: python -m tests.docs.generate --demo"


def _shape(text: str) -> str:
    """Without what differs from day to day: dates, times, and the signature of a link."""
    text = re.sub(r"20\d\d-\d\d-\d\d|\b\d\d-\d\d \d\d:\d\d|\b\d\d:\d\dZ?", "#", text)
    return re.sub(r"expires=\d+", "expires=#", text)
