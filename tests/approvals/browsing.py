"""A person's browser before the approval page: opens the link of an answer, and sends its form as browsers do."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from clawver_orders.approvals.page import Page
from tests.counter import Counter, open_counter

PIN = "correct horse"
FORM = "application/x-www-form-urlencoded"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def csrf_of(html: str) -> str:
    """What the page's own form sends back."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found, html
    return found[1]


def words_of(html: str) -> str:
    """What a person reads: without tags, in one line."""
    body = html[html.index("<body>") :]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@dataclass
class Asked:
    """A counter whose answers hold the address of a page, and a browser on the same computer."""

    counter: Counter
    page: Page
    browser: httpx2.AsyncClient

    async def prepared(self, amount: str = "5.00 USD", **more: Any) -> str:
        return (await self.counter.prepared(amount, **more)).refund_id

    async def link(self, refund_id: str) -> str:
        """The address in the answer of execute_refund."""
        refund = await self.counter.desk.execute_refund(refund_id, None)
        assert refund.approval
        assert refund.approval.url
        return refund.approval.url

    async def open(self, url: str, **headers: str) -> httpx2.Response:
        return await self.browser.get(url, headers={"Accept-Language": "en", **headers})

    async def press(self, url: str, decision: str = "approve", **more: str) -> httpx2.Response:
        """Open the page, and press one of its buttons; ``more`` are further fields, such as the PIN."""
        fields = {"csrf": csrf_of((await self.open(url)).text), "decision": decision, **more}
        return await self.post(url, fields)

    async def post(
        self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        sent = {"Origin": origin_of(url), "Sec-Fetch-Site": "same-origin", "Content-Type": FORM}
        return await self.browser.post(url, content=urlencode(fields), headers={**sent, **(headers or {})})

    async def state(self, refund_id: str) -> str:
        move = await self.counter.ledger.get(refund_id)
        assert move
        return str(move.state)


@asynccontextmanager
async def asking(directory: Path, **options: Any) -> AsyncIterator[Asked]:
    """A counter with its page; the browser reaches the page without a socket."""
    page = Page()
    counter = open_counter(directory, approval_address=page.address, **options)
    transport = httpx2.ASGITransport(app=page.app)
    async with page.listening(counter.desk), httpx2.AsyncClient(transport=transport) as browser:
        yield Asked(counter, page, browser)
