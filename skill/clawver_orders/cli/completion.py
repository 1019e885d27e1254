"""Completion of what is typed, by the shell."""

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command(
    epilog="""\b
bash:  clawver-orders completion bash >> ~/.bashrc
zsh:   clawver-orders completion zsh >> ~/.zshrc
fish:  clawver-orders completion fish > ~/.config/fish/completions/clawver-orders.fish
"""
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the lines that let a shell complete commands, options and statuses."""
    writer = get_completion_class(shell)
    if writer is None:
        raise click.UsageError(f"There is no completion for {shell}")
    click.echo(writer(ctx.find_root().command, {}, "clawver-orders", "_CLAWVER_ORDERS_COMPLETE").source())
