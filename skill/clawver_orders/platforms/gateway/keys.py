"""The settings that only a gateway has: the zone of its clocks, and how it opens Shopify."""

import re
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from clawver_orders.platforms import Secret
from clawver_orders.settings import Key, secret
from clawver_orders.settings.keys import Place, found
from clawver_orders.settings.secret import NotAllowed

_HOST: Final = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_SHOPIFY_KEYS: Final = ("shop_domain", "access_token", "shop_id")


@dataclass(frozen=True, slots=True)
class Shopify:
    """What the gateway wants to be told before it asks Shopify.

    Attributes:
        shop_domain: The Shopify shop; never an argument of a tool, since the gateway sends any token anywhere.
        access_token: Shopify's Admin API token, looked up at each call.
        shop_id: The gateway's own number of the shop.
    """

    shop_domain: str
    access_token: Secret
    shop_id: int


def time_zone_key() -> Key:
    """The setting for the zone of times that come without one."""

    def read(value: object, _: Place) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_+/-]{1,64}", value):
            raise NotAllowed(found(value))
        try:
            ZoneInfo(value)
        except (ValueError, OSError, LookupError):  # no such name, a folder's, or no table of zones at all
            raise NotAllowed(f"{found(value)}, which this computer's table of time zones does not have") from None
        return value

    return Key(
        "time_zone",
        'a time zone such as "Asia/Shanghai" or "America/New_York"',
        "",
        "The zone of the gateway's times, which name none; without it Asia/Shanghai is assumed, and said.",
        read,
    )


def shopify_key() -> Key:
    """The setting for the Shopify shop behind the gateway."""

    def read(value: object, place: Place) -> Shopify:
        if not isinstance(value, dict):
            raise NotAllowed("a text, which is not shown" if isinstance(value, str) else found(value))
        if set(value) != set(_SHOPIFY_KEYS):
            raise NotAllowed("a table with other keys than these three")
        domain, shop_id = value["shop_domain"], value["shop_id"]
        if not isinstance(domain, str) or not _HOST.fullmatch(domain.lower()):
            raise NotAllowed(f"a table whose shop_domain is {found(domain)}")
        if isinstance(shop_id, bool) or not isinstance(shop_id, int) or not 0 <= shop_id < 10**18:
            raise NotAllowed(f"a table whose shop_id is {found(shop_id)}")
        try:
            token = secret.read(value["access_token"], place.directory, place.environ)
        except NotAllowed as error:
            raise NotAllowed(f"a table whose access_token is {error}") from None
        return Shopify(domain.lower(), token, shop_id)

    return Key(
        "shopify",
        'a table { shop_domain = "example.myshopify.com", access_token = { env = "NAME" }, shop_id = 42 }',
        "",
        "The Shopify shop behind the gateway; with it parcels, variants and refunds are read from Shopify's copy.",
        read,
    )
