"""Orders as short texts."""

import re
from collections.abc import Callable, Mapping, Sequence

from clawver_orders.server import shapes
from clawver_orders.server.render.words import Amounts, Times, joined, minute, word
from clawver_orders.server.results import said_by_status
from clawver_orders.text import quoted

_COLUMNS = (
    "store",
    "id",
    "number",
    "status",
    "payment_status",
    "fulfillment_status",
    "payment_method",
    "total",
    "refunded",
    "created_at",
    "customer",
    "items",
)


def listing(result: shapes.ListingResult) -> str:
    """Orders as tab-separated rows, one line each."""
    rows: Sequence[Mapping[str, str]] = [{**row} for row in result["orders"]]  # type: ignore[dict-item]
    amounts = Amounts(row.get(name) for row in rows for name in ("total", "refunded"))
    times = Times(row["created_at"] for row in rows if "created_at" in row)
    writers: dict[str, Callable[[str], str]] = {
        "total": amounts,
        "refunded": amounts,
        "created_at": times,
        "items": quoted,
    }
    heads = {"total": f"total {amounts.currency}".rstrip(), "created_at": times.head}
    columns = [name for name in _COLUMNS if any(name in row for row in rows)]
    lines = ["\t".join(heads.get(name, name) for name in columns) if rows else "No orders found."]
    for row in rows:
        cells = (writers.get(name, word)(row[name]) if name in row else "" for name in columns)
        lines.append("\t".join(cells))
    if "total" in result:
        lines.append(f"{result['total']} orders in all.")
    if "next_cursor" in result:
        lines.append(f"More: call again with cursor={result['next_cursor']}")
    return joined([*lines, *result["notes"]])


def _parcel(shipment: shapes.Shipment) -> list[str]:
    said = [shipment.get("carrier"), shipment.get("tracking_number"), shipment.get("status")]
    words = " ".join(word for word in (*said, shipment.get("tracking_url")) if word)
    lines = [f"Parcel: {quoted(words)}" if words else "Parcel: no tracking yet"]
    for event in shipment["events"]:
        at = f"{minute(event['at'])} " if "at" in event else ""
        lines.append(f"- {at}{quoted(event['text'])}")
    return lines


def _said(item: shapes.Item | shapes.VariantItem) -> str:
    """How many of what, as the shop calls it."""
    words = [item["title"], item.get("variant_name", "")]
    words += (f"{name}: {value}" for name, value in item.get("options", {}).items())
    times = f"{item['quantity']} x " if item["quantity"] != 1 else ""
    variant = f" variant {word(item['variant_id'])}" if "variant_id" in item else ""
    return f"{times}{quoted(', '.join(word for word in words if word))}{variant}"


def _item(item: shapes.Item, amounts: Amounts) -> str:
    line = f"{word(item['id'])}: {_said(item)}"
    if item["kind"] == "digital":
        line += " digital"
    if "sku" in item:
        line += f" sku {word(item['sku'])}"
    price = item.get("total") or item.get("unit_price")
    return f"{line} {amounts(price)}" if price else line


def _sums(totals: Mapping[str, str], amounts: Amounts) -> str:
    """The sums that say something: no zeros, and no subtotal that is the total."""
    shown = {
        name: amounts(value)
        for name, value in totals.items()
        if name in {"total", "refundable"}
        or (re.search("[1-9]", value) and not (name == "subtotal" and value == totals.get("total")))
    }
    line = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f"{line} {amounts.currency}".rstrip()


def _history(order: shapes.Order) -> str:
    """When what happened to the order; the day once where it is the same."""
    said = []
    day = ""
    for name, time in (
        ("created", order.get("created_at")),
        ("paid", order.get("paid_at")),
        ("cancelled", order.get("cancelled_at")),
        ("closed", order.get("closed_at")),
    ):
        if time:
            said.append(f"{name} {minute(time).removeprefix(day)}")
            day = f"{time[:10]} "
    return ", ".join(said)


def _note(note: shapes.Note) -> str:
    at = f" {minute(note['at'])}" if "at" in note else ""
    return f"Note by {word(note['author'])}{at}: {quoted(note['text'])}"


def notes(notes: Sequence[shapes.Note]) -> list[str]:
    """Comments on an order, each with the id by which it can be rewritten."""
    return [f"{word(note['id'])}: {_note(note)}" if "id" in note else _note(note) for note in notes]


