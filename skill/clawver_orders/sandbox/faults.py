"""Faults by switch: what goes wrong, with which operation, how often, and whether the shop did its work by then."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, Final, Literal, cast

from .dialect import Reply
from .shop import Shop

When = Literal["before", "after", "late"]

# Something breaks below HTTP.
_BREAKS: Final = frozenset({"timeout", "reset", "close"})
# The true answer is harmed on its way; the shop has done its work.
_HARMS: Final = frozenset({"truncated", "cut", "slow"})
_STATUSES: Final = frozenset(
    {202, 204, 206, 301, 302, 303, 304, 307, 308, 401, 403, 404, 408, 409, 425, 429, 500, 502, 503, 504}
)
_JSON: Final = (("content-type", "application/json"),)
_BODIES: Final[dict[str, Reply]] = {
    "html": Reply.html(200, "Sign in"),
    "empty": Reply(200, b"", _JSON),
    "null": Reply(200, b"null", _JSON),
    "array": Reply(200, b"[]", _JSON),
    "success-false": Reply(200, b'{"success":false,"error":{"code":"INTERNAL_ERROR","message":"Failed"}}', _JSON),
    "bad-utf8": Reply(200, b'{"success":true,"data":{"order":{"id":"\xff\xfe"}}}', _JSON),
    "nested": Reply(200, b"[" * 100_000 + b"]" * 100_000, _JSON),
}
KINDS: Final = (*sorted(_BREAKS), *sorted(_HARMS), "stale", "redirect", *_BODIES, *map(str, sorted(_STATUSES)))


class FaultRaised(Exception):  # noqa: N818 - never caught as an error of ours
    """A fault below HTTP. In process it comes out of the ASGI app; over a socket the server acts it out."""


class ResetFault(FaultRaised, ConnectionResetError):  # noqa: N818 - as FaultRaised
    """The connection was reset: RST on a socket."""


class TimeoutFault(FaultRaised, TimeoutError):  # noqa: N818 - as FaultRaised
    """No answer comes: over a socket the server stays silent until the client goes."""


class CloseFault(FaultRaised, ConnectionAbortedError):  # noqa: N818 - as FaultRaised
    """The connection was closed without an answer, or in the middle of one: FIN on a socket."""


_RAISES: Final[dict[str, type[FaultRaised]]] = {
    "timeout": TimeoutFault,
    "reset": ResetFault,
    "close": CloseFault,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch.

    Attributes:
        operation: The name of an operation, or ``any``, ``read``, ``write``.
        kind: One of KINDS.
        when: ``before``: the shop did nothing; ``after``: it did its work; ``late``: it does it later.
        times: How often; None is always.
        delay: Seconds before the answer, or between two bytes of a slow one; only over a socket.
        reads: For ``late``: how many reads still miss it. For ``stale`` on a write: how many reads after it are
            answered from before it.
        seconds: For ``late``: by the sandbox's clock, instead of ``reads``.
        retry_after: The Retry-After header as it shall stand; ``date`` makes an HTTP date two seconds on.
        location: Where a redirect points.
    """

    operation: str
    kind: str
    when: When = "before"
    times: int | None = 1
    delay: float = 0.0
    reads: int = 1
    seconds: float | None = None
    retry_after: str | None = None
    location: str = "https://elsewhere.example/login"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is no kind of fault; there are: {', '.join(KINDS)}")
        if self.when not in ("before", "after", "late"):
            raise ValueError(f"{self.when!r}: a fault is before, after or late")
        if self.kind in _HARMS:
            object.__setattr__(self, "when", "after")
        if self.times is not None and self.times < 1:
            raise ValueError("times is 1 or more, or always")

    def __str__(self) -> str:
        suffix = "" if self.kind in _HARMS or self.kind == "stale" else f"-{self.when}"
        return f"{self.operation}:{self.kind}{suffix}:{self.times or 'always'}"

    @property
    def harms(self) -> bool:
        """Whether it harms the true answer on its way, instead of standing in its place."""
        return self.kind in _HARMS

    def matches(self, operation: str, *, writes: bool) -> bool:
        """Whether this operation is meant."""
        return self.operation in (operation, "any", "write" if writes else "read")

    def answer(self, failure: Callable[[int], Reply], shop: Shop) -> Reply:
        """What is answered instead of the truth.

        Args:
            failure: The dialect's error envelope for a status.
            shop: For its clock.

        Raises:
            FaultRaised: The fault is below HTTP.
        """
        if self.kind in _RAISES:
            raise _RAISES[self.kind](str(self))
        if self.kind in _BODIES:
            return _BODIES[self.kind]
        status = 302 if self.kind == "redirect" else int(self.kind)
        if status < 300 or status == 304:
            return Reply(status)
        if status < 400:
            return Reply(status, headers=(("location", self.location),))
        reply = Reply.html(status, "Bad gateway") if status in (502, 503, 504) else failure(status)
        value = self.retry_after
        if value is None:
            return reply
        if value == "date":
            value = format_datetime(shop.now().replace(microsecond=0) + timedelta(seconds=2), usegmt=True)
        return replace(reply, headers=(*reply.headers, ("retry-after", value)))


