"""A collector of the tests' own: takes OTLP over HTTP on this machine, keeps the bytes, and reads them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Told = dict[str, str | int]


@dataclass
class Collector:
    """What reached it."""

    url: str = ""
    received: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    status: int = 200
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def environ(self) -> dict[str, str]:
        """What turns telemetry on, with metrics soon enough for a test."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_METRIC_EXPORT_INTERVAL": "200"}

    @property
    def bytes(self) -> bytes:
        return b"\n".join(body for _, body in self.received)

    def _traces(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for path, body in self.received if path == "/v1/traces"]

    def _metrics(self) -> list[ExportMetricsServiceRequest]:
        return [
            ExportMetricsServiceRequest.FromString(body) for path, body in self.received if path == "/v1/metrics"
        ]

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self._traces()
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    @property
    def resource(self) -> Told:
        return told(self._traces()[0].resource_spans[0].resource.attributes)

    @property
    def metrics(self) -> dict[str, Metric]:
        """Each metric as it was told last; what it counts, it counts from the start."""
        return {metric.name: metric for metric in self._told_metrics()}

    def _told_metrics(self) -> list[Metric]:
        return [
            metric
            for request in self._metrics()
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    @property
    def exemplars(self) -> list[Exemplar]:
        """Single measurements that were told with the trace they were made in."""
        return [
            exemplar
            for metric in self._told_metrics()
            for points in (metric.histogram.data_points, metric.sum.data_points, metric.gauge.data_points)
            for point in points
            for exemplar in point.exemplars
        ]

    def points(self, name: str) -> list[tuple[Told, int]]:
        """What a metric shows: the labels, and the count or the value."""
        metric = self.metrics[name]
        if metric.HasField("histogram"):
            return [(told(point.attributes), point.count) for point in metric.histogram.data_points]
        points = metric.sum.data_points if metric.HasField("sum") else metric.gauge.data_points
        return [(told(point.attributes), point.as_int) for point in points]

    def count(self, metric: str, labels: Told | None = None) -> int:
        """The sum of all points that have these labels; 0 where nothing was told yet."""
        if metric not in self.metrics:
            return 0
        wanted = (labels or {}).items()
        return sum(count for labels_of, count in self.points(metric) if wanted <= labels_of.items())

    def until(self, metric: str, labels: Told, number: int) -> None:
        """Wait until a metric shows a number, at most half a minute."""
        for _ in range(600):
            if self.count(metric, labels) == number:
                return
            time.sleep(0.05)
        raise AssertionError(self.points(metric))


def told(attributes: Any) -> Told:
    def value(one: KeyValue) -> str | int:
        kind = one.value.WhichOneof("value")
        assert kind in {"string_value", "int_value"}, one
        found: str | int = getattr(one.value, kind)
        return found

    return {one.key: value(one) for one in attributes}


@contextmanager
def a_collector(*, hanging: bool = False) -> Iterator[Collector]:
    """A collector; one that hangs takes everything, and answers nothing until it is let go."""
    collector = Collector()
    if not hanging:
        collector.go.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            collector.connections += 1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.received.append((self.path, body))
            collector.go.wait(60)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its parent
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield collector
        finally:
            collector.go.set()
            server.shutdown()
            serving.join()
