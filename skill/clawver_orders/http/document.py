"""One document of another server's, such as an issuer's keys: asked for once, on a connection of its own."""

import ssl
from collections.abc import Mapping
from contextlib import aclosing

import anyio
import httpx2

from clawver_orders import __version__
from clawver_orders.errors import BadResponseError, NetworkError, NotFoundError, UpstreamError
from clawver_orders.http import faults
from clawver_orders.http.address import refuse_unsafe

_MAX_BYTES = 256 * 1024
_DEADLINE_S = 8.0


async def fetch(url: str) -> bytes:
    """GET a document: the body of a 200, within 8 seconds and 256 KiB.

    Raises:
        NetworkError: No complete answer.
        NotFoundError: There is none at that address.
        UpstreamError: The server failed, or refuses.
        BadResponseError: A redirect, which is not followed; more than that; or the address is neither https nor
            on this machine.
    """
    status, body = await ask("GET", url)
    if status == 200:
        return body
    if status in {404, 410}:
        raise NotFoundError("the issuer has no such document", "Check the issuer in the settings")
    if 300 <= status < 400:
        raise BadResponseError(
            f"the issuer answers with a redirect (HTTP {status}), which is never followed",
            "Write the issuer in the settings as its own metadata says it",
        )
    raise UpstreamError(
        f"the issuer does not give its metadata or keys (HTTP {status})", "Try again, and check the issuer"
    )


async def ask(
    method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | None = None
) -> tuple[int, bytes]:
    """One request and its whole answer, whatever its status; no redirect, no cookie, no proxy, no repetition.

    Raises:
        NetworkError: No complete answer.
        BadResponseError: The answer is too long, or the address is neither https nor on this machine.
    """
    refuse_unsafe(url)
    every = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "User-Agent": f"clawver-orders/{__version__}",
        **(headers or {}),
    }
    timeouts = {"connect": 5.0, "read": None, "write": None, "pool": None}
    request = httpx2.Request(method, url, headers=every, content=content, extensions={"timeout": timeouts})
    secure = url.lower().startswith("https:")
    trusted = httpx2.create_ssl_context(trust_env=False) if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with anyio.fail_after(_DEADLINE_S):
            async with httpx2.AsyncHTTPTransport(verify=trusted, trust_env=False, retries=0) as transport:
                response = await transport.handle_async_request(request)
                async with aclosing(response.aiter_bytes()) as chunks:
                    body = bytearray()
                    async for chunk in chunks:
                        body += chunk
                        if len(body) > _MAX_BYTES:
                            raise BadResponseError(
                                "the issuer's answer is too long", "Check the issuer in the settings"
                            )
                await response.aclose()
                return response.status_code, bytes(body)
    except BadResponseError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a transport raises: no complete answer arrived
        raise NetworkError(
            f"no complete answer from the issuer ({faults.in_words(error)})",
            "Check the issuer in the settings, and the network",
        ) from None
