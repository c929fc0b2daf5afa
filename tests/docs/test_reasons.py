"""The reason codes in the pages are those of the code."""

from __future__ import annotations

import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from docs.pages import DOCS, PAGES, ROOT, name_of, prose, table
from ml_connector.records import REASONS
from ml_connector_simulators.story import build_story

STORY_SECTIONS = ("Suppliers", "Dimensions", "Purchase orders", "Invoices")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reasons", DOCS / "generate_reasons.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_page_of_reasons_is_current(generate: ModuleType) -> None:
    page = (DOCS / "reasons.md").read_text("utf-8")
    assert page == generate.reasons_page(), "run: python docs/generate_reasons.py"
    assert all(f"`{code}`" in page for code in REASONS)


def test_reserved_codes_are_those_that_nothing_gives(generate: ModuleType) -> None:
    sources = (ROOT / "src" / "ml_connector").rglob("*.py")
    code = "".join(path.read_text("utf-8") for path in sources if path.name != "states.py")
    assert {name for name in REASONS if f'"{name}"' not in code} == generate.RESERVED


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_name_no_code_that_does_not_exist(page: Path) -> None:
    stems = {code.split("_")[0] for code in REASONS}
    named = {word for word in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", prose(page)) if word.split("_")[0] in stems}
    assert named <= set(REASONS)


def input_rows() -> list[list[str]]:
    """The rows of docs/inputs.md that are about the story: input, keys, state, code."""
    sections = (DOCS / "inputs.md").read_text("utf-8").split("\n## ")
    return [row for text in sections if text.splitlines()[0] in STORY_SECTIONS for row in table(text)]


def test_every_awkward_record_of_the_story_is_in_the_table_of_inputs() -> None:
    told = {key for row in input_rows() for key in re.findall(r"`([^`]+)`", row[1])}
    awkward = {key for note in build_story("small", 1, datetime(2026, 11, 21, tzinfo=UTC)).awkward for key in note.ids}
    assert {key for key in awkward if key not in told and f'"{key}"' not in told} == set()


@pytest.mark.parametrize("row", input_rows(), ids=lambda row: f"{row[1]} {row[0]}")
def test_state_and_code_of_an_input_belong_together(row: list[str]) -> None:
    state, code = re.split(r"[ ,;]", row[2])[0], row[3].strip("`")
    assert state == (REASONS[code].state.value if code else "landed")
