"""What a browser carries while its person signs in elsewhere: sealed, so that it comes back as it was."""

import base64
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """One sign-in that was begun.

    Attributes:
        state: What the issuer sends back with its answer.
        nonce: What the ID token must say.
        verifier: Proves to the issuer that who began it ends it (PKCE).
        to: The move that is opened afterwards; empty for the list.
        until: Until when, in seconds since 1970.
    """

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    to: str
    until: float


def seal(flow: Flow, key: str) -> str:
    """The flow as a cookie's value."""
    text = base64.urlsafe_b64encode(json.dumps(asdict(flow)).encode()).decode()
    return f"{text}.{_signature(text, key)}"


def unseal(value: str, key: str, now: datetime) -> Flow | None:
    """The flow, if it was sealed with this key and is not over."""
    text, _, signature = value.partition(".")
    if not hmac.compare_digest(_signature(text, key).encode(), signature.encode(errors="replace")):
        return None
    flow = Flow(**json.loads(base64.urlsafe_b64decode(text)))
    return flow if now.timestamp() < flow.until else None


def _signature(text: str, key: str) -> str:
    return hmac.new(key.encode(), text.encode(errors="replace"), hashlib.sha256).hexdigest()
