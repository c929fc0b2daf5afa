"""Links lead somewhere, pictures are small, pages are short."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from docs.pages import DOCS, PAGES, ROOT, headings, name_of, prose

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
LARGEST_PICTURE = 300_000
LONGEST_PAGE = 300


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    plain = re.sub(r"[`*_]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether a page can be clicked from here on the project's site: the file and the heading exist."""
    path, _, fragment = link.partition("#")
    target = (page.parent / unquote(path)).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not fragment or fragment in {anchor(heading) for heading in headings(target)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if not re.match(r"[a-z]+:", link)]
    assert [link for link in links if not leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_are_short(page: Path) -> None:
    assert len(page.read_text("utf-8").splitlines()) <= LONGEST_PAGE


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(prose(page))
        if "://" not in link
    }
    assert [name_of(page) for page in PAGES if page not in linked and page.name != "README.md"] == []


def test_pictures_are_small_and_shown() -> None:
    pictures = list((DOCS / "images").iterdir())
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [p.name for p in pictures if p.stat().st_size > LARGEST_PICTURE or f"images/{p.name}" not in text] == []
