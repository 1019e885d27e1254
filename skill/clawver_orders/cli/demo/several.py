"""One conversation over four shops that agree on nothing: one question, one answer, one way to refund."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from clawver_orders.cli.demo.conversation import Desk, Shop, desk_of, expect

_STORES: Final = ("clawver", "heidianer", "gateway", "woocommerce")
_NEXT: Final = """\
What to do next
  Name your own shops in a settings file; references/setup.md shows each kind. Then, before any real key is in it:
    clawver-orders serve --sandbox --config FILE     made-up shops in the place of yours, by the same names
    clawver-orders doctor --config FILE              checks settings, keys and the way to each shop
"""


async def conversation(say: Callable[[str], None], url: str, state: str) -> None:
    """Have it, and tell it.

    Raises:
        DemoFailed: A step went otherwise than it must.
    """
    config = Path(state) / "config.toml"
    config.write_text(
        "".join(f'[stores.{name}]\nplatform = "{name}"\nbase_url = "{url}/{name}"\n' for name in _STORES)
    )
    shops = {name: Shop(f"{url}/{name}") for name in _STORES}
    async with desk_of(say, url, "--config", str(config), state=state) as desk:
        await _one_question(desk, shops, say)
        await _each_its_own(desk, shops, say)
        await _refunds(desk, shops, say)
    say(_NEXT)


async def _one_question(desk: Desk, shops: dict[str, Shop], say: Callable[[str], None]) -> None:
    say("1. What came in lately? All shops are asked at once.")
    found = await desk.call("list_orders", limit=6)
    expect(len(found["orders"]) == 6, "the shops did not answer together")
    say("2. One shop is down. The others answer all the same, and the answer says what is missing.")
    shops["woocommerce"].breaks("any:503:always")
    found = await desk.call("list_orders", payment_status="paid", limit=4)
    shops["woocommerce"].breaks()
    expect(bool(found["orders"]), "one shop silenced the others")
    expect(any("woocommerce" in note for note in found["notes"]), "a shop that failed was not named")
    say("3. How many wait to be sent?")
    await desk.call("count_orders")


async def _each_its_own(desk: Desk, shops: dict[str, Shop], say: Callable[[str], None]) -> None:
    say("4. Where is the parcel of the Chinese shop?")
    await desk.call("track_order", store="heidianer", order_id=shops["heidianer"].ids["shipped_order"])
    say("5. An order behind the gateway, with what its Shopify copy knows:")
    await desk.call("get_order", store="gateway", order_id=shops["gateway"].ids["shipped_order"])
    say("6. Cancel one there? That shop cannot; the answer says which can, and what to do.")
    await desk.call(
        "cancel_order", store="gateway", order_id=shops["gateway"].ids["pending_order"], reason="ordered twice"
    )
    say("7. Where it can be done, a person is asked first:")
    acted = await desk.call(
        "cancel_order", store="heidianer", order_id=shops["heidianer"].ids["pending_order"], reason="ordered twice"
    )
    expect(acted["action"]["outcome"] == "done", "the order was not cancelled")


async def _refunds(desk: Desk, shops: dict[str, Shop], say: Callable[[str], None]) -> None:
    say("8. A refund at WooCommerce, a part; its answer is lost on the way:")
    woo = shops["woocommerce"]
    refund = await desk.refund(
        store="woocommerce", order_id=woo.ids["refundable_order"], amount="5.00 USD", reason="A torn corner"
    )
    woo.breaks("refund:reset-after:1")
    lost = await desk.call("execute_refund", refund_id=refund["refund_id"])
    expect(lost["refund"]["money_moved"] == "unknown", "a lost answer was not called unknown")
    found = await desk.call("check_refund", refund_id=refund["refund_id"])
    expect(found["refunds"][0]["state"] == "succeeded", "the refund was not recognised")
    expect(woo.sent("refund") == 1, "a refund was sent twice")
    say("9. Heidianer gives back all or nothing, and settles later: accepted is not yet paid.")
    hey = shops["heidianer"]
    order_id = hey.ids["refundable_order"]
    refund = await desk.refund(store="heidianer", order_id=order_id, amount="full", reason="Does not fit")
    done = await desk.call("execute_refund", refund_id=refund["refund_id"])
    expect(done["refund"]["money_moved"] == "pending", "a refund that settles later was called paid")
    say("   Some time later the shop's payment channel has settled it:")
    hey.happens("settle", order_id=order_id)
    found = await desk.call("check_refund", refund_id=refund["refund_id"])
    expect(found["refunds"][0]["state"] == "succeeded", "the refund was not seen to settle")
    expect(hey.sent("refund") == 1, "a refund was sent twice")
    say("   By the shops' own logs: two refunds were confirmed, and one arrived at each. Nothing was paid twice.\n")
