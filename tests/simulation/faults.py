"""What can go wrong in one history, and how often: each history draws its own mix."""

from dataclasses import dataclass
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities: per step, per read, per send or per commit; 0 is never.

    Attributes:
        crash: A desk's process ends, at a step.
        stall: Whether processes hang between steps, for seconds or over night.
        unread: A read fails.
        stale: A read shows the order as it was.
        truncated: A read leaves refunds out, and says so or not.
        unsent: A send never leaves.
        lost: A send is lost before the shop has it, or its answer afterwards.
        late: The shop applies a send later: seconds, minutes, a day.
        vague: The answer is a 409, 429, 5xx, or a 2xx without the refund.
        refused: The shop refuses, completely and well-formed.
        settling: The shop says yes and settles later.
        short: The shop applies less than was asked.
        slow: The answer takes longer than the desk waits.
        commit: A commit fails: not stored, stored and yet failed, or the record is held by another.
        jump: Wall clocks are turned.
    """

    crash: float = 0.0
    stall: bool = False
    unread: float = 0.0
    stale: float = 0.0
    truncated: float = 0.0
    unsent: float = 0.0
    lost: float = 0.0
    late: float = 0.0
    vague: float = 0.0
    refused: float = 0.0
    settling: float = 0.0
    short: float = 0.0
    slow: float = 0.0
    commit: float = 0.0
    jump: bool = False


CALM: Final = Faults()


def drawn(random: Random) -> Faults:
    """A mix: each kind is there in some histories only, so that each is also seen without the others."""

    def maybe(share: float, probability: float) -> float:
        return probability if random.random() < share else 0.0

    return Faults(
        crash=maybe(0.35, 0.02),
        stall=random.random() < 0.2,
        unread=maybe(0.2, 0.15),
        stale=maybe(0.4, 0.5),
        truncated=maybe(0.2, 0.3),
        unsent=maybe(0.15, 0.2),
        lost=maybe(0.4, 0.5),
        late=maybe(0.35, 0.5),
        vague=maybe(0.2, 0.4),
        refused=maybe(0.15, 0.3),
        settling=maybe(0.08, 0.4),
        short=maybe(0.08, 0.2),
        slow=maybe(0.15, 0.3),
        commit=maybe(0.3, 0.06),
        jump=random.random() < 0.1,
    )
