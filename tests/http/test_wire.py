"""Faults on real sockets: a read ends in a plain error, a write as unknown after one request."""

from __future__ import annotations

import gzip
import logging
import socket
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import anyio
import pytest

from clawver_orders.errors import BadResponseError, NetworkError
from clawver_orders.http import MAX_BODY, Http, path, quiet_logging

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.http.conftest import Connection, Script, Serve

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAST = 0.5


def client(url: str) -> Http:
    return Http(url, headers={"Authorization": "Bearer example"}, random=lambda: 0.0)


def replying(*parts: bytes) -> Script:
    """After each request, send these and leave."""

    async def script(connection: Connection) -> None:
        await connection.request()
        for part in parts:
            await connection.send(part)

    return script


def replying_and_hanging(*parts: bytes) -> Script:
    async def script(connection: Connection) -> None:
        await replying(*parts)(connection)
        await anyio.sleep_forever()

    return script


async def reset_in_the_request(connection: Connection) -> None:
    await connection.stream.receive(1)
    await connection.reset()


async def reset_after_the_request(connection: Connection) -> None:
    await connection.request()
    await connection.reset()


async def reset_in_the_answer(connection: Connection) -> None:
    await connection.request()
    await connection.send(OK[:-1])
    await anyio.sleep(0.05)  # so that the bytes arrive before the reset does
    await connection.reset()


async def drip(connection: Connection) -> None:
    await connection.request()
    for byte in OK:
        await connection.send(bytes([byte]))
        await anyio.sleep(0.2)


async def flood_of_early_hints(connection: Connection) -> None:
    await connection.request()
    while True:
        await connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")


async def endless_body(connection: Connection) -> None:
    await connection.request()
    await connection.send(CHUNKED)
    while True:
        await connection.send(b"10000\r\n" + b" " * 65536 + b"\r\n")


