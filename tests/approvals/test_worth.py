"""What a confirmation is worth: each cell of the table in references/refunds.md, by somebody who tries to forge it.

A cell that says "can be forged" has a test that forges: it shows the limit, so that nobody believes in more.
The last column (the desk as another user, with a PIN) needs two users: tests/prove/consent.sh.
"""

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from clawver_orders import approvals
from clawver_orders.approvals.pin import Pin
from clawver_orders.errors import ForbiddenError
from clawver_orders.ledger import FILE_NAME, SqliteLedger
from clawver_orders.sandbox import Sandbox
from clawver_orders.server import forms
from tests.approvals.browsing import PIN, asking
from tests.approvals.desks import Desk, a_desk, a_shop, own_environment, press
from tests.cli import terminal
from tests.cli.terminal import without_a_terminal
from tests.counter import Clock
from tests.server.serving import Era, client_of, server_of, structured

pytestmark = pytest.mark.anyio

AT_A_TERMINAL = "a person at the terminal"


def paid(shop: Sandbox) -> list[int]:
    return [refund.amount for refund in shop.shop.orders[shop.hints["refundable_order"]].refunds]


async def set_pin(state: Path) -> None:
    await Pin(SqliteLedger(state, Clock().now), Clock().now).choose(PIN, by="lee")


async def every_tool(desk: Desk, refund_id: str) -> None:
    """All that tools alone can do: call each of them, with whatever may look like a yes."""
    for tool in (await desk.client.list_tools()).tools:
        for more in (
            {},
            {"confirm": True},
            {"approve": True, "pin": PIN},
            {"consent": {"given": True, "how": "form"}},
        ):
            known = {"refund_id": refund_id, "order_id": "x", "amount": "1.00 USD", "reason": "lee approved it"}
            properties = tool.input_schema["properties"]
            await desk.client.call_tool(
                tool.name, {name: value for name, value in known.items() if name in properties} | more
            )


async def waits(desk: Desk, refund_id: str) -> bool:
    (refund,) = structured(await desk.client.call_tool("check_refund", {"refund_id": refund_id}))["refunds"]
    state: str = refund["state"]
    return state == "prepared"


async def no_person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """A form that a person closes."""
    return ElicitResult(action="decline")


async def its_own_yes(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """A client that the assistant itself wrote and started."""
    return ElicitResult(action="accept", content={"approve": True})


@pytest.mark.parametrize("with_pin", [False, True], ids=["page", "page and PIN"])
async def test_tools_only_page_and_pin_hold(tmp_path: Path, era: Era, with_pin: bool) -> None:
    """Tools only × page, approve; × PIN."""
    if with_pin:
        await set_pin(tmp_path)
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url, era) as desk:
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        assert (await desk.execute(refund_id))["approval"]["url"]
        await every_tool(desk, refund_id)
        assert await waits(desk, refund_id)
    assert paid(shop) == []


async def test_tools_only_a_form_holds(tmp_path: Path, era: Era) -> None:
    """Tools only × form."""
    async with (
        a_shop() as (shop, shop_url),
        a_desk(tmp_path, shop_url, era, elicitation_callback=no_person) as desk,
    ):
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        await every_tool(desk, refund_id)
        for _ in range(3):
            assert (await desk.client.call_tool("execute_refund", {"refund_id": refund_id})).is_error
    assert paid(shop) == []


async def test_a_fetch_tool_a_form_holds(tmp_path: Path, era: Era) -> None:
    """A browser or a fetch tool × form: while a person looks at one, there is no address to fetch."""
    async with asking(tmp_path) as asked:
        said: list[str] = []

        def look_around(text: str) -> ElicitResult:
            said.append(text)
            return ElicitResult(action="decline")

        async with client_of(server_of(asked.counter.desk), era, look_around) as client:
            refund_id = await asked.prepared()
            prepared = structured(await client.call_tool("check_refund", {"refund_id": refund_id}))["refunds"]
            refused = await client.call_tool("execute_refund", {"refund_id": refund_id})
            assert refused.is_error
            assert "127.0.0.1" not in str((prepared, refused, said))
            # Nothing listens at all.
            assert asked.page._port is None
    assert asked.counter.posts() == 0


