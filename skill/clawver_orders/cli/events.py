"""What the shops told, for a person at a terminal."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

import anyio
import click

from clawver_orders.cli import Join, options
from clawver_orders.cli.shown import SANDBOX, minute, plain
from clawver_orders.events import Received

_EVERY_S: Final = 1.0
_MOST: Final = 100
_ALL: Final = 1_000_000


@click.group()
def events() -> None:
    """Look at what the shops told of their own accord; the shops are not asked."""


@events.command(epilog="\b\nclawver-orders events tail --follow\n")
@click.option("--follow", is_flag=True, help="Stay, and show what comes, until Ctrl-C.")
@click.option("--last", default=20, type=click.IntRange(0, _MOST), show_default=True, help="So many to begin with.")
@options.as_json
@options.of_stores
@options.of_desk
@click.pass_obj
def tail(
    join: Join, last: int, store: str, config: Path | None, *, sandbox: bool, as_json: bool, follow: bool
) -> None:
    """Show the newest events, the newest last: number, time, store, what happened, the order."""

    async def work() -> None:
        async with join(config=config, sandbox=sandbox).open_desk() as desk:
            if desk.sandbox and not as_json:
                click.echo(SANDBOX)
            if store:
                desk.abilities.named(store)
            newest = await desk.inbox.received(store=store, limit=max(last, 1))
            _show(newest[:last], as_json=as_json, sandbox=desk.sandbox)
            after = newest[0].id if newest else 0
            while follow:
                news = await desk.inbox.received(store=store, after_id=after, limit=_ALL)
                _show(news, as_json=as_json, sandbox=desk.sandbox)
                after = news[0].id if news else after
                await anyio.sleep(_EVERY_S)

    with suppress(KeyboardInterrupt):  # how following ends
        anyio.run(work)


def _show(newest_first: tuple[Received, ...], *, as_json: bool, sandbox: bool) -> None:
    made_up = {"sandbox": True} if sandbox else {}
    for event in reversed(newest_first):
        if as_json:
            click.echo(json.dumps(made_up | plain(event) | {"id": str(event.id)}, ensure_ascii=False))
        else:
            order = f"  {event.order_id}" if event.order_id else ""
            click.echo(f"{event.id}  {minute(event.at)}  {event.store}  {event.type}{order}")
