"""Settings are read once, checked whole, and a wrong one says what it is, where, and what is allowed."""

import os
import pwd
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawver_orders import money, platforms, settings
from clawver_orders.errors import SetupError
from clawver_orders.settings import Secret, Service, Settings, no_store
from clawver_orders.settings.keys import KEYS, VARIABLES, Place, base_url

KEY = "claw_sk_example"


@pytest.fixture(autouse=True)
def _nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def load(environ: dict[str, str] | None = None, file: Path | None = None) -> Settings:
    return settings.load(environ or {}, file, currencies=money.CURRENCIES, platforms=platforms.settings_of())


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def refusal(environ: dict[str, str] | None = None, file: Path | None = None) -> SetupError:
    with pytest.raises(SetupError) as caught:
        load(environ, file)
    return caught.value


def test_a_key_alone_is_one_store_called_clawver() -> None:
    found = load({"CLAW_API_KEY": KEY})
    (store,) = found.stores
    assert (store.name, store.platform, store.base_url, store.options["currency"]) == (
        "clawver",
        "clawver",
        "https://api.clawver.store",
        "USD",
    )
    assert store.options["api_key"].value() == KEY
    assert found.refunds.trust_forms is None
    assert found.webhooks.allowed_hosts == frozenset()
    assert found.privacy.customer_data == "masked"
    assert found.config_file is None


@pytest.mark.parametrize("key", [None, "", "   ", "\n", "${CLAW_API_KEY}", " ${CLAW_API_KEY"])
def test_a_missing_blank_or_placeholder_key_is_no_store_and_says_what_to_do(key: str | None) -> None:
    environ = {} if key is None else {"CLAW_API_KEY": key}
    assert load(environ).stores == ()
    told = str(no_store(environ))
    assert told.startswith("setup: No store is configured: CLAW_API_KEY is ")
    assert "--sandbox" in told


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://api.shop.test/v1/", "https://api.shop.test"),
        ("https://api.shop.test/v1", "https://api.shop.test"),
        ("https://api.shop.test//", "https://api.shop.test"),
        ("https://api.shop.test/claw/v1", "https://api.shop.test/claw"),
        ("https://api.shop.test/v12", "https://api.shop.test/v12"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://localhost:1", "http://localhost:1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080"),
        ("", "https://api.clawver.store"),
        ("${CLAW_API_URL}", "https://api.clawver.store"),
    ],
)
def test_the_address_can_be_another_one(address: str, base: str) -> None:
    (store,) = load({"CLAW_API_KEY": KEY, "CLAW_API_URL": address}).stores
    assert store.base_url == base


@pytest.mark.parametrize(
    "address",
    [
        *("http://api.shop.test", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "http://10.0.0.1"),
        *("ftp://shop.test", "shop.test", "https://", "https:///v1", "//shop.test", "https://shop.test:99999"),
        *("https://user:claw_sk_example@shop.test", "https://shop.test/?key=claw_sk_example", "https://shop.test/#x"),
        *("https://shop.test/a b", "https://shop.test\r\nX: y", "https://shop.test\\@evil.test", "https://[::1", "https://shöp.test"),
    ],
)  # fmt: skip
def test_an_address_that_is_not_https_or_this_machine_is_refused(address: str) -> None:
    told = refusal({"CLAW_API_KEY": KEY, "CLAW_API_URL": address})
    assert told.field == "CLAW_API_URL"
    assert "https://" in told.next_step
    assert KEY not in str(told)


@given(st.text(st.characters(exclude_categories=())))
def test_no_text_in_the_place_of_an_address_raises_anything_but_our_error(address: str) -> None:
    with pytest.raises(SetupError):
        load({"CLAW_API_KEY": KEY, "CLAW_API_URL": "https://" + address + "?"})


FULL = """
[stores.one]
platform = "clawver"
api_key = { env = "ONE_KEY" }
base_url = "https://one.test/v1"
currency = "EUR"
webhook_secret = { file = "secrets/now" }
previous_webhook_secret = { keyring = "desk/before" }

[stores.two]
platform = "clawver"

[refunds]
trust_forms = false

[webhooks]
allowed_hosts = ["Hooks.Example", "localhost"]

[http]
allowed_hosts = ["Desk.Example"]
allowed_origins = ["https://assistant.example"]
requests_per_minute = 60
stateless = true

[privacy]
customer_data = "full"

[state]
directory = "kept"
"""


