"""A form's yes is for what the form showed: what changed, or ran out, while the form was open is not done by it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mcp_types import ElicitResult

from tests.contract.shops import Counters, open_counters
from tests.counter import open_counter
from tests.server.serving import Era, client_of, error_of, server_of, yes

pytestmark = pytest.mark.anyio


def buyer_pays(counters: Counters) -> None:
    shop = counters.only.shop
    shop.pay(shop.numbered(counters.only.hints["pending_order"]).id)


def merchant_reprices(counters: Counters) -> None:
    shop = counters.only.shop
    shop.adjust(shop.numbered(counters.only.hints["pending_order"]).id, 700)


def time_runs_out(counters: Counters) -> None:
    counters.clock.pass_by(minutes=16)


@pytest.mark.parametrize("era", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("cancel_order", {"reason": "ordered twice"}),
        ("mark_order_paid", {}),
        ("adjust_order_price", {"adjustment": "-1.00 CNY"}),
    ],
)
@pytest.mark.parametrize("meanwhile", [buyer_pays, merchant_reprices, time_runs_out])
async def test_a_yes_to_what_is_not_so_any_more_sends_nothing_hostile_83(
    tmp_path: Path, era: Era, tool: str, more: dict[str, str], meanwhile: Callable[[Counters], None]
) -> None:
    counters = open_counters(tmp_path, ["heidianer"])
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        if len(asked) == 1:
            meanwhile(counters)
            return yes()
        return ElicitResult(action="decline")

    async with client_of(server_of(counters.desk), era, answer) as client:
        result = await client.call_tool(tool, {"order_id": counters.only.hints["pending_order"], **more})
    assert asked
    # In the later era the changed question is put again; a no to that one is a no.
    assert error_of(result)["code"] in {"refund.void", "refund.declined", "conflict"}
    assert counters.writes() == []


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_a_yes_that_came_too_late_registers_no_webhook_hostile_83(tmp_path: Path, era: Era) -> None:
    counter = open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))
    asked: list[str] = []

    def answer(text: str) -> ElicitResult:
        asked.append(text)
        if len(asked) == 1:
            counter.clock.pass_by(minutes=16)
            return yes()
        return ElicitResult(action="decline")

    async with client_of(server_of(counter.desk), era, answer) as client:
        result = await client.call_tool(
            "create_webhook", {"url": "https://hooks.example/in", "events": ["order.paid"]}
        )
    assert asked
    assert error_of(result)["code"] in {"refund.void", "refund.declined"}
    assert counter.posts("/webhooks") == 0
