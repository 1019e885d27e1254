"""The service over real sockets: in this process over a counter, or as a process of its own before a shop."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitRequestParams, ElicitResult
from starlette.types import ASGIApp

from clawver_orders.events import Received
from clawver_orders.issuer import Issuer
from clawver_orders.ledger import SqliteLedger, SqlLedger
from clawver_orders.server.http import Terms, serve_http
from clawver_orders.telemetry import OFF, Telemetry
from clawver_orders.tokens import Grant, Scope, Token, digest, mint
from tests.approvals.desks import own_environment
from tests.counter import Counter
from tests.server.serving import Era

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def let_in(
    ledger: SqlLedger,
    name: str,
    *scopes: Scope,
    stores: tuple[str, ...] = (),
    forms: bool = False,
    at: datetime | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Make a token as a person would; it is in no record."""
    secret = mint()
    grant = Grant(name, frozenset(scopes or ("read", "write", "refund")), frozenset(stores), forms)
    await ledger.tokens.add(
        Token(digest(secret), grant, at or datetime.now().astimezone(), expires_at), by="a test"
    )
    return secret


@asynccontextmanager
async def client_at(
    url: str,
    token: str = "",
    era: Era = "auto",
    answer: Callable[[str], ElicitResult] | None = None,
    said: Mapping[str, str] | None = None,
) -> AsyncIterator[Client]:
    """A real client of an era; with an answer it has forms. It says further headers with each request."""

    async def fill_in(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert answer is not None
        return answer(params.message)

    headers = {**(said or {}), **({"Authorization": f"Bearer {token}"} if token else {})}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http,
        Client(
            streamable_http_client(url, http_client=http),
            mode=era,
            elicitation_callback=fill_in if answer else None,
        ) as client,
    ):
        yield client


@dataclass
class Service:
    """A service in this process."""

    counter: Counter
    url: str = ""
    up: anyio.Event = field(default_factory=anyio.Event)
    wrong: str = ""
    tell: Callable[[Sequence[Received]], Awaitable[None]] | None = None

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/mcp")

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    async def let_in(self, name: str, *scopes: Scope, **more: Any) -> str:
        return await let_in(self.counter.ledger, name, *scopes, at=self.counter.clock.now(), **more)

    async def ask(self, token: str = "", **more: Any) -> httpx2.Response:
        """One plain request, as no well-behaved client would send it."""
        headers = {"Accept": "application/json, text/event-stream", **more.pop("headers", {})}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = {"method": "POST", "json": PING, **more}
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
            return await http.request(url=request.pop("url", self.url), headers=headers, **request)

    def listening(self, url: str) -> None:
        self.url = url
        self.up.set()


@asynccontextmanager
async def a_service(
    counter: Counter,
    terms: Terms | None = None,
    telemetry: Telemetry = OFF,
    webhooks: ASGIApp | None = None,
    issuer: Issuer | None = None,
) -> AsyncIterator[Service]:
    """Serve a counter until the block ends; then it is told to stop as a process is."""
    service = Service(counter)

    async def beside(tell: Callable[[Sequence[Received]], Awaitable[None]]) -> None:
        service.tell = tell
        await anyio.sleep_forever()

    async def serve() -> None:
        await serve_http(
            counter.desk,
            counter.ledger.tokens,
            terms or Terms("127.0.0.1", 0),
            beside=beside,
            settings_wrong=lambda: service.wrong,
            issuer=issuer,
            webhooks=webhooks,
            watch=telemetry.calls,
            around=telemetry.requests,
            ready=service.listening,
        )

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        await service.up.wait()
        try:
            yield service
        finally:
            os.kill(os.getpid(), signal.SIGTERM)


@dataclass
class Worker:
    """A service as a process; what it logged so far."""

    process: "subprocess.Popen[str]"
    url: str
    log: list[str]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@contextmanager
def a_worker(
    state: Path,
    shop_url: str,
    *options: str,
    program: Sequence[str] = ("-m", "clawver_orders"),
    **environ: str,
) -> Iterator[Worker]:
    """``serve --http`` on the record in a directory, before a shop; ``program`` is what Python runs for it."""
    command = [sys.executable, *program, "serve", "--http", "--port", "0", *options]
    with subprocess.Popen(
        command, env=own_environment(state, shop_url) | environ, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        log: list[str] = []
        assert process.stderr
        reading = threading.Thread(target=log.extend, args=(process.stderr,))
        try:
            for line in process.stderr:
                log.append(line)
                if found := re.search(r"listening at (\S+?)[\",\s]", line):
                    break
            else:
                raise AssertionError("it left: " + "".join(log))
            reading.start()
            yield Worker(process, found[1], log)
        finally:
            process.kill()
            process.wait()
            if reading.ident is not None:
                reading.join()


def record_of(state: Path) -> SqliteLedger:
    return SqliteLedger(state, lambda: datetime.now().astimezone())
