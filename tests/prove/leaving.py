"""``python -m tests.prove.leaving DIRECTORY``: the client cancels, leaves or signals while a refund is sent.

The line to the shop is slow in both directions, so that ten moments fall before, in and after the POST. Each time:
the server is gone within 25 seconds, the outcome is recorded or unknown, and the next server reconciles it.
"""

import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import anyio

from clawver_orders.sandbox import Sandbox
from tests.proxy import Toxic, proxied
from tests.server.test_stdio import shop
from tests.server.wire import Wire, started

WITHIN_S = 25
SLOW_S = 0.25
# From the yes of the person on: the order is read, claimed, sent, answered and recorded within about a second.
MOMENTS = tuple(place * 0.12 for place in range(10))
_GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError)


async def cancelled(wire: Wire, call: int) -> None:
    await wire.write({"method": "notifications/cancelled", "params": {"requestId": call}})
    await wire.close_stdin()


async def disconnected(wire: Wire, _call: int) -> None:
    await wire.close_stdout()
    await wire.close_stdin()


async def ended(wire: Wire, _call: int) -> None:
    await wire.close_stdin()


async def terminated(wire: Wire, _call: int) -> None:
    wire.process.send_signal(signal.SIGTERM)


async def interrupted(wire: Wire, _call: int) -> None:
    wire.process.send_signal(signal.SIGINT)


async def given_up(wire: Wire, _call: int) -> None:
    """As the Python SDK leaves a server: the end of stdin, SIGTERM, SIGKILL; only faster."""
    await wire.close_stdin()
    await anyio.sleep(0.1)
    wire.process.send_signal(signal.SIGTERM)
    await anyio.sleep(0.1)
    wire.process.kill()


LEAVES: tuple[Callable[[Wire, int], Awaitable[None]], ...] = (
    *(cancelled, disconnected, ended, terminated, interrupted, given_up),
)


async def once(home: Path, leave: Callable[[Wire, int], Awaitable[None]], moment: float) -> str:
    """One refund, left at one moment: what the record says of it in the end."""
    sandbox = Sandbox(seed=3)
    async with shop(sandbox) as address, proxied(int(address.rpartition(":")[2])) as proxy:
        env = {"CLAW_API_KEY": "claw_sk_test_example", "CLAW_API_URL": f"http://127.0.0.1:{proxy.port}"}
        order_id = sandbox.hints["refundable_order"]
        async with started(home=home, env=env) as wire:
            prepared = await wire.call("prepare_refund", order_id=order_id, amount="5.00 USD", reason="torn")
            refund_id = prepared["refund"]["refund_id"]
            proxy.toxics += [Toxic("latency", "upstream", SLOW_S), Toxic("latency", "downstream", SLOW_S)]
            call = await wire.ask("tools/call", {"name": "execute_refund", "arguments": {"refund_id": refund_id}})
            form = await wire.read()
            await wire.write({"id": form["id"], "result": {"action": "accept", "content": {"approve": True}}})
            await anyio.sleep(moment)
            began = time.monotonic()
            with suppress(*_GONE, ProcessLookupError):
                await leave(wire, call)
            with anyio.fail_after(WITHIN_S):
                await wire.process.wait()
            assert time.monotonic() - began < WITHIN_S
        proxy.toxics.clear()
        orders = sandbox.shop.orders[order_id]
        async with started(home=home, env=env) as wire:
            (refund,) = (await wire.call("check_refund", refund_id=refund_id))["refunds"]
        posts = sum(seen.operation == "refund" for seen in sandbox.requests)
        seen = (leave.__name__, moment, refund["state"], refund["money_moved"], posts, len(orders.refunds))
        assert posts <= 1, seen
        if orders.refunds:
            assert refund["money_moved"] in {"yes", "unknown"}, seen
        else:
            assert refund["money_moved"] in {"no", "unknown"}, seen
        if leave is not given_up:
            # Nobody killed it: what was sent was recorded.
            assert refund["state"] in {"succeeded", "prepared", "confirmed"}, seen
        state: str = refund["state"]
        return state


async def main(home: Path) -> None:
    began = time.monotonic()
    rows = iter([(leave, moment) for leave in LEAVES for moment in MOMENTS])
    states: dict[str, Counter[str]] = {leave.__name__: Counter() for leave in LEAVES}

    async def work() -> None:
        for number, (leave, moment) in enumerate(rows):
            where = home / f"{leave.__name__}-{moment:.2f}-{number}"
            states[leave.__name__][await once(where, leave, moment)] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(work)
    for name, counts in states.items():
        told = ", ".join(f"{state} {count}" for state, count in sorted(counts.items()))
        print(f"{name}: {counts.total()} moments, gone within {WITHIN_S} s, sent at most once; then: {told}")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
