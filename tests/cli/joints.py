"""What commands need of the rest of the program, over a counter in process instead of the network."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from clawver_orders.desk import Desk
from clawver_orders.errors import DeskError
from clawver_orders.ledger import SqlLedger
from clawver_orders.platforms import settings_of
from clawver_orders.settings import Settings, StoreSettings, load
from clawver_orders.tokens import Tokens
from tests.counter import Clock, Counter, open_counter


def counter(directory: Path, **options: object) -> Counter:
    """A counter whose clock shows the real time, as the commands' own does."""
    return open_counter(directory, clock=Clock(datetime.now(UTC)), **options)  # type: ignore[arg-type]


@dataclass
class Joined:
    """Joints that lead to a counter, or to another desk; call it as the commands call what makes them."""

    counter: Counter
    environ: dict[str, str] = field(default_factory=dict)
    served: list[bool] = field(default_factory=list)
    served_at: list[tuple[str, int, int, bool]] = field(default_factory=list)
    logs_json: bool = False
    answer: datetime | DeskError | None = None
    wrong: tuple[str, ...] | DeskError | None = None
    keys: int | DeskError = 1
    secrets: int | DeskError | None = None
    asked: list[tuple[Path | None, bool]] = field(default_factory=list)
    desk: Desk | None = None

    def __call__(self, *, config: Path | None = None, sandbox: bool = False) -> "Joined":
        self.asked.append((config, sandbox))
        return self

    def settings(self) -> Settings:
        return load(self.environ, None, currencies={"USD"}, platforms=settings_of())

    def state_directory(self, settings: Settings) -> Path:
        return settings.state_directory

    @asynccontextmanager
    async def open_desk(self, *, read_only: bool = False) -> AsyncIterator[Desk]:
        yield self.desk or self.counter.desk

    async def serve(self, *, read_only: bool) -> None:
        self.served.append(read_only)

    async def serve_http(self, *, host: str, port: int, page_port: int, read_only: bool) -> None:
        self.served_at.append((host, port, page_port, read_only))

    def log_as_json(self) -> None:
        self.logs_json = True

    def tokens(self) -> Tokens:
        return self.counter.ledger.tokens

    async def receive(self, *, host: str, port: int, ready: Callable[[str], None]) -> None:
        ready(f"http://{host}:{port}")

    async def kept_secrets(self, store: str) -> Mapping[str, str]:
        return {}

    async def event_secrets(self, store: StoreSettings) -> int | None:
        if isinstance(self.secrets, DeskError):
            raise self.secrets
        return self.secrets

    async def simulate(
        self, *, port: int, seed: int | None, generation: str, faults: Sequence[str], ready: Callable[[str], None]
    ) -> None:
        ready(f"http://127.0.0.1:{port}")

    async def first_answer(self, store: StoreSettings) -> datetime | None:
        if isinstance(self.answer, DeskError):
            raise self.answer
        return self.answer

    async def issuer_keys(self, url: str) -> int:
        if isinstance(self.keys, DeskError):
            raise self.keys
        return self.keys

    async def check_record(self, directory: Path) -> tuple[str, ...] | None:
        if isinstance(self.wrong, DeskError):
            raise self.wrong
        return self.wrong

    def record(self) -> tuple[str, SqlLedger]:
        return "The counter's own", self.counter.ledger

    async def move_record(self) -> Mapping[str, int]:
        raise AssertionError("there is no database beside a counter")
