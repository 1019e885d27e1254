"""Serves many clients over streamable HTTP, each by a token of its own, and leaves without losing a refund."""

import gc
import logging
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from anyio.abc import TaskStatus
from starlette.types import ASGIApp

from clawver_orders.approvals.team import TeamPage
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, SetupError
from clawver_orders.events import Received
from clawver_orders.issuer import Issuer
from clawver_orders.server import Watch
from clawver_orders.server.http.admission import Admission
from clawver_orders.server.http.connection import Server, address_of, listen, most_connections, server
from clawver_orders.server.http.counters import Counter, Counters
from clawver_orders.server.http.gate import PATH, Gate, Pace
from clawver_orders.server.http.people import People
from clawver_orders.server.http.resource import Resource
from clawver_orders.server.http.roll import Roll
from clawver_orders.server.http.visitors import Visitors
from clawver_orders.settings import is_loopback
from clawver_orders.store import Capabilities
from clawver_orders.tokens import Tokens

__all__ = ["Beside", "Terms", "serve_http"]

_log = logging.getLogger(__name__)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - to know it where it is asked for
_STATE_KEY: Final = "http_state_key"
# As over stdio: the desk lets a write take 20 seconds from its claim to its record.
_DRAIN_S: Final = 22.0
# What only reads is asked again elsewhere.
_READS_S: Final = 3.0
_LOOK_EVERY_S: Final = 0.05
_ROLL_CALL_S: Final = 2.0

