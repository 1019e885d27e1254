"""Clawver: its API as the vendor's skills 1.0.0 to 1.3.0 describe it, read tolerantly in both generations."""

from collections.abc import Callable
from datetime import datetime

from clawver_orders.http import Http
from clawver_orders.platforms import Platform
from clawver_orders.platforms.clawver.client import ClawverStore
from clawver_orders.platforms.clawver.webhook import verify
from clawver_orders.settings import StoreSettings
from clawver_orders.settings.keys import CLAWVER_URL, currency_key, secret_key, url_key

__all__ = ["PLATFORM", "ClawverStore"]


def _open(store: StoreSettings, http: Http, now: Callable[[], datetime]) -> ClawverStore:
    return ClawverStore(store.name, http, store.options["api_key"], store.options["currency"], now)


PLATFORM = Platform(
    keys=(
        secret_key("api_key", "Where the shop's key is kept; looked up at the first call.", "CLAW_API_KEY"),
        url_key("The shop's API; a / or /v1 at its end is taken off.", CLAWVER_URL),
        currency_key("Assumed where the API says none; every answer names it as assumed.", "USD"),
    ),
    open=_open,
    capabilities=ClawverStore.capabilities,
    webhook=verify,
)
