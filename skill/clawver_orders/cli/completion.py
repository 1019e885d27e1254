"""Completion of what is typed, by the shell."""

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

_SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command(
    epilog="""\b
bash:  clawver-orders completion bash >> ~/.bashrc
zsh:   clawver-orders completion zsh >> ~/.zshrc
fish:  clawver-orders completion fish > ~/.config/fish/completions/clawver-orders.fish
"""
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the lines that let a shell complete commands, options and statuses."""
    click.echo(_SHELLS[shell](ctx.find_root().command, {}, "clawver-orders", "_CLAWVER_ORDERS_COMPLETE").source())
