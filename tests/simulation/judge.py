"""Says what must never happen: looks at every commit, every first byte and every payment, and at the end at all.

It keeps books of its own, from what the people of a history said and what the shop did; of the engine it knows only
what is on disk.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from clawver_orders.order import Order
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Move, State
from tests.simulation.ledger import OPEN, Ledger, spent
from tests.simulation.shop import CURRENCY, Shop, mark
from tests.simulation.world import World

_PREPARED_FOR: Final = timedelta(minutes=15)
_CONFIRMED_FOR: Final = timedelta(minutes=5)
_CLOCKS_DIFFER: Final = timedelta(minutes=2)
_DAY: Final = timedelta(hours=24)
_LOOKS_APART: Final = timedelta(minutes=15)
# By the boot-time clock: what was claimed longer ago must not leave any more.
_START_WITHIN_S: Final = 10.0
_FINAL: Final = frozenset(
    {
        State.NOT_SENT,
        State.REJECTED,
        State.SUCCEEDED,
        State.VOID,
        State.EXPIRED,
        State.DECLINED,
        State.NOT_APPLIED,
    }
)
_UNSETTLED: Final = OPEN - {State.CONFIRMED}
_NEVER_SENT: Final = frozenset(
    {State.PREPARED, State.CONFIRMED, State.VOID, State.EXPIRED, State.DECLINED, State.NOT_SENT}
)

# The total, what was refunded, the payment status; then the refunds, each by its id and amount.
Facts = tuple[Any, ...]


class Judge:
    """Watches one history.

    Attributes:
        consented: What persons said yes to, by id, in minor units.
        said_applied: What persons said was applied.
    """

    def __init__(self, world: World, limits: Limits) -> None:
        self.world = world
        self.limits = limits
        self.consented: dict[str, int] = {}
        self.said_applied: set[str] = set()
        self._sends: dict[str, int] = {}
        self._applied: dict[str, list[tuple[str, int, float]]] = {}
        self._claimed: dict[str, float] = {}
        self._shown: dict[str, Facts] = {}
        self._first_absent: dict[str, datetime] = {}
        self._last_absent: dict[str, datetime] = {}
        self._said_not_applied_at: dict[str, float] = {}
        self._adopted: set[str] = set()
        self._already_paid: set[str] = set()

    def watch(self, ledger: Ledger, shop: Shop) -> None:
        """Know the two to compare."""
        self._ledger = ledger
        self._shop = shop

    def committed(self, before: Move | None, move: Move, by: str) -> None:
        """As ledger.Auditor."""
        world = self.world
        if world.story is not None and (before is None or before.state is not move.state):
            came_from = "" if before is None else f" (was {before.state})"
            world.tell(f"{move.id} {move.amount} is {move.state}{came_from} {move.evidence}")
        if before is None:
            self._is_new(move)
            return
        if before.state in _FINAL:
            world.breaks(f"{move.id} was {before.state}, which is final, and is {move.state}")
        now = world.wall(world.task.desk)
        if before.state is move.state:
            if move.looks != before.looks:
                self._first_absent.setdefault(move.id, world.task.read_at)
                self._last_absent[move.id] = world.task.read_at
        elif move.state is State.CONFIRMED:
            self._is_confirmed(before, move, now)
        elif move.state is State.SENDING:
            self._is_claimed(move, now)
        elif move.state is State.NOT_APPLIED:
            self._is_called_not_applied(move, by, now)

    def _is_new(self, move: Move) -> None:
        if move.state is not State.PREPARED:
            self._adopted.add(move.id)
            return
        read = self.world.task.read
        self._shown[move.id] = facts(read)
        for refund in read.refunds if isinstance(read, Order) else ():
            stranger = mark(refund.reason or "")
            if stranger and stranger not in self._ledger.moves:
                self.world.breaks(f"{move.id} was prepared beside {stranger}, which the record does not know")

    def _is_confirmed(self, before: Move, move: Move, now: datetime) -> None:
        world, ledger = self.world, self._ledger
        amount = _minor(move)
        if move.id not in self.consented:
            if not self.limits.assistant or move.confirmed_by != "assistant" or move.another:
                world.breaks(f"{move.id} was confirmed, and nobody said yes")
            self.consented[move.id] = amount
        elif self.consented[move.id] != amount:
            world.breaks(f"{move.id} was confirmed for another amount than a person said yes to")
        if before.state is not State.PREPARED or not _in_time(before.prepared_at, now, _PREPARED_FOR):
            world.breaks(f"{move.id} was {before.state} since {before.prepared_at} and was confirmed at {now}")
        if ledger.pages.frozen_by:
            world.breaks(f"{move.id} was confirmed while the desk was frozen")
        most, of_day = self.limits.max_amount.get(CURRENCY), self.limits.max_per_day.get(CURRENCY)
        if most is not None and amount > most.minor:
            world.breaks(f"{move.id} is over the cap of a refund")
        if of_day is not None and spent(ledger.moves, now - _DAY) > of_day.minor:
            world.breaks(f"the cap of a day is exceeded by {move.id}")
        for other in self._others(move):
            if other.state in OPEN:
                world.breaks(f"{move.id} was confirmed while {other.id} on the same order was {other.state}")

    def _is_claimed(self, move: Move, now: datetime) -> None:
        world = self.world
        self._claimed[move.id] = world.now
        if move.confirmed_at is None or not _in_time(move.confirmed_at, now, _CONFIRMED_FOR):
            world.breaks(f"{move.id} was claimed at {now}, and confirmed at {move.confirmed_at}")
        if self._ledger.pages.frozen_by:
            world.breaks(f"{move.id} was claimed while the desk was frozen")
        read = facts(world.task.read)
        if any(entry not in self._shown[move.id] for entry in read[3:] if entry[1] == _minor(move)):
            self._already_paid.add(move.id)
        if read != self._shown[move.id]:
            world.breaks(f"{move.id} was claimed though the order was read otherwise than it was confirmed")

    def _is_called_not_applied(self, move: Move, by: str, now: datetime) -> None:
        first, last = self._first_absent.get(move.id), self._last_absent.get(move.id)
        looked_twice = first is not None and last is not None and last - first >= _LOOKS_APART
        if move.sent_at is None or now - move.sent_at < _DAY or not looked_twice or by != "person":
            self.world.breaks(f"{move.id} was called not applied too early, or by nobody")
        self._said_not_applied_at[move.id] = self.world.now

    def first_byte(self, move_id: str, order_id: str, minor: int) -> None:
        """As shop.Watcher."""
        world = self.world
        self._sends[move_id] = self._sends.get(move_id, 0) + 1
        world.counts["send"] += 1
        if self._sends[move_id] > 1:
            world.breaks(f"{move_id} was sent {self._sends[move_id]} times", harm=True)
        move = self._ledger.moves.get(move_id)
        if move is None or (move.state is not State.SENDING and not self._taken_for_dead(move)):
            world.breaks(f"{move_id} was sent, and on disk it is {move.state if move else 'not known'}")
        elif world.now - self._claimed[move_id] > _START_WITHIN_S:
            world.breaks(f"{move_id} was sent {world.now - self._claimed[move_id]:.0f} s after its claim")
        if move is None or (move.subject, _minor(move)) != (order_id, minor):
            world.breaks(f"{move_id} was sent otherwise than it is on disk")
            return
        if move_id not in self.consented:
            world.breaks(f"{move_id} was sent, and nobody said yes")
        known = minor
        for other in self._others(move):
            if other.state in _UNSETTLED:
                world.breaks(f"{move_id} was sent while {other.id} on the same order was {other.state}")
            if other.state is State.SUCCEEDED:
                known += self._paid_by(other)
                if _minor(other) == minor and not (move.another and move.repeats):
                    world.breaks(f"{move_id} is a second refund of the amount of {other.id}; nobody was told")
        if known > self._shop.orders[order_id].most:
            world.breaks(
                f"with {move_id} more than the order's total was refunded, by the desk's own record", harm=True
            )

    def _taken_for_dead(self, move: Move) -> bool:
        """Whether another desk, by a clock that was turned, called a living sender dead: once, and still open."""
        return self.world.jumped and (move.state is State.UNKNOWN or move.id in self.said_applied)

    def applied(self, move_id: str, order_id: str, minor: int) -> None:
        """As shop.Watcher."""
        world = self.world
        world.counts["applied"] += 1
        times = self._applied.setdefault(move_id, [])
        times.append((order_id, minor, world.now))
        if len(times) > 1:
            world.breaks(f"{move_id} was applied {len(times)} times", harm=True)
        if move_id in self._already_paid:
            world.breaks(f"{move_id} paid what the desk had just read as paid by another hand", harm=True)
        if move_id not in self._ledger.moves:
            world.breaks(f"{move_id} was applied, and there is no record of it", harm=True)

    def settled(self) -> None:
        """Nothing fails any more and every refund was looked for: the record and the shop must agree."""
        for move in self._ledger.moves.values():
            if move.id not in self._adopted:
                self._agrees(move)
        self._paid()
        self._in_a_day()

    def _agrees(self, move: Move) -> None:
        world = self.world
        times = self._applied.get(move.id, [])
        shown = self._shop.orders[move.subject].shows(move.id)
        sends = self._sends.get(move.id, 0)
        word = move.id in self.said_applied
        wrong = ""
        if move.state in _NEVER_SENT:
            wrong = "was sent" if sends else ""
        elif move.state is State.REJECTED:
            wrong = "was applied" if times else ""
        elif move.state is State.SUCCEEDED and not times:
            world.counts["a person's wrong word: applied"] += word
            wrong = "" if word else "was not applied"
        elif move.state is State.NOT_APPLIED and times:
            late = times[0][2] > self._said_not_applied_at[move.id]
            world.counts["applied after a person said not applied"] += late
            wrong = "" if late else "was applied"
        elif move.state is State.SENDING:
            wrong = "has nobody who sends it"
        elif move.state in {State.UNKNOWN, State.ACCEPTED} and shown:
            wrong = "is shown by the shop"
        if wrong:
            world.breaks(f"{move.id} is {move.state} and {wrong}", harm=True)

    def _paid(self) -> None:
        """By us no more than persons confirmed, and no amount twice without a word on it."""
        world = self.world
        for order_id in self._shop.orders:
            paid = confirmed = 0
            once: dict[int, str] = {}
            for move in self._ledger.moves.values():
                if move.subject != order_id or move.id in self._adopted:
                    continue
                confirmed += self.consented.get(move.id, 0)
                paid += sum(minor for _, minor, _ in self._applied.get(move.id, ()))
                # What comes after a person's word that it would not come is that word's doing, and counted.
                if move.id not in self._applied or move.state is State.NOT_APPLIED:
                    continue
                if (
                    not (move.another and move.repeats)
                    and (first := once.setdefault(_minor(move), move.id)) != move.id
                ):
                    world.breaks(f"{first} and {move.id} paid the same amount twice on {order_id}", harm=True)
            if paid > confirmed:
                world.breaks(f"{paid} were paid on {order_id}, and {confirmed} confirmed", harm=True)

    def _in_a_day(self) -> None:
        """By the shop's own times, where no wall clock was turned and no person was wrong."""
        of_day = self.limits.max_per_day.get(CURRENCY)
        if of_day is None or self.world.jumped or self.said_applied or self._said_not_applied_at:
            return
        paid = sorted((at, minor) for times in self._applied.values() for _, minor, at in times)
        for position, (end, _) in enumerate(paid):
            if sum(minor for at, minor in paid[: position + 1] if end - at < 24 * 3600 - 60) > of_day.minor:
                self.world.breaks("more than the cap of a day was paid within a day", harm=True)

    def _paid_by(self, move: Move) -> int:
        """What a refund that counts as applied paid: what the shop shows, which may be less than was asked."""
        times = self._applied.get(move.id)
        return times[0][1] if times else _minor(move)

    def truly(self, move: Move) -> bool:
        """Whether the shop's own dashboard shows a refund: what a careful person looks at."""
        return bool(self._shop.orders[move.subject].shows(move.id))

    def _others(self, move: Move) -> list[Move]:
        return [
            other for other in self._ledger.moves.values() if other.subject == move.subject and other.id != move.id
        ]


def facts(read: object) -> Facts:
    """What of an order must be as it was confirmed."""
    if not isinstance(read, Order):
        return ()
    refunds = sorted((refund.id, refund.amount.minor) for refund in read.refunds)
    return (read.totals.total, read.totals.refunded, read.payment_status, *refunds)


def _in_time(since: datetime, now: datetime, within: timedelta) -> bool:
    """Whether it is not too long ago, and not dated after a clock was set back."""
    return since - _CLOCKS_DIFFER <= now < since + within


def _minor(move: Move) -> int:
    return move.amount.minor if move.amount is not None else 0
