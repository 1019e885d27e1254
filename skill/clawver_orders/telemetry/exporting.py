"""Sends what is told to a collector by OTLP over HTTP, in threads of its own: away or slow, it holds up nobody."""

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from anyio import to_thread
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Meter, NoOpMeter
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import NoOpTracer, Tracer

from clawver_orders import __version__
from clawver_orders.telemetry.telling import Telling

_log = logging.getLogger("clawver_orders.telemetry")
_NAME: Final = "clawver-orders"
# Who stops a service waits for its refunds, not for a collector.
_CLOSE_S: Final = 2.0


@asynccontextmanager
async def exporting(*, traces: bool, metrics: bool) -> AsyncIterator[Telling]:
    """Tell to the collector that OpenTelemetry's variables name; what is left at the end has two seconds to leave.

    Nothing is set for the whole process, so nobody else's spans and metrics are sent.
    """
    lines, resource = _Lines(), _resource()
    tracer: Tracer = NoOpTracer()
    meter: Meter = NoOpMeter(_NAME)
    closing: list[Callable[[], object]] = []
    if traces:
        # 2,048 spans wait at most; the oldest give way.
        tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        tracers.add_span_processor(BatchSpanProcessor(_Spans(lines)))
        tracer = tracers.get_tracer(_NAME, __version__)
        closing.append(tracers.shutdown)
    if metrics:
        # An exemplar would name the trace of the current span, and that is one that a client said.
        meters = MeterProvider(
            [PeriodicExportingMetricReader(_Metrics(lines))],
            resource,
            exemplar_filter=AlwaysOffExemplarFilter(),
            shutdown_on_exit=False,
        )
        meter = meters.get_meter(_NAME, __version__)
        closing.append(meters.shutdown)
    try:
        yield Telling(tracer, meter)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_all_within, _CLOSE_S, closing)


def _resource() -> Resource:
    """What the variables say of this process, its name and our version where they do not say it."""
    said = Resource.create({})
    unnamed = str(said.attributes["service.name"]).startswith("unknown_service")
    versioned = Resource({"service.version": __version__}).merge(said)
    return versioned.merge(Resource({"service.name": _NAME})) if unnamed else versioned


def _all_within(seconds: float, work: Sequence[Callable[[], object]]) -> None:
    """Do all at the same time; what is not done by then goes on until the process leaves."""
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=each, daemon=True) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


class _Lines:
    """What the log is told of a collector: one line, however often it fails, in place of the library's own."""

    def __init__(self) -> None:
        # Taken once and never given back: spans and metrics leave from two threads.
        self._line = threading.Lock()

    def tell(self, *, arrived: bool) -> None:
        if not arrived and self._line.acquire(blocking=False):
            _log.warning("telemetry does not reach its collector; the desk goes on. That is not said again")


class _Spans(OTLPSpanExporter):
    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        self._lines.tell(arrived=result is SpanExportResult.SUCCESS)
        return result


class _Metrics(OTLPMetricExporter):
    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **more: Any
    ) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **more)
        self._lines.tell(arrived=result is MetricExportResult.SUCCESS)
        return result
