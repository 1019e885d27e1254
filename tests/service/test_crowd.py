"""A crowd before the real processes; ``make crowd`` is the same with ten thousand."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.service.crowd import Seen, before_the_receiver, before_the_service

pytestmark = pytest.mark.anyio

CONNECTIONS = 400


@pytest.mark.parametrize("before", [before_the_service, before_the_receiver])
async def test_who_asks_is_answered_and_what_a_crowd_took_is_given_back(
    tmp_path: Path, before: Callable[[Path, int], Awaitable[Seen]]
) -> None:
    """Hostile 92: silent, slow and idle connections; files, memory, log and events are looked at."""
    seen = await before(tmp_path, CONNECTIONS)
    assert seen.wrong(CONNECTIONS) == [], seen.told()
