"""The desk's words as structured results: masked, absent where unknown, in the shapes of shapes.py.

Everything that leaves for a model goes through here; the text is made of the same result, so that nothing
downstream sees a customer or a token unmasked.
"""

from datetime import datetime
from typing import Any

from clawver_orders import order as model
from clawver_orders import text
from clawver_orders.desk import results as desk
from clawver_orders.server import shapes

_MASK = "***"
_SENT = frozenset({"shipped", "delivered", "completed"})


def _said(**values: object) -> Any:
    return {key: value for key, value in values.items() if value is not None}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")


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
    """Whether an order's status says already what its fulfilment status says."""
    return fulfillment_status == ("fulfilled" if status in _SENT else "unfulfilled")


def row(order: model.Order, *, several: bool) -> shapes.Row:
    """An order in a list: what its status says already, and refunds of nothing, are left out.

    Args:
        order: The order.
        several: Whether there are several stores, so that its store is worth naming.
    """
    refunded = order.totals.refunded
    fulfillment = order.fulfillment_status
    row: shapes.Row = _said(
        store=order.store if several else None,
        id=order.id,
        number=order.number,
        status=order.status,
        payment_status=order.payment_status,
        fulfillment_status=None if said_by_status(order.status, fulfillment) else fulfillment,
        payment_method=order.payment_method,
        total=_text(order.totals.total),
        refunded=str(refunded) if refunded and refunded.minor else None,
        created_at=_time(order.created_at),
        customer=_customer_in_a_word(order.customer),
        items=_items_in_words(order.items),
    )
    return row


def _customer(customer: model.Customer, *, full: bool) -> shapes.Customer:
    masked: shapes.Customer = _said(
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
    shown: shapes.Item = _said(
        id=item.id,
        product_id=item.product_id,
        title=item.title,
        kind=item.kind,
        variant_id=item.variant_id,
        variant_name=item.variant_name,
        options=dict(item.options) or None,
        sku=item.sku,
        quantity=item.quantity,
        unit_price=_text(item.unit_price),
        total=_text(item.total),
    )
    return shown


def _totals(totals: model.Totals) -> shapes.Totals:
    shown: shapes.Totals = _said(
        subtotal=_text(totals.subtotal),
        shipping=_text(totals.shipping),
        discount=_text(totals.discount),
        tax=_text(totals.tax),
        fees=_text(totals.fees),
        total=_text(totals.total),
        refunded=_text(totals.refunded),
        refundable=_text(totals.refundable),
    )
    return shown


def _shipments(shipments: tuple[model.Shipment, ...]) -> list[shapes.Shipment]:
    return [
        _said(
            carrier=shipment.carrier,
            tracking_number=shipment.tracking_number,
            tracking_url=shipment.tracking_url,
            status=shipment.status,
            events=[_said(at=_time(event.at), text=event.text) for event in shipment.events],
        )
        for shipment in shipments
    ]


def order(order: model.Order, *, full: bool) -> shapes.OrderResult:
    """An order with everything; ``full`` leaves the customer unmasked."""
    shown: shapes.Order = _said(
        store=order.store,
        platform=order.platform,
        id=order.id,
        number=order.number,
        status=order.status,
        raw_status=order.raw_status,
        payment_status=order.payment_status,
        fulfillment_status=order.fulfillment_status,
        payment_method=order.payment_method,
        created_at=_time(order.created_at),
        updated_at=_time(order.updated_at),
        paid_at=_time(order.paid_at),
        cancelled_at=_time(order.cancelled_at),
        closed_at=_time(order.closed_at),
        customer=_customer(order.customer, full=full),
        shipping_address=_address(order.shipping_address, full=full),
        billing_address=_address(order.billing_address, full=full),
        items=[_item(item) for item in order.items],
        totals=_totals(order.totals),
        refunds=[
            _said(
                id=refund.id,
                amount=str(refund.amount),
                reason=refund.reason,
                created_at=_time(refund.created_at),
                processor_id=refund.processor_id,
            )
            for refund in order.refunds
        ],
        shipments=_shipments(order.shipments),
        notes=[_said(id=note.id, author=note.author, text=note.text, at=_time(note.at)) for note in order.notes],
        warnings=list(order.warnings),
        assumed=dict(order.assumed),
    )
    return {"order": shown}


def listing(listing: desk.Listing, *, several: bool) -> shapes.ListingResult:
    """A page of orders."""
    shown: shapes.ListingResult = _said(
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
            _said(
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
    shown: shapes.DownloadResult = _said(
        download_url=download.url,
        expires_at=_time(download.expires_at),
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
                _said(
                    order_id=order.id,
                    total=_text(order.total),
                    status_token=_secret(order.status_token, show=show_tokens),
                    items=[
                        _said(
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


def _approval(approval: desk.Approval | None) -> shapes.Approval | None:
    if approval is None:
        return None
    shown: shapes.Approval = _said(url=approval.url, expires_at=_time(approval.expires_at))
    return shown


def _refund(refund: desk.Refund) -> shapes.Refund:
    shown: shapes.Refund = _said(
        refund_id=refund.refund_id,
        store=refund.store,
        order_id=refund.order_id,
        amount=str(refund.amount),
        reason=refund.reason,
        state=refund.state.value,
        money_moved=refund.money_moved,
        remaining=_text(refund.remaining),
        processor_id=refund.processor_id,
        confirmed_by=refund.confirmed_by,
        approval=_approval(refund.approval),
        next_check_at=_time(refund.next_check_at),
        message=refund.message,
    )
    return shown


def refund(refund: desk.Refund) -> shapes.RefundResult:
    """One refund."""
    return {"refund": _refund(refund)}


def refunds(refunds: tuple[desk.Refund, ...]) -> shapes.RefundsResult:
    """Several refunds."""
    return {"refunds": [_refund(refund) for refund in refunds]}


def _webhook(webhook: model.Webhook) -> shapes.Webhook:
    shown: shapes.Webhook = _said(id=webhook.id or None, url=webhook.url, events=list(webhook.events))
    return shown


def registration(registration: desk.Registration) -> shapes.WebhookResult:
    """A webhook's registration, and where it stands."""
    action = registration.action
    return {
        "webhook": _webhook(registration.webhook),
        "action": _said(
            action_id=action.action_id,
            state=action.state.value,
            outcome=action.outcome,
            approval=_approval(action.approval),
            message=action.message,
        ),
    }


def webhooks(webhooks: tuple[model.Webhook, ...]) -> shapes.WebhooksResult:
    """Where the shop sends its events."""
    return {"webhooks": [_webhook(webhook) for webhook in webhooks]}


def deleted(webhook_id: str) -> shapes.DeletedResult:
    """A webhook that is no more."""
    return {"webhook_id": webhook_id, "message": "Deleted. The shop sends no more events there."}
