"""A collector that is away, hangs, or refuses: refunds go on, nothing piles up, and a stop ends in time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from clawver_orders.http import Call
from tests.approvals.desks import a_shop
from tests.counter import YES, open_counter
from tests.server.serving import structured, yes
from tests.service.serving import a_worker, client_at, let_in, record_of
from tests.telemetry.collector import a_collector
from tests.telemetry.telling import telling_to

pytestmark = pytest.mark.anyio

# So long a stop may take beside its refunds; the desk gives telemetry two seconds.
_STOP_S = 8


@contextmanager
def nobody_listening() -> Iterator[str]:
    """An address of this machine where connections are refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize("hanging", [True, False], ids=["hangs", "away"])
async def test_refunds_go_on_and_the_stop_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hanging: bool
) -> None:
    with a_collector(hanging=True) as collector, nobody_listening() as nowhere:
        url = collector.url if hanging else nowhere
        with anyio.move_on_after(_STOP_S) as patience:
            async with telling_to(collector, monkeypatch, OTEL_EXPORTER_OTLP_ENDPOINT=url) as telemetry:
                counter = open_counter(tmp_path, telemetry=telemetry)
                refund = await counter.prepared()
                done = await counter.desk.execute_refund(refund.refund_id, YES)
    assert not patience.cancel_called
    assert (done.state, counter.paid_back()) == ("succeeded", [500])


async def test_a_service_whose_collector_hangs_says_it_once_and_leaves(tmp_path: Path) -> None:
    token = await let_in(record_of(tmp_path), "bot", forms=True)
    with a_collector(hanging=True) as collector:
        # Metrics are given up soon, so that the log has its line; traces hang for longer than a stop may take.
        environ = {
            **collector.environ,
            "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "0.3",
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "30",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }
        async with a_shop() as (shop, shop_url):
            with a_worker(tmp_path, shop_url, **environ) as worker:
                async with client_at(worker.url, token, answer=lambda _: yes()) as client:
                    for amount in ("5.00 USD", "6.00 USD", "7.00 USD"):
                        asked = {"order_id": shop.hints["refundable_order"], "amount": amount, "reason": "torn"}
                        refund = structured(await client.call_tool("prepare_refund", asked))["refund"]
                        sent = await client.call_tool("execute_refund", {"refund_id": refund["refund_id"]})
                        assert structured(sent)["refund"]["state"] == "succeeded"
                await anyio.to_thread.run_sync(wait_for, worker.log, "telemetry")
                with anyio.move_on_after(_STOP_S + 4) as patience:
                    assert await anyio.to_thread.run_sync(worker.stop) == 0
                assert not patience.cancel_called
    lines = [line for line in worker.log if "telemetry" in line or "opentelemetry" in line]
    assert len(lines) == 1
    assert "does not reach its collector" in lines[0]
    assert "Traceback" not in "".join(worker.log)
    assert collector.url not in "".join(worker.log)


def wait_for(log: list[str], words: str) -> None:
    for _ in range(400):
        if words in "".join(log):
            return
        threading.Event().wait(0.05)
    raise AssertionError(log)


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight thousand spans while the collector hangs: it gets no more of them than may wait, when it is back."""
    with a_collector(hanging=True) as collector:
        async with telling_to(collector, monkeypatch, OTEL_METRICS_EXPORTER="none") as telemetry:
            watch = telemetry.shop("clawver")
            assert watch
            for _ in range(8_000):
                watch(Call("GET", "/v1/orders", 200, "", 1, 0.1))
            collector.go.set()
        # What waits, and what had been taken from there to be sent.
        assert 512 <= len(collector.spans) <= 2048 + 2 * 512


async def test_a_collector_that_refuses_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with a_collector() as collector:
        collector.status = 400
        async with telling_to(collector, monkeypatch) as telemetry:
            await open_counter(tmp_path, telemetry=telemetry).prepared()
    lines = [record.getMessage() for record in caplog.records if record.name == "clawver_orders.telemetry"]
    assert lines == ["telemetry does not reach its collector; the desk goes on. That is not said again"]
