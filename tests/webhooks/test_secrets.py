"""The secrets of webhooks: on disk before they are sent, for this user alone."""

from pathlib import Path
from stat import S_IMODE

import pytest

from clawver_orders.errors import SetupError
from clawver_orders.webhooks import SecretFiles

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