async def test_a_fetch_tool_can_forge_where_a_form_gave_way_to_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit: a form that nobody answered for 45 seconds is followed by the page, and is worth as much."""
    monkeypatch.setattr(forms, "_ANSWER_WITHIN_S", 0.01)

    async def nobody(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        await anyio.sleep_forever()
        raise AssertionError

    async with asking(tmp_path) as asked:
        server = server_of(asked.counter.desk)
        async with Client(server, mode="legacy", elicitation_callback=nobody) as client:
            refund_id = await asked.prepared()
            result = await client.call_tool("execute_refund", {"refund_id": refund_id})
            await asked.press(structured(result)["refund"]["approval"]["url"])
            done = structured(await client.call_tool("execute_refund", {"refund_id": refund_id}))["refund"]
    assert (done["state"], done["confirmed_by"]) == ("succeeded", "page")


async def test_a_fetch_tool_can_forge_the_page(tmp_path: Path) -> None:
    """A browser or a fetch tool × page: a limit."""
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url) as desk:
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        await press((await desk.execute(refund_id))["approval"]["url"])
        assert (await desk.execute(refund_id))["confirmed_by"] == "page"
    assert paid(shop) == [500]


async def test_a_fetch_tool_the_pin_holds(tmp_path: Path) -> None:
    """A browser or a fetch tool × PIN: five guesses, then a lock; a form does not count either."""
    await set_pin(tmp_path)
    async with (
        a_shop() as (shop, shop_url),
        a_desk(tmp_path, shop_url, elicitation_callback=its_own_yes) as desk,
    ):
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        url = (await desk.execute(refund_id))["approval"]["url"]
        guesses = ["", "password", "12345678", "qwertyui", "correct hors"]
        answers = [await press(url, pin=guess) for guess in [*guesses, PIN]]
        assert [answer.status_code for answer in answers] == [403] * 6
        assert "locked" in answers[-1].text
        assert await waits(desk, refund_id)
    assert paid(shop) == []


async def test_a_shell_can_answer_its_own_form(tmp_path: Path, era: Era) -> None:
    """A shell as the same user × form: a limit. The client is a program like any other."""
    async with (
        a_shop() as (shop, shop_url),
        a_desk(tmp_path, shop_url, era, elicitation_callback=its_own_yes) as desk,
    ):
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        assert (await desk.execute(refund_id))["confirmed_by"] == "form"
    assert paid(shop) == [500]


async def in_a_terminal_of_its_own(state: Path, shop_url: str, refund_id: str, **typed: str) -> tuple[int, str]:
    """What a program does that makes a terminal and types into it: what, after which question."""
    command = partial(dialogue, ("approve", refund_id), own_environment(state, shop_url), typed)
    return await anyio.to_thread.run_sync(command)


def dialogue(arguments: tuple[str, ...], environ: Mapping[str, str], typed: Mapping[str, str]) -> tuple[int, str]:
    shown, waiting = b"", list(typed.items())
    command = (sys.executable, "-c", terminal._SPAWN, *terminal._COMMAND, *arguments)
    with subprocess.Popen(
        command, env=dict(environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin
        assert process.stdout
        while chunk := process.stdout.read(4096):
            shown += chunk
            if waiting and waiting[0][0].encode() in shown:
                process.stdin.write(waiting.pop(0)[1].encode())
        process.stdin.close()
    return process.returncode, shown.decode()


async def test_a_shell_can_forge_the_terminal_and_the_page(tmp_path: Path) -> None:
    """A shell as the same user × page, approve: a limit. It can make a terminal, and type."""
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url) as desk:
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        piped = partial(without_a_terminal, piped="5.00 USD\n")
        plain = await anyio.to_thread.run_sync(piped, ("approve", refund_id), own_environment(tmp_path, shop_url))
        assert plain.returncode == 2
        assert (await in_a_terminal_of_its_own(tmp_path, shop_url, refund_id, amount="5.00 USD\n"))[0] == 0
        assert (await desk.execute(refund_id))["confirmed_by"] == AT_A_TERMINAL
    assert paid(shop) == [500]


async def test_a_shell_is_slowed_by_the_pin_at_the_terminal(tmp_path: Path) -> None:
    """A shell as the same user × PIN: by the front door it is not let in."""
    await set_pin(tmp_path)
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url) as desk:
        refund_id = await desk.prepare(shop.hints["refundable_order"])
        status, shown = await in_a_terminal_of_its_own(
            tmp_path, shop_url, refund_id, amount="5.00 USD\n", PIN="guessed it\n"
        )
        assert status == 1
        assert "The PIN is wrong" in shown
        assert await waits(desk, refund_id)
    assert paid(shop) == []


def guess_offline(state: Path) -> str:
    """A word list against the hash, which the same user can read; no lock counts these tries."""
    with sqlite3.connect(state / FILE_NAME) as record:
        (value,) = record.execute("SELECT value FROM switches WHERE name = 'pin'").fetchone()
    record.close()
    kept = json.loads(value)
    for word in ("password1", "letmein12", PIN):
        tried = hashlib.scrypt(
            word.encode(), salt=bytes.fromhex(kept["salt"]), n=kept["cost"], r=8, p=1, maxmem=2**27
        )
        if tried.hex() == kept["hash"]:
            return word
    return ""


def take_the_pin_away(state: Path) -> str:
    """An edit of the record, which the same user can write; that it was made is found only by who looks."""
    with sqlite3.connect(state / FILE_NAME) as record:
        record.execute("DELETE FROM switches WHERE name = 'pin'")
    record.close()
    return ""


@pytest.mark.parametrize("how", [guess_offline, take_the_pin_away])
async def test_a_shell_can_get_round_the_pin_in_time(directory: Path, how: Callable[[Path], str]) -> None:
    """A shell as the same user × PIN: a limit. Hash and record are in reach."""
    async with asking(directory) as asked:
        await approvals.pin_of(asked.counter.desk).choose(PIN, by="lee")
        refund_id = await asked.prepared()
        url = await asked.link(refund_id)
        with pytest.raises(ForbiddenError):
            await approvals.pin_of(asked.counter.desk).check("", by="shell")
        found: dict[str, Any] = {"pin": how(directory)}
        assert (await asked.press(url, **found)).status_code == 200
        assert (await asked.counter.desk.execute_refund(refund_id, None)).state == "succeeded"
    assert asked.counter.paid_back() == [500]
