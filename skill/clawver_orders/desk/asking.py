"""How a person can be asked where the assistant's program has no form."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from clawver_orders.desk.results import Approval
from clawver_orders.refunds.machine import Move, State


@dataclass(frozen=True, slots=True)
class Asking:
    """The ways to a person's yes outside of the assistant.

    Attributes:
        command: What a person types, without the id.
        address: Makes the address of a page for a move, if there is such a page.
        here: Whether page and terminal are those of the computer that the assistant's program runs on.
    """

    command: str
    address: Callable[[Move], Awaitable[str | None]] | None = None
    here: bool = True

    async def approval(self, move: Move) -> Approval | None:
        """Until when and where a person can answer; None where nothing waits for an answer."""
        if move.state is not State.PREPARED:
            return None
        url = await self.address(move) if self.address is not None else None
        return Approval(expires_at=move.expires_at, url=url)

    def how(self, move: Move, tool: str, url: str | None = None) -> str:
        """What to tell: who does what, and which tool is called again then."""
        page = f"opens {url}{' on this computer' if self.here else ''}, or " if url else ""
        terminal = "a terminal of this computer" if self.here else "a terminal of the desk"
        return (
            f"A person {page}types in {terminal}: {self.command} {move.id} - then call {tool} again. "
            "Never answer for them."
        )
