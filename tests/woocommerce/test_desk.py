"""The refund engine over WooCommerce: cash on delivery, refunds that only record, and records without money."""

from dataclasses import replace
from pathlib import Path

import pytest

from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent
from clawver_orders.errors import RefundError
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import Sandbox
from tests.counter import Clock, Secrets
from tests.ledgers import Place
from tests.woocommerce.shop import NOON, sandbox, store_of

pytestmark = pytest.mark.anyio

YES = Consent(given=True, how="form")


def desk_of(directory: Path, shop: Sandbox, clock: Clock, *, record_only: bool = False) -> Desk:
    ledger = Place(directory).ledger(clock.now)
    return Desk(
        [store_of(shop, record_only=record_only)],
        ledger,
        ledger,
        now=clock.now,
        awake=lambda: clock.awake,
        keep_secret=Secrets().keep,
        trust_forms=True,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock(at=NOON)


def writes(shop: Sandbox) -> list[str]:
    return [request.path for request in shop.requests if request.method != "GET"]


async def test_cash_on_delivery_is_refused_before_anything_is_sent(tmp_path: Path, clock: Clock) -> None:
    shop = sandbox(now=clock.now)
    desk = desk_of(tmp_path, shop, clock)
    with pytest.raises(RefundError, match="record_only_refunds"):
        await desk.prepare_refund("", shop.hints["cod_order"], "5.00 USD", "torn", another=False)
    assert writes(shop) == []


async def test_a_refund_that_only_records_never_says_that_money_moved(tmp_path: Path, clock: Clock) -> None:
    shop = sandbox(now=clock.now)
    desk = desk_of(tmp_path, shop, clock, record_only=True)
    order_id = shop.hints["cod_order"]
    prepared = await desk.prepare_refund("", order_id, "5.00 USD", "torn", another=False)
    done = await desk.execute_refund(prepared.refund_id, YES)
    assert (done.state, done.money_moved) == (State.SUCCEEDED, "no")
    [refund] = shop.shop.numbered(order_id).refunds
    assert (refund.amount, refund.processor_id) == (500, "")


async def test_a_lost_answer_to_a_record_is_found_by_its_marker(tmp_path: Path, clock: Clock) -> None:
    shop = sandbox(now=clock.now)
    desk = desk_of(tmp_path, shop, clock, record_only=True)
    prepared = await desk.prepare_refund("", shop.hints["cod_order"], "5.00 USD", "torn", another=False)
    shop.faults.add("refund:timeout-after:1")
    lost = await desk.execute_refund(prepared.refund_id, YES)
    assert lost.state is State.UNKNOWN
    [found] = await desk.check_refund(refund_id=prepared.refund_id)
    assert (found.state, found.money_moved) == (State.SUCCEEDED, "no")
    assert len(writes(shop)) == 1


async def test_a_record_is_no_receipt_until_the_shop_says_that_the_money_moved(
    tmp_path: Path, clock: Clock
) -> None:
    """hostile 58: WooCommerce writes the refund down, and its payment method has not answered yet."""
    shop = sandbox(now=clock.now)
    desk = desk_of(tmp_path, shop, clock)
    order_id = shop.hints["refundable_order"]
    prepared = await desk.prepare_refund("", order_id, "5.00 USD", "torn", another=False)
    shop.faults.add("refund:timeout:1")
    lost = await desk.execute_refund(prepared.refund_id, YES)
    assert (lost.state, lost.money_moved) == (State.UNKNOWN, "unknown")
    order = shop.shop.numbered(order_id)
    shop.shop.record_refund(order.id, 500, f"torn [{prepared.refund_id}]")
    [waiting] = await desk.check_refund(refund_id=prepared.refund_id)
    assert (waiting.state, waiting.money_moved) == (State.UNKNOWN, "unknown")
    order.refunds[0] = replace(order.refunds[0], processor_id="re_example")
    [settled] = await desk.check_refund(refund_id=prepared.refund_id)
    assert (settled.state, settled.money_moved) == (State.SUCCEEDED, "yes")
    assert len(writes(shop)) == 1


async def test_too_much_is_refused_here_since_the_shop_would_say_500(tmp_path: Path, clock: Clock) -> None:
    shop = sandbox(now=clock.now)
    desk = desk_of(tmp_path, shop, clock)
    with pytest.raises(RefundError, match="too much"):
        await desk.prepare_refund("", shop.hints["refundable_order"], "999.00 USD", "torn", another=False)
    assert writes(shop) == []


async def test_a_guests_order_is_opened_with_key_and_address_through_the_desk(tmp_path: Path, clock: Clock) -> None:
    shop = sandbox(now=clock.now)
    ledger = Place(tmp_path).ledger(clock.now)
    desk = Desk(
        [store_of(shop, keys=(None, None))],
        ledger,
        ledger,
        now=clock.now,
        awake=lambda: clock.awake,
        keep_secret=Secrets().keep,
        trust_forms=True,
    )
    order = await desk.get_order(
        "", shop.hints["guest_order"], order_key=shop.hints["guest_key"], billing_email=shop.hints["guest_email"]
    )
    assert order.id == shop.hints["guest_order"]
