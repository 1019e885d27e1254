"""A fifth platform in one folder, to try what adding one takes: two endpoints, and orders that are paid at once.

Nothing of the product knows it. Registered by one line for the platform and one for its made-up shop.
"""

from collections.abc import Callable
from datetime import datetime

from clawver_orders.http import Http
from clawver_orders.platforms import Platform
from clawver_orders.settings import StoreSettings
from clawver_orders.settings.keys import currency_key, secret_key, url_key
from tests.toy.client import ToyStore


def _open(store: StoreSettings, http: Http, now: Callable[[], datetime]) -> ToyStore:
    del now
    return ToyStore(store.name, http, store.options["token"], store.options["currency"])


PLATFORM = Platform(
    keys=(
        url_key("The shop's address."),
        secret_key("token", "Where the shop's token is kept."),
        currency_key("In which the shop sells.", "EUR"),
    ),
    open=_open,
    capabilities=ToyStore.capabilities,
)
