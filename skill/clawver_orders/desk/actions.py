"""What is as good as money on an order: cancelling it, marking it as paid, changing its price; each sent once."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.results import Acted, Action, Approval, Consent
from clawver_orders.desk.whose import A_PERSON, Whose
from clawver_orders.errors import DeskError
from clawver_orders.order import Order
from clawver_orders.refunds import actions, machine, rules, words
from clawver_orders.refunds.machine import Book, Kind, Move, State
from clawver_orders.store import Answer, Deadline, Store

OUTCOMES: Final = {"yes": "done", "no": "no", "pending": "pending", "unknown": "unknown"}


class Actions:
    """What the clerk does to orders beside refunds.

    Args:
        moves: Confirms, sends and records.
        store_named: Finds a store by its name.
        asking: How a person can be asked outside of the assistant.
        whose: Whose actions there are.
    """

    def __init__(
        self, moves: Moves, store_named: Callable[[str], Store], asking: Asking, whose: Whose = A_PERSON
    ) -> None:
        self._moves = moves
        self._store_named = store_named
        self._asking = asking
        self._whose = whose

    async def act(self, store: Store, kind: Kind, order_id: str, given: str, consent: Consent | None) -> Acted:
        """The first call prepares it; a later one with the same arguments goes on, once a person said yes."""
        order = await store.get_order(order_id)
        answered = consent is not None and consent.asked
        move = await self._moves.confirmed(await self._waiting(order, kind, given, answered=answered), consent)
        if move.state is State.CONFIRMED:
            # What was read before the confirmation may be older than what another desk did meanwhile.
            order = await store.get_order(order_id)
            move = await self._moves.send_once(
                move, rules.snapshot(order), lambda may_start: _send(store, move, may_start)
            )
            order = await self._read_again(store, order)
            if move.state is State.ACCEPTED:
                move = await self._looked(move, order)
        elif move.state in machine.UNSETTLED:
            move = await self._looked(await self._moves.recovered(move), order)
        words.raise_if_refused(move)
        return Acted(order, self._told(move, await self._asking.approval(move)))

    async def waiting(self, store: Store, kind: Kind, order_id: str, given: str) -> Move:
        """What act with these arguments would go on with; made if there is none yet."""
        order = await store.get_order(order_id)
        return await self._moves.confirmed(await self._waiting(order, kind, given), None)

    async def _waiting(self, order: Order, kind: Kind, given: str, *, answered: bool = False) -> Move:
        def decide(book: Book) -> Move:
            return actions.prepare(
                book,
                order,
                kind=kind,
                given=given,
                now=self._moves.now(),
                random=secrets.randbelow,
                principal=self._whose.name,
                answered=answered,
            )

        return await self._moves.ledger.decide(decide, by=self._whose.by)

    async def look(self, move: Move) -> Move:
        """Look at the order for an action that was sent, if its outcome is not settled."""
        move = await self._moves.recovered(move)
        try:
            order = await self._store_named(move.store).get_order(move.subject)
        except DeskError:
            return move
        return await self._looked(move, order)

    async def _looked(self, move: Move, order: Order) -> Move:
        now = self._moves.now()
        return await self._moves.looked(move, lambda held: actions.look(held, order, now))

    async def _read_again(self, store: Store, order: Order) -> Order:
        try:
            return await store.get_order(order.id)
        except DeskError:
            # How the write ended is on record; the order is told as it was before.
            return order

    def _told(self, move: Move, approval: Approval | None) -> Action:
        waiting = self._asking.how(move, move.kind, approval.url) if approval else ""
        return Action(
            action_id=move.id,
            state=move.state,
            outcome=OUTCOMES[move.moved],
            message=words.action(move, waiting=waiting),
            approval=approval,
        )


def _send(store: Store, move: Move, may_start: Deadline) -> Awaitable[Answer]:
    match move.kind:
        case "cancel_order":
            return store.cancel(move.subject, move.text, may_start)
        case "mark_order_paid":
            return store.mark_paid(move.subject, may_start)
        case _:
            return store.adjust_price(move.subject, actions.adjustment(move), may_start)
