"""The settings of a gateway's store."""

from pathlib import Path

import pytest

from clawver_orders import platforms
from clawver_orders.errors import SetupError
from clawver_orders.money import CURRENCIES
from clawver_orders.platforms.gateway import Shopify
from clawver_orders.settings import Settings, load

TOKEN = '{ env = "SHOPIFY_TOKEN" }'


def read(directory: Path, *lines: str) -> Settings:
    file = directory / "config.toml"
    file.write_text("\n".join(["[stores.ops]", 'platform = "gateway"', *lines]))
    environ = {"CLAWVER_ORDERS_HOME": str(directory), "SHOPIFY_TOKEN": "shpat_example"}
    return load(environ, file, currencies=CURRENCIES, platforms=platforms.settings_of())


def shopify(
    domain: str = '"example.myshopify.com"', token: str = TOKEN, shop_id: str = "42", more: str = ""
) -> str:
    return f"shopify = {{ shop_domain = {domain}, access_token = {token}, shop_id = {shop_id}{more} }}"


URL = 'base_url = "https://ops.example.com"'


def test_a_store_needs_its_address_alone(tmp_path: Path) -> None:
    [store] = read(tmp_path, URL).stores
    assert (store.name, store.platform, store.base_url) == ("ops", "gateway", "https://ops.example.com")
    assert store.options == {}
    with pytest.raises(SetupError, match="base_url"):
        read(tmp_path)


def test_all_of_it_is_read_and_the_token_is_only_referred_to(tmp_path: Path) -> None:
    domain = '"Example.myshopify.com"'
    [store] = read(tmp_path, URL, 'currency = "USD"', 'time_zone = "America/New_York"', shopify(domain)).stores
    found = store.options["shopify"]
    assert isinstance(found, Shopify)
    assert (found.shop_domain, found.shop_id) == ("example.myshopify.com", 42)
    assert found.access_token.value() == "shpat_example"
    assert "shpat" not in repr(store)
    assert (store.options["currency"], store.options["time_zone"]) == ("USD", "America/New_York")


@pytest.mark.parametrize(
    "line",
    [
        'shopify = "shpat_example"',
        "shopify = 5",
        "shopify = {}",
        'shopify = { shop_domain = "example.myshopify.com" }',
        shopify(more=", version = 3"),
        shopify(domain='"https://example.myshopify.com"'),
        shopify(domain='"example.myshopify.com/admin"'),
        shopify(domain='"example.myshopify.com:443"'),
        shopify(domain='"user@example.myshopify.com"'),
        shopify(domain='"localhost"'),
        shopify(domain='"127.0.0.1"'),
        shopify(domain='"a..b"'),
        shopify(domain='""'),
        shopify(domain="5"),
        shopify(token='"shpat_example"'),
        shopify(token='{ env = "shpat_example" }'),
        shopify(shop_id='"42"'),
        shopify(shop_id="-1"),
        shopify(shop_id="true"),
        shopify(shop_id="4.2"),
        'time_zone = "Mars/Olympus"',
        'time_zone = "../etc/passwd"',
        'time_zone = "America"',
        'time_zone = ""',
        "time_zone = 8",
        'currency = "usd"',
        'api_key = { env = "X" }',
    ],
)
def test_a_wrong_setting_names_itself_and_never_a_secret(tmp_path: Path, line: str) -> None:
    with pytest.raises(SetupError) as wrong:
        read(tmp_path, URL, line)
    assert f"stores.ops.{line.partition(' ')[0]} is " in str(wrong.value)
    assert "shpat" not in str(wrong.value)
