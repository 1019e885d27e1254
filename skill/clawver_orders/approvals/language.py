"""What the approval page says, in English and Chinese; both say the same."""

import re
from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]
_WEIGHT: Final = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.ASCII)

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "refund": ("Refund {amount}?", "确认退款 {amount}？"),
    "record_refund": ("Write down a refund of {amount}?", "确认登记退款 {amount}？"),
    "create_webhook": ("Register this webhook?", "确认注册 webhook？"),
    "cancel_order": ("Cancel this order?", "确认取消此订单？"),
    "mark_order_paid": ("Mark this order as paid?", "确认将此订单标记为已付款？"),
    "adjust_order_price": ("Change the price of this order?", "确认修改此订单的价格？"),
    "refund_moves": (
        "Money will move once you approve and the assistant goes on.",
        "批准后，助手继续操作，款项即会退回。",
    ),
    "record_refund_moves": (
        "Only written down in the shop: no money moves by this.",
        "仅在店铺中登记，不会退回任何款项。",
    ),
    "cancel_order_moves": ("No money goes back by this.", "此操作不会退款。"),
    "mark_order_paid_moves": ("No money is taken by this.", "此操作不会收款。"),
    "sandbox": ("Made-up shop: no real money.", "模拟店铺：不涉及真实资金。"),
    "second": ("SECOND REFUND OF THE SAME AMOUNT", "相同金额的第二次退款"),
    "Store": ("Store", "店铺"),
    "Order": ("Order", "订单"),
    "Prepared by": ("Prepared by", "由谁发起"),
    "Amount": ("Amount", "金额"),
    "Change": ("Change", "改价"),
    "New total": ("New total", "改后总额"),
    "Payment": ("Payment", "付款状态"),
    "pending": ("pending", "待付款"),
    "authorized": ("authorized", "已授权"),
    "paid": ("paid", "已付款"),
    "partially_paid": ("partially_paid", "部分付款"),
    "partially_refunded": ("partially_refunded", "部分退款"),
    "refunded": ("refunded", "已退款"),
    "voided": ("voided", "已作废"),
    "failed": ("failed", "付款失败"),
    "unknown": ("unknown", "未知"),
    "Order total": ("Order total", "订单总额"),
    "Refunded so far": ("Refunded so far", "此前已退"),
    "Left after this": ("Left after this", "此后可退余额"),
    "Customer": ("Customer", "买家"),
    "Bought (the shop's words)": ("Bought (the shop's words)", "所购商品（店铺文字）"),
    "Reason (the assistant's words)": ("Reason (the assistant's words)", "理由（助手所写）"),
    "Sends events to": ("Sends events to (the assistant's words)", "事件发送到（助手所写）"),
    "Events": ("Events", "事件"),
    "not said": ("not said", "未提供"),
    "pin": ("PIN", "PIN 码"),
    "pin_wrong": (
        "The PIN is wrong. Type it again; after wrong tries it is locked for a while.",
        "PIN 码错误。请重新输入；多次输错后会锁定一段时间。",
    ),
    "pin_locked": (
        "The PIN is locked after wrong tries. Wait {minutes} minutes, then type it again.",
        "PIN 码因多次输错已锁定。请等待 {minutes} 分钟后再输入。",
    ),
    "approve": ("Approve", "批准"),
    "reject": ("Reject", "拒绝"),
    "until": ("You can answer until", "可答复至"),
    "approved": ("Approved.", "已批准。"),
    "approved_next": (
        "Nothing was sent yet: go back to the assistant and let it go on, within five minutes.",
        "尚未发送：请在五分钟内回到助手，让它继续。",
    ),
    "head": ("Head of the record, to be noted elsewhere", "记录的末端哈希，可另行记下"),
    "rejected": ("Rejected.", "已拒绝。"),
    "rejected_next": ("Nothing will be sent.", "不会发送任何内容。"),
    "gone": ("There is nothing to answer at this address.", "此地址没有待答复的事项。"),
    "gone_next": (
        "It was answered, or its time is over. Ask the assistant for a new link.",
        "它已被答复，或已过期。请让助手给出新的链接。",
    ),
    "refused": ("This was not done.", "未能完成。"),
    "sign_in": ("Sign in", "登录"),
    "sign_in_pin": (
        "With the desk's PIN you see what waits for an answer.",
        "输入订单台的 PIN 码，即可查看待答复的事项。",
    ),
    "sign_in_failed": ("You were not signed in.", "登录未成功。"),
    "sign_in_failed_next": (
        "It took too long, was begun elsewhere, or was refused. Begin anew.",
        "耗时过长、并非由本页发起，或遭到拒绝。请重新登录。",
    ),
    "sign_in_first": ("Sign in first.", "请先登录。"),
    "sign_in_first_next": (
        "You are not signed in, or not any more. Nothing was changed.",
        "您尚未登录，或登录已失效。未作任何更改。",
    ),
    "not_named": ("You cannot answer here.", "您不能在此答复。"),
    "not_named_next": (
        "The settings of this desk do not name you. Ask who runs it.",
        "本订单台的设置中没有您。请联系运行者。",
    ),
    "signed_in_pin": ("Signed in with the PIN.", "已用 PIN 码登录。"),
    "signed_in_as": ("Signed in as {who}.", "已登录：{who}。"),
    "sign_out": ("Sign out", "退出登录"),
    "signed_out": ("You are signed out.", "您已退出登录。"),
    "signed_out_next": ("Nobody can go on with this sign-in.", "此次登录已失效，任何人都无法继续使用。"),
    "waiting": ("What waits for an answer", "待答复的事项"),
    "waiting_none": ("Nothing waits.", "目前没有。"),
    "waiting_more": (
        "Only the newest are shown; the others can be opened by their own links.",
        "仅显示最新的事项；其余请用各自的链接打开。",
    ),
    "waiting_all": ("What else waits", "其他待答复的事项"),
    "over": ("There is nothing to answer any more.", "已无需答复。"),
    "over_next": ("{id} was answered, or its time is over.", "{id} 已被答复，或已过期。"),
    "over_state": ("It is {state}.", "状态：{state}。"),
    "over_by": ("By: {who}.", "答复者：{who}。"),
    "foreign_team": (
        "This page answers only to itself, for who signed in, about what it showed. Open it again.",
        "本页只接受登录者就其所示内容由本页提交的答复。请重新打开。",
    ),
    "foreign_host": ("This page is not called by this name.", "本页不使用此名称。"),
    "people_only": (
        "This page is for people. What programs are let in with counts nothing here.",
        "本页仅供人使用。程序的凭证在此无效。",
    ),
    "leaving": (
        "The desk is stopping. Open this page again in a minute.",
        "订单台正在停止。请一分钟后重新打开本页。",
    ),
    "foreign": ("This page answers only to itself, on this computer.", "本页只接受本机上由本页提交的答复。"),
}


TAGS: Final[Mapping[Language, str]] = {"en": "en", "zh": "zh-Hans"}


def has(key: str) -> bool:
    """Whether the page has a text of that name."""
    return key in _WORDS


def say(key: str, language: Language) -> str:
    """One text of the page; what has no translation, such as an amount, is what it is."""
    words = _WORDS.get(key)
    return words[0 if language == "en" else 1] if words else key


def language_of(accept: str) -> Language:
    """Chinese where a browser's Accept-Language would rather have it than English, else English."""
    wanted: dict[str, float] = {}
    for part in accept[:200].lower().split(","):
        tag, *parameters = (word.strip() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if found := _WEIGHT.fullmatch(parameter):
                weight = float(found[1])
        wanted.setdefault(tag.partition("-")[0], weight)
    ranked = sorted((tag for tag in wanted if tag in TAGS and wanted[tag] > 0), key=lambda tag: -wanted[tag])
    return "zh" if ranked[:1] == ["zh"] else "en"
