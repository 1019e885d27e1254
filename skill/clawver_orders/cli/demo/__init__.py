"""The main job, end to end: sandbox shops, the server and a real MCP client, told for a shopkeeper."""

from collections.abc import Callable

import anyio
import click

from clawver_orders.cli.demo import one, several
from clawver_orders.cli.demo.conversation import DemoFailed, sandbox, state_directory


@click.command()
@click.option(
    "--stores",
    type=click.Choice(["one", "all"]),
    default="one",
    show_default=True,
    help="One Clawver shop, or one on each platform at one desk.",
)
def demo(stores: str) -> int:
    """Show the main job on made-up shops: a parcel, a size, a download, refunds, one with its answer lost."""
    try:
        tell(click.echo, stores)
    except DemoFailed as error:
        click.echo(f"The demo went wrong: {error}. Run clawver-orders doctor, and report it.", err=True)
        return 1
    return 0


def tell(say: Callable[[str], None], stores: str) -> None:
    """Run it, and say what happens, line by line.

    Raises:
        DemoFailed: A step went otherwise than it must.
    """
    say("A sandbox is running, and beside it the order desk, as an assistant's program starts it.")
    say("Everything below goes through a real MCP client over stdin and stdout. No real money.\n")
    conversation = several.conversation if stores == "all" else one.conversation
    with state_directory() as state, sandbox() as url:
        anyio.run(conversation, say, url, state)
