"""The service with its page over real sockets, people's browsers before it, and where they sign in."""

import hashlib
import os
import re
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import anyio
import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from clawver_orders import approvals
from clawver_orders.approvals.team import TeamPage, open_page
from clawver_orders.approvals.team.login import Login
from clawver_orders.events import Received
from clawver_orders.http.document import ask, fetch
from clawver_orders.issuer import Issuer
from clawver_orders.server.http import Terms, serve_http
from tests.approvals.browsing import FORM, PIN, csrf_of, words_of
from tests.counter import Counter, Key
from tests.issuing import House, _basic, encoded
from tests.service.serving import Service

# What stands before the page speaks TLS with the browser, and plain HTTP with the page.
ORIGIN: Final = "https://approve.example"
CLIENT: Final = "page-example"
SECRET: Final = "a secret for example & more"
PEOPLE: Final = frozenset({"ann@shop.example", "Lee@Shop.example", "subject-7"})


@dataclass
class Browser:
    """One person's browser: keeps cookies, follows redirects, and sends forms as browsers do."""

    address: str = ""
    origin: str = ORIGIN
    page: TeamPage | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    visited: list[str] = field(default_factory=list)

    async def send(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, /, **headers: str | None
    ) -> httpx2.Response:
        """One request to the page; a header that is None is left out."""
        sent: dict[str, str | None] = {
            "Host": urlsplit(self.origin).netloc,
            "Accept-Language": "en",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()) or None,
        }
        if fields is not None:
            sent |= {"Origin": self.origin, "Sec-Fetch-Site": "same-origin", "Content-Type": FORM}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx2.ASGITransport(app=self.page) if self.page else None
        async with httpx2.AsyncClient(trust_env=False, verify=False, timeout=30, transport=transport) as client:
            answer = await client.request(
                method,
                f"{self.address}{path}",
                content=urlencode(fields) if fields is not None else None,
                headers=[(name, value) for name, value in sent.items() if value is not None],
            )
        self._keep(answer)
        return answer

    def _keep(self, answer: httpx2.Response) -> None:
        for header in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    async def open(self, path: str, **headers: str | None) -> httpx2.Response:
        """Open an address of the page, and go where it leads, by way of the issuer too."""
        answer = await self.send("GET", path.removeprefix(self.origin), None, **headers)
        return await self._followed(answer, **headers)

    async def _followed(self, answer: httpx2.Response, **headers: str | None) -> httpx2.Response:
        for _ in range(5):
            if answer.status_code not in {302, 303}:
                return answer
            to = answer.headers["location"]
            self.visited.append(to)
            if to.startswith(("/", self.origin)):
                answer = await self.send("GET", to.removeprefix(self.origin), None, **headers)
            else:
                async with httpx2.AsyncClient(trust_env=False, verify=False) as client:
                    answer = await client.get(to)
        raise AssertionError("it leads nowhere")

    async def sign_in(self, path: str = "/", pin: str = PIN) -> httpx2.Response:
        """Open an address, and type the PIN where it is asked for."""
        page = await self.open(path)
        found = re.search(r'name="move" value="([^"]*)"', page.text)
        assert found, page.text
        answer = await self.send("POST", "/sign-in", {"move": found[1], "pin": pin})
        return await self._followed(answer)

    async def press(self, path: str, decision: str = "approve", **more: str) -> httpx2.Response:
        """Open a question, and press one of its buttons; ``more`` are further fields, such as the PIN."""
        page = await self.open(path)
        fields = {"csrf": csrf_of(page.text), "decision": decision, **more}
        return await self.send("POST", path.removeprefix(self.origin), fields)


def seen(answer: httpx2.Response) -> str:
    return words_of(answer.text)


def refused(answer: httpx2.Response, status: int, words: str) -> bool:
    return answer.status_code == status and words in seen(answer)


