"""What a signed token says: strict JSON, and the claims that every token must have."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

Kind = Literal["access", "id"]
# Clocks of two machines may be so far apart.
_LEEWAY_S: Final = 30
_SUBJECT: Final = re.compile(r"[ -~]{1,255}", re.ASCII)
_AUDIENCES: Final = 100
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
# In ID tokens alone (OpenID Connect Core): hashes of what was issued with them.
_OF_ID_TOKENS: Final = frozenset({"at_hash", "c_hash"})


class InvalidTokenError(Exception):
    """A token is not accepted; why, in words of ours for the log, never the token's."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, verified.

    Attributes:
        subject: ``sub``: who, as the issuer knows them; 1 to 255 printable ASCII characters.
        good_until: From then on it is not accepted; ``exp`` and some seconds for clocks that differ.
        every: All claims, as JSON values.
    """

    subject: str
    good_until: datetime
    every: Mapping[str, object] = field(repr=False)


def read(payload: bytes, *, issuer: str, audience: str, kind: Kind, now: datetime) -> Claims:
    """The claims of a payload whose signature was verified.

    Raises:
        InvalidTokenError: They are malformed, of another issuer, for another audience, or not good now.
    """
    try:
        every = strict_object(payload)
    except ValueError:
        raise InvalidTokenError("its claims are no sound JSON") from None
    if every.get("iss") != issuer:
        raise InvalidTokenError("of another issuer")
    named = every.get("aud")
    audiences = [named] if isinstance(named, str) else named
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        raise InvalidTokenError("a malformed aud")
    if audience not in audiences or len(audiences) > _AUDIENCES:
        raise InvalidTokenError("for another audience")
    if kind == "access" and not _OF_ID_TOKENS.isdisjoint(every):
        raise InvalidTokenError("an ID token, which lets nobody in")
    subject = every.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise InvalidTokenError("a malformed sub")
    expires = _time(every, "exp")
    if expires is None:
        raise InvalidTokenError("without exp")
    at = now.timestamp()
    if at >= expires + _LEEWAY_S:
        raise InvalidTokenError("expired")
    if any((time := _time(every, name)) is not None and at < time - _LEEWAY_S for name in ("nbf", "iat")):
        raise InvalidTokenError("not good yet")
    return Claims(subject, datetime.fromtimestamp(expires + _LEEWAY_S, UTC), every)


def strict_object(body: bytes) -> dict[str, object]:
    """A JSON object in UTF-8, of which nothing can be read in two ways.

    Raises:
        ValueError: It is none, a name stands twice, or a number is none or absurd.
    """
    try:
        parsed: object = json.loads(
            body.decode(),
            object_pairs_hook=_once,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_number,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(parsed, dict):
        return parsed
    raise ValueError("no object")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number that nobody needs")
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _time(claims: Mapping[str, object], name: str) -> float | None:
    """Seconds since 1970, None where nothing is said."""
    if name not in claims:
        return None
    seconds = claims[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LATEST:
        raise InvalidTokenError(f"a malformed {name}")
    return seconds
