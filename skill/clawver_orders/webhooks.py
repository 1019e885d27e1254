"""The secrets that sign a shop's events: made by the desk, kept in the state directory, never shown."""

import os
from pathlib import Path

import anyio.to_thread

from clawver_orders.errors import SetupError


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

    def _keep(self, store: str, action_id: str, secret: str) -> None:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._directory / f"{store}-{action_id}.secret"
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secret)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise SetupError(
                f"The webhook's secret could not be kept in the state directory ({type(error).__name__})",
                "Nothing was sent. Check disk space and permissions, then run: clawver-orders doctor",
            ) from error
