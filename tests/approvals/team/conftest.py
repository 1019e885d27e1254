"""A counter whose answers lead to the team's page."""

from pathlib import Path

import pytest

from clawver_orders.approvals.team import address_at
from tests.approvals.team.visiting import ORIGIN
from tests.counter import Counter, open_counter


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return open_counter(tmp_path / "desk", trust_forms=None, approval_address=address_at(ORIGIN))