def order(result: shapes.OrderResult) -> str:
    """One order, a line for each thing."""
    order = result["order"]
    totals: Mapping[str, str] = {**order["totals"]}  # type: ignore[dict-item]
    amounts = Amounts((*totals.values(), *(refund["amount"] for refund in order["refunds"])))
    head = f"{word(order['id'])} ({order['store']}): {order['status']}, payment {order['payment_status']}"
    if "fulfillment_status" in order and not said_by_status(order["status"], order["fulfillment_status"]):
        head += f", {order['fulfillment_status']}"
    if order.get("number", order["id"]) != order["id"]:
        head += f", number {word(order['number'])}"
    sums = _sums(totals, amounts)
    assumed = dict(order["assumed"])
    if sums and assumed.pop("currency", ""):
        sums += " (assumed)"
    lines = [head, sums, _history(order)]
    customer = " ".join(str(value) for value in order["customer"].values())
    if customer:
        lines.append(f"Customer: {word(customer)}")
    if "shipping_address" in order:
        lines.append(f"Ship to: {quoted(order['shipping_address'])}")
    if "billing_address" in order:
        lines.append(f"Bill to: {quoted(order['billing_address'])}")
    if "payment_method" in order:
        lines.append(f"Paid by: {word(order['payment_method'])}")
    lines += (_item(item, amounts) for item in order["items"])
    for shipment in order["shipments"]:
        lines += _parcel(shipment)
    for refund in order["refunds"]:
        at = f" {refund['created_at'][:10]}" if "created_at" in refund else ""
        why = f" {quoted(refund['reason'])}" if "reason" in refund else ""
        lines.append(f"Refund {word(refund['id'])}: {amounts(refund['amount'])}{at}{why}")
    lines += (_note(note) for note in order["notes"])
    lines += (f"Warning: {warning}" for warning in order["warnings"])
    if assumed:
        lines.append(f"Assumed: {', '.join(f'{name} {value}' for name, value in assumed.items())}")
    return joined(line for line in lines if line)


def tracking(result: shapes.TrackingResult) -> str:
    """Where the parcels are."""
    lines = [f"{word(result['order_id'])}: {result['status']}. {result['message']}"]
    for shipment in result["shipments"]:
        lines += _parcel(shipment)
    return joined(lines)


def variants(result: shapes.VariantsResult) -> str:
    """Which sizes were ordered."""
    lines = [f"{word(result['order_id'])}: {result['message']}"]
    lines += (f"- {word(item['item_id'])}: {_said(item)}" for item in result["items"])
    return joined(lines)


def download(result: shapes.DownloadResult) -> str:
    """A new link to a bought file."""
    lines = [f"New link, until {minute(result['expires_at'])}: {result['download_url']}"]
    if "file_name" in result:
        size = f", {result['file_size_bytes']} bytes" if "file_size_bytes" in result else ""
        lines.append(f"File: {quoted(result['file_name'])}{size}")
    lines.append("Give it to the buyer of this order only.")
    return joined(lines)


def standing(order: shapes.Standing) -> str:
    """How an order stands, in a line."""
    store = f" ({order['store']})" if "store" in order else ""
    facts = [order["status"], f"payment {order['payment_status']}"]
    facts += [order["fulfillment_status"]] if "fulfillment_status" in order else []
    facts += [order["total"]] if "total" in order else []
    facts += [f"refunded {order['refunded']}"] if "refunded" in order else []
    facts += [f"number {word(order['number'])}"] if "number" in order else []
    return f"{word(order['id'])}{store}: {', '.join(facts)}"


def public_order(result: shapes.PublicOrderResult) -> str:
    """An order as its buyer sees it."""
    order = result["order"]
    lines = [standing(order)]
    if "created_at" in order:
        lines.append(f"Created {minute(order['created_at'])}")
    if "items" in order:
        lines.append(f"Items: {quoted(order['items'])}")
    for shipment in order["shipments"]:
        lines += _parcel(shipment)
    return joined(lines)


def receipt(result: shapes.ReceiptResult) -> str:
    """What a checkout bought."""
    receipt = result["receipt"]
    lines = [f"Checkout {word(receipt['checkout_id'])}: {len(receipt['orders'])} order(s)"]
    for order in receipt["orders"]:
        total = f", {order['total']}" if "total" in order else ""
        token = f", status token {word(order['status_token'])}" if "status_token" in order else ""
        lines.append(f"{word(order['order_id'])}{total}{token}")
        for item in order["items"]:
            token = f", download token {word(item['download_token'])}" if "download_token" in item else ""
            lines.append(f"- {word(item['item_id'])}: {quoted(item['title'])}{token}")
    return joined(lines)


def counted(result: shapes.CountsResult) -> str:
    """How many orders each store has, a line each."""
    lines = []
    for counts in result["counts"]:
        numbers = {name: value for name, value in counts.items() if name != "store"}
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
        lines.append((f"{counts['store']}: " if "store" in counts else "") + (said or "the shop does not say"))
    return joined([*lines, *result["notes"]])


def transactions(result: shapes.TransactionsResult) -> str:
    """The payments and refunds of an order, a line each."""
    lines = []
    for one in result["transactions"]:
        facts = [word(one["kind"]), word(one["status"])]
        facts += [one["amount"]] if "amount" in one else []
        facts += [f"refundable {one['refundable']}"] if "refundable" in one else []
        facts += [f"by {word(one['channel'])}"] if "channel" in one else []
        facts += [minute(one["created_at"])] if "created_at" in one else []
        facts += [f"succeeded {minute(one['succeeded_at'])}"] if "succeeded_at" in one else []
        facts += [quoted(one["message"])] if "message" in one else []
        lines.append(f"{word(one['id'])}: {', '.join(facts)}")
    return joined([*(lines or ["No transactions."]), *result["notes"]])
