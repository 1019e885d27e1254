"""A person at a terminal: a command in a pseudo-terminal of its own, and what is typed once it asks."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_SPAWN = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_COMMAND = (sys.executable, "-m", "clawver_orders")


def environment(state: Path, **more: str) -> dict[str, str]:
    """What a command needs to run, without this machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLAW", "XDG", "OTEL"))}
    return kept | {"HOME": str(state / "nobody"), "CLAWVER_ORDERS_HOME": str(state), "TERM": "dumb"} | more


def at_a_terminal(
    arguments: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    asked: str = "Type the",
    typed: str = "\n",
    then: Sequence[tuple[str, str]] = (),
    piped: str = "",
) -> tuple[int, str]:
    """Run a command in a terminal.

    Args:
        arguments: What follows the command's name.
        environ: The environment.
        asked: The words after which something is typed.
        typed: What is typed then.
        then: Further words, each with what is typed after it.
        piped: What is on the command's stdin, if that is not the terminal.

    Returns:
        The exit status, and all that the terminal showed.
    """
    command = (*_COMMAND, *arguments)
    if piped:
        command = ("/bin/sh", "-c", 'printf "%s\\n" "$0" | "$@"', piped, *command)
    with subprocess.Popen(
        (sys.executable, "-c", _SPAWN, *command),
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin
        assert process.stdout
        shown, seen, answers = b"", 0, [(asked, typed), *then]
        while chunk := process.stdout.read(4096):
            shown += chunk
            if answers and answers[0][0].encode() in shown[seen:]:
                process.stdin.write(answers.pop(0)[1].encode())
                seen = len(shown)
        process.stdin.close()
    return process.returncode, shown.decode(errors="replace").replace("\r\n", "\n")


def without_a_terminal(
    arguments: tuple[str, ...], environ: Mapping[str, str], *, piped: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command as a program does: with no terminal, not even a controlling one."""
    return subprocess.run(
        (*_COMMAND, *arguments),
        env=dict(environ),
        input=piped,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )


@contextmanager
def somebody_types(asked: str, typed: str) -> Iterator[str]:
    """The name of a terminal at which somebody types, once they are asked."""
    ours, theirs = os.openpty()

    def type_it() -> None:
        shown = b""
        while asked.encode() not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, typed.encode())

    person = threading.Thread(target=type_it)
    person.start()
    try:
        yield os.ttyname(theirs)
        person.join()
    finally:
        os.close(ours)
        os.close(theirs)
