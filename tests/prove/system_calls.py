"""``python -m tests.prove.system_calls DIRECTORY``: refunds by the real server, as the system saw them.

The order of system calls for 50 refunds; then a refund for each place where a disk can fail: each sync (EIO),
writes (ENOSPC, EDQUOT), a full and a read-only file system; and a SIGKILL in the middle of commits.
"""

import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from clawver_orders.ledger import FILE_NAME
from tests.crash.life import Life, opened
from tests.crash.shop import Shop, open_shop
from tests.prove.traced import Call, calls, served, tried
from tests.server.wire import Wire

REFUNDS = 50
_GONE = (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError, anyio.ClosedResourceError)
_WRITES = frozenset({"pwrite64", "ftruncate", "unlink", "write"})
_SYNCS = frozenset({"fsync", "fdatasync"})
_SENDS = frozenset({"sendto", "sendmsg", "write"})
_TRACED = ",".join(sorted(_WRITES | _SYNCS | _SENDS))
# A commit syncs the journal twice, the record, and the journal again: four commits, and the first makes the tables.
_MORE_THAN_A_REFUND_HAS = 400


@dataclass
class Order:
    """The ledger's files and the socket, call by call.

    Attributes:
        unsynced: What was written and is not on disk yet.
        wrote: Whether anything was written since the last POST.
        posts: How many left.
        early: What is wrong, a sentence each.
    """

    unsynced: set[str] = field(default_factory=set)
    wrote: bool = False
    posts: int = 0
    early: list[str] = field(default_factory=list)

    def follow(self, call: Call) -> None:
        """Take in the next call."""
        if FILE_NAME in call.file:
            if call.name in _SYNCS and not call.failed:
                self.unsynced.discard(call.file)
            elif call.name in _WRITES:
                self.unsynced.add(call.file)
                self.wrote = True
        elif call.name in _SENDS and call.data.startswith("POST ") and "/refund " in call.data:
            self.posts += 1
            if self.unsynced or not self.wrote:
                what = ", ".join(sorted(self.unsynced)) or "anything"
                self.early.append(f"POST {self.posts} left before a sync of {what}")
            self.wrote = False


@dataclass(frozen=True)
class Attempt:
    """One refund on a machine that fails somewhere.

    Attributes:
        told: Each answer's state, or its code where it was refused; ``gone`` where the server was killed.
        order: Its system calls.
        hit: Whether the failure was met at all.
    """

    told: tuple[str, ...]
    order: Order
    hit: bool


async def in_order(home: Path, shop: Shop) -> None:
    """Before each POST: the ledger's last write, then its sync."""
    log = home / "order.txt"
    async with served(home, shop.url, "-e", f"trace={_TRACED}", "-s", "64", "-o", str(log)) as wire:
        for _ in range(REFUNDS):
            told = [state async for state in refund(wire, shop.new_order())]
            assert told == ["prepared", "succeeded", "succeeded"], told
        await wire.close_stdin()
        assert await wire.process.wait() == 0
    order = followed(log)
    assert not order.early, order.early
    assert order.posts == REFUNDS, order.posts
    print(f"order: last ledger write < its sync < first byte of the POST: {order.posts} of {REFUNDS}", flush=True)


def followed(log: Path) -> Order:
    order = Order()
    for call in calls(log):
        order.follow(call)
    return order


async def attempt(home: Path, shop: Shop, order_id: str, *inject: str) -> Attempt:
    """One refund by a new server, under strace with a failure; what it left is then judged."""
    log = home / "strace.txt"
    await anyio.Path(home).mkdir()
    options = [option for failure in inject for option in ("-e", f"inject={failure}")]
    told: list[str] = []
    async with served(home, shop.url, "-e", f"trace={_TRACED}", *options, "-s", "64", "-o", str(log)) as wire:
        try:
            told += [state async for state in refund(wire, order_id)]
            await wire.close_stdin()
        except _GONE:
            told.append("gone")
        await wire.process.wait()
    # What a signal interrupts is not written down as injected.
    hit = "gone" in told or "(INJECTED)" in log.read_text(errors="replace")
    found = Attempt(tuple(told), followed(log), hit)
    assert not found.order.early, (inject, found)
    await judge(home, shop, order_id, found.told)
    return found


async def refund(wire: Wire, order_id: str) -> AsyncGenerator[str]:
    """Prepare, execute and look: the state that each answer told, up to the first refusal."""
    arguments = {"order_id": order_id, "amount": "1.00 USD", "reason": "arrived torn"}
    for tool in ("prepare_refund", "execute_refund", "check_refund"):
        result = await tried(wire, tool, **arguments)
        text = " ".join(block["text"] for block in result["content"])
        assert "Traceback" not in text, text
        assert 'File "' not in text, text
        if result["isError"]:
            assert text.startswith(("setup: ", "conflict: ", "refund.")), text
            yield text.partition(":")[0]
            return
        found = result["structuredContent"]
        told = found["refund"] if "refund" in found else found["refunds"][0]
        yield told["state"]
        arguments = {"refund_id": told["refund_id"]}


