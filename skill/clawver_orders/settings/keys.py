"""Every setting there is: what it may be, what it is otherwise, and what it means. Loading and the pages use it."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from clawver_orders.settings import secret
from clawver_orders.settings.secret import NotAllowed

CLAWVER_URL: Final = "https://api.clawver.store"
URL_ALLOWED: Final = "https://…, or http:// to this machine, without user, query or fragment"
NAME: Final = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """What a value is read with: the file's directory, the environment, and the currencies that there are."""

    directory: Path
    environ: Mapping[str, str]
    currencies: Collection[str]


@dataclass(frozen=True, slots=True)
class Key:
    """One setting in the file.

    Attributes:
        name: Its name in its table.
        allowed: What it may be, in words that complete "It must be …".
        default: What it is where nothing is said, as it would be written; empty where that is nothing.
        meaning: What it is for, one sentence.
        read: Turns what TOML gave into our value; NotAllowed with what was found, where it is not allowed.
        required: Whether there must be one.
        otherwise: Our value where nothing is said, if there is one.
    """

    name: str
    allowed: str
    default: str
    meaning: str
    read: Callable[[object, Place], object]
    required: bool = False
    otherwise: Callable[[Place], object] | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment."""

    name: str
    meaning: str


def found(value: object) -> str:
    """What stands in a file, in words; long texts and such as may hold a secret are not repeated."""
    if isinstance(value, bool | float):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a very large number"
    if isinstance(value, str):
        risky = len(value) > 60 or not value.isprintable() or not set(value).isdisjoint("@?&=") or "claw_" in value
        return f"a text of {len(value)} characters" if risky else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a table"
    return "a date or a time"


def base_url(value: object, _: Place | None = None) -> str:
    """An address without a slash or ``/v1`` at its end.

    Raises:
        NotAllowed: It is not https (or http to this machine), or holds a user, a query or a fragment.
    """
    if not isinstance(value, str) or not re.fullmatch(r"https?://[!-~]+", value, re.ASCII | re.IGNORECASE):
        raise NotAllowed(found(value))
    try:
        url = urlsplit(value)
        host, _port = url.hostname or "", url.port
    except ValueError:
        raise NotAllowed(found(value)) from None
    if not host or not set(value).isdisjoint("@?#\\%") or (url.scheme == "http" and not is_loopback(host)):
        raise NotAllowed(found(value))
    return value.rstrip("/").removesuffix("/v1").rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether nobody beyond this machine can reach what listens there."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def platform_key(platforms: Collection[str]) -> Key:
    """The setting that says which shop system a store is on."""

    def read(value: object, _: Place) -> str:
        if not isinstance(value, str) or value not in platforms:
            raise NotAllowed(found(value))
        return value

    allowed = " or ".join(f'"{platform}"' for platform in platforms)
    return Key("platform", allowed, "", "Which shop system the store is on.", read, required=True)


def url_key(meaning: str, otherwise: str = "") -> Key:
    """The setting for the address of a store's API."""
    return Key(
        "base_url",
        URL_ALLOWED,
        f'"{otherwise}"' if otherwise else "",
        meaning,
        base_url,
        required=not otherwise,
        otherwise=(lambda _: otherwise) if otherwise else None,
    )


def currency_key(meaning: str, otherwise: str = "") -> Key:
    """The setting for the currency of amounts that come without one."""
    return Key(
        "currency",
        'an ISO 4217 code such as "USD"',
        f'"{otherwise}"' if otherwise else "",
        meaning,
        _currency,
        otherwise=(lambda _: otherwise) if otherwise else None,
    )


def secret_key(name: str, meaning: str, variable: str = "") -> Key:
    """A setting that refers to a secret; in the variable, where nothing is said and there is one."""
    return Key(
        name,
        secret.ALLOWED,
        f'{{ env = "{variable}" }}' if variable else "",
        meaning,
        _secret,
        otherwise=(lambda place: secret.Secret("env", variable, place.environ)) if variable else None,
    )


def flag_key(name: str, meaning: str) -> Key:
    """A setting that is true or false; false where nothing is said."""
    return Key(name, "true or false", "false", meaning, _boolean, otherwise=lambda _: False)


def word_key(name: str, meaning: str, words: tuple[str, ...]) -> Key:
    """A setting that is one of some words; the first, where nothing is said."""

    def read(value: object, _: Place) -> str:
        if not isinstance(value, str) or value not in words:
            raise NotAllowed(found(value))
        return value

    allowed = " or ".join(f'"{word}"' for word in words)
    return Key(name, allowed, f'"{words[0]}"', meaning, read, otherwise=lambda _: words[0])


