"""What the design page says of the code is there, as it says."""

import re

import pytest

from tests.docs.generate import REPO
from tests.docs.pages import Page, read

_PRODUCT = REPO / "skill" / "clawver_orders"
_PAGES = [read(REPO / "references" / name) for name in ("design.md", "zh/design.md")]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_file_and_folder_that_is_named_is_there(page: Page) -> None:
    paths = {word for word in page.inline if re.fullmatch(r"(?!make )[\w./]+/[\w./]*", word) and "NAME" not in word}
    assert {"desk/listing.py", "sandbox/shop.py", "tests/contract", "tests/toy"} <= paths
    for path in paths:
        assert (_PRODUCT / path).exists() or (REPO / path).exists(), path


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_the_fifth_platform_is_as_short_as_is_said(page: Page) -> None:
    files = sorted((REPO / "tests" / "toy").glob("*.py"))
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    (paragraph,) = (one for one in page.prose.split("\n\n") if one.startswith("`tests/toy`"))
    assert [int(number) for number in re.findall(r"\d+", paragraph)] == [lines]
    assert len(files) == 3
