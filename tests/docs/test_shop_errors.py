"""references/errors.md: each line of what the shops' answers become is provoked, and each has a next step."""

import pytest

from clawver_orders import errors
from tests.docs.generate import REPO
from tests.docs.pages import read
from tests.docs.shop_cases import CASES, Case
from tests.docs.shop_errors import AWAY, TITLES, provoked, refund_outcome

pytestmark = pytest.mark.anyio

_PAGE = read(REPO / "references" / "errors.md")
# What the desk itself says no to, without asking the shop, has no line here.
_OF_SHOPS = {kind.code for kind in errors.DeskError.__subclasses__() if kind is not errors.RefundError}


def _lines(first: str) -> list[list[str]]:
    (table,) = [table for table in _PAGE.tables if table[0].startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.platform} {case.fault or case.said or ''}".strip())
async def test_each_trouble_is_told_as_the_page_says_with_a_next_step(case: Case) -> None:
    found = await provoked(case)
    error = found.error
    assert error.next_step
    told = [
        line
        for line in _lines("shop")
        if (TITLES[case.platform] in line[0].split(", ") or line[0] == "all four")
        and line[1:3] == [found.answered, f"`{error.code}`"]
    ]
    assert f"{error.happened}. {error.next_step}." in [line[3] for line in told]


def test_every_code_that_a_shop_can_cause_is_in_the_table_and_so_is_every_shop() -> None:
    lines = _lines("shop")
    assert {line[2].strip("`") for line in lines} == _OF_SHOPS
    assert set(TITLES.values()) <= {shop for line in lines for shop in line[0].split(", ")}


@pytest.mark.parametrize("platform", ["clawver", "heidianer", "woocommerce"])
async def test_a_refund_is_rejected_or_not_sent_only_where_that_is_sure(platform: str) -> None:
    assert await refund_outcome(platform, "401") == "rejected"
    assert await refund_outcome(platform, away=True) == "not_sent"
    assert await refund_outcome(platform, "500-after") == "unknown"
    surely = {"rejected", "not_sent"}
    for answer, *outcomes in _lines("the shop answers"):
        if surely & {outcome.strip("`") for outcome in outcomes}:
            assert answer == AWAY or answer.startswith(("no,", "`401` `403` `404`"))
