"""A counter, and both protocol eras."""

from pathlib import Path

import pytest

from tests.counter import Counter, open_counter
from tests.server.serving import Era


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path, trust_forms=None)
