"""A shop in memory that speaks the vendors' dialects over real HTTP semantics, and can fail on purpose.

It is its own reading of the vendors' documents and imports nothing else of this package, so that a mistake of
the clients is not mirrored here.
"""

from .app import Request, Sandbox
from .clawver import READ_ONLY_KEY
from .dialect import Delivery
from .faults import CloseFault, Fault, FaultRaised, Faults, ResetFault, TimeoutFault, parse_fault
from .serving import HOSTS, serve
from .shop import Shop

__all__ = [
    "HOSTS",
    "READ_ONLY_KEY",
    "CloseFault",
    "Delivery",
    "Fault",
    "FaultRaised",
    "Faults",
    "Request",
    "ResetFault",
    "Sandbox",
    "Shop",
    "TimeoutFault",
    "parse_fault",
    "serve",
]
