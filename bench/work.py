"""What the work itself costs, in process: reading a thousand orders, and the record of a refund."""

import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx2
from tests.counter import Clock, Counter, Key, open_counter

from bench.figure import Figure, middle
from bench.scene import KEY, SEED
from clawver_orders.desk import Desk
from clawver_orders.desk.results import Consent, Listing
from clawver_orders.http import Http
from clawver_orders.ledger import SqliteLedger
from clawver_orders.order import Page, Query
from clawver_orders.platforms.clawver import ClawverStore
from clawver_orders.refunds.machine import Book, Move, State
from clawver_orders.sandbox import Sandbox
from clawver_orders.server import render, results

_ORDERS = 1000


async def figures(rounds: int, refunds: int) -> list[Figure]:
    """Both figures; ``rounds`` over the thousand orders."""
    # As the server does after its start.
    gc.collect()
    gc.freeze()
    return [await _thousand_orders(rounds), await _ledger(refunds)]


async def _thousand_orders(rounds: int) -> Figure:
    """From the shop's bytes to the answer's, by turns with a parse and a dump that look at nothing."""
    body = await _orders_as_bytes()

    def answer(request: httpx2.Request) -> httpx2.Response:
        del request
        return httpx2.Response(200, content=body, headers={"content-type": "application/json"})

    http = Http("https://shop.test", transport=httpx2.MockTransport(answer))
    store = ClawverStore("clawver", http, Key(KEY), "USD", Clock().now)
    ours, compared = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        json.dumps(json.loads(body))
        compared.append(time.perf_counter() - began)
        began = time.perf_counter()
        page = await store.list_orders(Query(limit=_ORDERS))
        _answered(page)
        ours.append(time.perf_counter() - began)
    if len(page.orders) != _ORDERS:
        raise RuntimeError(f"{len(page.orders)} orders were read")
    return Figure(
        f"1,000 orders ({len(body):,} bytes) to their answer",
        middle(ours) * 1000,
        "ms",
        {"json.loads + json.dumps": middle(compared) * 1000},
        of="json.loads + json.dumps",
        budget=1.0,
    )


def _answered(page: Page) -> str:
    found = results.listing(Listing(page.orders, page.next_cursor, page.total, page.notes), several=False)
    return json.dumps({"content": [{"type": "text", "text": render.listing(found)}], "structuredContent": found})


async def _orders_as_bytes() -> bytes:
    sandbox = Sandbox(seed=SEED, now=Clock().now)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=sandbox.app)) as client:
        listed = await client.get(
            "http://shop.test/v1/orders?limit=100", headers={"Authorization": f"Bearer {KEY}"}
        )
    rows: list[Any] = listed.json()["data"]["orders"]
    many = (rows * (_ORDERS // len(rows) + 1))[:_ORDERS]
    numbered = [{**row, "id": f"ord_{place:012d}"} for place, row in enumerate(many)]
    return json.dumps({"success": True, "data": {"orders": numbered}}).encode()


class _TimedLedger(SqliteLedger):
    """The record on disk, and how long the desk waited for it."""

    spent_s = 0.0

    async def decide(self, decision: Callable[[Book], Move], *, by: str) -> Move:
        began = time.perf_counter()
        try:
            return await super().decide(decision, by=by)
        finally:
            self.spent_s += time.perf_counter() - began

    async def get(self, move_id: str) -> Move | None:
        began = time.perf_counter()
        try:
            return await super().get(move_id)
        finally:
            self.spent_s += time.perf_counter() - began


async def _ledger(refunds: int) -> Figure:
    """What the record takes of each refund from prepare to its receipt: four commits and the reads between."""
    spent: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        counter = open_counter(Path(name) / "counter")
        ledger = _TimedLedger(Path(name) / "timed", counter.clock.now)
        desk = Desk(
            counter.desk.stores,
            ledger,
            ledger,
            now=counter.clock.now,
            awake=time.monotonic,
            keep_secret=counter.secrets.keep,
        )
        for order_id, cents in _to_refund(counter)[:refunds]:
            ledger.spent_s = 0.0
            prepared = await desk.prepare_refund("", order_id, f"0.{cents:02d} USD", "bench", another=False)
            done = await desk.execute_refund(prepared.refund_id, Consent(given=True, how="form"))
            if done.state is not State.SUCCEEDED:
                raise RuntimeError(done.message)
            spent.append(ledger.spent_s * 1000)
    return Figure(
        f"the record's share of a refund, p99 of {len(spent)}",
        quantiles(spent, n=100, method="inclusive")[98],
        "ms",
        {"p50": middle(spent)},
        budget=100,
    )


def _to_refund(counter: Counter) -> list[tuple[str, int]]:
    """Orders with money left, and cents to give back: 1 to 5 of each, so that no amount comes twice."""
    paid = [order.id for order in counter.sandbox.shop.newest_first() if order.remaining >= 100]
    return [(order_id, cents) for cents in range(1, 6) for order_id in paid]
