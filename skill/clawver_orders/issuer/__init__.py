"""Verifies what an issuer signed, an access token or an ID token, with the keys that the issuer publishes.

There is no HTTP here: documents are had through a function. ``InvalidTokenError`` means that a token is not
accepted; a ``DeskError`` that nothing can be said, because the issuer's metadata or keys cannot be had::

    issuer = Issuer("https://id.example", fetch, now=now, awake=awake_clock())
    claims = await issuer.verify(token, audience="https://desk.example/mcp")            # an access token
    claims = await issuer.verify(token, audience=client_id, kind="id")                  # an ID token
    where = await issuer.endpoint("authorization_endpoint")

An ID token's ``nonce`` is the caller's to compare, with ``claims.every["nonce"]``.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio

from clawver_orders.errors import BadResponseError, DeskError, NetworkError, NotFoundError
from clawver_orders.issuer.claims import Claims, InvalidTokenError, Kind, read, strict_object

if TYPE_CHECKING:
    from clawver_orders.issuer.signature import Key

__all__ = ["Claims", "Fetch", "InvalidTokenError", "Issuer", "Kind"]

_log = logging.getLogger(__name__)
# The body of a 200; a DeskError for everything else. It ends by itself, follows no redirect and bounds the size.
Fetch = Callable[[str], Awaitable[bytes]]

# So long is believed what was read last; longer, up to the second, only while the issuer cannot be asked.
_FRESH_S: Final = 600.0
_KEPT_S: Final = 3600.0
# A key that is not known, and an issuer that does not answer, are asked about no more often.
_AGAIN_S: Final = 30.0
# … but for the first answer, without which nobody is let in.
_FIRST_AGAIN_S: Final = 5.0
_FETCH_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class _Known:
    """What the issuer published."""

    metadata: Mapping[str, object]
    keys: "tuple[Key, ...]"
    at: float


class Issuer:
    """One issuer of tokens (OpenID Connect, or OAuth with RFC 8414), its metadata and keys read when needed.

    Args:
        url: Its identifier, exactly as its tokens and its metadata say it.
        fetch: Reads a document.
        now: The wall clock, for the times in tokens.
        awake: Seconds of a clock that only goes forward, for the age of the keys.
    """

    def __init__(self, url: str, fetch: Fetch, *, now: Callable[[], datetime], awake: Callable[[], float]) -> None:
        from clawver_orders.issuer import signature  # noqa: PLC0415 - loads PyJWT, which only an issuer needs

        self.url = url
        self._signature = signature
        self._fetch = fetch
        self._now = now
        self._awake = awake
        self._known: _Known | None = None
        self._asked_at: float | None = None
        self._asking = anyio.Lock()
        self._error: DeskError | None = None

    async def verify(self, token: str, audience: str, *, kind: Kind = "access") -> Claims:
        """What a token says, if this issuer signed it for that audience and it is good now.

        Args:
            token: As it was shown.
            audience: What ``aud`` must be or contain: our address for access tokens, our client id for ID tokens.
            kind: ``access`` for what lets a program in, ``id`` for who signed in.

        Raises:
            InvalidTokenError: It is not accepted; why is for the log, and holds no word of the token.
            DeskError: The issuer's keys cannot be had, and none are kept that may still be used.
        """
        header = self._signature.header(token, kind)
        keys = header.fitting((await self._published()).keys)
        if not keys:
            # It may have been added since.
            keys = header.fitting((await self._published(again=True)).keys)
        payload = self._signature.payload(token, header, keys)
        return read(payload, issuer=self.url, audience=audience, kind=kind, now=self._now())

    async def metadata(self) -> Mapping[str, object]:
        """The issuer's own description, as it published it.

        Raises:
            DeskError: It cannot be had.
        """
        return (await self._published()).metadata

    async def endpoint(self, name: str) -> str:
        """An address of the issuer's, such as ``token_endpoint``; https, unless the issuer is on this machine.

        Raises:
            DeskError: It cannot be had, or there is none.
        """
        return _address(await self.metadata(), name, self.url)

    async def keys(self) -> int:
        """How many keys there are that tokens can be verified with.

        Raises:
            DeskError: They cannot be had.
        """
        return len((await self._published()).keys)

    async def _published(self, *, again: bool = False) -> _Known:
        """What is known; it is read anew where that is too old, or again where something was not found in it."""
        kept = self._kept()
        # What is too old still counts while somebody asks: who does not answer holds up one and not all.
        if kept and not again and (self._awake() - kept.at < _FRESH_S or not self._may_ask()):
            return kept
        # Others wait for it: it is not given up with the request that began it.
        with anyio.CancelScope(shield=True):
            async with self._asking:
                if self._may_ask():
                    await self._ask()
        if kept := self._kept():
            return kept
        raise self._error or _bad("has published nothing yet")

    def _kept(self) -> _Known | None:
        known = self._known
        return known if known and self._awake() - known.at < _KEPT_S else None

    def _may_ask(self) -> bool:
        wait = _AGAIN_S if self._known else _FIRST_AGAIN_S
        return self._asked_at is None or self._awake() - self._asked_at >= wait

    async def _ask(self) -> None:
        self._asked_at = self._awake()
        try:
            with anyio.fail_after(_FETCH_S):
                metadata = await self._describe()
                keys = await self._fetch(_address(metadata, "jwks_uri", self.url))
            self._known = _Known(metadata, self._signature.keys_of(_document(keys)), self._awake())
        except TimeoutError:
            self._error = NetworkError(
                f"{self.url} did not answer in time", "Check the issuer in the settings, and the network"
            )
        except DeskError as error:
            self._error = error
        else:
            self._error = None
            return
        left = "those that were read last still count" if self._kept() else "nobody is let in with its tokens"
        _log.warning("the issuer's keys cannot be read (%s): %s", self._error.code, left)

    async def _describe(self) -> Mapping[str, object]:
        """The metadata, where OpenID Connect has it, else where OAuth does (RFC 8414)."""
        parts = urlsplit(self.url)
        path = parts.path.rstrip("/")
        wrong: list[DeskError] = []
        for url in (
            f"{self.url.rstrip('/')}/.well-known/openid-configuration",
            f"{parts.scheme}://{parts.netloc}/.well-known/oauth-authorization-server{path}",
        ):
            try:
                metadata = _document(await self._fetch(url))
                if metadata.get("issuer") != self.url:
                    raise _bad("describes itself as another issuer")
            except NetworkError:
                raise
            except DeskError as error:
                wrong.append(error)
            else:
                return metadata
        raise next((error for error in wrong if not isinstance(error, NotFoundError)), wrong[0])


def _document(body: bytes) -> dict[str, object]:
    try:
        return strict_object(body)
    except ValueError:
        raise _bad("answers with what is no JSON object") from None


def _address(metadata: Mapping[str, object], name: str, issuer: str) -> str:
    url = metadata.get(name)
    # Whose own address is plain http is on this machine; nobody else may send us there.
    allowed = ("https://",) if issuer.lower().startswith("https:") else ("https://", "http://")
    if not isinstance(url, str) or len(url) > 2000 or not url.lower().startswith(allowed):
        raise _bad(f"names no {name} that can be used")
    return url


def _bad(happened: str) -> BadResponseError:
    return BadResponseError(
        f"the issuer {happened}", "Check the issuer in the settings: it must be exactly what its metadata says"
    )
