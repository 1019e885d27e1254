"""The desk's words as JSON and as tables for a person; buyers are masked here, for this is where they leave."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clawver_orders import text
from clawver_orders.desk import Desk
from clawver_orders.money import Money
from clawver_orders.order import Address, Customer, Order

WHOSE = "Words in « » are the buyer's, the shop's or the assistant's own."
SANDBOX = "SANDBOX: a made-up shop, no real money."
_PIPE_WIDTH = 200


def plain(value: object) -> Any:
    """A result as JSON has it: what is not said is absent, money and times are texts."""
    if isinstance(value, Money):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    if is_dataclass(value):
        named = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {name: what for name, what in named.items() if what is not None}
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value


def print_json(desk: Desk, result: dict[str, Any]) -> None:
    """One JSON object on stdout; it says so where the shop is made up."""
    click.echo(json.dumps({"sandbox": True} | result if desk.sandbox else result, indent=2, ensure_ascii=False))


def row(order: Order) -> dict[str, Any]:
    """An order of a list."""
    totals, refunded = order.totals, order.totals.refunded
    named = {
        "store": order.store,
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "payment_status": order.payment_status,
        "fulfillment_status": order.fulfillment_status,
        "payment_method": order.payment_method,
        "total": plain(totals.total),
        "refunded": plain(refunded) if refunded and refunded.minor else None,
        "created_at": plain(order.created_at),
        "customer": _in_a_word(order.customer),
        "items": "; ".join(f"{item.quantity} × {item.title}" for item in order.items) or None,
    }
    return {name: value for name, value in named.items() if value is not None}


def whole(order: Order, *, full: bool) -> dict[str, Any]:
    """One order with everything; ``full`` leaves the buyer unmasked."""
    shown: dict[str, Any] = plain(replace(order, customer=order.customer if full else _masked(order.customer)))
    del shown["refunds_complete"]
    for name, address in (
        ("shipping_address", order.shipping_address),
        ("billing_address", order.billing_address),
    ):
        shown.pop(name, None)
        if address and (words := _address(address, full=full)):
            shown[name] = words
    for item, of in zip(shown["items"], order.items, strict=True):
        item["options"] = dict(of.options)
    return shown | {"assumed": dict(order.assumed)}


def _masked(customer: Customer) -> Customer:
    return Customer(
        name=customer.name and text.mask_name(customer.name),
        email=customer.email and text.mask_email(customer.email),
        phone=customer.phone and text.mask_phone(customer.phone),
    )


def _in_a_word(customer: Customer) -> str | None:
    masked = _masked(customer)
    return masked.email or masked.name or masked.phone


def _address(address: Address, *, full: bool) -> str | None:
    if not full:
        return text.mask_address(address.city, address.country)
    lines = (address.name, *address.lines, address.postal_code, address.city, address.region, address.country)
    return ", ".join(line for line in (*lines, address.phone) if line)


class Page:
    """What a person sees on stdout: tables and sentences, in colour only at a terminal."""

    def __init__(self, desk: Desk) -> None:
        self._console = Console(markup=False, emoji=False, highlight=False, soft_wrap=False)
        if not self._console.is_terminal:
            self._console.width = _PIPE_WIDTH
        if desk.sandbox:
            self.say(SANDBOX)

    def say(self, *lines: str) -> None:
        """Sentences, one a line."""
        for line in lines:
            self._console.print(Text(line), soft_wrap=True)

    def facts(self, facts: Iterable[tuple[str, object]]) -> None:
        """Labels and what is known, one a line; what is not known is left out."""
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for label, value in facts:
            if value not in (None, ""):
                table.add_row(Text(label), Text(str(value)))
        self._console.print(table)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Rows under their heads; a column that nothing is known of is left out."""
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        kept = [index for index in range(len(heads)) if any(row[index] for row in cells)]
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for index in kept:
            table.add_column(heads[index], overflow="fold", no_wrap=index == 0)
        for row in cells:
            table.add_row(*(Text(row[index]) for index in kept))
        self._console.print(table)


def quoted(words: str | None) -> str | None:
    """Somebody else's words, marked as such; None stays None."""
    return text.quoted(words) if words else None


def minute(at: datetime | None) -> str | None:
    """A time as a person reads it, in the zone of this machine."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if at else None
