"""Orders as structured results: customers and tokens masked."""

from clawver_orders import order as model
from clawver_orders import text
from clawver_orders.desk import results as desk
from clawver_orders.server import shapes
from clawver_orders.server.results.words import said, text_of, time

_MASK = "***"
_SENT = frozenset({"shipped", "delivered", "completed"})


def _secret(value: str | None, *, show: bool) -> str | None:
    return value if value is None or show else _MASK


def _items_in_words(items: tuple[model.Item, ...]) -> str | None:
    words = [f"{item.quantity}x {item.title}" if item.quantity != 1 else item.title for item in items[:2]]
    if len(items) > 2:
        words.append(f"{len(items) - 2} more")
    return ", ".join(words) or None


def _customer_in_a_word(customer: model.Customer) -> str | None:
    if customer.email:
        return text.mask_email(customer.email)
    if customer.name:
        return text.mask_name(customer.name)
    return text.mask_phone(customer.phone) if customer.phone else None


def said_by_status(status: model.Status, fulfillment_status: model.FulfillmentStatus | None) -> bool:
    """Whether an order's status says already what its fulfilment status says, if that says anything."""
    return fulfillment_status in {None, "unknown"} or fulfillment_status == (
        "fulfilled" if status in _SENT else "unfulfilled"
    )


def standing(order: model.Order, *, several: bool) -> shapes.Standing:
    """How an order stands; left out are what its status or its id says already, and refunds of nothing.

    Args:
        order: The order.
        several: Whether there are several stores, so that its store is worth naming.
    """
    refunded = order.totals.refunded
    fulfillment = order.fulfillment_status
    standing: shapes.Standing = said(
        store=order.store if several else None,
        id=order.id,
        number=None if order.number == order.id else order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfillment_status=None if said_by_status(order.status, fulfillment) else fulfillment,
        payment_method=order.payment_method,
        total=text_of(order.totals.total),
        refunded=str(refunded) if refunded and refunded.minor else None,
    )
    return standing


def row(order: model.Order, *, several: bool) -> shapes.Row:
    """An order in a list."""
    row: shapes.Row = said(
        **standing(order, several=several),
        created_at=time(order.created_at),
        customer=_customer_in_a_word(order.customer),
        items=_items_in_words(order.items),
    )
    return row


def _customer(customer: model.Customer, *, full: bool) -> shapes.Customer:
    masked: shapes.Customer = said(
        name=customer.name and (customer.name if full else text.mask_name(customer.name)),
        email=customer.email and (customer.email if full else text.mask_email(customer.email)),
        phone=customer.phone and (customer.phone if full else text.mask_phone(customer.phone)),
    )
    return masked


def _address(address: model.Address | None, *, full: bool) -> str | None:
    if address is None:
        return None
    if not full:
        return text.mask_address(address.city, address.country)
    parts = (
        address.name,
        *address.lines,
        address.postal_code,
        address.city,
        address.region,
        address.country,
        address.phone,
    )
    return ", ".join(part for part in parts if part) or None


def _item(item: model.Item) -> shapes.Item:
    shown: shapes.Item = said(
        id=item.id,
        product_id=item.product_id,
        title=item.title,
        kind=item.kind,
        variant_id=item.variant_id,
        variant_name=item.variant_name,
        options=dict(item.options) or None,
        sku=item.sku,
        quantity=item.quantity,
        unit_price=text_of(item.unit_price),
        total=text_of(item.total),
    )
    return shown


def _totals(totals: model.Totals) -> shapes.Totals:
    shown: shapes.Totals = said(
        subtotal=text_of(totals.subtotal),
        shipping=text_of(totals.shipping),
        discount=text_of(totals.discount),
        tax=text_of(totals.tax),
        fees=text_of(totals.fees),
        total=text_of(totals.total),
        refunded=text_of(totals.refunded),
        refundable=text_of(totals.refundable),
    )
    return shown


def _shipments(shipments: tuple[model.Shipment, ...]) -> list[shapes.Shipment]:
    return [
        said(
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            tracking_url=shipment.tracking_url,
            status=shipment.status,
            events=[said(at=time(event.at), text=event.text) for event in shipment.events],
        )
        for shipment in shipments
    ]


def notes(notes: tuple[model.Note, ...]) -> list[shapes.Note]:
    """The comments on an order."""
    return [said(id=note.id, author=note.author, text=note.text, at=time(note.at)) for note in notes]


