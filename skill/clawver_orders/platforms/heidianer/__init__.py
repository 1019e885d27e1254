"""Heidianer (嘿店, HeyShop): its order API as docs.heidianer.com describes it, read tolerantly."""

from collections.abc import Callable
from datetime import datetime

from clawver_orders.http import Http
from clawver_orders.platforms import Platform
from clawver_orders.platforms.heidianer.calls import Tokens
from clawver_orders.platforms.heidianer.capabilities import WITH_CUSTOMER_TOKEN
from clawver_orders.platforms.heidianer.client import HeidianerStore
from clawver_orders.platforms.heidianer.webhook import verify
from clawver_orders.settings import StoreSettings
from clawver_orders.settings.keys import currency_key, secret_key, url_key, word_key

__all__ = ["PLATFORM", "HeidianerStore", "Tokens"]


def _open(store: StoreSettings, http: Http, now: Callable[[], datetime]) -> HeidianerStore:
    options = store.options
    tokens = Tokens(
        options.get("token"), options.get("read_token"), options.get("write_token"), options.get("customer_token")
    )
    return HeidianerStore(store.name, http, tokens, options["currency"], now, mark_paid_by=options["mark_paid_by"])


PLATFORM = Platform(
    keys=(
        url_key("The shop's own address, https://{shop}.heidianer.com or its own domain; without /api."),
        secret_key("token", "Where a token with the scopes orders:read and orders:write is kept."),
        secret_key("read_token", "Where a token that may only read is kept; used for reads, before token."),
        secret_key("write_token", "Where a token for writes is kept; used for them, before token."),
        secret_key("customer_token", "Where a buyer's token is kept, for comments in the buyer's name."),
        word_key(
            "mark_paid_by",
            "Which of the two documented ways marks an order as paid: on the order, or by a new transaction.",
            ("order", "transaction"),
        ),
        currency_key("Assumed, since the API says none; every answer names it as assumed.", "CNY"),
    ),
    open=_open,
    capabilities=WITH_CUSTOMER_TOKEN,
    webhook=verify,
)
