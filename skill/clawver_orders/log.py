"""Writes the log to stderr where there is room: a host that never reads it, or a full disk, stops no refund."""

import io
import json
import logging
import os
import select
from datetime import UTC, datetime
from typing import TextIO

from clawver_orders.text import redact

# A pipe that can be written at all takes so many bytes at once without making the writer wait (POSIX: 512 or more,
# Linux: 4,096); a character has up to four.
_CHARACTERS_AT_ONCE = 128


class Json(logging.Formatter):
    """One JSON object a line, masked before it is one; what a record has as ``facts`` stands beside its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = [redact(part) for part in self.formatException(record.exc_info).splitlines()]
        return json.dumps(line, ensure_ascii=False)


class Patient(logging.StreamHandler[TextIO]):
    """Masks what looks like a secret, and drops what would have to wait until somebody reads."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, in pieces that a pipe takes at once."""
        try:
            line = self.format(record)
            if not isinstance(self.formatter, Json):
                # Line by line: what a line may be long is not what a traceback may be.
                line = "\n".join(map(redact, line.splitlines()))
            line += self.terminator
            for place in range(0, len(line), _CHARACTERS_AT_ONCE):
                if not _has_room(self.stream):
                    return
                self._write(line[place : place + _CHARACTERS_AT_ONCE])
        except OSError:
            # The disk is full, or nobody is there any more. Told to stderr, it would be the same once more.
            return
        except Exception:  # noqa: BLE001 - as every handler of logging
            self.handleError(record)

    def _write(self, piece: str) -> None:
        try:
            descriptor = self.stream.fileno()
        except io.UnsupportedOperation:
            self.stream.write(piece)
            return
        # Past the stream's buffer: what is left in there is tried again at the end, and makes that a failure.
        os.write(descriptor, piece.encode(self.stream.encoding, "backslashreplace"))


def _has_room(stream: TextIO) -> bool:
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (io.UnsupportedOperation, OSError):
        # No file of the system's, or one that cannot be asked, as on Windows.
        return True
