"""What a call costs once the server is warm, and what many calls leave behind in memory."""

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from bench.figure import Figure, middle
from bench.process import Process
from bench.scene import KEY, Scene

_WARM_UP = 100
# Requests under way at once while memory is watched: few enough for the pipes to hold them.
_AHEAD = 8


def figures(scene: Scene, rounds: int, calls: int) -> list[Figure]:
    """Calls one at a time, the servers by turns, ``calls`` of each a round."""
    floor, bare, ours = scene.floor(), scene.bare(), scene.ours()
    address = urlsplit(scene.shop)
    shop = http.client.HTTPConnection(address.hostname or "", address.port)
    for server in (floor, bare, ours):
        server.hello()

    def get() -> None:
        shop.request("GET", f"/v1/orders/{scene.order_id}", headers={"Authorization": f"Bearer {KEY}"})
        shop.getresponse().read()

    timed: dict[str, Callable[[], object]] = {
        "floor, ping": lambda: _ping(floor),
        "MCPServer, ping": lambda: _ping(bare),
        "ours, ping": lambda: _ping(ours),
        "http.client": get,
        "MCPServer + httpx2": lambda: _order(bare, scene),
        "ours": lambda: _order(ours, scene),
    }
    for once in timed.values():
        for _ in range(_WARM_UP):
            once()
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, once in timed.items():
            for _ in range(calls):
                began = time.perf_counter()
                once()
                times[name].append(time.perf_counter() - began)
    bare.call("get_order", {"order_id": scene.order_id})
    ours.call("get_order", {"order_id": scene.order_id})
    for server in (floor, bare, ours):
        server.kill()
    shop.close()
    us = {name: middle(taken) * 1e6 for name, taken in times.items()}
    return [
        Figure(
            "ping, p50",
            us["ours, ping"],
            "us",
            {"floor": us["floor, ping"], "MCPServer": us["MCPServer, ping"]},
            of="MCPServer",
        ),
        Figure(
            f"get_order of {len(scene.body):,} bytes, p50",
            us["ours"],
            "us",
            {name: us[name] for name in ("http.client", "MCPServer + httpx2")},
            of="MCPServer + httpx2",
            budget=1.25,
        ),
    ]


def memory(scene: Scene, calls: int) -> list[Figure]:
    """Resident memory after so many calls, and after as many again."""
    server = scene.ours()
    server.hello()
    _many(server, scene, calls)
    first = server.resident_mb()
    _many(server, scene, calls)
    second = server.resident_mb()
    server.kill()
    what = f"memory after {2 * calls:,} calls"
    return [Figure(what, second, "MB", {f"after {calls:,}": first}, of=f"after {calls:,}", budget=1.01)]


def _many(server: Process, scene: Scene, calls: int) -> None:
    for sent in range(calls):
        _send_order(server, scene)
        if sent >= _AHEAD:
            server.any_answer()
    for _ in range(min(calls, _AHEAD)):
        server.any_answer()


def _ping(server: Process) -> bytes:
    return server.answer(server.send("ping"))


def _order(server: Process, scene: Scene) -> bytes:
    return server.answer(_send_order(server, scene))


def _send_order(server: Process, scene: Scene) -> int:
    return server.send("tools/call", {"name": "get_order", "arguments": {"order_id": scene.order_id}})
