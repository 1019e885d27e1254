"""Webhooks at the desk: where a shop may send its events. A registration is confirmed and sent like money."""

import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from clawver_orders.desk.actions import OUTCOMES
from clawver_orders.desk.asking import Asking
from clawver_orders.desk.moves import Moves
from clawver_orders.desk.results import Action, Approval, Consent, Registration
from clawver_orders.desk.whose import A_PERSON, Whose
from clawver_orders.errors import DeskError, ForbiddenError, InvalidArgument, NotFoundError
from clawver_orders.order import Webhook
from clawver_orders.refunds import machine, rules, words
from clawver_orders.refunds.machine import Book, Known, Ledger, Move, Snapshot, State
from clawver_orders.store import Answer, Deadline, Store

# The switch that holds what a person allowed at the terminal: host names, with spaces between.
ALLOWED: Final = "webhook_hosts"
# The switches that say since when a webhook is deleted, by its store and the shop's id for it.
_DELETED: Final = "deleted_webhook"
KeepSecret = Callable[[str, str, str], Awaitable[None]]
DropSecrets = Callable[[str, Callable[[str], Awaitable[bool]]], Awaitable[None]]
_URL_CAP: Final = 500
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def _host(url: str) -> str | None:
    """The host of a plain https address; None where it is anything else."""
    if len(url) > _URL_CAP or not (url.isascii() and url.isprintable()) or not set(url).isdisjoint(" @#\\"):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.scheme == "https" else None


async def allow(ledger: Ledger, host: str, *, by: str, remove: bool = False) -> tuple[str, ...]:
    """Allow a host, or no longer, for this desk and all others on the same record; what a person allowed by now.

    Raises:
        InvalidArgument: It is no host name.
    """
    name = host.strip().lower()
    if len(name) > 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        raise InvalidArgument(
            "a host is a name such as hooks.example, without scheme, port or path", "Write the name alone"
        )

    def changed(hosts: str) -> str:
        return " ".join(sorted({*hosts.split()} - {name} | (set() if remove else {name})))

    note = f"events may no longer go to {name}" if remove else f"events may go to {name}"
    return tuple((await ledger.turn(ALLOWED, changed, note=note, by=by)).split())


async def is_deleted(ledger: Ledger, store: str, action_id: str) -> bool:
    """Whether the webhook that this registered was deleted by a desk on the same record."""
    move = await ledger.get(action_id)
    return move is not None and move.store == store and bool(await ledger.switch(_deleted(store, move.shop_id)))


