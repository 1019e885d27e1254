"""The server as a process: what it survives on stdin, and how it leaves."""

import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp_types import INVALID_PARAMS

from clawver_orders.sandbox import Sandbox, serve
from tests.server.wire import PATIENCE_S, Wire, started

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def shop(sandbox: Sandbox) -> AsyncIterator[str]:
    """A sandbox behind a real socket; its address."""
    ready = anyio.Event()
    addresses: list[str] = []

    def tell(address: str) -> None:
        addresses.append(address)
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, sandbox, "127.0.0.1", 0, tell)
        await ready.wait()
        yield addresses[0]
        tasks.cancel_scope.cancel()


async def test_the_server_survives_every_line_that_is_no_message(tmp_path: Path) -> None:
    """Hostile 18: what cannot be read is passed over, and the next call is answered."""
    call = {"jsonrpc": "2.0", "id": 900, "method": "tools/list", "params": {}}
    hostile = [
        b"\n",
        b"not json\n",
        b"{\n",
        b"null\n",
        b"[]\n",
        json.dumps([call, {**call, "id": 901}]).encode() + b"\n",
        b'{"jsonrpc": "2.0", "id": null, "method": "tools/list"}\n',
        b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "tools/list"}\n',
        b'{"jsonrpc": "1.0", "id": 902, "method": "tools/list"}\n',
        b'\xff\xfe{"jsonrpc"\x80\n',
        b'{"jsonrpc": "2.0", "id": 903, "method": "tools/call", "params": {"name": "\\ud800"}}\n',
        b"[" * 100_000 + b"\n",
        b'{"jsonrpc": "2.0", "id": 903, "method": "x", "params": {"a": "' + b"x" * 50_000_000 + b'"}}\n',
    ]
    async with started("--sandbox", home=tmp_path) as wire:
        for line in hostile:
            await wire.send(line)
            assert len((await wire.call("list_orders", limit=3))["orders"]) == 3
        await wire.write({"id": 904, "method": "tools/call", "params": {"name": 5}})
        assert (await wire.answer(904))["error"]["code"] == INVALID_PARAMS
        # Without a line's end nothing was said yet; the rest of the line makes it a message.
        await wire.send(json.dumps({**call, "id": 905}).encode())
        await wire.send(b"\n")
        assert (await wire.answer(905))["result"]["tools"]


async def test_the_same_id_twice_is_answered_twice_or_refused(tmp_path: Path) -> None:
    """Hostile 18."""
    call = {"id": 7000, "method": "tools/list", "params": {}}
    async with started("--sandbox", home=tmp_path) as wire:
        await wire.write(call)
        await wire.write(call)
        assert (await wire.answer(7000))["id"] == 7000
        assert (await wire.answer(7000))["id"] == 7000
        assert (await wire.call("list_orders", limit=1))["orders"]


async def test_a_server_without_a_key_lists_its_tools_and_says_what_is_missing(tmp_path: Path) -> None:
    keys: list[dict[str, str]] = [{}, {"CLAW_API_KEY": ""}, {"CLAW_API_KEY": "${CLAW_API_KEY}"}]
    for env in keys:
        async with started(home=tmp_path, env=env) as wire:
            tools = (await wire.answer(await wire.ask("tools/list")))["result"]["tools"]
            assert len(tools) == 14
            answer = await wire.answer(await wire.ask("tools/call", {"name": "list_orders", "arguments": {}}))
            (content,) = answer["result"]["content"]
            assert answer["result"]["isError"]
            assert content["text"].startswith("setup: ")
            assert "CLAW_API_KEY" in content["text"]
            assert "--sandbox" in content["text"]


async def test_the_server_leaves_when_the_client_does(tmp_path: Path) -> None:
    async with started("--sandbox", home=tmp_path) as wire:
        await wire.call("list_orders", limit=1)
        await wire.close_stdin()
        assert await wire.process.wait() == 0


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_the_server_leaves_at_a_signal_though_stdin_stays_open(tmp_path: Path, sign: signal.Signals) -> None:
    async with started("--sandbox", home=tmp_path) as wire:
        await wire.call("list_orders", limit=1)
        wire.process.send_signal(sign)
        assert await wire.process.wait() == 0


async def sent(wire: Wire, sandbox: Sandbox) -> tuple[str, int]:
    """Execute a refund whose answer trickles in; back once its POST reached the shop, with the call's id."""
    order_id = sandbox.hints["refundable_order"]
    refund = (await wire.call("prepare_refund", order_id=order_id, amount="5.00 USD", reason="torn"))["refund"]
    sandbox.faults.add("refund:slow,delay=0.001")
    refund_id: str = refund["refund_id"]
    call = await wire.ask("tools/call", {"name": "execute_refund", "arguments": {"refund_id": refund_id}})
    asked = await wire.read()
    assert asked["method"] == "elicitation/create"
    await wire.write({"id": asked["id"], "result": {"action": "accept", "content": {"approve": True}}})
    with anyio.fail_after(PATIENCE_S):
        while not any(seen.method == "POST" for seen in sandbox.requests):  # noqa: ASYNC110 - it cannot tell
            await anyio.sleep(0.005)
    return refund_id, call


@pytest.mark.parametrize("elicitation", [{"url": {}}, {"form": {}}, {"form": {}, "url": {}}], ids=str)
async def test_a_form_is_shown_only_where_the_client_has_forms(
    tmp_path: Path, elicitation: dict[str, dict[str, str]]
) -> None:
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address:
        env = {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": address}
        async with started(home=tmp_path, elicitation=elicitation, env=env) as wire:
            order_id = sandbox.hints["refundable_order"]
            refund = await wire.call("prepare_refund", order_id=order_id, amount="5.00 USD", reason="torn")
            refund = await wire.call("execute_refund", refund_id=refund["refund"]["refund_id"])
    assert refund["refund"]["state"] == ("succeeded" if "form" in elicitation else "prepared")
    assert sum(seen.method == "POST" for seen in sandbox.requests) == ("form" in elicitation)


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "EOF", "cancel"])
async def test_a_refund_under_way_is_recorded_before_the_server_leaves(tmp_path: Path, how: str) -> None:
    """Hostile 66: the record knows how it ended, and a new server does not send it again."""
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address:
        env = {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": address}
        async with started(home=tmp_path, env=env) as wire:
            refund_id, call = await sent(wire, sandbox)
            if how == "EOF":
                await wire.close_stdin()
            elif how == "cancel":
                await wire.write({"method": "notifications/cancelled", "params": {"requestId": call}})
                await wire.close_stdin()
            else:
                wire.process.send_signal(signal.Signals[how])
            assert await wire.process.wait() == 0
        async with started(home=tmp_path, env=env) as wire:
            (refund,) = (await wire.call("check_refund", refund_id=refund_id))["refunds"]
            assert (refund["state"], refund["money_moved"]) == ("succeeded", "yes")
            again = await wire.call("execute_refund", refund_id=refund_id)
            assert again["refund"]["state"] == "succeeded"
    assert sum(seen.method == "POST" for seen in sandbox.requests) == 1
