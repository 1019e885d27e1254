"""The record in a database that is not there: a clear refusal, nothing sent, no address told."""

import socket
import sys

import pytest

from clawver_orders.errors import SetupError
from clawver_orders.ledger.postgres import PostgresLedger
from tests.ledger.test_record import stored
from tests.ledgers import Address
from tests.refunds.book import NOON

pytestmark = pytest.mark.anyio


def ledger(address: str) -> PostgresLedger:
    return PostgresLedger(Address(address), lambda: NOON)


def nobody() -> str:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


async def refusal(address: str) -> str:
    with pytest.raises(SetupError) as caught:
        await stored(ledger(address))
    seen: BaseException | None = caught.value
    while seen is not None and not seen.__suppress_context__:
        assert "hunter2" not in str(seen)
        seen = seen.__cause__
    return str(caught.value)


async def test_a_database_that_is_away_is_a_clear_refusal_without_its_address() -> None:
    """Hostile 69: nothing is sent without the record."""
    told = await refusal(f"postgresql+psycopg://desk:hunter2@{nobody()}/orders")
    assert told.startswith(
        "setup: The refund record in the database cannot be used (OperationalError). Nothing is sent"
    )
    assert "127.0.0.1" not in told


@pytest.mark.parametrize(
    "address",
    [
        "mysql://desk:hunter2@127.0.0.1/orders",
        "desk:hunter2@127.0.0.1/orders",
        "host=127.0.0.1 password=hunter2",
        "postgresql+psycopg://desk:hunter2@[::1/orders",
        "postgresql://desk:hunter2%zz@127.0.0.1/orders",
        "postgresql://desk@127.0.0.1/orders?hunter2=1",
    ],
)
async def test_what_is_no_address_is_said_and_not_repeated(address: str) -> None:
    assert "database_url is not the address of a PostgreSQL database" in await refusal(address)


async def test_without_the_driver_it_is_said_which_package_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert 'pip install "clawver-orders[postgres]"' in await refusal(f"postgresql://{nobody()}/orders")
