"""Tells spans and metrics to OpenTelemetry; what is not declared in signals.py has no way through here."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation
from opentelemetry.metrics import _Gauge as Gauge
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context

from clawver_orders.telemetry.signals import CONNECTIONS, ERROR, METRICS, Signal

_log = logging.getLogger("clawver_orders.telemetry")
_KINDS: Final = {
    "server span": SpanKind.SERVER,
    "client span": SpanKind.CLIENT,
    "internal span": SpanKind.INTERNAL,
    "consumer span": SpanKind.CONSUMER,
}
# Seconds: those of the conventions for HTTP, and what a refund may take.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 60)

Attributes = Mapping[str, str | int | None]


class Telling:
    """What is told to one tracer and one meter.

    Neither is the process's own, of which libraries would make use: the MCP SDK's spans, for one, hold names and
    errors that a client sent. Nor is a span of ours ever the current one of OpenTelemetry, whose id libraries would
    write into what they send.

    Args:
        tracer: Makes the spans.
        meter: Makes the metrics.
    """

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self._tracer = tracer
        self._meter = meter
        self._within: ContextVar[Context] = ContextVar("span")
        self._histograms: dict[Signal, Histogram] = {}
        self._counters: dict[Signal, Counter] = {}
        self._gauges: dict[Signal, Gauge] = {}
        self._failed = False
        for signal in METRICS:
            match signal.kind:
                case "histogram":
                    self._histograms[signal] = meter.create_histogram(
                        signal.name, signal.unit, explicit_bucket_boundaries_advisory=_BUCKETS
                    )
                case "counter":
                    self._counters[signal] = meter.create_counter(signal.name, signal.unit)
                case _ if signal is not CONNECTIONS:
                    self._gauges[signal] = meter.create_gauge(signal.name, signal.unit)

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Keep what fails in here from those who are watched; one line in the log says it, once."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - no mistake of ours here may touch a refund
            if not self._failed:
                self._failed = True
                _log.warning("telemetry failed (%s); from here on that is not said again", type(error).__name__)

    @contextmanager
    def span(self, signal: Signal, name: str, attributes: Attributes, parent: Context) -> Iterator[Span]:
        """A span that others lie within; whoever opens it says how it ended."""
        span = self._begin(signal, name, attributes, parent, None)
        token = self._within.set(set_span_in_context(span, Context()))
        try:
            yield span
        finally:
            self._within.reset(token)
            span.end()

    def past(self, signal: Signal, name: str, attributes: Attributes, began_ns: int) -> None:
        """A span that is over, within the one that is open, if one is."""
        self._begin(signal, name, attributes, self._within.get(Context()), began_ns).end()

    def _begin(
        self, signal: Signal, name: str, attributes: Attributes, parent: Context, began_ns: int | None
    ) -> Span:
        told = _told(signal, attributes)
        span = self._tracer.start_span(name, parent, _KINDS[signal.kind], told, start_time=began_ns)
        if ERROR in told:
            span.set_status(StatusCode.ERROR)
        return span

    def fails(self, span: Span, error: str) -> None:
        """Say of an open span that it ended with an error."""
        span.set_attribute(ERROR, error)
        span.set_status(StatusCode.ERROR)

    def took(self, signal: Signal, seconds: float, attributes: Attributes) -> None:
        """One measurement of a histogram."""
        self._histograms[signal].record(seconds, _told(signal, attributes))

    def count(self, signal: Signal, attributes: Attributes) -> None:
        """One more of a counter."""
        self._counters[signal].add(1, _told(signal, attributes))

    def stands_at(self, signal: Signal, value: int, attributes: Attributes) -> None:
        """What a gauge shows."""
        self._gauges[signal].set(value, _told(signal, attributes))

    def connections(self, count: Callable[[], int]) -> None:
        """Ask for the number of open connections whenever metrics are collected, from another thread."""

        def asked(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(count())]

        self._meter.create_observable_gauge(CONNECTIONS.name, [asked], CONNECTIONS.unit)


def _told(signal: Signal, attributes: Attributes) -> dict[str, str | int]:
    return {key: value for key in signal.attributes if (value := attributes.get(key)) is not None}


def since_ns(seconds: float) -> int:
    """When it was so many seconds ago, in the nanoseconds of a span's start."""
    return time.time_ns() - round(seconds * 1e9)