def _secret(value: object, place: Place) -> secret.Secret:
    return secret.read(value, place.directory, place.environ)


def _currency(value: object, place: Place) -> str:
    if not isinstance(value, str) or value not in place.currencies:
        raise NotAllowed(found(value))
    return value


def _boolean(value: object, _: Place) -> bool:
    if not isinstance(value, bool):
        raise NotAllowed(found(value))
    return value


def _hosts(value: object, _: Place) -> frozenset[str]:
    if not isinstance(value, list):
        raise NotAllowed(found(value))
    for host in value:
        if not isinstance(host, str) or not all(map(_LABEL.fullmatch, host.lower().split("."))):
            raise NotAllowed(f"a list with {found(host)}")
    return frozenset(host.lower() for host in value)


def _origins(value: object, _: Place) -> frozenset[str]:
    if not isinstance(value, list):
        raise NotAllowed(found(value))
    for origin in value:
        if not isinstance(origin, str) or not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", origin, re.ASCII):
            raise NotAllowed(f"a list with {found(origin)}")
    return frozenset(value)


def _origin(value: object, place: Place) -> str:
    """An address of which nothing follows the host: what a browser says in ``Origin``."""
    url = urlsplit(base_url(value, place))
    if url.path or url.netloc != url.netloc.lower():
        raise NotAllowed(found(value))
    # As a browser says it: without the port that goes without saying.
    usual = {"https": ":443", "http": ":80"}[url.scheme.lower()]
    return f"{url.scheme.lower()}://{url.netloc.removesuffix(usual)}"


def _issuer(value: object, place: Place) -> str:
    # As the issuer writes it, with its slash at the end if it has one: its tokens must say the same.
    base_url(value, place)
    return str(value)


def _word(value: object, _: Place) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,200}", value, re.ASCII):
        raise NotAllowed(found(value))
    return value


def _people(value: object, _: Place) -> frozenset[str]:
    if not isinstance(value, list):
        raise NotAllowed(found(value))
    for person in value:
        if not isinstance(person, str) or not re.fullmatch(r"[!-~]{1,200}", person, re.ASCII):
            raise NotAllowed(f"a list with {found(person)}")
    return frozenset(value)


def _a_minute(value: object, _: Place) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
        raise NotAllowed(found(value))
    return value


def _customer_data(value: object, _: Place) -> str:
    if value not in ("masked", "full"):
        raise NotAllowed(found(value))
    return str(value)


def _confirm(value: object, _: Place) -> str:
    if value not in ("human", "assistant"):
        raise NotAllowed(found(value))
    return str(value)


def _amounts(value: object, place: Place) -> tuple[str, ...]:
    """Amounts by currency, one each; their decimals are money.parse's to judge."""
    if not isinstance(value, list):
        raise NotAllowed(found(value))
    currencies: set[str] = set()
    for amount in value:
        match = re.fullmatch(r"(?=.*[1-9])[0-9]{1,15}(?:\.[0-9]{1,4})? ([A-Z]{3})", str(amount), re.ASCII)
        if not isinstance(amount, str) or match is None or match[1] not in place.currencies:
            raise NotAllowed(f"a list with {found(amount)}")
        if match[1] in currencies:
            raise NotAllowed(f"a list with two amounts in {match[1]}")
        currencies.add(match[1])
    return tuple(value)


def _directory(value: object, place: Place) -> Path:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise NotAllowed(found(value))
    return place.directory / secret.expanded(value)


def _database_url(value: object, place: Place) -> secret.Secret | secret.Plain:
    if not isinstance(value, str):
        return _secret(value, place)
    if not re.fullmatch(r"postgresql(\+psycopg)?://[!-~]+", value, re.ASCII):
        raise NotAllowed("a text that is no such address, which is not shown")
    # Also where it stands in the query, and where a sign in it keeps it from being read as one.
    if re.search(r"://[^@]*:[^@]*@|password", value, re.ASCII | re.IGNORECASE):
        raise NotAllowed("an address with a password in it, which is not shown")
    return secret.Plain(value)


_AMOUNTS_ALLOWED: Final = 'a list of amounts above zero such as ["100.00 USD", "700.00 CNY"], one for each currency'

