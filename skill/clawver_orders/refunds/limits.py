"""How much may move: caps for each currency, and the switch that stops all money; held by the desk, not a model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from clawver_orders.errors import RefundError
from clawver_orders.money import Money
from clawver_orders.refunds.machine import Book, Move

DAY: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's caps, by currency; a currency that is not in a mapping has none.

    Attributes:
        max_amount: The most that one refund may be.
        max_per_day: The most that all refunds of the desk together may be in any 24 hours.
        assistant: Whether the assistant's own call counts as the confirmation, where both caps are set.
    """

    max_amount: Mapping[str, Money] = field(default_factory=dict)
    max_per_day: Mapping[str, Money] = field(default_factory=dict)
    assistant: bool = False

    def assistant_may_confirm(self, move: Move) -> bool:
        """Whether no person is asked: by the operator's word, within both caps, never for a second one."""
        return (
            self.assistant
            and move.amount is not None
            and move.amount.currency in self.max_amount
            and move.amount.currency in self.max_per_day
            and not move.another
        )

    def refuse_over(self, book: Book, amount: Money, now: datetime) -> None:
        """Refuse what is over a cap, counting all that moved or may have moved in the last 24 hours.

        Raises:
            RefundError: ``refund.cap``.
        """
        most = self.max_amount.get(amount.currency)
        if most is not None and most < amount:
            raise RefundError("cap", f"{amount} is over the cap of {most} a refund", _RAISE)
        of_day = self.max_per_day.get(amount.currency)
        if of_day is None:
            return
        spent = book.spent(amount.currency, now - DAY)
        if of_day < spent + amount:
            raise RefundError(
                "cap", f"{amount} and the {spent} of the last 24 hours are over the cap of {of_day} a day", _RAISE
            )


NO_LIMITS: Final = Limits()
_RAISE: Final = "Refund less, wait, or a person raises the cap under [refunds] in the settings"


def refuse_frozen(book: Book) -> None:
    """Refuse while a person has frozen the desk.

    Raises:
        RefundError: ``refund.frozen``.
    """
    if by := book.frozen():
        raise RefundError(
            "frozen", f"No money moves: the desk was frozen by {by}", "A person runs: clawver-orders unfreeze"
        )
