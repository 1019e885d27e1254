"""What can go wrong with each platform's shop, case by case, as its made-up shop acts it out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from clawver_orders.order import Query
from clawver_orders.platforms import MODULES
from clawver_orders.sandbox import Dialect
from clawver_orders.sandbox.clawver import READ_ONLY_KEY
from clawver_orders.sandbox.gateway import SHOPIFY, Gateway
from clawver_orders.sandbox.heidianer import READER, WRITER
from clawver_orders.sandbox.woocommerce import READ_ONLY_KEY as READ_ONLY_PAIR_KEY
from clawver_orders.sandbox.woocommerce import READ_ONLY_SECRET
from clawver_orders.sandbox.woocommerce import dialect as woocommerce
from clawver_orders.store import Store

Ask = Callable[[Store, Mapping[str, str]], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """One error: whose, what was asked, and what was wrong.

    Attributes:
        fault: Of the sandbox, as its page says.
        settings: What the store is opened with beside, or instead of, what opens it.
        dialect: Another one than as it comes.
        said: A status and a body that the sandbox never says, given by a shop of prepared answers.
    """

    platform: str
    ask: Ask
    fault: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    dialect: Callable[[], Dialect] | None = None
    said: tuple[int, object] | None = None


def _list(store: Store, _hints: Mapping[str, str]) -> Awaitable[object]:
    return store.list_orders(Query())


def _ping(store: Store, _hints: Mapping[str, str]) -> Awaitable[object]:
    return store.ping()


def _get(order: str) -> Ask:
    return lambda store, hints: store.get_order(hints.get(order, order))


def _guest(order: str, key: str = "guest_key", email: str = "guest_email") -> Ask:
    return lambda store, hints: store.guest_order(
        hints.get(order, order), hints.get(key, key), hints.get(email, email)
    )


def _copy(store: Store, hints: Mapping[str, str]) -> Awaitable[object]:
    return store.get_order(hints["shopify_order"])


def _often(store: Store, hints: Mapping[str, str]) -> Awaitable[object]:
    async def asked() -> None:
        for _ in range(26):
            await _guest("guest_order")(store, hints)

    return asked()


def _effect(store: Store, hints: Mapping[str, str]) -> Awaitable[object]:
    async def asked() -> object:
        return await store.refund_effect(await store.get_order(hints["refundable_order"]))

    return asked()


def _comment(store: Store, hints: Mapping[str, str]) -> Awaitable[object]:
    return store.comment(hints["refundable_order"], "Sent today.")


def _maintained() -> Dialect:
    made = woocommerce()
    made.maintenance = True
    return made


def _everywhere(fault: str) -> list[Case]:
    return [Case(platform, _ping, fault) for platform in MODULES]


_GUEST_ONLY: Final[Mapping[str, object]] = {"consumer_key": ..., "consumer_secret": ...}

CASES: Final = (
    # Clawver.
    Case("clawver", _list, said=(400, {"success": False, "error": {"code": "VALIDATION_ERROR", "message": ""}})),
    Case("clawver", _ping, settings={"api_key": "claw_sk_test_other_example"}),
    Case(
        "clawver",
        lambda store, _hints: store.delete_webhook("wh_example"),
        settings={"api_key": READ_ONLY_KEY},
    ),
    Case("clawver", _get("ord_example")),
    Case("clawver", _get("refundable_order"), "get:409:always"),
    *(Case("clawver", _ping, f"list:{status}:always") for status in (429, 500)),
    Case("clawver", _ping, "list:success-false:always"),
    # Heidianer.
    Case("heidianer", _list, said=(400, {"page_size": ["A valid integer is required."]})),
    Case("heidianer", lambda store, hints: store.close(hints["pending_order"])),
    Case("heidianer", _ping, settings={"token": "heidianer_other_token_example"}),
    Case("heidianer", _comment, settings={"token": "heidianer_other_token_example"}),
    Case("heidianer", _ping, settings={"token": WRITER}),
    Case("heidianer", _comment, settings={"token": READER}),
    Case("heidianer", _get("9999")),
    Case("heidianer", lambda store, _hints: store.list_orders(Query(cursor="99"))),
    Case("heidianer", _ping, said=(405, {"detail": 'Method "GET" not allowed.'})),
    *(Case("heidianer", _ping, f"list:{status}:always") for status in (409, 429, 500)),
    # The gateway, and Shopify behind it.
    Case("gateway", _ping, dialect=lambda: Gateway(login="redirect")),
    Case("gateway", _ping, dialect=lambda: Gateway(login="page")),
    Case("gateway", _get("9999")),
    Case("gateway", _get("9999"), dialect=lambda: Gateway(errors="status")),
    Case("gateway", _get("shopify:1")),
    Case("gateway", _copy, settings={"shopify": {**SHOPIFY, "access_token": "shpat_other_example"}}),
    Case("gateway", _copy, settings={"shopify": {**SHOPIFY, "shop_id": 0}}),
    Case("gateway", _copy, said=(200, {"success": False, "error": "", "status_code": 403})),
    *(Case("gateway", _list, f"list:{status}:always") for status in (401, 403, 404, 409, 429, 500)),
    Case("gateway", _list, said=(200, {"success": False, "message": ""})),
    Case("gateway", _list, said=(200, {"success": True, "message": ""})),
    # WooCommerce: the Store API, then REST v3.
    Case("woocommerce", _guest("guest_order", key="wc_order_example_other"), settings=_GUEST_ONLY),
    Case("woocommerce", _guest("guest_order", email="other@mail.example"), settings=_GUEST_ONLY),
    Case("woocommerce", _guest("registered_order"), settings=_GUEST_ONLY),
    Case("woocommerce", _guest("9999"), settings=_GUEST_ONLY),
    Case("woocommerce", _often, settings=_GUEST_ONLY, dialect=lambda: woocommerce(rate_limit=True)),
    Case("woocommerce", _ping, settings={"consumer_key": "ck_example_other"}),
    Case("woocommerce", _ping, settings={"consumer_secret": "cs_example_other"}),
    Case(
        "woocommerce",
        _comment,
        settings={"consumer_key": READ_ONLY_PAIR_KEY, "consumer_secret": READ_ONLY_SECRET},
    ),
    Case("woocommerce", _ping, "list:403:always"),
    Case("woocommerce", _effect, "gateway:403:always"),
    Case("woocommerce", _get("9999")),
    Case("woocommerce", _ping, "list:404:always"),
    Case("woocommerce", _ping, dialect=lambda: woocommerce(permalinks="plain")),
    Case("woocommerce", _ping, dialect=_maintained),
    Case("woocommerce", _list, said=(400, {"code": "rest_invalid_param", "message": "", "data": {"status": 400}})),
    Case("woocommerce", _list, said=(401, {"code": "rest_not_logged_in", "message": "", "data": {"status": 401}})),
    *(Case("woocommerce", _ping, f"list:{status}:always") for status in (429, 500)),
    # All of them.
    *_everywhere("list:502:always"),
    *_everywhere("list:html:always"),
    *_everywhere("list:302:always"),
    *_everywhere("list:truncated:always"),
    *_everywhere("list:null:always"),
    *_everywhere("list:timeout:always"),
    *_everywhere("list:reset:always"),
)
