"""What runs the desk as a service is in order, as far as reading it shows: there is no engine here."""

import json
import re
import shlex
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from clawver_orders.errors import SetupError
from clawver_orders.money import CURRENCIES
from clawver_orders.platforms import settings_of
from clawver_orders.settings import load
from clawver_orders.telemetry import opened
from tests.docs.generate import REPO
from tests.docs.test_pages import parse

CONTAINER = REPO / "packaging" / "container"
UNIT = REPO / "packaging" / "systemd" / "clawver-orders.service"
RECEIVER = UNIT.with_name("clawver-orders-webhooks.service")
_PINNED = re.compile(r"docker\.io/library/[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+")


units = pytest.mark.parametrize("path", [UNIT, RECEIVER], ids=lambda path: path.stem)


def unit(path: Path = UNIT) -> dict[str, list[str]]:
    """A unit's settings, each with all its values in order."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def instructions() -> list[tuple[str, str]]:
    """The lines of the Containerfile that do something, continued ones as one."""
    text = (CONTAINER / "Containerfile").read_text()
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines if line.strip()]


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((CONTAINER / "compose.yaml").read_text()))


def pins(path: Path) -> dict[str, str]:
    """Of each package of a lock file, its version and its hashes."""
    return dict(re.findall(r"^([a-z0-9-]+)(==.*?)(?=^[a-z]|\Z)", path.read_text(), re.MULTILINE | re.DOTALL))


@units
@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("User", "clawver-orders"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("UMask", "0077"),
        ("StateDirectoryMode", "0700"),
    ],
)
def test_a_unit_keeps_what_it_starts_in(path: Path, setting: str, value: str) -> None:
    assert unit(path)[setting] == [value]


def test_what_keeps_the_one_in_keeps_the_other_in() -> None:
    """The receiver alone has no key of a shop."""
    desk, receiver = unit(UNIT), unit(RECEIVER)
    assert desk.keys() - receiver.keys() == {"LoadCredential"}
    differ = {name for name in receiver if desk[name] != receiver[name]}
    assert differ == {"Description", "ExecStart", "Environment", "MemoryMax", "TasksMax"}


@units
def test_a_unit_starts_on_loopback_and_lets_a_send_end(path: Path) -> None:
    found = unit(path)
    (command,) = found["ExecStart"]
    parse(command)
    words = shlex.split(command)
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert int(found["TimeoutStopSec"][0]) > 25
    assert "Restart" in found
    (home,) = [line.partition("=")[2] for line in found["Environment"] if line.startswith("CLAWVER_ORDERS_HOME=")]
    assert home == f"/var/lib/{found['StateDirectory'][0]}"
    assert not any("KEY" in line or "TOKEN" in line for line in found["Environment"])


def test_the_units_user_is_made_by_its_sysusers_file() -> None:
    (line,) = [
        line for line in UNIT.with_suffix(".sysusers").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert line.split()[:2] == ["u", *unit()["User"]]
    assert line.endswith(("/usr/sbin/nologin", "-"))


def test_the_image_is_pinned_and_runs_as_nobody_in_particular() -> None:
    found = instructions()
    bases = [words.split()[0] for name, words in found if name == "FROM"]
    assert bases
    assert all(_PINNED.fullmatch(base) for base in bases)
    last = found[max(place for place, (name, _) in enumerate(found) if name == "FROM") :]
    (user,) = [words for name, words in last if name == "USER"]
    assert all(int(part) >= 1000 for part in user.split(":"))
    assert [name for name, _ in last].index("USER") < [name for name, _ in last].index("ENTRYPOINT")
    installs = [words for name, words in found if name == "RUN" and "pip install" in words]
    for step in re.findall(r"pip install ([^&]*)", " ".join(installs)):
        assert "--require-hashes" in step or "--no-index" in step
    (entrypoint,), (command,) = (
        [json.loads(words) for name, words in last if name == wanted] for wanted in ("ENTRYPOINT", "CMD")
    )
    parse(shlex.join([*entrypoint, *command]))


def test_what_the_image_copies_is_there_and_reaches_the_engine_and_nothing_else_does() -> None:
    ignored = (CONTAINER / "Containerfile.dockerignore").read_text().splitlines()
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    copied = {
        source
        for name, words in instructions()
        if name == "COPY" and "--from" not in words
        for source in (part.removeprefix("./") for part in words.split()[:-1])
    }
    assert copied == let_in
    for source in copied:
        assert (REPO / source).exists(), source


def test_the_image_has_what_the_desk_needs_and_no_tools_of_its_makers() -> None:
    locked, all_locked = pins(CONTAINER / "requirements.lock"), pins(REPO / "requirements.lock")
    project = tomllib.loads((REPO / "pyproject.toml").read_text())
    needed = [
        *project["project"]["dependencies"],
        *(
            line
            for extra in ("oidc", "postgres", "telemetry")
            for line in project["project"]["optional-dependencies"][extra]
        ),
    ]
    names = {re.match(r"[A-Za-z0-9-]+", line)[0] for line in needed}  # type: ignore[index]
    assert names <= set(locked), "run: make lock"
    assert {"pytest", "mypy", "ruff"}.isdisjoint(locked)
    for name, pin in locked.items():
        assert pin.split()[0] == all_locked[name].split()[0], f"{name}: run: make lock"
        hashes = set(re.findall(r"sha256:[0-9a-f]{64}", pin))
        assert hashes
        assert hashes == set(re.findall(r"sha256:[0-9a-f]{64}", all_locked[name]))


def test_the_desks_container_can_write_its_state_and_no_more() -> None:
    desk = compose()["services"]["desk"]
    assert desk["read_only"] is True
    assert desk["cap_drop"] == ["ALL"]
    assert desk["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices", "user"} & set(desk)
    assert desk["ports"] == ["127.0.0.1:8600:8600"]
    assert desk["depends_on"]["database"]["condition"] == "service_healthy"
    homes = [words for name, words in instructions() if name == "VOLUME"]
    assert f"state:{homes[0]}" in desk["volumes"]
    assert all(volume.endswith(":ro") for volume in desk["volumes"][1:])
    assert int(desk["stop_grace_period"].removesuffix("s")) > 25


@pytest.mark.anyio
async def test_what_the_compose_file_shows_of_telemetry_is_what_the_desk_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = re.sub(r"# (environment: \{OTEL)", r"\1", (CONTAINER / "compose.yaml").read_text())
    environ = yaml.safe_load(shown)["services"]["desk"]["environment"]
    # Taken, and then nothing is sent: what would send it is not there.
    monkeypatch.setitem(sys.modules, "clawver_orders.telemetry.exporting", None)
    with pytest.raises(SetupError, match=r"clawver-orders\[telemetry\]"):
        async with opened(environ, {}):
            pass


def test_the_database_is_pinned_and_reached_by_the_desk_alone() -> None:
    whole = compose()
    database = whole["services"]["database"]
    assert _PINNED.fullmatch(database["image"])
    assert "ports" not in database
    assert database["networks"] == ["inside"]
    assert whole["networks"]["inside"] == {"internal": True}
    assert "healthcheck" in database


def test_every_secret_is_a_file_and_every_name_is_defined() -> None:
    whole = compose()
    used: set[str] = set()
    for service in whole["services"].values():
        used |= set(service["secrets"])
        for name, value in service.get("environment", {}).items():
            assert "PASSWORD" not in name or (name.endswith("_FILE") and value.startswith("/run/secrets/"))
            if name.endswith("_FILE"):
                assert Path(value).name in service["secrets"]
    assert used == set(whole["secrets"])
    assert all(set(secret) == {"file"} for secret in whole["secrets"].values())
    volumes = {volume.split(":")[0] for service in whole["services"].values() for volume in service["volumes"]}
    assert {volume for volume in volumes if not volume.startswith(".")} == set(whole["volumes"])
    assert (CONTAINER / "config.toml").name in {Path(volume).name for volume in volumes if volume.startswith(".")}


def test_the_settings_beside_it_are_ones_that_the_desk_takes() -> None:
    settings = load({}, CONTAINER / "config.toml", currencies=CURRENCIES, platforms=settings_of())
    secrets = [secret.name for store in settings.stores for _, secret in store.secrets()]
    assert settings.database_url is not None
    used = {Path(name).name for name in (*secrets, settings.database_url.name)}  # type: ignore[union-attr]
    assert used == set(compose()["services"]["desk"]["secrets"])


def test_nothing_of_a_key_lies_beside_it() -> None:
    for path in (REPO / "packaging").rglob("*"):
        assert not fnmatch(path.name, "*secret*"), path
        if path.is_file():
            assert not re.search(
                r"claw_sk_|ck_[0-9a-f]|postgresql\S*://[^:@\s]*:(?!PASSWORD@)\S*@", path.read_text()
            ), path
