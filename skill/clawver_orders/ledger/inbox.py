"""The shops' events in the record: each once, the newest found first, and the oldest forgotten in time."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from clawver_orders.events import Delivered, Received

if TYPE_CHECKING:
    from clawver_orders.ledger.tables import Rows

# No shop sends again after so long. What is forgotten and yet comes again only makes the desk look once more.
_KEPT_FOR: Final = timedelta(days=90)
# However young they are: some 50 MB, so that who can sign fills no disk.
_KEPT_AT_MOST: Final = 200_000
_REMEMBER: Final = "INSERT INTO received VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (store, delivery) DO NOTHING"
_NEWEST: Final = "SELECT number FROM received ORDER BY number DESC LIMIT 1"
# Two for each that is new: fewer each time, and never many at once, so that nobody waits for it.
_OLDEST: Final = "SELECT number, at FROM received ORDER BY number LIMIT 2"
_FORGET: Final = "DELETE FROM received WHERE number = ?"
_FOUND: Final = """
SELECT number, store, type, order_id, at FROM received
WHERE number > ? AND (? = '' OR store = ?) AND (? = '' OR order_id = ?) AND (? = '' OR type = ?)
ORDER BY number DESC LIMIT ?
"""


def remember(rows: "Rows", store: str, delivered: Delivered, now: datetime) -> bool:
    """See events.Inbox; in the same transaction what is too old makes room."""
    number = next((int(row["number"]) for row in rows.select(_NEWEST)), 0) + 1
    kept = (number, store, delivered.key, delivered.type, delivered.order_id, now.isoformat())
    if rows.change(_REMEMBER, *kept) != 1:
        return False
    for row in list(rows.select(_OLDEST)):
        # The newest is never among them, so no number is given again.
        if row["number"] <= number - _KEPT_AT_MOST or datetime.fromisoformat(row["at"]) < now - _KEPT_FOR:
            rows.change(_FORGET, row["number"])
    return True


def received(
    rows: "Rows", *, store: str, order_id: str, of_type: str, after_id: int, limit: int
) -> tuple[Received, ...]:
    """See events.Inbox."""
    found = rows.select(_FOUND, after_id, store, store, order_id, order_id, of_type, of_type, limit)
    return tuple(
        Received(
            id=row["number"],
            store=row["store"],
            type=row["type"],
            at=datetime.fromisoformat(row["at"]),
            order_id=row["order_id"],
        )
        for row in found
    )
