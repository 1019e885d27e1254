"""The receiver over real sockets: whoever is slow, or many, keeps nobody's events out."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from anyio.abc import SocketStream

from clawver_orders.events import Inbox
from clawver_orders.sandbox import Sandbox
from clawver_orders.webhooks import listener
from tests.webhooks.receiving import inbox_in, receiver
from tests.webhooks.signing import CLAWVER, SECRET, VENDORS, WOOCOMMERCE, Vendor, compact

pytestmark = pytest.mark.anyio


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return inbox_in(tmp_path / "state")


@asynccontextmanager
async def listening(inbox: Inbox, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """The address of a receiver."""
    addresses: list[str] = []
    ready = anyio.Event()

    def at(address: str) -> None:
        addresses.append(address)
        ready.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.listen, receiver(inbox), host, 0, at)
        await ready.wait()
        yield addresses[0]
        tasks.cancel_scope.cancel()


async def send(url: str, vendor: Vendor = CLAWVER, body: bytes | None = None) -> int:
    async with httpx2.AsyncClient(trust_env=False) as client:
        headers = vendor.headers(body)
        answer = await client.post(
            f"{url}/webhooks/{vendor.platform}", content=body or vendor.body, headers=headers
        )
    return answer.status_code


async def connected(url: str) -> SocketStream:
    at = urlsplit(url)
    assert at.hostname
    assert at.port
    return await anyio.connect_tcp(at.hostname, at.port)


async def everything(stream: SocketStream) -> bytes:
    """What arrives until the other side ends it."""
    got = b""
    try:
        while True:
            got += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return got


def raw(*lines: str, body: bytes = CLAWVER.body, vendor: Vendor = CLAWVER, version: str = "1.1") -> bytes:
    """A request of a vendor, with its own lines for what is said of the body."""
    headers = [f"{name}: {value}" for name, value in vendor.headers(body).items()]
    start = [f"POST /webhooks/{vendor.platform} HTTP/{version}", "Host: hooks.test", *headers, *lines]
    return "\r\n".join((*start, "", "")).encode()


async def answer_of(url: str, *parts: bytes) -> bytes:
    async with await connected(url) as stream:
        for part in parts:
            with suppress(anyio.BrokenResourceError):
                await stream.send(part)
        return await everything(stream)


LENGTH = f"Content-Length: {len(CLAWVER.body)}"
SLOW = {
    "silent": b"",
    "half a line": b"POST /webh",
    "half the headers": b"POST /webhooks/clawver HTTP/1.1\r\nHost: x\r\nX: ",
    "half the body": raw(LENGTH) + CLAWVER.body[:-1],
    "half a chunk": raw("Transfer-Encoding: chunked") + b"5\r\n{",
}


@contextmanager
def patched(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(listener, name, value)
        yield


@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.platform for vendor in VENDORS])
async def test_an_event_is_received_over_http(vendor: Vendor, inbox: Inbox) -> None:
    async with listening(inbox) as url:
        assert await send(url, vendor) == 200
    assert [(event.store, event.order_id) for event in await inbox.received()] == [
        (vendor.platform, vendor.order_id)
    ]


async def test_it_listens_where_it_was_told(inbox: Inbox) -> None:
    async with listening(inbox, "::1") as url:
        assert url.startswith("http://[::1]:")
        assert await send(url) == 200
    with pytest.raises(OSError, match="connect"):
        await connected(url)


async def test_two_hundred_slow_senders_keep_no_event_out(inbox: Inbox) -> None:
    """Hostile 92."""
    async with listening(inbox) as url:
        slow = [await connected(url) for _ in range(200)]
        for stream, words in zip(slow, [*SLOW.values()] * 40, strict=True):
            if words:
                await stream.send(words)
        with anyio.fail_after(listener._WITHIN_S):
            for number in range(30):
                assert await send(url, CLAWVER, compact({"event": "order.paid", "number": number})) == 200
        for stream in slow:
            await stream.aclose()
    assert len(await inbox.received(limit=100)) == 30


@pytest.mark.parametrize("words", SLOW.values(), ids=list(SLOW))
async def test_a_slow_sender_is_cut_off(inbox: Inbox, monkeypatch: pytest.MonkeyPatch, words: bytes) -> None:
    """Hostile 92."""
    with patched(monkeypatch, "_WITHIN_S", 0.3):
        async with listening(inbox) as url:
            assert await answer_of(url, words) == b""
    assert listener._WITHIN_S == 10.0
    assert await inbox.received() == ()


async def test_a_sender_who_drips_is_cut_off_as_if_silent(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile 92: each byte in time, the whole not."""
    with patched(monkeypatch, "_WITHIN_S", 0.3):
        async with listening(inbox) as url, await connected(url) as stream:
            await stream.send(raw("Content-Length: 250000"))
            with suppress(anyio.BrokenResourceError):
                while True:
                    await stream.send(b" ")
                    await anyio.lowlevel.checkpoint()
            assert await everything(stream) == b""


