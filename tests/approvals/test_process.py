"""The page and the terminal before real processes: approve, reject, restart, and both ways for one refund."""

from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2
import pytest

from tests.approvals.browsing import words_of
from tests.approvals.desks import a_desk, a_shop, own_environment, press
from tests.cli.terminal import at_a_terminal
from tests.server.serving import Era, error_of

pytestmark = pytest.mark.anyio


async def test_a_person_approves_on_the_page_and_the_assistant_goes_on(tmp_path: Path, era: Era) -> None:
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url, era) as desk:
        order = shop.shop.orders[shop.hints["refundable_order"]]
        refund_id = await desk.prepare(order.id)
        waiting = await desk.execute(refund_id)
        assert (waiting["state"], waiting["money_moved"]) == ("prepared", "no")
        url = waiting["approval"]["url"]
        assert url in waiting["message"]
        assert "Approved." in words_of((await press(url)).text)
        assert order.refunds == []
        done = await desk.execute(refund_id)
        assert (done["state"], done["money_moved"], done["confirmed_by"]) == ("succeeded", "yes", "page")
        assert await desk.execute(refund_id) == done
        assert (await press(url)).status_code == 404
    assert [refund.amount for refund in order.refunds] == [500]


async def test_a_person_rejects_on_the_page(tmp_path: Path) -> None:
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url) as desk:
        order = shop.shop.orders[shop.hints["refundable_order"]]
        refund_id = await desk.prepare(order.id)
        await press((await desk.execute(refund_id))["approval"]["url"], "reject")
        result = await desk.client.call_tool("execute_refund", {"refund_id": refund_id})
        assert error_of(result)["code"] == "refund.declined"
    assert order.refunds == []


async def test_what_waits_survives_a_restart_and_its_address_does_not(tmp_path: Path) -> None:
    async with a_shop() as (shop, shop_url):
        orders = [shop.shop.orders[shop.hints[name]] for name in ("refundable_order", "mixed_order")]
        async with a_desk(tmp_path, shop_url) as desk:
            waiting, approved = [await desk.prepare(order.id) for order in orders]
            old = (await desk.execute(waiting))["approval"]["url"]
            assert "Approved." in words_of((await press((await desk.execute(approved))["approval"]["url"])).text)
        with pytest.raises(httpx2.ConnectError):
            await press(old)
        async with a_desk(tmp_path, shop_url) as desk:
            # What was approved before is sent by the new desk; what was not, waits at a new address.
            assert (await desk.execute(approved))["state"] == "succeeded"
            new = (await desk.execute(waiting))["approval"]["url"]
            assert new != old
            assert (await press(new.rpartition("/")[0] + "/" + old.rpartition("/")[2])).status_code == 404
            assert "Approved." in words_of((await press(new)).text)
            assert (await desk.execute(waiting))["state"] == "succeeded"
    assert [[refund.amount for refund in order.refunds] for order in orders] == [[500], [500]]


async def test_the_terminal_answers_for_the_same_refund(tmp_path: Path) -> None:
    async with a_shop() as (shop, shop_url), a_desk(tmp_path, shop_url) as desk:
        order = shop.shop.orders[shop.hints["refundable_order"]]
        refund_id = await desk.prepare(order.id)
        url = (await desk.execute(refund_id))["approval"]["url"]
        person = partial(
            at_a_terminal,
            ("approve", refund_id),
            own_environment(tmp_path, shop_url),
            asked="Type the amount",
            typed="5.00 USD\n",
        )
        status, shown = await anyio.to_thread.run_sync(person)
        assert status == 0, shown
        assert (await press(url)).status_code == 404
        assert (await desk.execute(refund_id))["confirmed_by"] == "a person at the terminal"
    assert [refund.amount for refund in order.refunds] == [500]
