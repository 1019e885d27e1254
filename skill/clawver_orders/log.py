"""Writes the log to stderr where there is room for it: a host that never reads it must not stop a refund."""

import io
import logging
import select
from typing import TextIO

from clawver_orders.text import redact

# A pipe that can be written at all takes so many bytes at once without making the writer wait (POSIX: 512 or more,
# Linux: 4,096); a character has up to four.
_CHARACTERS_AT_ONCE = 128


class Patient(logging.StreamHandler[TextIO]):
    """Masks what looks like a secret, and drops what would have to wait until somebody reads."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, in pieces that a pipe takes at once."""
        try:
            # Line by line: what a line may be long is not what a traceback may be.
            line = "\n".join(map(redact, self.format(record).splitlines())) + self.terminator
            for place in range(0, len(line), _CHARACTERS_AT_ONCE):
                if not _has_room(self.stream):
                    return
                self.stream.write(line[place : place + _CHARACTERS_AT_ONCE])
                self.flush()
        except Exception:  # noqa: BLE001 - as every handler of logging
            self.handleError(record)


def _has_room(stream: TextIO) -> bool:
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (io.UnsupportedOperation, OSError):
        # No file of the system's, or one that cannot be asked, as on Windows.
        return True
