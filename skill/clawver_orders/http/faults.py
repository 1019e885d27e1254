"""Faults: what went wrong on the way, in a few words of ours."""

import socket
import ssl
from typing import Final

import httpx2

from clawver_orders.errors import NetworkError
from clawver_orders.http.answer import TooLarge

# The first line that fits an error or a cause of it says what was seen. httpx2's own errors stand before those of
# TLS, which are among the causes of any error on a TLS stream; an in-process transport raises the last two.
_WORDS: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((TooLarge,), "answer too large"),
    ((httpx2.DecodingError,), "damaged compression"),
    ((httpx2.ConnectTimeout,), "time-out while connecting"),
    ((httpx2.TimeoutException,), "time-out"),
    ((httpx2.ReadError, httpx2.WriteError), "connection reset"),
    ((httpx2.RemoteProtocolError,), "incomplete or malformed answer"),
    ((ssl.SSLCertVerificationError,), "TLS certificate refused"),
    ((ssl.SSLError,), "TLS failed"),
    ((socket.gaierror,), "name not found"),
    ((ConnectionRefusedError,), "connection refused"),
    ((httpx2.ConnectError,), "no connection"),
    ((TimeoutError,), "time-out"),
    ((ConnectionError,), "connection reset"),
)


def in_words(error: BaseException) -> str:
    """What was seen, from an error and what caused it; never the error's own text, which may hold an address."""
    causes, rest = [], [error]
    while rest:
        each = rest.pop()
        causes.append(each)
        rest += [other for other in (each.__cause__, each.__context__) if other and other not in causes]
        if isinstance(each, BaseExceptionGroup):
            rest += each.exceptions
    for types, words in _WORDS:
        if any(isinstance(each, types) for each in causes):
            return words
    return "connection failed"


def network_error(seen: str) -> NetworkError:
    """The error of a read that got no complete answer."""
    where = seen in {"name not found", "TLS failed", "TLS certificate refused", "connection refused"}
    next_step = "Check base_url in the settings and the network" if where else "Try again in a moment"
    return NetworkError(f"no complete answer from the shop ({seen})", next_step)
