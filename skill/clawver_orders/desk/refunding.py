"""Refunds at the desk: prepare, execute once, look what became of them."""

import secrets
from collections.abc import Callable

from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.results import Approval, Consent, Refund
from clawver_orders.desk.whose import A_PERSON, Whose
from clawver_orders.errors import DeskError, RefundError
from clawver_orders.money import Money
from clawver_orders.order import Order
from clawver_orders.refunds import machine, rules, words
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.store import Store
from clawver_orders.text import mask_emails


class Refunding:
    """What the clerk does about refunds.

    Args:
        moves: Confirms, sends and records.
        store_named: Finds a store by its name.
        asking: How a person can be asked outside of the assistant.
        whose: Whose refunds there are.
    """

    def __init__(
        self, moves: Moves, store_named: Callable[[str], Store], asking: Asking, whose: Whose = A_PERSON
    ) -> None:
        self._moves = moves
        self._ledger = moves.ledger
        self._store_named = store_named
        self._asking = asking
        self._whose = whose

    async def prepare(self, store: Store, order_id: str, amount: str, reason: str, *, another: bool) -> Refund:
        """Check a refund against the order and all rules, and keep it for a person to confirm. Moves nothing."""
        order = await store.get_order(order_id)
        effect = await store.refund_effect(order)

        def decide(book: Book) -> Move:
            return rules.prepare(
                book,
                order,
                amount=amount,
                given=reason,
                another=another,
                capabilities=store.capabilities,
                limits=self._moves.limits,
                now=self._moves.now(),
                random=secrets.randbelow,
                effect=effect,
                principal=self._whose.name,
            )

        try:
            move = await self._ledger.decide(decide, by=self._whose.by)
        except RefundError as refusal:
            await self._ledger.refused(
                store=store.name, subject=order.id, code=refusal.code, detail=refusal.happened, by=self._whose.by
            )
            raise
        return self.told(move)

    async def execute(self, refund_id: str, consent: Consent | None) -> Refund:
        """Send a confirmed refund, once. Called again it answers from the record."""
        move = await self.held(refund_id)
        if consent is None and move.state is State.PREPARED and self._moves.limits.assistant_may_confirm(move):
            consent = Consent(given=True, how="assistant")
        move = await self._moves.confirmed(move, consent)
        if move.state is State.CONFIRMED:
            move = await self._send(move)
        elif move.state in machine.UNSETTLED:
            return await self.look(move)
        words.raise_if_refused(move)
        approval = await self._asking.approval(move)
        return self.told(move, approval=approval)

    async def _send(self, move: Move) -> Move:
        store = self._store_named(move.store)
        order = await store.get_order(move.subject)
        seen = rules.snapshot(order, await store.refund_effect(order))
        amount = _amount(move)
        # What was confirmed, never what is possible by now: where they differ, the claim is void.
        send = store.record_refund if move.snapshot.effect == "record" else store.refund
        return await self._moves.send_once(
            move, seen, lambda may_start: send(move.subject, amount, move.reason_sent, may_start)
        )

    async def check(self, store: str, refund_id: str, order_id: str) -> tuple[Refund, ...]:
        """How refunds stand; those whose outcome is not known are looked for in the shop, with plain reads."""
        if refund_id:
            moves: tuple[Move, ...] = (await self.held(refund_id),)
        elif order_id:
            moves = await self._ledger.find(store=store, subject=order_id)
        else:
            moves = await self._ledger.find(store=store, states=machine.OPEN | {State.PREPARED})
        theirs = [move for move in moves if move.kind == "refund" and self._whose.sees(move)]
        return tuple([await self.look(move) for move in theirs])

    async def look(self, move: Move) -> Refund:
        """Look at the shop for a refund that was sent, if its outcome is not settled."""
        if move.state not in machine.UNSETTLED:
            return self.told(await self._moves.confirmed(move, None))
        move = await self._moves.recovered(move)
        try:
            store = self._store_named(move.store)
            order = await store.get_order(move.subject)
        except DeskError as error:
            return self.told(move, f" The shop could not be asked just now ({error.code}).")
        now = self._moves.now()
        marks = store.capabilities.keeps_reason
        return self.told(
            await self._moves.looked(move, lambda held: rules.look(held, order, now, keeps_reason=marks))
        )

    async def resolve(self, refund_id: str, *, applied: bool, by: str) -> Refund:
        """A person's word on a refund whose outcome is not known."""
        return self.told(await self._moves.resolved(await self.held(refund_id), applied=applied, by=by))

    async def adopt(self, order: Order, *, by: str) -> tuple[Refund, ...]:
        """A person takes the refunds that another desk, or a lost record, made on an order into this record.

        Raises:
            RefundError: ``refund.open``: a refund of ours on the order is under way, confirmed without these.
        """
        adopted: list[Refund] = []
        for marker, refund in rules.marked(order):
            stranger = rules.adopted(marker, refund, order, by=by, now=self._moves.now())

            def decide(book: Book, stranger: Move = stranger) -> Move:
                if (known := book.get(stranger.id)) is not None:
                    return known
                machine.refuse_beside(book, stranger.store, stranger.subject)
                return stranger

            if await self._ledger.get(marker) is None:
                adopted.append(self.told(await self._ledger.decide(decide, by=by)))
        return tuple(adopted)

    async def current(self, refund_id: str) -> Move:
        """The refund with this id, expired if its time is over."""
        return await self._moves.confirmed(await self.held(refund_id), None)

    async def held(self, refund_id: str) -> Move:
        """The refund with this id.

        Raises:
            RefundError: ``refund.not_found``: there is none, or somebody else prepared it.
        """
        move = await self._ledger.get(refund_id)
        if move is None or move.kind != "refund" or not self._whose.sees(move):
            raise RefundError(
                "not_found",
                "There is no refund with that id in this desk's record",
                "Use the refund_id of prepare_refund as it is, or list the open ones with check_refund",
            )
        return move

    def told(self, move: Move, more: str = "", *, approval: Approval | None = None) -> Refund:
        """A move as it is told to an assistant or a person."""
        waiting = ""
        if move.state is State.PREPARED:
            approval = approval or Approval(expires_at=move.expires_at)
            if self._moves.limits.assistant_may_confirm(move):
                waiting = "Call execute_refund to send it: within its caps the operator lets the assistant confirm."
            else:
                waiting = "Call execute_refund: where your program has forms, a person is asked by one. Else: "
                waiting += self._asking.how(move, "execute_refund", approval.url)
        return Refund(
            refund_id=move.id,
            store=move.store,
            order_id=move.subject,
            amount=_amount(move),
            reason=move.text,
            state=move.state,
            money_moved=move.moved,
            message=words.message(move, waiting=waiting) + more,
            remaining=move.remaining,
            processor_id=move.processor_id,
            confirmed_by=mask_emails(move.confirmed_by) if move.confirmed_by else None,
            approval=approval if waiting else None,
            next_check_at=move.look_at,
        )


def _amount(move: Move) -> Money:
    if move.amount is None:
        raise ValueError(f"{move.id} has no amount")
    return move.amount
