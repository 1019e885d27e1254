"""What is known of who was let in, and why somebody is not."""

from dataclasses import dataclass, field

from clawver_orders.tokens import Grant


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in.

    Attributes:
        key: Of their counter: the same for all that may do the same on the same behalf.
        grant: What they may do there.
        counted_as: Whose requests are counted together.
        logged_as: What the log calls them.
    """

    key: str = ""
    grant: Grant = field(default_factory=lambda: Grant("", forms=True))
    counted_as: str = ""
    logged_as: str = ""


class RefusedError(Exception):
    """Nobody is let in with what was shown; why is for the log, not for who showed it."""


class ShortError(Exception):
    """What was shown is good, and good for nothing here; why is for the log, and the name with which it came."""

    def __init__(self, why: str, logged_as: str) -> None:
        super().__init__(why)
        self.logged_as = logged_as


class AwayError(Exception):
    """Who could tell whether it is good does not answer; what is away, in words for who asks."""
