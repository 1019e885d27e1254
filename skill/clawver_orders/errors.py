"""Every error that the desk may tell a person or a model, in one tree.

::

    DeskError                      code: what happened. What to do next.
    ├── InvalidArgument            invalid_argument   an argument is not of the form that is asked for
    ├── AuthError                  auth               the shop does not know the key
    ├── ForbiddenError             forbidden          the shop knows the key and says no
    ├── NotFoundError              not_found          no such order, item, checkout or refund
    ├── ConflictError              conflict           the shop's state does not allow it
    ├── RateLimitedError           rate_limited       too many requests; retry_after_s says when, if known
    ├── UnsupportedError           unsupported        this shop cannot do it at all
    ├── UpstreamError              upstream           the shop answered that it failed
    ├── NetworkError               network            no complete answer arrived
    │   └── NotSentError           network            … and not one byte of the request left
    ├── BadResponseError           bad_response       an answer arrived that makes no sense
    ├── SetupError                 setup              a key or a setting is missing
    └── RefundError                refund.*           the rules of refunds say no; see REFUND_CODES

A message is ours, short, and ends with the next step. It never holds a secret, a customer or the shop's own
words: those go to the log, cleaned. An unknown outcome of a money move is a state, not an error.
"""

from typing import Final

REFUND_CODES: Final = (
    "refund.not_found",
    "refund.not_refundable",
    "refund.too_much",
    "refund.duplicate",
    "refund.open",
    "refund.expired",
    "refund.void",
    "refund.declined",
    "refund.cap",
    "refund.frozen",
    "refund.read_only",
    "refund.not_sent",
    "refund.rejected",
    "refund.foreign",
)


class DeskError(Exception):
    """What the desk tells when it cannot do what it was asked.

    Args:
        happened: One sentence, without its full stop: what happened.
        next_step: One sentence, without its full stop: what to do now.
        field: The argument or setting that is meant, if one is.
        retry_after_s: Seconds after which the same call may work, if known.
    """

    code = "upstream"

    def __init__(
        self, happened: str, next_step: str, *, field: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(happened)
        self.happened = happened
        self.next_step = next_step
        self.field = field
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.code}: {self.happened}. {self.next_step}."


class InvalidArgument(DeskError):  # noqa: N818 - the published code is its name
    """An argument is not of the form that is asked for; nothing was sent."""

    code = "invalid_argument"


class AuthError(DeskError):
    """The shop does not know the key."""

    code = "auth"


class ForbiddenError(DeskError):
    """The shop knows the key, and says no."""

    code = "forbidden"


class NotFoundError(DeskError):
    """There is no such order, item, checkout, webhook or refund."""

    code = "not_found"


class ConflictError(DeskError):
    """The state of the order or of the shop does not allow it."""

    code = "conflict"


class RateLimitedError(DeskError):
    """The shop was asked too often."""

    code = "rate_limited"


class UnsupportedError(DeskError):
    """This shop has no such operation."""

    code = "unsupported"


class UpstreamError(DeskError):
    """The shop answered that it failed."""

    code = "upstream"


class NetworkError(DeskError):
    """No complete answer arrived; the request may have."""

    code = "network"


class NotSentError(NetworkError):
    """No connection was made, or the deadline passed before the first byte: the shop saw nothing."""


class BadResponseError(DeskError):
    """An answer arrived that is not what the shop's documents promise."""

    code = "bad_response"


class SetupError(DeskError):
    """A key or a setting is missing or wrong."""

    code = "setup"


class RefundError(DeskError):
    """The rules of refunds say no; nothing was sent by this call.

    Args:
        reason: One of REFUND_CODES without its prefix, such as ``too_much``.
        happened: As in DeskError.
        next_step: As in DeskError.
    """

    def __init__(self, reason: str, happened: str, next_step: str) -> None:
        super().__init__(happened, next_step)
        self.code = f"refund.{reason}"
        if self.code not in REFUND_CODES:
            raise ValueError(self.code)
