"""Who may call ``serve --http``: a token for each program, shown once, and taken back at once."""

from datetime import timedelta
from pathlib import Path
from typing import cast

import anyio
import click

from clawver_orders.cli import Join, Joints, options
from clawver_orders.cli.safety import ask_pin
from clawver_orders.cli.terminal import Terminal, person
from clawver_orders.errors import InvalidArgument
from clawver_orders.tokens import NAME, SCOPES, Grant, Scope, Token, digest, mint

_WHO = "a person at the terminal"


@click.group()
def tokens() -> None:
    """The tokens of the programs that "serve --http" lets in."""


@tokens.command(
    epilog="""\b
clawver-orders tokens add desk-bot --scopes read
clawver-orders tokens add refunder --scopes read,write,refund --stores woo,hey --days 90
"""
)
@click.argument("name")
@click.option("--scopes", default="read", show_default=True, help="read and more of: write, refund; with commas.")
@click.option("--stores", default="", help="Only these stores, with commas. [default: all]")
@click.option("--forms", is_flag=True, help="Count a form that this program shows as a person's yes.")
@click.option("--days", type=click.IntRange(1, 3650), help="Let it in for so long. [default: until it is revoked]")
@options.of_desk
@click.pass_obj
def add(
    join: Join,
    name: str,
    config: Path | None,
    *,
    scopes: str,
    stores: str,
    days: int | None,
    forms: bool,
    sandbox: bool,
) -> int:
    """Make a token. For people: it is shown once, at the terminal itself."""
    joints = join(config=config, sandbox=sandbox)
    grant = _grant(joints, name, scopes, stores, forms=forms)
    with person("tokens add") as terminal:
        return anyio.run(_add, joints, grant, days, terminal)


async def _add(joints: Joints, grant: Grant, days: int | None, terminal: Terminal) -> int:
    async with joints.open_desk() as desk:
        await ask_pin(desk, terminal)
        money = " It can ask for refunds; a person still approves each." if "refund" in grant.scopes else ""
        if grant.forms:
            money += " A form that it shows counts as that approval: who has the token can answer it, too."
        terminal.say(f"{grant.name} may {', '.join(sorted(grant.scopes))}.{money}")
        if terminal.ask(f"Type {grant.name} to make the token, anything else to leave it:") != grant.name:
            terminal.say("That is not it. Nothing was made.")
            return 1
        secret, now = mint(), desk.moves.now()
        expires = None if days is None else now + timedelta(days=days)
        await joints.tokens().add(Token(digest(secret), grant, now, expires), by=_WHO)
        terminal.say("This is the only time that it is shown. The program sends it as: Authorization: Bearer TOKEN")
        terminal.say(secret)
        return 0


@tokens.command("list")
@options.of_desk
@click.pass_obj
def list_(join: Join, config: Path | None, *, sandbox: bool) -> None:
    """List the tokens: what each may do, and when it was last used. None is shown itself."""
    found = anyio.run(join(config=config, sandbox=sandbox).tokens().all)
    if not found:
        click.echo("There is no token. Make one with: clawver-orders tokens add NAME --scopes read")
    for token in found:
        grant = token.grant
        stores = ", ".join(sorted(grant.stores)) or "all stores"
        forms = ", forms count" if grant.forms else ""
        click.echo(f"{grant.name}: {', '.join(sorted(grant.scopes))}; {stores}{forms}; {_standing(token)}")


def _standing(token: Token) -> str:
    if token.revoked_at:
        return f"revoked {token.revoked_at:%Y-%m-%d %H:%M %Z}"
    until = f"until {token.expires_at:%Y-%m-%d %H:%M %Z}, " if token.expires_at else ""
    used = f"last used {token.used_at:%Y-%m-%d %H:%M %Z}" if token.used_at else "never used"
    return until + used


@tokens.command()
@click.argument("name")
@options.of_desk
@click.pass_obj
def revoke(join: Join, name: str, config: Path | None, *, sandbox: bool) -> int:
    """Let nobody in with a token any more, at once. Anybody may: it only ever stops."""
    joints = join(config=config, sandbox=sandbox)

    async def work() -> bool:
        async with joints.open_desk() as desk:
            return await joints.tokens().revoke(name, desk.moves.now(), by=_WHO)

    if not anyio.run(work):
        click.echo(f'There is no token called "{name}" that is not revoked.', err=True)
        return 1
    click.echo(f"{name} is not let in any more. What it prepared stays on record.")
    return 0


def _grant(joints: Joints, name: str, scopes: str, stores: str, *, forms: bool) -> Grant:
    if not NAME.fullmatch(name):
        raise InvalidArgument(
            "The name of a token is of a-z, 0-9, _ and -, at most 32", "Choose another", field="name"
        )
    wanted = _words(scopes)
    if not wanted <= set(SCOPES) or "read" not in wanted:
        raise InvalidArgument(
            "--scopes is read, or read and more of: write, refund", "Write such as: read,refund", field="scopes"
        )
    known = {store.name for store in joints.settings().stores} or {"clawver"}
    if not _words(stores) <= known:
        raise InvalidArgument(
            "--stores names one that is not configured", f"Use: {', '.join(sorted(known))}", field="stores"
        )
    return Grant(name, cast("frozenset[Scope]", wanted), _words(stores), forms)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.replace(" ", "").split(",") if word)
