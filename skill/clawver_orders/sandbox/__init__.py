"""A shop in memory that speaks the vendors' dialects over real HTTP semantics, and can fail on purpose.

It is its own reading of the vendors' documents and imports nothing else of this package, so that a mistake of
the clients is not mirrored here.
"""

import importlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from .app import Request, Sandbox, utc_now
from .clawver import READ_ONLY_KEY
from .dialect import Call, Delivery, Dialect, Operation, Reply
from .faults import CloseFault, Fault, FaultRaised, Faults, ResetFault, TimeoutFault, parse_fault
from .mall import Mall
from .serving import HOSTS, serve
from .shop import Shop

__all__ = [
    "DIALECTS",
    "HOSTS",
    "READ_ONLY_KEY",
    "Call",
    "CloseFault",
    "Delivery",
    "Dialect",
    "Fault",
    "FaultRaised",
    "Faults",
    "Mall",
    "Operation",
    "Reply",
    "Request",
    "ResetFault",
    "Sandbox",
    "Shop",
    "TimeoutFault",
    "open_sandbox",
    "parse_fault",
    "serve",
]

# The dialects beside Clawver's, by their platform's name: each is a package with a ``dialect()``.
DIALECTS: Final[Mapping[str, str]] = {
    "heidianer": "clawver_orders.sandbox.heidianer",
    "gateway": "clawver_orders.sandbox.gateway",
    "woocommerce": "clawver_orders.sandbox.woocommerce",
}


def open_sandbox(
    platform: str,
    seed: int,
    *,
    key: str = "claw_sk_test_example",
    now: Callable[[], datetime] = utc_now,
    dialects: Mapping[str, str] = DIALECTS,
) -> Sandbox:
    """A made-up shop on a platform. ``key`` is Clawver's; the others' tokens are the dialect's own."""
    if platform == "clawver":
        return Sandbox(seed=seed, key=key, now=now)
    dialect: Dialect = importlib.import_module(dialects[platform]).dialect()
    return Sandbox(seed=seed, now=now, dialect=dialect)
