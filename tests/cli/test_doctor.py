"""The check-up says what is wrong and what to do next, and never shows a key."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clawver_orders import cli
from clawver_orders.errors import AuthError, BadResponseError, ConflictError, DeskError, NetworkError, SetupError
from clawver_orders.filesystem import kind_of
from tests.cli.joints import Joined, counter
from tests.cli.terminal import environment, without_a_terminal

KEY = "claw_sk_test_example"


@pytest.fixture
def joined(tmp_path: Path) -> Joined:
    (tmp_path / "state").mkdir(mode=0o700)
    environ = {"CLAW_API_KEY": KEY, "CLAWVER_ORDERS_HOME": str(tmp_path / "state")}
    return Joined(counter(tmp_path / "counter"), environ, answer=datetime.now(UTC))


def line(joined: Joined, capsys: pytest.CaptureFixture[str], what: str, status: int) -> str:
    """What the check-up says of one thing, with all its status."""
    assert cli.run(joined, ["doctor"]) == status
    told = capsys.readouterr().out
    assert KEY not in told
    return next(line for line in told.splitlines() if line[8:].startswith(what))


def test_when_all_is_well_every_line_says_so(joined: Joined, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(joined, ["doctor"]) == 0
    told = capsys.readouterr().out
    assert "FAILED" not in told
    whats = ("settings", "clawver: key", "clawver: shop", "clawver: key works", "clawver: clock")
    assert [line[8:].split("  ")[0] for line in told.splitlines()[:-1]] == [
        *whats,
        "state directory",
        "file system",
        "record",
    ]
    assert told.endswith("All is well.\n")


@pytest.mark.parametrize(
    ("secrets", "status", "said"),
    [
        (2, 0, "ok      clawver: events        Taken on this computer where they are signed: secrets known: 2."),
        (0, 0, "ok      clawver: events        None is taken on this computer: no secret of theirs is known here."),
        (
            SetupError("EXAMPLE is not set", "Set it"),
            1,
            "FAILED  clawver: events        EXAMPLE is not set. Set it.",
        ),
    ],
)
def test_it_says_whether_events_of_a_store_are_taken_here(
    joined: Joined, capsys: pytest.CaptureFixture[str], secrets: int | DeskError, status: int, said: str
) -> None:
    """A secret that another computer made is not here."""
    joined.secrets = secrets
    assert line(joined, capsys, "clawver: events", status).startswith(said)


@pytest.mark.parametrize("key", ["", "  ", "${CLAW_API_KEY}"])
def test_no_key_names_the_variable_and_the_sandbox(tmp_path: Path, key: str) -> None:
    told = without_a_terminal(("doctor",), environment(tmp_path / "state", CLAW_API_KEY=key))
    assert told.returncode == 1
    (failed,) = [line for line in told.stdout.splitlines() if line.startswith("FAILED")]
    assert "CLAW_API_KEY is " in failed
    assert "--sandbox" in failed


def test_the_made_up_shop_needs_no_key(tmp_path: Path) -> None:
    told = without_a_terminal(("doctor", "--sandbox"), environment(tmp_path / "state"))
    assert told.returncode == 0
    assert "made-up shop" in told.stdout
    assert f"{tmp_path / 'state' / 'sandbox'} will be made" in told.stdout


def test_a_key_that_cannot_be_sent_fails_before_the_shop_is_asked(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    joined.environ["CLAW_API_KEY"] = f"{KEY}\nX-Evil: 1"
    assert line(joined, capsys, "clawver: key", 1).startswith("FAILED")


def test_wrong_settings_are_status_2_and_nothing_else_is_checked(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    joined.environ["CLAW_API_URL"] = "http://shop.test"
    assert cli.run(joined, ["doctor"]) == 2
    told = capsys.readouterr().out
    assert told.startswith('FAILED  settings               CLAW_API_URL is "http://shop.test". It must be https://')
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (AuthError("The shop does not know the key", "Make a new one"), "clawver: key works"),
        (NetworkError("No answer", "Check the network"), "clawver: shop"),
        (BadResponseError("A web page came", "Check base_url"), "clawver: shop"),
    ],
)
def test_what_the_shop_answers_is_told_where_it_belongs(
    joined: Joined, error: DeskError, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    joined.answer = error
    told = line(joined, capsys, what, 1)
    assert told.startswith("FAILED")
    assert told.endswith(f"{error.happened}. {error.next_step}.")


@pytest.mark.parametrize(
    ("seconds", "status", "mark"), [(30, 0, "ok"), (-30, 0, "ok"), (300, 1, "FAILED"), (-300, 1, "FAILED")]
)
def test_a_clock_that_is_far_off_is_told(
    joined: Joined, seconds: int, status: int, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hostile 76."""
    joined.answer = datetime.now(UTC) + timedelta(seconds=seconds)
    assert line(joined, capsys, "clawver: clock", status).startswith(mark)


