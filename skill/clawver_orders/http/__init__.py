"""The one place where bytes leave: reads with deadline, size cap and retries; writes once, on their own connection.

httpx2's transports are used directly, below its client: so there are no redirects, cookies, proxies, netrc or URL
logging to switch off. Reads (``Http.read``) may be repeated, writes (``Http.write``) never are. Only whole JSON is
believed. What a status means is the platform's to say; ``raise_for_status`` says it where it has no own word.
"""

from clawver_orders.http.address import Path, path
from clawver_orders.http.answer import MAX_BODY, Reply, raise_for_status, readable
from clawver_orders.http.client import Call, Http, Sent, quiet_logging

__all__ = [
    "MAX_BODY",
    "Call",
    "Http",
    "Path",
    "Reply",
    "Sent",
    "path",
    "quiet_logging",
    "raise_for_status",
    "readable",
]
