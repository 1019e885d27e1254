"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]


def of_desk(command: Command) -> Command:
    """Which settings, and which shop."""
    config = click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The settings file. [default: $CLAWVER_ORDERS_CONFIG, or config.toml in your own config directory]",
    )
    sandbox = click.option("--sandbox", is_flag=True, help="Work a made-up shop instead; no real money.")
    return config(sandbox(command))


def of_store(command: Command) -> Command:
    """Which of several stores."""
    return click.option("--store", default="", help="Which store; needed where there are several.")(command)


def of_stores(command: Command) -> Command:
    """Which of several stores, or all."""
    return click.option("--store", default="", help="Which store; all if left out.")(command)


def as_json(command: Command) -> Command:
    """Whether a program reads the answer."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, with the keys of the tools' results.")(
        command
    )