async def judge(home: Path, shop: Shop, order_id: str, told: tuple[str, ...]) -> None:
    """A desk on a sound disk recovers: the record equals the shop's books or says unknown, never twice."""
    life = Life("last", home / "state", shop.url, order_id, "", later_s=60.0)
    async with opened(life, lambda _: None) as (desk, ledger):
        await desk.check_refund()
        moves = await ledger.find()
        wrong = await ledger.verify()
    paid = len(shop.refunds(order_id))
    posts = [r for r in shop.requests() if r["operation"] == "refund" and order_id in r["path"]]
    states = [move.state.value for move in moves]
    seen = (home.name, told, states, paid, len(posts))
    assert wrong == (), (seen, wrong)
    assert paid <= 1, seen
    assert len(posts) <= 1, seen
    if posts:
        (move,) = moves
        assert move.sent_at is not None, seen
        assert move.reason_sent == posts[0]["body"]["reason"], seen
    if paid:
        assert states == ["succeeded"], seen
    else:
        assert "succeeded" not in (*states, *told), seen


async def each(home: Path, shop: Shop, name: str, failure: str, places: Iterable[int]) -> None:
    """One refund for each place, two at a time, until a place is beyond the last."""
    rows = iter(places)
    ended = Counter[str]()
    done = 0

    async def work() -> None:
        nonlocal done
        for place in rows:
            found = await attempt(home / f"{name}-{place}", shop, shop.new_order(), failure.format(place))
            if not found.hit:
                return
            done += 1
            ended[found.told[-1]] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(work)
    assert done, name
    print(f"{name}: {done} places, 0 POST without a durable claim; told last: {shown(ended)}", flush=True)


def shown(counts: Counter[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(counts.items()))


@asynccontextmanager
async def mounted(where: Path, options: str) -> AsyncIterator[Path]:
    """A small file system of its own."""
    await anyio.Path(where).mkdir()
    await anyio.run_process(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)])
    try:
        yield where
    finally:
        await anyio.run_process(["umount", str(where)])


async def full(home: Path, shop: Shop) -> None:
    """A file system that is full after so many kilobytes: somewhere in one of the commits of a refund."""
    ended = Counter[str]()
    for room in range(8, 128, 8):
        async with mounted(home / f"full-{room}", f"size={room}k,mode=700") as where:
            order_id = shop.new_order()
            told = await tried_there(where, shop, order_id)
            ended[told[-1]] += 1
            await anyio.run_process(["mount", "-o", "remount,size=1m", str(where)])
            await judge(where, shop, order_id, told)
    assert {"setup", "succeeded"} <= set(ended), ended
    print(f"full: {ended.total()} sizes of tmpfs, 0 POST without a durable claim; told last: {shown(ended)}")


async def read_only(home: Path, shop: Shop) -> None:
    """A file system that turns read-only between prepare and execute."""
    async with mounted(home / "read-only", "size=1m,mode=700") as where:
        order_id = shop.new_order()
        async with served(where, shop.url, "-e", "trace=none", "-o", "/dev/null") as wire:
            answers = refund(wire, order_id)
            told = [await anext(answers)]
            await anyio.run_process(["mount", "-o", "remount,ro", str(where)])
            told.append(await anext(answers))
            await answers.aclose()
        assert told == ["prepared", "setup"], told
        await anyio.run_process(["mount", "-o", "remount,rw", str(where)])
        await judge(where, shop, order_id, tuple(told))
    print("read-only: 1 refund, refused between prepare and execute, 0 POST")


async def tried_there(where: Path, shop: Shop, order_id: str) -> tuple[str, ...]:
    async with served(where, shop.url, "-e", "trace=none", "-o", "/dev/null") as wire:
        told = [state async for state in refund(wire, order_id)]
        await wire.close_stdin()
        await wire.process.wait()
    return tuple(told)


async def main(home: Path, shop: Shop) -> None:
    began = time.monotonic()
    await in_order(home, shop)
    all_places, some = range(1, _MORE_THAN_A_REFUND_HAS), range(3, _MORE_THAN_A_REFUND_HAS, 9)
    await each(home, shop, "EIO", "fsync,fdatasync:error=EIO:when={}", all_places)
    await each(home, shop, "dead-disk", "fsync,fdatasync:error=EIO:when={}+", range(1, 400, 3))
    await each(home, shop, "ENOSPC", "pwrite64:error=ENOSPC:when={}+", some)
    await each(home, shop, "EDQUOT", "pwrite64:error=EDQUOT:when={}", some)
    await each(home, shop, "SIGKILL-sync", "fdatasync:signal=SIGKILL:when={}", all_places)
    await each(home, shop, "SIGKILL-write", "pwrite64:signal=SIGKILL:when={}", some)
    await each(home, shop, "SIGKILL-truncate", "ftruncate:signal=SIGKILL:when={}", all_places)
    await full(home, shop)
    await read_only(home, shop)
    print(f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    shop = open_shop(1)
    try:
        anyio.run(main, Path(sys.argv[1]), shop)
    finally:
        shop.close()
