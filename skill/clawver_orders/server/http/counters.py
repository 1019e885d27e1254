"""One counter for each who is let in: a server of their own, over the one desk, with no more than what is theirs.

Tools that their scopes do not have, stores and refunds that are not theirs, and other people's sessions are not
there at all, so nothing has to be filtered from what they ask for.
"""

from collections.abc import Callable, Sequence, Set
from typing import Final

import anyio
from anyio.abc import TaskGroup, TaskStatus
from mcp.server.mcpserver import MCPServer
from mcp.server.request_state import RequestStateSecurity
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from clawver_orders.desk import Desk
from clawver_orders.desk.whose import Whose
from clawver_orders.events import Received
from clawver_orders.server import Updates, Watch, build
from clawver_orders.store import Capabilities
from clawver_orders.tokens import Grant

BODY_CAP: Final = 256 * 1024
# Of one principal; each lasts until it was idle for half an hour.
_SESSIONS: Final = 100
# Open at a time; each takes less than a megabyte.
_COUNTERS: Final = 300


class FullError(Exception):
    """There is no place for another counter: all that are open are at work."""


class Counter:
    """What one principal reaches.

    Args:
        desk: The desk as they have it before them.
        grant: What they may do.
        unset: What is listed while no store is configured.
        key: What seals a form's state, the same in all workers.
        stateless: Whether older programs get no session.
        watch: Watches its calls, if anything does.
    """

    def __init__(
        self,
        desk: Desk,
        grant: Grant,
        *,
        unset: Sequence[Capabilities],
        key: str,
        stateless: bool,
        watch: Watch | None = None,
    ) -> None:
        self._stores = {store.name for store in desk.stores}
        self._updates = Updates()
        self._server: MCPServer = build(
            desk,
            capabilities=[store.capabilities for store in desk.stores] or unset,
            updates=self._updates,
            scopes=grant.scopes,
            request_state=RequestStateSecurity(keys=[key], bind_principal=lambda _: grant.name),
            watch=watch,
        )
        self._server.streamable_http_app(
            stateless_http=stateless,
            max_request_body_size=BODY_CAP,
            max_sessions=_SESSIONS,
            # Who calls by which name was looked at before, for every path.
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        )
        self._under_way: set[anyio.CancelScope] = set()
        self._closing = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Be open until closed."""
        async with self._server.session_manager.run():
            task_status.started()
            await self._closing.wait()

    def close(self) -> None:
        """End all that is under way here; what claimed to send is shielded, and finishes."""
        self._closing.set()
        for scope in self._under_way:
            scope.cancel()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way here, streams included."""
        return not self._under_way

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, until it is answered or the counter closes; a stream is ended whole then."""
        begun = ended = False

        async def noted(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        with anyio.CancelScope() as cancelled:
            self._under_way.add(cancelled)
            try:
                await self._server.session_manager.handle_request(scope, receive, noted)
            finally:
                self._under_way.discard(cancelled)
        if cancelled.cancelled_caught and not ended:
            end: Message = {"type": "http.response.body", "body": b""}
            await (send(end) if begun else Response(status_code=503)(scope, receive, send))

    async def tell(self, events: Sequence[Received]) -> None:
        """Tell who follows something here of what happened in their stores."""
        if theirs := [event for event in events if event.store in self._stores]:
            await self._updates.tell(theirs)


class Counters:
    """All counters that are open.

    Args:
        desk: The desk, as a person has it.
        tasks: Where they run.
        make: A counter for a grant, over the desk as they have it.
    """

    def __init__(self, desk: Desk, tasks: TaskGroup, make: Callable[[Desk, Grant], Counter]) -> None:
        self._desk = desk
        self._tasks = tasks
        self._make = make
        self._open: dict[str, Counter] = {}
        self._opening = anyio.Lock()

    async def of(self, key: str, grant: Grant) -> Counter:
        """The counter of who was let in; opened with their first request.

        Args:
            key: The same for all that may do the same on the same behalf.
            grant: What they may do.

        Raises:
            FullError: Too many are open, and at work.
        """
        async with self._opening:
            # Who came last stands last.
            counter = self._open.pop(key, None)
            if counter is None:
                self._make_room()
                counter = self._make(self._before(grant), grant)
                await self._tasks.start(counter.run)
            self._open[key] = counter
        return counter

    def _make_room(self) -> None:
        """Close whoever came last the longest ago and has nothing under way, where there are too many."""
        if len(self._open) < _COUNTERS:
            return
        for key, counter in self._open.items():
            if counter.idle:
                counter.close()
                del self._open[key]
                return
        raise FullError

    def _before(self, grant: Grant) -> Desk:
        whose = Whose(grant.name, grant.stores or None)
        # Over the network a form is the word of a program that nobody here sees: only who was trusted with that.
        trusted = self._desk.trust_forms if grant.forms else False
        return self._desk.before(whose, read_only=grant.scopes <= {"read"}, trust_forms=trusted)

    def keep_only(self, keys: set[str]) -> None:
        """Close the counters of all others."""
        self.close(self._open.keys() - keys)

    def close(self, keys: Set[str]) -> None:
        """Close these, where they are open."""
        for key in self._open.keys() & keys:
            self._open.pop(key).close()

    async def tell(self, events: Sequence[Received]) -> None:
        """See Counter.tell."""
        for counter in list(self._open.values()):
            await counter.tell(events)
