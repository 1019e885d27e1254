"""The tokens of the service as a person makes, lists and revokes them."""

import re
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio
import pytest

from clawver_orders.cli import run
from clawver_orders.tokens import Grant, Token, digest
from tests.cli.joints import Joined, counter
from tests.cli.terminal import at_a_terminal, environment, without_a_terminal
from tests.counter import Counter
from tests.service.serving import a_service, let_in

PIN = "example pin 1"
ASKED = "Type bot to make the token"


@pytest.fixture
def shop(tmp_path: Path) -> Counter:
    return counter(tmp_path)


def kept(shop: Counter) -> tuple[Token, ...]:
    return anyio.run(shop.ledger.tokens.all)


def test_a_person_makes_a_token_that_is_shown_once_at_the_terminal(shop: Counter, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    words = ("tokens", "add", "bot", "--scopes", "read,refund", "--stores", "clawver", "--days", "30")
    status, shown = at_a_terminal(words, environ, asked=ASKED, typed="no\n")
    assert (status, "Nothing was made." in shown, kept(shop)) == (1, True, ())
    status, shown = at_a_terminal(words, environ, asked=ASKED, typed="bot\n")
    assert status == 0
    assert "a person still approves each" in shown
    (secret,) = re.findall(r"claw_desk_[A-Za-z0-9_-]{43}", shown)
    (token,) = kept(shop)
    assert token.digest == digest(secret)
    assert token.grant == Grant("bot", frozenset({"read", "refund"}), frozenset({"clawver"}))
    assert token.expires_at is not None
    assert (token.expires_at - token.made_at).days == 30
    listed = without_a_terminal(("tokens", "list"), environ).stdout
    assert listed.startswith("bot: read, refund; clawver; until ")
    assert "never used" in listed
    assert secret not in listed
    again = at_a_terminal(words, environ, asked=ASKED, typed="bot\n")
    assert (again[0], 'There is a token called "bot"' in again[1]) == (1, True)


def test_the_list_says_when_a_token_was_last_used(shop: Counter, tmp_path: Path) -> None:
    """At the service, by whoever has it; asking for the list is no use."""
    now = shop.clock.now()

    async def use() -> None:
        token = await let_in(shop.ledger, "bot", "read", at=now - timedelta(days=3))
        await let_in(shop.ledger, "other", "read")
        async with a_service(shop) as service:
            assert (await service.ask(token)).status_code != 401

    anyio.run(use)
    listed = without_a_terminal(("tokens", "list"), environment(tmp_path)).stdout
    bot, other = sorted(line for line in listed.splitlines() if ": read; " in line)
    assert f"last used {now:%Y-%m-%d %H:%M} " in bot
    assert "never used" in other


def test_no_program_makes_a_token(shop: Counter, tmp_path: Path) -> None:
    words = ("tokens", "add", "bot", "--scopes", "read", "--forms")
    done = without_a_terminal(words, environment(tmp_path), piped="bot\n")
    assert (done.returncode, kept(shop)) == (2, ())
    assert "is for a person at a terminal" in done.stderr


def test_a_pin_guards_the_making(shop: Counter, tmp_path: Path) -> None:
    from clawver_orders import approvals

    anyio.run(partial(approvals.pin_of(shop.desk).choose, PIN, by="a test"))
    words = ("tokens", "add", "bot", "--scopes", "read", "--forms")
    make = partial(at_a_terminal, words, environment(tmp_path), asked="PIN:")
    assert make(typed="not the pin\n")[0] == 1
    assert kept(shop) == ()
    status, shown = make(typed=f"{PIN}\n", then=[(ASKED, "bot\n")])
    assert (status, "who has the token can answer it, too" in shown) == (0, True)
    assert kept(shop)[0].grant.forms


def test_anybody_may_revoke_for_it_only_stops(shop: Counter, tmp_path: Path) -> None:
    environ = environment(tmp_path)
    assert "There is no token." in without_a_terminal(("tokens", "list"), environ).stdout
    anyio.run(let_in, shop.ledger, "bot")
    assert without_a_terminal(("tokens", "revoke", "bot"), environ).returncode == 0
    done = without_a_terminal(("tokens", "revoke", "bot"), environ)
    assert (done.returncode, 'There is no token called "bot"' in done.stderr) == (1, True)
    assert "revoked 20" in without_a_terminal(("tokens", "list"), environ).stdout
    (token,) = kept(shop)
    assert token.revoked_at is not None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Bot", "--scopes", "read"), "The name of a token"),
        (("bot", "--scopes", "refund"), "read,refund"),
        (("bot", "--scopes", "read,all"), "read,refund"),
        (("bot", "--scopes", ""), "read,refund"),
        (("bot", "--scopes", "read", "--stores", "other"), "Use: clawver"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    shop: Counter, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert run(Joined(shop), ("tokens", "add", *words)) == 2
    assert told in capsys.readouterr().err


def test_serve_over_http_is_asked_for_with_its_place(shop: Counter) -> None:
    joined = Joined(shop)
    assert run(joined, ("serve", "--http", "--host", "::1", "--port", "0", "--read-only", "--log", "json")) == 0
    assert run(joined, ("serve", "--http", "--approvals-port", "0")) == 0
    assert joined.served_at == [("::1", 0, 8601, True), ("127.0.0.1", 8600, 0, False)]
    assert (joined.served, joined.logs_json) == ([], True)
