"""Heidianer's words into ours: orders, their lines, parcels, addresses and remarks, and the counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from clawver_orders.money import Money
from clawver_orders.order import (
    Address,
    Counts,
    Customer,
    FulfillmentStatus,
    Item,
    Kind,
    Note,
    Order,
    PaymentStatus,
    Shipment,
    ShipmentEvent,
    Status,
    Totals,
)
from clawver_orders.platforms.fields import checked_id, json_count, json_id, json_object, json_time
from clawver_orders.platforms.heidianer.fields import BEIJING, Fields, Reading
from clawver_orders.platforms.heidianer.payment import Entries, payment_of

_FULFILLMENTS: Final[Mapping[str, FulfillmentStatus]] = {
    "pending": "unfulfilled",
    "partial": "partially_fulfilled",
    "fulfilled": "fulfilled",
}
# Of an open order whose money came in; query.py asks for the same.
_STAGES: Final[Mapping[FulfillmentStatus, Status]] = {
    "unfulfilled": "confirmed",
    "partially_fulfilled": "processing",
    "fulfilled": "shipped",
}
# "Districts of the city" stands where the city is its own province: Shanghai, Beijing, Tianjin, Chongqing.
_NO_CITY: Final = ("市辖区", "县")
_NO_PARCEL: Final = "不需要物流"
_NOTE_CAP: Final = 2_000
# The timeline's shape is in no document: the first of these that is a text is what was said.
_SAID: Final = ("comment", "text", "message", "content", "body", "title", "description")
_BY: Final = ("user", "author", "operator", "created_by")
_NAMED: Final = ("full_name", "name", "username")

View = Literal["whole", "row"]


def order_from_wire(
    body: Mapping[str, object],
    *,
    store: str,
    reading: Reading,
    asked: str | None = None,
    view: View = "whole",
    entries: Entries | None = None,
) -> Order:
    """One order of ours from one of Heidianer's.

    Args:
        body: The order object.
        store: The store's name.
        reading: With the assumed currency, since no body says one, and the present time; it gathers the warnings.
        asked: The id that was asked for.
        view: Of a row, address, parcels and remarks are not read: no list shows them.
        entries: The order's transactions; None where they were not asked for.

    Raises:
        BadResponseError: The order has no usable id, or it is another order than the one asked for.
    """
    order_id = checked_id(json_id(body.get("id")), asked)
    order = Fields(body, reading)
    raw_status = order.text("order_status", 40)
    totals = _totals(order)
    payment = payment_of(order, order_id, totals.total, entries)
    fulfillment = _fulfillment(order)
    status = _stage(order, raw_status, payment.status, fulfillment)
    parcels, beijing = ((), False) if view == "row" else _shipments(order)
    cancelled_at = order.time("cancelled_at")
    zone = (("time_zone", "Asia/Shanghai"),) if beijing else ()
    return Order(
        store=store,
        platform="heidianer",
        id=order_id,
        number=order.id("order_number"),
        status=status,
        payment_status=payment.status,
        raw_status=raw_status,
        fulfillment_status=fulfillment,
        payment_method=payment.method,
        created_at=order.time("created_at"),
        updated_at=order.time("updated_at"),
        paid_at=order.time("paid_at") or payment.paid_at,
        cancelled_at=cancelled_at,
        closed_at=order.time("closed_at"),
        customer=Customer(order.text("full_name"), order.text("email", 320), order.text("mobile", 40, cards=False)),
        shipping_address=None if view == "row" else _address(order.inside("shipping_address")),
        items=tuple(_item(line) for line in order.entries("lines") or ()),
        totals=Totals(
            subtotal=totals.subtotal,
            shipping=totals.shipping,
            discount=totals.discount,
            total=totals.total,
            refunded=payment.refunded,
            refundable=payment.refundable,
        ),
        refunds=payment.refunds,
        refunds_complete=payment.complete,
        refunding=payment.refunding,
        shipments=parcels,
        notes=() if view == "row" else _notes(order, cancelled_at),
        warnings=tuple(reading.warnings),
        assumed=(("currency", reading.currency), *zone),
    )


def _stage(order: Fields, word: str | None, payment: PaymentStatus, fulfillment: FulfillmentStatus) -> Status:
    """One status of three: what the order is, whether it is paid, whether it has left."""
    if word == "cancelled":
        return "cancelled"
    unpaid = payment in ("pending", "partially_paid")
    if word == "closed":
        if unpaid:
            order.reading.warn("The shop calls the order closed, which only paid ones can be, and it is not paid.")
        return "completed"
    if word == "open" and unpaid:
        return "pending"
    if word == "open" and payment != "unknown" and fulfillment in _STAGES:
        return _STAGES[fulfillment]
    order.reading.warn("The shop's word for the status is absent or new; it is shown as unknown.")
    return "unknown"


def _fulfillment(order: Fields) -> FulfillmentStatus:
    word = order.text("fulfillment_status", 40)
    if word is not None and word not in _FULFILLMENTS:
        order.reading.warn("The shop's word for the fulfilment is a new one; it is shown as unknown.")
    return _FULFILLMENTS.get(word or "", "unknown")


def _totals(order: Fields) -> Totals:
    """The sums. The total is items + shipping - discounts, unless somebody changed it: no field says that."""
    subtotal, shipping = order.money("total_line_items_price"), order.money("shipping_cost")
    discount, total = order.money("total_discounts"), order.money("total_price")
    if subtotal is not None and shipping is not None and discount is not None and total is not None:
        changed = total - (subtotal + shipping - discount)
        if changed.minor:
            order.reading.warn(
                f"The price was changed by {_signed(changed)}: the total is not items and shipping less discounts."
            )
    return Totals(subtotal=subtotal, shipping=shipping, discount=discount, total=total)


def _signed(money: Money) -> str:
    return f"{money}" if money.minor < 0 else f"+{money}"


def _item(line: Fields) -> Item:
    variant, product = line.inside("variant"), line.inside("product")
    name = line.text("variant_title")
    options: tuple[tuple[str, str], ...] = ()
    if variant is not None:
        pairs = (
            (option.text("title", 100), option.text("value", 100)) for option in variant.entries("options") or ()
        )
        options = tuple((title, value) for title, value in pairs if title and value)
        if name and any(value not in name for _, value in options):
            line.reading.warn(
                "An item's variant has other options now than its name says; the name is as it was ordered."
            )
    # What needs shipping is a thing; what needs none may be a file, a ticket, a service.
    kind: Kind = "physical" if line.flag("requires_shipping") else "unknown"
    title = line.text("product_title", 300) or (product.text("title", 300) if product else None)
    return Item(
        id=line.id("id") or "",
        title=title or line.text("title", 300) or "",
        kind=kind,
        quantity=line.quantity("quantity"),
        product_id=product.id("id") if product else None,
        variant_id=variant.id("id") if variant else None,
        variant_name=name or (variant.text("title") if variant else None),
        options=options,
        sku=variant.text("sku", cards=False) if variant else None,
        unit_price=line.money("price"),
        total=line.money("total_price"),
    )


def _address(address: Fields | None) -> Address | None:
    if address is None:
        return None
    region, city = address.text("province"), address.text("city")
    return Address(
        name=address.text("full_name"),
        lines=tuple(line for name in ("address1", "address2", "district") if (line := address.text(name))),
        city=region if city in _NO_CITY else city,
        region=region,
        country=address.text("country"),
        phone=address.text("mobile", 40, cards=False),
    )


def _shipments(order: Fields) -> tuple[tuple[Shipment, ...], bool]:
    """The parcels that say anything, and whether a time of theirs was without its zone."""
    needs_shipping = order.flag("requires_shipping")
    shipments: list[Shipment] = []
    beijing = False
    for parcel in order.entries("fulfillments") or ():
        if needs_shipping and parcel.body.get("tracking_company") == _NO_PARCEL:
            order.reading.warn("The order needs shipping, and the shop says that it was sent without a parcel.")
        carrier, number = parcel.text("tracking_company"), parcel.text("tracking_number", cards=False)
        url, whereabouts = parcel.address("tracking_url"), parcel.text("tracking_info")
        state = parcel.text("status", 40)
        if state == "pending" and order.body.get("fulfillment_status") == "fulfilled":
            # So it stands in the vendor's sample; it would tell a buyer the wrong thing.
            state = None
        events, naive = _events(parcel)
        if carrier or number or url or whereabouts or events:
            shipments.append(Shipment(carrier, number, url, whereabouts or state, events))
            beijing = beijing or naive
    return tuple(shipments), beijing


def _events(parcel: Fields) -> tuple[tuple[ShipmentEvent, ...], bool]:
    """The scans of Kuaidi 100: ``[{"time", "context"}]``, in Beijing's time, or such a list under ``data``."""
    inner = json_object(parcel.body.get("kd100_data"))
    entries = Fields(inner, parcel.reading).entries("data") if inner else parcel.entries("kd100_data")
    events: list[ShipmentEvent] = []
    naive = False
    for entry in entries or ():
        said = entry.body.get("time") or entry.body.get("ftime")
        at = json_time(said, BEIJING)
        naive = naive or (at is not None and json_time(said) is None)
        text = entry.text("context", 300) or entry.text("status", 300)
        if text:
            events.append(ShipmentEvent(at, text))
    return tuple(events), naive


