"""Receives what shops send: checks the signature, remembers the event, and only then says that it has it.

Nothing in an event is believed or acted on here; it names an order, and the desk looks at the order.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import anyio

from clawver_orders.errors import AuthError, BadResponseError, DeskError, SetupError
from clawver_orders.events import Inbox, Verify

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_CAP: Final = 256 * 1024
# So much of a body that is too long is still read, so that who sends it reads the answer instead of a reset.
_READ_ANYWAY: Final = 1024 * 1024
_WITHIN_S: Final = 10.0
_SILENT_S: Final = 3600.0
_PREFIX: Final = b"/webhooks/"
_log = logging.getLogger("clawver_orders.webhooks")


@dataclass(frozen=True, slots=True)
class Sender:
    """A store that sends events.

    Attributes:
        verify: How its platform signs.
        secrets: Looks up what it may have signed with, for each delivery anew.
    """

    verify: Verify
    secrets: Callable[[], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Receiver:
    """``POST /webhooks/{store}`` as an ASGI app.

    200 means that the event is on disk, or was before. A shop sends again after anything else, so 503 is for what
    may work later, and 400 to 413 for what will not.

    Args:
        senders: The stores that send events, by name.
        inbox: Where events are remembered.
        clock: Seconds, to say what is refused only once in a while.
    """

    def __init__(
        self, senders: Mapping[str, Sender], inbox: Inbox, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._senders = dict(senders)
        self._inbox = inbox
        self._clock = clock
        self._told: dict[str, float] = {}

    async def without_secret(self) -> Mapping[str, SetupError]:
        """The stores none of whose events is taken here as things stand, each with what is missing."""
        without: dict[str, SetupError] = {}
        for store, sender in self._senders.items():
            try:
                if not await sender.secrets():
                    without[store] = _no_secret(store)
            except SetupError as error:
                without[store] = error
        return without

    async def tell_missing(self) -> None:
        """Say in the log, in one line, of which stores no event is taken."""
        if without := await self.without_secret():
            _log.info("events of %s are refused: no secret of theirs is known here", ", ".join(without))

    async def check(self) -> None:
        """Say in the log which stores have no secret.

        Raises:
            SetupError: None has one, or no store sends events at all.
        """
        if not self._senders:
            raise SetupError(
                "No configured store sends events", "Configure a store on clawver, heidianer or woocommerce"
            )
        without = await self.without_secret()
        if len(without) == len(self._senders):
            raise next(iter(without.values()))
        for store, wrong in without.items():
            _log.warning("Events of %s are refused. %s", store, wrong)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; nothing where its sender left in the middle."""
        if scope["type"] != "http":
            return
        answer = await self._answered(scope, receive)
        if answer is not None:
            await _send(send, answer)

    async def _answered(self, scope: Scope, receive: Receive) -> _Answer | None:
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        store = path.removeprefix(_PREFIX).decode("latin-1")
        sender = self._senders.get(store)
        if not path.startswith(_PREFIX) or sender is None:
            return _Answer(404, "There is nothing here.")
        if scope["method"] != "POST":
            return _Answer(405, "Events are posted.", ((b"allow", b"POST"),))
        body: bytes | None = None
        with anyio.move_on_after(_WITHIN_S) as patience:
            body = await _read(receive)
        if patience.cancelled_caught:
            return _Answer(408, "The event did not arrive within 10 seconds.")
        if body is None:
            return None
        if len(body) > BODY_CAP:
            return _Answer(413, "An event is at most 256 KiB.")
        return await self._received(store, sender, _joined(scope["headers"]), body)

    async def _received(self, store: str, sender: Sender, headers: Mapping[str, str], body: bytes) -> _Answer:
        secrets: Sequence[str] = ()
        try:
            secrets = await sender.secrets()
            delivered = sender.verify(headers, body, secrets)
            if delivered is None:
                return _Answer(200, "Somebody answers.")
            new = await self._inbox.remember(store, delivered)
        except AuthError as error:
            if not secrets:
                self._tell(store, _no_secret(store))
                return _Answer(401, "No secret of this store is known here.")
            self._tell(store, error)
            return _Answer(401, "The signature is not this store's.")
        except BadResponseError as error:
            self._tell(store, error)
            return _Answer(400, "The event is no JSON object, or nested too deeply.")
        except DeskError as error:
            if secrets:
                _log.warning("An event of %s could not be kept. %s", store, error)
            else:
                self._tell(f"An event of {store} could not be checked", error)
            return _Answer(503, "The event could not be kept. Send it again.")
        return _Answer(200, "Kept." if new else "Kept before.")

    def _tell(self, where: str, error: DeskError) -> None:
        """Say it in the log, but not again for a while: anybody can send what is refused."""
        what, now = f"{where} {error.code}", self._clock()
        if now - self._told.get(what, -math.inf) >= _SILENT_S:
            self._told[what] = now
            _log.warning("%s: %s That is not said again for an hour.", where, error)


def _no_secret(store: str) -> SetupError:
    return SetupError(
        f'The store "{store}" has no webhook secret',
        "Register with create_webhook on this computer, which makes one, or name the one that the shop or another "
        "computer has as webhook_secret in the settings",
        field="webhook_secret",
    )


async def _read(receive: Receive) -> bytes | None:
    """The body, or a part of it that is longer than the cap; None where the sender left."""
    body, length = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk: bytes = message.get("body", b"")
        length += len(chunk)
        if len(body) <= BODY_CAP:
            body += chunk
        if not message.get("more_body", False) or length > _READ_ANYWAY:
            return bytes(body)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; one that stands there twice has both values, and so is no signature."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        joined[key] = f"{joined[key]}, {text}" if key in joined else text
    return joined


async def _send(send: Send, answer: _Answer) -> None:
    body = f"{answer.text}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
