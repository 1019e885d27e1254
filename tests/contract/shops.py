"""Every platform as a store over its own made-up shop, and a desk over any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2

from clawver_orders import platforms
from clawver_orders.desk import Desk
from clawver_orders.http import Http
from clawver_orders.ledger import SqlLedger
from clawver_orders.platforms import MODULES
from clawver_orders.refunds.limits import NO_LIMITS, Limits
from clawver_orders.sandbox import DIALECTS, Sandbox, open_sandbox
from clawver_orders.store import Store
from tests.counter import Clock, Secrets, no_waiting
from tests.ledgers import Place

TOY_MODULES = {**MODULES, "toy": "tests.toy"}
TOY_DIALECTS = {**DIALECTS, "toy": "tests.toy.sandbox"}
NAMES = tuple(TOY_MODULES)


@dataclass
class Counters:
    """A desk over several shops."""

    desk: Desk
    ledger: SqlLedger
    clock: Clock
    shops: dict[str, Sandbox]

    @property
    def only(self) -> Sandbox:
        (shop,) = self.shops.values()
        return shop

    @property
    def store(self) -> Store:
        (store,) = self.desk.stores
        return store

    def writes(self) -> list[str]:
        """What reached the shops and was no plain read."""
        return [f"{r.method} {r.path}" for shop in self.shops.values() for r in shop.requests if r.method != "GET"]


def store_of(platform: str, sandbox: Sandbox, clock: Clock, name: str = "") -> Store:
    """A store on a platform, opened by what its made-up shop says."""
    http = Http(
        "https://shop.test", transport=httpx2.ASGITransport(app=sandbox.app), sleep=no_waiting, now=clock.now
    )
    said = platforms.opened_by(name or platform, platform, "https://shop.test", sandbox.settings, TOY_MODULES)
    return platforms.load(platform, TOY_MODULES).open(said, http, clock.now)


def open_counters(
    directory: Path, names: Sequence[str], *, read_only: bool = False, limits: Limits = NO_LIMITS
) -> Counters:
    """A desk with one store on each of the platforms, each over its own shop."""
    clock = Clock()
    shops = {name: open_sandbox(name, 7, now=clock.now, dialects=TOY_DIALECTS) for name in names}
    ledger = Place(directory).ledger(clock.now)
    desk = Desk(
        [store_of(name, sandbox, clock) for name, sandbox in shops.items()],
        ledger,
        ledger,
        now=clock.now,
        awake=lambda: clock.awake,
        keep_secret=Secrets().keep,
        trust_forms=True,
        read_only=read_only,
        limits=limits,
    )
    return Counters(desk, ledger, clock, shops)
