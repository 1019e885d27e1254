"""A stop: what has claimed to send finishes, and what has not never does."""

from contextlib import suppress
from pathlib import Path

import anyio
import httpx2
import pytest

from clawver_orders.desk.results import Consent
from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import Sandbox
from clawver_orders.server import http
from tests.counter import NOON, open_counter
from tests.server.serving import Era, structured
from tests.service.serving import Service, a_service, client_at

pytestmark = pytest.mark.anyio


class Held(httpx2.AsyncBaseTransport):
    """A shop whose answers to one method wait until they are let go."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._to = httpx2.ASGITransport(app=sandbox.app)
        self.method = ""
        self.waits, self.go = anyio.Event(), anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._to.handle_async_request(request)
        if request.method == self.method:
            self.waits.set()
            await self.go.wait()
        return answer


@pytest.mark.parametrize(("method", "state"), [("GET", State.CONFIRMED), ("POST", State.SUCCEEDED)])
async def test_a_write_that_was_not_claimed_is_given_up_and_one_that_was_is_finished(
    tmp_path: Path,
    era: Era,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    method: str,
    state: State,
) -> None:
    monkeypatch.setattr(http, "_READS_S", 0.1)
    sandbox = Sandbox(seed=7, now=lambda: NOON)
    shop = Held(sandbox)
    counter = open_counter(tmp_path, sandbox=sandbox, transport=shop)
    token = await Service(counter).let_in("bot")
    refund_id = ""

    async with anyio.create_task_group() as tasks:
        async with a_service(counter) as service:
            async with client_at(service.url, token, era) as client:
                asked = {"order_id": counter.refundable, "amount": "5.00 USD", "reason": "arrived torn"}
                refund = structured(await client.call_tool("prepare_refund", asked))["refund"]
                refund_id = refund["refund_id"]
            move = await counter.desk.refunds.held(refund_id)
            await counter.desk.moves.confirmed(move, Consent(given=True, how="terminal"))

            async def execute() -> None:
                with suppress(Exception):
                    async with client_at(service.url, token, era) as client:
                        await client.call_tool("execute_refund", {"refund_id": refund_id})

            shop.method = method
            tasks.start_soon(execute)
            await shop.waits.wait()
            if method == "POST":
                # The shop answers once the service was told to stop, and waited for what only reads.
                tasks.start_soon(_let_go, shop)
        shop.go.set()
        tasks.cancel_scope.cancel()
    kept = await counter.ledger.get(refund_id)
    assert kept is not None
    assert kept.state is state
    assert counter.paid_back() == ([500] if method == "POST" else [])
    assert errors(caplog) == []


async def test_a_stop_ends_a_stream_as_a_whole_and_is_no_error_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What an older program keeps open is not torn off, which its host would take for a fault of the network."""
    counter = open_counter(tmp_path)
    token = await Service(counter).let_in("bot")
    said = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "older", "version": "1"}}
    ended = anyio.Event()

    async def follow(url: str, session: str, opened: anyio.Event) -> None:
        async with (
            httpx2.AsyncClient(trust_env=False, timeout=30) as program,
            program.stream("GET", url, headers={**said, "Mcp-Session-Id": session}) as stream,
        ):
            opened.set()
            await stream.aread()
            ended.set()

    async with anyio.create_task_group() as tasks:
        async with a_service(counter) as service:
            request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
            answer = await service.ask(token, json=request)
            opened = anyio.Event()
            tasks.start_soon(follow, service.url, answer.headers["Mcp-Session-Id"], opened)
            await opened.wait()
        await ended.wait()
    assert errors(caplog) == []


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


async def _let_go(shop: Held) -> None:
    await anyio.sleep(0.5)
    shop.go.set()
