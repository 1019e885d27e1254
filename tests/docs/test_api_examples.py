"""references/api-examples.md: every call in it is made, and every answer is what really comes."""

from pathlib import Path

import pytest

from tests.docs.api_examples import PAGE, RAW, Era, blocks, named, names, run

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


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_every_example_answers_as_the_page_says(page: str, tmp_path: Path, era: Era) -> None:
    came = await run(page, tmp_path, era)
    assert len(came) > 60
    for block, real in came:
        assert block.text == real, f"{block.section}: {block.example} ({block.info}); {RENEW}"


def test_the_ids_in_the_table_are_the_sandboxs_own(page: str) -> None:
    shown = named(page)
    assert shown == {name: value for name, value in names().items() if name in shown}
    calls = "".join(block.text for block in blocks(page) if " call " in block.info or "request" in block.info)
    assert [name for name, value in shown.items() if value not in calls] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_each_tool_has_a_good_and_a_bad_example(page: str, tool: str) -> None:
    examples = {
        block.example.partition(":")[0]
        for block in blocks(page)
        if block.section == tool and block.info.startswith(f"json call {tool}")
    }
    assert examples == {"Good", "Bad"}


def test_the_requests_behind_the_tools_are_shown_good_and_bad_for_each_path_of_the_api(page: str) -> None:
    requests = [block for block in blocks(page) if block.section == RAW and block.info == "sh request"]
    assert {block.example.partition(":")[0] for block in requests} == {"Good", "Bad"}
    for path in ("/v1/orders?", "/refund", "/download/", "/public?token=", "/receipt", "/v1/webhooks"):
        assert any(path in block.text for block in requests), path


def test_every_example_says_in_words_why_it_is_good_or_bad(page: str) -> None:
    examples = page.split("\n### ")[1:]
    assert len(examples) > 60
    assert [
        example.partition("\n")[0] for example in examples if example.partition("\n\n")[2].startswith("```")
    ] == []
