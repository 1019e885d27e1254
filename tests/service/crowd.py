"""A crowd before the service and the receiver: thousands of connections, and a good program that goes on asking.

``python -m tests.service.crowd --connections 10000``, or ``make crowd``. Exits with 1 where the good program was
refused, an event was lost, the process ended, or did not give back what it took.
"""

import argparse
import hashlib
import hmac
import itertools
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from clawver_orders.ledger import SqlLedger
from clawver_orders.sandbox import Sandbox
from tests.approvals.desks import a_shop, own_environment
from tests.service.holding import BEGUN
from tests.service.serving import let_in, record_of

HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "get_order",
}
SECRET = "whsec_example"
CONFIG = """
[stores.clawver]
platform = "clawver"
base_url = "{url}"
api_key = {{ env = "CLAW_API_KEY" }}
webhook_secret = {{ env = "HOOK_SECRET" }}
[http]
requests_per_minute = 100000
"""
# What one process opens: a limit of 4,096 files is common.
A_PROCESS = 2500
# So often the good program asks before a crowd that is there whole.
ASKS = 20
GIVEN_BACK_WITHIN_S = 30.0
# After the first crowd everything that is loaded late is there: another one may take this much more.
MORE_MB = 8.0


@dataclass
class Seen:
    """What came of a crowd.

    Attributes:
        opened: How many connections were opened in each wave.
        took_ms: What the good program waited for each answer while they were held.
        refused: What it was answered instead, or what happened.
        sent: Its events.
        kept: Those in the record.
        files: How many the process had open: before, at the most, and after.
        memory_mb: Resident: before, and after each wave.
        lines: What the process logged.
        status: With which status it left.
    """

    opened: list[int] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    sent: int = 0
    kept: int = 0
    files: list[int] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    status: int = -1

    def wrong(self, connections: int) -> list[str]:
        """What is not as it should be."""
        before, _, after = self.files
        # Two kinds of connections get as far as to be refused, and each refusal is one line; there are two waves.
        lines = 2 * connections * 2 / len(BEGUN) + 50
        return [
            what
            for what, is_so in {
                "not all connections were opened": self.opened != [connections, connections],
                f"the good program was refused: {self.refused[:3]}": bool(self.refused),
                f"{self.sent - self.kept} events were lost": self.kept != self.sent,
                f"{after - before} files were not given back": after > before + 5,
                "memory grew with the second crowd": self.memory_mb[2] > self.memory_mb[1] + MORE_MB,
                f"{len(self.lines)} lines were logged": len(self.lines) > lines,
                "something went wrong in it": any("Traceback" in line or "ERROR" in line for line in self.lines),
                f"it left with {self.status}": self.status != 0,
            }.items()
            if is_so
        ]

    def told(self) -> str:
        """The figures, in one line."""
        took = sorted(self.took_ms) or [0.0]
        return (
            f"{' and '.join(f'{opened:,}' for opened in self.opened)} connections; {len(took)} good requests, "
            f"p50 {took[len(took) // 2]:.0f} ms, p99 {took[int(len(took) * 0.99)]:.0f} ms, {len(self.refused)} not "
            f"answered; {self.sent} events, {self.sent - self.kept} lost; files {self.files[0]}, at most "
            f"{self.files[1]}, then {self.files[2]}; memory {', '.join(f'{mb:.0f}' for mb in self.memory_mb)} MB; "
            f"{len(self.lines)} lines logged"
        )


Ask = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]


@dataclass(frozen=True)
class Crowded:
    """A server as a process, and what is seen of it.

    Attributes:
        process: The process.
        url: What it said it listens at.
        seen: What came of the crowd so far.
        http: The good program, which takes a new connection for each request.
    """

    process: "subprocess.Popen[str]"
    url: str
    seen: Seen
    http: httpx2.AsyncClient = field(
        default_factory=lambda: httpx2.AsyncClient(
            trust_env=False, timeout=30, limits=httpx2.Limits(max_keepalive_connections=0)
        )
    )

    async def crowds(self, path: str, token: str, connections: int, asks: Sequence[Ask]) -> None:
        """Two crowds, one after the other, while a good program asks without a pause."""
        at = urlsplit(self.url)
        for number in range(2):
            await self.ask(asks, number)
        self.look()
        most = self.seen.files[0]
        for wave in (1, 2):
            async with anyio.create_task_group() as tasks:
                holders = [
                    partial(holding, at.hostname or "", at.port or 0, count, path, token)
                    for count in shares(connections)
                ]
                tasks.start_soon(self._goes_on, asks, wave)
                async with AsyncExitStack() as held:
                    processes = [await held.enter_async_context(holder()) for holder in holders]
                    self.seen.opened.append(sum([await opened_by(process) for process in processes]))
                    enough = len(self.seen.took_ms) + ASKS
                    while len(self.seen.took_ms) < enough:
                        most = max(most, files_of(self.process.pid))
                        await anyio.sleep(0.05)
                tasks.cancel_scope.cancel()
            with anyio.move_on_after(GIVEN_BACK_WITHIN_S):
                while files_of(self.process.pid) > self.seen.files[0]:  # noqa: ASYNC110 - it tells nobody
                    await anyio.sleep(0.2)
            self.look()
        self.seen.files = [self.seen.files[0], most, self.seen.files[-1]]

    async def _goes_on(self, asks: Sequence[Ask], wave: int) -> None:
        for number in itertools.count(wave * 1_000_000):
            began = time.monotonic()
            # What was begun is seen to its end: an event that is on its way when the crowd leaves counts, too.
            with anyio.CancelScope(shield=True):
                await self.ask(asks, number)
            self.seen.took_ms.append((time.monotonic() - began) * 1000)
            await anyio.sleep(0.02)

    async def ask(self, asks: Sequence[Ask], number: int) -> None:
        """Everything once, each on a connection of its own."""
        for ask in asks:
            try:
                answer = await ask(self.http, number)
                if answer.status_code != 200 or 'isError":true' in answer.text:
                    self.seen.refused.append(f"{answer.status_code} {answer.text[:100]}")
            except httpx2.HTTPError as error:
                self.seen.refused.append(type(error).__name__)

    async def event(self, http: httpx2.AsyncClient, number: int) -> httpx2.Response:
        """An event of the shop."""
        self.seen.sent += 1
        body = b'{"event":"order.paid","data":{"orderId":"ord_%d"}}' % number
        signed = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        hooks = urlsplit(self.url)._replace(path="/webhooks/clawver").geturl()
        return await http.post(hooks, content=body, headers={"X-Claw-Signature": signed})

    def look(self) -> None:
        """Note what it has of files and memory at this moment."""
        self.seen.files.append(files_of(self.process.pid))
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        self.seen.memory_mb.append(int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024 / 1e6)


def shares(connections: int) -> list[int]:
    """How many connections each process holds."""
    return [min(A_PROCESS, connections - before) for before in range(0, connections, A_PROCESS)]


def files_of(process: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


@asynccontextmanager
async def holding(host: str, port: int, count: int, path: str, token: str) -> AsyncIterator[Process]:
    """A process that opens connections and holds them until the end."""
    command = [sys.executable, "-m", "tests.service.holding", host, str(port), str(count), path, token]
    async with await anyio.open_process(command, stderr=None) as process:
        yield process
        assert process.stdin
        await process.stdin.aclose()


async def opened_by(process: Process) -> int:
    """How many connections it opened, once it opened all."""
    assert process.stdout
    return int(await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 100))


@contextmanager
def a_process(state: Path, shop_url: str, words: Sequence[str], listening: str) -> Iterator[Crowded]:
    """A command of ours, once it listens; it is told to stop at the end."""
    config = state / "config.toml"
    config.write_text(CONFIG.format(url=shop_url))
    command = [sys.executable, "-m", "clawver_orders", *words, "--config", str(config)]
    environ = own_environment(state, shop_url) | {"HOOK_SECRET": SECRET}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    ) as process:
        seen = Seen()
        try:
            assert process.stdout
            for line in process.stdout:
                seen.lines.append(line)
                if found := re.search(listening, line):
                    break
            else:
                raise RuntimeError("it left: " + "".join(seen.lines))
            reading = threading.Thread(target=seen.lines.extend, args=(process.stdout,))
            reading.start()
            yield Crowded(process, found[1], seen)
            process.send_signal(signal.SIGINT)
            seen.status = process.wait(40)
        finally:
            process.kill()
            process.wait()
            reading.join()


async def before_the_service(state: Path, connections: int) -> Seen:
    """``serve --http``, asked by a program and told by a shop meanwhile."""
    ledger = record_of(state)
    token = await let_in(ledger, "bot")
    async with a_shop() as (shop, shop_url):
        with a_process(
            state, shop_url, ["serve", "--http", "--port", "0"], r"listening at (\S+?)[\",\s]"
        ) as crowded:

            async def order(http: httpx2.AsyncClient, _: int) -> httpx2.Response:
                return await http.post(
                    crowded.url, json=asked(shop), headers=HEADERS | {"Authorization": f"Bearer {token}"}
                )

            await crowded.crowds("/mcp", token, connections, [order, crowded.event])
    return await counted(ledger, crowded.seen)


async def before_the_receiver(state: Path, connections: int) -> Seen:
    """``webhooks``, told by a shop meanwhile."""
    with a_process(state, "http://127.0.0.1:9", ["webhooks", "--port", "0"], r"(http://\S+?)/webhooks") as crowded:
        await crowded.crowds("/webhooks/clawver", "none", connections, [crowded.event])
    return await counted(record_of(state), crowded.seen)


async def counted(ledger: SqlLedger, seen: Seen) -> Seen:
    """With how many events the record has."""
    seen.kept = (await ledger.count())["received"]
    return seen


def asked(shop: Sandbox) -> dict[str, object]:
    """A call of get_order in the later era."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": HEADERS["MCP-Protocol-Version"],
        "io.modelcontextprotocol/clientInfo": {"name": "crowd", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    arguments = {"order_id": shop.hints["refundable_order"]}
    params = {"name": "get_order", "arguments": arguments, "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


async def main(connections: int) -> int:
    """Both, one after the other; the exit status."""
    wrong: list[str] = []
    for what, before in {"serve --http": before_the_service, "webhooks": before_the_receiver}.items():
        with tempfile.TemporaryDirectory() as state:
            seen = await before(Path(state), connections)
        print(f"{what}: {seen.told()}", flush=True)
        wrong += [f"{what}: {one}" for one in seen.wrong(connections)]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000)
    sys.exit(anyio.run(main, parser.parse_args().connections))
