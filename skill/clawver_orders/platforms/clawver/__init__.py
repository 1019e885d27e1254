"""Clawver: a marketplace for digital goods and print on demand, in both generations of its order API."""

from clawver_orders.platforms.clawver.client import ClawverStore

__all__ = ["ClawverStore"]