def _notes(order: Fields, cancelled_at: datetime | None) -> tuple[Note, ...]:
    """What the buyer wrote with the order, why it was cancelled, and what the timeline tells."""
    notes: list[Note] = []
    if text := order.text("note", _NOTE_CAP):
        notes.append(Note("customer", text))
    if text := order.text("cancel_reason"):
        notes.append(Note("cancellation", text, at=cancelled_at))
    for entry in order.entries("timeline") or ():
        said = next((text for name in _SAID if (text := _maybe(entry, name, _NOTE_CAP))), None)
        if said:
            notes.append(
                Note(_author(entry), said, json_id(entry.body.get("id")), json_time(entry.body.get("created_at")))
            )
    return tuple(notes)


def _author(entry: Fields) -> str:
    """Who wrote it: ``customer`` for the buyer, a name of the shop's people where one is said, else ``shop``."""
    if json_object(entry.body.get("customer")) is not None:
        return "customer"
    for name in _BY:
        who = json_object(entry.body.get(name))
        named = [_maybe(Fields(who, entry.reading), part, 80) for part in _NAMED] if who else []
        if found := next((text for text in (*named, _maybe(entry, name, 80)) if text), None):
            return found
    return "shop"


def _maybe(entry: Fields, name: str, cap: int) -> str | None:
    """A text where there is one; nothing is warned about where no document says what should be."""
    return entry.text(name, cap) if isinstance(entry.body.get(name), str) else None


def counts_from_wire(rows: list[object]) -> Counts:
    """How many orders there are; told by ``value``, for the titles are in two languages."""
    found: dict[str, int] = {}
    for row in rows:
        body = json_object(row) or {}
        value, count = body.get("value"), json_count(body.get("count"))
        if isinstance(value, str) and count is not None:
            found[value] = count
    return Counts(
        all=found.get("count"),
        pending_payment=found.get("pending_payment"),
        pending_fulfillment=found.get("pending_fulfillment"),
        fulfilled=found.get("fulfilled"),
        cancelled=found.get("cancelled"),
        closed=found.get("closed"),
    )
