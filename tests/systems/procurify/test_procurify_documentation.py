"""Every setting is explained, and every fact that the code points to is written down."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import msgspec

from ml_connector.systems.procurify import CONNECTOR
from ml_connector.systems.procurify.settings import CREDENTIALS

FOLDER = Path(str(files("ml_connector.systems.procurify")))
PAGE = Path(__file__).parents[3] / "docs" / "systems" / "procurify.md"


def test_every_setting_and_credential_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    kinds: list[type[msgspec.Struct]] = [CONNECTOR.settings, *CREDENTIALS.values()]
    names = [field.name for kind in kinds for field in msgspec.structs.fields(kind)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_every_setting_has_help_and_an_example() -> None:
    schema = msgspec.json.schema(CONNECTOR.settings)
    properties = next(iter(schema["$defs"].values()))["properties"]
    lacking = [name for name, value in properties.items() if not (value.get("description") and value.get("examples"))]
    assert lacking == []


def test_every_fact_that_is_pointed_to_exists() -> None:
    facts = {int(number) for number in re.findall(r"(?m)^(\d+)\. ", (FOLDER / "FACTS.md").read_text("utf-8"))}
    pointed = {
        int(number)
        for path in FOLDER.glob("*.py")
        for place in re.findall(r"FACTS ([\d, to]+)", path.read_text("utf-8"))
        for number in re.findall(r"\d+", place)
    }
    assert pointed <= facts
