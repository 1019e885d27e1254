"""The secrets of webhooks: on disk before they are sent, for this user alone."""

import os
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

import pytest

from clawver_orders.errors import SetupError
from clawver_orders.ledger import FILE_NAME, SqliteLedger
from clawver_orders.webhooks import Kept, SecretFiles, StoreSecrets, forget_deleted
from tests.counter import YES, open_counter
from tests.refunds.book import NOON

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


async def test_a_secret_that_is_dropped_is_gone_and_no_other_is(tmp_path: Path) -> None:
    files = SecretFiles(tmp_path)
    for store, action_id in (("hey", "R-AAAAAAAA"), ("hey", "R-BBBBBBBB"), ("hey-two", "R-AAAAAAAA")):
        await files.keep(store, action_id, f"example secret {action_id}")
    asked: list[str] = []

    async def over(action_id: str) -> bool:
        asked.append(action_id)
        return action_id == "R-AAAAAAAA"

    await files.drop("hey", over)
    await files.drop("none", over)
    assert sorted(asked) == ["R-AAAAAAAA", "R-BBBBBBBB"]
    left = [file.name for file in sorted((tmp_path / "webhooks").iterdir())]
    assert left == ["hey-R-BBBBBBBB.secret", "hey-two-R-AAAAAAAA.secret"]


async def test_a_secret_that_cannot_be_dropped_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = SecretFiles(tmp_path)
    await files.keep("hey", "R-AAAAAAAA", "example secret")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    async def over(_: str) -> bool:
        return True

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(SetupError, match=r"Remove webhooks/hey-R-AAAAAAAA\.secret"):
        await files.drop("hey", over)


async def test_the_secret_of_a_webhook_that_was_deleted_from_another_computer_goes_at_the_next_start(
    tmp_path: Path,
) -> None:
    """Hostile 89: the record that both share says so, and the file is here."""
    counter = open_counter(tmp_path / "record", allowed_hosts=frozenset({"hooks.example"}))
    files = SecretFiles(tmp_path / "here")
    made = [
        await counter.desk.create_webhook("", f"https://hooks.example/{path}", ("order.paid",), YES)
        for path in ("deleted", "there")
    ]
    for one in made:
        await files.keep("clawver", one.action.action_id, "example secret")
    await files.keep("clawver", "R-AAAAAAAA", "example secret of somebody's own")
    await counter.desk.delete_webhook("", made[0].webhook.id)
    await forget_deleted(files, ["clawver", "second"], counter.ledger)
    assert {kept.action_id for kept in await files.of("clawver")} == {made[1].action.action_id, "R-AAAAAAAA"}


async def test_a_record_that_is_away_keeps_no_receiver_from_starting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "record" / FILE_NAME).write_bytes(b"no database, but as long as one" * 400)
    files = SecretFiles(tmp_path)
    await files.keep("clawver", "R-AAAAAAAA", "example secret")
    await forget_deleted(files, ["clawver"], SqliteLedger(tmp_path / "record", lambda: NOON))
    assert len(await files.of("clawver")) == 1
    assert "Whether webhooks of clawver were deleted elsewhere is not known: setup:" in caplog.text


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
    secrets = StoreSecrets("hey", SecretFiles(tmp_path), [Named("one"), Named("")])
    for _ in range(5):
        assert await secrets() == ("one",)
    # Once: anybody can have it looked up.
    (line,) = caplog.messages
    assert line.startswith("A webhook secret of hey is missing: setup: EXAMPLE is not set.")
    with pytest.raises(SetupError, match="EXAMPLE"):
        await StoreSecrets("hey", SecretFiles(tmp_path), [Named("")])()


async def test_files_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "webhooks" / "hey-R-AAAAAAAA.secret").mkdir(parents=True)
    with pytest.raises(SetupError, match="cannot be read"):
        await SecretFiles(tmp_path).of("hey")
    assert await StoreSecrets("hey", SecretFiles(tmp_path), [Named("one")])() == ("one",)