def compressed(data: bytes, coding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


BOMB = gzip.compress(b" " * 100_000_000)

# what the shop does: what is seen
NO_ANSWER: dict[str, tuple[Script, str]] = {
    "41 reset in the middle of the request": (reset_in_the_request, "connection reset"),
    "41 reset after the request": (reset_after_the_request, "connection reset"),
    "41 reset in the middle of the answer": (reset_in_the_answer, "connection reset"),
    "42 end without an answer": (replying(), "incomplete or malformed answer"),
    "42 end in the middle of the head": (replying(OK[:30]), "incomplete or malformed answer"),
    "44 less than Content-Length": (replying(OK[:-1]), "incomplete or malformed answer"),
    "44 chunks without an end": (replying(CHUNKED + b"2\r\n{}\r\n"), "incomplete or malformed answer"),
    "45 bad chunk size": (replying(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"), "incomplete or malformed answer"),
    "47 garbage instead of a status line": (
        replying(b"\x16\x03\x01 garbage\r\n\r\n"),
        "incomplete or malformed answer",
    ),
    "47 status out of range": (replying(b"HTTP/1.1 20000 OK\r\n\r\n"), "incomplete or malformed answer"),
    "47 2 MB of headers": (
        replying(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 2_000_000 + b"\r\n\r\n{}"),
        "incomplete or malformed answer",
    ),
    "47 negative Content-Length": (
        replying(b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}"),
        "incomplete or malformed answer",
    ),
    "47 switching protocols": (
        replying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: example\r\n\r\n"),
        "incomplete or malformed answer",
    ),
    "47 two Content-Lengths": (
        replying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        "incomplete or malformed answer",
    ),
}
TOO_SLOW: dict[str, Script] = {
    "43 hang after the whole request": replying_and_hanging(),
    "44 hang before the end": replying_and_hanging(OK[:-1]),
    "45 hang in the middle of a chunk": replying_and_hanging(CHUNKED + b"20\r\n{"),
    "46 a byte now and then": drip,
    "47 early hints for ever": flood_of_early_hints,
}
UNREADABLE: dict[str, tuple[Script, str]] = {
    "48 endless body": (endless_body, "answer too large"),
    "48 body over the cap": (
        replying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b" " * (MAX_BODY + 1)),
        "answer too large",
    ),
    "48 gzip bomb": (replying(compressed(BOMB, "gzip")), "answer too large"),
    "48 gzip in gzip": (replying(compressed(gzip.compress(BOMB), "gzip, gzip")), "answer too large"),
    "48 deflate bomb": (replying(compressed(zlib.compress(b" " * 100_000_000), "deflate")), "answer too large"),
    "48 damaged gzip": (replying(compressed(b"\x1f\x8b\x08 damaged", "gzip")), "damaged compression"),
    "48 too many codings": (replying(compressed(b"x", ", ".join(["gzip"] * 9))), "damaged compression"),
}
NO_JSON: dict[str, tuple[Script, str]] = {
    "49 login page": (
        replying(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Log in"),
        "a web page, HTTP 200",
    ),
    "49 text": (replying(b"HTTP/1.1 200 OK\r\n\r\nOK"), "not JSON, HTTP 200"),
    "49 empty": (replying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), "an empty answer, HTTP 200"),
    "44 cut without a length": (replying(b'HTTP/1.1 200 OK\r\n\r\n{"a": '), "not JSON, HTTP 200"),
    "48 cut in gzip": (replying(compressed(gzip.compress(b'{"a": 1}' * 9999)[:-9], "gzip")), "not JSON, HTTP 200"),
    "52 no content": (replying(b"HTTP/1.1 204 No Content\r\n\r\n"), "an empty answer, HTTP 204"),
    "52 not modified": (replying(b"HTTP/1.1 304 Not Modified\r\n\r\n"), "a redirect, HTTP 304"),
}


def cases(table: dict[str, tuple[Script, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("script", "seen"), table.values(), ids=table.keys())


# --- reads


@cases(NO_ANSWER)
async def test_a_read_whose_answer_is_lost_is_repeated_and_then_a_network_error(
    serve: Serve, script: Script, seen: str
) -> None:
    async with serve(script) as shop:
        http = client(shop.url)
        with pytest.raises(NetworkError, match=seen) as told:
            await http.read("/x")
        assert shop.connections == 3
        assert "127.0.0.1" not in str(told.value)
        await http.aclose()


@pytest.mark.parametrize("script", TOO_SLOW.values(), ids=TOO_SLOW.keys())
async def test_a_read_has_a_deadline_over_everything(serve: Serve, script: Script) -> None:
    async with serve(script) as shop:
        http = client(shop.url)
        with pytest.raises(NetworkError, match="time-out"):
            await http.read("/x", deadline_s=FAST)
        await http.aclose()


@cases(UNREADABLE)
async def test_a_read_of_too_much_is_given_up_at_once(serve: Serve, script: Script, seen: str) -> None:
    async with serve(script) as shop:
        http = client(shop.url)
        with pytest.raises(BadResponseError, match=seen):
            await http.read("/x")
        assert shop.connections == 1
        await http.aclose()


@cases(NO_JSON)
async def test_a_read_that_got_no_json_is_a_bad_response(serve: Serve, script: Script, seen: str) -> None:
    async with serve(script) as shop:
        http = client(shop.url)
        with pytest.raises(BadResponseError):
            await http.read("/x")
        assert len(shop.requests) == 1
        await http.aclose()


async def test_a_gzip_bomb_never_stands_in_memory(serve: Serve) -> None:
    """hostile 48: 100 MB were packed into 100 kB"""
    async with serve(replying(compressed(BOMB, "gzip"))) as shop:
        http = client(shop.url)
        tracemalloc.start()
        with pytest.raises(BadResponseError):
            await http.read("/x")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await http.aclose()
    assert peak < 4 * MAX_BODY


async def test_two_hundred_early_hints_do_no_harm(serve: Serve) -> None:
    """hostile 47"""
    async with serve(replying(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 200 + OK)) as shop:
        http = client(shop.url)
        assert (await http.read("/x")).status == 200
        await http.aclose()


async def test_a_body_of_exactly_the_cap_is_read(serve: Serve) -> None:
    async with serve(replying(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MAX_BODY - 2) + b"{}")) as shop:
        http = client(shop.url)
        assert (await http.read("/x")).body == {}
        await http.aclose()


async def test_a_compressed_answer_is_read_even_though_none_was_asked_for(serve: Serve) -> None:
    async with serve(replying(compressed(gzip.compress(b'{"a": 1}'), "gzip"))) as shop:
        http = client(shop.url)
        assert (await http.read("/x")).body == {"a": 1}
        await http.aclose()


async def keep_answering(connection: Connection) -> None:
    while await connection.request():
        await connection.send(OK)


async def test_reads_share_a_connection_and_each_write_has_its_own(serve: Serve) -> None:
    async with serve(keep_answering) as shop:
        http = client(shop.url)
        for _ in range(3):
            await http.read("/x")
        assert shop.connections == 1
        for _ in range(2):
            assert (await http.write("POST", "/x", json={}, may_start=lambda: True)).kind == "answered"
        assert shop.connections == 3
        await http.read("/x")
        assert shop.connections == 3
        closing = [b"connection: close" in request.lower() for request in shop.requests]
        assert closing == [False, False, False, True, True, False]
        await http.aclose()


async def test_a_kept_connection_that_the_shop_closed_is_replaced_without_a_word(serve: Serve) -> None:
    """hostile 61: of a GET and of a POST"""
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async with serve(replying(OK)) as shop:
        http = Http(shop.url, sleep=nap)
        await http.read("/x")
        await anyio.sleep(0.05)  # so that the shop's FIN is there
        await http.read("/x")
        await anyio.sleep(0.05)
        assert (await http.write("POST", "/x", json={}, may_start=lambda: True)).kind == "answered"
        assert (shop.connections, naps) == (3, [])
        await http.aclose()


async def test_a_kept_connection_that_the_shop_closes_at_the_second_request_is_replaced_by_a_repetition(
    serve: Serve,
) -> None:
    """hostile 61"""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(OK)
        await connection.request()

    async with serve(script) as shop:
        http = client(shop.url)
        await http.read("/x")
        assert (await http.read("/x")).status == 200
        assert (shop.connections, len(shop.requests)) == (2, 3)
        await http.aclose()


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(serve: Serve) -> None:
    """hostile 62"""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(OK.replace(b"{}", b"%d " % connection.number))
        await anyio.sleep(0.02)
        await connection.send(OK.replace(b"{}", b"99"))
        await anyio.sleep_forever()

    async with serve(script) as shop:
        http = client(shop.url)
        assert (await http.read("/x")).body == 1
        await anyio.sleep(0.1)
        assert (await http.read("/x")).body == 2
        await http.aclose()


async def test_a_path_reaches_the_shop_as_it_was_made(serve: Serve) -> None:
    """hostile 13"""
    async with serve(keep_answering) as shop:
        http = client(shop.url + "/wp/")
        await http.read(path("/v1/orders/{order_id}/x", order_id="a;b@c: ...😀"), params={"token": "a/../b?#%41"})
        line = shop.requests[0].split(b"\r\n")[0]
        assert line == (b"GET /wp/v1/orders/a%3Bb%40c%3A%20...%F0%9F%98%80/x?token=a%2F..%2Fb%3F%23%2541 HTTP/1.1")
        await http.aclose()


async def test_proxies_and_netrc_of_the_environment_are_not_asked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    """hostile 60"""
    async with serve(keep_answering) as proxy, serve(keep_answering) as shop:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url if name != "ALL_PROXY" else f"socks5://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NETRC", f"{tmp_path}/netrc")
        with open(f"{tmp_path}/netrc", "w", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - a fixture's file
            file.write("machine 127.0.0.1 login example password example")
        http = Http(shop.url)
        await http.read("/x")
        await http.write("POST", "/x", json={}, may_start=lambda: True)
        assert (proxy.connections, shop.connections) == (0, 2)
        assert b"authorization" not in b"".join(shop.requests).lower()
        await http.aclose()


async def test_an_address_that_is_dead_does_not_hide_one_that_lives(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """hostile 38, 63: the first address of the name drops every packet"""
    async with serve(keep_answering) as shop:
        with BlackHole("127.0.0.2", shop.port):
            addresses = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, shop.port))
                for host in ("127.0.0.2", "127.0.0.1")
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: addresses)
            http = Http(f"http://localhost:{shop.port}")
            assert (await http.read("/x", deadline_s=5)).status == 200
            await http.aclose()


class BlackHole:
    """A port whose queue is full: the kernel drops each further SYN."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(0)
        self.host, self.port = self.listener.getsockname()
        self.fillers: list[socket.socket] = []

    def __enter__(self) -> BlackHole:
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((self.host, self.port))
            self.fillers.append(filler)
        return self

    def __exit__(self, *_exc: object) -> None:
        for each in [*self.fillers, self.listener]:
            each.close()


# --- writes


async def post(http: Http, *, deadline_s: float = 20.0) -> tuple[str, str]:
    sent = await http.write(
        "POST", "/x", json={"amountInCents": 500}, may_start=lambda: True, deadline_s=deadline_s
    )
    return sent.kind, sent.seen


@cases({**NO_ANSWER, **UNREADABLE, **NO_JSON})
async def test_a_write_whose_answer_is_lost_or_senseless_is_unknown_after_one_request(
    serve: Serve, script: Script, seen: str
) -> None:
    async with serve(script) as shop:
        assert await post(client(shop.url)) == ("unknown", seen)
        assert shop.connections == 1
        assert len(shop.requests) == (0 if script is reset_in_the_request else 1)


@pytest.mark.parametrize("script", TOO_SLOW.values(), ids=TOO_SLOW.keys())
async def test_a_write_that_takes_too_long_is_unknown_after_one_request(serve: Serve, script: Script) -> None:
    async with serve(script) as shop:
        assert await post(client(shop.url), deadline_s=FAST) == ("unknown", "time-out")
        assert (shop.connections, len(shop.requests)) == (1, 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["same", "other", "loop"])
async def test_a_redirected_write_is_unknown_and_nothing_else_is_sent(
    serve: Serve, status: int, where: str
) -> None:
    """hostile 53"""
    async with serve(keep_answering) as other:

        async def redirect(connection: Connection) -> None:
            while await connection.request():
                target = {"same": f"{shop.url}/y", "other": f"{other.url}/x", "loop": "/x"}[where]
                await connection.send(
                    f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
                )

        async with serve(redirect) as shop:
            assert await post(client(shop.url)) == ("unknown", f"a redirect, HTTP {status}")
            await anyio.sleep(0.02)
            assert (len(shop.requests), shop.connections, other.connections) == (1, 1, 0)


@pytest.mark.parametrize("status", [200, 201, 202, 206, 400, 401, 403, 404, 409, 422, 425, 429, 500, 502, 503, 504])
async def test_a_write_with_a_complete_answer_is_answered_whatever_the_status_and_sent_once(
    serve: Serve, status: int
) -> None:
    """hostile 54, 56, 57: what it means is for the platform to say"""
    answer = f'HTTP/1.1 {status} Example\r\nRetry-After: 0\r\nContent-Length: 8\r\n\r\n{{"a": 1}}'.encode()
    async with serve(replying_and_hanging(answer)) as shop:
        sent = await client(shop.url).write("POST", "/x", json={"n": "é"}, may_start=lambda: True)
        assert (sent.kind, sent.seen) == ("answered", f"HTTP {status}")
        assert sent.reply is not None
        assert (sent.reply.status, sent.reply.body) == (status, {"a": 1})
        assert len(shop.requests) == 1
        assert b"authorization: bearer example" in shop.requests[0].lower()
        assert b"content-type: application/json" in shop.requests[0].lower()
        assert shop.requests[0].endswith(b'\r\n\r\n{"n":"\\u00e9"}')


async def test_an_answer_that_comes_before_the_body_was_taken_is_an_answer(serve: Serve) -> None:
    async def refuse_early(connection: Connection) -> None:
        await connection.stream.receive(1)
        await connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await connection.stream.receive()

    async with serve(refuse_early) as shop:
        assert await post(client(shop.url)) == ("answered", "HTTP 413")


async def test_an_empty_answer_is_an_answer_where_it_is_allowed(serve: Serve) -> None:
    """hostile 52"""
    async with serve(replying(b"HTTP/1.1 204 No Content\r\n\r\n")) as shop:
        sent = await client(shop.url).write("DELETE", "/x", may_start=lambda: True, empty_ok=True)
        assert sent.kind == "answered"
        assert shop.requests[0].startswith(b"DELETE /x HTTP/1.1\r\n")
        assert b"content-type" not in shop.requests[0].lower()


async def test_an_empty_error_is_not_an_answer_even_then(serve: Serve) -> None:
    async with serve(replying(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")) as shop:
        sent = await client(shop.url).write("DELETE", "/x", may_start=lambda: True, empty_ok=True)
        assert (sent.kind, sent.seen) == ("unknown", "an empty answer, HTTP 404")
        assert sent.reply is not None
        assert sent.reply.status == 404


# --- not sent


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_nobody_listening_is_not_sent() -> None:
    """hostile 37"""
    http = client(f"http://127.0.0.1:{closed_port()}")
    assert await post(http) == ("not_sent", "connection refused")
    with pytest.raises(NetworkError, match="connection refused") as told:
        await http.read("/x")
    assert "base_url" in told.value.next_step
    await http.aclose()


async def test_a_name_that_is_not_found_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """hostile 38"""

    def unknown(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "secret.example is unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    http = client("https://secret.example")
    assert await post(http) == ("not_sent", "name not found")
    with pytest.raises(NetworkError, match="name not found") as told:
        await http.read("/x")
    assert "secret" not in str(told.value)
    await http.aclose()


async def test_a_hanging_connect_is_not_sent() -> None:
    """hostile 40"""
    with BlackHole() as hole:
        http = client(f"http://127.0.0.1:{hole.port}")
        assert await post(http, deadline_s=FAST) == ("not_sent", "time-out while connecting")
        with pytest.raises(NetworkError, match="time-out"):
            await http.read("/x", deadline_s=FAST)
        await http.aclose()


async def test_a_send_deadline_that_passed_lets_no_byte_out_and_is_asked_once(serve: Serve) -> None:
    asked: list[bool] = []

    def may_start() -> bool:
        asked.append(True)
        return False

    async with serve(keep_answering) as shop:
        sent = await client(shop.url).write("POST", "/x", json={}, may_start=may_start)
        assert (sent.kind, sent.seen) == ("not_sent", "the send deadline had passed")
        await anyio.sleep(0.02)
        assert (len(asked), shop.connections, shop.received) == (1, 1, b"")


async def test_the_send_deadline_is_asked_after_connecting_and_once(serve: Serve) -> None:
    asked: list[bool] = []

    def may_start() -> bool:
        asked.append(True)
        return True

    async with serve(keep_answering) as shop:
        with BlackHole() as hole:
            await client(f"http://127.0.0.1:{hole.port}").write("POST", "/x", may_start=may_start, deadline_s=FAST)
        assert asked == []
        await client(shop.url).write("POST", "/x", may_start=may_start)
        assert asked == [True]


async def test_a_clock_that_fails_lets_no_byte_out(serve: Serve) -> None:
    def may_start() -> bool:
        raise OSError("example")

    async with serve(keep_answering) as shop:
        sent = await client(shop.url).write("POST", "/x", json={}, may_start=may_start)
        assert sent.kind == "not_sent"
        await anyio.sleep(0.02)
        assert shop.received == b""


async def test_were_the_librarys_events_renamed_a_lost_answer_would_still_be_unknown(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_args: object) -> None:
        pass

    monkeypatch.setattr("httpcore2._trace.Trace.atrace", nothing)
    async with serve(replying_and_hanging()) as shop:
        assert await post(client(shop.url), deadline_s=FAST) == ("unknown", "time-out")
        assert len(shop.requests) == 1


async def test_a_cancelled_write_passes_the_cancellation_on_and_was_sent_once(serve: Serve) -> None:
    async with serve(replying_and_hanging()) as shop:
        with anyio.move_on_after(FAST) as scope:
            await post(client(shop.url))
            pytest.fail("the cancellation was swallowed")
        assert scope.cancelled_caught
        assert (shop.connections, len(shop.requests)) == (1, 1)


# --- the log


@pytest.fixture
def quiet() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in ("httpx2", "httpcore2")}
    quiet_logging()
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def _talk(url: str) -> None:
    http = client(url)
    where = path("/v1/checkout/{checkout_id}/receipt", checkout_id="chk_secret")
    await http.read(where, params={"token": "dl_secret"})
    await http.write("POST", where, json={"note": "body_secret"}, may_start=lambda: True)
    await http.aclose()
    with pytest.raises(NetworkError):
        await client(f"http://127.0.0.1:{closed_port()}").read(where, params={"token": "dl_secret"})


@pytest.mark.usefixtures("quiet")
async def test_the_log_holds_no_token_no_key_no_id_and_no_body(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve(keep_answering) as shop:
        await _talk(shop.url)
    ours = [record for record in caplog.records if record.name == "clawver_orders.http"]
    lines = [record.getMessage() for record in ours]
    assert lines[0].startswith("GET /v1/checkout/{checkout_id}/receipt: 200 in ")
    assert lines[1].startswith("POST /v1/checkout/{checkout_id}/receipt: HTTP 200 in ")
    assert lines[2] == "GET /v1/checkout/{checkout_id}/receipt: connection refused (ConnectError)"
    assert not [record for record in caplog.records if record.name.startswith(("httpx2", "httpcore2"))]
    for secret in ("secret", "Bearer", "127.0.0.1"):
        assert secret not in "".join(lines)


async def test_without_quiet_logging_the_library_would_log(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serve(keep_answering) as shop:
        await _talk(shop.url)
    assert [record for record in caplog.records if record.name.startswith("httpcore2")]
