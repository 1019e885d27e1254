"""What is not known is absent from a result; times and amounts are texts."""

from datetime import datetime
from typing import Any


def said(**values: object) -> Any:
    """The values that are known."""
    return {key: value for key, value in values.items() if value is not None}


def text_of(value: object) -> str | None:
    """An amount, as text."""
    return None if value is None else str(value)


def time(at: datetime | None) -> str | None:
    """A time in RFC 3339, to the second."""
    return None if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
