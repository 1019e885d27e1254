"""On whose behalf the desk works: what somebody prepared is theirs alone, and a person's."""

from dataclasses import dataclass

from clawver_orders.refunds.machine import Move


@dataclass(frozen=True, slots=True)
class Whose:
    """Who stands before the desk.

    Attributes:
        principal: The name under which a program was let in; empty over stdio, None for a person, who sees all.
        stores: The stores that there are for them; None: all.
    """

    principal: str | None = None
    stores: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """What a move that they prepare says of them."""
        return self.principal or ""

    @property
    def by(self) -> str:
        """How the record names them."""
        return f"assistant {self.principal}" if self.principal else "assistant"

    def sees(self, move: Move) -> bool:
        """Whether a move is there for them: for a program, what it prepared itself."""
        if self.principal is None:
            return True
        return move.principal == self.principal and (self.stores is None or move.store in self.stores)


A_PERSON = Whose()
