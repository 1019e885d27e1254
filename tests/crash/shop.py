"""The shop's side of a run: a sandbox in a process of its own, which outlives every desk, and its own books."""

import http.client
import json
import os
import signal
from dataclasses import dataclass
from typing import Any

import anyio

from clawver_orders.sandbox import Sandbox, serve


@dataclass
class Shop:
    """A running sandbox."""

    process: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: object = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": "Bearer claw_sk_test_example"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, (answer.status, text)
            return json.loads(text)
        finally:
            connection.close()

    def new_order(self) -> str:
        """A paid order that nobody else asks about."""
        order_id: str = self.ask("POST", "/_sandbox/buy", {})["orders"][0]["order_id"]
        self.ask("POST", "/_sandbox/pay", {"order_id": order_id})
        return order_id

    def faults(self, *faults: str) -> None:
        self.ask("PUT", "/_sandbox/faults", {"faults": list(faults)})

    def refunds(self, order_id: str) -> list[dict[str, Any]]:
        """What the shop refunded, once all that it put off is done."""
        for _ in range(10):
            order = self.ask("GET", f"/v1/orders/{order_id}")["data"]["order"]
            if not any(request["late"] == "waiting" for request in self.requests()):
                return list(order["refunds"])
        raise AssertionError("the shop still puts something off")

    def requests(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/_sandbox/requests")["requests"])

    def forget_requests(self) -> None:
        self.ask("DELETE", "/_sandbox/requests")

    def close(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)


def open_shop(seed: int) -> Shop:
    """A sandbox in a fork of this process."""
    reader, writer = os.pipe()
    parent = os.getpid()
    process = os.fork()
    if process == 0:

        async def stay() -> None:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(serve, Sandbox(seed=seed), "127.0.0.1", 0, ready)
                # Where its maker was stopped from outside, nobody stops this one.
                while os.getppid() == parent:  # noqa: ASYNC110 - the system does not tell
                    await anyio.sleep(1)
                os._exit(1)

        def ready(url: str) -> None:
            os.write(writer, url.rpartition(":")[2].encode() + b"\n")

        try:
            anyio.run(stay)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as lines:
        return Shop(process, int(lines.readline()))
