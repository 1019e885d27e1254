"""Both protocol eras."""

import pytest

from tests.server.serving import Era


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen
