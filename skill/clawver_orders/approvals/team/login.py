"""Signing in with OpenID Connect: the code flow with PKCE, by oauthlib; who may say yes is the settings' to say."""

import base64
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from clawver_orders.approvals.team.sealed import Flow
from clawver_orders.errors import SetupError
from clawver_orders.issuer import Claims, InvalidTokenError, Issuer

FLOW_LASTS: Final = timedelta(minutes=10)
_SCOPES: Final = ("openid", "email")


class Post(Protocol):
    """Sends a form to an address of the issuer's, once."""

    def __call__(self, url: str, *, headers: Mapping[str, str], content: bytes) -> Awaitable[tuple[int, bytes]]:
        """The status and the body of the answer; DeskError where there is none."""
        ...


class Held(Protocol):
    """A secret that is looked up when it is needed."""

    def value(self) -> str:
        """The secret; SetupError where there is none."""
        ...


class RefusedError(Exception):
    """A sign-in came to nothing; why is for the log, and holds no word that came with it."""


class NotNamedError(RefusedError):
    """Somebody signed in whom the settings do not name."""


class Login:
    """The login of one page at one issuer.

    Args:
        issuer: The issuer.
        client_id: As what the page is registered there.
        client_secret: The secret of that registration.
        people: Who may say yes: verified e-mail addresses, or subjects of the issuer.
        redirect: The page's own address that the issuer sends people back to.
        post: How its token endpoint is reached.
        now: The wall clock.

    Raises:
        SetupError: The package is not installed, or the secret is missing.
    """

    def __init__(
        self,
        issuer: Issuer,
        client_id: str,
        client_secret: Held,
        people: Collection[str],
        *,
        redirect: str,
        post: Post,
        now: Callable[[], datetime],
    ) -> None:
        try:
            from oauthlib import oauth2  # noqa: PLC0415 - an extra, which only a login needs
        except ModuleNotFoundError as error:
            raise SetupError(
                "People sign in with OpenID Connect, and the package for that is not installed",
                'Run: pip install "clawver-orders[oidc]"',
            ) from error
        client_secret.value()
        self._oauth2 = oauth2
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._people = people
        self._redirect = redirect
        self._post = post
        self._now = now

    @property
    def way(self) -> str:
        """By what people are known: a session does not outlive a change of it."""
        return json.dumps([self._issuer.url, self._client_id])

    def names(self, who: str) -> bool:
        """Whether the settings name somebody."""
        return who in self._people

    async def begin(self, to: str) -> tuple[str, Flow]:
        """Begin a sign-in.

        Args:
            to: The move that is opened afterwards; empty for the list.

        Returns:
            Where the browser goes, and what it carries meanwhile.

        Raises:
            DeskError: The issuer's metadata cannot be had.
        """
        endpoint = await self._issuer.endpoint("authorization_endpoint")
        client = self._oauth2.WebApplicationClient(self._client_id)
        verifier = client.create_code_verifier(64)
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=verifier,
            to=to,
            until=(self._now() + FLOW_LASTS).timestamp(),
        )
        # oauthlib takes https alone; an issuer on this machine, for trying, may speak http.
        scheme = urlsplit(endpoint).scheme
        uri: str = client.prepare_request_uri(
            f"https{endpoint[len(scheme) :]}",
            redirect_uri=self._redirect,
            scope=list(_SCOPES),
            state=flow.state,
            code_challenge=client.create_code_challenge(verifier, "S256"),
            code_challenge_method="S256",
            nonce=flow.nonce,
        )
        return f"{scheme}{uri.removeprefix('https')}", flow

    async def finish(self, query: str, flow: Flow) -> str:
        """Who signed in, by what the issuer sent back with them.

        Args:
            query: Of the address that the issuer sent the browser to.
            flow: What the browser carried.

        Returns:
            Who, as the settings name them.

        Raises:
            NotNamedError: The settings do not name them.
            RefusedError: Nobody signed in by this.
            DeskError: The issuer cannot be asked.
        """
        code = await self._code(query, flow)
        claims = await self._exchanged(code, flow)
        self._check(claims, flow)
        who = _found(claims, self._people)
        if who is None:
            raise NotNamedError("not one of the people in the settings")
        return who

    async def _code(self, query: str, flow: Flow) -> str:
        client = self._oauth2.WebApplicationClient(self._client_id)
        try:
            answer = client.parse_request_uri_response(f"{self._redirect}?{query}", state=flow.state)
        except (self._oauth2.OAuth2Error, ValueError) as error:
            raise RefusedError(f"the issuer's answer is none to this sign-in ({type(error).__name__})") from None
        metadata = await self._issuer.metadata()
        # RFC 9207: an answer of another issuer.
        said = metadata.get("authorization_response_iss_parameter_supported") is True or "iss" in answer
        if said and answer.get("iss") != self._issuer.url:
            raise RefusedError("an answer of another issuer")
        return str(answer["code"])

    async def _exchanged(self, code: str, flow: Flow) -> Claims:
        """What the ID token says that the issuer gives for a code."""
        metadata = await self._issuer.metadata()
        secret = self._client_secret.value()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        taken = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if isinstance(taken, list) and "client_secret_basic" in taken:
            both = f"{quote(self._client_id, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
            more = ""
        else:
            more = urlencode({"client_secret": secret})
        client = self._oauth2.WebApplicationClient(self._client_id)
        body: str = client.prepare_request_body(
            code=code, redirect_uri=self._redirect, code_verifier=flow.verifier, body=more
        )
        endpoint = await self._issuer.endpoint("token_endpoint")
        status, answer = await self._post(endpoint, headers=headers, content=body.encode())
        if status != 200:
            raise RefusedError(f"the issuer gives no token for the code (HTTP {status})")
        try:
            token = json.loads(answer)["id_token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RefusedError("the issuer gives no ID token") from None
        try:
            return await self._issuer.verify(str(token), self._client_id, kind="id")
        except InvalidTokenError as error:
            raise RefusedError(f"the ID token: {error}") from None

    def _check(self, claims: Claims, flow: Flow) -> None:
        nonce, azp = claims.every.get("nonce"), claims.every.get("azp")
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode(errors="replace"), flow.nonce.encode()
        ):
            raise RefusedError("the ID token: of another sign-in")
        audience = claims.every["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if (several or azp is not None) and azp != self._client_id:
            raise RefusedError("the ID token: made for another client")
        if "iat" not in claims.every:
            raise RefusedError("the ID token: without iat")


def _found(claims: Claims, people: Collection[str]) -> str | None:
    """Who of the people it is: an address counts if the issuer verified it, and a subject is no address."""
    email = claims.every.get("email")
    verified = claims.every.get("email_verified") is True
    for person in sorted(people):
        if "@" not in person:
            if person == claims.subject:
                return person
        # Some letters beyond ASCII become ASCII in lower case.
        elif verified and isinstance(email, str) and email.isascii() and email.lower() == person.lower():
            return person
    return None
