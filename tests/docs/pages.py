"""The pages under test, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.M | re.S)
_SPAN = re.compile(r"`([^`\n]+)`")


def name_of(page: Path) -> str:
    """For test ids and messages."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str | None = None) -> list[str]:
    """The fenced blocks, of one language or all."""
    found = _FENCE.findall(page.read_text("utf-8"))
    return [text for _, kind, text in found if language is None or kind == language]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def code(page: Path) -> Iterator[str]:
    """Every line of a fenced block, and every code span."""
    for block in blocks(page):
        yield from block.splitlines()
    yield from _SPAN.findall(prose(page))


def headings(page: Path) -> list[str]:
    """The headings' texts."""
    return [line.lstrip("#").strip() for line in prose(page).splitlines() if re.match(r"#{1,6} ", line)]


def table(text: str) -> list[list[str]]:
    """The cells of every table row of a text, heads and rulers left out."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    rulers = {number for number, row in enumerate(rows) if set("".join(row)) <= set("-: ")}
    return [row for number, row in enumerate(rows) if number not in rulers and number + 1 not in rulers]
