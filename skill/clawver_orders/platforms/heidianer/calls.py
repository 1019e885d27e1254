"""How Heidianer is called: which token goes with what, reads that may repeat, writes that are sent once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from clawver_orders.errors import DeskError, NetworkError, NotSentError, SetupError
from clawver_orders.http import Http, Reply
from clawver_orders.platforms.heidianer.answers import check, refusal
from clawver_orders.store import Answer, Deadline

# Without a language, titles and refusals come in the shop's own.
_COMMON: Final = {"Accept-Language": "en"}

Holder = Literal["reader", "writer", "customer"]


class Secret(Protocol):
    """Something of the settings that is looked up when it is needed."""

    def value(self) -> str:
        """The secret. SetupError where it is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that the settings name.

    Attributes:
        both: For what has no token of its own below.
        read: With the scope orders:read.
        write: With the scope orders:write.
        customer: A buyer's.
    """

    both: Secret | None = None
    read: Secret | None = None
    write: Secret | None = None
    customer: Secret | None = None

    def headers(self, holder: Holder) -> Mapping[str, str]:
        """What says who asks. SetupError names what to set where there is no token for it."""
        if holder == "customer":
            if self.customer is None:
                raise SetupError(
                    "this store has no token of a buyer",
                    "Set customer_token of this store in the settings, or leave as_customer out",
                    field="customer_token",
                )
            return _COMMON | {"Authorization": f"CustomerToken {self.customer.value()}"}
        reads = holder == "reader"
        token = (self.read if reads else self.write) or self.both
        if token is None:
            name = "read_token" if reads else "write_token"
            raise SetupError(
                f"this store has no token to {'read' if reads else 'write'} with",
                f"Set {name} of this store in the settings, or token for both",
                field=name,
            )
        return _COMMON | {"Authorization": f"Bearer {token.value()}"}


class Calls:
    """The calls to one shop.

    Args:
        http: The connections to the shop's own address, without ``/api``.
        tokens: Looked up at each call.
    """

    def __init__(self, http: Http, tokens: Tokens) -> None:
        self._http = http
        self._tokens = tokens

    async def get(self, where: str, params: Mapping[str, str] | None = None, *, what: str = "such order") -> Reply:
        """Read something; ``what`` stands after "the shop has no". DeskError where the answer is not a yes."""
        reply = await self._http.read(where, params=params, headers=self._tokens.headers("reader"))
        check(reply, what)
        return reply

    async def once(
        self,
        method: str,
        where: str,
        body: object = None,
        *,
        done: str,
        holder: Holder = "writer",
        what: str = "such order",
    ) -> Reply:
        """Send a write that is as good as no money, once.

        Args:
            method: GET too, where it changes something.
            where: The path.
            body: In JSON; None for none.
            done: What is done then, after "whether".
            holder: Whose token goes with it.
            what: As in get.

        Raises:
            DeskError: Whatever keeps it from being surely done.
        """
        headers = self._tokens.headers(holder)
        sent = await self._http.write(
            method, where, json=body, headers=headers, may_start=lambda: True, empty_ok=True
        )
        if sent.kind == "not_sent":
            raise NotSentError(f"the shop was not reached ({sent.seen})", "Try again in a moment")
        reply = sent.reply
        if sent.kind == "unknown" or reply is None or reply.status >= 500 or reply.status == 408:
            raise NetworkError(
                f"whether {done} is not known ({sent.seen})", "Look with get_order before anything else"
            )
        check(reply, what, writes=holder != "reader")
        return reply

    async def send(self, where: str, body: object, may_start: Deadline) -> Reply | Answer:
        """POST a write that is as good as money, once: a complete 2xx (no yes yet), or how else it ended."""
        try:
            sent = await self._http.write(
                "POST", where, json=body, headers=self._tokens.headers("writer"), may_start=may_start
            )
        except DeskError as error:  # a token that is missing or none: found before anything is sent
            return Answer("not_sent", error.happened, error=error.code)
        if sent.kind != "answered" or sent.reply is None:
            return Answer("not_sent" if sent.kind == "not_sent" else "unknown", sent.seen)
        error_code = refusal(sent.reply)
        if error_code is not None:
            return Answer("refused", f"{sent.seen} in the shop's own error form", error=error_code)
        return sent.reply if sent.reply.status < 400 else Answer("unknown", sent.seen)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
