"""Telemetry in this process: to a collector, with all that belongs to it, or into memory."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from clawver_orders.telemetry import Telemetry, opened
from clawver_orders.telemetry.telling import Telling
from clawver_orders.telemetry.watching import Watching
from tests.telemetry.collector import Collector

STORES = {"clawver": "clawver"}


@asynccontextmanager
async def telling_to(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, **environ: str
) -> AsyncIterator[Telemetry]:
    """Telemetry as the variables turn it on."""
    for name, value in {**collector.environ, **environ}.items():
        monkeypatch.setenv(name, value)
    async with opened(os.environ, STORES) as telemetry:
        yield telemetry


class Memory:
    """What is told stays in this process; nothing runs beside."""

    def __init__(self, stores: Mapping[str, str] = STORES) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        tracers = TracerProvider(shutdown_on_exit=False)
        tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self.telling = Telling(tracers.get_tracer("test"), meters.get_meter("test"))
        self.watching = Watching(self.telling, stores, every_s=1.0)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    @property
    def series(self) -> dict[str, list[dict[str, Any]]]:
        """The labels of each series of each metric."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: [dict(point.attributes or {}) for point in metric.data.data_points]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def value(self, metric: str, labels: Mapping[str, object]) -> int:
        """What a gauge shows for these labels."""
        data = self._reader.get_metrics_data()
        assert data
        (found,) = (
            point.value
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for one in scope.metrics
            if one.name == metric
            for point in one.data.data_points
            if isinstance(point, NumberDataPoint) and dict(point.attributes or {}) == labels
        )
        return int(found)
