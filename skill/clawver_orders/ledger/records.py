"""What is kept of a move and of an event: the texts, and the chain of hashes that holds the events together."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from clawver_orders.errors import SetupError
from clawver_orders.money import Money
from clawver_orders.refunds.machine import Known, Move, Snapshot, State

Row = Mapping[str, Any]
NOBODY: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only record: who moved what, when, from which state to which."""

    number: int
    at: datetime
    by: str
    move_id: str | None
    store: str
    subject: str
    from_state: str | None
    to_state: str | None
    note: str
    hash: str


def event(row: Row) -> Event:
    """An event of its row."""
    kept = {key: value for key, value in dict(row).items() if key != "move_hash"}
    return Event(**{**kept, "at": datetime.fromisoformat(row["at"])})


def dump(move: Move) -> str:
    """A move as the JSON text that is kept."""
    return json.dumps(asdict(move), default=datetime.isoformat, sort_keys=True, separators=(",", ":"))


def load(text: str) -> Move:
    """The move of a kept JSON text.

    Raises:
        SetupError: The text is damaged.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        seen = data["snapshot"]
        times = {key: _time(value) for key, value in data.items() if key.endswith("_at")}
        return Move(
            **{
                **data,
                **times,
                "state": State(data["state"]),
                "amount": _money(data["amount"]),
                "remaining": _money(data["remaining"]),
                "snapshot": Snapshot(
                    **{
                        **seen,
                        "total": _money(seen["total"]),
                        "refunded": _money(seen["refunded"]),
                        "known": tuple(Known(**known) for known in seen["known"]),
                    }
                ),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            "A line of the refund record is damaged",
            "Nothing is sent on this order. Restore the record from a copy; clawver-orders refunds verify names it",
        ) from error


def sha256(text: str) -> str:
    """The hash of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def chained(previous: str, fields: Mapping[str, Any]) -> str:
    """The hash of an event's fields and of the event before it."""
    return sha256(previous + json.dumps(dict(fields), sort_keys=True, separators=(",", ":")))


def faults(events: Iterable[Row], moves: Iterable[Row], switches: Iterable[Row]) -> list[str]:
    """What is wrong with a record, a sentence each.

    Args:
        events: All of them, in order.
        moves: ``id`` and ``move`` of all of them, in order.
        switches: ``name`` and ``value`` of all of them, in order.
    """
    wrong: list[str] = []
    newest: dict[str, str] = {}
    turned: dict[str, str] = {}
    previous, number = NOBODY, 0
    for row in events:
        fields = {key: value for key, value in dict(row).items() if key != "hash"}
        if row["number"] != number + 1:
            wrong.append(f"event {number + 1} is missing")
        if row["hash"] != chained(previous, fields):
            wrong.append(f"event {row['number']} does not follow from the one before")
        previous, number = row["hash"], row["number"]
        if row["move_id"]:
            newest[row["move_id"]] = row["move_hash"]
        elif row["move_hash"] != NOBODY:
            turned[row["subject"]] = row["move_hash"]
    wrong += [
        f"{row['id']} is not as its last event left it"
        for row in moves
        if newest.pop(row["id"], None) != sha256(row["move"])
    ]
    wrong += [f"{move_id} is missing" for move_id in sorted(newest)]
    wrong += [
        f"the switch {row['name']} is not as its last event left it"
        for row in switches
        if turned.pop(row["name"], None) != sha256(row["value"])
    ]
    return [*wrong, *(f"the switch {name} is missing" for name in sorted(turned))]


def _money(value: dict[str, Any] | None) -> Money | None:
    return None if value is None else Money(value["minor"], value["currency"])


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
