"""The page over real sockets: on this computer only, and nobody who connects can hold up the desk."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from anyio.abc import SocketStream

from clawver_orders.approvals import listener
from tests.approvals.browsing import FORM, Asked, asking, csrf_of, origin_of, words_of

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def reached(directory: Path) -> AsyncIterator[tuple[Asked, str, str]]:
    """A counter whose page is reached over HTTP; the id and the address of a refund that waits."""
    async with asking(directory) as asked, httpx2.AsyncClient(trust_env=False) as browser:
        asked.browser = browser
        refund_id = await asked.prepared()
        yield asked, refund_id, await asked.link(refund_id)


async def connected(url: str, host: str = "127.0.0.1") -> SocketStream:
    port = urlsplit(url).port
    assert port
    return await anyio.connect_tcp(host, port)


async def everything(stream: SocketStream) -> bytes:
    """What arrives until the other side ends it."""
    got = b""
    try:
        while True:
            got += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return got


def request(url: str, *, method: str = "GET", headers: str = "", version: str = "1.1", host: str = "") -> bytes:
    at = urlsplit(url)
    named = host or f"Host: {at.netloc}\r\n"
    return f"{method} {at.path} HTTP/{version}\r\n{named}{headers}\r\n".encode()


@contextmanager
def within(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(listener, "_WITHIN_S", seconds)
        yield


async def test_a_person_answers_over_http(directory: Path) -> None:
    async with reached(directory) as (asked, refund_id, url):
        page = await asked.open(url)
        assert page.headers["connection"] == "close"
        assert "server" not in page.headers
        assert "Approved." in words_of((await asked.press(url)).text)
        done = await asked.counter.desk.execute_refund(refund_id, None)
    assert done.state == "succeeded"


async def test_it_listens_on_one_address_of_this_computer(directory: Path) -> None:
    async with reached(directory) as (_, _, url):
        with pytest.raises(OSError, match="connect"):
            await connected(url, "127.0.0.2")
        with pytest.raises(OSError, match="connect"):
            await connected(url, "::1")


async def test_nothing_listens_before_an_address_is_asked_for_nor_after_the_desk_left(directory: Path) -> None:
    async with asking(directory) as asked:
        await asked.prepared()
        assert asked.page._port is None
    async with reached(directory / "other") as (_, _, url):
        pass
    with pytest.raises(OSError, match="connect"):
        await connected(url)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /approve/",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ",
        b"POST /approve/TOKEN HTTP/1.1\r\nHost: HOST\r\nContent-Type: FORM\r\nContent-Length: 99\r\n\r\ncsrf=",
    ],
    ids=["silent", "half a line", "half the headers", "half the form"],
)
async def test_a_slow_client_is_cut_off_and_holds_nobody_up(
    directory: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    with within(monkeypatch, 0.3):
        async with reached(directory) as (asked, refund_id, url):
            at = urlsplit(url)
            words = {b"TOKEN": at.path.rpartition("/")[2], b"HOST": at.netloc, b"FORM": FORM}
            for word, value in words.items():
                said = said.replace(word, value.encode())
            slow = await connected(url)
            async with slow:
                if said:
                    await slow.send(said)
                assert "Approved." in words_of((await asked.press(url)).text)
                assert (await asked.counter.desk.execute_refund(refund_id, None)).state == "succeeded"
                assert await everything(slow) == b""


async def test_one_connection_too_many_is_closed_and_room_comes_back(directory: Path) -> None:
    """Hostile 68: descriptors that a refund's record needs are not given away."""
    async with reached(directory) as (asked, _, url):
        crowd = [await connected(url) for _ in range(32)]
        assert (await asked.counter.desk.check_refund())[0].state == "prepared"
        one_more = await connected(url)
        # At once, and not when its time is over.
        with anyio.fail_after(listener._WITHIN_S / 2):
            async with one_more:
                assert await everything(one_more) == b""
        for stream in crowd:
            await stream.aclose()
        while True:
            # The listener hears of the ends when its turn comes.
            try:
                assert (await asked.open(url)).status_code == 200
                break
            except httpx2.TransportError:
                await anyio.lowlevel.checkpoint()


