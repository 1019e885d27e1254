"""What references/platforms/heidianer.md says of lists, settings and the made-up shop is so."""

import re
import tomllib
from pathlib import Path

import pytest

from clawver_orders.order import Query, Status
from clawver_orders.platforms import load
from clawver_orders.platforms.heidianer.query import STATUSES, parameters
from clawver_orders.sandbox import Call, Sandbox
from clawver_orders.sandbox.heidianer import BOTH, BUYER, READER, WRITER, dialect
from tests.heidianer.shop import sandbox

PAGE = (Path(__file__).parents[2] / "references" / "platforms" / "heidianer.md").read_text(encoding="utf-8")


def part(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def words(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def rows(heading: str) -> list[list[str]]:
    lines = [line for line in part(heading).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.mark.parametrize("status", STATUSES)
def test_the_table_of_statuses_is_what_is_asked(status: Status) -> None:
    [row] = [row for row in rows("Lists") if words(row[0]) == [status]]
    params = parameters(Query(status=status)) or {}
    for name, cell in zip(("order_status", "financial_status", "fulfillment_status"), row[1:], strict=True):
        asked = params.get(name) or params.get(f"{name}__in") or ""
        assert words(cell) == [word for word in asked.split(",") if word], name


def test_every_tool_of_the_platform_is_in_the_table_of_what_works() -> None:
    told = {word for row in rows("What works") for word in words(row[1])}
    refunds = {"prepare_refund", "execute_refund", "check_refund"}
    assert told == load("heidianer").capabilities.operations - {"refund"} | refunds | {"as_customer"}


def test_the_table_names_every_operation_of_the_made_up_shop() -> None:
    shop = dialect()
    found = set()
    for row in rows("What works"):
        for method, path in re.findall(r"`(GET|POST|PATCH) ([^`]+)`", row[2]):
            below = path if path.startswith("/api/") else f"/api/orders/order/{path.partition('?')[0]}"
            segments = tuple(below.removeprefix("/api/").replace("{id}", "1").split("/"))
            operation = shop.operation(Call(method, segments, {}, {}, b""))
            assert operation is not None, path
            found.add(operation.name)
    assert found == shop.operations
    assert len(found) == 17


def test_the_settings_of_the_example_are_settings() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    given = set(tomllib.loads(block)["stores"]["hey"]) - {"platform"}
    assert given <= {key.name for key in load("heidianer").keys}


def test_every_name_and_token_of_the_made_up_shop_is_described() -> None:
    told = set(words(part("The made-up shop")))
    usual = set(Sandbox(seed=7).hints)
    assert set(sandbox().hints) - usual <= told
    assert {BOTH, READER, WRITER, BUYER} <= told