async def test_one_connection_too_many_takes_the_place_of_the_slowest(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 92: thousands of connections."""
    with patched(monkeypatch, "_CONNECTIONS", 8):
        async with listening(inbox) as url:
            crowd = [await connected(url) for _ in range(8)]
            assert await send(url) == 200
            # The first to come is the first to go, at once and not when its time is over.
            with anyio.fail_after(listener._WITHIN_S / 2):
                assert await everything(crowd[0]) == b""
            more = [await connected(url) for _ in range(100)]
            assert await send(url, CLAWVER, compact({"event": "order.paid"})) == 200
            for stream in crowd + more:
                await stream.aclose()
    assert len(await inbox.received()) == 2


ODD: dict[str, tuple[bytes, bytes]] = {
    "chunked": (
        raw("Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CLAWVER.body), CLAWVER.body),
        b"200",
    ),
    "HTTP/1.0": (raw(LENGTH, version="1.0") + CLAWVER.body, b"200"),
    "a byte too few": (raw(f"Content-Length: {len(CLAWVER.body) - 1}") + CLAWVER.body, b"401"),
    "two lengths": (raw(LENGTH, "Content-Length: 5") + CLAWVER.body, b"400"),
    "a negative length": (raw("Content-Length: -5") + CLAWVER.body, b"400"),
    "no length": (raw() + CLAWVER.body, b"401"),
    "length and chunks": (
        raw("Content-Length: 5", "Transfer-Encoding: chunked")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(CLAWVER.body), CLAWVER.body),
        b"200",
    ),
    "compressed": (raw(LENGTH, "Content-Encoding: gzip") + CLAWVER.body, b"200"),
    "the signature twice": (
        raw(LENGTH, f"X-Claw-Signature: {CLAWVER.sign(CLAWVER.body, SECRET)}") + CLAWVER.body,
        b"401",
    ),
    "a huge length": (raw("Content-Length: 1000000000") + b"x" * 1_100_000, b"413"),
    "endless headers": (b"POST /webhooks/clawver HTTP/1.1\r\n" + b"X: y\r\n" * 50_000, b"400"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    "a websocket": (raw(LENGTH, "Connection: Upgrade", "Upgrade: websocket") + CLAWVER.body, b"200"),
}


@pytest.mark.parametrize("what", ODD)
async def test_what_frames_a_body_oddly_changes_nothing_of_it(what: str, inbox: Inbox) -> None:
    """Hostile 88, 90, 92, 93: what counts are the bytes of the body."""
    sent, status = ODD[what]
    async with listening(inbox) as url:
        answer = await answer_of(url, sent)
        # Where the answer was overtaken by the cut, nothing of it arrives.
        assert answer[9:12] == status or (answer == b"" and status in {b"400", b"413"})
        assert await send(url, WOOCOMMERCE) == 200
    assert len(await inbox.received(store="clawver")) == (1 if status == b"200" else 0)


async def test_who_asks_before_sending_is_told_to_go_on(inbox: Inbox) -> None:
    """Hostile 90."""
    async with listening(inbox) as url, await connected(url) as stream:
        await stream.send(raw(LENGTH, "Expect: 100-continue"))
        assert (await stream.receive()).startswith(b"HTTP/1.1 100 ")
        await stream.send(CLAWVER.body)
        assert (await everything(stream)).startswith(b"HTTP/1.1 200 ")


async def test_a_second_request_on_the_same_connection_is_not_answered(inbox: Inbox) -> None:
    """Hostile 90: what is left behind a body is nobody's event."""
    other = compact({"event": "order.paid", "smuggled": True})
    second = raw(f"Content-Length: {len(other)}", body=other) + other
    async with listening(inbox) as url:
        answers = await answer_of(url, raw(LENGTH) + CLAWVER.body + second)
    assert answers.count(b"HTTP/1.1 ") == 1
    assert len(await inbox.received()) == 1


async def test_a_sandbox_shop_delivers_what_happens_in_it(inbox: Inbox) -> None:
    sandbox = Sandbox(seed=7)
    async with listening(inbox) as url:
        sandbox.shop.add_webhook(f"{url}/webhooks/clawver", ("order.shipped",), SECRET)
        moved = [order.id for order in sandbox.shop.advance() if order.stage == "shipped"]
        await sandbox.deliver()
    assert [delivery.answered for delivery in sandbox.deliveries] == [200] * len(moved)
    found = await inbox.received(store="clawver", of_type="order.shipped")
    assert {event.order_id for event in found} == set(moved)
    assert moved
