"""What the shops send: the receiver that takes it, where it may go, and the secret that signs it."""

import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import click
from click.core import ParameterSource

from clawver_orders import text
from clawver_orders.cli import Join, options
from clawver_orders.cli.safety import WHO, guarded
from clawver_orders.cli.terminal import Terminal
from clawver_orders.desk import Desk
from clawver_orders.desk.webhooks import allow as allow_host
from clawver_orders.errors import ConflictError, NotFoundError

_SHOWN: Final = "shown_secret_"


@click.group(
    invoke_without_command=True,
    epilog="""\b
clawver-orders webhooks --port 8585
It speaks plain HTTP: put your own HTTPS server before it, and have the shop send to
  https://your.host/webhooks/STORE
""",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine.")
@click.option("--port", default=8585, type=click.IntRange(0, 65535), show_default=True, help="0: any that is free.")
@options.of_desk
@click.pass_context
def webhooks(context: click.Context, host: str, port: int, config: Path | None, *, sandbox: bool) -> None:
    """Receive the shops' events until Ctrl-C; or say where they may go, and show a secret."""
    if context.invoked_subcommand is not None:
        if any(context.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in context.params):
            raise click.UsageError(f"Options of {context.invoked_subcommand} stand after it")
        return
    join: Join = context.obj

    def ready(address: str) -> None:
        try:
            click.echo(f"Events are received at {address}/webhooks/STORE - stop it with Ctrl-C.")
        except OSError:
            # A full disk: what is left in the buffer must not be tried again at the end, and make that a failure.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    with suppress(KeyboardInterrupt):  # how it is meant to end
        anyio.run(partial(join(config=config, sandbox=sandbox).receive, host=host, port=port, ready=ready))


@webhooks.command(epilog="\b\nclawver-orders webhooks allow hooks.example\n")
@click.argument("host")
@click.option("--remove", is_flag=True, help="No longer, where it was allowed here.")
@options.of_desk
@click.pass_obj
def allow(join: Join, host: str, config: Path | None, *, sandbox: bool, remove: bool) -> int:
    """Let create_webhook have events sent to a host. For people: it asks at the terminal itself."""

    async def work(desk: Desk, terminal: Terminal) -> int:
        named = host.strip().lower()
        what = (
            f"to stop new webhooks to {text.quoted(named)}"
            if remove
            else f"to let events go to {text.quoted(named)}"
        )
        if terminal.ask(f"Type the host {what}, anything else to leave it:").lower() != named:
            terminal.say("That is not it. Nothing was changed.")
            return 1
        allowed = await allow_host(desk.moves.ledger, named, by=WHO, remove=remove)
        terminal.say(
            f"Allowed here: {', '.join(allowed) or 'none'}. Those in the settings file are allowed besides."
        )
        return 0

    return guarded(join(config=config, sandbox=sandbox).open_desk, "webhooks allow", work)


@webhooks.command(epilog="\b\nclawver-orders webhooks secret clawver\n")
@click.argument("store")
@options.of_desk
@click.pass_obj
def secret(join: Join, store: str, config: Path | None, *, sandbox: bool) -> int:
    """Show the secret of a store's newest webhook, once, for a receiver elsewhere. For people at a terminal."""
    joints = join(config=config, sandbox=sandbox)

    async def work(desk: Desk, terminal: Terminal) -> int:
        desk.abilities.named(store)
        kept = await joints.kept_secrets(store)
        if not kept:
            raise NotFoundError(
                "create_webhook has made no secret for that store on this computer",
                "Run this where the webhook was registered; one that the shop made is where webhook_secret in the "
                "settings says",
            )
        action_id, value = next(iter(kept.items()))
        move = await desk.moves.ledger.get(action_id)

        def once(shown: str) -> str:
            if shown:
                raise ConflictError(
                    "The secret of that store's newest webhook was shown before, and is shown once",
                    "Have create_webhook register a new one, then delete the old",
                )
            return "yes"

        note = f"the secret of {store} was shown"
        await desk.moves.ledger.turn(f"{_SHOWN}{action_id}", once, note=note, by=WHO)
        terminal.say(f"Registered as {action_id}{f' for {text.quoted(move.subject)}' if move else ''}:")
        terminal.say(value)
        terminal.say("Keep it where only that receiver reads it. It is not shown again.")
        return 0

    return guarded(joints.open_desk, "webhooks secret", work)