@dataclass
class LoginHouse(House):
    """An issuer where people sign in: whoever comes is who it says, and its ID tokens can be spoiled."""

    who: dict[str, object] = field(
        default_factory=lambda: {"sub": "subject-1", "email": "ann@shop.example", "email_verified": True}
    )
    spoil: Callable[[dict[str, Any]], str | None] = lambda claims: None
    client: str = CLIENT
    flows: dict[str, dict[str, str]] = field(default_factory=dict)
    posted: list[dict[str, str]] = field(default_factory=list)
    sent_back: dict[str, str] = field(default_factory=dict)
    forgetful: bool = False

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert set(asked["scope"].split()) == {"openid", "email"}
        code = secrets.token_urlsafe(8)
        self.flows[code] = asked
        query = {"code": code, "state": asked["state"], "iss": self.url, **self.sent_back}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(query)}", 302)

    async def _token(self, request: Request) -> Response:
        said = dict(parse_qsl((await request.body()).decode()))
        self.posted.append(said)
        shown = _basic(request) or f"{said['client_id']}:{said.get('client_secret', '')}"
        client, _, secret = shown.partition(":")
        flow = self.flows.get(said["code"]) if self.forgetful else self.flows.pop(said["code"], None)
        if (client, unquote(secret)) != (self.client, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        if (
            flow is None
            or flow["client_id"] != client
            or flow["redirect_uri"] != said["redirect_uri"]
            or flow["code_challenge"] != encoded(hashlib.sha256(said["code_verifier"].encode()).digest())
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        claims = self.claims(aud=client, nonce=flow["nonce"], scope=None, **self.who)
        token = self.spoil(claims) or self.id_token(claims)
        return JSONResponse({"access_token": "unused-example", "token_type": "Bearer", "id_token": token})

    def id_token(self, claims: Mapping[str, Any], **more: Any) -> str:
        """These very claims, signed by its key or another one."""
        return self.token(header={"typ": "JWT", **more.pop("header", {})}, **{"scope": None, **claims, **more})

    def at(self) -> Issuer:
        """The desk's view of it, over a socket."""
        return Issuer(self.url, fetch, now=self.now, awake=lambda: 0.0)

    def login(self, people: frozenset[str] = PEOPLE) -> Login:
        """The page's way to it, over a socket."""
        return Login(
            self.at(),
            CLIENT,
            Key(SECRET),
            people,
            redirect=f"{ORIGIN}/callback",
            post=partial(ask, "POST"),
            now=self.now,
        )


@dataclass
class Team:
    """A service with its page, and the page's socket."""

    service: Service
    page: TeamPage
    address: str
    token: str

    def browser(self) -> Browser:
        return Browser(self.address)

    async def state(self, move_id: str) -> str:
        move = await self.service.counter.ledger.get(move_id)
        assert move
        return str(move.state)

    async def told(self, move_id: str) -> list[tuple[str, str | None]]:
        """The history of a move: who, and what it became."""
        return [(event.by, event.to_state) for event in await self.service.counter.ledger.events(move_id)]


@asynccontextmanager
async def a_team(counter: Counter, login: Login | None = None, *, pin: bool = True) -> AsyncIterator[Team]:
    """Serve a counter with its page until the block ends; then it is told to stop as a process is."""
    service = Service(counter)
    if pin:
        await approvals.pin_of(counter.desk).choose(PIN, by="lee")
    page = await open_page(counter.desk, ORIGIN, login)
    token, port = await service.let_in(f"bot-{secrets.token_hex(3)}"), free_port()

    async def beside(_: Callable[[Sequence[Received]], Awaitable[None]]) -> None:
        await anyio.sleep_forever()

    async def serve() -> None:
        await serve_http(
            counter.desk,
            counter.ledger.tokens,
            Terms("127.0.0.1", 0, page_port=port),
            beside=beside,
            settings_wrong=lambda: "",
            page=page,
            ready=service.listening,
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await service.up.wait()
        try:
            yield Team(service, page, f"http://127.0.0.1:{port}", token)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port
