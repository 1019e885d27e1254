"""Each page and its Chinese twin say the same: same headings, same code, same tables, same names, same links."""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.generate import REPO, twins
from tests.docs.pages import CHINESE, Page, read

_TWINS = [pytest.param(page, twin, id=str(twin.relative_to(REPO))) for page, twin in twins().items()]


def levels(page: Page) -> list[int]:
    return [len(heading) - len(heading.lstrip("#")) for heading in page.headings]


def rows(page: Page) -> list[list[list[str]]]:
    """Of each row of each table, the inline code in it."""
    return [[sorted(re.findall(r"`[^`]+`", row)) for row in table] for table in page.tables]


def targets(page: Page) -> Counter[str]:
    """Where the links lead, a page and its twin taken for one; without anchors, which are words."""
    same = {os.path.relpath(twin, REPO): os.path.relpath(page, REPO) for page, twin in twins().items()}
    found = [link.partition("#")[0] for link in page.links]
    leads = [link if "://" in link else os.path.relpath(page.path.parent / link, REPO) for link in found if link]
    return Counter(same.get(link, link) for link in leads)


@pytest.mark.parametrize(("page", "twin"), _TWINS)
def test_every_page_has_a_twin_of_the_same_shape(page: Path, twin: Path) -> None:
    english, chinese = read(page), read(twin)
    assert levels(chinese) == levels(english)
    assert [block.info for block in chinese.blocks] == [block.info for block in english.blocks]
    assert [block.text for block in chinese.blocks] == [block.text for block in english.blocks]
    assert rows(chinese) == rows(english)
    assert Counter(chinese.inline) == Counter(english.inline)
    assert targets(chinese) == targets(english)


@pytest.mark.parametrize(("page", "twin"), _TWINS)
def test_a_twin_is_written_in_chinese(page: Path, twin: Path) -> None:
    del page
    for line in read(twin).prose.splitlines():
        words = re.sub(r"`[^`]*`|\([^)]*\)|https?://\S+", "", line)
        assert CHINESE.search(words) or len(re.findall(r"[A-Za-z]{2,}", words)) < 8, line


def test_no_chinese_page_is_without_its_english_twin() -> None:
    made = {*(REPO / "references" / "zh").rglob("*.md"), *REPO.glob("*zh*.md")}
    assert made <= set(twins().values())
