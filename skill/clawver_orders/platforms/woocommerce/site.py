"""Where a WordPress site answers its REST API: below ``/wp-json``, or by ``?rest_route=`` with plain permalinks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import anyio

from clawver_orders.errors import BadResponseError, DeskError
from clawver_orders.http import Http, Path, Reply, Sent, path
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
        *,
        deadline_s: float = 15.0,
    ) -> Reply:
        """GET a route such as ``/wc/v3/orders``; as Http.read.

        With plain permalinks ``/wp-json/…`` is a redirect or the front page, and without the server's rewrite rules
        a web page that says 404: then the other way is tried, and only a sound answer makes it the known one.
        """

        async def ask(*, plain: bool) -> Reply:
            if plain:
                return await self._http.read(
                    "/", params={"rest_route": route, **(params or {})}, headers=headers, deadline_s=deadline_s
                )
            return await self._http.read(
                _below("/wp-json", route), params=params, headers=headers, deadline_s=deadline_s
            )

        if self._plain is not None:
            return await ask(plain=self._plain)
        try:
            reply = await ask(plain=False)
            if reply.form == "json":
                self._plain = False
            if reply.form == "json" or reply.status != 404:
                return reply
            error = BadResponseError(
                "the shop's address answers with a web page (HTTP 404) instead of data",
                "Check that base_url is the site's own address, without /wp-json",
            )
        except BadResponseError as failed:
            error = failed
        try:
            reply = await ask(plain=True)
        except DeskError:
            raise error from None
        if reply.form != "json":
            raise error
        if reply.status == 401 and headers:
            # WooCommerce before 11.1 looks at keys only where the address has /wp-json/wc/ in it (its pull request
            # 68247), so this says nothing of the key, and nothing of the permalinks.
            raise BadResponseError(
                error.happened,
                "Check base_url; if WordPress has plain permalinks, choose another structure there: WooCommerce "
                "before 11.1 reads no keys with them",
            )
        self._plain = True
        return reply

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
