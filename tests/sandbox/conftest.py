"""A sandbox with a fixed seed and a clock that tests move, and clients over its ASGI app."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from clawver_orders.sandbox import Sandbox

Clock = Callable[[], datetime]


@pytest.fixture
def times() -> list[datetime]:
    """What the clock shows, as its only entry."""
    return [datetime(2026, 3, 14, 15, 9, 26, 535000, UTC)]


@pytest.fixture
def clock(times: list[datetime]) -> Clock:
    """A clock that stands still until it is moved."""
    return lambda: times[0]


@pytest.fixture
def move(times: list[datetime]) -> Callable[[float], None]:
    """Moves the clock by a number of seconds."""

    def move(seconds: float) -> None:
        times[0] += timedelta(seconds=seconds)

    return move


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    return Sandbox(seed=7, now=clock)


@pytest.fixture
def legacy(clock: Clock) -> Sandbox:
    return Sandbox(seed=7, generation="legacy", now=clock)


@pytest.fixture
def connect() -> Callable[..., httpx2.AsyncClient]:
    """A client of a sandbox in process; with its owner's key unless another one is given, or none."""

    def connect(sandbox: Sandbox, key: str | None = "claw_sk_test_example") -> httpx2.AsyncClient:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        transport = httpx2.ASGITransport(app=sandbox.app)
        return httpx2.AsyncClient(transport=transport, base_url="http://sandbox.test", headers=headers)

    return connect
