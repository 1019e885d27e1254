"""What every measurement stands on: a shop with ready bytes, and the three servers in front of it."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2

from bench.process import ROOT, Process
from clawver_orders.sandbox import Sandbox

KEY = "claw_sk_test_example"
# Ids of sixteen characters: eight at random, four of the prefix, four of this number in base 36.
SEED = 50_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the servers find the shop.

    Attributes:
        directory: A temporary directory; HOME of every server.
        shop: Address of the shop.
        order_id: The order that it shows.
        body: What it answers.
        wrapper: Python's own arguments before a server's module.
    """

    directory: Path
    shop: str
    order_id: str
    body: bytes
    wrapper: tuple[str, ...] = ("-m",)

    def floor(self) -> Process:
        """The floor: it answers tools/list, from the file that ``look_into`` left, and ping."""
        return Process(["-m", "bench.floor", str(self.directory / "tools.json")], self._environ())

    def bare(self) -> Process:
        """An MCPServer without anything of ours."""
        return Process([*self.wrapper, "bench.bare_server", self.shop], self._environ())

    def ours(self) -> Process:
        """The desk, as a host starts it."""
        environ = {**self._environ(), "CLAW_API_URL": self.shop, "CLAW_API_KEY": KEY}
        return Process([*self.wrapper, "clawver_orders", "serve"], environ)

    def look_into(self) -> tuple[set[str], set[str]]:
        """Start the bare server and ours once, which also compiles their modules.

        Returns:
            The names of all modules that each has imported when its tools are listed.
        """
        looking = replace(self, wrapper=(str(ROOT / "bench" / "imported.py"),))
        names = []
        for server in (looking.bare(), looking.ours()):
            server.hello()
            (self.directory / "tools.json").write_text(json.dumps(server.ask("tools/list")), "utf-8")
            server.leave()
            names.append(set(json.loads((self.directory / "modules.json").read_text("utf-8"))))
        bare, ours = names
        return bare, ours

    def _environ(self) -> dict[str, str]:
        return {"HOME": str(self.directory)}


async def order_of_sandbox() -> tuple[str, bytes]:
    """An order with two items, a parcel and a refund, as the sandbox answers it."""
    sandbox = Sandbox(seed=SEED)
    order_id = sandbox.hints["partially_refunded_order"]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=sandbox.app)) as client:
        answer = await client.get(
            f"http://shop.test/v1/orders/{order_id}", headers={"Authorization": f"Bearer {KEY}"}
        )
    return order_id, answer.content


@contextmanager
def scene(order_id: str, body: bytes) -> Iterator[Scene]:
    """A temporary directory and the shop, running."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "order.json").write_bytes(body)
        shop = Process(["-m", "bench.shop", str(Path(name) / "order.json")], {"HOME": name})
        try:
            yield Scene(Path(name), shop.line(), order_id, body)
        finally:
            shop.kill()
