"""A shop gateway and its Shopify proxy, as the gateway's order documents describe them; they name no writes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from clawver_orders.http import Http
from clawver_orders.platforms import Platform
from clawver_orders.platforms.gateway.client import CAPABILITIES, GatewayStore
from clawver_orders.platforms.gateway.fields import ASSUMED_ZONE, Shop
from clawver_orders.platforms.gateway.keys import Shopify, shopify_key, time_zone_key
from clawver_orders.settings import Plain, StoreSettings
from clawver_orders.settings.keys import currency_key, url_key

__all__ = ["PLATFORM", "GatewayStore", "Shopify"]


def _open(store: StoreSettings, http: Http, now: Callable[[], datetime]) -> GatewayStore:
    zone = store.options.get("time_zone")
    shop = Shop(
        name=store.name,
        currency=store.options.get("currency"),
        zone=ZoneInfo(zone) if zone else ASSUMED_ZONE,
        zone_assumed=not zone,
        now=now,
    )
    return GatewayStore(shop, http, _shopify(store.options.get("shopify")))


def _shopify(given: object) -> Shopify | None:
    """What the settings say of Shopify; the sandbox says it as a plain table."""
    if isinstance(given, Mapping):
        return Shopify(given["shop_domain"], Plain(given["access_token"]), given["shop_id"])
    return given if isinstance(given, Shopify) else None


PLATFORM = Platform(
    keys=(
        url_key("The gateway's address, without /api at its end."),
        currency_key("Assumed in lists, which name none; without it lists show no totals."),
        time_zone_key(),
        shopify_key(),
    ),
    open=_open,
    capabilities=CAPABILITIES,
)
