"""What it costs to start: until the tools are listed, and until the first order is shown."""

from collections.abc import Callable, Sequence

from bench.figure import Figure, middle
from bench.process import Process, Usage
from bench.scene import Scene


def figures(scene: Scene, rounds: int) -> list[Figure]:
    """Each server is started anew in each round, one after the other."""
    floor, bare, ours = _started([scene.floor, scene.bare, scene.ours], rounds, _list_tools)
    first_bare, first_ours = _started([scene.bare, scene.ours], rounds, lambda server: _first_order(server, scene))
    return [
        Figure(
            "to tools/list, CPU",
            _cpu_ms(ours),
            "ms",
            {"floor": _cpu_ms(floor), "MCPServer": _cpu_ms(bare)},
            of="MCPServer",
            budget=1.20,
        ),
        Figure(
            "to tools/list, wall",
            _wall_ms(ours),
            "ms",
            {"floor": _wall_ms(floor), "MCPServer": _wall_ms(bare)},
            of="MCPServer",
        ),
        Figure(
            "to tools/list, memory",
            _peak(ours),
            "MB",
            {"floor": _peak(floor), "MCPServer": _peak(bare)},
            of="MCPServer",
            budget=1.15,
        ),
        Figure(
            "to the first order, CPU",
            _cpu_ms(first_ours),
            "ms",
            {"MCPServer + httpx2": _cpu_ms(first_bare)},
            of="MCPServer + httpx2",
            budget=1.20,
        ),
        Figure(
            "to the first order, wall",
            _wall_ms(first_ours),
            "ms",
            {"MCPServer + httpx2": _wall_ms(first_bare)},
            of="MCPServer + httpx2",
            budget=1.20,
        ),
    ]


def _started(
    starts: Sequence[Callable[[], Process]], rounds: int, until: Callable[[Process], object]
) -> list[list[Usage]]:
    used: list[list[Usage]] = [[] for _ in starts]
    for _ in range(rounds):
        for start, runs in zip(starts, used, strict=True):
            server = start()
            server.hello()
            until(server)
            runs.append(server.kill())
    return used


def _list_tools(server: Process) -> object:
    return server.ask("tools/list")


def _first_order(server: Process, scene: Scene) -> object:
    return server.call("get_order", {"order_id": scene.order_id})


def _cpu_ms(runs: list[Usage]) -> float:
    return middle(run.cpu_s * 1000 for run in runs)


def _wall_ms(runs: list[Usage]) -> float:
    return middle(run.wall_s * 1000 for run in runs)


def _peak(runs: list[Usage]) -> float:
    return middle(run.peak_mb for run in runs)