# Of every store, whatever its platform; the platform's own come after them (platforms.Platform.keys).
STORE_KEYS: Final = (
    secret_key(
        "webhook_secret",
        "Where the secret that signs the shop's events is kept, if create_webhook did not make it.",
    ),
    secret_key("previous_webhook_secret", "The one before, accepted too while the shop changes over."),
)

KEYS: Final[Mapping[str, tuple[Key, ...]]] = {
    "refunds": (
        Key(
            "trust_forms",
            "true or false",
            "true",
            "Whether a form of the assistant's program counts as a person's yes; with a PIN only if said here.",
            _boolean,
        ),
        Key(
            "confirm",
            '"human" or "assistant"',
            '"human"',
            "Who confirms. assistant: its call does, in currencies with both caps, never a second of an amount.",
            _confirm,
        ),
        Key(
            "max_amount",
            _AMOUNTS_ALLOWED,
            "[]",
            "The most that one refund may be, for each currency.",
            _amounts,
        ),
        Key(
            "max_per_day",
            _AMOUNTS_ALLOWED,
            "[]",
            "The most that all refunds together may be in any 24 hours, for each currency; unknown ones count.",
            _amounts,
        ),
    ),
    "webhooks": (
        Key(
            "allowed_hosts",
            'a list of host names such as ["hooks.example"], without scheme, port or path',
            "[]",
            "Where create_webhook may send the shop's events.",
            _hosts,
        ),
    ),
    "http": (
        Key(
            "allowed_hosts",
            'a list of host names such as ["desk.example"], without scheme, port or path',
            "the names of this machine, or what --host says",
            "By which names programs reach serve --http: what they say in Host must be one of them.",
            _hosts,
        ),
        Key(
            "allowed_origins",
            'a list of origins such as ["https://assistant.example"]',
            "[]",
            "Which web pages may call serve --http; a program that is no web page says no origin.",
            _origins,
        ),
        Key(
            "requests_per_minute",
            "a whole number from 1 to 1000000",
            "600",
            "How many requests of one token are answered; it is slowed down by 429 above that.",
            _a_minute,
        ),
        Key(
            "stateless",
            "true or false",
            "false",
            "Whether older programs get no session: needed where several workers share the load; they lose forms.",
            _boolean,
        ),
        Key(
            "issuer",
            URL_ALLOWED,
            "",
            "Who issues access tokens (JWT) for programs that sign in with OAuth, as its tokens say it in iss.",
            _issuer,
        ),
        Key(
            "audience",
            'the address of this desk such as "https://desk.example/mcp"',
            "",
            "What an access token of the issuer must be made for, as it says in aud.",
            _issuer,
        ),
    ),
    "approvals": (
        Key(
            "url",
            'an origin such as "https://approve.example", or http:// to this machine',
            "",
            "Where people open the page that serve --http has for their yes; without it there is none.",
            _origin,
        ),
        Key(
            "issuer",
            URL_ALLOWED,
            "",
            "Where people sign in to it (OpenID Connect); without it they do with the PIN.",
            _issuer,
        ),
        Key("client_id", "a text without spaces", "", "As what the page is registered there.", _word),
        secret_key("client_secret", "Where the secret of that registration is kept."),
        Key(
            "people",
            'a list of e-mail addresses such as ["ann@shop.example"], or of what the issuer says in sub',
            "[]",
            "Who may say yes there; an e-mail address counts if the issuer verified it.",
            _people,
        ),
    ),
    "privacy": (
        Key(
            "customer_data",
            '"masked" or "full"',
            '"masked"',
            "Whether get_order shows the buyer in full.",
            _customer_data,
        ),
    ),
    "state": (
        Key(
            "directory",
            "the path of a directory",
            "the user's state directory",
            "Where the record of refunds is kept; the sandbox's own is in its folder sandbox.",
            _directory,
        ),
        Key(
            "database_url",
            f'"postgresql+psycopg://user@host/database" without a password in it, or {secret.ALLOWED}',
            "",
            "The PostgreSQL database that keeps the record instead, where several machines share one desk.",
            _database_url,
        ),
    ),
}

VARIABLES: Final = (
    Variable("CLAW_API_KEY", "The key of a Clawver shop; alone it is enough for one store called clawver."),
    Variable("CLAW_API_URL", f"The address of that store instead of {CLAWVER_URL}."),
    Variable("CLAWVER_ORDERS_CONFIG", "The settings file, where --config names none."),
    Variable("CLAWVER_ORDERS_HOME", "The state directory; stronger than the settings file."),
)
