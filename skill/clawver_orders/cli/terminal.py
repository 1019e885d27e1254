"""The terminal itself, and not what was piped into the command: where only a person can answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, Final

import click

_NAMES: Final = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
_LONGEST_ANSWER: Final = 500


class Terminal:
    """A terminal with a person at it."""

    def __init__(self, reads: BinaryIO, writes: BinaryIO) -> None:
        self._reads = reads
        self._writes = writes

    def say(self, line: str) -> None:
        """Show one line."""
        self._writes.write(f"{line}\n".encode(errors="replace"))

    def ask_hidden(self, question: str) -> str:
        """As ask, without showing what is typed."""
        try:
            import termios  # noqa: PLC0415 - not on Windows
        except ImportError:
            return click.prompt(question, hide_input=True, prompt_suffix=" ")
        terminal = self._reads.fileno()
        shown = termios.tcgetattr(terminal)
        hidden = [*shown[:3], shown[3] & ~termios.ECHO, *shown[4:]]
        termios.tcsetattr(terminal, termios.TCSANOW, hidden)
        try:
            return self.ask(question)
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, shown)
            self.say("")

    def ask(self, question: str) -> str:
        """What a person types after the question; empty where they leave. Nothing typed before it counts."""
        with suppress(ImportError):
            import termios  # noqa: PLC0415 - not on Windows

            termios.tcflush(self._reads.fileno(), termios.TCIFLUSH)
        self._writes.write(f"{question} ".encode(errors="replace"))
        return self._reads.readline(_LONGEST_ANSWER).decode(errors="replace").strip()


@contextmanager
def person(what: str) -> Iterator[Terminal]:
    """The terminal of this process.

    Args:
        what: What a person is needed for, such as ``approve``.

    Raises:
        click.UsageError: There is none, so nobody can be asked.
    """
    try:
        reads, writes = open(_NAMES[0], "rb", buffering=0), open(_NAMES[1], "wb", buffering=0)  # noqa: SIM115, PTH123
    except OSError:
        raise click.UsageError(
            f"{what} is for a person at a terminal, and there is none here. Nothing was changed"
        ) from None
    with reads, writes:
        yield Terminal(reads, writes)
