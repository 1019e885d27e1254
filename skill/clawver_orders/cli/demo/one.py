"""The main job on one shop: a parcel, a size, a download, and two refunds, one with its answer lost."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from clawver_orders.cli.demo.conversation import Desk, Shop, desk_of, expect

_NEXT: Final = """\
What to do next
  Try it in your own assistant, with the same made-up shop:
    clawver-orders serve --sandbox          (add it as an MCP server; README.md shows how for each program)
  Use it on your own Clawver shop: put CLAW_API_KEY into the env of that server and leave --sandbox away.
    clawver-orders doctor                   checks key, connection and settings, and says what is missing
  Break the shop on purpose, and see that nothing is paid twice:
    clawver-orders sandbox --fault refund:reset-after:1
"""


async def conversation(say: Callable[[str], None], url: str, state: str) -> None:
    """Have it, and tell it.

    Raises:
        DemoFailed: A step went otherwise than it must.
    """
    shop = Shop(url)
    async with desk_of(say, url, state=state) as desk:
        await _everyday(desk, shop, say)
        await _refund(desk, shop, say)
        await _lost_answer(desk, shop, say)
    say(_NEXT)


async def _everyday(desk: Desk, shop: Shop, say: Callable[[str], None]) -> None:
    say("1. What was paid today? (downloads too: they are delivered at once)")
    await desk.call("list_orders", after=datetime.now(UTC).astimezone().date().isoformat(), payment_status="paid")
    say("2. Where is the parcel?")
    await desk.call("track_order", order_id=shop.ids["shipped_order"])
    say("3. The shirt does not fit: which size was ordered?")
    await desk.call("lookup_variants", order_id=shop.ids["wrong_size_order"])
    say("4. The download link is gone: a new one.")
    await desk.call("regenerate_download", order_id=shop.ids["digital_order"], item_id=shop.ids["digital_item"])


async def _refund(desk: Desk, shop: Shop, say: Callable[[str], None]) -> None:
    say("5. Give a part of the money back. Preparing it moves nothing …")
    refund = await desk.refund(
        order_id=shop.ids["refundable_order"], amount="5.00 USD", reason="The print arrived with a torn corner"
    )
    say("   … and executing it asks a person first, in a form that the server wrote:")
    done = await desk.call("execute_refund", refund_id=refund["refund_id"])
    expect(done["refund"]["state"] == "succeeded", "the refund did not succeed")
    expect(shop.sent("refund") == 1, "the shop did not get one refund")


async def _lost_answer(desk: Desk, shop: Shop, say: Callable[[str], None]) -> None:
    say("6. Now the worst: the shop refunds, and its answer is lost on the way.")
    shop.breaks("refund:reset-after:1")
    order_id = shop.ids["digital_order"]
    refund = await desk.refund(order_id=order_id, amount="full", reason="The file does not open")
    lost = await desk.call("execute_refund", refund_id=refund["refund_id"])
    expect(lost["refund"]["money_moved"] == "unknown", "a lost answer was not called unknown")
    say("   An assistant tries again, in other words. The desk does not let it:")
    await desk.call("prepare_refund", order_id=order_id, amount="full", reason="Please refund again")
    say("   Later the desk looks at the shop, and recognises its own refund by the mark in the reason:")
    found = await desk.call("check_refund", refund_id=refund["refund_id"])
    expect(found["refunds"][0]["state"] == "succeeded", "the refund was not recognised")
    sent = shop.sent("refund")
    expect(sent == 2, "a refund was sent twice")
    say(f"   By the shop's own log: two refunds were confirmed, and {sent} arrived. Nothing was paid twice.\n")
