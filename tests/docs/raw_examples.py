"""The requests on the pages of good and bad calls, sent to a made-up shop as curl would send them."""

import json
import shlex
from typing import Any, Final

import httpx2

from clawver_orders.sandbox import open_sandbox
from tests.counter import Clock
from tests.docs.example_pages import API, Block, Examples, Placeholders

_REST: Final = "…"
_WIDTH: Final = 116


class Raw:
    """The part below the tools: requests as curl would send them, at a shop of their own."""

    def __init__(self, examples: Examples) -> None:
        self._sandbox = open_sandbox(examples.platform, 7, now=Clock().now)
        self._variables = examples.variables
        self._answer: httpx2.Response | None = None
        self._placeholders = Placeholders()

    async def block(self, block: Block) -> str | None:
        match block.info.split():
            case ["text", "fault"]:
                self._sandbox.faults.add(block.text.strip())
                return None
            case ["sh", "request"]:
                self._answer = await self._send(self._placeholders.show(block.text))
                return None
            case [kind, status] if self._answer is not None and status == str(self._answer.status_code):
                if kind == "json":
                    return self._placeholders.hide(pretty(_like(json.loads(block.text), self._answer.json())))
                return _in_words(self._answer)
        came = "nothing" if self._answer is None else self._answer.status_code
        return f"(came: {came}, shown: {block.info})\n"

    async def _send(self, curl: str) -> httpx2.Response:
        line = curl.replace("\\\n", " ")
        for name, value in self._variables.items():
            line = line.replace(name, value)
        words = shlex.split(line)
        assert words.pop(0) == "curl", curl
        method, headers, content, url, auth = "", {}, "", "", None
        while words:
            match words.pop(0):
                case "-X":
                    method = words.pop(0)
                case "-H":
                    name, _, value = words.pop(0).partition(": ")
                    headers[name] = value
                case "-d":
                    content = words.pop(0)
                case "-u":
                    user, _, password = words.pop(0).partition(":")
                    auth = httpx2.BasicAuth(user, password)
                case word:
                    assert word.startswith(API), word
                    url = word
        transport = httpx2.ASGITransport(app=self._sandbox.app)
        async with httpx2.AsyncClient(transport=transport) as client:
            return await client.request(
                method or ("POST" if content else "GET"), url, headers=headers, content=content, auth=auth
            )


def _in_words(answer: httpx2.Response) -> str:
    """An answer that is no JSON."""
    if "location" in answer.headers:
        return f"Location: {answer.headers['location']}\n"
    return f"{answer.text or '(no body)'}\n"


def _like(shown: Any, real: Any) -> Any:
    """As much of an answer as the page shows of it; all of it where nothing says that there is a rest."""
    if isinstance(shown, dict) and isinstance(real, dict) and _REST in shown:
        kept = {name: _like(value, real.get(name, "(not there)")) for name, value in shown.items() if name != _REST}
        return {**kept, _REST: _REST} if len(kept) < len(real) else kept
    if isinstance(shown, list) and isinstance(real, list) and _REST in shown:
        kept_items = [_like(one, other) for one, other in zip(shown, real, strict=False) if one != _REST]
        return [*kept_items, _REST] if len(kept_items) < len(real) else kept_items
    if isinstance(shown, dict) and isinstance(real, dict) and set(shown) == set(real):
        return {name: _like(shown[name], value) for name, value in real.items()}
    return real


def pretty(data: object) -> str:
    return f"{_fitted(data, 0)}\n"


def _fitted(data: Any, depth: int) -> str:
    """JSON on one line where that is short enough, else a member a line."""
    text = json.dumps(data, ensure_ascii=False)
    if not isinstance(data, dict | list) or len(text) + depth < _WIDTH:
        return text
    if isinstance(data, list):
        inner = [_fitted(one, depth + 1) for one in data]
    else:
        inner = [f"{json.dumps(name, ensure_ascii=False)}: {_fitted(one, depth + 1)}" for name, one in data.items()]
    begin, end = "[]" if isinstance(data, list) else "{}"
    space = "\n" + " " * (depth + 1)
    return f"{begin}{space}{f',{space}'.join(inner)}\n{' ' * depth}{end}"
