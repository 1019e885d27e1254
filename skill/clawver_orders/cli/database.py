"""Where the record is, for a person: check it, bring it up to this program, move it from its file to a database."""

from collections.abc import Mapping
from pathlib import Path

import anyio
import click

from clawver_orders.cli import Join, Record, options
from clawver_orders.cli.doctor import Check, tell
from clawver_orders.errors import DeskError

_NAMES = {"moves": "refunds and other writes", "events": "lines of history", "received": "events of shops"}


@click.group()
def db() -> None:
    """Keep the record of refunds: in a file by default, in PostgreSQL where database_url is set."""


@db.command()
@options.of_desk
@click.pass_obj
def check(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Check that the record is reachable, of this program's version, and whole; nothing is changed.

    Exit status: 0 fine, 1 there is something to do, 2 it cannot be reached.
    """
    place, record = join(config=config, sandbox=sandbox).record()
    return anyio.run(_check, place, record)


@db.command()
@options.of_desk
@click.pass_obj
def upgrade(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Make the record one of this program's version; older programs refuse it from then on.

    Once for all desks that share a database, before the first of the new version serves. All of it or nothing
    happens, and a second time changes nothing.
    """
    place, record = join(config=config, sandbox=sandbox).record()

    async def work() -> int:
        before = await record.version()
        await record.upgrade()
        if 0 < before < record.newest:
            tell(Check("ok", "upgraded", f"From version {before} to {record.newest}."))
        return await _check(place, record)

    return anyio.run(work)


@db.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file.")
@click.pass_obj
def move(join: Join, config: Path | None) -> int:
    """Move the record from the state directory to the empty database that database_url names.

    Stop every desk first. All of it or nothing arrives; the file stays as it was, marked as moved, and no desk uses
    it again. Where it was cut short, run it again.
    """
    joints = join(config=config)

    async def work() -> int:
        moved = await joints.move_record()
        if moved:
            tell(Check("ok", "moved", _told(moved)))
        else:
            tell(Check("ok", "moved", "It was moved before, and the database has all of it. Nothing was changed."))
        return await _check(*joints.record())

    return anyio.run(work)


async def _check(place: str, record: Record) -> int:
    try:
        version = await record.version()
        if version != record.newest:
            return _other(place, version, record.newest)
        wrong = await record.verify()
        counts = await record.count()
        head = await record.head()
    except DeskError as error:
        tell(Check("failed", "record", f"{place}: {error.happened}. {error.next_step}."))
        return 2
    tell(Check("ok", "record", f"{place}."))
    tell(Check("ok", "version", f"{version}, which is this program's."))
    if wrong:
        for line in wrong:
            tell(Check("failed", "whole", f"{line}."))
        click.echo("Restore the record from a copy, and look at the shop's dashboard before any new refund.")
        return 1
    tell(Check("ok", "whole", f"{_told(counts)} Its head: {head}"))
    return 0


def _other(place: str, version: int, newest: int) -> int:
    if version == 0:
        tell(Check("ok", "record", f"{place}: none yet. It is made with its first use, or now by: db upgrade."))
        return 0
    tell(Check("ok", "record", f"{place}."))
    step = "Update clawver-orders" if version > newest else "Keep a copy, then run: clawver-orders db upgrade"
    tell(Check("failed", "version", f"{version}, and this program's is {newest}. {step}."))
    return 1


def _told(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{counts[name]} {words}" for name, words in _NAMES.items())
    waiting = counts.get("open_moves")
    return f"{told}{f'; {waiting} open' if waiting else ''}."
