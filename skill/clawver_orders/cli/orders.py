"""Orders for a person at a terminal: list, show, track, count."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import anyio
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from clawver_orders.cli import Join, options
from clawver_orders.cli.shown import WHOSE, Page, minute, plain, print_json, quoted, row, whole
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Counted, Listing, Tracking
from clawver_orders.order import FULFILLMENT_STATUSES, PAYMENT_STATUSES, STATUSES, Counts, DateField, Order, Sort

_PAGE = 100
_MOST = 5000


@click.group()
def orders() -> None:
    """Look at orders: the same desk that the assistant works."""


@orders.command(
    "list",
    epilog="""\b
clawver-orders orders list --sandbox
clawver-orders orders list --status processing --limit 50
clawver-orders orders list --search maria@shop.example
clawver-orders orders list --after 2026-01-01 --limit 500 --json > orders.json
""",
)
@click.option("--status", type=click.Choice(STATUSES), default=None, help="Only with this status.")
@click.option("--payment-status", type=click.Choice(PAYMENT_STATUSES), default=None, help="Only so far paid.")
@click.option(
    "--fulfillment-status", type=click.Choice(FULFILLMENT_STATUSES), default=None, help="Only so far sent."
)
@click.option("--payment-method", default="", help="Only paid by this, in the shop's word.")
@click.option(
    "--search", default="", help="A buyer's e-mail or order ids with commas; in most shops phone or number, too."
)
@click.option("--after", default="", help="Not before this day (2026-01-31) or time.")
@click.option("--before", default="", help="Not after this day or time.")
@click.option(
    "--date-field",
    type=click.Choice(get_args(DateField)),
    default=None,
    help="What --after and --before are about.",
)
@click.option("--sort", type=click.Choice(get_args(Sort)), default=None, help="Which first. [default: newest]")
@click.option("--limit", type=click.IntRange(1, _MOST), default=20, show_default=True, help="How many.")
@click.option("--cursor", default="", help="Go on where another list ended.")
@options.of_stores
@options.as_json
@options.of_desk
@click.pass_obj
def list_(
    join: Join,
    /,
    config: Path | None,
    store: str,
    limit: int,
    *,
    sandbox: bool,
    as_json: bool,
    **filters: str | None,
) -> None:
    """List the orders of one store, or of all."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            found = await _pages(desk, store, limit, {name: value or "" for name, value in filters.items()})
            if as_json:
                listing = {"orders": [row(order) for order in found.orders], "notes": list(found.notes)}
                print_json(desk, listing | ({"next_cursor": found.next_cursor} if found.next_cursor else {}))
            else:
                _show_list(Page(desk), found)

    anyio.run(work)


@orders.command(epilog="\b\nclawver-orders orders show ord_example --sandbox\n")
@click.argument("order_id")
@click.option("--order-key", default="", help="From the buyer's mail, where a WooCommerce store has no REST keys.")
@click.option("--billing-email", default="", help="Goes with --order-key.")
@options.of_store
@options.as_json
@options.of_desk
@click.pass_obj
def show(
    join: Join,
    /,
    order_id: str,
    config: Path | None,
    store: str,
    *,
    sandbox: bool,
    as_json: bool,
    **buyer: str,
) -> None:
    """Show one order with all that the shop says of it."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            order = await desk.get_order(store, order_id, **buyer)
            shown = whole(order, full=desk.customer_data == "full")
            if as_json:
                print_json(desk, {"order": shown})
            else:
                _show_order(Page(desk), order, shown)

    anyio.run(work)


@orders.command()
@click.argument("order_id")
@options.of_store
@options.as_json
@options.of_desk
@click.pass_obj
def track(join: Join, order_id: str, config: Path | None, store: str, *, sandbox: bool, as_json: bool) -> None:
    """Say where the parcels of an order are."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            found = await desk.track_order(store, order_id)
            if as_json:
                print_json(desk, plain(found))
            else:
                page = Page(desk)
                page.say(found.message)
                _show_parcels(page, found)

    anyio.run(work)


