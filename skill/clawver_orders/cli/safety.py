"""What keeps money where it is: the switch that stops it all, and the PIN that guards a person's yes."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import click

from clawver_orders import approvals
from clawver_orders.approvals.pin import LEAST
from clawver_orders.cli import Join, options
from clawver_orders.cli.terminal import Terminal, person
from clawver_orders.desk import Desk

WHO = "a person at the terminal"


@click.command()
@options.of_desk
@click.pass_obj
def freeze(join: Join, config: Path | None, *, sandbox: bool) -> None:
    """Stop all money of this desk at once, until "unfreeze". Anybody may: it only ever stops."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            await desk.moves.ledger.turn("frozen", lambda _: WHO, note="frozen", by=WHO)

    anyio.run(work)
    click.echo("Frozen: no refund is prepared, confirmed or sent. What was sent before is still looked for.")


@click.command()
@options.of_desk
@click.pass_obj
def unfreeze(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Let money move again. For people: it asks at the terminal itself."""

    async def work(desk: Desk, terminal: Terminal) -> int:
        if terminal.ask("Type unfreeze to let money move again, anything else to leave it:") != "unfreeze":
            terminal.say("That is not it. Nothing was changed.")
            return 1
        await desk.moves.ledger.turn("frozen", lambda _: "", note="unfrozen", by=WHO)
        terminal.say("Money can move again.")
        return 0

    return guarded(join(config=config, sandbox=sandbox).open_desk, "unfreeze", work)


@click.group()
def pin() -> None:
    """The PIN that guards approvals from an assistant with a browser or a shell."""


@pin.command("set")
@options.of_desk
@click.pass_obj
def set_(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Set or change the PIN. Forms of the assistant's program then count only if the settings say so."""

    async def work(desk: Desk, terminal: Terminal) -> int:
        chosen = terminal.ask_hidden(f"New PIN, at least {LEAST} characters:")
        if terminal.ask_hidden("Once more:") != chosen:
            terminal.say("The two are not the same. Nothing was changed.")
            return 1
        await approvals.pin_of(desk).choose(chosen, by=WHO)
        terminal.say("The PIN is set: it is asked for on the page, and by each command that only a person may run.")
        return 0

    return guarded(join(config=config, sandbox=sandbox).open_desk, "pin set", work)


async def ask_pin(desk: Desk, terminal: Terminal) -> None:
    """Ask for the PIN, where one is set.

    Raises:
        ForbiddenError: It is wrong, or locked.
    """
    if await approvals.pin_of(desk).is_set():
        await approvals.pin_of(desk).check(terminal.ask_hidden("PIN:"), by=WHO)


def guarded(
    open_desk: Callable[[], AbstractAsyncContextManager[Desk]],
    what: str,
    work: Callable[[Desk, Terminal], Awaitable[int]],
) -> int:
    """Do what only a person may: a terminal, and the PIN, where one is set."""

    async def ask(terminal: Terminal) -> int:
        async with open_desk() as desk:
            await ask_pin(desk, terminal)
            return await work(desk, terminal)

    with person(what) as terminal:
        return anyio.run(ask, terminal)
