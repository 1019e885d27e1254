"""Addresses: ids cannot change a path, and a base that is unsafe is refused before anything is sent."""

from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawver_orders.errors import InvalidArgument, SetupError
from clawver_orders.http import Http, path


@pytest.mark.parametrize(
    "order_id",
    [
        "",
        ".",
        "..",
        "../refund",
        "1/../2",
        "%2e%2e",
        "%252e",
        "a?x=1",
        "#",
        "#1001",
        "a\\b",
        "a\r\nX-Evil: 1",
        "a\x00b",
        "a\tb",
        "a\x7fb",
        "a\x85b",
        "a\u2028b",
        "\ud800",
        "a\udfff",
        "\u202eabc",
        "x" * 201,
        "x" * 10_000,
    ],
)
def test_an_id_that_could_change_the_path_is_refused_and_its_field_named(order_id: str) -> None:
    """hostile 13"""
    with pytest.raises(InvalidArgument) as refused:
        path("/v1/orders/{order_id}/refund", order_id=order_id)
    assert refused.value.field == "order_id"
    assert order_id == "" or len(order_id) < 3 or order_id not in str(refused.value)


@pytest.mark.parametrize(
    ("order_id", "segment"),
    [
        ("ord_abc123", "ord_abc123"),
        ("...", "..."),
        ("a b", "a%20b"),
        ("a;b=c&d@e:f+g", "a%3Bb%3Dc%26d%40e%3Af%2Bg"),
        ("订单", "%E8%AE%A2%E5%8D%95"),
        ("😀", "%F0%9F%98%80"),
        ("x" * 200, "x" * 200),
    ],
)
def test_any_other_id_is_one_encoded_segment(order_id: str, segment: str) -> None:
    """hostile 13"""
    assert path("/v1/orders/{order_id}/refund", order_id=order_id) == f"/v1/orders/{segment}/refund"


@given(st.text(st.characters(), max_size=210))
def test_whatever_the_id_the_path_keeps_its_segments(order_id: str) -> None:
    """hostile 13"""
    try:
        made = path("/v1/orders/{order_id}/refund", order_id=order_id)
    except InvalidArgument:
        return
    raw = httpx2.URL("https://shop.example" + made).raw_path.decode()
    assert [unquote(part) for part in raw.split("/")] == ["", "v1", "orders", order_id, "refund"]


def test_a_path_remembers_its_template_for_the_log() -> None:
    assert path("/v1/orders/{order_id}", order_id="ord_1").template == "/v1/orders/{order_id}"


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://shop.example:99999",
        "https://a b",
        "https://a\n.b",
        "https://example:example@shop.example",
        "https://example@shop.example",
        "https://shop.example?key=example",
        "https://shop.example?",
        "https://shop.example/#x",
        "https://shop.example#",
        "http://shop.example",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://0.0.0.0",
        "http://[fe80::1]",
        "http://127.1",
        "http://2130706433",
    ],
)
def test_an_unsafe_base_is_a_setup_error_that_does_not_repeat_it(base_url: str) -> None:
    with pytest.raises(SetupError) as refused:
        Http(base_url)
    assert refused.value.field == "base_url"
    assert "evil" not in str(refused.value)
    assert "example:example" not in str(refused.value)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://shop.example",
        "https://shop.example/wp/",
        "http://127.0.0.1:8080",
        "http://127.8.9.1",
        "http://[::1]:80",
        "http://localhost:1",
        "HTTPS://SHOP.example",
    ],
)
def test_https_anywhere_and_plain_http_to_this_machine_are_fine(base_url: str) -> None:
    Http(base_url)


@pytest.mark.parametrize(
    "key", ["", " ", "example\n", "example\r\nX: y", " example", "example\x00", "schlüssel", "鑰匙"]
)
def test_a_key_that_cannot_stand_in_a_header_is_a_setup_error_that_does_not_show_it(key: str) -> None:
    with pytest.raises(SetupError) as refused:
        Http("https://shop.example", headers={"Authorization": key})
    assert refused.value.field == "Authorization"
    assert not key.strip() or key.strip() not in str(refused.value)
