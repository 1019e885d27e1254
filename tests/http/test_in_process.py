"""Writes through an injected transport: what it raises is an outcome, never an error."""

import anyio
import httpx2
import pytest

from clawver_orders.http import Http, Sent

pytestmark = pytest.mark.anyio


class Failing(httpx2.AsyncBaseTransport):
    """A transport that raises, or hangs where it has nothing to raise."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.calls = 0
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        await anyio.sleep_forever()
        raise AssertionError

    async def aclose(self) -> None:
        self.closed = True


async def post(transport: httpx2.AsyncBaseTransport, *, may_start: bool = True, deadline_s: float = 20.0) -> Sent:
    http = Http("https://shop.example", transport=transport)
    return await http.write("POST", "/x", json={}, may_start=lambda: may_start, deadline_s=deadline_s)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (ConnectionResetError("example"), "connection reset"),
        (BrokenPipeError("example"), "connection reset"),
        (TimeoutError("example"), "time-out"),
        (httpx2.ReadTimeout("example"), "time-out"),
        (httpx2.ReadError("example"), "connection reset"),
        (httpx2.WriteError("example"), "connection reset"),
        (httpx2.RemoteProtocolError("example"), "incomplete or malformed answer"),
        (RuntimeError("Bearer example"), "connection failed"),
        (ExceptionGroup("example", [RuntimeError("example"), ConnectionResetError()]), "connection reset"),
    ],
)
async def test_whatever_an_application_raises_is_unknown_and_called_once(fault: Exception, seen: str) -> None:
    transport = Failing(fault)
    assert await post(transport) == Sent("unknown", None, seen)
    assert transport.calls == 1


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (httpx2.ConnectError("example"), "no connection"),
        (httpx2.ConnectTimeout("example"), "time-out while connecting"),
        (httpx2.PoolTimeout("example"), "time-out"),
        (httpx2.UnsupportedProtocol("example"), "connection failed"),
    ],
)
async def test_an_error_that_can_only_come_before_the_first_byte_is_not_sent(fault: Exception, seen: str) -> None:
    assert await post(Failing(fault)) == Sent("not_sent", None, seen)


async def test_a_deadline_that_passed_before_is_not_sent_and_the_transport_is_not_called() -> None:
    transport = Failing()
    assert await post(transport, may_start=False) == Sent("not_sent", None, "the send deadline had passed")
    assert transport.calls == 0


async def test_a_hanging_application_is_unknown_at_the_deadline() -> None:
    assert await post(Failing(), deadline_s=0.05) == Sent("unknown", None, "time-out")


async def test_an_application_that_breaks_off_its_body_is_unknown() -> None:
    async def app(scope: object, receive: object, send: httpx2.ASGITransport) -> None:
        raise ConnectionResetError

    assert await post(httpx2.ASGITransport(app)) == Sent("unknown", None, "connection reset")  # type: ignore[arg-type]


async def test_an_injected_transport_stays_open() -> None:
    transport = Failing(ConnectionResetError())
    http = Http("https://shop.example", transport=transport)
    await http.write("POST", "/x", may_start=lambda: True)
    await http.aclose()
    assert not transport.closed


async def test_a_client_that_was_never_used_can_be_closed() -> None:
    await Http("https://shop.example").aclose()
