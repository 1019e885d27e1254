"""How Heidianer is called: which token goes with what, reads that may repeat, writes that are sent once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from clawver_orders.errors import SetupError
from clawver_orders.http import Http, Reply, path
from clawver_orders.platforms import Secret
from clawver_orders.platforms.heidianer.answers import check, refusal
from clawver_orders.platforms.writes import answer_of, ended
from clawver_orders.store import Answer, Deadline

# Without a language, titles and refusals come in the shop's own.
_COMMON: Final = {"Accept-Language": "en"}

Holder = Literal["reader", "writer", "customer"]


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
        reply = answer_of(
            sent,
            done,
            "Look with get_order before anything else",
            in_doubt=lambda reply: reply.status >= 500 or reply.status == 408,
        )
        check(reply, what, writes=holder != "reader")
        return reply

    async def send(self, where: Callable[[], str], body: object, may_start: Deadline) -> Reply | Answer:
        """POST a write that is as good as money, once: a complete 2xx (no yes yet), or how else it ended."""
        sent = await ended(
            lambda: self._http.write(
                "POST", where(), json=body, headers=self._tokens.headers("writer"), may_start=may_start
            ),
            refusal,
        )
        if isinstance(sent, Reply) and sent.status >= 400:
            return Answer("unknown", f"HTTP {sent.status}")
        return sent

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def order_path(order_id: str, action: str = "") -> str:
    """The path of an order, or of what is done to it. InvalidArgument where the id can be none."""
    return path("/api/orders/order/{order_id}/" + action, order_id=order_id)
