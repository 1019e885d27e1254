"""The command line itself: what it teaches, how it fails, and how little it loads."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from clawver_orders import __version__, cli
from tests.cli.joints import Joined, counter
from tests.cli.terminal import environment, without_a_terminal

COMMANDS = ("serve", "orders", "approve", "reject", "resolve", "refunds", "sandbox", "doctor", "completion")


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    return Joined(counter(tmp_path), {"CLAW_API_KEY": "claw_sk_example", "CLAWVER_ORDERS_HOME": str(tmp_path)})


def test_help_names_every_command_and_shows_how_to_begin(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(joined, ["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"\n  {name} " in told for name in COMMANDS)
    assert "clawver-orders orders list --sandbox" in told


@pytest.mark.parametrize(
    "words",
    [(name,) for name in COMMANDS]
    + [("orders", "list"), ("orders", "show"), ("orders", "track")]
    + [("refunds", "list"), ("refunds", "show"), ("refunds", "adopt")],
)
def test_every_command_explains_itself(
    joined: Joined, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(joined, [*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: clawver-orders {' '.join(words)} ")
    assert len(told.splitlines()[2].split()) >= 4


def test_the_version_is_the_packages(joined: Joined, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(joined, ["--version"]) == 0
    assert capsys.readouterr().out == f"clawver-orders, version {__version__}\n"


def test_nothing_typed_shows_the_help_and_is_wrong_usage(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(joined, []) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said", "see"),
    [
        (["frob"], "No such command 'frob'.", "clawver-orders"),
        (["orders", "lst"], "No such command 'lst'. Did you mean 'list'? See", "clawver-orders orders"),
        (["orders", "list", "--frob"], "No such option '--frob'", "clawver-orders orders list"),
        (["orders", "list", "--status", "paid"], "'paid' is not one of 'pending'", "clawver-orders orders list"),
        (["orders", "list", "--limit", "0"], "0 is not in the range", "clawver-orders orders list"),
        (["orders", "show"], "Missing argument 'ORDER_ID'", "clawver-orders orders show"),
        (["resolve", "R-1", "maybe"], "'maybe' is not one of 'applied'", "clawver-orders resolve"),
        (["sandbox", "--port", "70000"], "70000 is not in the range", "clawver-orders sandbox"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash'", "clawver-orders completion"),
    ],
)
def test_wrong_usage_is_one_line_on_stderr_and_status_2(
    joined: Joined, words: list[str], said: str, see: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(joined, words) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert told.err.startswith("usage: ")
    assert said in told.err
    assert told.err.endswith(f" See: {see} --help.\n")


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["orders", "show", "ord_nowhere"], 1, "not_found"),
        (["orders", "show", "../refund"], 2, "invalid_argument"),
        (["orders", "list", "--after", "yesterday"], 2, "invalid_argument"),
        (["orders", "list", "--store", "other"], 2, "invalid_argument"),
        (["refunds", "show", "R-00000000"], 1, "refund.not_found"),
    ],
)
def test_what_the_desk_refuses_is_one_line_on_stderr(
    joined: Joined, words: list[str], status: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(joined, words) == status
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"{code}: ")
    assert told.err.count("\n") == 1


def test_a_wrong_setting_stops_every_command_with_status_2(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    joined.environ["CLAW_API_URL"] = "http://shop.test"
    assert cli.run(joined, ["serve"]) == 2
    assert joined.served == []
    assert capsys.readouterr().err.startswith('setup: CLAW_API_URL is "http://shop.test". It must be https://')


def test_serve_and_sandbox_hand_on_what_was_typed(
    joined: Joined, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.toml"
    assert cli.run(joined, ["serve", "--read-only", "--config", str(file)]) == 0
    assert cli.run(joined, ["serve", "--sandbox"]) == 0
    assert joined.served == [True, False]
    assert joined.asked == [(file, False), (None, True)]
    assert capsys.readouterr().out == ""
    assert cli.run(joined, ["sandbox", "--port", "9"]) == 0
    assert "http://127.0.0.1:9" in capsys.readouterr().out


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, click.Abort])
def test_ctrl_c_is_told_without_a_traceback(
    joined: Joined, interruption: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*, config: Path | None = None, sandbox: bool = False) -> Joined:
        raise interruption

    assert cli.run(interrupted, ["refunds", "list"]) == 1
    assert capsys.readouterr().err.strip().startswith("stopped: ")


def test_serve_loads_nothing_that_only_people_need() -> None:
    """The start of the server is what every assistant waits for."""
    loaded = (
        "import sys; from clawver_orders import cli, __main__\n"
        "cli.commands.get_command(None, 'serve')\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in ('rich', 'typer', 'uvicorn')"
        " or name.startswith('clawver_orders.cli.')))"
    )
    told = subprocess.run((sys.executable, "-c", loaded), capture_output=True, text=True, check=True).stdout
    assert told.split() == ["clawver_orders.cli.options", "clawver_orders.cli.serving"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_commands_and_statuses(tmp_path: Path, shell: str) -> None:
    environ = environment(tmp_path)
    script = without_a_terminal(("completion", shell), environ)
    assert script.returncode == 0
    assert "_CLAWVER_ORDERS_COMPLETE" in script.stdout
    asked = {"_CLAWVER_ORDERS_COMPLETE": f"{shell}_complete"}
    typed = {
        "COMP_WORDS": "clawver-orders orders list --status pro",
        "COMP_CWORD": "pro" if shell == "fish" else "4",
    }
    answered = without_a_terminal((), environ | asked | typed)
    assert answered.stderr == ""
    assert "processing" in answered.stdout


def test_a_reader_that_went_away_leaves_no_traceback(tmp_path: Path) -> None:
    """Hostile 78."""
    reads, writes = os.pipe()
    os.close(reads)
    words = (sys.executable, "-m", "clawver_orders", "orders", "list", "--sandbox", "--json")
    told = subprocess.run(
        words, env=environment(tmp_path), stdout=writes, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writes)
    assert (told.returncode, told.stderr) == (1, "")
