"""The approval page beside the service: a socket of its own, fewer connections, and the same leaving."""

from typing import Final

from starlette.types import ASGIApp

from clawver_orders.approvals.team import TeamPage
from clawver_orders.server.http.connection import address_of, listen, server

# A team opens a few dozens. The service's own files and sockets must not run out because of the page.
_CONNECTIONS: Final = 64


class People:
    """The page of a running service.

    Args:
        page: What answers.
        app: The same, watched.
        host: Where it listens.
        port: 0 for any that is free.

    Raises:
        SetupError: The port cannot be had.
    """

    def __init__(self, page: TeamPage, app: ASGIApp, host: str, port: int) -> None:
        self._page = page
        self._listener = listen(host, port, "--approvals-port")
        self._serving = server(app, most=_CONNECTIONS)

    @property
    def address(self) -> str:
        """Where it listens, as it stands in a URL."""
        return address_of(self._listener)

    async def serve(self) -> None:
        """Answer until told to leave, or cancelled."""
        with self._listener:
            try:
                await self._serving.serve([self._listener])
            finally:
                for accepting in self._serving.servers:
                    accepting.close()

    async def drain(self) -> None:
        """Take nothing new, and wait until what was asked is answered."""
        self._page.draining = True
        await self._page.quiet()

    def leave(self) -> None:
        """End what is left."""
        self._serving.should_exit = True
