"""One history: some desks on one record, assistants and people who use them, a shop; judged from end to end."""

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar, cast

from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.refunding import Refunding
from clawver_orders.desk.results import Consent, Refund
from clawver_orders.errors import DeskError, RefundError
from clawver_orders.money import Money
from clawver_orders.refunds import machine
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import State
from clawver_orders.store import Store
from tests.simulation import faults
from tests.simulation.judge import Judge
from tests.simulation.ledger import Ledger
from tests.simulation.shop import CURRENCY, STORE, Shop, ShopOrder
from tests.simulation.world import Crash, World, pause

T = TypeVar("T")

_REASONS: Final = ("arrived torn", "the poster arrived torn", "never arrived [R-0000000A]")
_THINKS: Final = (1.0, 5.0, 20.0, 60.0, 240.0, 320.0, 880.0, 1000.0)
_LATER: Final = (1.0, 3.0, 12.0, 40.0, 70.0, 400.0, 2000.0)
_JUMPS: Final = (-90_000.0, -3600.0, -40.0, 40.0, 280.0, 1000.0, 90_000.0)
_HOUR: Final = 3600.0
# How persons are asked.
_FORM, _PAGE, _ASSISTANT = range(3)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a history ended: the first thing that broke, what was counted, and its story where it was kept."""

    seed: int
    broken: str
    counts: Counter[str]
    story: list[str]


class History:
    """Everybody in one history, made from its seed.

    Args:
        seed: Decides all.
        off: The rule that is switched off, 0 for none.
        only_harm: Whether it goes on when a rule is broken, until harm is done.
        told: Whether to keep the story.
        use: Sets whose chance the engine draws from.
    """

    def __init__(
        self, seed: int, use: Callable[[Random], None], *, off: int = 0, only_harm: bool = False, told: bool = False
    ) -> None:
        self.seed = seed
        self.world = world = World(seed, off=off, only_harm=only_harm, told=told)
        random = self.random = world.random
        use(random)
        self.asked = (_FORM, _PAGE, _ASSISTANT)[int(random.random() * 3)]
        self.limits = _limits(random, assistant=self.asked == _ASSISTANT)
        self.judge = Judge(world, self.limits)
        self.ledger = Ledger(world, self.judge)
        totals = random.choice(((2499,), (2499, 5000), (1000, 1000)))
        orders = [ShopOrder(f"ord_{number}", total) for number, total in enumerate(totals, 1)]
        self.shop = Shop(world, orders, self.judge, legacy=random.random() < 0.5, strict=random.random() < 0.5)
        self.judge.watch(self.ledger, self.shop)
        self.amounts = random.choice((("5.00 USD",), ("5.00 USD", "10.00 USD"), ("5.00 USD", "full", "20.00 USD")))
        self.desks = [self._desk(number) for number in range(random.choice((1, 2, 2, 3)))]
        world.ahead = [random.random() for _ in self.desks]
        world.faults = faults.drawn(random)

    def _desk(self, number: int) -> Refunding:
        world = self.world
        # Of both ports only what refunds use is there.
        ledger = cast("machine.Ledger", self.ledger)
        moves = Moves(ledger, lambda: world.wall(number), lambda: world.now, self.limits)
        return Refunding(moves, lambda _: cast("Store", self.shop), Asking("clawver-orders approve"))

    def run(self) -> Outcome:
        """Play it, let the faults stop, look for everything, and judge."""
        world, random = self.world, self.random
        for number in range(random.choice((1, 2, 2, 3))):
            world.start(
                f"assistant {number + 1}", self._assistant(), after=random.random() * random.choice((1, 60))
            )
        if random.random() < 0.6:
            world.start("the merchant", self._merchant(), after=random.random() * 60)
        if random.random() < 0.5:
            world.start("the background", self._background(), after=2 + random.random())
        if world.faults.jump:
            world.start("the clock", self._clock(), after=random.random() * 100)
        if random.random() < 0.03:
            self.shop.pay(self._order(), 100, "by a desk that is gone [R-0000000X]", ours="R-0000000X")
        world.run()
        if not world.broken:
            self._afterwards()
        for move in self.ledger.moves.values():
            world.counts[f"ends {move.state}"] += 1
        return Outcome(self.seed, world.broken, world.counts, world.story or [])

    # Those who act.

    async def _call(self, desk: int, running: Coroutine[Any, None, T]) -> T | None:
        """Ask a desk; None where its process ended meanwhile or it answered with an error."""
        world = self.world
        task = world.task
        task.desk = desk
        try:
            return await running
        except Crash:
            world.tell("gets no answer: the desk is gone")
        except RefundError as refusal:
            world.tell(f"is told {refusal.code}")
        except DeskError as error:
            world.tell(f"is told {error.code}: {error.happened}")
        finally:
            task.desk = None
        return None

    async def _assistant(self) -> None:
        world, random = self.world, self.random
        desk = self._some_desk()
        order_id = self._order().id
        amount = random.choice(self.amounts)
        reason, another = random.choice(_REASONS), random.random() < 0.1
        for _ in range(random.choice((1, 2, 2, 3))):
            prepared = await self._call(
                desk,
                self.desks[desk].prepare(cast("Store", self.shop), order_id, amount, reason, another=another),
            )
            if prepared is not None:
                told = await self._see_through(desk, prepared.refund_id)
                if told is not None and told.state is State.SUCCEEDED and random.random() < 0.6:
                    return
            # It tries once more: other words, on purpose, through another desk, or just so.
            chance = random.random()
            if chance < 0.4:
                reason = random.choice(_REASONS)
            elif chance < 0.5:
                another = True
            elif chance < 0.6:
                amount = random.choice(self.amounts)
            elif chance < 0.8:
                desk = self._some_desk()
            await pause(random.choice(_LATER))
        if random.random() < 0.2:
            world.tell("is done, whatever became of it")

    async def _see_through(self, desk: int, refund_id: str) -> Refund | None:
        """Have it confirmed, execute it, and look what became of it: with all the impatience that there is."""
        random, told = self.random, None
        if self.asked == _PAGE:
            self.world.start("the owner", self._approves(refund_id), after=random.choice(_THINKS) * random.random())
        for attempt in range(random.choice((1, 2, 3))):
            consent = None
            if self.asked == _FORM or (self.asked == _ASSISTANT and random.random() < 0.1):
                consent = await self._asked_by_form(desk, refund_id)
            if random.random() < 0.2:
                self.world.start("a second call", self._executes(self._some_desk(), refund_id, consent))
            told = await self._executes(desk, refund_id, consent)
            if told is not None and told.state is State.SUCCEEDED:
                break
            await pause(random.choice(_LATER))
            if attempt and random.random() < 0.5:
                await self._call(desk, self.desks[desk].check(STORE, "", told.order_id if told else "ord_1"))
        return told

    async def _executes(self, desk: int, refund_id: str, consent: Consent | None) -> Refund | None:
        return await self._call(desk, self.desks[desk].execute(refund_id, consent))

    async def _asked_by_form(self, desk: int, refund_id: str) -> Consent | None:
        """A person answers a form, where there is something to ask: at once, late, with yes or no."""
        move = await self._call(desk, self.desks[desk].current(refund_id))
        if move is None or move.state is not State.PREPARED or self.limits.assistant_may_confirm(move):
            return None
        await pause(self.random.choice(_THINKS) * self.random.random())
        return self._answered(refund_id)

    def _answered(self, refund_id: str) -> Consent:
        given = self.random.random() < 0.92
        if given and (move := self.ledger.moves.get(refund_id)) is not None and move.amount is not None:
            self.judge.consented[refund_id] = move.amount.minor
        self.world.tell(f"says {'yes' if given else 'no'} to {refund_id}")
        return Consent(given=given, how="person")

    async def _approves(self, refund_id: str) -> None:
        """A person on the page or in the terminal; some do it twice."""
        for _ in range(self.random.choice((1, 1, 2))):
            desk = self._some_desk()
            held = await self._call(desk, self.desks[desk].current(refund_id))
            if held is None:
                continue
            await pause(self.random.random() * 20)
            consent = self._answered(refund_id)
            await self._call(desk, self._moves(desk).confirmed(held, consent))

    async def _background(self) -> None:
        """A desk that looks by itself for what is not settled."""
        for _ in range(self.random.choice((1, 2, 4))):
            desk = self._some_desk()
            for move in await self.ledger.find(states=machine.UNSETTLED):
                await self._call(desk, self.desks[desk].look(move))
            await pause(self.random.choice(_LATER))

    async def _merchant(self) -> None:
        """Somebody in the shop's dashboard and at the desk's commands."""
        random = self.random
        for _ in range(random.choice((1, 2, 3))):
            order, chance = self._order(), random.random()
            if chance < 0.3:
                minor = random.choice((500, 500, 1000, 700))
                if minor <= order.left:
                    self.shop.pay(order, minor, "by hand")
            elif chance < 0.4:
                order.status = random.choice(("shipped", "delivered"))
                order.publish()
            elif chance < 0.5:
                order.total += random.choice((-100, 100))
                order.most = max(order.most, order.total)
                order.publish()
            elif chance < 0.6:
                self.ledger.freeze("a person")
                await pause(random.choice(_LATER))
                self.ledger.freeze("")
            elif chance < 0.65:
                desk = self._some_desk()
                await self._call(desk, self.desks[desk].adopt(order.states[-1], by="person"))
            else:
                await self._resolves()
            await pause(random.choice((*_LATER, 24 * _HOUR)))

    async def _resolves(self) -> None:
        """A person's word on what is unknown: often too early, sometimes wrong; later only after a look."""
        unsettled = {State.UNKNOWN, State.MANUAL, State.SENDING, State.ACCEPTED}
        open_moves = [move for move in self.ledger.moves.values() if move.state in unsettled]
        if not open_moves:
            return
        desk, move = self._some_desk(), self.random.choice(open_moves)
        truly = self.judge.truly(move)
        applied = truly if self.random.random() < 0.5 else self.random.random() < 0.2
        age = 0.0 if move.sent_at is None else (self.world.wall(desk) - move.sent_at).total_seconds()
        if age >= 23 * _HOUR and truly:
            applied = True
        if applied:
            self.judge.said_applied.add(move.id)
        self.world.tell(f"says that {move.id} was {'' if applied else 'not '}applied")
        await self._call(desk, self.desks[desk].resolve(move.id, applied=applied, by="person"))

    async def _clock(self) -> None:
        for _ in range(self.random.choice((1, 2))):
            desk, seconds = self._some_desk(), self.random.choice(_JUMPS)
            self.world.jumped = True
            self.world.ahead[desk] += seconds
            self.world.counts["clock turned"] += 1
            self.world.tell(f"of desk {desk} is turned by {seconds:.0f} s")
            await pause(self.random.choice(_LATER))

    # When nothing fails any more.

    def _afterwards(self) -> None:
        world = self.world
        world.faults = faults.CALM
        world.ahead = [0.0 for _ in self.desks]
        self.ledger.freeze("")
        world.now += 90_000 if world.jumped else 60
        self._look_for_all()
        world.now += 20 * 60
        self._look_for_all()
        self.judge.settled()
        if not world.broken and self.random.random() < 0.2:
            self._a_day_later()

    def _look_for_all(self) -> None:
        for order_id in self.shop.orders:
            self.world.finish(self.desks[0].check(STORE, "", order_id))

    def _a_day_later(self) -> None:
        """A careful person can settle whatever is still not known."""
        # After a clock that was turned ahead everything in the record must be past again.
        self.world.now += 25 * _HOUR + (100 * _HOUR if self.world.jumped else 0)
        self._look_for_all()
        self.world.now += 20 * 60
        self._look_for_all()
        for move in list(self.ledger.moves.values()):
            if move.state not in {State.UNKNOWN, State.MANUAL, State.ACCEPTED}:
                continue
            applied = self.judge.truly(move)
            if applied:
                self.judge.said_applied.add(move.id)
            try:
                self.world.finish(self.desks[0].resolve(move.id, applied=applied, by="person"))
            except RefundError as refusal:
                self.world.breaks(f"{move.id} cannot be settled by a person a day later: {refusal}")
        self.judge.settled()

    # Who and what there is.

    def _moves(self, desk: int) -> Moves:
        return self.desks[desk]._moves

    def _some_desk(self) -> int:
        return int(self.random.random() * len(self.desks))

    def _order(self) -> ShopOrder:
        return self.random.choice(list(self.shop.orders.values()))


def _limits(random: Random, *, assistant: bool) -> Limits:
    most = Money(random.choice((1000, 2499, 5000)), CURRENCY)
    of_day = Money(random.choice((700, 1200, 3000, 10_000)), CURRENCY)
    if assistant:
        return Limits({CURRENCY: most}, {CURRENCY: of_day}, assistant=True)
    return Limits(
        {CURRENCY: most} if random.random() < 0.3 else {}, {CURRENCY: of_day} if random.random() < 0.4 else {}
    )
