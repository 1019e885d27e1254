"""Joins everything: settings in, then the server, the sandbox or a person's command."""

import logging
import os
import random
import secrets
import shlex
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

import anyio

from clawver_orders import cli, platforms
from clawver_orders.desk import Desk
from clawver_orders.desk.hearing import hear
from clawver_orders.desk.reconciling import reconcile
from clawver_orders.desk.whose import A_PERSON, Whose
from clawver_orders.errors import InvalidArgument, SetupError
from clawver_orders.events import Inbox, Received
from clawver_orders.http import Http, quiet_logging
from clawver_orders.ledger import FILE_NAME, File, SqliteLedger, SqlLedger
from clawver_orders.log import Json, Patient
from clawver_orders.money import CURRENCIES, Money, parse
from clawver_orders.refunds.limits import Limits
from clawver_orders.refunds.machine import Ledger, Move
from clawver_orders.settings import Plain, Secret, Settings, StoreSettings, load, no_store
from clawver_orders.store import Store
from clawver_orders.telemetry import OFF, Telemetry
from clawver_orders.telemetry import opened as opened_telemetry
from clawver_orders.tokens import Tokens
from clawver_orders.webhooks import Receiver, SecretFiles, Sender, StoreSecrets, forget_deleted

if TYPE_CHECKING:
    from clawver_orders.approvals.page import Page
    from clawver_orders.approvals.team import TeamPage
    from clawver_orders.issuer import Issuer

_SANDBOX_KEY: Final = "claw_sk_test_example"
_TEST_KEYS: Final = "claw_sk_test_"
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
# A laptop that slept, or a clock that was set: more than this between two readings is no drift.
_CLOCKS_AGREE_S: Final = 2.0


def now() -> datetime:
    """The wall clock, in the zone of this machine."""
    return datetime.now(UTC).astimezone()