def _deleted(store: str, webhook_id: str | None) -> str:
    return f"{_DELETED} {store} {webhook_id}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """Where the signing secrets of registrations are kept.

    Attributes:
        keep: Keeps one, by store and action id, before it is sent.
        drop: Removes those of a store whose registration, by its id, is said to be over.
    """

    keep: KeepSecret
    drop: DropSecrets


class Webhooks:
    """What the clerk does about webhooks.

    Args:
        moves: Confirms, sends and records.
        allowed_hosts: Where events may go, by the operator's settings.
        secrets_kept: Where the signing secrets of registrations are.
        asking: How a person can be asked outside of the assistant.
        whose: Whose registrations there are.
    """

    def __init__(
        self,
        moves: Moves,
        allowed_hosts: frozenset[str],
        secrets_kept: Secrets,
        asking: Asking,
        whose: Whose = A_PERSON,
    ) -> None:
        self._moves = moves
        self._ledger = moves.ledger
        self._allowed_hosts = allowed_hosts
        self._secrets = secrets_kept
        self._asking = asking
        self._whose = whose

    async def checked(self, store: Store, url: str, events: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
        """The destination and the events in their one form, if they may be registered.

        Raises:
            InvalidArgument: The URL is not https, or an event is not one of the platform's.
            ForbiddenError: The operator did not allow the host.
        """
        host = _host(url)
        if host is None:
            raise InvalidArgument(
                "url is not a plain https address", 'Write it like "https://shop.example/hooks"', field="url"
            )
        if host not in self._allowed_hosts and host not in (await self._ledger.switch(ALLOWED)).split():
            raise ForbiddenError(
                "The operator has not allowed events to be sent to that host",
                "A person types: clawver-orders webhooks allow HOST; or adds it to allowed_hosts under [webhooks] "
                "in the settings file and restarts the desk",
            )
        known = store.capabilities.webhook_events
        if not events or any(event not in known for event in events):
            raise InvalidArgument(
                "events has a name that this shop does not send", f"Use: {', '.join(known)}", field="events"
            )
        return url, tuple(sorted(set(events)))

    async def create(
        self, store: Store, url: str, events: tuple[str, ...], consent: Consent | None
    ) -> Registration:
        """Register a destination: the first call prepares it, a later one continues it once a person said yes."""
        move = await self.waiting(store, url, events, answered=consent is not None and consent.asked)
        events = tuple(move.text.split(","))
        move = await self._moves.confirmed(move, consent)
        if move.state is State.CONFIRMED:
            move = await self._register(store, move, events)
        elif move.state in machine.UNSETTLED:
            move = await self._look(store, move)
        words.raise_if_refused(move)
        return self._told(move, await self._asking.approval(move))

    async def waiting(self, store: Store, url: str, events: tuple[str, ...], *, answered: bool = False) -> Move:
        """The same registration, where it was asked for before and is not over; else a new one, prepared.

        Raises:
            RefundError: ``refund.void``: a person answered a question about one that is over.
        """
        url, events = await self.checked(store, url, events)
        for move in await self._ledger.find(store=store.name, subject=url, states=machine.OPEN | {State.PREPARED}):
            if move.principal != self._whose.name:
                continue
            current = await self._moves.confirmed(move, None)
            if current.text == ",".join(events) and current.state in machine.OPEN | {State.PREPARED}:
                return current
        if answered:
            raise machine.outlived()
        return await self._prepare(store, url, events)

    async def delete(self, store: Store, webhook_id: str) -> None:
        """Have the shop send no more, and let nothing count any more that is signed with the webhook's secret.

        At once, events that are under way included: that one did not come proves nothing, and who changes a secret
        registers the next webhook before this.

        Raises:
            NotFoundError: The shop has no such webhook. Its secret counts no longer then, either.
        """

        async def is_its(action_id: str) -> bool:
            move = await self._ledger.get(action_id)
            return move is not None and (move.store, move.shop_id) == (store.name, webhook_id)

        try:
            await store.delete_webhook(webhook_id)
        except NotFoundError:
            # Deleted before, perhaps by us, and the answer was lost.
            await self._secrets.drop(store.name, is_its)
            raise
        at, note = self._moves.now().isoformat(), f"the webhook {webhook_id} of {store.name} was deleted"
        await self._ledger.turn(_deleted(store.name, webhook_id), lambda _: at, note=note, by=self._whose.by)
        await self._secrets.drop(store.name, is_its)

    async def _prepare(self, store: Store, url: str, events: tuple[str, ...]) -> Move:
        seen = await self._seen(store, url)

        def decide(book: Book) -> Move:
            move = Move(
                id=rules.unused_id(book, secrets.randbelow),
                kind="create_webhook",
                store=store.name,
                subject=url,
                text=",".join(events),
                state=State.PREPARED,
                prepared_at=self._moves.now(),
                snapshot=seen,
                principal=self._whose.name,
            )
            machine.refuse_beside(book, move.store, move.subject)
            return move

        return await self._ledger.decide(decide, by=self._whose.by)

    async def _seen(self, store: Store, url: str) -> Snapshot:
        webhooks = await store.list_webhooks()
        return Snapshot(
            known=tuple(
                sorted((Known(hook.id) for hook in webhooks if hook.url == url), key=lambda known: known.id)
            )
        )

    async def _register(self, store: Store, move: Move, events: tuple[str, ...]) -> Move:
        seen = await self._seen(store, move.subject)
        secret = secrets.token_hex(32)
        # Before the send: an event may arrive, signed, before its registration's answer does.
        await self._secrets.keep(store.name, move.id, secret)

        def send(may_start: Deadline) -> Awaitable[Answer]:
            return store.create_webhook(move.subject, events, secret, may_start)

        return await self._moves.send_once(move, seen, send)

    async def _look(self, store: Store, move: Move) -> Move:
        move = await self._moves.recovered(move)
        try:
            seen = await self._seen(store, move.subject)
        except DeskError:
            return move
        now = self._moves.now()
        new = [known for known in seen.known if known not in move.snapshot.known]

        def look(held: Move) -> Move:
            if held.state is State.MANUAL or not new:
                return machine.absent(held, now)
            if len(new) > 1:
                return machine.contradicted(held, f"the shop shows {len(new)} new webhooks with this address", now)
            return machine.found(held, evidence="difference: the shop lists it", now=now, shop_id=new[0].id)

        return await self._moves.looked(move, look)

    def _told(self, move: Move, approval: Approval | None) -> Registration:
        waiting = self._asking.how(move, "create_webhook", approval.url) if approval else ""
        return Registration(
            webhook=Webhook(id=move.shop_id or "", url=move.subject, events=tuple(move.text.split(","))),
            action=Action(
                action_id=move.id,
                state=move.state,
                outcome=OUTCOMES[move.moved],
                message=words.registration(move, waiting=waiting),
                approval=approval,
            ),
        )
