"""Several sandboxes as one ASGI app: each shop below its own first segment, the first one at the root too."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .app import Receive, Sandbox, Send


class Mall:
    """Shops of several vendors on one server, such as ``/heidianer/api/…`` and ``/woocommerce/wp-json/…``.

    Args:
        shops: By the name that stands in their addresses. What names none of them is for the first.
    """

    def __init__(self, shops: Mapping[str, Sandbox]) -> None:
        self.shops = dict(shops)
        self.first = next(iter(self.shops.values()))

    @property
    def pause(self) -> Callable[[float], Awaitable[None]]:
        """How all of them wait."""
        return self.first.pause

    @pause.setter
    def pause(self, pause: Callable[[float], Awaitable[None]]) -> None:
        for shop in self.shops.values():
            shop.pause = pause

    def add_fault(self, text: str) -> None:
        """Throw a switch: as parse_fault, with a shop's name and a slash before it for another than the first.

        Raises:
            ValueError: It is no fault, or names no shop.
        """
        name, slash, fault = text.rpartition("/")
        if slash and name not in self.shops:
            raise ValueError(f"{name!r} is no shop; there are: {', '.join(self.shops)}")
        (self.shops[name] if slash else self.first).faults.add(fault)

    async def deliver(self) -> None:
        """Send the webhooks of all shops that are queued; as Sandbox.deliver."""
        for shop in self.shops.values():
            await shop.deliver()

    async def app(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """The ASGI app; as Sandbox.app."""
        if scope["type"] != "http":
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        name, slash, rest = raw.decode("latin-1").removeprefix("/").partition("/")
        if name not in self.shops:
            await self.first.app(scope, receive, send)
            return
        below = f"{slash}{rest}" or "/"
        inner = {**scope, "raw_path": below.encode("latin-1"), "path": below}
        await self.shops[name].app(inner, receive, send)
