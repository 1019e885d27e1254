"""A program that calls get_order over HTTP, on a bare socket: of the later era, or of the older one in sessions."""

import json
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from anyio.abc import SocketAttribute, SocketStream

Era = Literal["2026-07-28", "2025-11-25"]
LATER: Final[Era] = "2026-07-28"
OLDER: Final[Era] = "2025-11-25"
_META: Final = {
    "io.modelcontextprotocol/protocolVersion": LATER,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_ENDED: Final = b"0\r\n\r\n"


@dataclass(slots=True)
class Program:
    """One connection to a server.

    Attributes:
        stream: The connection.
        order_id: What it asks for.
        token: What it shows; empty: nothing.
        era: Which protocol it speaks.
    """

    stream: SocketStream
    order_id: str
    token: str
    era: Era = LATER
    _session: str = ""
    _asks: bytes = field(default=b"", repr=False)

    async def begin(self) -> None:
        """Open a session, in the older era."""
        if self.era == OLDER:
            about = {"protocolVersion": OLDER, "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
            head, _ = await self._exchange(self._message("initialize", about, number=0))
            self._session = head.partition(b"mcp-session-id: ")[2].partition(b"\r\n")[0].decode()
            await self._exchange(self._message("notifications/initialized", {}, number=None))
        params: dict[str, Any] = {"name": "get_order", "arguments": {"order_id": self.order_id}}
        self._asks = self._message("tools/call", params)

    async def call(self) -> None:
        """Ask for the order once."""
        head, body = await self._exchange(self._asks)
        if b'"structuredContent"' not in body:
            raise RuntimeError(f"no order came: {(head + body)[:300]!r}")

    async def end(self) -> None:
        """End the session."""
        if self._session:
            await self._exchange(self._request("DELETE", []))

    def _message(self, method: str, params: dict[str, Any], *, number: int | None = 1) -> bytes:
        more = []
        if self.era == LATER:
            about = {
                "ProtocolVersion": LATER,
                "ClientInfo": {"name": "bench", "version": "1"},
                "ClientCapabilities": {},
            }
            meta = {f"io.modelcontextprotocol/{name[0].lower()}{name[1:]}": said for name, said in about.items()}
            params = params | {"_meta": meta}
            more = [f"Mcp-Method: {method}", "Mcp-Name: get_order"]
        numbered = {} if number is None else {"id": number}
        body = json.dumps({"jsonrpc": "2.0", **numbered, "method": method, "params": params}).encode()
        return self._request("POST", ["Content-Type: application/json", *more], body)

    def _request(self, method: str, headers: list[str], body: bytes = b"") -> bytes:
        lines = [
            f"{method} /mcp HTTP/1.1",
            f"Host: 127.0.0.1:{self.stream.extra(SocketAttribute.remote_port)}",
            "Accept: application/json, text/event-stream",
            f"MCP-Protocol-Version: {self.era}",
            *headers,
            *([f"Mcp-Session-Id: {self._session}"] if self._session else []),
            *([f"Authorization: Bearer {self.token}"] if self.token else []),
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body

    async def _exchange(self, request: bytes) -> tuple[bytes, bytes]:
        """Head and body of the answer."""
        await self.stream.send(request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += await self.stream.receive()
        head, _, body = got.partition(b"\r\n\r\n")
        head = head.lower() + b"\r\n"
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        while len(body) < int(length) if length else not body.endswith(_ENDED):
            body += await self.stream.receive()
        return head, body
