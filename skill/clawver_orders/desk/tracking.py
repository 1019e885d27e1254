"""Where a parcel is, in a sentence that a shopkeeper can pass on."""

from clawver_orders.order import Order


def whereabouts(order: Order) -> str:
    """One sentence on where the parcels are that a shopkeeper can pass on."""
    if order.shipments:
        numbers = [shipment.tracking_number for shipment in order.shipments if shipment.tracking_number]
        if order.status == "delivered" or all(shipment.status == "delivered" for shipment in order.shipments):
            return "The parcel was delivered; if the buyer does not have it, ask the carrier."
        if numbers and order.status == "completed":
            return "The order is completed; whether the parcel arrived, its carrier knows."
        if numbers:
            return (
                f"{len(order.shipments)} parcel on its way."
                if len(order.shipments) == 1
                else (f"{len(order.shipments)} parcels on their way.")
            )
        return "A parcel is on record, without a tracking number yet."
    if order.items and all(item.kind == "digital" for item in order.items):
        return "Only downloads were ordered: there is no parcel. A new link can be made with regenerate_download."
    if order.status == "cancelled":
        return "The order was cancelled: there is no parcel."
    if order.payment_status in {"pending", "failed"}:
        return "The order is not paid: nothing is sent before that."
    if order.status in {"shipped", "delivered", "completed"} or order.fulfillment_status == "fulfilled":
        return "It was shipped, but the shop gives no tracking for it."
    return "It is not shipped yet: tracking appears once the parcel leaves."
