"""What the shops told of their own accord: the events that were received, for whoever asks, and no more than that.

An event is never believed: it names an order, and the desk looks at the order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery of a shop, its signature already checked.

    Attributes:
        key: By what the same delivery is known again, made of nothing but what is signed, or of few words.
        type: What happened, in the vendor's own word, cleaned.
        order_id: The order that it names, if it names one.
    """

    key: str
    type: str
    order_id: str | None = None


class Verify(Protocol):
    """How a platform's deliveries are checked and read."""

    def __call__(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Delivered | None:
        """What a delivery says; None where the shop only tries whether somebody answers.

        Args:
            headers: By lower-case name; whatever stood there more than once is joined by commas.
            body: As it arrived, byte by byte.
            secrets: Those that the shop may have signed with. A blank one counts for nothing.

        Raises:
            AuthError: It is signed with none of the secrets, or not at all.
            BadResponseError: It is signed, and no JSON object, or nested too deeply.
        """
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it is kept. ``id`` counts up over all stores, so a later one is greater."""

    id: int
    store: str
    type: str
    at: datetime
    order_id: str | None = None


class Inbox(Protocol):
    """The durable list of events; the ledger keeps it beside the moves."""

    async def remember(self, store: str, delivered: Delivered) -> bool:
        """Keep a delivery, on disk before this returns; False where it is there already.

        Raises:
            DeskError: It could not be kept: the shop must send it again.
        """
        ...

    async def received(
        self, *, store: str = "", order_id: str = "", of_type: str = "", after_id: int = 0, limit: int = 20
    ) -> tuple[Received, ...]:
        """Events, newest first; an empty argument does not filter, ``after_id`` asks for later ones only."""
        ...