def test_a_shop_that_tells_no_time_is_noted_and_no_failure(
    joined: Joined, capsys: pytest.CaptureFixture[str]
) -> None:
    joined.answer = None
    assert line(joined, capsys, "clawver: clock", 0).startswith("note")


def test_the_state_directory_must_be_private_and_writable(
    joined: Joined, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hostile 80."""
    (tmp_path / "state").chmod(0o755)
    assert "chmod 700" in line(joined, capsys, "state directory", 1)
    joined.environ["CLAWVER_ORDERS_HOME"] = str(tmp_path / "later")
    assert "will be made" in line(joined, capsys, "state directory", 0)
    (tmp_path / "file").touch()
    joined.environ["CLAWVER_ORDERS_HOME"] = str(tmp_path / "file")
    assert "cannot be written" in line(joined, capsys, "state directory", 1)
    joined.environ["CLAWVER_ORDERS_HOME"] = str(tmp_path / "file" / "below")
    assert "CLAWVER_ORDERS_HOME" in line(joined, capsys, "state directory", 1)


def test_a_damaged_or_locked_record_is_told(joined: Joined, capsys: pytest.CaptureFixture[str]) -> None:
    """Hostile 70 and 71."""
    joined.wrong = ("Event 7 was changed.",)
    assert "Event 7 was changed. Keep the file" in line(joined, capsys, "record", 1)
    joined.wrong = ConflictError("Another program holds the refund record", "Close it, then try again")
    assert "Close it, then try again." in line(joined, capsys, "record", 1)
    joined.wrong = ()
    assert line(joined, capsys, "record", 0).startswith("ok")
    joined.wrong = None
    assert "None yet" in line(joined, capsys, "record", 0)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/share/deep/er", "nfs4"),
        ("/srv", "ext4"),
        ("/srv/sharex", "ext4"),
        ("/tmp/x", "tmpfs"),
        ("/mnt/my disk/x", "fuse.sshfs"),
        ("/over/mounted", "cifs"),
    ],
)
def test_the_kind_of_file_system_is_that_of_the_nearest_and_newest_mount(
    tmp_path: Path, path: str, kind: str
) -> None:
    """Hostile 73."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        "30 22 0:50 / /srv/share rw - nfs4 server:/share rw\n"
        "31 22 0:51 / /tmp rw - tmpfs tmpfs rw\n"
        "32 22 0:52 / /mnt/my\\040disk rw - fuse.sshfs me@host:/ rw\n"
        "33 22 0:53 / /over rw - ext4 /dev/sdb1 rw\n"
        "34 22 0:54 / /over rw - cifs //host/over rw\n"
    )
    assert kind_of(Path(path), mounts) == kind
    assert kind_of(Path(path), tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("kind", "status", "mark"),
    [("nfs", 1, "FAILED"), ("tmpfs", 0, "note"), ("overlay", 0, "note"), ("ext4", 0, "ok")],
)
def test_a_network_file_system_fails_and_a_passing_one_is_noted(
    tmp_path: Path, kind: str, status: int, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hostile 73."""
    (tmp_path / "mountinfo").write_text(f"22 1 0:1 / / rw - {kind} none rw\n")
    joined = Joined(
        counter(tmp_path / "counter"),
        {"CLAW_API_KEY": KEY, "CLAWVER_ORDERS_HOME": str(tmp_path / "state")},
        answer=datetime.now(UTC),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("clawver_orders.filesystem._MOUNTS", tmp_path / "mountinfo")
        assert line(joined, capsys, "file system", status).startswith(mark)


@dataclass
class Simulator:
    """A made-up shop in a process of its own."""

    process: subprocess.Popen[str]
    address: str


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with subprocess.Popen(
        (sys.executable, "-m", "clawver_orders", "sandbox", "--port", "0", "--seed", "7"),
        env=environment(tmp_path / "simulator"),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        try:
            yield Simulator(process, found[0])
        finally:
            process.kill()


def test_a_good_key_and_a_wrong_one_against_a_shop_over_http(simulator: Simulator, tmp_path: Path) -> None:
    environ = environment(tmp_path / "state", CLAW_API_URL=f"{simulator.address}/v1/", CLAW_API_KEY=KEY)
    good = without_a_terminal(("doctor",), environ)
    assert (good.returncode, good.stderr) == (0, "")
    assert "The shop let it read orders." in good.stdout
    wrong = without_a_terminal(("doctor",), environ | {"CLAW_API_KEY": "claw_sk_wrong_example"})
    assert wrong.returncode == 1
    assert "claw_sk_wrong" not in wrong.stdout + wrong.stderr
    assert "clawver: key works" in next(line for line in wrong.stdout.splitlines() if line.startswith("FAILED"))


def test_a_shop_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    told = without_a_terminal(
        ("doctor",), environment(tmp_path / "state", CLAW_API_URL="http://127.0.0.1:1", CLAW_API_KEY=KEY)
    )
    assert told.returncode == 1
    assert "clawver: shop" in next(line for line in told.stdout.splitlines() if line.startswith("FAILED"))


def test_the_sandbox_ends_well_on_ctrl_c(simulator: Simulator) -> None:
    simulator.process.send_signal(signal.SIGINT)
    assert simulator.process.wait() == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fault", "refund:frob"), "frob"),
        (("--fault", "frob:timeout"), "frob"),
        (("--port", "PORT"), "Port"),
    ],
)
def test_what_the_sandbox_cannot_do_is_one_line_and_status_2(
    simulator: Simulator, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    port = simulator.address.rpartition(":")[2]
    told = without_a_terminal(
        ("sandbox", *(port if word == "PORT" else word for word in words)), environment(tmp_path)
    )
    assert told.returncode == 2
    assert said in told.stderr
    assert told.stderr.count("\n") == 1
    assert os.linesep not in told.stdout


def test_an_issuer_is_asked_for_its_keys(
    joined: Joined, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[http]\nissuer = "https://id.example"\naudience = "https://desk.example/mcp"\n')
    joined.environ["CLAWVER_ORDERS_CONFIG"] = str(config)
    joined.keys = 2
    assert "ok" in (said := line(joined, capsys, "issuer", 0))
    assert "https://id.example describes itself, and its keys can be had (2)" in said
    joined.keys = 0
    assert "publishes no key" in line(joined, capsys, "issuer", 1)
    joined.keys = NetworkError("no complete answer from the issuer (time-out)", "Check the issuer")
    assert line(joined, capsys, "issuer", 1).startswith("FAILED")


def test_the_page_for_people_is_looked_at(
    joined: Joined, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    joined.environ["CLAWVER_ORDERS_CONFIG"] = str(config)
    login = 'issuer = "https://id.example"\nclient_id = "page"\nclient_secret = { env = "PAGE_SECRET" }\n'
    page = '[approvals]\nurl = "https://approve.example"\n'
    config.write_text(page)
    assert "https://approve.example, and sign in with the PIN" in line(joined, capsys, "page", 0)
    config.write_text(f"{page}{login}")
    assert "and not: people" in line(joined, capsys, "page", 1)
    config.write_text(f'{page}{login}people = ["ann@shop.example"]\n')
    joined.keys = 1
    assert "https://id.example describes itself" in line(joined, capsys, "page", 0)
    joined.keys = 0
    assert "publishes no key" in line(joined, capsys, "page", 1)