def test_a_file_says_everything_and_the_key_alone_adds_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, FULL)
    environ = {"CLAW_API_KEY": KEY, "ONE_KEY": "claw_sk_example_one"}
    found = load(environ, file)
    one, two = found.stores
    assert (one.name, one.base_url, one.options["currency"]) == ("one", "https://one.test", "EUR")
    assert one.options["api_key"].value() == "claw_sk_example_one"
    assert one.webhook_secret == Secret("file", str(tmp_path / "secrets/now"))
    assert one.previous_webhook_secret == Secret("keyring", "desk/before")
    assert (two.name, two.base_url, two.options["currency"]) == ("two", "https://api.clawver.store", "USD")
    assert two.options["api_key"].value() == KEY
    assert not found.refunds.trust_forms
    assert found.webhooks.allowed_hosts == {"hooks.example", "localhost"}
    assert found.http == Service(
        frozenset({"desk.example"}),
        frozenset({"https://assistant.example"}),
        requests_per_minute=60,
        stateless=True,
    )
    assert found.privacy.customer_data == "full"
    assert found.state_directory == tmp_path / "kept"
    assert found.sandbox_directory == tmp_path / "kept" / "sandbox"
    assert found.config_file == file


def test_a_file_without_stores_goes_with_the_key_of_the_environment(tmp_path: Path) -> None:
    found = load({"CLAW_API_KEY": KEY}, written(tmp_path, "\ufeff[refunds]\ntrust_forms = false"))
    assert [store.name for store in found.stores] == ["clawver"]
    assert not found.refunds.trust_forms


def test_the_named_file_is_stronger_than_the_variable_and_that_than_the_usual_place(tmp_path: Path) -> None:
    usual = tmp_path / "home" / ".config" / "clawver-orders" / "config.toml"
    if sys.platform == "darwin":
        usual = tmp_path / "home/Library/Application Support/clawver-orders/config.toml"
    usual.parent.mkdir(parents=True)
    usual.write_text('[stores.usual]\nplatform = "clawver"')
    variable = tmp_path / "variable.toml"
    variable.write_text('[stores.variable]\nplatform = "clawver"')
    named = written(tmp_path, '[stores.named]\nplatform = "clawver"')
    environ = {"CLAWVER_ORDERS_CONFIG": str(variable)}
    assert [store.name for store in load(environ, named).stores] == ["named"]
    assert [store.name for store in load(environ).stores] == ["variable"]
    assert [store.name for store in load({"CLAWVER_ORDERS_CONFIG": " "}).stores] == ["usual"]


def test_the_state_is_kept_where_the_variable_says_then_the_file_then_the_users_own_place(tmp_path: Path) -> None:
    file = written(tmp_path, f'[state]\ndirectory = "{tmp_path}/kept"')
    assert load({"CLAWVER_ORDERS_HOME": str(tmp_path / "mine")}, file).state_directory == tmp_path / "mine"
    assert load({}, file).state_directory == tmp_path / "kept"
    usual = load().state_directory
    assert usual.is_absolute()
    assert usual.is_relative_to(tmp_path / "home")


