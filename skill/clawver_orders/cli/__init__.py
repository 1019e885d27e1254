"""The commands that a person types; each is loaded when it is typed, so that ``serve`` starts fast.

Exit status: 0 fine, 1 the shop or the rules said no, 2 wrong usage or settings. An error is one line on stderr.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import click

from clawver_orders import __version__
from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError, InvalidArgument, SetupError
from clawver_orders.settings import Settings, StoreSettings
from clawver_orders.tokens import Tokens

_MODULES: Final = {
    "serve": "serving",
    "orders": "orders",
    "approve": "consent",
    "reject": "consent",
    "resolve": "consent",
    "refunds": "refunds",
    "freeze": "safety",
    "unfreeze": "safety",
    "pin": "safety",
    "tokens": "tokens",
    "webhooks": "webhooks",
    "events": "events",
    "sandbox": "serving",
    "doctor": "doctor",
    "demo": "demo",
    "db": "database",
    "completion": "completion",
}


class Record(Protocol):
    """The record of refunds as a whole; each method raises DeskError."""

    @property
    def newest(self) -> int:
        """The version that this program knows."""
        ...

    async def version(self) -> int:
        """Which version it is of; 0 where there is none yet."""
        ...

    async def upgrade(self) -> None:
        """Make it one of this program's version."""
        ...

    async def verify(self) -> tuple[str, ...]:
        """What is wrong with it, a sentence each."""
        ...

    async def count(self) -> Mapping[str, int]:
        """How many ``moves``, ``open_moves``, ``events`` and ``received`` there are."""
        ...

    async def head(self) -> str:
        """The hash of its newest event."""
        ...


class Joints(Protocol):
    """What commands need of the parts of the program that they must not know; each raises DeskError."""

    def settings(self) -> Settings:
        """The settings, checked. SetupError where one is wrong."""
        ...

    def state_directory(self, settings: Settings) -> Path:
        """Where the record is: the sandbox has its own."""
        ...

    def open_desk(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Desk]:
        """The desk over the configured stores, or over the sandbox."""
        ...

    async def serve(self, *, read_only: bool) -> None:
        """MCP over stdin and stdout, until the client leaves."""
        ...

    async def receive(self, *, host: str, port: int, ready: Callable[[str], None]) -> None:
        """Receive what the shops send until it is stopped; ready is called with the address once it answers."""
        ...

    async def kept_secrets(self, store: str) -> Mapping[str, str]:
        """The secrets that create_webhook made for a store, newest first, by the id of the registration."""
        ...

    async def event_secrets(self, store: StoreSettings) -> int | None:
        """How many secrets of a store's events are known here; None where its platform sends no events."""
        ...

    async def serve_http(self, *, host: str, port: int, page_port: int, read_only: bool) -> None:
        """MCP over HTTP for who has a token, until it is told to stop."""
        ...

    def log_as_json(self) -> None:
        """From now on the log is one JSON object a line."""
        ...

    def tokens(self) -> Tokens:
        """The record's tokens."""
        ...

    async def simulate(
        self, *, port: int, seed: int | None, generation: str, faults: Sequence[str], ready: Callable[[str], None]
    ) -> None:
        """Serve the made-up shop on this machine until it is stopped.

        Args:
            port: 0 lets the system choose.
            seed: Which shop; None picks one.
            generation: ``current`` or ``legacy``.
            faults: What goes wrong, such as ``refund:timeout-after``.
            ready: Called with the address once it answers.
        """
        ...

    async def first_answer(self, store: StoreSettings) -> datetime | None:
        """Read one thing of the shop with its key: when the shop says that it answered, if it says so."""
        ...

    async def issuer_keys(self, url: str) -> int:
        """How many keys an issuer publishes that tokens can be verified with."""
        ...

    async def check_record(self, directory: Path) -> tuple[str, ...] | None:
        """What is wrong with the record of refunds there, a sentence each; None where there is none yet."""
        ...

    def record(self) -> tuple[str, Record]:
        """Where the record is, in words for a person, and the record."""
        ...

    async def move_record(self) -> Mapping[str, int]:
        """Move it from the state directory to the database; how many rows of each table, none if it had been."""
        ...


class Join(Protocol):
    """Makes the joints of one command."""

    def __call__(self, *, config: Path | None = None, sandbox: bool = False) -> Joints:
        """The joints, for the settings file that was named and the shop that is meant."""
        ...


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _MODULES:
            return None
        module = importlib.import_module(f"clawver_orders.cli.{_MODULES[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Try it on a made-up shop:     clawver-orders orders list --sandbox
See that your own shop works: CLAW_API_KEY=... clawver-orders doctor
Let an assistant work it:     clawver-orders serve   (started by your MCP client)
""",
)
@click.version_option(__version__, prog_name="clawver-orders")
def commands() -> None:
    """The order desk of an online shop, worked by an AI assistant.

    The assistant works through "serve". Money moves only after a person said yes: in the assistant's own form,
    or here, with "approve".
    """


def run(join: Join, arguments: Sequence[str] | None = None) -> int:
    """Carry out what was typed.

    Args:
        join: Makes what commands need of the rest of the program.
        arguments: What was typed after the command's name; None takes it from the process.

    Returns:
        The exit status.
    """
    given = None if arguments is None else list(arguments)
    try:
        status = commands.main(given, prog_name="clawver-orders", standalone_mode=False, obj=join)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "clawver-orders"
        wrong = error.format_message().rstrip(".")
        _say(f"usage: {wrong}{'' if wrong.endswith('?') else '.'} See: {path} --help.")
        return 2
    except click.Abort:
        _say("stopped: Interrupted. Nothing further was done.")
        return 1
    except DeskError as error:
        _say(str(error))
        return 2 if isinstance(error, SetupError | InvalidArgument) else 1
    return status or 0


def _say(line: str) -> None:
    click.echo(" ".join(line.split()), err=True)
