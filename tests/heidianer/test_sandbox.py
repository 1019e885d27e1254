"""The made-up Heidianer shop has the real one's quirks, and refuses what the real one would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox
from clawver_orders.sandbox.heidianer import BOTH, BUYER, READER, WRITER, dialect
from tests.heidianer.shop import NOON, sandbox

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def client(shop: Sandbox, authorization: str = f"Bearer {BOTH}") -> AsyncIterator[httpx2.AsyncClient]:
    headers = {"Authorization": authorization} if authorization else {}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=shop.app), base_url="http://shop.test/api", headers=headers
    ) as opened:
        yield opened


async def get(shop: Sandbox, path: str) -> Any:
    async with client(shop) as opened:
        return (await opened.get(path)).json()


async def test_pages_link_to_each_other_in_plain_http() -> None:
    shop = sandbox()
    first = await get(shop, "/orders/order/?page_size=25&order_status=open")
    assert (first["previous"], len(first["results"])) == (None, 25)
    assert first["next"].startswith("http://")
    assert "page=2" in first["next"]
    assert "order_status=open" in first["next"]
    last = await get(shop, "/orders/order/?page_size=25&page=3")
    assert (last["next"], last["count"]) == (None, len(shop.shop.orders))
    assert len(last["results"]) == len(shop.shop.orders) - 50
    ten = await get(shop, "/orders/order/?page_size=none")
    assert len(ten["results"]) == 10


@pytest.mark.parametrize(
    ("authorization", "method", "path", "status"),
    [
        ("", "GET", "/orders/order/", 401),
        ("Bearer wrong", "GET", "/orders/order/", 401),
        (f"Token {BOTH}", "GET", "/orders/order/", 401),
        (f"Bearer {WRITER}", "GET", "/orders/order/", 403),
        (f"Bearer {READER}", "GET", "/orders/order/", 200),
        (f"bearer {READER}", "GET", "/orders/order/count/", 200),
        (f"Bearer {READER}", "GET", "/orders/order/{}/check_paid/", 204),
        (f"Bearer {READER}", "POST", "/orders/order/{}/refund/", 403),
        (f"Bearer {WRITER}", "POST", "/orders/order/{}/refund/", 200),
        (f"Bearer {BOTH}", "POST", "/customers/order/{}/add_comment/", 401),
        (f"CustomerToken {BUYER}", "POST", "/customers/order/{}/add_comment/", 204),
        (f"CustomerToken {BUYER}", "GET", "/orders/order/", 401),
    ],
)
async def test_scopes_are_kept_apart(authorization: str, method: str, path: str, status: int) -> None:
    shop = sandbox()
    body = {"comment": "hello"} if "comment" in path else None
    async with client(shop, authorization) as opened:
        answer = await opened.request(method, path.format(shop.hints["refundable_order"]), json=body)
    assert answer.status_code == status
    if status in (401, 403):
        assert set(answer.json()) == {"detail"}
        assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/orders/order/1/", 404),
        ("GET", "/orders/order/ord_1/", 404),
        ("GET", "/orders/order/{}/none/", 404),
        ("POST", "/orders/order/{}/none/", 404),
        ("DELETE", "/orders/order/{}/", 404),
        ("GET", "/orders/order/{}", 301),
        ("POST", "/orders/order/{}/refund", 404),
        ("GET", "/orders/order/?page=99", 404),
        ("GET", "/orders/order/?order_by=-id", 400),
        ("GET", "/orders/order/?order_by=total", 400),
        ("GET", "/orders/order/?id__in=1,x", 400),
        ("GET", "/orders/order/?financial_status__in=paid,free", 400),
        ("GET", "/orders/order/?created_at__gte=2026-03-01", 400),
        ("GET", "/orders/order/?paid_at__lte=2026-13-01T00:00:00.000Z", 400),
        ("GET", "/orders/order/?unknown=1", 200),
        ("GET", "/orders/order/?order_by=id", 200),
    ],
)
async def test_what_is_no_call_of_the_page_is_refused(method: str, path: str, status: int) -> None:
    shop = sandbox()
    async with client(shop) as opened:
        answer = await opened.request(method, path.format(shop.hints["refundable_order"]))
    assert answer.status_code == status
    if status == 301:
        assert answer.headers["location"].startswith("http://")
        assert answer.headers["location"].endswith("/")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "add_comment/", b""),
        ("POST", "add_comment/", b"{"),
        ("POST", "add_comment/", b"[]"),
        ("POST", "add_comment/", b'{"comment": ""}'),
        ("POST", "add_comment/", b'{"comment": 7}'),
        ("PATCH", "update_comment/", b'{"comment": "x"}'),
        ("PATCH", "update_comment/", b'{"id": "1", "comment": "x"}'),
        ("PATCH", "update_comment/", b'{"id": 1, "comment": "x", "metafield": []}'),
        ("POST", "modify_price/", b"{}"),
        ("POST", "modify_price/", b'{"total_price_adjustment": -20}'),
        ("POST", "modify_price/", b'{"total_price_adjustment": "-20.001"}'),
        ("POST", "modify_price/", b'{"total_price_adjustment": "-9999.00"}'),
        ("POST", "cancel/", b'{"reason": 7}'),
        ("POST", "close/", b""),
        ("POST", "refund/", b""),
    ],
)
async def test_a_body_or_a_state_that_is_wrong_changes_nothing(method: str, path: str, body: bytes) -> None:
    shop = sandbox()
    number = shop.hints["pending_order"]
    before = repr(shop.shop.numbered(number))
    async with client(shop) as opened:
        answer = await opened.request(method, f"/orders/order/{number}/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()
    assert repr(shop.shop.numbered(number)) == before


async def test_a_refund_is_on_its_way_until_the_shop_asks_or_the_bank_settles_it() -> None:
    shop = sandbox()
    number = shop.hints["refundable_order"]
    async with client(shop) as opened:
        answer = (await opened.post(f"/orders/order/{number}/refund/")).json()
        assert (answer["financial_status"], answer["is_refunding"]) == ("paid", True)
        listed = (await opened.get(f"/orders/order/{number}/transaction/")).json()["results"]
        assert [(entry["transaction_type"], entry["status"]) for entry in listed] == [
            ("sale", "success"),
            ("refund", "pending"),
        ]
        settled = await opened.post("http://shop.test/_sandbox/settle", json={"order_id": number})
        assert settled.json()["orders"][0]["payment_status"] == "refunded"
        after = (await opened.get(f"/orders/order/{number}/")).json()
        assert (after["financial_status"], after["is_refunding"]) == ("refunded", False)
        again = (await opened.get(f"/orders/order/{number}/transaction/")).json()["results"]
    assert [entry["id"] for entry in again] == [entry["id"] for entry in listed]
    assert (again[1]["status"], again[0]["refundable_amount"]) == ("success", "0.00")


async def test_no_two_transactions_or_lines_of_the_shop_have_one_id() -> None:
    shop = sandbox()
    transactions, lines = [], []
    for order in shop.shop.orders.values():
        body = await get(shop, f"/orders/order/{order.number}/")
        lines += [line["id"] for line in body["lines"]]
        page = 1
        while page:
            listed = await get(shop, f"/orders/order/{order.number}/transaction/?page={page}")
            transactions += [entry["id"] for entry in listed["results"] if entry["order_id"] == order.number]
            page = page + 1 if listed["next"] else 0
    assert len(transactions) == len(set(transactions)) > 60
    assert len(lines) == len(set(lines)) > 60


async def test_what_needs_no_parcel_has_the_placeholders_of_the_sample() -> None:
    shop = sandbox()
    [parcel] = (await get(shop, f"/orders/order/{shop.hints['digital_order']}/"))["fulfillments"]
    assert (parcel["tracking_company"], parcel["tracking_number"], parcel["status"]) == (
        "不需要物流",
        "--",
        "pending",
    )
    [sent] = (await get(shop, f"/orders/order/{shop.hints['shipped_order']}/"))["fulfillments"]
    assert [scan["context"] for scan in sent["kd100_data"]] == ["快件运输中", "快件已揽收"]


async def test_a_payment_by_hand_succeeds_and_never_says_when() -> None:
    shop = sandbox()
    async with client(shop) as opened:
        answer = await opened.post(f"/orders/order/{shop.hints['pending_order']}/transaction/")
    assert answer.status_code == 201
    body = answer.json()
    assert (body["status"], body["succeeds_at"], body["channel"]) == ("success", None, "manual")


async def test_every_hint_is_worth_trying() -> None:
    shop = sandbox()
    async with client(shop) as opened:
        for name, number in shop.hints.items():
            if name.endswith("_order") or name.startswith("hostile"):
                assert (await opened.get(f"/orders/order/{number}/")).status_code == 200, name
    assert {"refundable_order", "pending_order", "closed_order", "customer_id", "phone"} <= set(shop.hints)


def test_the_same_seed_is_the_same_shop_and_another_is_not() -> None:
    def bodies(seed: int) -> list[str]:
        shop = Sandbox(seed=seed, now=lambda: NOON, dialect=dialect())
        return [repr(order) for order in shop.shop.orders.values()]

    assert bodies(7) == bodies(7)
    assert not set(bodies(7)) & set(bodies(8))


async def test_a_payment_is_all_that_is_sent_and_to_nobody_who_did_not_ask() -> None:
    shop = sandbox()
    shop.shop.add_webhook("http://127.0.0.1/hook", ("order_paid",), "example-secret-16")
    shop.shop.add_webhook("http://127.0.0.1/other", ("product_published",), "example-secret-16")
    async with client(shop) as opened:
        await opened.post(f"/orders/order/{shop.hints['pending_order']}/manually_marked_as_paid/")
        await opened.post(f"/orders/order/{shop.hints['pending_order']}/close/")
    (sent,) = shop.deliveries
    assert (sent.event, sent.url) == ("order_paid", "http://127.0.0.1/hook")
