"""Heidianer's dialect: pages, ``{"detail"}`` refusals, scopes, and refunds that are settled later.

Where the vendor's documents are silent the sandbox chose; references/platforms/heidianer.md says what.
"""

from .api import BOTH, BUYER, READER, WRITER, Heidianer

__all__ = ["BOTH", "BUYER", "READER", "WRITER", "Heidianer", "dialect"]


def dialect() -> Heidianer:
    """A new one, for a shop of its own."""
    return Heidianer()