@orders.command()
@options.of_stores
@options.as_json
@options.of_desk
@click.pass_obj
def count(join: Join, config: Path | None, store: str, *, sandbox: bool, as_json: bool) -> None:
    """Count the orders of one store, or of all, by where they stand."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            counted = await desk.count_orders(store)
            if as_json:
                counts = [{"store": one.store} | plain(one.counts) for one in counted.stores]
                print_json(desk, {"counts": counts, "notes": list(counted.notes)})
            else:
                _show_counts(Page(desk), counted)

    anyio.run(work)


async def _pages(desk: Desk, store: str, limit: int, filters: dict[str, str]) -> Listing:
    """As many pages as the limit needs, as one."""
    listing = Listing((), filters.pop("cursor") or None)
    with _progress(limit) as advance:
        while True:
            page = await desk.list_orders(
                store,
                limit=min(_PAGE, limit - len(listing.orders)),
                cursor=listing.next_cursor or "",
                **filters,
            )
            advance(len(page.orders))
            notes = (*listing.notes, *(note for note in page.notes if note not in listing.notes))
            listing = Listing((*listing.orders, *page.orders), page.next_cursor, page.total, notes)
            if not page.next_cursor or len(listing.orders) >= limit:
                return listing


@contextmanager
def _progress(limit: int) -> Iterator[Any]:
    """A bar on stderr where several pages are fetched and a person looks on."""
    if limit <= _PAGE or not sys.stderr.isatty():
        yield lambda _orders: None
        return
    columns = (TextColumn("orders"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("orders", total=limit)
        yield lambda orders: progress.update(task, advance=orders)


def _show_counts(page: Page, counted: Counted) -> None:
    names = [field.name for field in fields(Counts)]
    page.table(
        ("store", *(name.replace("_", " ") for name in names)),
        ((one.store, *(getattr(one.counts, name) for name in names)) for one in counted.stores),
    )
    page.say(*counted.notes)


def _show_list(page: Page, found: Listing) -> None:
    if any(order.items for order in found.orders):
        page.say(WHOSE)
    stores = {order.store for order in found.orders}
    page.table(
        (
            "order",
            "store",
            "number",
            "created",
            "status",
            "payment",
            "paid by",
            "total",
            "refunded",
            "customer",
            "items",
        ),
        (
            (
                order.id,
                order.store if len(stores) > 1 else None,
                order.number if order.number != order.id else None,
                minute(order.created_at),
                order.status,
                order.payment_status,
                quoted(order.payment_method),
                shown.get("total"),
                shown.get("refunded"),
                quoted(shown.get("customer")),
                quoted(shown.get("items")),
            )
            for order, shown in ((order, row(order)) for order in found.orders)
        ),
    )
    page.say(f"{len(found.orders)} orders." if found.orders else "No orders found.", *found.notes)
    if found.next_cursor:
        page.say(f"There are more: --limit {_MOST}, or --cursor {found.next_cursor}")


def _show_order(page: Page, order: Order, shown: dict[str, Any]) -> None:
    page.say(WHOSE)
    totals = order.totals
    customer = ", ".join(shown["customer"].values())
    page.facts(
        (
            ("Order", order.id),
            ("Number", order.number),
            ("Store", order.store),
            ("Status", order.status),
            ("Payment", order.payment_status),
            ("Fulfillment", order.fulfillment_status),
            ("Paid by", quoted(order.payment_method)),
            ("Created", minute(order.created_at)),
            ("Total", totals.total),
            ("Refunded", totals.refunded if totals.refunded and totals.refunded.minor else None),
            ("Can be refunded", totals.refundable),
            ("Customer", quoted(customer)),
            ("Ships to", quoted(shown.get("shipping_address"))),
        )
    )
    page.table(
        ("item", "quantity", "title", "variant", "price"),
        (
            (item.id, item.quantity, quoted(item.title), quoted(_variant(item)), item.total or item.unit_price)
            for item in order.items
        ),
    )
    if order.refunds:
        page.table(
            ("refund", "amount", "at", "reason"),
            (
                (refund.id, refund.amount, minute(refund.created_at), quoted(refund.reason))
                for refund in order.refunds
            ),
        )
    _show_parcels(page, order)
    page.say(*(f"Note by {quoted(note.author)}: {quoted(note.text)}" for note in order.notes))
    page.say(*(f"Attention: {warning}" for warning in order.warnings))
    page.say(*(f"Assumed: {what} is {value}" for what, value in order.assumed))


def _variant(item: Any) -> str:
    words = (item.variant_name, item.variant_id, *(f"{name}: {value}" for name, value in item.options))
    return ", ".join(word for word in words if word)


def _show_parcels(page: Page, of: Order | Tracking) -> None:
    for parcel in of.shipments:
        page.facts(
            (
                ("Carrier", quoted(parcel.carrier)),
                ("Tracking number", quoted(parcel.tracking_number)),
                ("Link", quoted(parcel.tracking_url)),
                ("Parcel is", quoted(parcel.status)),
            )
        )
        if parcel.events:
            page.table(("at", "event"), ((minute(event.at), quoted(event.text)) for event in parcel.events))
