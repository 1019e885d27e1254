"""references/api-examples.md and its pages: every call in them is made, and every answer is what really comes."""

import re
from pathlib import Path

import pytest

from clawver_orders.sandbox import open_sandbox
from tests.docs.api_examples import Era, run
from tests.docs.example_pages import PAGES, RAW, Examples, blocks, named, names

pytestmark = pytest.mark.anyio

TOOLS = (
    "list_orders",
    "get_order",
    "track_order",
    "lookup_variants",
    "regenerate_download",
    "get_public_order",
    "get_receipt",
    "prepare_refund",
    "execute_refund",
    "check_refund",
    "create_webhook",
    "list_webhooks",
    "delete_webhook",
)
RENEW = "if the change is meant: python -m tests.docs.api_examples"
CLAWVER, *OTHERS = PAGES
every_page = pytest.mark.parametrize("examples", PAGES, ids=lambda examples: examples.platform)


def text_of(examples: Examples) -> str:
    return examples.page.read_text("utf-8")


@every_page
@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_every_example_answers_as_the_page_says(examples: Examples, tmp_path: Path, era: Era) -> None:
    came = await run(text_of(examples), examples, tmp_path, era)
    assert len(came) > 15
    for block, real in came:
        assert block.text == real, f"{block.section}: {block.example} ({block.info}); {RENEW}"


@every_page
def test_the_ids_in_the_table_are_the_sandboxs_own(examples: Examples) -> None:
    page = text_of(examples)
    shown = named(page)
    assert shown == {name: value for name, value in names(examples.platform).items() if name in shown}
    calls = "".join(block.text for block in blocks(page) if " call " in block.info or "request" in block.info)
    assert [name for name, value in shown.items() if value not in calls] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_has_a_good_and_a_bad_example(tool: str) -> None:
    examples = {
        block.example.partition(":")[0]
        for block in blocks(text_of(CLAWVER))
        if block.section == tool and block.info.startswith(f"json call {tool}")
    }
    assert examples == {"Good", "Bad"}


def test_the_requests_behind_the_tools_are_shown_good_and_bad_for_each_path_of_the_api() -> None:
    requests = [
        block for block in blocks(text_of(CLAWVER)) if block.section.startswith(RAW) and block.info == "sh request"
    ]
    assert {block.example.partition(":")[0] for block in requests} == {"Good", "Bad"}
    for path in ("/v1/orders?", "/refund", "/download/", "/public?token=", "/receipt", "/v1/webhooks"):
        assert any(path in block.text for block in requests), path


@pytest.mark.parametrize("examples", OTHERS, ids=lambda examples: examples.platform)
def test_each_operation_of_the_other_platforms_is_shown_good_and_bad(examples: Examples) -> None:
    below = text_of(examples).partition(f"\n## {RAW}")[2]
    shown = dict(re.findall(r"^### `([\w-]+)`\n(.*?)(?=^### |\Z)", below, re.MULTILINE | re.DOTALL))
    operations = open_sandbox(examples.platform, 7).faults.operations - {"any", "read", "write"}
    assert set(shown) == operations
    for operation, part in shown.items():
        told = re.findall(
            r"^(Good|Bad):.*?^```sh request.*?^```(?:json|text) (\d+)$", part, re.MULTILINE | re.DOTALL
        )
        assert {word for word, _ in told} == {"Good", "Bad"}, operation
        assert {status[0] for word, status in told if word == "Good"} == {"2"}, operation


def test_every_example_says_in_words_why_it_is_good_or_bad() -> None:
    examples = text_of(CLAWVER).split("\n### ")[1:]
    assert len(examples) > 60
    assert [
        example.partition("\n")[0] for example in examples if example.partition("\n\n")[2].startswith("```")
    ] == []
