"""What became of a write that was sent once: an Answer for those as good as money, an error for plain ones."""

from collections.abc import Awaitable, Callable
from typing import Final

from clawver_orders.errors import DeskError, NetworkError, NotSentError
from clawver_orders.http import Reply, Sent
from clawver_orders.store import Answer

# 409: it may be running already. 408, 425, 429: somebody before the shop may have said so.
_OPEN_STATUSES: Final = frozenset({408, 409, 425, 429})


def may_be_refusal(reply: Reply) -> bool:
    """Whether the status alone lets an answer be a refusal beyond doubt: a 4xx that nobody on the way says."""
    return 400 <= reply.status < 500 and reply.status not in _OPEN_STATUSES


async def ended(send: Callable[[], Awaitable[Sent]], refusal: Callable[[Reply], str | None]) -> Reply | Answer:
    """Send a write that is as good as money: a complete answer that is no refusal (nor yet a yes), or how it ended.

    Args:
        send: Sends it; what it raises was found before anything was sent.
        refusal: The code of errors.py where an answer is a refusal beyond doubt.
    """
    try:
        sent = await send()
    except DeskError as error:  # a wrong id, a key that is missing or no key
        return Answer("not_sent", error.happened, error=error.code)
    if sent.kind != "answered" or sent.reply is None:
        return Answer("not_sent" if sent.kind == "not_sent" else "unknown", sent.seen)
    error_code = refusal(sent.reply)
    if error_code is not None:
        return Answer("refused", f"{sent.seen} in the shop's own error form", error=error_code)
    return sent.reply


def answer_of(
    sent: Sent, what: str, look: str, *, in_doubt: Callable[[Reply], bool] = lambda _reply: False
) -> Reply:
    """What was answered to a plain write, a refusal among it.

    Args:
        sent: How it ended.
        what: What it does, in words that complete "whether …".
        look: How to find out whether that was done.
        in_doubt: Whether an answer leaves that open.

    Raises:
        NotSentError: Nothing was sent.
        NetworkError: Whether it was done is not known.
    """
    if sent.kind == "not_sent":
        raise NotSentError(f"the shop was not reached ({sent.seen})", "Try again in a moment")
    if sent.kind == "unknown" or sent.reply is None or in_doubt(sent.reply):
        raise NetworkError(f"whether {what} is not known ({sent.seen})", look)
    return sent.reply
