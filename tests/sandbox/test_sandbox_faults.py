"""Faults by switch, in process: what the client sees, and what the shop did."""

from collections.abc import Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from clawver_orders.sandbox import (
    CloseFault,
    Fault,
    FaultRaised,
    ResetFault,
    Sandbox,
    TimeoutFault,
    parse_fault,
)

pytestmark = pytest.mark.anyio
Connect = Callable[..., httpx2.AsyncClient]


async def refund(client: httpx2.AsyncClient, sandbox: Sandbox, cents: int = 500) -> httpx2.Response:
    order = sandbox.hints["refundable_order"]
    return await client.post(f"/v1/orders/{order}/refund", json={"amountInCents": cents, "reason": "x"})


async def seen(client: httpx2.AsyncClient, sandbox: Sandbox) -> list[int]:
    """The refunds that a read shows, in cents."""
    answer = await client.get(f"/v1/orders/{sandbox.hints['refundable_order']}")
    return [entry["amountInCents"] for entry in answer.json()["data"]["order"]["refunds"]]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout", TimeoutFault),
        ("reset", ResetFault),
        ("close", CloseFault),
    ],
)
@pytest.mark.parametrize(("when", "moved"), [("before", []), ("after", [500])])
async def test_a_lost_answer_comes_out_of_the_app_and_the_shop_did_or_did_not(
    sandbox: Sandbox, connect: Connect, *, kind: str, error: type[FaultRaised], when: str, moved: list[int]
) -> None:
    """hostile 41, 42, 43 and 57."""
    sandbox.faults.add(f"refund:{kind}-{when}")
    async with connect(sandbox) as client:
        with pytest.raises(error):
            await refund(client, sandbox)
        assert await seen(client, sandbox) == moved
        assert (await refund(client, sandbox, 1)).status_code == 200
    assert (sandbox.requests[0].fault, sandbox.requests[0].status) == (f"refund:{kind}-{when}:1", None)


def test_faults_below_http_are_the_errors_that_python_has_for_them() -> None:
    assert issubclass(TimeoutFault, TimeoutError)
    assert issubclass(ResetFault, ConnectionResetError)
    assert issubclass(CloseFault, ConnectionAbortedError)


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500])
@pytest.mark.parametrize(("when", "moved"), [("before", []), ("after", [500])])
async def test_an_error_in_the_vendors_envelope_before_and_after_applying(
    sandbox: Sandbox, connect: Connect, status: int, when: str, moved: list[int]
) -> None:
    """hostile 54, 55, 56, 57."""
    sandbox.faults.add(f"refund:{status}-{when}")
    async with connect(sandbox) as client:
        answer = await refund(client, sandbox)
        assert (answer.status_code, answer.json()["success"]) == (status, False)
        assert await seen(client, sandbox) == moved


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_in_between_answers_with_a_page(sandbox: Sandbox, connect: Connect, status: int) -> None:
    sandbox.faults.add(f"any:{status}")
    async with connect(sandbox) as client:
        answer = await client.get("/v1/orders")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("given", ["7", "-1", "1000000000", "soon"])
async def test_retry_after_stands_as_it_was_given(sandbox: Sandbox, connect: Connect, given: str) -> None:
    """hostile 56."""
    sandbox.faults.add(f"list:429:1,retry_after={given}")
    async with connect(sandbox) as client:
        answer = await client.get("/v1/orders")
        assert (await client.get("/v1/orders")).status_code == 200
    assert answer.headers["Retry-After"] == given


