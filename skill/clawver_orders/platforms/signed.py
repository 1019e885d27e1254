"""What the platforms' webhooks share: comparing signatures, and reading bodies that anybody may have sent."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from clawver_orders import text
from clawver_orders.errors import AuthError, BadResponseError
from clawver_orders.platforms.fields import json_object

_LONGEST_TYPE = 100
# An order in full has some ten.
_DEEPEST = 64


def refuse_unsigned(given: str, secrets: Sequence[str], sign: Callable[[bytes], str]) -> None:
    """Let pass what is signed with one of the secrets; all of them are tried, whichever fits.

    Args:
        given: The signature as it arrived; empty where there was none.
        secrets: A blank one counts for nothing.
        sign: The right signature with a secret, ASCII.

    Raises:
        AuthError: None fits.
    """
    # As bytes, for compare_digest refuses texts that are not ASCII.
    candidate = given.encode(errors="surrogatepass")
    fits = [hmac.compare_digest(sign(secret.encode()).encode(), candidate) for secret in secrets if secret.strip()]
    if not any(fits):
        raise AuthError(
            "an event is not signed with this shop's secret",
            "Check webhook_secret of this store in the settings against the shop's own",
        )


def opened(body: bytes) -> Mapping[str, object]:
    """The JSON object of a signed body.

    Raises:
        BadResponseError: It is none, or nested too deeply.
    """
    try:
        parsed = json_object(json.loads(body))
    except (ValueError, RecursionError):
        parsed = None
    if parsed is None or _is_too_deep(parsed):
        raise BadResponseError(
            f"a signed event is no JSON object, or nested deeper than {_DEEPEST} levels",
            "Look at the webhook in the shop's dashboard",
        )
    return parsed


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for one in level for inner in _inside(one)]
        if not any(isinstance(one, dict | list) for one in level):
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def event_type(value: object) -> str:
    """The vendor's word for what happened, cleaned; ``unknown`` where there is none."""
    return text.clean(value, _LONGEST_TYPE, cards=False) or "unknown"


def key_of(body: bytes, word: str = "") -> str:
    """By what the same delivery is known again: the hash of its raw body, and of a word where the vendor has few.

    Nothing else of a header goes into it: who holds one signed body could write any there, and have each kept.
    """
    return hashlib.sha256(f"{word}\n".encode() + body if word else body).hexdigest()
