"""WooCommerce: its Store API, which opens a guest's order, and REST v3, which is the merchant's."""

from collections.abc import Callable
from datetime import datetime

from clawver_orders.http import Http
from clawver_orders.platforms import Platform
from clawver_orders.platforms.woocommerce.client import WITH_KEYS, WooCommerceStore
from clawver_orders.platforms.woocommerce.webhook import verify
from clawver_orders.settings import StoreSettings
from clawver_orders.settings.keys import flag_key, secret_key, url_key

__all__ = ["PLATFORM", "WooCommerceStore"]


def _open(store: StoreSettings, http: Http, now: Callable[[], datetime]) -> WooCommerceStore:
    options = store.options
    return WooCommerceStore(
        store.name,
        http,
        options.get("consumer_key"),
        options.get("consumer_secret"),
        now,
        record_only=options["record_only_refunds"],
    )


PLATFORM = Platform(
    keys=(
        url_key("The site's own address, without /wp-json."),
        secret_key("consumer_key", "Where the key of REST v3 is kept; without the pair only guests' orders open."),
        secret_key("consumer_secret", "Where its secret is kept."),
        flag_key(
            "record_only_refunds",
            "Whether a refund that the payment method cannot pay is only written down; money_moved is then no.",
        ),
    ),
    open=_open,
    capabilities=WITH_KEYS,
    webhook=verify,
)