async def test_retry_after_may_be_a_date_or_absent(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.add("list:503:1,retry_after=date", "list:503")
    async with connect(sandbox) as client:
        dated, bare = [await client.get("/v1/orders") for _ in range(2)]
    wait = parsedate_to_datetime(dated.headers["Retry-After"]) - sandbox.now()
    assert 1 <= wait.total_seconds() <= 2
    assert "Retry-After" not in bare.headers


@pytest.mark.parametrize("kind", ["redirect", "301", "302", "303", "307", "308"])
async def test_a_redirect_leads_where_it_is_told(sandbox: Sandbox, connect: Connect, kind: str) -> None:
    """hostile 53."""
    sandbox.faults.add(f"get:{kind}:1,location=http://elsewhere.test/x")
    async with connect(sandbox) as client:
        answer = await client.get(f"/v1/orders/{sandbox.hints['digital_order']}")
    assert answer.status_code == (302 if kind == "redirect" else int(kind))
    assert answer.headers["Location"] == "http://elsewhere.test/x"
    assert not answer.content


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("html", b"<!doctype html>"),
        ("null", b"null"),
        ("array", b"[]"),
        ("success-false", b'{"success":false'),
        ("bad-utf8", b'{"success":true,"data":{"order":{"id":"\xff'),
        ("nested", b"[[[["),
        ("empty", b""),
    ],
)
async def test_a_success_with_a_body_that_is_none(
    sandbox: Sandbox, connect: Connect, kind: str, start: bytes
) -> None:
    """hostile 49, 50, 51."""
    sandbox.faults.add(f"refund:{kind}-after")
    async with connect(sandbox) as client:
        answer = await refund(client, sandbox)
        assert await seen(client, sandbox) == [500]
    assert answer.status_code == 200
    assert answer.content.startswith(start)
    assert bool(answer.content) is bool(start)


@pytest.mark.parametrize("status", [202, 204, 206, 304])
async def test_a_success_of_another_kind_without_a_body(sandbox: Sandbox, connect: Connect, status: int) -> None:
    """hostile 52."""
    sandbox.faults.add(f"get:{status}")
    async with connect(sandbox) as client:
        answer = await client.get(f"/v1/orders/{sandbox.hints['digital_order']}")
    assert (answer.status_code, answer.content) == (status, b"")


