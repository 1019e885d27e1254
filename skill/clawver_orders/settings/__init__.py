"""The operator's settings: read once from a TOML file and the environment, checked whole, never changed."""

import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal

from clawver_orders.errors import SetupError
from clawver_orders.settings.keys import (
    CLAWVER_URL,
    KEYS,
    NAME,
    STORE_KEYS,
    URL_ALLOWED,
    Key,
    Place,
    base_url,
    found,
    is_loopback,
    platform_key,
)
from clawver_orders.settings.secret import NotAllowed, Plain, Secret, expanded, missing

__all__ = [
    "Approvals",
    "Key",
    "Plain",
    "Platforms",
    "Privacy",
    "Refunds",
    "Secret",
    "Service",
    "Settings",
    "StoreSettings",
    "Webhooks",
    "is_loopback",
    "load",
    "no_store",
]

_MAX_BYTES: Final = 1024 * 1024

# What a platform's stores can be told, by the platform's name; loaded only for a platform that is used.
Platforms = Mapping[str, Callable[[], tuple[Key, ...]]]


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """One shop; see keys.STORE_KEYS and the platform's own keys for what each means.

    Attributes:
        options: The platform's own settings, by name; one that was not given and has no default is not there.
    """

    name: str
    platform: str
    base_url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    webhook_secret: Secret | None = None
    previous_webhook_secret: Secret | None = None

    def secrets(self) -> Iterator[tuple[str, Secret]]:
        """The references to secrets, each with the setting's name; those inside of a table, too."""
        for name, value in self.options.items():
            inside = {of.name: getattr(value, of.name) for of in fields(value)} if _is_table(value) else {"": value}
            for part, found_in in inside.items():
                if isinstance(found_in, Secret):
                    yield f"{name}.{part}" if part else name, found_in


def _is_table(value: object) -> bool:
    return is_dataclass(value) and not isinstance(value, Secret | Plain | type)