def parse_fault(text: str) -> Fault:
    """Read a fault from its short form ``operation:kind[-before|-after|-late][:times][,option=value…]``.

    Times is a number or ``always``; 1 where it is left out. Options are the attributes of Fault.
    Examples: ``refund:timeout-after:1``, ``any:429:always,retry_after=2``, ``refund:timeout-late:1,reads=3``.

    Raises:
        ValueError: It is not of that form; the message says what is.
    """
    head, *options = text.split(",")
    parts = head.split(":")
    if len(parts) not in (2, 3) or not all(parts):
        raise ValueError(f"{text!r} is not a fault; write operation:kind:times, such as refund:timeout-after:1")
    found = re.fullmatch(r"(.+?)(?:-(before|after|late))?", parts[1])
    data: dict[str, Any] = {"operation": parts[0], "kind": found and found[1]}
    if found and found[2]:
        data["when"] = found[2]
    if len(parts) == 3:
        data["times"] = parts[2]
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"{option!r} is not an option; write name=value, such as reads=3")
        data[name] = value
    return fault_from(data)


def fault_from(data: object) -> Fault:
    """Read a fault from its short form or from an object with the attributes of Fault.

    Raises:
        ValueError: Something in it is wrong.
    """
    if isinstance(data, str):
        return parse_fault(data)
    if not isinstance(data, dict):
        raise ValueError("a fault is a text or an object")  # noqa: TRY004 - one kind of error for what a caller sends
    readers: dict[str, Callable[[Any], object]] = {
        "operation": str,
        "kind": str,
        "when": str,
        "times": lambda value: None if value in (None, "always") else int(value),
        "delay": float,
        "reads": int,
        "seconds": float,
        "retry_after": str,
        "location": str,
    }
    unknown = sorted(set(data) - set(readers))
    if unknown:
        raise ValueError(f"a fault has no {unknown[0]!r}; it has: {', '.join(readers)}")
    if not {"operation", "kind"} <= set(data):
        raise ValueError("a fault needs an operation and a kind")
    try:
        values = {name: readers[name](value) for name, value in data.items()}
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return Fault(**cast("dict[str, Any]", values))


@dataclass(slots=True)
class _Switch:
    fault: Fault
    left: int | None
    before: Shop | None = None


class Faults:
    """The switches that are on, in their order.

    Args:
        operations: The names of all operations of all dialects.
        snapshot: Copies the shop as it is, for stale reads.
    """

    def __init__(self, operations: frozenset[str], snapshot: Callable[[], Shop]) -> None:
        self.operations = operations | {"any", "read", "write"}
        self._snapshot = snapshot
        self._switches: list[_Switch] = []
        self._stale: tuple[Shop, int] | None = None

    def add(self, *faults: Fault | str) -> None:
        """Switch faults on, beside those that are.

        Raises:
            ValueError: One of them is none, or names an operation that nobody has.
        """
        self._switches += self._switched(faults)

    def replace(self, *faults: Fault | str) -> None:
        """Switch these on and all others off; as add, where one is wrong nothing changes."""
        switches = self._switched(faults)
        self.clear()
        self._switches = switches

    def clear(self) -> None:
        """Switch all off."""
        self._switches.clear()
        self._stale = None

    def __iter__(self) -> Iterator[Fault]:
        """The faults that are on, each with as many times as it has left."""
        return iter([replace(switch.fault, times=switch.left) for switch in self._switches])

    def take(self, operation: str, *, writes: bool) -> Fault | None:
        """The first fault that harms this call's answer; one of its times is used up."""
        for switch in self._switches:
            if switch.fault.kind != "stale" and switch.fault.matches(operation, writes=writes):
                self._use(switch)
                return switch.fault
        return None

    def take_stale(self, operation: str, *, writes: bool) -> Shop | None:
        """The old copy of the shop that this read shall be answered from, if it shall.

        For a write, nothing; but reads after it may be answered from before it.
        """
        for switch in self._switches:
            if switch.fault.kind != "stale" or not switch.fault.matches(operation, writes=writes):
                continue
            self._use(switch)
            if not writes:
                return switch.before
            self._stale = (self._snapshot(), switch.fault.reads)
            return None
        if writes or self._stale is None:
            return None
        shop, left = self._stale
        self._stale = (shop, left - 1) if left > 1 else None
        return shop

    def _switched(self, faults: Sequence[Fault | str]) -> list[_Switch]:
        read = [parse_fault(fault) if isinstance(fault, str) else fault for fault in faults]
        for fault in read:
            if fault.operation not in self.operations:
                known = ", ".join(sorted(self.operations))
                raise ValueError(f"{fault.operation!r} is no operation; there are: {known}")
        return [_Switch(fault, fault.times, self._snapshot() if fault.kind == "stale" else None) for fault in read]

    def _use(self, switch: _Switch) -> None:
        if switch.left is not None:
            switch.left -= 1
            if not switch.left:
                self._switches.remove(switch)