async def test_a_harmed_answer_is_the_true_one_cut_short_or_slow(sandbox: Sandbox, connect: Connect) -> None:
    """hostile 44, 46."""
    sandbox.faults.add("get:truncated", "get:slow", "get:cut")
    async with connect(sandbox) as client:
        path = f"/v1/orders/{sandbox.hints['digital_order']}"
        truncated = await client.get(path)
        slow = await client.get(path)
        with pytest.raises(CloseFault):
            await client.get(path)
        whole = await client.get(path)
    assert slow.content == whole.content
    assert truncated.content == whole.content[: len(whole.content) // 2]
    assert truncated.status_code == 200


async def test_a_late_refund_appears_after_so_many_reads(sandbox: Sandbox, connect: Connect) -> None:
    """hostile 58, without waiting."""
    sandbox.faults.add("refund:timeout-late:1,reads=2")
    async with connect(sandbox) as client:
        with pytest.raises(TimeoutFault):
            await refund(client, sandbox)
        assert [await seen(client, sandbox) for _ in range(4)] == [[], [], [500], [500]]
    assert sandbox.requests[0].late == "200"


async def test_a_late_refund_appears_after_so_many_seconds(
    sandbox: Sandbox, connect: Connect, move: Callable[[float], None]
) -> None:
    """hostile 58."""
    sandbox.faults.add("refund:500-late:1,seconds=120")
    async with connect(sandbox) as client:
        assert (await refund(client, sandbox)).status_code == 500
        move(119)
        assert await seen(client, sandbox) == []
        assert sandbox.requests[0].late == "waiting"
        move(1)
        assert await seen(client, sandbox) == [500]


async def test_a_late_refund_that_no_longer_fits_is_refused_late(sandbox: Sandbox, connect: Connect) -> None:
    order = sandbox.shop.orders[sandbox.hints["refundable_order"]]
    sandbox.faults.add("refund:timeout-late")
    async with connect(sandbox) as client:
        with pytest.raises(TimeoutFault):
            await refund(client, sandbox)
        sandbox.shop.refund(order.id, order.remaining, "in the dashboard")
        await seen(client, sandbox)
        assert await seen(client, sandbox) == [order.total]
    assert sandbox.requests[0].late == "409"


async def test_stale_reads_do_not_see_the_write_before_them(sandbox: Sandbox, connect: Connect) -> None:
    """hostile 59."""
    sandbox.faults.add("refund:stale:1,reads=2")
    async with connect(sandbox) as client:
        assert await seen(client, sandbox) == []
        assert (await refund(client, sandbox)).status_code == 200
        assert [await seen(client, sandbox) for _ in range(3)] == [[], [], [500]]
    assert [request.fault for request in sandbox.requests[2:]] == ["get:stale", "get:stale", None]


async def test_a_read_may_be_made_stale_from_now_on(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.add("get:stale:2")
    sandbox.shop.refund(sandbox.hints["refundable_order"], 500, "x")
    async with connect(sandbox) as client:
        assert (await client.get("/v1/orders")).status_code == 200
        assert [await seen(client, sandbox) for _ in range(3)] == [[], [], [500]]


async def test_a_lost_answer_and_stale_reads_go_together(sandbox: Sandbox, connect: Connect) -> None:
    sandbox.faults.add("refund:stale:1,reads=1", "refund:timeout-after")
    async with connect(sandbox) as client:
        with pytest.raises(TimeoutFault):
            await refund(client, sandbox)
        assert [await seen(client, sandbox) for _ in range(2)] == [[], [500]]


async def test_faults_hit_what_they_name_in_their_order_and_as_often_as_they_say(
    sandbox: Sandbox, connect: Connect
) -> None:
    sandbox.faults.add("write:500", "read:503:2", "any:429:always")
    async with connect(sandbox) as client:
        statuses = [(await client.get("/v1/orders")).status_code for _ in range(4)]
        writes = [(await refund(client, sandbox)).status_code for _ in range(3)]
        sandbox.faults.clear()
        assert (await refund(client, sandbox)).status_code == 200
    assert statuses == [503, 503, 429, 429]
    assert writes == [500, 429, 429]


async def test_a_delay_is_waited_for_through_pause(sandbox: Sandbox, connect: Connect) -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    sandbox.pause = pause
    sandbox.faults.add("list:500:1,delay=2.5", "list:slow:1,delay=0.25")
    async with connect(sandbox) as client:
        await client.get("/v1/orders?limit=1")
        slow = await client.get("/v1/orders?limit=1")
    assert waited[0] == 2.5
    assert waited.count(0.25) == len(slow.content)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("refund:timeout-after:1", Fault("refund", "timeout", "after", 1)),
        ("refund:timeout", Fault("refund", "timeout", "before", 1)),
        ("any:429:always,retry_after=2", Fault("any", "429", "before", None, retry_after="2")),
        ("refund:500-late:2,seconds=2.5", Fault("refund", "500", "late", 2, seconds=2.5)),
        ("list:slow:3,delay=0.2", Fault("list", "slow", "after", 3, delay=0.2)),
        ("public-download:success-false", Fault("public-download", "success-false")),
        ("create-webhook:bad-utf8-after", Fault("create-webhook", "bad-utf8", "after")),
    ],
)
def test_a_fault_has_a_short_form(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault
    assert parse_fault(str(fault)) == replace(fault, delay=0.0, seconds=None, retry_after=None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "refund",
        "refund:",
        ":timeout",
        "refund:explode",
        "refund:timeout-sometime",
        "refund:timeout:0",
        "refund:timeout:many",
        "refund:timeout:1:2",
        "refund:timeout:1,reads",
        "refund:timeout:1,colour=red",
        "refund:timeout:1,delay=x",
        "teleport:timeout:1",
    ],
)
def test_what_is_no_fault_is_refused_and_changes_nothing(sandbox: Sandbox, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sandbox.faults.add("list:500", text)
    assert list(sandbox.faults) == []
