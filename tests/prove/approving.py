"""A team before one database: who says yes on another computer than the one that the assistant reaches.

Two state directories stand for two computers: what they share is the database that ``database_url`` names.
"""

from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread
import psycopg
import pytest
from psycopg import conninfo

from clawver_orders.approvals.pin import Pin
from clawver_orders.ledger.postgres import PostgresLedger
from tests.approvals.browsing import PIN, csrf_of
from tests.approvals.desks import a_shop, own_environment
from tests.approvals.team.visiting import Browser, free_port, refused
from tests.cli.terminal import at_a_terminal
from tests.counter import NOON
from tests.ledgers import SERVER, Address
from tests.server.serving import structured
from tests.service.serving import a_worker, client_at, let_in

pytestmark = pytest.mark.anyio

NAME = "orders_of_a_team"
SETTINGS = '[state]\ndatabase_url = "{url}"\n[approvals]\nurl = "https://approve.example"\n'


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a database of its own, as the settings have it."""
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)".encode())
        server.execute(f"CREATE DATABASE {NAME}".encode())
    given = conninfo.conninfo_to_dict(SERVER)
    yield f"postgresql+psycopg://desk@127.0.0.1:{given['port']}/{NAME}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


async def test_approve_works_from_any_computer_with_the_database(tmp_path: Path, database: str) -> None:
    """The terminal of a second computer, and a page that it serves, for what the first one's assistant prepared."""
    ledger = PostgresLedger(Address(database), lambda: NOON)
    token = await let_in(ledger, "bot")
    await Pin(ledger, lambda: NOON).choose(PIN, by="lee")
    hosts = [tmp_path / "one", tmp_path / "two"]
    for host in hosts:
        host.mkdir()
        (host / "config.toml").write_text(SETTINGS.format(url=database))
    ports = [free_port(), free_port()]

    def options(number: int) -> tuple[str, ...]:
        return ("--config", str(hosts[number] / "config.toml"), "--approvals-port", str(ports[number]))

    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with a_worker(hosts[0], shop_url, *options(0)) as one, a_worker(hosts[1], shop_url, *options(1)):
            async with client_at(one.url, token) as client:

                async def prepared(amount: str) -> str:
                    refund = {"order_id": order.id, "amount": amount, "reason": "arrived torn"}
                    made = structured(await client.call_tool("prepare_refund", refund))["refund"]
                    refund_id: str = made["refund_id"]
                    return refund_id

                first = await prepared("5.00 USD")
                status, shown = await anyio.to_thread.run_sync(
                    lambda: at_a_terminal(
                        ("approve", first, *options(1)[:2]),
                        own_environment(hosts[1], shop_url),
                        typed="5.00 USD\n",
                        then=[("PIN:", f"{PIN}\n")],
                    )
                )
                assert (status, "Approved." in shown) == (0, True)
                done = structured(await client.call_tool("execute_refund", {"refund_id": first}))["refund"]
                assert (done["state"], done["confirmed_by"]) == ("succeeded", "a person at the terminal")

                second = await prepared("6.00 USD")
                browser = Browser(f"http://127.0.0.1:{ports[1]}")
                question = await browser.sign_in(f"/moves/{second}")
                browser.address = f"http://127.0.0.1:{ports[0]}"
                form = {"csrf": csrf_of(question.text), "decision": "approve", "pin": PIN}
                assert refused(await browser.send("POST", f"/moves/{second}", form), 200, "Approved.")
                done = structured(await client.call_tool("execute_refund", {"refund_id": second}))["refund"]
                assert (done["state"], done["confirmed_by"]) == ("succeeded", "page, with the PIN")
    assert [refund.amount for refund in order.refunds] == [500, 600]
    assert not any((host / "ledger.sqlite3").exists() for host in hosts)
    assert await ledger.verify() == ()
