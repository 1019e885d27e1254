"""What turns telemetry on and what does not: without it nothing of it is loaded, and no socket opened."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from mcp.shared._otel import extract_trace_context

from clawver_orders.errors import SetupError
from clawver_orders.telemetry import OFF, opened
from tests.cli.terminal import environment
from tests.server.test_start import AT_THE_END, HELLO
from tests.telemetry.collector import a_collector
from tests.telemetry.telling import STORES, telling_to

pytestmark = pytest.mark.anyio

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HERE = "http://127.0.0.1:9"
SERVICE = "from clawver_orders.__main__ import main; main(['serve', '--http', '--port', '0', '--sandbox'])"
STDIO = "from clawver_orders.__main__ import main; main(['serve', '--sandbox'])"


def loaded(code: str, home: Path, **environ: str) -> set[str]:
    """The modules in a service that listened and was stopped, or a server whose client came and left."""
    with subprocess.Popen(
        [sys.executable, "-c", f"{AT_THE_END}\n{code}"],
        env=environment(home, **environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        if "--http" in code:
            while not re.search("listening at", line := process.stderr.readline()):
                assert line, "it left"
            process.terminate()
        else:
            process.stdin.write(json.dumps(HELLO) + "\n")
            process.stdin.flush()
            assert "result" in json.loads(process.stdout.readline())
        _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    return set(json.loads(log.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "environ"),
    [
        (SERVICE, {}),
        (SERVICE, {ENDPOINT: "COLLECTOR", "OTEL_SDK_DISABLED": "true"}),
        (STDIO, {ENDPOINT: "COLLECTOR"}),
    ],
    ids=["service", "disabled", "stdio"],
)
def test_what_does_not_ask_for_it_loads_nothing_and_opens_no_socket(
    tmp_path: Path, code: str, environ: dict[str, str]
) -> None:
    """Over stdio a variable in a person's shell is meant for another program: it turns nothing on there."""
    with a_collector() as collector:
        said = {name: value.replace("COLLECTOR", collector.url) for name, value in environ.items()}
        modules = loaded(code, tmp_path, **said)
        assert collector.connections == 0
    never = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "requests", "google.protobuf")
    assert [name for name in modules if name.startswith(never)] == []
    assert not {"clawver_orders.telemetry.exporting", "clawver_orders.telemetry.watching"} & modules


def test_what_asks_for_it_loads_it(tmp_path: Path) -> None:
    with a_collector() as collector:
        assert "opentelemetry.sdk.trace" in loaded(SERVICE, tmp_path, **collector.environ)
        assert {path for path, _ in collector.received} == {"/v1/metrics"}


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {ENDPOINT: " "},
        {ENDPOINT: HERE, "OTEL_SDK_DISABLED": " TRUE "},
        {ENDPOINT: HERE, "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": HERE, "OTEL_SERVICE_NAME": "desk"},
    ],
)
async def test_what_does_not_ask_for_it_has_it_off(variables: dict[str, str]) -> None:
    async with opened(variables, STORES) as telemetry:
        assert telemetry is OFF


async def test_off_gives_back_what_it_is_given() -> None:
    record, inbox, app = (cast("Any", object()) for _ in range(3))
    given = (OFF.record(record), OFF.inbox(inbox), OFF.requests(app, lambda: 0))
    assert given == (record, inbox, app)
    assert (OFF.calls, OFF.shop("clawver")) == (None, None)
    await OFF.unsettled(record, sleep=nobody_waits)