def test_without_a_home_the_state_is_not_kept_just_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile 80."""

    def nobody(_uid: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert "CLAWVER_ORDERS_HOME" in str(refusal())
    assert "no such home" in str(refusal({"CLAWVER_ORDERS_HOME": "~/state"}))
    assert "no such home" in str(refusal({"CLAWVER_ORDERS_CONFIG": "~/config.toml"}))
    assert "no such home" in str(refusal({}, written(tmp_path, '[state]\ndirectory = "~/x"')))
    assert load({"CLAWVER_ORDERS_HOME": str(tmp_path)}).state_directory == tmp_path


@pytest.mark.parametrize(
    ("text", "key", "was", "allowed"),
    [
        ("[store.x]", "store", "not a table", "[stores.NAME]"),
        ("refunds = 1", "refunds", "1", "a table"),
        ("stores = []", "stores", "a list", "a table"),
        ("[stores]\nx = 1", "stores.x", "1", "a table"),
        ('[stores."Big Shop"]\nplatform = "clawver"', "stores", '"Big Shop"', "a-z"),
        ("[stores.x]", "stores.x.platform", "missing", '"clawver"'),
        ('[stores.x]\nplatform = "shopify"', "stores.x.platform", '"shopify"', '"clawver"'),
        ('[stores.x]\nplatform = ["clawver"]', "stores.x.platform", "a list", '"clawver"'),
        ('[stores.x]\nplatform = "clawver"\napikey = 1', "stores.x.apikey", "not a setting", "api_key"),
        (f'[stores.x]\nplatform = "clawver"\napi_key = "{KEY}"', "stores.x.api_key", "not shown", "env ="),
        (f'[stores.x]\nplatform = "clawver"\napi_key = {{ env = "{KEY}" }}', "stores.x.api_key", "right", "env"),
        ('[stores.x]\nplatform = "clawver"\napi_key = { vault = "x" }', "stores.x.api_key", "right", "keyring"),
        ('[stores.x]\nplatform = "clawver"\napi_key = { env = "A", file = "b" }', "stores.x.api_key", "one", "env"),
        ('[stores.x]\nplatform = "clawver"\napi_key = 5', "stores.x.api_key", "not a reference", "env"),
        ('[stores.x]\nplatform = "clawver"\ncurrency = "usd"', "stores.x.currency", '"usd"', "ISO 4217"),
        ('[stores.x]\nplatform = "clawver"\ncurrency = "XXX"', "stores.x.currency", '"XXX"', "ISO 4217"),
        ('[stores.x]\nplatform = "clawver"\nbase_url = "http://shop.test"', "stores.x.base_url", "http:", "https"),
        ('[stores.x]\nplatform = "clawver"\nbase_url = 1979-05-27', "stores.x.base_url", "a date", "https"),
        ('[refunds]\ntrust_forms = "yes"', "refunds.trust_forms", '"yes"', "true or false"),
        ("[refunds]\ntrust_forms = 1", "refunds.trust_forms", "is 1", "true or false"),
        ("[refunds]\nmax_amounts = []", "refunds.max_amounts", "not a setting", "trust_forms"),
        ('[refunds]\nmax_amount = "5.00 USD"', "refunds.max_amount", '"5.00 USD"', "a list of amounts"),
        ("[refunds]\nmax_amount = [5]", "refunds.max_amount", "a list with 5", "a list of amounts"),
        ('[refunds]\nmax_amount = ["5.00 XXX"]', "refunds.max_amount", "5.00 XXX", "a list of amounts"),
        ('[refunds]\nmax_amount = ["0.00 USD"]', "refunds.max_amount", "0.00 USD", "above zero"),
        (
            '[refunds]\nmax_per_day = ["1.00 USD", "2.00 USD"]',
            "refunds.max_per_day",
            "two amounts in USD",
            "one for each",
        ),
        ('[refunds]\nconfirm = "model"', "refunds.confirm", '"model"', '"human" or "assistant"'),
        ('[webhooks]\nallowed_hosts = "a.test"', "webhooks.allowed_hosts", '"a.test"', "a list"),
        ('[webhooks]\nallowed_hosts = ["a.test", "https://b.test"]', "webhooks.allowed_hosts", "https://b", "port"),
        ('[webhooks]\nallowed_hosts = ["-a..test"]', "webhooks.allowed_hosts", "-a..test", "without scheme"),
        ("[webhooks]\nallowed_hosts = [1.5]", "webhooks.allowed_hosts", "1.5", "without scheme"),
        ('[http]\nallowed_hosts = ["https://a.test"]', "http.allowed_hosts", "https://a", "without scheme"),
        ('[http]\nallowed_origins = "https://a.test"', "http.allowed_origins", "https://a", "a list of origins"),
        ('[http]\nallowed_origins = ["a.test"]', "http.allowed_origins", '"a.test"', "a list of origins"),
        ('[http]\nallowed_origins = ["https://a.test/x"]', "http.allowed_origins", "a.test/x", "a list of origins"),
        ("[http]\nrequests_per_minute = 0", "http.requests_per_minute", "0", "from 1 to 1000000"),
        ("[http]\nrequests_per_minute = true", "http.requests_per_minute", "true", "from 1 to 1000000"),
        ('[http]\nstateless = "yes"', "http.stateless", '"yes"', "true or false"),
        ('[privacy]\ncustomer_data = "some"', "privacy.customer_data", '"some"', '"full"'),
        ("[privacy]\ncustomer_data = {}", "privacy.customer_data", "a table", '"full"'),
        ("[state]\ndirectory = true", "state.directory", "true", "directory"),
        ('[state]\ndirectory = " "', "state.directory", '" "', "directory"),
        ("[state]\ndatabase_url = 5432", "state.database_url", "not a reference", "postgresql"),
        ('[state]\ndatabase_url = "mysql://db.test/orders"', "state.database_url", "not shown", "postgresql"),
        (f'[state]\ndatabase_url = "postgresql://u:{KEY}@db.test"', "state.database_url", "a password", "env ="),
        (f'[state]\ndatabase_url = "postgresql://u:{KEY}/@db.test"', "state.database_url", "a password", "env ="),
        (f'[state]\ndatabase_url = "postgresql:///x?password={KEY}"', "state.database_url", "a password", "env ="),
        ("[refunds]\ntrust_forms = 0x" + "f" * 5000, "refunds.trust_forms", "very large", "true or false"),
        (f'[privacy]\ncustomer_data = "{"x" * 100}"', "privacy.customer_data", "100 characters", "masked"),
    ],
)  # fmt: skip
def test_a_wrong_setting_names_file_key_what_was_found_and_what_is_allowed(
    tmp_path: Path, text: str, key: str, was: str, allowed: str
) -> None:
    file = written(tmp_path, text)
    told = refusal({}, file)
    assert told.field == key
    assert told.happened.startswith(f"{file}: {key} is ")
    assert was in told.happened
    assert allowed in told.next_step
    assert KEY not in str(told)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[refunds]\ntrust_forms = maybe", "at line 2, column"),
        ("a = 1\na = 2", "at end of document"),
        (f"a = {'1' * 5000}", "TOML"),
    ],
)
def test_a_file_that_is_no_toml_says_where_it_breaks(tmp_path: Path, text: str, where: str) -> None:
    told = refusal({}, written(tmp_path, text))
    assert where in told.happened
    assert str(tmp_path) in told.happened


def test_a_file_that_cannot_be_read_is_told_and_not_passed_over(tmp_path: Path) -> None:
    assert "FileNotFoundError" in str(refusal({}, tmp_path / "nowhere.toml"))
    assert "FileNotFoundError" in str(refusal({"CLAWVER_ORDERS_CONFIG": str(tmp_path / "nowhere.toml")}))
    assert "cannot be read" in str(refusal({}, tmp_path))
    (tmp_path / "latin.toml").write_bytes("name = 'é'".encode("latin-1"))
    assert "UTF-8" in str(refusal({}, tmp_path / "latin.toml"))
    (tmp_path / "big.toml").write_bytes(b"#" * 1_100_000)
    assert "megabyte" in str(refusal({}, tmp_path / "big.toml"))
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100_000)
    assert "no valid TOML" in str(refusal({}, tmp_path / "deep.toml"))


@pytest.mark.parametrize("value", [None, "", " \t", "${CLAW_API_KEY}", "${"])
def test_a_missing_secret_is_told_when_it_is_needed_and_names_the_variable(value: str | None) -> None:
    secret = Secret("env", "SHOP_KEY", {} if value is None else {"SHOP_KEY": value})
    with pytest.raises(SetupError, match="SHOP_KEY is ") as caught:
        secret.value()
    assert caught.value.field == "SHOP_KEY"
    assert "SHOP_KEY" in caught.value.next_step


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00b", "a\x7fb", "clé", "a\u200bb", "\ud800", "钥匙"])
def test_a_secret_that_would_break_a_header_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SetupError, match="SHOP_KEY holds") as caught:
        Secret("env", "SHOP_KEY", {"SHOP_KEY": value}).value()
    assert value not in str(caught.value)


def test_a_secret_shows_where_it_is_kept_and_never_itself() -> None:
    found = load({"CLAW_API_KEY": KEY})
    assert KEY not in repr(found)
    assert "CLAW_API_KEY" in repr(found.stores[0].options["api_key"])


def test_a_secret_in_a_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    assert Secret("file", str(file)).value() == KEY
    file.write_text("\n")
    with pytest.raises(SetupError, match="is blank"):
        Secret("file", str(file)).value()
    file.unlink()
    with pytest.raises(SetupError, match="is not set"):
        Secret("file", str(file)).value()


def test_a_secret_file_that_others_can_use_or_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)
    file.chmod(0o604)
    with pytest.raises(SetupError, match="chmod 600"):
        Secret("file", str(file)).value()
    file.chmod(0o600)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SetupError, match="UnicodeDecodeError"):
        Secret("file", str(file)).value()
    file.write_bytes(b"x" * 70_000)
    with pytest.raises(SetupError, match="small text file"):
        Secret("file", str(file)).value()
    with pytest.raises(SetupError, match="secret file"):
        Secret("file", str(tmp_path)).value()
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SetupError, match="small text file"):
        Secret("file", str(tmp_path / "pipe")).value()


class KeyringError(Exception):
    """What the keyring package raises."""


def keyring(monkeypatch: pytest.MonkeyPatch, found: object) -> None:
    """Put a keyring in place: an optional package that is not installed with ours."""

    def get_password(service: str, user: str) -> object:
        assert (service, user) == ("desk", "clawver")
        if isinstance(found, Exception):
            raise found
        return found

    module = ModuleType("keyring")
    module.__dict__.update(get_password=get_password, errors=SimpleNamespace(KeyringError=KeyringError))
    monkeypatch.setitem(sys.modules, "keyring", module)


def test_a_secret_in_the_keyring_is_asked_for_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret("keyring", "desk/clawver")
    keyring(monkeypatch, KEY)
    assert secret.value() == KEY
    keyring(monkeypatch, None)
    with pytest.raises(SetupError, match="keyring set desk clawver"):
        secret.value()
    keyring(monkeypatch, KeyringError(KEY))
    with pytest.raises(SetupError, match="KeyringError") as caught:
        secret.value()
    assert KEY not in str(caught.value)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SetupError, match=r"clawver-orders\[keyring\]"):
        secret.value()


def test_every_setting_explains_itself_and_its_default_is_allowed(tmp_path: Path) -> None:
    place = Place(tmp_path, {}, money.CURRENCIES)
    import tomllib

    for table, keys in KEYS.items():
        for key in keys:
            assert key.meaning.endswith("."), (table, key.name)
            assert key.allowed
            if key.default and not key.default.startswith("the "):
                key.read(tomllib.loads(f"x = {key.default}")["x"], place)
    assert {variable.name for variable in VARIABLES} >= {"CLAW_API_KEY", "CLAW_API_URL"}
    assert base_url("https://api.clawver.store") == "https://api.clawver.store"


def test_the_database_of_a_shared_record_is_an_address_or_a_reference_to_one(tmp_path: Path) -> None:
    address = "postgresql+psycopg://desk@[::1]:5432/orders?sslmode=verify-full"
    plain = load({}, written(tmp_path, f'[state]\ndatabase_url = "{address}"')).database_url
    assert plain is not None
    assert plain.value() == address
    kept = load(
        {"ORDERS_DB": address}, written(tmp_path, '[state]\ndatabase_url = { env = "ORDERS_DB" }')
    ).database_url
    assert kept is not None
    assert kept.value() == address
    assert load({}).database_url is None


def test_an_issuer_and_the_audience_of_its_tokens_are_set_together_or_not_at_all(tmp_path: Path) -> None:
    issuer, audience = 'issuer = "https://id.example/shop/"', 'audience = "https://desk.example/mcp"'
    found = load(file=written(tmp_path, f"[http]\n{issuer}\n{audience}")).http
    # As it is written: its tokens say the same, to the last slash.
    assert (found.issuer, found.audience) == ("https://id.example/shop/", "https://desk.example/mcp")
    for one, missing in ((issuer, "http.audience"), (audience, "http.issuer")):
        error = refusal(file=written(tmp_path, f"[http]\n{one}"))
        assert (error.field, f"{missing} is not" in error.happened) == (missing, True)


def test_who_signs_in_at_the_page_is_another_audience_than_a_program(tmp_path: Path) -> None:
    """An ID token is made for the client id: as the audience, it would let a program in."""
    both = '[http]\nissuer = "https://id.example"\naudience = "https://desk.example/mcp"\n[approvals]\nclient_id = '
    assert load(file=written(tmp_path, f'{both}"page"')).approvals.client_id == "page"
    error = refusal(file=written(tmp_path, f'{both}"https://desk.example/mcp"'))
    assert (error.field, "approvals.client_id" in error.happened) == ("http.audience", True)