def awake_clock() -> Callable[[], float]:
    """A clock in seconds that also counts while the machine sleeps.

    Linux has one. Elsewhere, where the wall clock and the monotonic one part by more than two seconds, the clock
    jumps by the difference, so that a deadline taken before it has passed.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return lambda: time.clock_gettime(time.CLOCK_BOOTTIME)
    before = (time.time(), time.monotonic())
    jumped = 0.0

    def read() -> float:
        nonlocal before, jumped
        wall, monotonic = time.time(), time.monotonic()
        parted = abs((wall - before[0]) - (monotonic - before[1]))
        jumped += parted if parted > _CLOCKS_AGREE_S else 0.0
        before = (wall, monotonic)
        return monotonic + jumped

    return read


class Joints:
    """What commands need of the rest of the program.

    Args:
        environ: The environment.
        config: The settings file that ``--config`` named.
        sandbox: Whether the shops are made up.
        modules: The platforms that there are.
    """

    def __init__(
        self,
        *,
        config: Path | None = None,
        sandbox: bool = False,
        modules: Mapping[str, str] = platforms.MODULES,
    ) -> None:
        self._environ = os.environ
        self._modules = modules
        self._config = config
        self._sandbox = sandbox

    def settings(self) -> Settings:
        """The settings, checked. SetupError says what is wrong with them."""
        known = platforms.settings_of(self._modules)
        return load(self._environ, self._config, currencies=CURRENCIES, platforms=known)

    def state_directory(self, settings: Settings) -> Path:
        """Where the record is: the sandbox has its own."""
        return settings.sandbox_directory if self._sandbox else settings.state_directory

    @asynccontextmanager
    async def open_desk(
        self,
        *,
        read_only: bool = False,
        page: "Page | None" = None,
        team_page: Callable[[Move], Awaitable[str | None]] | None = None,
        here: bool = True,
        serving: bool = False,
        telemetry: Telemetry = OFF,
    ) -> AsyncIterator[Desk]:
        """The desk over the configured stores, or over the sandbox; its connections are closed at the end."""
        settings = self.settings()
        directory = self.state_directory(settings)
        async with AsyncExitStack() as open_stores:
            if self._sandbox:
                stores = self._made_up(settings, directory, telemetry, another=serving)
            else:
                stores = [
                    self._open(store, Http(store.base_url, watch=telemetry.shop(store.platform)))
                    for store in settings.stores
                ]
            for store in stores:
                open_stores.push_async_callback(store.aclose)
            ledger = self._ledger(settings, directory)
            yield Desk(
                stores,
                telemetry.record(ledger),
                ledger,
                now=now,
                awake=awake_clock(),
                keep_secret=SecretFiles(directory).keep,
                drop_secrets=SecretFiles(directory).drop,
                sandbox=self._sandbox,
                read_only=read_only,
                trust_forms=settings.refunds.trust_forms,
                customer_data=settings.privacy.customer_data,
                allowed_hosts=settings.webhooks.allowed_hosts,
                limits=_limits(settings),
                approval_address=page.address if page is not None else team_page,
                approve_with=self._approve_with(),
                approved_here=here,
                missing_store=no_store(self._environ),
                # Where the page is, an assistant stands before the desk; else a person.
                whose=Whose("") if page is not None else A_PERSON,
            )

    def _approve_with(self) -> str:
        """The command that opens this very desk: the same settings, the same record."""
        words = ["clawver-orders", "approve"]
        if self._sandbox:
            words.append("--sandbox")
        if self._config is not None:
            words += ["--config", str(self._config.absolute())]
        return shlex.join(words)

    def _open(self, store: StoreSettings, http: Http) -> Store:
        return platforms.load(store.platform, self._modules).open(store, http, now)

    def _made_up(self, settings: Settings, directory: Path, telemetry: Telemetry, *, another: bool) -> list[Store]:
        """A made-up shop for each store that is configured, or one of Clawver's where none is.

        It is a sandbox that runs already, where the store's address is one on this machine; else one in this
        process. A server opens another shop, since the record of its refunds outlives it; a person's commands
        show the shop that was opened last, as it was when it opened.
        """
        seed = _sandbox_seed(directory, another=another)
        return [self._open_made_up(store, seed, telemetry) for store in self._configured(settings)]

    def _open_made_up(self, store: StoreSettings, seed: int, telemetry: Telemetry = OFF) -> Store:
        import httpx2  # noqa: PLC0415 - only for a sandbox in this process

        from clawver_orders.sandbox import open_sandbox  # noqa: PLC0415

        given = self._environ.get("CLAW_API_KEY", "")
        # Never a real key: only one that is made for testing goes to a made-up shop.
        key = given if given.startswith(_TEST_KEYS) else _SANDBOX_KEY
        sandbox = open_sandbox(store.platform, seed, key=key)
        made_up = platforms.opened_by(store.name, store.platform, store.base_url, sandbox.settings, self._modules)
        watch = telemetry.shop(store.platform)
        if urlsplit(store.base_url).hostname in _LOOPBACK:
            return self._open(made_up, Http(store.base_url, watch=watch))
        transport = httpx2.ASGITransport(app=sandbox.app)
        return self._open(made_up, Http("http://localhost", transport=transport, watch=watch))

    async def serve(self, *, read_only: bool) -> None:
        """MCP over stdin and stdout, until the client leaves."""
        from clawver_orders.approvals.page import Page  # noqa: PLC0415 - needs a web server, as the SDK does
        from clawver_orders.server import Updates, build  # noqa: PLC0415 - the SDK takes longer to load than all
        from clawver_orders.server.stdio import serve_stdio  # noqa: PLC0415

        page = Page()
        async with self.open_desk(read_only=read_only, page=page, serving=True) as desk, page.listening(desk):
            capabilities = [store.capabilities for store in desk.stores] or [
                platforms.load("clawver", self._modules).capabilities
            ]
            updates = Updates()
            server = build(desk, capabilities=capabilities, updates=updates)
            async with anyio.create_task_group() as tasks:
                if desk.stores:
                    tasks.start_soon(partial(reconcile, desk, sleep=anyio.sleep, random=random.random))
                    tasks.start_soon(partial(hear, desk, updates.tell, sleep=anyio.sleep, random=random.random))
                await serve_stdio(server, desk)
                tasks.cancel_scope.cancel()

    async def receive(self, *, host: str, port: int, ready: Callable[[str], None]) -> None:
        """What the shops send, until it is stopped."""
        from clawver_orders.webhooks.listener import listen  # noqa: PLC0415 - needs a web server

        settings = self.settings()
        async with opened_telemetry(self._environ, self._platforms(settings)) as telemetry:
            ledger = self._ledger(settings, self.state_directory(settings))
            await self._forget_deleted(settings, ledger)
            receiver = self._receiver(settings, telemetry.inbox(ledger))
            await receiver.check()
            try:
                await listen(telemetry.requests(receiver), host, port, ready)
            except OSError as error:
                raise SetupError(
                    f"{host}:{port} cannot be had ({type(error).__name__})",
                    "Choose another with --port and --host; port 0 is any that is free",
                ) from error

    async def kept_secrets(self, store: str) -> Mapping[str, str]:
        """The secrets that create_webhook made for a store, newest first, by the id of the registration."""
        kept = await SecretFiles(self.state_directory(self.settings())).of(store)
        return {one.action_id: one.secret for one in kept}

    async def event_secrets(self, store: StoreSettings) -> int | None:
        """How many secrets of a store's events are known here; None where its platform sends no events."""
        if platforms.load(store.platform, self._modules).webhook is None:
            return None
        files = SecretFiles(self.state_directory(self.settings()))
        return len(await StoreSecrets(store.name, files, self._webhook_secrets(store))())

    async def _forget_deleted(self, settings: Settings, ledger: Ledger) -> None:
        stores = [store.name for store in self._configured(settings)]
        await forget_deleted(SecretFiles(self.state_directory(settings)), stores, ledger)

    def _receiver(self, settings: Settings, inbox: Inbox) -> Receiver:
        """What takes the events of all stores whose platform sends some."""
        files = SecretFiles(self.state_directory(settings))
        senders: dict[str, Sender] = {}
        for store in self._configured(settings):
            verify = platforms.load(store.platform, self._modules).webhook
            if verify is not None:
                secrets = StoreSecrets(store.name, files, self._webhook_secrets(store))
                senders[store.name] = Sender(verify, secrets)
        return Receiver(senders, inbox)

    def _configured(self, settings: Settings) -> Sequence[StoreSettings]:
        """The stores; in the sandbox, one of Clawver's where there are none."""
        if settings.stores or not self._sandbox:
            return settings.stores
        return (StoreSettings("clawver", "clawver", self._environ.get("CLAW_API_URL", "")),)

    def _platforms(self, settings: Settings) -> Mapping[str, str]:
        """The platform of each store, by the store's name."""
        return {store.name: store.platform for store in self._configured(settings)}

    def _webhook_secrets(self, store: StoreSettings) -> list[Secret | Plain]:
        """What the settings name, and what a made-up shop signs with."""
        named: list[Secret | Plain] = [
            secret for secret in (store.webhook_secret, store.previous_webhook_secret) if secret is not None
        ]
        if self._sandbox:
            from clawver_orders.sandbox import open_sandbox  # noqa: PLC0415 - only for a sandbox

            made_up = open_sandbox(store.platform, 0).settings.get("webhook_secret")
            named += [Plain(str(made_up))] if made_up else []
        return named

    def log_as_json(self) -> None:
        """From now on the log is one JSON object a line."""
        log_to_stderr(as_json=True)

    def tokens(self) -> Tokens:
        """The record's tokens."""
        settings = self.settings()
        return self._ledger(settings, self.state_directory(settings)).tokens

    async def serve_http(self, *, host: str, port: int, page_port: int, read_only: bool) -> None:
        """MCP over HTTP for who has a token, until it is told to stop."""
        from clawver_orders.approvals.team import address_at, refuse_unsafe  # noqa: PLC0415 - as above
        from clawver_orders.server.http import Terms, serve_http  # noqa: PLC0415 - as above

        settings = self.settings()
        refuse_unsafe(settings.approvals, settings.http)
        team_page = address_at(settings.approvals.url) if settings.approvals.url else None
        terms = Terms(
            host,
            port,
            names=settings.http.allowed_hosts,
            origins=settings.http.allowed_origins,
            a_minute=settings.http.requests_per_minute,
            stateless=settings.http.stateless,
            unset=[platforms.load("clawver", self._modules).capabilities],
            audience=settings.http.audience,
            page_port=page_port,
        )
        async with (
            opened_telemetry(self._environ, self._platforms(settings)) as telemetry,
            self.open_desk(
                read_only=read_only, team_page=team_page, here=False, serving=True, telemetry=telemetry
            ) as desk,
        ):

            async def beside(tell: Callable[[Sequence[Received]], Awaitable[None]]) -> None:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(partial(reconcile, desk, sleep=anyio.sleep, random=random.random))
                    tasks.start_soon(partial(hear, desk, tell, sleep=anyio.sleep, random=random.random))
                    tasks.start_soon(partial(telemetry.unsettled, desk.moves.ledger, sleep=anyio.sleep))

            await self._forget_deleted(settings, desk.moves.ledger)
            receiver = self._receiver(settings, telemetry.inbox(desk.inbox))
            await receiver.tell_missing()
            await serve_http(
                desk,
                self.tokens(),
                terms,
                beside=beside,
                settings_wrong=lambda: "" if self._sandbox else _missing_secrets(settings),
                issuer=self._issuer(settings.http.issuer) if settings.http.issuer else None,
                page=await self._team_page(settings, desk) if settings.approvals.url else None,
                webhooks=receiver,
                watch=telemetry.calls,
                around=telemetry.requests,
            )

    async def _team_page(self, settings: Settings, desk: Desk) -> "TeamPage":
        """The page that the settings turn on, and its login, if it has one."""
        from clawver_orders.approvals.team import open_page  # noqa: PLC0415 - needs a web server

        page = settings.approvals
        if page.client_secret is None:
            return await open_page(desk, page.url, None)
        from clawver_orders.approvals.team.login import Login  # noqa: PLC0415 - an extra
        from clawver_orders.http.document import ask  # noqa: PLC0415 - few need it

        login = Login(
            self._issuer(page.issuer),
            page.client_id,
            page.client_secret,
            page.people,
            redirect=f"{page.url}/callback",
            post=partial(ask, "POST"),
            now=now,
        )
        return await open_page(desk, page.url, login)

    def _issuer(self, url: str) -> "Issuer":
        from clawver_orders.http.document import fetch  # noqa: PLC0415 - few need it
        from clawver_orders.issuer import Issuer  # noqa: PLC0415 - as above

        return Issuer(url, fetch, now=now, awake=awake_clock())

    async def issuer_keys(self, url: str) -> int:
        """How many keys an issuer publishes that tokens can be verified with."""
        return await self._issuer(url).keys()

    async def simulate(
        self, *, port: int, seed: int | None, generation: str, faults: Sequence[str], ready: Callable[[str], None]
    ) -> None:
        """The made-up shop over HTTP on this machine, until it is stopped."""
        from clawver_orders.sandbox import DIALECTS, Mall, Sandbox, open_sandbox, serve  # noqa: PLC0415 - few need it

        clawver = Sandbox(seed=seed, generation="legacy" if generation == "legacy" else "current")
        others = {name: open_sandbox(name, clawver.seed or 0) for name in DIALECTS}
        shops = Mall({"clawver": clawver, **others})
        for fault in faults:
            try:
                shops.add_fault(fault)
            except ValueError as error:
                raise InvalidArgument(f"--fault: {error}", "See references/sandbox.md for all of them") from None
        try:
            await serve(shops, "127.0.0.1", port, ready)
        except OSError as error:
            raise SetupError(
                f"Port {port} cannot be had ({type(error).__name__})", "Choose another with --port, or 0 for any"
            ) from error

    async def first_answer(self, store: StoreSettings) -> datetime | None:
        """Read one order of the shop with its key: the shop's clock, if it tells the time."""
        opened = self._open_made_up(store, 0) if self._sandbox else self._open(store, Http(store.base_url))
        try:
            return await opened.ping()
        finally:
            await opened.aclose()

    async def check_record(self, directory: Path) -> tuple[str, ...] | None:
        """What is wrong with the record in a directory; None where there is none yet."""
        settings = self.settings()
        if self._database_url(settings) is None and not (directory / FILE_NAME).exists():
            return None
        return await self._ledger(settings, directory).verify()

    def record(self) -> tuple[str, SqlLedger]:
        """Where the record is, in words for a person, and the record."""
        settings = self.settings()
        directory = self.state_directory(settings)
        in_file = self._database_url(settings) is None
        place = f"The file {directory / FILE_NAME}" if in_file else "The database that database_url names"
        return place, self._ledger(settings, directory)

    async def move_record(self) -> Mapping[str, int]:
        """Move it from the state directory to the database; how many rows of each table, none if it had been."""
        from anyio import to_thread  # noqa: PLC0415 - few need it

        from clawver_orders.ledger.moving import move  # noqa: PLC0415 - needs the database's driver
        from clawver_orders.ledger.postgres import Server  # noqa: PLC0415

        settings = self.settings()
        url = self._database_url(settings)
        if url is None:
            raise SetupError(
                "The settings name no database to move the record to",
                'Write database_url = "postgresql+psycopg://user@host/database" under [state] in the settings file',
                field="database_url",
            )
        return await to_thread.run_sync(move, File(settings.state_directory), Server(url), now())

    def _ledger(self, settings: Settings, directory: Path) -> SqlLedger:
        url = self._database_url(settings)
        if url is None:
            return SqliteLedger(directory, now)
        from clawver_orders.ledger.postgres import PostgresLedger  # noqa: PLC0415 - few need it

        return PostgresLedger(url, now, left_behind=File(directory).began)

    def _database_url(self, settings: Settings) -> Secret | Plain | None:
        """Where the shared record is; made-up refunds are never kept there."""
        return None if self._sandbox else settings.database_url


