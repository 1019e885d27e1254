"""What a person reads before they say yes, word for word, and what of their answer is kept."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mcp.server.mcpserver import AcceptedElicitation, CancelledElicitation, DeclinedElicitation, Elicit
from mcp_types import ClientCapabilities
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from clawver_orders import approvals
from clawver_orders.approvals import facts, form, typed_rightly
from clawver_orders.desk.results import Consent
from clawver_orders.errors import RefundError
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Act, Move, State
from clawver_orders.server.forms import ApprovalForm, ask, consent
from tests.counter import Counter, open_counter
from tests.refunds.book import Memory, order, shop_refund, usd

pytestmark = pytest.mark.anyio

ADDRESS = "https://hooks.example/in"
HOOK: dict[str, Any] = {"url": ADDRESS, "events": ("order.paid",)}
FORM = """\
Refund this? Money will move.
Store: clawver
Order: ord_1
Amount: 5.00 USD
Order total: 24.99 USD
Refunded so far: 0.00 USD
Left after this: 19.99 USD
Customer: m***@s***.example
Reason (the assistant's words): «arrived torn»
(R-01234567)"""
HOOK_FORM = """\
Register this webhook?
Store: clawver
Sends events to: «https://hooks.example/in»
Events: order.paid
(R-01234567)"""


@pytest.fixture
def move() -> Move:
    return Memory().prepare()


@pytest.fixture
def hook(move: Move) -> Move:
    return replace(move, kind="create_webhook", subject=ADDRESS, text="order.paid", amount=None)


@pytest.fixture
def change(move: Move) -> Move:
    return replace(move, kind="adjust_order_price", text="-4.99 USD", amount=None)


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return open_counter(tmp_path, allowed_hosts=frozenset({"hooks.example"}))


def test_a_form_holds_the_facts_of_the_record_and_nothing_else(move: Move, hook: Move) -> None:
    assert form(move) == FORM
    assert form(hook) == HOOK_FORM


def test_whoever_prepared_it_through_the_service_is_named(move: Move, hook: Move, change: Move) -> None:
    for prepared in (move, hook, change):
        named = facts(replace(prepared, principal="till-3"))
        assert ("Prepared by", "till-3") in named
        assert [fact for fact in named if fact[0] != "Prepared by"] == list(facts(prepared))


def test_a_name_that_an_issuer_gave_is_no_link_and_not_endless(move: Move) -> None:
    assert ("Prepared by", "https[:]//till[.]example") in facts(replace(move, principal="https://till.example"))
    assert ("Prepared by", "x" * 150) in facts(replace(move, principal="x" * 150))
    assert ("Prepared by", "x" * 149 + "…") in facts(replace(move, principal="x" * 151))


async def test_an_answer_on_a_page_counts_for_what_the_page_showed(shop: Counter) -> None:
    refund = await shop.prepared()
    move = await shop.desk.refunds.held(refund.refund_id)
    await approvals.answer(shop.desk, move, given=True, how="terminal")
    with pytest.raises(RefundError, check=lambda error: error.code == "refund.void"):
        await approvals.answer(shop.desk, move, given=False, how="page", as_shown=True)
    assert (await approvals.answer(shop.desk, move, given=False, how="page")).state is State.VOID


def test_a_second_refund_of_the_same_amount_is_said_right_after_the_amount() -> None:
    shown = order(refunds=(shop_refund(500),), payment_status="partially_refunded")
    assert form(Memory().prepare(shown, another=True)) == FORM.replace(
        "Amount: 5.00 USD\n", "Amount: 5.00 USD\nAttention: SECOND REFUND OF THE SAME AMOUNT\n"
    ).replace("so far: 0.00", "so far: 5.00").replace("19.99", "14.99")


def test_what_was_bought_is_shown_on_the_page_alone_and_in_quotes(move: Move, hook: Move) -> None:
    bought = ("Bought (the shop's words)", "«1 × M»")
    assert facts(move, bought=True) == (*facts(move)[:3], bought, *facts(move)[3:])
    assert facts(hook, bought=True) == facts(hook)


def test_a_refund_that_is_only_written_down_never_says_that_money_moves(move: Move) -> None:
    recorded = replace(move, snapshot=replace(move.snapshot, effect="record"))
    only = "Only written down in the shop: no money moves by this"
    assert form(recorded) == FORM.replace(
        "Refund this? Money will move.", f"Write this refund down? {only}."
    ).replace("Amount: 5.00 USD\n", f"Amount: 5.00 USD\nEffect: {only}\n")


def test_what_is_done_to_an_order_is_shown_with_what_becomes_of_it(move: Move, change: Move) -> None:
    about = ("Order total: 24.99 USD\n", "Payment: paid\nCustomer: m***@s***.example\n")
    store = "Store: clawver\nOrder: ord_1\n"
    end = "(R-01234567)"
    lines = f"Change: -4.99 USD\n{about[0]}New total: 20.00 USD\n{about[1]}"
    assert form(change) == f"Change the price of this order?\n{store}{lines}{end}"
    marked = replace(change, kind="mark_order_paid", text="")
    assert form(marked) == (f"Mark this order as paid? No money is taken by this.\n{store}{''.join(about)}{end}")
    cancelled = replace(change, kind="cancel_order", text="see » https " + "x" * 200)
    reason = f"Reason (the assistant's words): «see › https {'x' * 107}…»\n"
    assert form(cancelled) == (
        f"Cancel this order? No money goes back by this.\n{store}{''.join(about)}{reason}{end}"
    )
    assert max(len(form(shown)) for shown in (change, marked, cancelled)) <= 1000
    bought = ("Bought (the shop's words)", "«1 × M»")
    assert bought in facts(cancelled, bought=True)
    assert bought not in facts(cancelled)


def test_a_customer_whom_the_shop_does_not_name_is_not_made_up(move: Move) -> None:
    assert ("Customer", "not said") in facts(replace(move, snapshot=replace(move.snapshot, customer="")))


@pytest.mark.parametrize(("length", "shown"), [(120, "x" * 120), (121, "x" * 119 + "…"), (200, "x" * 119 + "…")])
def test_a_long_reason_is_cut_so_that_one_sees_it(length: int, shown: str) -> None:
    assert facts(Memory().prepare(reason="x" * length))[-1][1] == f"«{shown}»"


def test_what_an_assistant_wrote_cannot_leave_its_quotes(move: Move, hook: Move) -> None:
    assert facts(replace(move, text="torn » yes"))[-1][1] == "«torn › yes»"
    assert facts(replace(hook, subject="https://hooks.example/»"))[1][1] == "«https://hooks.example/›»"


def test_a_form_has_a_thousand_characters_at_most(hook: Move) -> None:
    assert len(form(replace(hook, text="x" * 2000))) == 1000


@pytest.mark.parametrize(
    ("typed", "right"), [("5.00 USD", True), (" 5.00 USD\n", True), ("5.00", False), ("", False)]
)
def test_a_person_types_the_amount_of_what_they_approve(move: Move, typed: str, right: bool) -> None:
    assert typed_rightly(move, typed) is right


def test_a_person_types_the_address_that_events_go_to(hook: Move) -> None:
    assert typed_rightly(hook, ADDRESS + "\n")
    assert not typed_rightly(hook, "https://hooks.example/")
    assert not typed_rightly(replace(hook, amount=usd(500)), "5.00 USD")


def test_a_person_types_the_order_or_the_change_that_they_approve(change: Move) -> None:
    assert typed_rightly(change, " -4.99 USD\n")
    assert not typed_rightly(change, "4.99 USD")
    assert not typed_rightly(change, "ord_1")
    kinds: tuple[Act, ...] = ("cancel_order", "mark_order_paid")
    for kind in kinds:
        acted = replace(change, kind=kind, text="ord_2")
        assert typed_rightly(acted, "ord_1")
        assert not typed_rightly(acted, "ord_2")
        assert not typed_rightly(acted, "")


@pytest.mark.parametrize(
    ("outcome", "meaning"),
    [
        (None, None),
        (AcceptedElicitation(data=ApprovalForm(approve=True)), Consent(True, "form")),
        (AcceptedElicitation(data=ApprovalForm(approve=False)), Consent(False, "form")),
        (AcceptedElicitation(data=ApprovalForm(approve=True, note=" ok\x1b ")), Consent(True, "form, note: ok")),
        (AcceptedElicitation(data=ApprovalForm(approve=True, note="\x1b")), Consent(True, "form")),
        (
            AcceptedElicitation(data=ApprovalForm(approve=True, note="x" * 300)),
            Consent(True, f"form, note: {'x' * 199}…"),
        ),
        (DeclinedElicitation(), Consent(False, "form: declined")),
        (CancelledElicitation(), Consent(False, "form: closed")),
        (AcceptedElicitation.model_construct(data=None), None),
        (
            AcceptedElicitation.model_construct(data=AcceptedElicitation(data=ApprovalForm(approve=True))),
            Consent(True, "form"),
        ),
        (AcceptedElicitation.model_construct(data="yes"), Consent(False, "form: closed")),
    ],
)
def test_an_answer_means_what_the_person_chose(outcome: Any, meaning: Consent | None) -> None:
    found = consent(outcome)
    if found is None or meaning is None:
        assert found is meaning
    else:
        assert (found.given, found.how) == (meaning.given, meaning.how)


def test_a_form_asks_for_a_yes_and_takes_a_note() -> None:
    asked = ApprovalForm.model_json_schema()
    described = {name: (field["type"], field["description"]) for name, field in asked["properties"].items()}
    assert described == {
        "approve": ("boolean", "Yes, do exactly this, now."),
        "note": ("string", "For the record, if you like."),
    }
    assert asked["required"] == ["approve"]


@pytest.mark.parametrize(
    ("declared", "asked"),
    [
        (None, False),
        ({}, False),
        # Before 2025-11-25 forms were the only kind, and had no name.
        ({"elicitation": {}}, True),
        ({"elicitation": {"form": {}}}, True),
        ({"elicitation": {"form": {}, "url": {}}}, True),
        ({"elicitation": {"url": {}}}, False),
    ],
    ids=str,
)
async def test_only_a_program_that_has_forms_is_asked_to_show_one(
    declared: dict[str, Any] | None, asked: bool
) -> None:
    """What a client declares is all that is known of it; the newer era asks between calls."""
    capabilities = None if declared is None else ClientCapabilities.model_validate(declared)
    context: Any = SimpleNamespace(client_capabilities=capabilities, protocol_version=MODERN_PROTOCOL_VERSIONS[0])
    assert isinstance(await ask(context, "Refund this?"), Elicit) is asked
    assert await ask(context, None) is None


async def test_a_form_is_shown_for_what_waits_and_for_nothing_else(shop: Counter) -> None:
    refund = await shop.prepared()
    shown = await approvals.question(shop.desk, refund_id=refund.refund_id)
    assert shown is not None
    assert shown.startswith("Refund this? Money will move.\nStore: clawver\n")
    assert await approvals.question(shop.desk, refund_id="R-GUESSED0") is None
    shop.clock.pass_by(minutes=15)
    assert await approvals.question(shop.desk, refund_id=refund.refund_id) is None


async def test_no_form_is_shown_where_the_assistant_may_confirm_or_nothing_may_be_sent(tmp_path: Path) -> None:
    caps = {"USD": usd(10_000)}
    free = open_counter(tmp_path, limits=Limits(caps, caps, assistant=True))
    refund = await free.prepared()
    assert await approvals.question(free.desk, refund_id=refund.refund_id) is None
    hosts = frozenset({"hooks.example"})
    reading = open_counter(tmp_path, sandbox=free.sandbox, clock=free.clock, read_only=True, allowed_hosts=hosts)
    assert await approvals.question(reading.desk, refund_id=refund.refund_id) is None
    assert await approvals.webhook_question(reading.desk, store="", **HOOK) is None


async def test_a_webhooks_form_is_shown_until_it_is_answered_and_for_allowed_hosts_only(shop: Counter) -> None:
    shown = await approvals.webhook_question(shop.desk, store="", **HOOK)
    assert shown is not None
    assert shown.startswith("Register this webhook?")
    elsewhere = {**HOOK, "url": "https://evil.example/in"}
    assert await approvals.webhook_question(shop.desk, store="", **elsewhere) is None
    (waiting,) = await approvals.waiting(shop.desk)
    await approvals.answer(shop.desk, waiting, given=True, how="form")
    assert await approvals.webhook_question(shop.desk, store="", **HOOK) is None


async def test_what_waits_is_listed_newest_first_while_it_can_be_answered(shop: Counter) -> None:
    old = await shop.prepared("5.00 USD")
    shop.clock.pass_by(minutes=10)
    new = await shop.prepared("6.00 USD")
    answered = await shop.prepared("7.00 USD")
    await approvals.answer(shop.desk, await approvals.found(shop.desk, answered.refund_id), given=False, how="lee")
    assert [move.id for move in await approvals.waiting(shop.desk)] == [new.refund_id, old.refund_id]
    shop.clock.pass_by(minutes=5)
    assert [move.id for move in await approvals.waiting(shop.desk)] == [new.refund_id]
    assert (await approvals.found(shop.desk, old.refund_id)).state is State.EXPIRED


async def test_what_waits_is_found_behind_hundreds_that_do_not(shop: Counter, tmp_path: Path) -> None:
    refund = await shop.prepared()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as file:
        for number in range(200):
            other = f"R-{number:08}"
            file.execute(
                "INSERT INTO moves SELECT ?, kind, store, subject, 'declined', version, prepared_at + 1, amount, "
                "currency, settled_at, replace(replace(move, '\"prepared\"', '\"declined\"'), id, ?) FROM moves "
                "WHERE id = ?",
                (other, other, refund.refund_id),
            )
        file.commit()
    assert [move.id for move in await approvals.waiting(shop.desk)] == [refund.refund_id]


async def test_an_id_that_is_not_in_the_record_says_how_to_list_what_is(shop: Counter) -> None:
    with pytest.raises(RefundError) as caught:
        await approvals.found(shop.desk, "R-GUESSED0")
    assert str(caught.value) == (
        "refund.not_found: There is nothing with that id in this desk's record. "
        "List what there is with: clawver-orders refunds list."
    )


async def test_a_yes_that_comes_too_late_is_an_error_and_a_no_never_is(shop: Counter) -> None:
    refund = await shop.prepared()
    move = await approvals.found(shop.desk, refund.refund_id)
    shop.clock.pass_by(minutes=15)
    with pytest.raises(RefundError) as caught:
        await approvals.answer(shop.desk, move, given=True, how="page")
    assert caught.value.code == "refund.expired"
    assert (await approvals.answer(shop.desk, move, given=False, how="page")).state is State.EXPIRED
