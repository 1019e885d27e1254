"""The record of refunds and other lasting writes for a person at a terminal: list, show, verify, adopt."""

from pathlib import Path
from typing import Any

import anyio
import click

from clawver_orders import approvals
from clawver_orders.cli import Join, options
from clawver_orders.cli.safety import WHO, guarded
from clawver_orders.cli.shown import WHOSE, Page, minute, plain, print_json, quoted
from clawver_orders.cli.terminal import Terminal
from clawver_orders.desk import Desk
from clawver_orders.refunds import words
from clawver_orders.refunds.machine import OPEN, Move, State

# What an action on an order was given, by the name that its tool has for it.
_GIVEN = {"cancel_order": "reason", "adjust_order_price": "adjustment"}


@click.group()
def refunds() -> None:
    """Look at the record of refunds; the shop is not asked."""


@refunds.command("list")
@click.option("--all", "every", is_flag=True, help="Those that are over, too.")
@options.as_json
@options.of_desk
@click.pass_obj
def list_(join: Join, config: Path | None, *, every: bool, sandbox: bool, as_json: bool) -> None:
    """List the refunds that wait, are under way, or whose outcome is not known."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            states = frozenset(State) if every else OPEN | {State.PREPARED}
            found = [await desk.moves.confirmed(move, None) for move in await desk.moves.ledger.find(states=states)]
            found = [move for move in found if move.state in states]
            if as_json:
                print_json(desk, _as_json(desk, found))
            else:
                _show_list(Page(desk), found, await desk.moves.ledger.switch("frozen"))

    anyio.run(work)


@refunds.command(epilog="\b\nclawver-orders refunds show R-7K2M9Q4X\n")
@click.argument("move_id", metavar="ID")
@options.as_json
@options.of_desk
@click.pass_obj
def show(join: Join, move_id: str, config: Path | None, *, sandbox: bool, as_json: bool) -> None:
    """Show one refund, or what else was sent once: what it is, where it stands, and what to do next."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            move = await approvals.found(desk, move_id)
            if as_json:
                print_json(desk, _as_json(desk, [move]))
            else:
                _show(Page(desk), desk, move)

    anyio.run(work)


@refunds.command()
@options.of_desk
@click.pass_obj
def verify(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Check the record: damage and careless edits are found, not a forger who owns the file."""

    async def work() -> int:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            wrong = await desk.moves.ledger.verify()
            for line in wrong:
                click.echo(f"FAILED  {line}")
            head = await desk.moves.ledger.head()
        if wrong:
            click.echo("Restore the record from a copy, and look at the shop's dashboard before any new refund.")
            return 1
        click.echo(f"ok      The record is whole. Its head: {head}")
        return 0

    return anyio.run(work)


@refunds.command()
@click.argument("order_id")
@options.of_store
@options.of_desk
@click.pass_obj
def adopt(join: Join, order_id: str, store: str, config: Path | None, *, sandbox: bool) -> int:
    """Take refunds on an order into the record that another desk, or a lost record, made. For people."""

    async def work(desk: Desk, terminal: Terminal) -> int:
        order = await desk.get_order(store, order_id)
        terminal.say("Do this only if you know which desk made these refunds: afterwards new ones are possible.")
        if terminal.ask("Type the order's id to adopt them, anything else to leave it:") != order.id:
            terminal.say("That is not it. Nothing was changed.")
            return 1
        adopted = await desk.refunds.adopt(order, by=WHO)
        terminal.say(f"Adopted: {', '.join(f'{one.refund_id} {one.amount}' for one in adopted) or 'none'}.")
        return 0

    return guarded(join(config=config, sandbox=sandbox).open_desk, "refunds adopt", work)


def _as_json(desk: Desk, moves: list[Move]) -> dict[str, Any]:
    return {
        "refunds": [plain(desk.refunds.told(move)) for move in moves if move.kind == "refund"],
        "webhooks": [
            {"action_id": move.id, "store": move.store, "url": move.subject, "events": move.text.split(",")}
            | _outcome(move)
            for move in moves
            if move.kind == "create_webhook"
        ],
        "actions": [
            {"action_id": move.id, "tool": move.kind, "store": move.store, "order_id": move.subject}
            | ({_GIVEN[move.kind]: move.text} if move.kind in _GIVEN else {})
            | _outcome(move)
            for move in moves
            if move.kind not in {"refund", "create_webhook"}
        ],
    }


def _outcome(move: Move) -> dict[str, str]:
    return {"state": str(move.state), "outcome": {"yes": "done"}.get(move.moved, move.moved)}


def _show_list(page: Page, moves: list[Move], frozen: str) -> None:
    if frozen:
        page.say(f"FROZEN by {frozen}: no money moves until clawver-orders unfreeze.")
    if not moves:
        page.say("Nothing waits, and nothing is open.")
        return
    page.table(
        ("id", "what", "store", "order or address", "amount", "state", "money moved", "prepared", "customer"),
        (
            (
                move.id,
                approvals.NOUNS[move.kind],
                move.store,
                quoted(move.subject) if move.kind == "create_webhook" else move.subject,
                move.text if move.kind == "adjust_order_price" else move.amount,
                move.state,
                move.moved if move.kind == "refund" else None,
                minute(move.prepared_at),
                move.snapshot.customer,
            )
            for move in moves
        ),
    )
    if any(move.state is State.PREPARED for move in moves):
        page.say("Prepared ones wait for a person: clawver-orders approve ID, or reject ID.")


def _show(page: Page, desk: Desk, move: Move) -> None:
    page.say(WHOSE)
    page.facts(
        (
            ("Id", move.id),
            ("What", approvals.NOUNS[move.kind]),
            *approvals.facts(move),
            ("State", move.state),
            ("Money moved", move.moved if move.kind == "refund" else None),
            ("Prepared", minute(move.prepared_at)),
            ("Confirmed by", move.confirmed_by),
            ("Sent", minute(move.sent_at)),
            ("Settled", minute(move.settled_at)),
            ("Evidence", move.evidence),
            ("Shop's id", quoted(move.shop_id)),
            ("Processor's id", quoted(move.processor_id)),
            ("Looked for", f"{move.looks} times" if move.looks else None),
        )
    )
    if move.kind == "refund":
        page.say(desk.refunds.told(move).message)
    elif move.kind != "create_webhook":
        page.say(words.action(move, waiting=f"clawver-orders approve {move.id}"))
