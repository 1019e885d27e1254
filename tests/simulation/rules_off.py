"""Switches one of the eight rules off, in tests only: 1, 2, 4 and 7 are the simulated ledger's and shop's doing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Final
from unittest import mock

from clawver_orders.desk.moves import Moves
from clawver_orders.order import Order
from clawver_orders.refunds import machine, rules
from clawver_orders.refunds.limits import refuse_frozen
from clawver_orders.refunds.machine import Book, Move, Snapshot, State

RULES: Final = {
    1: "no byte leaves before the claim is durable",
    2: "at most one send per refund",
    3: "absence is not permission",
    4: "one open refund per order",
    5: "no second refund of the same amount unless a person is told that it is one",
    6: "the order confirmed is the order sent",
    7: "compare-and-set on every move",
    8: "caps are computed in the confirming transaction",
}


def _send_again_if_absent(move: Move, order: Order, now: datetime, *, keeps_reason: bool = True) -> Move:
    seen = _look(move, order, now, keeps_reason=keeps_reason)
    if move.state is State.UNKNOWN and seen.state is State.UNKNOWN:
        return replace(seen, state=State.CONFIRMED, confirmed_at=now, owner=None)
    return seen


def _claim_whatever_is_seen(move: Move, seen: Snapshot, *, owner: str, now: datetime) -> Move:
    return _claim(move, move.snapshot, owner=owner, now=now)


def _confirm_without_caps(self: Moves, book: Book, move: Move, how: str) -> Move:
    confirmed = machine.confirm(book, move, by=how, now=self.now())
    if confirmed.state is State.CONFIRMED and move.state is State.PREPARED:
        refuse_frozen(book)
    return confirmed


def _refuse_nothing(*_: object) -> None:
    return None


def _find_no_repeats(*_: object) -> str:
    return ""


_look = rules.look
_claim = machine.claim

# What stands in for the rule: where it is, its name there, and what is there without it.
_WITHOUT: Final[dict[int, tuple[object, str, object]]] = {
    3: (rules, "look", _send_again_if_absent),
    4: (machine, "refuse_beside", _refuse_nothing),
    5: (rules, "_repeats", _find_no_repeats),
    6: (machine, "claim", _claim_whatever_is_seen),
    8: (Moves, "_confirm", _confirm_without_caps),
}


@contextmanager
def switched_off(rule: int) -> Iterator[None]:
    """Take one rule from the engine; what the simulated ledger and shop do about it, World.off tells them."""
    if rule not in _WITHOUT:
        yield
        return
    where, name, without = _WITHOUT[rule]
    with mock.patch.object(where, name, without):
        yield
