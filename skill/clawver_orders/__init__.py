"""Clawver Orders: the order desk of an online shop, worked by an AI assistant."""

__version__ = "0.1.0"