# Runs beside until cancelled, and is given what tells clients of the shops' events.
Beside = Callable[[Callable[[Sequence[Received]], Awaitable[None]]], Coroutine[Any, Any, None]]
# Is given what answers requests and, of the service, what says how many connections are open.
Around = Callable[[ASGIApp, Callable[[], int] | None], ASGIApp]


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms the service is there.

    Attributes:
        host: Where it listens; a name or an address of this machine.
        port: 0 for any that is free.
        names: By which other names it is called.
        origins: Which web pages may call it.
        a_minute: How many requests of one token are answered.
        stateless: Whether older programs get no session.
        unset: What is listed while no store is configured.
        audience: What access tokens of an issuer are made for: its own address, as programs write it.
        page_port: Where the page for people listens, if there is one; 0 for any that is free.
    """

    host: str
    port: int
    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    a_minute: int = 600
    stateless: bool = False
    unset: Sequence[Capabilities] = ()
    audience: str = ""
    page_port: int = 0


async def serve_http(
    desk: Desk,
    tokens: Tokens,
    terms: Terms,
    *,
    beside: Beside,
    settings_wrong: Callable[[], str],
    issuer: Issuer | None = None,
    page: TeamPage | None = None,
    webhooks: ASGIApp | None = None,
    watch: Watch | None = None,
    around: Around = lambda app, _: app,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        desk: The desk, as a person has it.
        tokens: Who is let in.
        terms: Where and how.
        beside: What the desk does meanwhile.
        settings_wrong: What is wrong with the settings, in words for the log; empty where nothing is.
        issuer: Whose access tokens for terms.audience let in, too.
        page: Where people say yes, if that is done here.
        webhooks: What receives the shops' events below /webhooks/, if that is done here.
        watch: Watches the calls of tools, if anything does.
        around: Watches all requests.
        ready: Called with the address once it listens.

    Raises:
        SetupError: It must not start like this, or cannot.
    """
    roll = Roll(tokens, desk.moves.now)
    stores = [store.name for store in desk.stores]
    visitors = Visitors(issuer, terms.audience, stores, desk.moves.now) if issuer else None
    open_to_all = visitors is None and await _open_to_all(desk, roll, terms)
    resource = Resource(issuer.url if issuer else "", terms.audience)
    names = _names(terms)
    key = await _state_key(desk)
    listener, people = _opened(terms, page, around)
    async with anyio.create_task_group() as tasks:
        counters = Counters(
            desk, tasks, partial(Counter, unset=terms.unset, key=key, stateless=terms.stateless, watch=watch)
        )

        async def wrong() -> str:
            try:
                await roll.all()
            except DeskError as error:
                return f"the record ({error.code})"
            return settings_wrong()

        gate = Gate(
            counters,
            Admission(roll, visitors, resource, open_to_all=open_to_all),
            resource,
            names=names,
            origins=terms.origins,
            pace=Pace(terms.a_minute, time.monotonic),
            # Streams last for hours: one program leaves three quarters of the connections to others.
            at_once=max(1, most_connections() // 4),
            wrong=wrong,
            webhooks=webhooks,
        )
        serving = server(around(gate, lambda: len(serving.server_state.connections)))
        await tasks.start(_leave_on_signal, desk, gate, counters, serving, people)
        tasks.start_soon(beside, counters.tell)
        if not open_to_all:
            tasks.start_soon(_call_the_roll, roll, visitors, counters)
        # What was loaded stays for good: no collection needs to look at it again.
        gc.collect()
        gc.freeze()
        url = f"http://{address_of(listener)}{PATH}"
        _log.info("listening at %s%s", url, ", for everybody on this machine" if open_to_all else "")
        if people:
            tasks.start_soon(people.serve)
            _log.info("the approval page answers at http://%s, to who opens its own address", people.address)
        ready(url)
        with listener:
            await serving.serve([listener])
        tasks.cancel_scope.cancel()


async def _open_to_all(desk: Desk, roll: Roll, terms: Terms) -> bool:
    """Whether no token is needed: for a made-up shop, on this machine, as long as nobody made one.

    Raises:
        SetupError: It is needed, and there is none.
    """
    if await roll.working():
        return False
    if desk.sandbox and is_loopback(terms.host):
        return True
    beyond = "" if is_loopback(terms.host) else f" beyond this machine ({terms.host})"
    raise SetupError(
        f"There is no token, so nobody could be told from anybody{beyond}",
        "A person runs: clawver-orders tokens add NAME --scopes read,write,refund. To try it, add --sandbox",
    )


def _names(terms: Terms) -> frozenset[str]:
    """By which names the service is called; those of this machine no foreign page can have lead elsewhere."""
    host = frozenset[str]() if terms.host in _EVERYWHERE else {terms.host.lower()}
    of_audience = urlsplit(terms.audience).hostname
    return terms.names | _LOOPBACK | host | ({of_audience} if of_audience else set())


async def _state_key(desk: Desk) -> str:
    """What seals the state of forms: kept in the record, so that all workers on it have the same."""
    ledger = desk.moves.ledger
    return await ledger.switch(_STATE_KEY) or await ledger.turn(
        _STATE_KEY, lambda made: made or secrets.token_hex(32), note="the key of forms was made", by="desk"
    )


def _opened(terms: Terms, page: TeamPage | None, around: Around) -> tuple[socket.socket, People | None]:
    """Both sockets, or none."""
    listener = listen(terms.host, terms.port, "--port")
    try:
        return listener, People(page, around(page, None), terms.host, terms.page_port) if page else None
    except SetupError:
        listener.close()
        raise


async def _call_the_roll(roll: Roll, visitors: Visitors | None, counters: Counters) -> None:
    """Close what is open with a token that lets nobody in any more; a new request is refused before that."""
    while True:
        await anyio.sleep(_ROLL_CALL_S)
        if visitors:
            counters.close(visitors.gone())
        try:
            working = {token.digest for token in await roll.working()}
            counters.keep_only(working | (visitors.present() if visitors else set()))
        except DeskError as error:
            _log.warning("the tokens cannot be read (%s)", error.code)


async def _leave_on_signal(
    desk: Desk,
    gate: Gate,
    counters: Counters,
    serving: Server,
    people: People | None,
    *,
    task_status: TaskStatus[None],
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            _log.info("stopping: what is under way is finished first")
            gate.draining = True
            with anyio.move_on_after(_DRAIN_S):
                with anyio.move_on_after(_READS_S):
                    if people:
                        await people.drain()
                    await gate.quiet()
                await _idle(desk)
            # What has not claimed by now never does; what did meanwhile is shielded from this, and waited for.
            counters.keep_only(set())
            with anyio.move_on_after(_DRAIN_S):
                await _idle(desk)
            if people:
                people.leave()
            serving.should_exit = True


async def _idle(desk: Desk) -> None:
    # Twice: a yes that was just read may become a send yet, and an answer leaves after its record.
    idle = 0
    while idle < 2:
        await anyio.sleep(_LOOK_EVERY_S)
        idle = 0 if desk.in_flight() else idle + 1
