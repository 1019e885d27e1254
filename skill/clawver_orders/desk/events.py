"""The list of what the shops told, as the desk asks for it."""

from clawver_orders.events import Delivered, Inbox, Received

__all__ = ["Delivered", "Inbox", "Received"]
