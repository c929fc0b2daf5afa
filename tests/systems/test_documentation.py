"""Of every connector: each setting is explained, and each fact that the code points to is written down."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from ml_connector.systems.registry import MODULES, connector

PAGES = Path(__file__).parents[2] / "docs" / "systems"
NOT_YET = {"plex": ["soap_url", "datasource_keys"]}
"""Settings through which nothing is read so far."""

pytestmark = pytest.mark.parametrize("system", sorted(MODULES))


def test_every_setting_and_credential_is_on_the_page(system: str) -> None:
    page = (PAGES / f"{system.replace('_', '-')}.md").read_text("utf-8")
    made = connector(system)
    kinds: list[type[msgspec.Struct]] = [made.settings, *made.credentials.values()]
    names = [field.name for kind in kinds for field in msgspec.structs.fields(kind)]
    assert [name for name in names if f"`{name}`" not in page] == NOT_YET.get(system, [])


def test_every_setting_has_help_and_an_example(system: str) -> None:
    schema = msgspec.json.schema(connector(system).settings)
    properties = next(iter(schema["$defs"].values()))["properties"]
    lacking = [name for name, value in properties.items() if not (value.get("description") and value.get("examples"))]
    assert lacking == []


def test_every_fact_that_is_pointed_to_exists(system: str) -> None:
    folder = Path(str(files(f"ml_connector.systems.{system}")))
    facts = {int(number) for number in re.findall(r"(?m)^(\d+)\. ", (folder / "FACTS.md").read_text("utf-8"))}
    pointed = {
        int(number)
        for path in folder.glob("*.py")
        for place in re.findall(r"FACTS ([\d, to]+)", path.read_text("utf-8"))
        for number in re.findall(r"\d+", place)
    }
    assert pointed <= facts