async def nobody_waits(_seconds: float) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    ("variables", "sent"),
    [
        ({ENDPOINT: "URL"}, {"/v1/traces", "/v1/metrics"}),
        ({ENDPOINT: "URL/", "OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "none"}, {"/v1/traces"}),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "URL/m"}, {"/m"}),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "URL/t", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, {"/t"}),
        ({ENDPOINT: "URL", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=example"}, {"/v1/traces", "/v1/metrics"}),
        ({ENDPOINT: "URL", "OTEL_TRACES_SAMPLER": "always_off"}, {"/v1/metrics"}),
        ({ENDPOINT: "URL", "OTEL_METRIC_EXPORT_INTERVAL": "soon"}, {"/v1/traces", "/v1/metrics"}),
    ],
)
async def test_the_standard_variables_are_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], sent: set[str]
) -> None:
    from tests.counter import open_counter

    with a_collector() as collector:
        said = {name: value.replace("URL", collector.url) for name, value in variables.items()}
        off = {ENDPOINT: "", "OTEL_METRIC_EXPORT_INTERVAL": "60000"}
        async with telling_to(collector, monkeypatch, **(off | said)) as telemetry:
            await open_counter(tmp_path, telemetry=telemetry).prepared()
        assert {path for path, _ in collector.received} == sent


async def test_a_process_is_named_as_its_variables_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.counter import open_counter

    named = {"OTEL_SERVICE_NAME": "desk-eu", "OTEL_RESOURCE_ATTRIBUTES": "service.version=7,region=eu"}
    with a_collector() as collector:
        async with telling_to(collector, monkeypatch, **named) as telemetry:
            await open_counter(tmp_path, telemetry=telemetry).prepared()
        resource = collector.resource
    assert {key: resource[key] for key in ("service.name", "service.version", "region")} == {
        "service.name": "desk-eu",
        "service.version": "7",
        "region": "eu",
    }
    assert "service.instance.id" in resource
    assert not [key for key in resource if key.startswith(("process.", "host."))]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({ENDPOINT: "collector:4318"}, "is no http address"),
        ({ENDPOINT: "http://[::1"}, "is no http address"),
        ({ENDPOINT: "ftp://collector.example"}, "is no http address"),
        ({ENDPOINT: HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "another protocol"),
        ({ENDPOINT: HERE, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json"}, "another protocol"),
        ({ENDPOINT: HERE, "OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER names another exporter"),
        (
            {ENDPOINT: "http://collector.example", "OTEL_EXPORTER_OTLP_HEADERS": "api-key=example"},
            "OTEL_EXPORTER_OTLP_HEADERS would go over the network in clear text",
        ),
    ],
)
async def test_what_cannot_be_done_as_asked_is_an_error_of_the_setup(variables: dict[str, str], told: str) -> None:
    with pytest.raises(SetupError, match=told) as error:
        async with opened(variables, STORES):
            pass
    assert not [value for value in variables.values() if len(value) > 6 and value in str(error.value)]


@pytest.mark.parametrize("endpoint", ["https://collector.example", "http://localhost:4318", "http://[::1]:4318"])
async def test_headers_may_go_to_this_machine_or_over_tls(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setitem(sys.modules, "clawver_orders.telemetry.exporting", None)
    with pytest.raises(SetupError) as error:
        async with opened({ENDPOINT: endpoint, "OTEL_EXPORTER_OTLP_HEADERS": "api-key=example"}, STORES):
            pass
    # What comes next: the package is not there.
    assert str(error.value) == (
        "setup: OTEL_EXPORTER_OTLP_ENDPOINT asks for telemetry, and the package for that is not installed. "
        'Run: pip install "clawver-orders[telemetry]"; or set OTEL_SDK_DISABLED=true.'
    )


def test_without_the_extra_a_service_says_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['opentelemetry.sdk'] = None; sys.modules['opentelemetry.exporter'] = None"
    done = subprocess.run(
        [sys.executable, "-c", f"{without}\n{SERVICE}"],
        env=environment(tmp_path, **{ENDPOINT: HERE}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert 'pip install "clawver-orders[telemetry]"' in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_client_says_as_baggage_is_not_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """OpenTelemetry's own library, which the SDK of MCP asks, writes what it cannot read into the log."""
    said = {"baggage": "mara lindqvist, theo", "traceparent": "0" * 999}
    caplog.set_level(logging.WARNING, "opentelemetry")
    extract_trace_context(said)
    assert "mara lindqvist" in caplog.text
    code = (
        "from clawver_orders.__main__ import log_to_stderr; log_to_stderr()\n"
        f"from mcp.shared._otel import extract_trace_context; extract_trace_context({said})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
