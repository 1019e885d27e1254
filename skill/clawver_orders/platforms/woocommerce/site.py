"""Where a WordPress site answers its REST API: below ``/wp-json``, or by ``?rest_route=`` with plain permalinks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import anyio

from clawver_orders.errors import AuthError, BadResponseError, DeskError
from clawver_orders.http import Http, Path, Reply, Sent, path, readable
from clawver_orders.store import Deadline

_T = TypeVar("_T")


class Site:
    """One site. Which of the two ways it answers is found out by the first read, and kept.

    Args:
        http: The connections to the site's own address.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._plain: bool | None = None

    async def read(
        self,
        route: Path,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """GET a route such as ``/wc/v3/orders``; as Http.read.

        With plain permalinks ``/wp-json/…`` is a redirect or the front page, and without the server's rewrite rules
        a web page that says 404: then the other way is tried, and only a sound answer makes it the known one.
        """
        below, by_query = _below("/wp-json", route), {"rest_route": str(route), **(params or {})}
        if self._plain is not None:
            if self._plain:
                return await self._http.read("/", params=by_query, headers=headers)
            return await self._http.read(below, params=params, headers=headers)
        reply = await self._http.read(below, params=params, headers=headers, unjudged=True)
        if not _astray(reply):
            self._plain = False if reply.form == "json" else None
            return readable(reply)
        other = await self._http.read("/", params=by_query, headers=headers, unjudged=True)
        if other.form != "json":
            readable(reply)
            raise BadResponseError(
                "the shop's address answers with a web page (HTTP 404) instead of data",
                "Check that base_url is the site's own address, without /wp-json",
            )
        if other.status == 401 and headers:
            # Its pull request 68247: before, keys count only where the address has /wp-json/wc/ in it.
            raise AuthError(
                "the site has plain permalinks, and does not accept the key so",
                "Choose another structure in WordPress (Settings, Permalinks): WooCommerce before 11.1 reads no "
                "keys with plain ones; after it, check consumer_key and consumer_secret",
            )
        self._plain = True
        return readable(other)

    async def write(
        self, method: str, route: Path, body: object, headers: Mapping[str, str], may_start: Deadline
    ) -> Sent:
        """Send a write once, the way that a read found; as Http.write.

        Raises:
            DeskError: Nothing was sent: which way the site answers is not known, and the read that asks failed.
        """
        if self._plain is None:
            await self.read(path("/wc/v3/orders"), {"per_page": "1", "_fields": "id"}, headers)
        where = _below("/?rest_route=" if self._plain else "/wp-json", route)
        return await self._http.write(method, where, json=body, headers=headers, may_start=may_start)


def _astray(reply: Reply) -> bool:
    """Whether an answer is one of a site that has no /wp-json."""
    return 300 <= reply.status < 400 or (reply.form == "html" and reply.status in {200, 404})


def _below(prefix: str, route: Path) -> Path:
    made = Path(prefix + route)
    made.template = prefix + route.template
    return made


async def together(calls: Sequence[Callable[[], Awaitable[_T]]]) -> list[_T | DeskError]:
    """Make several reads at the same time: for each what came, or the error that it ended with."""
    found: dict[int, _T | DeskError] = {}

    async def make(place: int, call: Callable[[], Awaitable[_T]]) -> None:
        try:
            found[place] = await call()
        except DeskError as error:
            found[place] = error

    async with anyio.create_task_group() as tasks:
        for place, call in enumerate(calls):
            tasks.start_soon(make, place, call)
    return [found[place] for place in range(len(calls))]
