"""What references/sandbox.md says is so."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from clawver_orders.sandbox import DIALECTS, Mall, Sandbox, open_sandbox
from clawver_orders.sandbox.faults import KINDS

pytestmark = pytest.mark.anyio
Connect = Callable[..., httpx2.AsyncClient]

PAGE = (Path(__file__).parents[2] / "references" / "sandbox.md").read_text(encoding="utf-8")
CURLS = [line for line in PAGE.splitlines() if line.startswith("curl ")]


@pytest.fixture
def mall(sandbox: Sandbox) -> Mall:
    """As ``clawver-orders sandbox`` opens it."""
    return Mall({"clawver": sandbox, **{name: open_sandbox(name, 7, now=sandbox.now) for name in DIALECTS}})


def words(part: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`\n]+)`", part))


@pytest.mark.parametrize("line", CURLS)
async def test_every_call_of_the_page_is_answered(mall: Mall, connect: Connect, line: str) -> None:
    """The same calls, in process; curl's POST without a type carries a form, and the sandbox does not mind."""
    arguments = shlex.split(line)[1:]
    method, headers, content, url, auth = "GET", {}, b"", "", None
    while arguments:
        match arguments.pop(0):
            case "-s":
                pass
            case "-X":
                method = arguments.pop(0)
            case "-d":
                content = arguments.pop(0).encode()
            case "-u":
                auth = httpx2.BasicAuth(*arguments.pop(0).split(":"))
            case "-H":
                name, _, value = arguments.pop(0).partition(": ")
                headers[name] = value
            case last:
                url = last
    assert url.startswith("http://127.0.0.1:8484/")
    path = url.removeprefix("http://127.0.0.1:8484")
    async with connect(mall, None) as client:
        answer = await client.request(method, path, content=content, headers=headers, auth=auth)
    assert answer.status_code == 200
    assert answer.json()


def test_every_name_worth_trying_is_described(sandbox: Sandbox) -> None:
    part = PAGE.partition("## What stands in it")[2].partition("## Make it fail")[0]
    assert set(sandbox.hints) <= words(part)
    assert f"{len(sandbox.shop.orders)} orders" in part
    today = [order for order in sandbox.shop.orders.values() if order.created_at.date() == sandbox.now().date()]
    assert len(today) == 9


def test_every_kind_operation_and_example_of_a_fault_is_described(mall: Mall) -> None:
    part = PAGE.partition("## Make it fail")[2].partition("## Look inside")[0]
    assert set(KINDS) <= words(part)
    assert {"read", "write", "any"} <= words(part)
    examples = [word for word in words(part) if word.count(":") == 2 and "operation" not in word]
    assert len(examples) == 7
    for example in [*examples, *re.findall(r"--fault (\S+)", part)]:
        mall.add_fault(example)
    for where, texts in re.findall(r"PUT \S+8484(/\w+)?/_sandbox/faults -d '(\{.*\})'", part):
        shop = mall.shops[where.strip("/") or "clawver"]
        faults = json.loads(texts)["faults"]
        shop.faults.replace(*faults)
        assert len(list(shop.faults)) == len(faults)


def test_each_shops_operations_are_those_that_faults_go_by(mall: Mall) -> None:
    part = PAGE.partition("| shop | operations |")[2].partition("\n\n")[0]
    told = {name: words(names) for name, names in re.findall(r"^\| `(\w+)` \| (.*) \|$", part, re.MULTILINE)}
    assert told == {name: shop.faults.operations - {"read", "write", "any"} for name, shop in mall.shops.items()}


def test_each_shops_address_and_keys_are_told(mall: Mall) -> None:
    part = PAGE.partition("## The four of them")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `http://127\.0\.0\.1:8484/(\w+)` \| (.*) \|$", part, re.MULTILINE)
    assert [(name, place) for name, place, _ in rows] == [(name, name) for name in mall.shops]
    for name, _, opened in rows:
        assert words(opened) == set(_leaves(mall.shops[name].settings)), name


def _leaves(settings: Mapping[str, object]) -> Iterator[str]:
    for name, value in settings.items():
        yield name
        if isinstance(value, Mapping):
            yield from _leaves(value)
        else:
            yield str(value)


async def test_every_endpoint_is_described(sandbox: Sandbox, connect: Connect) -> None:
    async with connect(sandbox, None) as client:
        endpoints = (await client.get("/_sandbox")).json()["endpoints"]
    for endpoint in endpoints:
        assert re.findall(r"/_sandbox/?\w*", endpoint)[0] in PAGE


async def test_the_example_in_python_runs() -> None:
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    names: dict[str, Callable[[], object]] = {}
    exec(compile(code, "sandbox.md", "exec"), names)
    refunded = names["lose_the_answer_of_a_refund"]()
    assert hasattr(refunded, "__await__")
    assert await refunded == 500