def _missing_secrets(settings: Settings) -> str:
    """What keeps the stores from being asked, in words for the log; empty where nothing does."""
    if not settings.stores:
        return "no store is configured"
    missing = []
    for store in settings.stores:
        for name, secret in store.secrets():
            try:
                secret.value()
            except SetupError:
                missing.append(f"stores.{store.name}.{name}")
    return f"missing: {', '.join(missing)}" if missing else ""


def _sandbox_seed(directory: Path, *, another: bool) -> int:
    file = directory / "seed"
    # Where it cannot be kept, each command has a shop of its own.
    with suppress(OSError, ValueError):
        if not another:
            return int(file.read_text())
    seed = secrets.randbelow(1 << 32)
    with suppress(OSError):
        for place in reversed((directory, *directory.parents)):
            place.mkdir(mode=0o700, exist_ok=True)
        file.write_text(str(seed))
    return seed


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_amount=_caps(settings, "max_amount"),
        max_per_day=_caps(settings, "max_per_day"),
        assistant=settings.refunds.confirm == "assistant",
    )


def _caps(settings: Settings, key: Literal["max_amount", "max_per_day"]) -> dict[str, Money]:
    try:
        caps = [parse(amount, field=key) for amount in getattr(settings.refunds, key)]
    except InvalidArgument as error:
        raise SetupError(f"{settings.config_file}: refunds.{error.happened}", error.next_step, field=key) from None
    return {cap.currency: cap for cap in caps}


def log_to_stderr(*, as_json: bool = False) -> None:
    """Our own lines and the libraries' warnings; never a URL's query, a header or a body."""
    handler = Patient(sys.stderr)
    handler.setFormatter(Json() if as_json else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=as_json)
    logging.getLogger("clawver_orders").setLevel(logging.INFO)
    quiet_logging()
    # It writes what a client sent as baggage, and a line each time that a collector is away; ours is one for all.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command ``clawver-orders``."""
    log_to_stderr()
    sys.exit(cli.run(Joints, arguments))


if __name__ == "__main__":
    main()