def order(order: model.Order, *, full: bool) -> shapes.OrderResult:
    """An order with everything; ``full`` leaves the customer unmasked."""
    shown: shapes.Order = said(
        store=order.store,
        platform=order.platform,
        id=order.id,
        number=order.number,
        status=order.status,
        raw_status=order.raw_status,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        payment_method=order.payment_method,
        created_at=time(order.created_at),
        updated_at=time(order.updated_at),
        paid_at=time(order.paid_at),
        cancelled_at=time(order.cancelled_at),
        closed_at=time(order.closed_at),
        customer=_customer(order.customer, full=full),
        shipping_address=_address(order.shipping_address, full=full),
        billing_address=_address(order.billing_address, full=full),
        items=[_item(item) for item in order.items],
        totals=_totals(order.totals),
        refunds=[
            said(
                id=refund.id,
                amount=str(refund.amount),
                reason=refund.reason,
                created_at=time(refund.created_at),
                processor_id=refund.processor_id,
            )
            for refund in order.refunds
        ],
        shipments=_shipments(order.shipments),
        notes=notes(order.notes),
        warnings=list(order.warnings),
        assumed=dict(order.assumed),
    )
    return {"order": shown}


def listing(listing: desk.Listing, *, several: bool) -> shapes.ListingResult:
    """A page of orders."""
    shown: shapes.ListingResult = said(
        orders=[row(order, several=several) for order in listing.orders],
        next_cursor=listing.next_cursor,
        total=listing.total,
        notes=list(listing.notes),
    )
    return shown


def tracking(tracking: desk.Tracking) -> shapes.TrackingResult:
    """Where the parcels are."""
    return {
        "order_id": tracking.order_id,
        "status": tracking.status,
        "shipments": _shipments(tracking.shipments),
        "message": tracking.message,
    }


def variants(variants: desk.Variants) -> shapes.VariantsResult:
    """Which sizes were ordered."""
    return {
        "order_id": variants.order_id,
        "items": [
            said(
                item_id=item.id,
                title=item.title,
                variant_id=item.variant_id,
                variant_name=item.variant_name,
                options=dict(item.options),
                quantity=item.quantity,
            )
            for item in variants.items
        ],
        "message": variants.message,
    }


def download(download: model.Download) -> shapes.DownloadResult:
    """A new link to a bought file."""
    shown: shapes.DownloadResult = said(
        download_url=download.url,
        expires_at=time(download.expires_at),
        file_name=download.file_name,
        file_size_bytes=download.file_size_bytes,
    )
    return shown


def public_order(order: model.Order, *, several: bool) -> shapes.PublicOrderResult:
    """An order as its buyer sees it."""
    return {"order": {**row(order, several=several), "shipments": _shipments(order.shipments)}}


def receipt(receipt: model.Receipt, *, show_tokens: bool) -> shapes.ReceiptResult:
    """What a checkout bought; its tokens open the buyer's pages, so they are masked unless asked for."""
    return {
        "receipt": {
            "checkout_id": receipt.checkout_id,
            "orders": [
                said(
                    order_id=order.id,
                    total=text_of(order.total),
                    status_token=_secret(order.status_token, show=show_tokens),
                    items=[
                        said(
                            item_id=item.id,
                            title=item.title,
                            download_token=_secret(item.download_token, show=show_tokens),
                        )
                        for item in order.items
                    ],
                )
                for order in receipt.orders
            ],
        }
    }


def counted(counted: desk.Counted, *, several: bool) -> shapes.CountsResult:
    """How many orders the stores have."""
    return {
        "counts": [
            said(
                store=one.store if several else None,
                all=one.counts.all,
                pending_payment=one.counts.pending_payment,
                pending_fulfillment=one.counts.pending_fulfillment,
                fulfilled=one.counts.fulfilled,
                cancelled=one.counts.cancelled,
                closed=one.counts.closed,
            )
            for one in counted.stores
        ],
        "notes": list(counted.notes),
    }


def transactions(found: desk.Transactions) -> shapes.TransactionsResult:
    """The payments and refunds of an order."""
    return {
        "transactions": [
            said(
                id=one.id,
                kind=one.kind,
                status=one.status,
                amount=text_of(one.amount),
                refundable=text_of(one.refundable),
                channel=one.channel,
                message=one.message,
                created_at=time(one.created_at),
                succeeded_at=time(one.succeeded_at),
            )
            for one in found.transactions
        ],
        "notes": list(found.notes),
    }
