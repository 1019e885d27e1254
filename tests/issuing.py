"""An issuer of the tests' own: its keys, its tokens and what it publishes, in this process or over a socket."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import anyio
import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from clawver_orders.errors import NetworkError, NotFoundError
from clawver_orders.issuer import Issuer
from clawver_orders.server.http.connection import server

URL: Final = "https://id.example/shop"
AUDIENCE: Final = "https://desk.example/mcp"
OPENID: Final = "/.well-known/openid-configuration"
OAUTH: Final = "/.well-known/oauth-authorization-server"

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def private(algorithm: str, number: int = 1, bits: int = 2048) -> Private:
    """A key that signs so; the same number is the same key."""
    return _made(algorithm, number, bits)


@cache
def _made(algorithm: str, _number: int, bits: int) -> Private:
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm.startswith("ES"):
        return ec.generate_private_key({"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1()}[algorithm])
    return rsa.generate_private_key(65537, bits)


def published(algorithm: str, key: Private, **more: object) -> dict[str, Any]:
    """A key as it stands in a set."""
    family = jwt.get_algorithm_by_name(algorithm)
    public: dict[str, Any] = family.to_jwk(key.public_key(), as_dict=True)
    return {**public, "use": "sig", "alg": algorithm, **more}


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def signed(header: bytes, payload: bytes, key: Private, algorithm: str) -> str:
    """A token of exactly these bytes, as no library would make it."""
    head = f"{encoded(header)}.{encoded(payload)}"
    family = jwt.get_algorithm_by_name(algorithm)
    return f"{head}.{encoded(family.sign(head.encode(), key))}"


@dataclass
class House:
    """One issuer.

    Attributes:
        now: Its clock.
        url: What it calls itself.
        metadata: What it says beside its name and the place of its keys.
        keys: What it publishes.
        away: Whether it answers nothing.
        asked: The addresses that were asked for.
        grants: What a program is given that signs in: claims, by the id of the program.
    """

    now: Callable[[], datetime]
    url: str = URL
    metadata: dict[str, object] = field(default_factory=dict)
    keys: list[object] = field(default_factory=lambda: [published("ES256", private("ES256"), kid="1")])
    away: bool = False
    asked: list[str] = field(default_factory=list)
    grants: dict[str, dict[str, Any]] = field(default_factory=dict)
    audiences: list[str] = field(default_factory=list)
    codes: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def documents(self) -> dict[str, object]:
        """What it publishes, by address."""
        described = {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.metadata}
        return {f"{self.url.rstrip('/')}{OPENID}": described, f"{self.url}/keys": {"keys": self.keys}}

    async def fetch(self, url: str) -> bytes:
        """As http.document.fetch."""
        self.asked.append(url)
        await anyio.lowlevel.checkpoint()
        if self.away:
            raise NetworkError("no complete answer from the issuer (time-out)", "Check the issuer")
        try:
            return json.dumps(self.documents()[url]).encode()
        except KeyError:
            raise NotFoundError("the issuer has no such document", "Check the issuer") from None

    def issuer(self, awake: Callable[[], float] = lambda: 0.0) -> Issuer:
        """The desk's view of it, without a socket."""
        return Issuer(self.url, self.fetch, now=self.now, awake=awake)

    def claims(self, **claims: object) -> dict[str, object]:
        """Those of an access token for the desk; one that is None is left out."""
        at = int(self.now().timestamp())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "bot", "iat": at, "exp": at + 300, "scope": "read"}
        return {name: value for name, value in {**usual, **claims}.items() if value is not None}

    def token(
        self,
        *,
        algorithm: str = "ES256",
        key: Private | None = None,
        header: Mapping[str, object] | None = None,
        **claims: Any,
    ) -> str:
        """A token signed by its key, or another one."""
        head = {"alg": algorithm, "typ": "at+jwt", "kid": "1", **(header or {})}
        head = {name: value for name, value in head.items() if value is not None}
        payload = json.dumps(self.claims(**claims)).encode()
        return signed(json.dumps(head).encode(), payload, key or private(algorithm), algorithm)

    # What a client of the SDK asks for, over a socket.

    async def _published(self, request: Request) -> Response:
        if self.away:
            return Response(status_code=503)
        self.asked.append(request.url.path)
        url = f"{self.url.rstrip('/')}{OPENID}" if request.url.path == OAUTH else str(request.url)
        found = self.documents().get(url)
        return JSONResponse(found) if found else Response(status_code=404)

    async def _register(self, request: Request) -> Response:
        said = json.loads(await request.body())
        return JSONResponse({**said, "client_id": "a-program-example", "client_secret": None}, 201)

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        assert asked["code_challenge_method"] == "S256"
        self.codes["code-example"] = (asked["code_challenge"], asked["resource"], asked["scope"])
        query = urlencode({"code": "code-example", "state": asked["state"], "iss": self.url})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    async def _token(self, request: Request) -> Response:
        said = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        client, _, _ = _basic(request).partition(":")
        client = client or said["client_id"]
        if said["grant_type"] == "authorization_code":
            challenge, resource, said["scope"] = self.codes.pop(said["code"])
            assert challenge == encoded(hashlib.sha256(said["code_verifier"].encode()).digest())
            assert resource == said["resource"]
        self.audiences.append(said["resource"])
        scope = {"scope": said["scope"]} if "scope" in said else {}
        claims: dict[str, Any] = {"sub": client, **scope, **self.grants.get(client, {})}
        token = self.token(aud=said["resource"], **claims)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": 300, **scope})

    @asynccontextmanager
    async def at_home(self) -> AsyncIterator[None]:
        """Be there over a socket of this machine; from then on it calls itself by that address."""
        routes = [
            Route("/register", self._register, methods=["POST"]),
            Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]),
            Route("/{document:path}", self._published),
        ]
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        (one,) = listener.listeners
        raw = one.extra(anyio.abc.SocketAttribute.raw_socket)
        self.url = f"http://127.0.0.1:{raw.getsockname()[1]}"
        self.metadata = {
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "registration_endpoint": f"{self.url}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        }
        serving = server(Starlette(routes=routes))
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(serving.serve, [raw])
            yield
            serving.should_exit = True


def _basic(request: Request) -> str:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    return base64.b64decode(shown).decode() if scheme == "Basic" else ""


async def sign_in(url: str) -> tuple[str, str]:
    """What a browser does at the issuer: the code and the state that come back."""
    async with httpx2.AsyncClient(trust_env=False) as browser:
        answer = await browser.get(url)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    return back["code"][0], back["state"][0]


def later(at: datetime, **time: float) -> int:
    """Seconds since 1970, some time after."""
    return int((at + timedelta(**time)).timestamp())
