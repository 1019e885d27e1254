"""The service as processes: how it starts and stops, and several workers on one record."""

import hashlib
import hmac
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp_types import CallToolResult, ElicitResult

from clawver_orders.refunds.machine import State
from clawver_orders.sandbox import parse_fault
from tests.approvals.desks import a_shop, own_environment
from tests.cli.terminal import at_a_terminal
from tests.issuing import AUDIENCE, House
from tests.server.serving import Era, structured, yes
from tests.service.serving import a_worker, client_at, let_in, record_of

pytestmark = pytest.mark.anyio

REFUND = {"amount": "5.00 USD", "reason": "arrived torn"}


def started(state: Path, *options: str, **more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "clawver_orders", "serve", "--http", "--port", "0", *options]
    environ = own_environment(state, "http://127.0.0.1:9") | more
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "setup: There is no token"),
        (("--sandbox", "--host", "0.0.0.0"), "setup: There is no token"),
        (("--host", "0.0.0.0"), "setup: There is no token"),
    ],
)
def test_it_does_not_start_where_anybody_could_call(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    done = started(tmp_path, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert "clawver-orders tokens add" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_says_what_is_wrong_where_the_record_is_away_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_bytes(b"no database")
    done = started(tmp_path)
    assert done.returncode == 2
    assert "setup: The refund record" in done.stderr
    assert "Traceback" not in done.stderr


async def prepared(client: Any, order_id: str) -> str:
    answer = await client.call_tool("prepare_refund", {"order_id": order_id, **REFUND})
    refund_id: str = structured(answer)["refund"]["refund_id"]
    return refund_id


async def test_two_workers_on_one_record_send_a_refund_once(tmp_path: Path, era: Era) -> None:
    """Twelve calls at once, half of them at each process, before one shop."""
    token = await let_in(record_of(tmp_path), "bot", forms=True)
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with a_worker(tmp_path, shop_url) as one, a_worker(tmp_path, shop_url) as two:
            async with client_at(one.url, token, era, lambda _: yes()) as client:
                refund_id = await prepared(client, order.id)
                async with client_at(two.url, token, era, lambda _: yes()) as other:
                    answers: list[CallToolResult] = []

                    async def execute(which: Any) -> None:
                        answers.append(await which.call_tool("execute_refund", {"refund_id": refund_id}))

                    async with anyio.create_task_group() as tasks:
                        for number in range(12):
                            tasks.start_soon(execute, (client, other)[number % 2])
                    last = structured(await other.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
            assert await anyio.to_thread.run_sync(one.stop) == 0
            assert await anyio.to_thread.run_sync(two.stop) == 0
        sends = [asked for asked in shop.requests if asked.method == "POST" and asked.path.endswith("/refund")]
    assert last["state"] == "succeeded"
    assert (len(answers), len(sends), [refund.amount for refund in order.refunds]) == (12, 1, [500])
    assert await record_of(tmp_path).verify() == ()


async def test_a_form_that_one_worker_asked_is_answered_at_another(tmp_path: Path) -> None:
    """The later era carries a form's state through the client; the key of it is the record's."""
    token = await let_in(record_of(tmp_path), "bot", forms=True)
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with a_worker(tmp_path, shop_url) as one, a_worker(tmp_path, shop_url) as two:
            async with client_at(one.url, token) as client:
                refund_id = await prepared(client, order.id)
            first = await rpc(one.url, token, {"refund_id": refund_id})
            assert first["resultType"] == "input_required"
            answered = {name: {"action": "accept", "content": {"approve": True}} for name in first["inputRequests"]}
            more = {"requestState": first["requestState"], "inputResponses": answered}
            done = await rpc(two.url, token, {"refund_id": refund_id}, **more)
            assert done["structuredContent"]["refund"]["state"] == "succeeded"
            # A form's state is only good for who was asked.
            other = await let_in(record_of(tmp_path), "other", forms=True)
            assert "code" in await rpc(two.url, other, {"refund_id": refund_id}, **more)
    assert [refund.amount for refund in order.refunds] == [500]


async def rpc(url: str, token: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """One call of execute_refund in the later era, by hand."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}},
    }
    params = {"name": "execute_refund", "arguments": arguments, "_meta": meta, **more}
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "execute_refund",
    }
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        answer = (await http.post(url, json=body, headers=headers)).json()
    found: dict[str, Any] = answer.get("result") or answer["error"]
    return found


@pytest.mark.parametrize(("era", "number"), [("auto", signal.SIGTERM), ("legacy", signal.SIGINT)])
async def test_a_signal_waits_for_a_refund_that_is_under_way(
    tmp_path: Path, era: Era, number: signal.Signals
) -> None:
    """The shop takes seconds to answer; the process leaves after the answer is in the record, and tells it."""
    token = await let_in(record_of(tmp_path), "bot", forms=True)
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        shop.faults.add(parse_fault("refund:slow:1,delay=0.004"))
        with a_worker(tmp_path, shop_url, "--log", "json") as worker:
            async with client_at(worker.url, token, era, lambda _: yes()) as client:
                refund_id = await prepared(client, order.id)
                answers: list[CallToolResult] = []

                async def execute() -> None:
                    answers.append(await client.call_tool("execute_refund", {"refund_id": refund_id}))

                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(execute)
                    with anyio.fail_after(20):
                        while not order.refunds:  # noqa: ASYNC110 - the shop tells nobody
                            await anyio.sleep(0.02)
                    worker.process.send_signal(number)
            assert await anyio.to_thread.run_sync(worker.process.wait, 40) == 0
        for line in worker.log:
            assert json.loads(line)["level"] in {"INFO", "WARNING"}, line
    assert structured(answers[0])["refund"]["state"] == "succeeded"
    move = await record_of(tmp_path).get(refund_id)
    assert move is not None
    assert move.state is State.SUCCEEDED
    assert [refund.amount for refund in order.refunds] == [500]


async def test_a_log_in_json_says_who_was_refused_and_holds_no_token_and_no_buyer(tmp_path: Path) -> None:
    token = await let_in(record_of(tmp_path), "bot")
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with a_worker(tmp_path, shop_url, "--log", "json") as worker:
            async with client_at(worker.url, token) as client:
                await client.call_tool("get_order", {"order_id": order.id})
                await client.call_tool("get_order", {"order_id": "../refund"})
            await record_of(tmp_path).tokens.revoke("bot", record_of(tmp_path)._now(), by="a test")
            async with httpx2.AsyncClient(trust_env=False) as http:
                shown = {"Authorization": f"Bearer {token}"}
                assert (await http.post(worker.url, headers=shown)).status_code == 401
            assert await anyio.to_thread.run_sync(worker.stop) == 0
        lines = [json.loads(line) for line in worker.log]
    assert any(line.get("status") == 401 and "revoked, of bot" in line["message"] for line in lines)
    whole = "".join(worker.log)
    assert token not in whole
    assert order.customer.email not in whole
    assert order.customer.name not in whole


async def test_without_sessions_older_programs_may_ask_any_worker(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[http]\nstateless = true\n")
    token = await let_in(record_of(tmp_path), "bot")
    async with a_shop() as (_, shop_url):
        options = ("--config", str(config))
        with a_worker(tmp_path, shop_url, *options) as one, a_worker(tmp_path, shop_url, *options) as two:
            params = {"name": "list_orders", "arguments": {"limit": 1}}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            headers = {
                "Authorization": f"Bearer {token}",
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
            }
            async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
                for worker in (one, two, one):
                    answer = await http.post(worker.url, json=asked, headers=headers)
                    assert "structuredContent" in answer.text
                    assert "mcp-session-id" not in answer.headers


async def test_a_person_approves_at_the_terminal_what_a_program_prepared_over_http(tmp_path: Path) -> None:
    token = await let_in(record_of(tmp_path), "bot")
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with a_worker(tmp_path, shop_url) as worker:
            async with client_at(worker.url, token, "auto", lambda _: ElicitResult(action="accept")) as client:
                refund_id = await prepared(client, order.id)
                asked = await client.call_tool("execute_refund", {"refund_id": refund_id})
                assert structured(asked)["refund"]["state"] == "prepared"
                person = partial(
                    at_a_terminal,
                    ("approve", refund_id),
                    own_environment(tmp_path, shop_url),
                    asked="Type the amount",
                    typed="5.00 USD\n",
                )
                status, shown = await anyio.to_thread.run_sync(person)
                assert (status, "Prepared by" in shown) == (0, True), shown
                done = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert (done["state"], len(order.refunds)) == ("succeeded", 1)


CONFIG = """
[stores.clawver]
platform = "clawver"
base_url = "{url}"
api_key = {{ env = "CLAW_API_KEY" }}
webhook_secret = {{ env = "HOOK_SECRET" }}
"""


async def test_the_shops_events_arrive_at_the_same_place_and_need_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: Era
) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_example")
    token = await let_in(record_of(tmp_path), "bot", "read")
    body = b'{"event":"order.paid","data":{"orderId":"ord_1"}}'
    async with a_shop() as (_, shop_url), httpx2.AsyncClient(trust_env=False, timeout=30) as sender:
        config = tmp_path / "config.toml"
        config.write_text(CONFIG.format(url=shop_url))
        with a_worker(tmp_path, shop_url, "--config", str(config)) as worker:
            hooks = worker.url.removesuffix("/mcp") + "/webhooks/clawver"
            for secret, status in (("whsec_other", 401), ("whsec_example", 200)):
                signed = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
                answer = await sender.post(hooks, content=body, headers={"X-Claw-Signature": signed})
                assert answer.status_code == status
            async with client_at(worker.url, token, era) as client:
                events = structured(await client.call_tool("list_events", {}))["events"]
            assert await anyio.to_thread.run_sync(worker.stop) == 0
    assert [event["type"] for event in events] == ["order.paid"]


async def test_with_an_issuer_it_starts_without_a_token_of_its_own(tmp_path: Path) -> None:
    """Its settings name the issuer; a program comes with an access token of that, for this desk and this shop."""
    house = House(lambda: datetime.now(UTC))
    async with house.at_home(), a_shop() as (_, shop_url):
        config = tmp_path / "config.toml"
        config.write_text(f'[http]\nissuer = "{house.url}"\naudience = "{AUDIENCE}"\n')
        state = tmp_path / "state"
        with a_worker(state, shop_url, "--config", str(config)) as worker:
            # Its clock is the real one.
            async with client_at(worker.url, house.token(scope="read")) as client:
                assert structured(await client.call_tool("list_orders", {"limit": 1}))["orders"]
            async with httpx2.AsyncClient(trust_env=False) as http:
                answer = await http.post(worker.url, headers={"Authorization": f"Bearer {house.token(aud='x')}"})
                assert answer.status_code == 401
            assert worker.stop() == 0
        assert "for another audience" in "".join(worker.log)
