"""What the approval page says, in English and Chinese; both say the same."""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "zh"]

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "refund": ("Refund this?", "确认退款?"),
    "create_webhook": ("Register this webhook?", "确认注册 webhook?"),
    "moves": ("Money will move once you approve and the assistant goes on.", "批准后,助手继续操作,款项即会退回。"),
    "sandbox": ("Made-up shop: no real money.", "模拟店铺:不涉及真实资金。"),
    "second": ("SECOND REFUND OF THE SAME AMOUNT", "相同金额的第二次退款"),
    "Store": ("Store", "店铺"),
    "Order": ("Order", "订单"),
    "Amount": ("Amount", "金额"),
    "Order total": ("Order total", "订单总额"),
    "Refunded so far": ("Refunded so far", "此前已退"),
    "Left after this": ("Left after this", "此后可退余额"),
    "Customer": ("Customer", "买家"),
    "Bought (the shop's words)": ("Bought (the shop's words)", "所购商品(店铺文字)"),
    "Reason (the assistant's words)": ("Reason (the assistant's words)", "理由(助手所写)"),
    "Sends events to": ("Sends events to (the assistant's words)", "事件发送到(助手所写)"),
    "Events": ("Events", "事件"),
    "pin": ("PIN", "PIN 码"),
    "approve": ("Approve", "批准"),
    "reject": ("Reject", "拒绝"),
    "until": ("You can answer until", "可答复至"),
    "approved": (
        "Approved. Nothing was sent yet: go back to the assistant and let it go on.",
        "已批准。尚未发送:请回到助手,让它继续。",
    ),
    "rejected": ("Rejected. Nothing will be sent.", "已拒绝。不会发送任何内容。"),
    "gone": ("There is nothing to answer at this address.", "此地址没有待答复的事项。"),
    "gone_next": (
        "It was answered, or its time is over. Ask the assistant for a new link.",
        "它已被答复,或已过期。请让助手给出新的链接。",
    ),
    "refused": ("This was not done.", "未能完成。"),
    "foreign": ("This page answers only to itself, on this computer.", "本页只接受本机上由本页提交的答复。"),
}


def say(key: str, language: Language) -> str:
    """One text of the page."""
    return _WORDS[key][0 if language == "en" else 1]


def language_of(accept: str) -> Language:
    """Chinese where a browser asks for it before English, else English."""
    for part in accept[:200].lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "en"
