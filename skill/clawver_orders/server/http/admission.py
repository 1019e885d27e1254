"""Who is let in: whoever shows a token of the record's or the issuer's, or everybody on this machine."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import Headers

from clawver_orders.errors import DeskError
from clawver_orders.server.http.admitted import Admitted, AwayError, RefusedError, ShortError
from clawver_orders.server.http.resource import Resource
from clawver_orders.server.http.roll import Roll
from clawver_orders.server.http.visitors import Visitors
from clawver_orders.tokens import PREFIX

_AWAY_S: Final = 5


class NotAdmittedError(Exception):
    """Somebody is not let in.

    Args:
        why: For the log.
        status: Of the answer.
        words: In the answer.
        headers: Of the answer.
        logged_as: What the log calls them, where that is known.
    """

    def __init__(self, why: str, status: int, words: str, headers: Mapping[str, str], logged_as: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.words = words
        self.headers = headers
        self.logged_as = logged_as


class Admission:
    """Lets programs in.

    Args:
        roll: The tokens of the record.
        visitors: Those of the issuer, if there is one.
        resource: Says where to get one.
        open_to_all: Whether everybody on this machine is let in, without a token: a made-up shop, tried out.
    """

    def __init__(self, roll: Roll, visitors: Visitors | None, resource: Resource, *, open_to_all: bool) -> None:
        self._roll = roll
        self._visitors = visitors
        self._resource = resource
        self._open_to_all = open_to_all

    async def of(self, headers: Headers) -> Admitted:
        """Who sent a request.

        Raises:
            NotAdmittedError: They are not let in.
        """
        if self._open_to_all:
            return Admitted()
        challenge = self._resource.challenge
        try:
            return await self._shown(headers)
        except RefusedError as refused:
            error = "invalid_token" if headers.get("authorization") is not None else ""
            raise NotAdmittedError(
                str(refused),
                401,
                "Show a token of this desk: Authorization: Bearer",
                {"WWW-Authenticate": challenge(error)},
            ) from None
        except ShortError as short:
            raise NotAdmittedError(
                str(short),
                403,
                "This token is good for nothing at this desk",
                {"WWW-Authenticate": challenge("insufficient_scope")},
                short.logged_as,
            ) from None
        except AwayError as away:
            raise NotAdmittedError(str(away), 503, str(away), {"Retry-After": str(_AWAY_S)}) from None

    async def _shown(self, headers: Headers) -> Admitted:
        shown = headers.getlist("authorization")
        scheme, _, rest = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise RefusedError("no token was shown")
        token = rest.strip()
        if self._visitors is not None and not token.startswith(PREFIX):
            return await self._visitors.admit(token)
        try:
            found = await self._roll.admit(token)
        except DeskError as error:
            raise AwayError(f"The desk's record cannot be read just now ({error.code})") from None
        await self._roll.note(found)
        name = found.grant.name
        return Admitted(found.digest, found.grant, found.digest, name)
