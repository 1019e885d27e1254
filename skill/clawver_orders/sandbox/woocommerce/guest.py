"""Who may open an order through the Store API: the one that knows its key and the address on its bill."""

from ..dialect import Call, Reply
from ..orders import Order
from ..shop import Refusal, Shop
from . import store_bodies
from .books import Books
from .problem import Problem, died

_BROKEN = "<p>There has been a critical error on this website.</p>"
# How long WooCommerce 8.9 asks a guest for no address.
_GRACE_S = 600


def guest_order(shop: Shop, books: Books, call: Call, number: int, *, old: bool) -> Reply:
    """``GET /wc/store/v1/order/{id}?key=&billing_email=``, as an anonymous caller is answered.

    Args:
        shop: The shop.
        books: What WooCommerce keeps beside it.
        call: The request.
        number: The order's id.
        old: As WooCommerce 8.9 answers.

    Raises:
        Problem: It is not opened.
    """
    stranger = Problem(403, "woocommerce_rest_invalid_user", "This order belongs to a different customer.")
    try:
        order = books.order(shop, number)
    except Refusal:
        if books.order_of_refund(shop, number) is not None:
            return died(call, 500, _BROKEN)
        if old and number:
            raise stranger from None
        raise Problem(401 if old else 404, "woocommerce_rest_invalid_order", "Invalid order ID.") from None
    if books.customer_id(order):
        raise stranger
    if call.query.get("key", "").strip() != books.key(order):
        raise Problem(401, "woocommerce_rest_invalid_order", "Invalid order ID or key provided.")
    _check_email(shop, order, call.query.get("billing_email", "").strip(), old=old)
    if old and any(item.product.id in books.deleted for item in order.items):
        return died(call, 500, _BROKEN)
    return Reply.json(200, store_bodies.order(books, order))


def _check_email(shop: Shop, order: Order, given: str, *, old: bool) -> None:
    code = "woocommerce_rest_invalid_billing_email"
    if old and (shop.now() - order.created_at).total_seconds() < _GRACE_S:
        return
    if not given and not old:
        raise Problem(401, code, "No billing email provided.")
    known = order.customer.email
    if (given != known) if old else (given.lower() != known.lower()):
        raise Problem(401, code, "Invalid billing email provided.")