ODD: dict[str, tuple[dict[str, str], int]] = {
    "HTTP/1.0 without a host": ({"version": "1.0", "host": "X: y\r\n"}, 403),
    "another host": ({"host": "Host: evil.test\r\n"}, 403),
    "two hosts": ({"host": "Host: a\r\nHost: b\r\n"}, 400),
    "two lengths": ({"method": "POST", "headers": "Content-Length: 5\r\nContent-Length: 6\r\n"}, 400),
    "a length in other digits": ({"method": "POST", "headers": "Content-Length: ٣\r\n"}, 400),
    "a huge length": ({"method": "POST", "headers": "Content-Length: 99999999999\r\n"}, 403),
    "a tunnel": ({"method": "CONNECT"}, 405),
    "no method": ({"method": "G E T"}, 400),
    "a websocket": ({"headers": "Connection: Upgrade\r\nUpgrade: websocket\r\n"}, 200),
}


@pytest.mark.parametrize("what", ODD)
async def test_what_no_browser_sends_is_answered_and_changes_nothing(directory: Path, what: str) -> None:
    how, status = ODD[what]
    async with reached(directory) as (asked, refund_id, url):
        async with await connected(url) as stream:
            await stream.send(request(url, **how))
            answer = await everything(stream)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert await asked.state(refund_id) == "prepared"


@pytest.mark.parametrize(
    "headers",
    ["X: " + "y" * 1_000_000 + "\r\n", "".join(f"X{n}: y\r\n" for n in range(100_000))],
    ids=["one", "many"],
)
async def test_a_megabyte_of_headers_is_not_read_to_its_end(directory: Path, headers: str) -> None:
    async with reached(directory) as (asked, _, url):
        async with await connected(url) as stream:
            with suppress(anyio.BrokenResourceError):
                await stream.send(request(url, headers=headers))
            # Where the answer was overtaken by the cut, nothing of it arrives.
            assert (await everything(stream))[:13] in {b"HTTP/1.1 400 ", b""}
        assert (await asked.open(url)).status_code == 200


async def test_a_chunked_form_is_none_and_a_repeated_one_counts_once(directory: Path) -> None:
    async with reached(directory) as (asked, refund_id, url):
        body = f"csrf={csrf_of((await asked.open(url)).text)}&decision=approve"
        own = f"Origin: {origin_of(url)}\r\nContent-Type: {FORM}\r\n"
        chunked = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n".encode()
        async with await connected(url) as stream:
            await stream.send(request(url, method="POST", headers=f"{own}Transfer-Encoding: chunked\r\n") + chunked)
            assert (await everything(stream)).startswith(b"HTTP/1.1 403 ")
        assert await asked.state(refund_id) == "prepared"
        whole = request(url, method="POST", headers=f"{own}Content-Length: {len(body)}\r\n") + body.encode()
        async with await connected(url) as stream:
            await stream.send(whole * 3)
            answers = await everything(stream)
        assert answers.count(b"HTTP/1.1 200 ") == 1
        assert answers.count(b"HTTP/1.1 ") == 1
        assert await asked.state(refund_id) == "confirmed"


async def test_a_browser_that_leaves_in_the_middle_of_its_form_approves_nothing(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with reached(directory) as (asked, refund_id, url):
        body = f"csrf={csrf_of((await asked.open(url)).text)}&decision=approve"
        own = f"Origin: {origin_of(url)}\r\nContent-Type: {FORM}\r\nContent-Length: {len(body) + 1}\r\n"
        async with await connected(url) as stream:
            await stream.send(request(url, method="POST", headers=own) + body.encode())
        assert (await asked.open(url)).status_code == 200
        assert await asked.state(refund_id) == "prepared"
    assert "Traceback" not in caplog.text
