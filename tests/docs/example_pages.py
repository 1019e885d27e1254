"""The pages of good and bad calls: which there are, their blocks, and the ids that stand in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from clawver_orders.sandbox import open_sandbox
from tests.counter import Clock

RAW: Final = "Behind the tools: "
_REFERENCES: Final = Path(__file__).parents[2] / "references"
API: Final = "https://api.shop.test"


@dataclass(frozen=True)
class Examples:
    """A page of calls: whose shop it is, and what stands in its requests for the address and the keys."""

    page: Path
    platform: str
    variables: Mapping[str, str]


PAGES: Final = (
    Examples(
        _REFERENCES / "api-examples.md",
        "clawver",
        {"$CLAW_API_KEY": "claw_sk_test_example", "$CLAW_API_URL": API},
    ),
    Examples(
        _REFERENCES / "api-examples" / "heidianer.md",
        "heidianer",
        {
            "$HEY_TOKEN": "heidianer_token_example",
            "$HEY_CUSTOMER_TOKEN": "heidianer_customer_token_example",
            "$HEY_URL": API,
        },
    ),
    Examples(
        _REFERENCES / "api-examples" / "gateway.md",
        "gateway",
        {"$SHOPIFY_TOKEN": "shpat_example", "$OPS_URL": API},
    ),
    Examples(
        _REFERENCES / "api-examples" / "woocommerce.md",
        "woocommerce",
        {
            "$WOO_KEY": "ck_example_readwrite",
            "$WOO_SECRET": "cs_example_readwrite",
            "$WOO_URL": API,
        },
    ),
)

_BLOCK = re.compile(r"^```(?P<info>[^\n`]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(?P<level>##|###) (?P<title>.+)$", re.MULTILINE)
_NAMED = re.compile(r"^\| `(?P<name>\w+)` \| `(?P<value>[\w@.:]+)` \|", re.MULTILINE)
# What differs from run to run, and what stands for it, numbered by first appearance.
_VOLATILE = (
    (re.compile(r"\bR-[0-9A-Z]{8}\b"), "R-EXAMPLE{}"),
    (re.compile(r"\bwh_[0-9a-z]{9}\b"), "wh_example{}"),
)


@dataclass(frozen=True)
class Block:
    """One fenced block: where its text stands in the page, and under which headings."""

    info: str
    text: str
    start: int
    end: int
    section: str
    example: str


@dataclass
class Placeholders:
    """What stands in the page for ids that are made at random."""

    names: dict[str, str] = field(default_factory=dict)

    def hide(self, text: str) -> str:
        for pattern, name in _VOLATILE:
            for real in pattern.findall(text):
                numbered = sum(taken.startswith(name[:-2]) for taken in self.names.values()) + 1
                self.names.setdefault(real, name.format(numbered))
        for real, taken in self.names.items():
            text = text.replace(real, taken)
        return text

    def show(self, text: str) -> str:
        for real, name in self.names.items():
            text = text.replace(name, real)
        return text


def blocks(page: str) -> list[Block]:
    """Every fenced block of the page, in order."""
    section = example = ""
    made = []
    marks = [*_BLOCK.finditer(page), *_HEADING.finditer(page)]
    for mark in sorted(marks, key=lambda mark: mark.start()):
        if "level" not in mark.groupdict():
            made.append(Block(mark["info"], mark["text"], mark.start("text"), mark.end("text"), section, example))
        elif mark["level"] == "##":
            section, example = mark["title"], ""
        else:
            example = mark["title"]
    return made


def names(platform: str) -> dict[str, str]:
    """The ids and tokens that a page's table can name, as this sandbox has them."""
    sandbox = open_sandbox(platform, 7, now=Clock().now)
    if platform != "clawver":
        return sandbox.hints
    order = sandbox.shop.orders[sandbox.hints["digital_order"]]
    printed = sandbox.shop.orders[sandbox.hints["refundable_order"]]
    token = order.items[0].download_token
    assert token is not None
    return {
        **sandbox.hints,
        "printed_item": printed.items[0].id,
        "status_token": order.status_token,
        "download_token": token,
    }


def named(page: str) -> dict[str, str]:
    """What the page's table says the ids and tokens are."""
    return {row["name"]: row["value"] for row in _NAMED.finditer(page)}
