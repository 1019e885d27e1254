"""The documents as tests read them: prose, code blocks, tables, links, inline code."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.docs.generate import REPO

CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")
_FENCE: Final = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_INLINE: Final = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A code block: what stands behind its fence, and its lines."""

    info: str
    text: str

    @property
    def language(self) -> str:
        return self.info.partition(" ")[0]


@dataclass(frozen=True)
class Page:
    """One page, without its front matter."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(REPO))

    @property
    def blocks(self) -> list[Block]:
        return [Block(*found) for found in _FENCE.findall(self.text)]

    @property
    def prose(self) -> str:
        """All but the code blocks and the comments."""
        return re.sub(r"<!--.*?-->", "", _FENCE.sub("", self.text), flags=re.DOTALL)

    @property
    def headings(self) -> list[str]:
        return re.findall(r"^#+ .*$", self.prose, re.MULTILINE)

    @property
    def tables(self) -> list[list[str]]:
        """Each table as its lines."""
        found = re.findall(r"(?:^\|.*\|\n)+", self.prose + "\n", re.MULTILINE)
        return [table.splitlines() for table in found]

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def inline(self) -> list[str]:
        return _INLINE.findall(self.prose)


def read(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    if text.startswith("---\n"):
        text = text.split("---\n", 2)[2]
    return Page(path, text)


def all_pages() -> list[Page]:
    """Every page that is shipped or shown: at the root, and under references."""
    return [read(path) for path in (*sorted(REPO.glob("*.md")), *sorted((REPO / "references").rglob("*.md")))]
