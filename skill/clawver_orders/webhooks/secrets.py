"""The secrets that sign a shop's events: in the state directory where the desk made them, or where settings say."""

import logging
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import anyio.to_thread

from clawver_orders.desk.webhooks import is_deleted
from clawver_orders.errors import DeskError, SetupError
from clawver_orders.refunds.machine import Ledger

_log = logging.getLogger("clawver_orders.webhooks")
# A store's name has no capitals, so that "hey-R-…" is not a registration of the store "hey-two".
_NAME: Final = re.compile(r"(R-[0-9A-Z]{8})\.secret", re.ASCII)


class Secret(Protocol):
    """Something of the settings that is looked up when it is needed."""

    def value(self) -> str:
        """The secret. SetupError where it is missing."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """The secret of one registration."""

    action_id: str
    secret: str = field(repr=False)


class SecretFiles:
    """Keeps one secret a registration, each in a file of mode 0600 under ``<state>/webhooks``.

    Args:
        directory: The state directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "webhooks"

    async def keep(self, store: str, action_id: str, secret: str) -> None:
        """Write a secret to disk before it is sent, so that an event signed with it can always be verified.

        Raises:
            SetupError: It could not be written.
        """
        await anyio.to_thread.run_sync(self._keep, store, action_id, secret)

    async def of(self, store: str) -> tuple[Kept, ...]:
        """The secrets of a store's registrations, newest first.

        Raises:
            SetupError: They cannot be read.
        """
        return await anyio.to_thread.run_sync(self._of, store)

    async def drop(self, store: str, is_over: Callable[[str], Awaitable[bool]]) -> None:
        """Remove the secrets of a store's registrations that are over, so that they count no longer.

        Args:
            store: The store's name.
            is_over: Whether a registration is, by its id.

        Raises:
            SetupError: They cannot be read, or one cannot be removed.
        """
        for kept in await self.of(store):
            if await is_over(kept.action_id):
                await anyio.to_thread.run_sync(self._drop, self._path(store, kept.action_id))

    def _path(self, store: str, action_id: str) -> Path:
        return self._directory / f"{store}-{action_id}.secret"

    def _drop(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise SetupError(
                f"The secret of a deleted webhook could not be removed ({type(error).__name__}), and still counts",
                f"Remove webhooks/{path.name} from the state directory",
            ) from error

    def _of(self, store: str) -> tuple[Kept, ...]:
        try:
            files = [
                (path.stat().st_mtime_ns, name[1], path.read_text())
                for path in self._directory.glob(f"{store}-*")
                if (name := _NAME.fullmatch(path.name.removeprefix(f"{store}-")))
            ]
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(
                f"The webhooks' secrets in the state directory cannot be read ({type(error).__name__})",
                "Check the permissions of its folder webhooks",
            ) from error
        # One that is being written is empty still.
        return tuple(Kept(action_id, secret) for _, action_id, secret in sorted(files, reverse=True) if secret)

    def _keep(self, store: str, action_id: str, secret: str) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path(store, action_id), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SetupError(
                f"The webhook's secret could not be kept in the state directory ({type(error).__name__})",
                "Nothing was sent. Check disk space and permissions, then run: clawver-orders doctor",
            ) from error


async def forget_deleted(files: SecretFiles, stores: Iterable[str], ledger: Ledger) -> None:
    """Remove the secrets of webhooks that were deleted from another computer, as far as the record can be read."""
    for store in stores:
        try:
            await files.drop(store, partial(is_deleted, ledger, store))
        except DeskError as error:
            _log.warning("Whether webhooks of %s were deleted elsewhere is not known: %s", store, error)


class StoreSecrets:
    """All secrets that a store may sign with at this moment: what create_webhook made, and what the settings name.

    Args:
        store: The store's name.
        files: Where create_webhook keeps them.
        named: References in the settings.
    """

    def __init__(self, store: str, files: SecretFiles, named: Sequence[Secret]) -> None:
        self._store = store
        self._files = files
        self._named = tuple(named)
        self._told = ""

    async def __call__(self) -> tuple[str, ...]:
        """Looked up now, for a registration may be new; none where there is none.

        Raises:
            SetupError: Something names one, nothing has one.
        """
        wrong: SetupError | None = None
        found: list[str] = []
        try:
            found += [kept.secret for kept in await self._files.of(self._store)]
        except SetupError as error:
            wrong = error
        for named in self._named:
            try:
                found.append(await anyio.to_thread.run_sync(named.value))
            except SetupError as error:
                wrong = error
        if wrong is not None:
            if not found:
                raise wrong
            if str(wrong) != self._told:
                _log.warning("A webhook secret of %s is missing: %s", self._store, wrong)
        self._told = str(wrong or "")
        return tuple(found)
