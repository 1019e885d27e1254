"""The commands that stay: the server for assistants, and the shop simulator."""

from contextlib import suppress
from pathlib import Path

import anyio
import click

from clawver_orders.cli import Join, options


@click.command(
    epilog="""\b
An MCP client starts this itself. Its settings look like:
  {"mcpServers": {"orders": {"command": "clawver-orders", "args": ["serve"],
                             "env": {"CLAW_API_KEY": "..."}}}}
For several assistants, each with a token of its own (clawver-orders tokens add):
  clawver-orders serve --http --port 8600
"""
)
@click.option("--read-only", is_flag=True, help="Refuse every write: no refunds, no webhooks.")
@click.option("--http", is_flag=True, help="Serve over HTTP at /mcp, to whoever has a token.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where --http listens.")
@click.option("--port", default=8600, type=click.IntRange(0, 65535), show_default=True, help="0: any that is free.")
@click.option(
    "--approvals-port",
    default=8601,
    type=click.IntRange(0, 65535),
    show_default=True,
    help="Where --http has the page for people, if the settings name its url.",
)
@click.option(
    "--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What the log looks like."
)
@options.of_desk
@click.pass_obj
def serve(
    join: Join,
    config: Path | None,
    *,
    read_only: bool,
    http: bool,
    host: str,
    port: int,
    approvals_port: int,
    log: str,
    sandbox: bool,
) -> None:
    """Serve the desk to an assistant: MCP over stdin and stdout, or over HTTP; the log goes to stderr."""
    joints = join(config=config, sandbox=sandbox)
    if log == "json":
        joints.log_as_json()
    joints.settings()

    async def stay() -> None:
        if http:
            await joints.serve_http(host=host, port=port, page_port=approvals_port, read_only=read_only)
        else:
            await joints.serve(read_only=read_only)

    anyio.run(stay)


@click.command(
    epilog="""\b
clawver-orders sandbox --port 8484
clawver-orders sandbox --fault refund:timeout-after     the first refund is made, its answer is lost
clawver-orders sandbox --generation legacy --seed 7
Then, in another terminal:
  CLAW_API_URL=http://127.0.0.1:8484 CLAW_API_KEY=claw_sk_test_example clawver-orders orders list
  curl http://127.0.0.1:8484/_sandbox/requests          what reached the shop
"""
)
@click.option("--port", default=8484, type=click.IntRange(0, 65535), show_default=True, help="0: any that is free.")
@click.option(
    "--seed", type=click.IntRange(0), help="The same seed makes the same shop. [default: another each time]"
)
@click.option(
    "--generation",
    type=click.Choice(["current", "legacy"]),
    default="current",
    show_default=True,
    help="Which API.",
)
@click.option("--fault", "faults", multiple=True, metavar="OPERATION:KIND[-WHEN][:TIMES]", help="What goes wrong.")
@click.pass_obj
def sandbox(join: Join, *, port: int, seed: int | None, generation: str, faults: tuple[str, ...]) -> None:
    """Simulate a shop on this machine, over HTTP, until Ctrl-C. No money is real."""

    def ready(address: str) -> None:
        click.echo(f"A made-up shop answers at {address} - stop it with Ctrl-C.")

    async def stay() -> None:
        await join(sandbox=True).simulate(port=port, seed=seed, generation=generation, faults=faults, ready=ready)

    with suppress(KeyboardInterrupt):  # how it is meant to end
        anyio.run(stay)
