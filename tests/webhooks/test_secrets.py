"""The secrets of webhooks: on disk before they are sent, for this user alone."""

import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

import pytest

from clawver_orders.errors import SetupError
from clawver_orders.webhooks import Kept, SecretFiles, StoreSecrets

pytestmark = pytest.mark.anyio


async def test_a_secret_is_kept_for_this_user_alone(tmp_path: Path) -> None:
    state = tmp_path / "not" / "there"
    await SecretFiles(state).keep("clawver", "A-1", "secret of an example")
    (kept,) = (state / "webhooks").iterdir()
    assert kept.name == "clawver-A-1.secret"
    assert kept.read_text() == "secret of an example"
    assert (S_IMODE(kept.stat().st_mode), S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)


async def test_each_registration_keeps_its_own(tmp_path: Path) -> None:
    secrets = SecretFiles(tmp_path)
    await secrets.keep("clawver", "A-1", "example one, which is longer")
    await secrets.keep("clawver", "A-2", "example two")
    await secrets.keep("clawver", "A-1", "example three")
    kept = {file.name: file.read_text() for file in (tmp_path / "webhooks").iterdir()}
    assert kept == {"clawver-A-1.secret": "example three", "clawver-A-2.secret": "example two"}


async def test_a_secret_that_cannot_be_kept_is_an_error_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "webhooks").write_text("no directory")
    with pytest.raises(SetupError) as told:
        await SecretFiles(tmp_path).keep("clawver", "A-1", "secret of an example")
    assert "Nothing was sent" in str(told.value)
    assert "secret of an example" not in str(told.value)


def aged(state: Path, *names: str) -> None:
    """Let the files be of that order, the last the newest."""
    for age, name in enumerate(names):
        os.utime(state / "webhooks" / f"{name}.secret", ns=(age * 10**9,) * 2)


async def test_a_stores_secrets_are_its_own_and_come_newest_first(tmp_path: Path) -> None:
    secrets = SecretFiles(tmp_path)
    assert await secrets.of("hey") == ()
    for store, action_id in (
        ("hey", "R-AAAAAAAA"),
        ("hey", "R-BBBBBBBB"),
        ("hey-two", "R-CCCCCCCC"),
        ("he", "R-DDDDDDDD"),
    ):
        await secrets.keep(store, action_id, f"example secret {action_id}")
    aged(tmp_path, "hey-R-BBBBBBBB", "hey-R-AAAAAAAA")
    assert await secrets.of("hey") == (
        Kept("R-AAAAAAAA", "example secret R-AAAAAAAA"),
        Kept("R-BBBBBBBB", "example secret R-BBBBBBBB"),
    )
    assert [kept.action_id for kept in await secrets.of("hey-two")] == ["R-CCCCCCCC"]
    assert "example secret" not in repr(await secrets.of("hey"))


async def test_a_secret_that_is_being_written_is_none_yet(tmp_path: Path) -> None:
    await SecretFiles(tmp_path).keep("hey", "R-AAAAAAAA", "")
    assert await SecretFiles(tmp_path).of("hey") == ()


@dataclass(frozen=True)
class Named:
    """A secret of the settings; missing where it has none."""

    text: str

    def value(self) -> str:
        if not self.text:
            raise SetupError("EXAMPLE is not set", "Set it")
        return self.text


async def test_a_store_signs_with_what_the_desk_made_and_with_what_the_settings_name(tmp_path: Path) -> None:
    files = SecretFiles(tmp_path)
    secrets = StoreSecrets("hey", files, [Named("one"), Named("before")])
    assert await secrets() == ("one", "before")
    await files.keep("hey", "R-AAAAAAAA", "made")
    assert await secrets() == ("made", "one", "before")
    assert await StoreSecrets("other", files, [])() == ()


async def test_one_missing_secret_does_not_keep_the_others_from_counting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert await StoreSecrets("hey", SecretFiles(tmp_path), [Named("one"), Named("")])() == ("one",)
    assert "A webhook secret of hey is missing: setup: EXAMPLE is not set." in caplog.text
    with pytest.raises(SetupError, match="EXAMPLE"):
        await StoreSecrets("hey", SecretFiles(tmp_path), [Named("")])()


async def test_files_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "webhooks" / "hey-R-AAAAAAAA.secret").mkdir(parents=True)
    with pytest.raises(SetupError, match="cannot be read"):
        await SecretFiles(tmp_path).of("hey")
    assert await StoreSecrets("hey", SecretFiles(tmp_path), [Named("one")])() == ("one",)
