"""REST v3 with the merchant's keys: reads, writes that are as good as money, and plain writes."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final

from clawver_orders.errors import ForbiddenError, InvalidArgument, SetupError, UnsupportedError
from clawver_orders.http import Path, Reply, path
from clawver_orders.platforms import Secret
from clawver_orders.platforms.woocommerce.answers import refusal
from clawver_orders.platforms.woocommerce.site import Site
from clawver_orders.platforms.writes import answer_of, ended
from clawver_orders.store import Answer, Deadline

_ID: Final = re.compile(r"[1-9][0-9]{0,19}", re.ASCII)


class Merchant:
    """The shop to whoever has its keys.

    Args:
        store: The store's name.
        site: Where the shop answers.
        key: The consumer key, and
        secret: its secret; both are looked up at each call.
    """

    def __init__(self, store: str, site: Site, key: Secret | None, secret: Secret | None) -> None:
        self._store = store
        self._site = site
        self._keys = key, secret

    async def get(self, route: Path, params: Mapping[str, str] | None = None) -> Reply:
        """Read; as Site.read."""
        return await self._site.read(route, params, self._authorization())

    async def send(
        self, method: str, where: Callable[[], Path], body: object, may_start: Deadline
    ) -> Reply | Answer:
        """Send a write once: a complete answer that is no refusal (nor yet a yes), or how it ended otherwise."""
        return await ended(
            lambda: self._site.write(method, where(), body, self._authorization(), may_start), refusal
        )

    async def write(self, method: str, route: Path, body: object, what: str) -> Reply:
        """A plain write, sent once: what was answered, a refusal among it.

        Args:
            method: POST or PUT.
            route: Where.
            body: What.
            what: What it does, in words that complete "whether …".

        Raises:
            NotSentError: Nothing was sent.
            NetworkError: Whether it was done is not known.
            ForbiddenError: The key may only read.
        """
        sent = await self._site.write(method, route, body, self._authorization(), lambda: True)
        reply = answer_of(
            sent,
            what,
            "Look at the order with get_order",
            in_doubt=lambda reply: reply.status >= 400 and refusal(reply) is None,
        )
        if refusal(reply) == ForbiddenError.code:
            raise ForbiddenError("the key may only read", "Give the key the right to write, in the shop")
        return reply

    def _authorization(self) -> Mapping[str, str]:
        key, secret = self._keys
        if key is None and secret is None:
            raise UnsupportedError(
                f'the store "{self._store}" has no REST keys: only guests\' orders open, by key and address',
                "Set consumer_key and consumer_secret (WooCommerce, Settings, Advanced, REST API)",
            )
        if key is None or secret is None:
            names = ("consumer_secret", "consumer_key") if key is None else ("consumer_key", "consumer_secret")
            raise SetupError(
                f'the store "{self._store}" has {names[0]} and no {names[1]}',
                "Set both (WooCommerce, Settings, Advanced, REST API), or neither to open guests' orders only",
                field=names[1],
            )
        pair = f"{key.value()}:{secret.value()}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def order_route(template: str, order_id: str) -> Path:
    """A route with an order's id in it.

    Raises:
        InvalidArgument: It is no id of WordPress. ``007`` would open order 7, and be another one in our record.
    """
    if not _ID.fullmatch(order_id):
        raise InvalidArgument(
            "order_id is not an id of this shop",
            "Give the whole number as a list or an order shows it",
            field="order_id",
        )
    return path(template, order_id=order_id)
