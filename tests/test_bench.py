"""The bench: its fixed budgets hold, its tables say who was compared with whom, and exceeding is told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench import hooks, size
from bench.figure import Figure, judged, table
from bench.size import imported

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    # Nothing else of this environment: a tool that watches the tests would be measured too.
    home = str(tmp_path_factory.mktemp("home"))
    return subprocess.run(
        [sys.executable, "-m", "bench", "--quick"],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_what_is_the_same_in_each_run_keeps_its_budget(tmp_path: Path) -> None:
    figures = await size.figures(tmp_path)
    assert len(figures) == 11
    assert [figure for figure in figures if not (figure.fixed and figure.budget and figure.holds)] == []
    assert all(figure.ours > 0 for figure in figures)


def test_a_quick_run_prints_every_table_and_exceeds_nothing(quick: subprocess.CompletedProcess[str]) -> None:
    assert (quick.returncode, quick.stderr) == (0, "")
    for title in ("Size", "Work", "Imports at start", "Start", "Warm calls over stdio", "Memory"):
        assert f"\n{title}" in quick.stdout
    for compared in ("floor", "MCPServer", "MCPServer + httpx2", "http.client", "json.loads + json.dumps"):
        assert f"{compared} " in quick.stdout
    assert "EXCEEDED" not in quick.stdout


def test_the_desk_starts_with_the_sdk_and_what_is_allowed(quick: subprocess.CompletedProcess[str]) -> None:
    [line] = [line for line in quick.stdout.splitlines() if "neither the SDK's nor allowed" in line]
    assert " 0 modules " in line
    assert line.endswith("holds")


def test_a_module_that_is_not_allowed_is_named() -> None:
    bare = {"mcp", "pydantic"}
    figure, unwanted = imported(bare, {*bare, "clawver_orders.desk", "sqlite3.dbapi2", "sqlalchemy.orm", "rich"})
    assert (unwanted, figure.holds) == (["rich", "sqlalchemy.orm"], False)
    assert "EXCEEDED" in table("Imports", [figure])


def test_a_ratio_is_judged_by_what_it_is_compared_with() -> None:
    others = {"floor": 1.0, "MCPServer": 10.0}
    kept = Figure("start", 12.0, "ms", others, of="MCPServer", budget=1.2)
    missed = Figure("start", 12.1, "ms", others, of="MCPServer", budget=1.2)
    assert (kept.holds, missed.holds) == (True, False)
    lines = table("Start", [kept, missed]).splitlines()
    assert lines[-2].endswith("holds")
    assert lines[-1].endswith("missed")
    assert "floor 1, MCPServer 10" in lines[-1]
    assert "1.21" in lines[-1]


def test_only_what_is_the_same_in_each_run_fails_the_bench(capsys: pytest.CaptureFixture[str]) -> None:
    slow = Figure("start", 13.0, "ms", {"MCPServer": 10.0}, of="MCPServer", budget=1.2)
    large = Figure("tools", 15, "tools", budget=14, fixed=True)
    assert judged([slow]) == 0
    assert judged([slow, large]) == 1
    said = capsys.readouterr().out
    assert "Missed in this run: start." in said
    assert "Exceeded: tools." in said


@pytest.mark.parametrize("words", [("webhooks",), ("serve", "--http")], ids=" ".join)
def test_no_event_is_lost_while_slow_senders_hold_connections(words: tuple[str, ...]) -> None:
    """Hostile 93: a short run of what the bench does for longer."""
    run = hooks.measure(words, 1, 8)
    assert run.sent == hooks.PER_SECOND
    assert (run.kept, len(run.took_ms)) == (run.sent, run.sent)


def test_a_lost_event_is_exceeding_and_not_the_weather() -> None:
    figures = hooks.figures(hooks.Run([1.0, 2.0], sent=2, kept=2), hooks.Run([1.0, 2.0], sent=3, kept=2))
    assert [figure.what for figure in figures if figure.fixed and not figure.holds] == ["events lost"]
    assert judged(figures) == 1
