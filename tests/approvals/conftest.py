"""Both protocol eras, a directory, and a PIN whose hash costs next to nothing."""

from pathlib import Path

import pytest

from clawver_orders.approvals import pin
from tests.server.serving import Era


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "desk"


@pytest.fixture(autouse=True)
def _cheap_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pin, "_COST", 2)
