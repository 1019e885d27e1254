"""Secrets: where the settings say that one is kept, looked up only when it is needed, shown nowhere."""

import importlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from clawver_orders.errors import SetupError

ALLOWED: Final = '{ env = "NAME" }, { file = "path" } or { keyring = "service/user" }, never the secret itself'
# Capitals only, so that a key that was pasted in the place of a name is not taken for one, and shown.
_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,99}", re.ASCII)
_KEYRING: Final = re.compile(r"[!-.0-~]{1,100}/[!-~]{1,100}", re.ASCII)
_MAX_BYTES: Final = 64 * 1024


class NotAllowed(Exception):  # noqa: N818 - it is caught where file and key are known, and told as SetupError
    """A setting is not of the form that is allowed; the text says what was found instead, never a secret."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret.

    Attributes:
        kept_in: The kind of place.
        name: The variable's name, the file's path, or the keyring's ``service/user``.
        environ: Where variables are looked up.
    """

    kept_in: Literal["env", "file", "keyring"]
    name: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def value(self) -> str:
        """The secret, looked up now.

        Raises:
            SetupError: It is missing, blank, a placeholder that nobody filled in, or cannot go into a header.
        """
        match self.kept_in:
            case "env":
                found, where = self.environ.get(self.name), self.name
                next_step = f"Set {self.name} in the env of this server in your MCP client, or in your shell"
            case "file":
                found, where = _from_file(Path(self.name)), f"The secret file {self.name}"
                next_step = "Write the secret into it, alone, and run: chmod 600 on it"
            case _:
                found, where = _from_keyring(self.name), f"The keyring's entry {self.name}"
                service, _, user = self.name.partition("/")
                next_step = f"Set it with: keyring set {service} {user}"
        if fault := missing(found):
            raise SetupError(f"{where} {fault}", next_step, field=self.name)
        secret = (found or "").strip()
        if not re.fullmatch(r"[ -~]+", secret):
            raise SetupError(
                f"{where} holds line ends, control characters or letters that no key has",
                "Copy the key again, alone and on one line",
                field=self.name,
            )
        return secret


@dataclass(frozen=True, slots=True)
class Plain:
    """What may stand in a settings file itself, where other files have a reference to a secret."""

    text: str

    def value(self) -> str:
        """The text."""
        return self.text


def missing(found: str | None) -> str | None:
    """What is wrong with a value that counts as missing: not there, blank, or a placeholder; None if it counts."""
    if found is None:
        return "is not set"
    if not found.strip():
        return "is blank"
    if found.strip().startswith("${"):
        return "is still a placeholder that nothing filled in"
    return None


def expanded(path: str) -> Path:
    """A path with its ``~`` filled in.

    Raises:
        NotAllowed: Nobody has that home.
    """
    try:
        return Path(path.strip()).expanduser()
    except RuntimeError:
        raise NotAllowed("a path with ~, where there is no such home directory") from None


def read(value: object, directory: Path, environ: Mapping[str, str]) -> Secret:
    """A reference to a secret, as it stands in a settings file of that directory.

    Raises:
        NotAllowed: It is none; the text never holds the value.
    """
    if isinstance(value, str):
        raise NotAllowed("a text, which is not shown")
    if not isinstance(value, dict) or len(value) != 1:
        raise NotAllowed("not a reference to one secret")
    kept_in, name = next(iter(value.items()))
    if kept_in == "env" and isinstance(name, str) and _VARIABLE.fullmatch(name):
        return Secret("env", name, environ)
    if kept_in == "file" and isinstance(name, str) and name.strip() and name.isprintable():
        return Secret("file", str(directory / expanded(name)))
    if kept_in == "keyring" and isinstance(name, str) and _KEYRING.fullmatch(name):
        return Secret("keyring", name)
    raise NotAllowed("a reference to a secret whose place or name is not of the right form")


def _from_file(path: Path) -> str | None:
    try:
        # Not blocking, so that a pipe in the place of the file cannot hold the server up.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
                raise SetupError(
                    f"The secret file {path} is not a small text file", "Put the secret alone into a file"
                )
            if os.name == "posix" and status.st_mode & 0o007:
                raise SetupError(f"The secret file {path} can be used by every user here", f"Run: chmod 600 {path}")
            return file.read(_MAX_BYTES).decode()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(
            f"The secret file {path} cannot be read ({type(error).__name__})",
            "It must be a text file that this user may read",
        ) from error


def _from_keyring(name: str) -> str | None:
    try:
        keyring = importlib.import_module("keyring")
    except ModuleNotFoundError as error:
        raise SetupError(
            "A secret is kept in the keyring, and the package for that is not installed",
            'Run: pip install "clawver-orders[keyring]"',
        ) from error
    service, _, user = name.partition("/")
    try:
        found = keyring.get_password(service, user)
    except keyring.errors.KeyringError as error:
        raise SetupError(
            f"The keyring does not answer ({type(error).__name__})", "Unlock it, or keep the key in a file"
        ) from error
    return found if isinstance(found, str) else None
