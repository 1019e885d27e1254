"""What only a person may say: yes, no, and how a refund of unknown outcome ended."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import click

from clawver_orders import approvals
from clawver_orders.cli import Join, options
from clawver_orders.cli.safety import ask_pin
from clawver_orders.cli.terminal import Terminal, person
from clawver_orders.refunds import words
from clawver_orders.refunds.machine import UNSETTLED, Move, State

_HOW = "a person at the terminal"
_OVER = "Nothing was changed."


@click.command(
    epilog="""\b
clawver-orders approve               what waits; with one waiting, ask about it
clawver-orders approve R-7K2M9Q4X    ask about this one
"""
)
@click.argument("move_id", metavar="[ID]", default="")
@options.of_desk
@click.pass_obj
def approve(join: Join, move_id: str, config: Path | None, *, sandbox: bool) -> int:
    """Approve what an assistant prepared, such as a refund. For people: it asks at the terminal itself.

    Nothing is sent by this: the assistant is then allowed to send it, once, within five minutes.
    """

    async def work(terminal: Terminal) -> int:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            if not move_id:
                waiting = await approvals.waiting(desk)
                if len(waiting) != 1:
                    return _list(terminal, waiting)
            move = await approvals.found(desk, move_id) if move_id else waiting[0]
            if move.state is not State.PREPARED:
                terminal.say(f"{move.id} is {move.state}, so there is nothing to approve. {_OVER}")
                return 1
            terminal.say(approvals.asked(move))
            if not _typed(terminal, move, "approve"):
                return 1
            await ask_pin(desk, terminal)
            await approvals.answer(desk, move, given=True, how=_HOW)
            terminal.say(f"Head of the record, to be noted elsewhere: {await desk.moves.ledger.head()}")
            terminal.say("Approved. Nothing is sent yet: tell the assistant to go on, within five minutes.")
            return 0

    return _at_the_terminal("approve", work)


@click.command()
@click.argument("move_id", metavar="ID")
@options.of_desk
@click.pass_obj
def reject(join: Join, move_id: str, config: Path | None, *, sandbox: bool) -> int:
    """Say no to what an assistant prepared, or take an approval back that was not used."""

    async def work(terminal: Terminal) -> int:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            move = await approvals.answer(desk, await approvals.found(desk, move_id), given=False, how=_HOW)
            if move.state in {State.DECLINED, State.VOID, State.EXPIRED}:
                terminal.say(f"{move.id} is {move.state}. Nothing was sent, and nothing will be.")
                return 0
            terminal.say(f"{move.id} is {move.state}: it is too late for a no. {_OVER}")
            return 1

    return _at_the_terminal("reject", work)


@click.command(
    epilog="""\b
Look in the shop's own dashboard first. "applied" closes the refund as paid; "not-applied" is possible only a
day after it was sent and after two looks, and allows the same refund to be prepared anew. For webhooks and
for what was done to an order, too.
"""
)
@click.argument("move_id", metavar="ID")
@click.argument("outcome", type=click.Choice(["applied", "not-applied"]))
@options.of_desk
@click.pass_obj
def resolve(join: Join, move_id: str, outcome: str, config: Path | None, *, sandbox: bool) -> int:
    """Say how a refund ended whose outcome the desk could not learn. For people, as approve."""

    async def work(terminal: Terminal) -> int:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            move = await approvals.found(desk, move_id)
            if move.state not in UNSETTLED:
                terminal.say(f"{move.id} is {move.state}: its outcome is known. {_OVER}")
                return 1
            terminal.say(f"You say that this {approvals.NOUNS[move.kind]} was {outcome.replace('-', ' ')}.")
            if not _typed(terminal, move, "say so"):
                return 1
            await ask_pin(desk, terminal)
            move = await desk.moves.resolved(move, applied=outcome == "applied", by=_HOW)
            terminal.say(_told(move))
            return 0

    return _at_the_terminal("resolve", work)


def _at_the_terminal(what: str, work: Callable[[Terminal], Awaitable[int]]) -> int:
    with person(what) as terminal:
        return anyio.run(work, terminal)


def _list(terminal: Terminal, waiting: tuple[Move, ...]) -> int:
    if not waiting:
        terminal.say("Nothing waits for an approval.")
        return 0
    terminal.say("Several wait for an approval; name one:")
    for move in waiting:
        what = move.amount or approvals.NOUNS[move.kind]
        terminal.say(f"  clawver-orders approve {move.id}    {what}, {move.store} {move.subject}")
    return 2


def _told(move: Move) -> str:
    match move.kind:
        case "refund":
            return words.message(move)
        case "create_webhook":
            return words.registration(move, waiting="")
        case _:
            return words.action(move, waiting="")


def _typed(terminal: Terminal, move: Move, purpose: str) -> bool:
    """Show the facts of a move, and see whether a person types what it is about, exactly."""
    for label, value in approvals.facts(move):
        terminal.say(f"{label + ':':34}{value}")
    typed = terminal.ask(f"Type {approvals.TYPED[move.kind]} to {purpose}, anything else to leave it:")
    if approvals.typed_rightly(move, typed):
        return True
    terminal.say(f"That is not it. {_OVER}")
    return False