@dataclass(frozen=True, slots=True)
class Refunds:
    """How refunds are confirmed; the amounts are texts such as ``100.00 USD``, one for each currency."""

    trust_forms: bool | None = None
    confirm: Literal["human", "assistant"] = "human"
    max_amount: tuple[str, ...] = ()
    max_per_day: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where events may go."""

    allowed_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Service:
    """Who may call ``serve --http``, beside holding a token."""

    allowed_hosts: frozenset[str] = frozenset()
    allowed_origins: frozenset[str] = frozenset()
    requests_per_minute: int = 600
    stateless: bool = False
    issuer: str = ""
    audience: str = ""


@dataclass(frozen=True, slots=True)
class Approvals:
    """The page that ``serve --http`` has for people, and who may say yes there."""

    url: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    people: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is shown of buyers."""

    customer_data: Literal["masked", "full"] = "masked"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings.

    Attributes:
        stores: The shops, in the file's order; empty where none is configured.
        state_directory: Where the record is kept; absolute, maybe not there yet.
        database_url: Where the database is that keeps the record instead; None where it is a file.
        config_file: The file that was read, if one was.
    """

    stores: tuple[StoreSettings, ...]
    refunds: Refunds
    webhooks: Webhooks
    http: Service
    approvals: Approvals
    privacy: Privacy
    state_directory: Path
    database_url: Secret | Plain | None
    config_file: Path | None

    @property
    def sandbox_directory(self) -> Path:
        """The state of the made-up shop: another record than that of real money."""
        return self.state_directory / "sandbox"


def load(
    environ: Mapping[str, str],
    config_file: Path | None = None,
    *,
    currencies: Collection[str],
    platforms: Platforms,
) -> Settings:
    """Read and check all settings. No secret is looked up.

    Args:
        environ: The environment.
        config_file: The file that ``--config`` named; else ``$CLAWVER_ORDERS_CONFIG``, else the one in the user's
            own directory, if there is one.
        currencies: The codes that a store's currency may have: money.CURRENCIES.
        platforms: The platforms that a store can be on, each with what its stores can be told.

    Raises:
        SetupError: A setting is not allowed, or not known: the message names file, key, what was found and what
            is allowed.
    """
    file = _file(environ, config_file)
    tables = _read(file) if file else {}
    place = Place(file.parent if file else Path.cwd(), environ, currencies)
    given = _checked(tables, file, place, platforms)
    stores = tuple(_store(**store) for store in given["stores"])
    state = given["state"].get("directory")
    _refuse_half_an_issuer(file, given["http"], given["approvals"])
    return Settings(
        stores=stores or _store_of_the_environment(environ),
        refunds=Refunds(**given["refunds"]),
        webhooks=Webhooks(**given["webhooks"]),
        http=Service(**given["http"]),
        approvals=Approvals(**given["approvals"]),
        privacy=Privacy(**given["privacy"]),
        state_directory=_state_directory(environ, state),
        database_url=given["state"].get("database_url"),
        config_file=file,
    )


def no_store(environ: Mapping[str, str]) -> SetupError:
    """What to tell while no store is configured."""
    return SetupError(
        f"No store is configured: CLAW_API_KEY {missing(environ.get('CLAW_API_KEY')) or 'is not used'}",
        "Set CLAW_API_KEY in the env of this server in your MCP client, or add --sandbox to try a made-up shop",
        field="CLAW_API_KEY",
    )


def _file(environ: Mapping[str, str], config_file: Path | None) -> Path | None:
    named = environ.get("CLAWVER_ORDERS_CONFIG", "")
    if config_file is None and not missing(named):
        config_file = _of_variable("CLAWVER_ORDERS_CONFIG", named)
    if config_file is not None:
        return config_file.absolute()
    directory = _usual("user_config_dir")
    return directory / "config.toml" if directory and (directory / "config.toml").is_file() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            text = stream.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise SetupError(f"The settings file {file} is larger than a megabyte", "Name the right file")
        return tomllib.loads(text.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SetupError(f"{file} is not written in UTF-8", "Save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and numbers that Python refuses
        where = re.search(r"at (?:line \d+, column \d+|end of document)", str(error))
        raise SetupError(
            f"{file} is no valid TOML{f' {where[0]}' if where else ''}",
            "Look for a missing quote, equals sign or bracket there",
        ) from None
    except OSError as error:
        raise SetupError(
            f"The settings file {file} cannot be read ({type(error).__name__})",
            "Check --config and CLAWVER_ORDERS_CONFIG, or make the file",
        ) from error


def _store(
    *,
    name: str,
    platform: str,
    base_url: str,
    webhook_secret: Secret | None = None,
    previous_webhook_secret: Secret | None = None,
    **options: object,
) -> StoreSettings:
    return StoreSettings(name, platform, base_url, options, webhook_secret, previous_webhook_secret)


def _checked(tables: dict[str, Any], file: Path | None, place: Place, platforms: Platforms) -> dict[str, Any]:
    """Our values by table and key; the stores as a list."""
    given: dict[str, Any] = {table: {} for table in KEYS} | {"stores": []}
    for table, content in tables.items():
        if table != "stores" and table not in KEYS:
            known = ", ".join(("[stores.NAME]", *(f"[{name}]" for name in KEYS)))
            raise _wrong(file, table, "not a table of the settings", f"one of {known}")
        if not isinstance(content, dict):
            raise _wrong(file, table, found(content), "a table")
        if table != "stores":
            given[table] = _values(KEYS[table], content, table, file, place)
            continue
        for name, store in content.items():
            if not NAME.fullmatch(name):
                raise _wrong(
                    file, "stores", f"a table with the store {found(name)}", "named with a-z, 0-9, _ and -"
                )
            if not isinstance(store, dict):
                raise _wrong(file, f"stores.{name}", found(store), "a table")
            given["stores"].append(_store_values(store, f"stores.{name}", file, place, platforms) | {"name": name})
    return given


def _store_values(
    store: dict[str, Any], table: str, file: Path | None, place: Place, platforms: Platforms
) -> dict[str, Any]:
    platform = platform_key(platforms)
    # First of all: what else may be said depends on it.
    name = _values((platform,), {key: store[key] for key in store if key == platform.name}, table, file, place)
    return _values((platform, *platforms[str(name[platform.name])](), *STORE_KEYS), store, table, file, place)


def _values(
    keys: tuple[Key, ...], content: dict[str, Any], table: str, file: Path | None, place: Place
) -> dict[str, object]:
    by_name = {key.name: key for key in keys}
    for name in content:
        if name not in by_name:
            raise _wrong(file, f"{table}.{name[:60]}", "not a setting", f"one of {', '.join(by_name)}")
    values: dict[str, object] = {}
    for key in keys:
        if key.name in content:
            try:
                values[key.name] = key.read(content[key.name], place)
            except NotAllowed as error:
                raise _wrong(file, f"{table}.{key.name}", str(error), key.allowed) from None
        elif key.required:
            raise _wrong(file, f"{table}.{key.name}", "missing", key.allowed)
        elif key.otherwise is not None:
            values[key.name] = key.otherwise(place)
    return values


def _refuse_half_an_issuer(file: Path | None, http: Mapping[str, object], approvals: Mapping[str, object]) -> None:
    """Access tokens are made by somebody for somebody; and with what a person signed in, no program may get in."""
    for one, other in (("issuer", "audience"), ("audience", "issuer")):
        if one in http and other not in http:
            raise SetupError(
                f"{file}: http.{one} is set, and http.{other} is not",
                "Set both, so that access tokens can be told from others, or neither",
                field=f"http.{other}",
            )
    if "audience" in http and http["audience"] == approvals.get("client_id"):
        raise SetupError(
            f"{file}: http.audience is the same as approvals.client_id",
            "Use another audience: with the same, what a person signs in with would let a program in",
            field="http.audience",
        )


def _wrong(file: Path | None, key: str, was: str, allowed: str) -> SetupError:
    return SetupError(f"{file}: {key} is {was}", f"It must be {allowed}", field=key)


def _store_of_the_environment(environ: Mapping[str, str]) -> tuple[StoreSettings, ...]:
    if missing(environ.get("CLAW_API_KEY")):
        return ()
    address = environ.get("CLAW_API_URL", "")
    try:
        url = CLAWVER_URL if missing(address) else base_url(address.strip())
    except NotAllowed as error:
        raise SetupError(f"CLAW_API_URL is {error}", f"It must be {URL_ALLOWED}", field="CLAW_API_URL") from None
    options = {"api_key": Secret("env", "CLAW_API_KEY", environ), "currency": "USD"}
    return (StoreSettings("clawver", "clawver", url, options),)


def _state_directory(environ: Mapping[str, str], of_file: Path | None) -> Path:
    home = environ.get("CLAWVER_ORDERS_HOME", "")
    if not missing(home):
        return _of_variable("CLAWVER_ORDERS_HOME", home).absolute()
    directory = of_file or _usual("user_state_dir")
    if directory is None:
        raise SetupError("This user has no home directory", "Set CLAWVER_ORDERS_HOME to a directory for the record")
    return directory


def _of_variable(name: str, value: str) -> Path:
    try:
        return expanded(value)
    except NotAllowed as error:
        raise SetupError(f"{name} is {error}", "Write the whole path", field=name) from None


def _usual(kind: Literal["user_config_dir", "user_state_dir"]) -> Path | None:
    """This user's own directory for that, by the system's custom; None where the user has no home."""
    import platformdirs  # noqa: PLC0415 - not needed where everything is named

    try:
        directory = Path(getattr(platformdirs, kind)("clawver-orders", appauthor=False))
    except RuntimeError:
        return None
    return directory if directory.is_absolute() else None
