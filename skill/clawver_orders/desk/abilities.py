"""Which store can do what: chosen by its name, and refused with where else it can be done."""

from collections.abc import Mapping, Sequence
from typing import Final

from clawver_orders.errors import InvalidArgument, SetupError, UnsupportedError
from clawver_orders.store import Argument, Capabilities, Operation, Store

# What it is in words, and what can be done instead where no store can.
_INSTEAD: Final[Mapping[Operation, tuple[str, str]]] = {
    "list_orders": ("list orders", "Open one with get_order"),
    "get_order": ("show one order", "Look in the shop's own dashboard"),
    "track_order": ("say where a parcel is", "Look at the order with get_order, or in the shop's own dashboard"),
    "lookup_variants": ("say which size was ordered", "Look at the order with get_order"),
    "regenerate_download": ("make download links", "Send the file from the shop's own dashboard"),
    "get_public_order": ("show an order by a buyer's token", "Use get_order"),
    "get_receipt": ("show receipts", "Use get_order"),
    "refund": ("give money back", "Refund in the shop's own dashboard"),
    "cancel_order": ("cancel an order", "Cancel it in the shop's own dashboard; paid money goes back by a refund"),
    "mark_order_paid": ("mark an order as paid", "Do it in the shop's own dashboard"),
    "adjust_order_price": ("change the price of an order", "Do it in the shop's own dashboard"),
    "close_order": ("close an order", "Do it in the shop's own dashboard"),
    "reopen_order": ("reopen an order", "Do it in the shop's own dashboard"),
    "refresh_order": ("ask its payment channels anew", "Read the order again with get_order"),
    "comment_order": ("keep comments on an order", "Write to the buyer, or keep the note elsewhere"),
    "count_orders": ("count its orders", "List them with list_orders, which says a total where there is one"),
    "list_transactions": ("list the payments of an order", "Look at totals and refunds with get_order"),
    "webhooks": ("register webhooks", "Register them in the shop's own dashboard"),
    "list_events": ("tell the desk of events", "Look at the order with get_order, or list orders with list_orders"),
}


class Abilities:
    """The configured stores, by name and by what they can do.

    Args:
        stores: The configured shops; may be empty.
        missing: What is told while none is configured.
    """

    def __init__(self, stores: Sequence[Store], missing: SetupError | None) -> None:
        self.stores = tuple(stores)
        self.missing = missing

    def all(self) -> tuple[Store, ...]:
        """The stores.

        Raises:
            SetupError: There is none.
        """
        if not self.stores:
            raise self.missing or SetupError("No store is configured", "Set CLAW_API_KEY, or try --sandbox")
        return self.stores

    def named(self, name: str) -> Store:
        """The store of that name; the only one, where none is named.

        Raises:
            SetupError: No store is configured.
            InvalidArgument: There is none of that name, or several.
        """
        stores = self.all()
        if not name and len(stores) == 1:
            return stores[0]
        for store in stores:
            if store.name == name:
                return store
        names = ", ".join(store.name for store in stores)
        raise InvalidArgument("store is not one of the configured ones", f"Use one of: {names}", field="store")

    def able(self, name: str, operation: Operation) -> Store:
        """The store of that name, if it can do that.

        Raises:
            UnsupportedError: It cannot; the message says which store can, or what to do instead.
            SetupError, InvalidArgument: As named.
        """
        store = self.named(name)
        if operation in store.capabilities.operations:
            return store
        words, instead = _INSTEAD[operation]
        others = [other.name for other in self.stores if operation in other.capabilities.operations]
        can = f"; {', '.join(others)} can" if others else ""
        raise UnsupportedError(f'The shop "{store.name}" ({store.platform}) cannot {words}{can}', instead)

    def every(self, operation: Operation) -> tuple[Store, ...]:
        """All stores that can do that.

        Raises:
            UnsupportedError: None can.
            SetupError: No store is configured.
        """
        able = tuple(store for store in self.all() if operation in store.capabilities.operations)
        if not able:
            words, instead = _INSTEAD[operation]
            raise UnsupportedError(f"No configured shop can {words}", instead)
        return able


def unused(capabilities: Capabilities, given: Mapping[Argument, str | bool]) -> Argument | None:
    """The first argument that was given and that a shop with these capabilities has no use for."""
    for argument, value in given.items():
        if value and argument not in capabilities.arguments:
            return argument
    return None


def refuse_unused(store: Store, given: Mapping[Argument, str | bool]) -> None:
    """Refuse an argument that a store has no use for, which is better than to leave it unheard.

    Raises:
        UnsupportedError: There is one.
    """
    if argument := unused(store.capabilities, given):
        raise UnsupportedError(
            f'The shop "{store.name}" ({store.platform}) has no use for {argument}',
            f"Leave {argument} out",
            field=argument,
        )
