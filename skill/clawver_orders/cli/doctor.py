"""The check-up: settings, key, shop, clock, state directory, record; each with what to do where it fails."""

import os
import stat
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import anyio
import click

from clawver_orders.cli import Join, Joints, options
from clawver_orders.errors import BadResponseError, DeskError, NetworkError, SetupError
from clawver_orders.filesystem import LOSABLE, REMOTE, kind_of
from clawver_orders.settings import Approvals, Settings, StoreSettings

_SKEW_S: Final = 60
_MARKS: Final = {"ok": ("ok", "green"), "warned": ("note", "yellow"), "failed": ("FAILED", "red")}


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found."""

    outcome: Literal["ok", "warned", "failed"]
    what: str
    said: str


@click.command(
    epilog="""\b
CLAW_API_KEY=... clawver-orders doctor
It reads one order list of each shop, changes nothing there, and never shows a key.
"""
)
@options.of_desk
@click.pass_obj
def doctor(join: Join, config: Path | None, *, sandbox: bool) -> int:
    """Check settings, keys, shops, events, clock, record, issuers and page; say what to do next."""
    joints = join(config=config, sandbox=sandbox)
    try:
        settings = joints.settings()
    except SetupError as error:
        tell(Check("failed", "settings", _sentence(error)))
        return 2
    source = settings.config_file or "no settings file; the environment alone"
    tell(Check("ok", "settings", f"{source}."))

    async def work() -> int:
        failed = 0
        async for check in _checks(joints, settings, sandbox=sandbox):
            tell(check)
            failed += check.outcome == "failed"
        click.echo(f"{failed} to put right." if failed else "All is well.")
        return 1 if failed else 0

    return anyio.run(work)


async def _checks(joints: Joints, settings: Settings, *, sandbox: bool) -> AsyncIterator[Check]:
    directory = joints.state_directory(settings)
    # Before anything opens the sandbox, which makes its directory.
    state = _directory(directory)
    if not settings.stores:
        yield await _no_store(joints)
    for store in settings.stores:
        async for check in _store(joints, store, sandbox=sandbox):
            yield check
        if (events := await _events(joints, store)) is not None:
            yield events
    yield state
    yield _filesystem(directory)
    if state.outcome != "failed":
        yield await _record(joints, directory)
    if settings.http.issuer:
        yield await _issuer(joints, "issuer", settings.http.issuer)
    if settings.approvals != Approvals():
        yield await _page(joints, settings)


async def _no_store(joints: Joints) -> Check:
    """What any call would be told."""
    async with joints.open_desk() as desk:
        try:
            await desk.list_orders("", limit=1)
        except DeskError as error:
            return Check("failed", "store", _sentence(error))
    return Check("warned", "store", "None is configured; this is the made-up shop.")


async def _store(joints: Joints, store: StoreSettings, *, sandbox: bool) -> AsyncIterator[Check]:
    # Made-up shops have keys of their own.
    for name, secret in () if sandbox else store.secrets():
        what = f"{store.name}: {name.replace('_', ' ')}" if name != "api_key" else f"{store.name}: key"
        try:
            secret.value()
        except SetupError as error:
            yield Check("failed", what, _sentence(error))
            return
        yield Check("ok", what, f"{secret.name} is set.")
    shop, works = f"{store.name}: shop", f"{store.name}: key works"
    try:
        answered_at = await joints.first_answer(store)
    except DeskError as error:
        if isinstance(error, NetworkError | BadResponseError):
            yield Check("failed", shop, f"{store.base_url}: {_sentence(error)}")
        else:
            yield Check("ok", shop, f"{store.base_url} answers.")
            yield Check("failed", works, _sentence(error))
        return
    yield Check("ok", shop, f"{store.base_url} answers.")
    yield Check("ok", works, "The shop let it read orders.")
    yield _clock(store, answered_at)


async def _events(joints: Joints, store: StoreSettings) -> Check | None:
    what = f"{store.name}: events"
    try:
        known = await joints.event_secrets(store)
    except DeskError as error:
        return Check("failed", what, _sentence(error))
    if known is None:
        return None
    if not known:
        return Check(
            "ok",
            what,
            "None is taken on this computer: no secret of theirs is known here. That matters only to a receiver.",
        )
    return Check("ok", what, f"Taken on this computer where they are signed: secrets known: {known}.")


def _clock(store: StoreSettings, answered_at: datetime | None) -> Check:
    what = f"{store.name}: clock"
    if answered_at is None:
        return Check("warned", what, "Not checked: the shop does not say what time it is.")
    apart = round(abs((datetime.now(UTC) - answered_at).total_seconds()))
    if apart > _SKEW_S:
        return Check(
            "failed",
            what,
            f"This machine's clock and the shop's are {apart} s apart. Set the clock, or let it be set (NTP).",
        )
    return Check("ok", what, f"This machine's and the shop's are at most {apart + 1} s apart.")


def _directory(directory: Path) -> Check:
    what = "state directory"
    if not directory.exists():
        parent = next(above for above in directory.parents if above.exists())
        if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK):
            return Check("ok", what, f"{directory} will be made when it is needed.")
        return Check("failed", what, f"{directory} cannot be made. Make it, or set CLAWVER_ORDERS_HOME to another.")
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"x")
    except OSError as error:
        return Check(
            "failed",
            what,
            f"{directory} cannot be written ({type(error).__name__}). Check its owner, mode and free space.",
        )
    if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & 0o077:
        return Check("failed", what, f"{directory} is open to other users. Run: chmod 700 {directory}")
    return Check("ok", what, f"{directory} can be written, by this user alone.")


def _filesystem(directory: Path) -> Check:
    kind = kind_of(directory)
    if kind in REMOTE:
        return Check(
            "failed",
            "file system",
            f"{kind} is a network file system: locks are not safe there, and refunds need them. "
            "Set CLAWVER_ORDERS_HOME to a local directory.",
        )
    if kind in LOSABLE:
        return Check(
            "warned",
            "file system",
            f"{kind} may be lost at a restart, and the record of refunds with it. "
            "Set CLAWVER_ORDERS_HOME to a lasting directory.",
        )
    return Check("ok", "file system", f"{kind or 'unknown'}, on this machine.")


async def _record(joints: Joints, directory: Path) -> Check:
    try:
        wrong = await joints.check_record(directory)
    except DeskError as error:
        return Check("failed", "record", _sentence(error))
    if wrong is None:
        return Check("ok", "record", "None yet: it is made with the first refund.")
    if wrong:
        return Check(
            "failed", "record", f"{' '.join(wrong)} Keep the file, and compare it with the shop before refunding."
        )
    return Check("ok", "record", "It can be read, and its chain is whole.")


async def _issuer(joints: Joints, what: str, url: str) -> Check:
    try:
        keys = await joints.issuer_keys(url)
    except DeskError as error:
        return Check("failed", what, f"{url}: {_sentence(error)}")
    if not keys:
        return Check(
            "failed", what, f"{url} publishes no key that can be used here: nobody gets in with its tokens."
        )
    return Check("ok", what, f"{url} describes itself, and its keys can be had ({keys}).")


async def _page(joints: Joints, settings: Settings) -> Check:
    """The page for people that ``serve --http`` has."""
    from clawver_orders.approvals.team import refuse_unsafe  # noqa: PLC0415 - needs a web server

    page = settings.approvals
    try:
        refuse_unsafe(page, settings.http)
    except SetupError as error:
        return Check("failed", "page", _sentence(error))
    if page.issuer:
        return await _issuer(joints, "page", page.issuer)
    return Check("ok", "page", f"People open {page.url}, and sign in with the PIN (clawver-orders pin set).")


def _sentence(error: DeskError) -> str:
    return f"{error.happened}. {error.next_step}."


def tell(check: Check) -> None:
    """Print it, a line."""
    mark, colour = _MARKS[check.outcome]
    click.echo(f"{click.style(f'{mark:7}', fg=colour)} {check.what:22} {check.said}")
