"""Says where a program gets an access token for this desk (RFC 9728, RFC 6750)."""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from clawver_orders.tokens import SCOPES

_WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_REALM: Final = 'Bearer realm="clawver-orders"'
_ALL: Final = " ".join(SCOPES)


class Resource:
    """The desk as what access tokens are for; without an issuer it has tokens of its own alone.

    Args:
        issuer: Who issues them; empty: nobody.
        audience: The desk's address, as programs write it.
    """

    def __init__(self, issuer: str = "", audience: str = "") -> None:
        parts = urlsplit(audience)
        path = f"{_WELL_KNOWN}{parts.path.rstrip('/')}"
        self._about = (
            f', resource_metadata="{parts.scheme}://{parts.netloc}{path}", scope="{_ALL}"' if issuer else ""
        )
        # At the desk's own path, too: something before it may have another.
        self.paths = frozenset({_WELL_KNOWN, f"{_WELL_KNOWN}/mcp", path}) if issuer else frozenset[str]()
        self._metadata = {
            "resource": audience,
            "authorization_servers": [issuer],
            "scopes_supported": list(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": "Clawver Orders",
        }

    def metadata(self) -> Response:
        """Where to get a token, for whoever asks."""
        return JSONResponse(self._metadata)

    def challenge(self, error: str = "") -> str:
        """What stands in WWW-Authenticate.

        Args:
            error: ``invalid_token`` or ``insufficient_scope``; empty where nothing was shown.
        """
        why = {
            "": "",
            "invalid_token": ', error="invalid_token", error_description="No valid token was shown"',
            "insufficient_scope": ', error="insufficient_scope", error_description="It is good for nothing here"',
        }
        return f"{_REALM}{why[error]}{self._about}"
