"""The main job, end to end: a sandbox shop, the server and a real MCP client, told for a shopkeeper."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import anyio
import click
import httpx2
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

_SEED: Final = 7
_COMMAND: Final = (sys.executable, "-m", "clawver_orders")

_NEXT: Final = """\
What to do next
  Try it in your own assistant, with the same made-up shop:
    clawver-orders serve --sandbox          (add it as an MCP server; README.md shows how for each program)
  Use it on your own Clawver shop: put CLAW_API_KEY into the env of that server and leave --sandbox away.
    clawver-orders doctor                   checks key, connection and settings, and says what is missing
  Break the shop on purpose, and see that nothing is paid twice:
    clawver-orders sandbox --fault refund:reset-after:1
"""


@click.command()
def demo() -> int:
    """Show the main job on a made-up shop: a parcel, a size, a download, two refunds, one with its answer lost."""
    try:
        Demo(click.echo).run()
    except DemoFailed as error:
        click.echo(f"The demo went wrong: {error}. Run clawver-orders doctor, and report it.", err=True)
        return 1
    return 0


class DemoFailed(Exception):  # noqa: N818 - told to a person as it is
    """Something in the demo went otherwise than it must."""


class Demo:
    """One run.

    Args:
        say: Prints a line.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def run(self) -> None:
        """Run it all.

        Raises:
            DemoFailed: A step went otherwise than it must.
        """
        # The server's log is for engineers; a shopkeeper reads the answers.
        with (
            Path(os.devnull).open("w") as log,
            tempfile.TemporaryDirectory(prefix="clawver-orders-demo-") as state,
            _sandbox() as shop,
        ):
            anyio.run(self._conversation, shop, state, log)

    async def _conversation(self, shop: str, state: str, log: TextIO) -> None:
        self._say("A made-up shop is running, and beside it the order desk, as an assistant's program starts it.")
        self._say("Everything below goes through a real MCP client over stdin and stdout. No real money.\n")
        environ = {**os.environ, "CLAW_API_KEY": "", "CLAW_API_URL": shop, "CLAWVER_ORDERS_HOME": state}
        server = StdioServerParameters(command=_COMMAND[0], args=[*_COMMAND[1:], "serve", "--sandbox"], env=environ)
        ids = _get(shop, "")["try"]
        async with Client(stdio_client(server, errlog=log), elicitation_callback=self._person) as client:
            desk = _Desk(client, self._say)
            await self._everyday(desk, ids)
            await self._refund(desk, shop, ids)
            await self._lost_answer(desk, shop, ids)
        self._say(_NEXT)

    async def _everyday(self, desk: "_Desk", ids: Mapping[str, str]) -> None:
        self._say("1. What was paid today? (downloads too: they are delivered at once)")
        await desk.call(
            "list_orders", after=datetime.now(UTC).astimezone().date().isoformat(), payment_status="paid"
        )
        self._say("2. Where is the parcel?")
        await desk.call("track_order", order_id=ids["shipped_order"])
        self._say("3. The shirt does not fit: which size was ordered?")
        await desk.call("lookup_variants", order_id=ids["wrong_size_order"])
        self._say("4. The download link is gone: a new one.")
        await desk.call("regenerate_download", order_id=ids["digital_order"], item_id=ids["digital_item"])

    async def _refund(self, desk: "_Desk", shop: str, ids: Mapping[str, str]) -> None:
        self._say("5. Give a part of the money back. Preparing it moves nothing …")
        refund = await desk.refund(ids["refundable_order"], "5.00 USD", "The print arrived with a torn corner")
        self._say("   … and executing it asks a person first, in a form that the server wrote:")
        done = await desk.call("execute_refund", refund_id=refund["refund_id"])
        _expect(done["refund"]["state"] == "succeeded", "the refund did not succeed")
        _expect(_refunds_sent(shop) == 1, "the shop did not get one refund")

    async def _lost_answer(self, desk: "_Desk", shop: str, ids: Mapping[str, str]) -> None:
        self._say("6. Now the worst: the shop refunds, and its answer is lost on the way.")
        _put(shop, "faults", {"faults": [{"operation": "refund", "kind": "reset", "when": "after", "times": 1}]})
        refund = await desk.refund(ids["digital_order"], "full", "The file does not open")
        lost = await desk.call("execute_refund", refund_id=refund["refund_id"])
        _expect(lost["refund"]["money_moved"] == "unknown", "a lost answer was not called unknown")
        self._say("   An assistant tries again, in other words. The desk does not let it:")
        await desk.call(
            "prepare_refund", order_id=ids["digital_order"], amount="full", reason="Please refund again"
        )
        self._say("   Later the desk looks at the shop, and recognises its own refund by the mark in the reason:")
        found = await desk.call("check_refund", refund_id=refund["refund_id"])
        _expect(found["refunds"][0]["state"] == "succeeded", "the refund was not recognised")
        sent = _refunds_sent(shop)
        _expect(sent == 2, "a refund was sent twice")
        self._say(
            f"   By the shop's own log: two refunds were confirmed, and {sent} arrived. Nothing was paid twice.\n"
        )

    async def _person(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        self._say(_indented(params.message, "   ┃ "))
        self._say("   ┃ → a person says yes (in this demo the script does)\n")
        return ElicitResult(action="accept", content={"approve": True})


class _Desk:
    """The tools, as a client calls them, each call and its answer printed."""

    def __init__(self, client: Client, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say

    async def call(self, tool: str, **arguments: str) -> dict[str, Any]:
        self._say(f"   > {tool} {json.dumps(arguments, ensure_ascii=False)}")
        result = await self._client.call_tool(tool, arguments)
        if not isinstance(result, CallToolResult):
            raise DemoFailed(f"{tool} did not end")
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        self._say(_indented(text, "   "))
        self._say("")
        return dict(result.structured_content or {})

    async def refund(self, order_id: str, amount: str, reason: str) -> dict[str, Any]:
        answer = await self.call("prepare_refund", order_id=order_id, amount=amount, reason=reason)
        _expect("refund" in answer, "the refund could not be prepared")
        return dict(answer["refund"])


@contextmanager
def _sandbox() -> Iterator[str]:
    """A sandbox in a process of its own; its address."""
    command = [*_COMMAND, "sandbox", "--port", "0", "--seed", str(_SEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            url = next(
                (word for line in process.stdout or () for word in line.split() if word.startswith("http")), ""
            )
            _expect(bool(url), "the sandbox did not start")
            yield url
        finally:
            process.terminate()


def _get(shop: str, path: str) -> dict[str, Any]:
    with httpx2.Client(trust_env=False) as client:
        return dict(client.get(f"{shop}/_sandbox/{path}".rstrip("/")).json())


def _put(shop: str, path: str, body: object) -> None:
    with httpx2.Client(trust_env=False) as client:
        client.put(f"{shop}/_sandbox/{path}", json=body).raise_for_status()


def _refunds_sent(shop: str) -> int:
    return sum(1 for request in _get(shop, "requests")["requests"] if request["operation"] == "refund")


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise DemoFailed(otherwise)


def _indented(text: str, margin: str) -> str:
    return "\n".join(margin + line for line in text.splitlines())
