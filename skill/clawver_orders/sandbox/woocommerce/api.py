"""WooCommerce's operations over the shop: whose key opens what, and what is answered to whom."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal

from ..dialect import Call, Delivery, Operation, Reply
from ..shop import Event, Shop
from . import books as keeping
from . import hooks, merchant
from .books import Books
from .guest import guest_order
from .listing import page
from .problem import Problem, died, is_number

KEY: Final = "ck_example_readwrite"
SECRET: Final = "cs_example_readwrite"  # noqa: S105 - opens the made-up shop only
WEBHOOK_SECRET: Final = "woocommerce_webhook_secret_example"  # noqa: S105 - of the made-up shop only
READ_ONLY_KEY: Final = "ck_example_readonly"
READ_ONLY_SECRET: Final = "cs_example_readonly"  # noqa: S105 - as above
_SECRETS: Final = {KEY: SECRET, READ_ONLY_KEY: READ_ONLY_SECRET}
_CODES: Final = {
    400: "rest_invalid_param",
    401: "woocommerce_rest_cannot_view",
    403: "woocommerce_rest_cannot_view",
    404: "rest_no_route",
    429: "rest_too_many_requests",
    500: "internal_server_error",
    503: "wp_die",
}
_PER_WINDOW: Final = 25
_WINDOW_S: Final = 10


def dialect(
    currency: str = "USD",
    *,
    core: Literal["8.9", "10.5", "11.1"] = "10.5",
    permalinks: Literal["pretty", "plain"] = "pretty",
    rate_limit: bool = False,
) -> "WooCommerce":
    """A WooCommerce of today, with pretty permalinks and no rate limit, as it comes."""
    return WooCommerce(currency, core=core, permalinks=permalinks, rate_limit=rate_limit)


class WooCommerce:
    """WooCommerce's API over a shop.

    Args:
        currency: In which the shop sells: USD with two decimals, JPY with none, KWD with three …
        core: Which generation it is: ``8.9`` checks no e-mail in an order's first ten minutes and answers 403 to
            unknown ids; ``11.1`` looks at keys with plain permalinks too.
        permalinks: With ``plain`` ones ``/wp-json`` leads to the front page, and ``/?rest_route=`` answers.
        rate_limit: Whether the Store API lets no more than 25 calls through in ten seconds.

    Attributes:
        maintenance: Whether the site is being updated just now.
        books: What it keeps beside the shop.
    """

    name = "woocommerce"
    mount = ""
    operations = frozenset(
        {
            "index",
            "guest-order",
            "list",
            "get",
            "update",
            "list-refunds",
            "get-refund",
            "refund",
            "notes",
            "comment",
            "gateway",
        }
    )

    def __init__(self, currency: str, *, core: str, permalinks: str, rate_limit: bool) -> None:
        self.currency = currency
        self.settings: Mapping[str, object] = {
            "consumer_key": KEY,
            "consumer_secret": SECRET,
            "webhook_secret": WEBHOOK_SECRET,
        }
        self.maintenance = False
        self.books = Books(currency)
        self._core = core
        self._plain = permalinks == "plain"
        self._rate_limit = rate_limit
        self._calls: list[datetime] = []
        self._now: Callable[[], datetime] | None = None

    def stock(self, shop: Shop, hints: dict[str, str]) -> None:
        """As Dialect: shipping costs, cash on delivery, guests and customers, trash, drafts, a deleted product."""
        keeping.stock(shop, hints, self.books)
        self._now = shop.now

    # Who is let in, and where.

    def gate(self, call: Call) -> Reply | None:
        """As Dialect: maintenance, permalinks, and the Store API's rate limit, which is a 400."""
        if self.maintenance:
            return died(call, 503, "Briefly unavailable for scheduled maintenance. Check back in a minute.")
        if self._plain and call.segments[0] == "wp-json":
            path = "/".join(("", *call.segments))
            if path.endswith("/"):
                return Reply.html(200, "Welcome to the shop")
            return Reply(301, b"", (("content-type", "text/html; charset=UTF-8"), ("location", f"{path}/")))
        if call.segments == ("",) and "rest_route" not in call.query:
            return Reply.html(200, "Welcome to the shop")
        if self._rate_limit and _route(call)[:2] == ("wc", "store") and self._now is not None:
            return self._counted(self._now())
        return None

    def _counted(self, now: datetime) -> Reply | None:
        self._calls = [at for at in self._calls if (now - at).total_seconds() < _WINDOW_S]
        if len(self._calls) < _PER_WINDOW:
            self._calls.append(now)
            return None
        wait = _WINDOW_S - int((now - self._calls[0]).total_seconds())
        headers = {
            "RateLimit-Limit": _PER_WINDOW,
            "RateLimit-Remaining": 0,
            "RateLimit-Reset": int(now.timestamp()) + wait,
            "RateLimit-Retry-After": wait,
        }
        message = f"Too many requests. Please wait {wait} seconds before trying again."
        return Problem(400, "rate_limit_exceeded", message).reply(
            *((name.lower(), str(value)) for name, value in headers.items())
        )

    def failure(self, status: int) -> Reply:
        """As Dialect."""
        message = "No route was found matching the URL and request method." if status == 404 else "It failed."
        return Problem(status, _CODES.get(status, "rest_error"), message).reply()

    def operation(self, call: Call) -> Operation | None:
        """As Dialect."""
        match (call.method, *_route(call)):
            case ("GET", "wc", "store") | ("GET", "wc", "store", "v1"):
                index = {"namespace": "wc/store/v1", "routes": {}}
                return Operation("index", False, lambda _: _fields(call, Reply.json(200, index)))
            case ("GET", "wc", "store", "v1", "order", number) | ("GET", "wc", "store", "order", number):
                return self._named("guest-order", number, lambda shop: self._guest(shop, call, int(number)))
            case ("GET", "wc", "v3", "orders"):
                return self._owner(call, "list", lambda shop: page(shop, self.books, call))
            case ("GET", "wc", "v3", "payment_gateways", method):
                return self._owner(call, "gateway", lambda _: merchant.gateway(method))
            case (verb, "wc", "v3", "orders", number, *rest) if is_number(number):
                return self._of_order(call, verb, int(number), rest)
        return None

    def _of_order(self, call: Call, verb: str, number: int, rest: list[str]) -> Operation | None:
        books = self.books
        match (verb, *rest):
            case ("GET",):
                return self._owner(
                    call, "get", lambda shop: merchant.shown(books, merchant.found(shop, books, number))
                )
            case ("PUT",) | ("PATCH",) | ("POST",):
                return self._owner(
                    call, "update", lambda shop: merchant.update(shop, books, call, number), writes=True
                )
            case ("GET", "refunds"):
                return self._owner(call, "list-refunds", lambda shop: merchant.refunds(shop, books, call, number))
            case ("GET", "refunds", refund):
                return self._owner(
                    call, "get-refund", lambda shop: merchant.one_refund(shop, books, number, refund)
                )
            case ("POST", "refunds"):
                return self._owner(
                    call, "refund", lambda shop: merchant.refund(shop, books, call, number), writes=True
                )
            case ("GET", "notes"):
                return self._owner(call, "notes", lambda shop: merchant.notes(shop, books, number))
            case ("POST", "notes"):
                return self._owner(
                    call, "comment", lambda shop: merchant.comment(shop, books, call, number), writes=True
                )
        return None

    def _named(self, name: str, number: str, answer: Callable[[Shop], Reply]) -> Operation | None:
        return self._anyone(name, answer) if is_number(number) else None

    def _anyone(self, name: str, answer: Callable[[Shop], Reply], *, writes: bool = False) -> Operation:
        def told(shop: Shop) -> Reply:
            try:
                return answer(shop)
            except Problem as problem:
                return problem.reply()

        return Operation(name, writes, told)

    def _owner(self, call: Call, name: str, answer: Callable[[Shop], Reply], *, writes: bool = False) -> Operation:
        def guarded(shop: Shop) -> Reply:
            self._authenticate(call, writes=writes, lists=name == "list")
            return _fields(call, answer(shop))

        return self._anyone(name, guarded, writes=writes)

    def _authenticate(self, call: Call, *, writes: bool, lists: bool) -> None:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        by_query = call.segments[0] != "wp-json"
        try:
            key, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
        except ValueError:
            key, secret = "", ""
        if scheme.lower() != "basic" or key not in _SECRETS or (by_query and self._core != "11.1"):
            verb = "list resources" if lists else "view this resource"
            raise Problem(401, "woocommerce_rest_cannot_view", f"Sorry, you cannot {verb}.")
        if secret != _SECRETS[key]:
            raise Problem(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        if writes and key == READ_ONLY_KEY:
            raise Problem(
                401,
                "woocommerce_rest_authentication_error",
                "The API key provided does not have write permissions.",
            )

    def _guest(self, shop: Shop, call: Call, number: int) -> Reply:
        return _fields(call, guest_order(shop, self.books, call, number, old=self._core == "8.9"))

    def deliveries(self, shop: Shop, event: Event) -> list[Delivery]:
        """As Dialect: a new order is one topic, all else that happens to it the other."""
        return hooks.deliveries(self.books, shop, event)


def _route(call: Call) -> tuple[str, ...]:
    """The route that is asked for, by either way; a slash at its end does not matter."""
    if call.segments[0] == "wp-json":
        route = call.segments[1:]
    elif call.segments == ("",):
        route = tuple(call.query.get("rest_route", "").removeprefix("/").split("/"))
    else:
        return ()
    return route[:-1] if route and not route[-1] else route


def _fields(call: Call, reply: Reply) -> Reply:
    """Only the members that ``_fields`` names, as WordPress does with any answer that is no error."""
    wanted = [name for name in call.query.get("_fields", "").split(",") if name]
    if not wanted or reply.status >= 300:
        return reply
    body = json.loads(reply.body)
    few = [_only(one, wanted) for one in body] if isinstance(body, list) else _only(body, wanted)
    return Reply.json(reply.status, few, *reply.headers[1:])


def _only(body: dict[str, object], wanted: list[str]) -> dict[str, object]:
    return {name: value for name, value in body.items() if name in wanted}
