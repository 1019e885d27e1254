"""The service with its page as processes: what starts it, what does not, and several workers before one team."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import anyio.to_thread
import pytest

from clawver_orders.approvals.pin import Pin
from tests.approvals.browsing import PIN, csrf_of
from tests.approvals.desks import a_shop, own_environment
from tests.approvals.team.visiting import Browser, free_port, refused, seen
from tests.server.serving import structured
from tests.service.serving import a_worker, client_at, let_in, record_of

pytestmark = pytest.mark.anyio


async def test_a_question_of_one_worker_is_answered_at_another(tmp_path: Path) -> None:
    """Before two workers, as a load balancer leads people and programs to either."""
    ports = (free_port(), free_port())
    config = tmp_path / "config.toml"
    config.write_text('[approvals]\nurl = "https://approve.example:443"\n')
    token = await let_in(record_of(tmp_path), "bot")
    await Pin(record_of(tmp_path), lambda: datetime.now().astimezone()).choose(PIN, by="lee")
    options = ("--config", str(config), "--log", "json", "--approvals-port")
    async with a_shop() as (shop, shop_url):
        order = shop.shop.orders[shop.hints["refundable_order"]]
        with (
            a_worker(tmp_path, shop_url, *options, str(ports[0])) as one,
            a_worker(tmp_path, shop_url, *options, str(ports[1])) as two,
        ):
            async with client_at(one.url, token) as client:
                refund = {"order_id": order.id, "amount": "5.00 USD", "reason": "arrived torn"}
                made = structured(await client.call_tool("prepare_refund", refund))["refund"]
                given = {"refund_id": made["refund_id"]}
                waits = structured(await client.call_tool("execute_refund", given))["refund"]
                url = waits["approval"]["url"]
                assert url == f"https://approve.example/moves/{made['refund_id']}"
                assert f"A person opens {url}, or types in a terminal of the desk: " in waits["message"]
                browsers = [Browser(f"http://127.0.0.1:{port}") for port in ports]
                browsers[1].cookies = browsers[0].cookies
                question = await browsers[0].sign_in(url)
                form = {"csrf": csrf_of(question.text), "decision": "approve", "pin": PIN}
                path = url.removeprefix("https://approve.example")
                assert refused(await browsers[1].send("POST", path, form), 200, "Approved.")
                done = structured(await client.call_tool("execute_refund", given))["refund"]
            assert (done["state"], done["confirmed_by"]) == ("succeeded", "page, with the PIN")
            for worker in (one, two):
                assert await anyio.to_thread.run_sync(worker.stop) == 0
        for line in (*one.log, *two.log):
            assert json.loads(line)["level"] in {"INFO", "WARNING"}, line
            assert not any(word in line for word in (PIN, token, *browsers[0].cookies.values()))
    assert [refund.amount for refund in order.refunds] == [500]
    assert await record_of(tmp_path).verify() == ()


async def test_the_page_of_a_made_up_shop_has_a_pin_of_its_own(tmp_path: Path) -> None:
    """And says that no money is real; on this machine it is opened without TLS."""
    port = free_port()
    config = tmp_path / "config.toml"
    config.write_text(f'[approvals]\nurl = "http://127.0.0.1:{port}"\n')
    pin = Pin(record_of(tmp_path / "sandbox"), lambda: datetime.now().astimezone())
    await pin.choose(PIN, by="lee")
    options = ("--sandbox", "--config", str(config), "--approvals-port", str(port))
    with a_worker(tmp_path, "", *options) as worker:
        browser = Browser(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
        assert "Made-up shop: no real money." in seen(await browser.sign_in())
        assert await anyio.to_thread.run_sync(worker.stop) == 0


async def test_it_does_not_start_where_nobody_could_be_told_from_anybody(tmp_path: Path) -> None:
    await let_in(record_of(tmp_path), "bot")
    config = tmp_path / "config.toml"
    config.write_text('[approvals]\nurl = "https://approve.example"\n')
    command = [sys.executable, "-m", "clawver_orders", "serve", "--http", "--port", "0", "--config", str(config)]

    def started() -> "subprocess.CompletedProcess[str]":
        environ = own_environment(tmp_path, "http://127.0.0.1:9")
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    done = await anyio.to_thread.run_sync(started)
    assert (done.returncode, done.stdout) == (2, "")
    assert "setup: The approval page has no PIN and no issuer" in done.stderr
    assert "clawver-orders pin set" in done.stderr
    assert "Traceback" not in done.stderr
