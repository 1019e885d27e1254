"""What a demo is told through: a sandbox in a process of its own, the server, and a real MCP client before it."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import httpx2
from mcp import Client
from mcp.client import ClientRequestContext
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, TextContent

_SEED: Final = 7
_COMMAND: Final = (sys.executable, "-m", "clawver_orders")


class DemoFailed(Exception):  # noqa: N818 - told to a person as it is
    """Something in the demo went otherwise than it must."""


class Shop:
    """One made-up shop, as whoever started the sandbox sees it.

    Args:
        url: Its address.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.ids: Mapping[str, str] = self._get("")["try"]

    def breaks(self, *faults: str) -> None:
        """Throw these switches, and no others."""
        with httpx2.Client(trust_env=False) as client:
            client.put(f"{self.url}/_sandbox/faults", json={"faults": list(faults)}).raise_for_status()

    def happens(self, name: str, **what: object) -> None:
        """Let people do something in the shop, past the assistant."""
        with httpx2.Client(trust_env=False) as client:
            client.post(f"{self.url}/_sandbox/{name}", json=what).raise_for_status()

    def sent(self, operation: str) -> int:
        """How often something was asked of it."""
        return sum(1 for request in self._get("requests")["requests"] if request["operation"] == operation)

    def _get(self, path: str) -> dict[str, Any]:
        with httpx2.Client(trust_env=False) as client:
            return dict(client.get(f"{self.url}/_sandbox/{path}".rstrip("/")).json())


class Desk:
    """The tools, as a client calls them, each call and its answer printed."""

    def __init__(self, client: Client, say: Callable[[str], None]) -> None:
        self._client = client
        self._say = say

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool; its structured answer, empty where it was an error."""
        self._say(f"   > {tool} {json.dumps(arguments, ensure_ascii=False)}")
        result = await self._client.call_tool(tool, arguments)
        if not isinstance(result, CallToolResult):
            raise DemoFailed(f"{tool} did not end")
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        self._say(indented(text, "   "))
        self._say("")
        return dict(result.structured_content or {})

    async def refund(self, **arguments: object) -> dict[str, Any]:
        """Prepare a refund."""
        answer = await self.call("prepare_refund", **arguments)
        expect("refund" in answer, "the refund could not be prepared")
        return dict(answer["refund"])


@asynccontextmanager
async def desk_of(say: Callable[[str], None], shop: str, *arguments: str, state: str) -> AsyncIterator[Desk]:
    """The desk of a sandbox, as an assistant's program starts it: a process, spoken to over stdin and stdout."""

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        del context
        say(indented(params.message, "   ┃ "))
        say("   ┃ → a person says yes (in this demo the script does)\n")
        return ElicitResult(action="accept", content={"approve": True})

    environ = {**os.environ, "CLAW_API_KEY": "", "CLAW_API_URL": shop, "CLAWVER_ORDERS_HOME": state}
    words = [*_COMMAND[1:], "serve", "--sandbox", *arguments]
    server = StdioServerParameters(command=_COMMAND[0], args=words, env=environ)
    # The server's log is for engineers; a shopkeeper reads the answers.
    with _nowhere() as log:
        try:
            async with Client(stdio_client(server, errlog=log), elicitation_callback=person) as client:
                yield Desk(client, say)
        except ExceptionGroup as failed:
            raise _first(failed) from None


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def _first(failed: ExceptionGroup[Exception]) -> Exception:
    """What went wrong, without the groups that the client's tasks wrap it in."""
    first = failed.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


@contextmanager
def sandbox() -> Iterator[str]:
    """A sandbox in a process of its own; its address."""
    command = [*_COMMAND, "sandbox", "--port", "0", "--seed", str(_SEED)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            url = next(
                (word for line in process.stdout or () for word in line.split() if word.startswith("http")), ""
            )
            expect(bool(url), "the sandbox did not start")
            yield url
        finally:
            process.terminate()


@contextmanager
def state_directory() -> Iterator[str]:
    """A place for the demo's own record, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="clawver-orders-demo-") as state:
        yield state


def expect(held: bool, otherwise: str) -> None:
    """Stop where a step went otherwise than it must.

    Raises:
        DemoFailed: It did.
    """
    if not held:
        raise DemoFailed(otherwise)


def indented(text: str, margin: str) -> str:
    """A text with a margin."""
    return "\n".join(margin + line for line in text.splitlines())
