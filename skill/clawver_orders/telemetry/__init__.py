"""Traces and metrics for whoever runs the service, by OpenTelemetry: never a buyer, an order, a key or an address.

Turned on by OpenTelemetry's own variables. Without them nothing of its SDK is loaded, and nothing is watched: what
is given here to be watched comes back as it was.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from clawver_orders.errors import SetupError
from clawver_orders.settings import is_loopback

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from clawver_orders.events import Inbox
    from clawver_orders.http import Call
    from clawver_orders.refunds.machine import Ledger
    from clawver_orders.server import Watch

__all__ = ["OFF", "Telemetry", "opened"]

_SIGNALS: Final = ("TRACES", "METRICS")


class Telemetry(Protocol):
    """Watches the parts of a service. What it does never raises into them, and never makes them wait."""

    @property
    def calls(self) -> "Watch | None":
        """What is told of tools that are called."""
        ...

    def shop(self, platform: str) -> "Callable[[Call], None] | None":
        """What is told of each request to a shop on a platform."""
        ...

    def record(self, ledger: "Ledger") -> "Ledger":
        """The ledger, each step of a move watched."""
        ...

    async def unsettled(self, ledger: "Ledger", *, sleep: Callable[[float], Awaitable[None]]) -> None:
        """Tell now and then how many moves are not settled, until cancelled; comes back where nobody is told."""
        ...

    def inbox(self, inbox: "Inbox") -> "Inbox":
        """The inbox, what it is given watched."""
        ...

    def requests(self, app: "ASGIApp", connections: Callable[[], int] | None = None) -> "ASGIApp":
        """The application, all that is asked of it watched.

        Args:
            app: What answers.
            connections: How many are open at the moment; asked from another thread.
        """
        ...


class _Off:
    calls: "Watch | None" = None

    def shop(self, platform: str) -> "Callable[[Call], None] | None":
        del platform
        return None

    def record(self, ledger: "Ledger") -> "Ledger":
        return ledger

    async def unsettled(self, ledger: "Ledger", *, sleep: Callable[[float], Awaitable[None]]) -> None:
        del ledger, sleep

    def inbox(self, inbox: "Inbox") -> "Inbox":
        return inbox

    def requests(self, app: "ASGIApp", connections: Callable[[], int] | None = None) -> "ASGIApp":
        del connections
        return app


OFF: Final[Telemetry] = _Off()


@asynccontextmanager
async def opened(environ: Mapping[str, str], platforms: Mapping[str, str]) -> AsyncIterator[Telemetry]:
    """Telemetry as the variables ask for it; what is left is sent at the end, within two seconds or not at all.

    Args:
        environ: The environment.
        platforms: The platform of each store, by the store's name.

    Raises:
        SetupError: It is asked for in a way that cannot be, or its package is not installed.
    """
    asked = [signal for signal in _SIGNALS if _asked_for(environ, signal)]
    if not asked:
        yield OFF
        return
    try:
        from clawver_orders.telemetry.exporting import exporting  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise SetupError(
            "OTEL_EXPORTER_OTLP_ENDPOINT asks for telemetry, and the package for that is not installed",
            'Run: pip install "clawver-orders[telemetry]"; or set OTEL_SDK_DISABLED=true',
        ) from error
    from clawver_orders.telemetry.watching import Watching  # noqa: PLC0415 - as above

    async with exporting(traces="TRACES" in asked, metrics="METRICS" in asked) as telling:
        yield Watching(telling, platforms, every_s=_interval_s(environ))


def _interval_s(environ: Mapping[str, str]) -> float:
    """How often metrics leave; once a minute where that is not said, or not in milliseconds."""
    said = environ.get("OTEL_METRIC_EXPORT_INTERVAL", "").strip()
    return max(0.1, int(said) / 1000) if said.isascii() and said.isdigit() else 60.0


def _asked_for(environ: Mapping[str, str], signal: str) -> bool:
    def said(name: str, otherwise: str = "") -> str:
        own = environ.get(f"OTEL_EXPORTER_OTLP_{signal}_{name}", "").strip()
        return own or environ.get(f"OTEL_EXPORTER_OTLP_{name}", "").strip() or otherwise

    endpoint = said("ENDPOINT")
    exporter = environ.get(f"OTEL_{signal}_EXPORTER", "").strip() or "otlp"
    if not endpoint or exporter == "none" or environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    _refuse(exporter != "otlp", f"OTEL_{signal}_EXPORTER names another exporter", "Set it to otlp, or to none")
    _refuse(
        said("PROTOCOL", "http/protobuf") != "http/protobuf",
        "OTEL_EXPORTER_OTLP_PROTOCOL names another protocol",
        "Set it to http/protobuf, and the endpoint to the collector's port for that, often 4318",
    )
    scheme, host = _scheme_and_host(endpoint)
    _refuse(
        scheme not in {"http", "https"} or not host,
        "OTEL_EXPORTER_OTLP_ENDPOINT is no http address",
        "Write it like http://collector.example:4318",
    )
    _refuse(
        bool(scheme == "http" and said("HEADERS") and not is_loopback(host)),
        "OTEL_EXPORTER_OTLP_HEADERS would go over the network in clear text",
        "Write the endpoint with https, or leave the headers out",
    )
    return True


def _refuse(wrong: bool, happened: str, next_step: str) -> None:
    if wrong:
        raise SetupError(happened, next_step)


def _scheme_and_host(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "", ""
    return parts.scheme, parts.hostname or ""
