"""A whole counter in process: a sandbox shop, its store, a ledger and the desk, under one clock."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import httpx2

from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent, Refund
from clawver_orders.http import Http
from clawver_orders.ledger import SqlLedger
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.limits import NO_LIMITS, Limits
from clawver_orders.refunds.machine import Move
from clawver_orders.sandbox import Sandbox, parse_fault
from clawver_orders.telemetry import OFF, Telemetry
from tests.ledgers import Place

YES = Consent(given=True, how="form")
NO = Consent(given=False, how="form")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    text: str

    def value(self) -> str:
        return self.text


@dataclass
class Clock:
    """A clock that only tests move."""

    at: datetime = NOON
    awake: float = 1000.0

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **time: float) -> None:
        self.at += timedelta(**time)
        self.awake += timedelta(**time).total_seconds()


@dataclass
class Secrets:
    """What the desk asked to be kept."""

    kept: dict[tuple[str, str], str] = field(default_factory=dict)

    async def keep(self, store: str, action_id: str, secret: str) -> None:
        self.kept[store, action_id] = secret

    async def drop(self, store: str, is_over: Callable[[str], Awaitable[bool]]) -> None:
        for place in list(self.kept):
            if place[0] == store and await is_over(place[1]):
                del self.kept[place]


@dataclass
class Counter:
    """Everything from the desk down to the shop."""

    sandbox: Sandbox
    clock: Clock
    ledger: SqlLedger
    desk: Desk
    secrets: Secrets

    @property
    def refundable(self) -> str:
        """An order of which money can be given back."""
        return self.sandbox.hints["refundable_order"]

    def fault(self, text: str) -> None:
        self.sandbox.faults.add(parse_fault(text))

    def posts(self, ending: str = "/refund") -> int:
        """How many writes reached the shop."""
        return sum(1 for r in self.sandbox.requests if r.method == "POST" and r.path.endswith(ending))

    def paid_back(self, order_id: str = "") -> list[int]:
        """The cents of each refund that the shop made, by its own books."""
        return [refund.amount for refund in self.sandbox.shop.orders[order_id or self.refundable].refunds]

    async def prepared(self, amount: str = "5.00 USD", order_id: str = "", reason: str = "arrived torn") -> Refund:
        return await self.desk.prepare_refund("", order_id or self.refundable, amount, reason, another=False)


async def no_waiting(_seconds: float) -> None:
    """Between two tries of a read nobody waits here."""


def open_counter(
    directory: Path,
    *,
    generation: Literal["current", "legacy"] = "current",
    key: str = "claw_sk_test_example",
    clock: Clock | None = None,
    sandbox: Sandbox | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
    allowed_hosts: frozenset[str] = frozenset(),
    read_only: bool = False,
    trust_forms: bool | None = True,
    customer_data: Literal["masked", "full"] = "masked",
    sandbox_flag: bool = False,
    limits: Limits = NO_LIMITS,
    approval_address: Callable[[Move], Awaitable[str | None]] | None = None,
    wrap: Callable[[ClawverStore], ClawverStore] = lambda store: store,
    ledger: SqlLedger | None = None,
    telemetry: Telemetry = OFF,
) -> Counter:
    """A counter whose ledger is in a directory; a sandbox and a clock make it a second desk on the same shop."""
    clock = clock or Clock()
    sandbox = sandbox or Sandbox(seed=7, generation=generation, now=clock.now)
    http = Http(
        "https://api.clawver.test",
        transport=transport or httpx2.ASGITransport(app=sandbox.app),
        sleep=no_waiting,
        now=clock.now,
        watch=telemetry.shop("clawver"),
    )
    store = wrap(ClawverStore("clawver", http, Key(key), "USD", clock.now))
    ledger = ledger or Place(directory).ledger(clock.now)
    secrets = Secrets()
    desk = Desk(
        [store],
        telemetry.record(ledger),
        ledger,
        now=clock.now,
        awake=lambda: clock.awake,
        keep_secret=secrets.keep,
        drop_secrets=secrets.drop,
        sandbox=sandbox_flag,
        read_only=read_only,
        trust_forms=trust_forms,
        customer_data=customer_data,
        allowed_hosts=allowed_hosts,
        limits=limits,
        approval_address=approval_address,
    )
    return Counter(sandbox, clock, ledger, desk, secrets)
