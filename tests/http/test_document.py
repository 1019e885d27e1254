"""A document of another server's: a whole 200 is one, in time and not too long, asked for where it is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

if TYPE_CHECKING:
    from tests.http.conftest import Connection, Script, Serve

from clawver_orders.errors import BadResponseError, DeskError, NetworkError, NotFoundError, UpstreamError
from clawver_orders.http import document
from clawver_orders.http.document import ask, fetch

pytestmark = pytest.mark.anyio


def replying(answer: bytes) -> Script:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer)

    return script


async def told(serve: Serve, answer: bytes) -> bytes | type[DeskError]:
    async with serve(replying(answer)) as shop:
        try:
            return await fetch(f"{shop.url}/keys?of=all")
        except DeskError as error:
            return type(error)


def answer_of(status: str, body: bytes = b"{}", *headers: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status.encode(), length, b"Connection: close", *headers, b"", body))


async def test_a_whole_answer_of_200_is_the_document(serve: Serve) -> None:
    assert await told(serve, answer_of("200 OK", b'{"keys": []}')) == b'{"keys": []}'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (answer_of("404 Not Found"), NotFoundError),
        (answer_of("410 Gone"), NotFoundError),
        (answer_of("403 Forbidden"), UpstreamError),
        (answer_of("500 Oops"), UpstreamError),
        (answer_of("204 No Content", b""), UpstreamError),
        (answer_of("302 Found", b"", b"Location: http://127.0.0.1:1/"), BadResponseError),
        (answer_of("200 OK", b"x" * (256 * 1024 + 1)), BadResponseError),
        (answer_of("200 OK", b"{}")[:-1], NetworkError),
        (b"", NetworkError),
        (b"nonsense\r\n\r\n", NetworkError),
    ],
)
async def test_anything_else_is_an_error(serve: Serve, answer: bytes, error: type[DeskError]) -> None:
    assert await told(serve, answer) is error


async def test_an_error_holds_no_address(serve: Serve) -> None:
    async with serve(replying(answer_of("302 Found", b"", b"Location: https://id.example/?token=x"))) as shop:
        with pytest.raises(BadResponseError, match="the issuer answers with a redirect") as error:
            await fetch(f"{shop.url}/keys")
    assert shop.url not in str(error.value)
    assert "id.example" not in str(error.value)


async def test_who_answers_slowly_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_DEADLINE_S", 0.2)

    async def dripping(connection: Connection) -> None:
        await connection.request()
        while True:
            await connection.send(b"H")
            await anyio.sleep(0.05)

    async with serve(dripping) as shop:
        with pytest.raises(NetworkError, match="time-out"):
            await fetch(shop.url)


async def test_one_request_goes_out_with_nothing_that_was_not_meant(serve: Serve) -> None:
    async with serve(replying(answer_of("400 Bad Request", b'{"error": "invalid_grant"}'))) as shop:
        said = await ask("POST", f"{shop.url}/token", headers={"X-One": "1"}, content=b"a=b")
        assert said == (400, b'{"error": "invalid_grant"}')
        (request,) = shop.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"a=b"
    names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    assert names == {
        b"host",
        b"accept",
        b"accept-encoding",
        b"connection",
        b"user-agent",
        b"x-one",
        b"content-length",
    }


@pytest.mark.parametrize(
    "url",
    [
        *("http://id.example/keys", "http://127.0.0.1.example/keys", "file:///etc/passwd", "ftp://127.0.0.1/", ""),
        *(
            "https://",
            "https:///keys",
            "https://user@id.example/",
            "http://u:p@127.0.0.1/",
            "//127.0.0.1/",
            "http://[::1",
            "https://[x]/",
            "https://id.example\x00/",
        ),
    ],
)
async def test_nothing_is_asked_where_it_is_not_safe(url: str) -> None:
    with pytest.raises(BadResponseError):
        await fetch(url)
