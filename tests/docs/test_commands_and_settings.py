"""Every command, option, setting and credential is on the pages for users."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import yaml

from ml_connector.cli.program import program
from ml_connector.configuration import read
from ml_connector.systems import registry

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")
EVERYWHERE = {"--json", "--help", "-h"}


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


ALL = dict(commands(typer.main.get_command(program)))


def section(name: str) -> str:
    """A command's section of the page."""
    start = next(i for i in (COMMANDS.find(f"\n## {name}{end}") for end in ("\n", " ")) if i >= 0)
    return COMMANDS[start : COMMANDS.find("\n## ", start + 1)]


@pytest.mark.parametrize("name", ALL)
def test_command_and_its_options_are_documented(name: str) -> None:
    text = section(name)
    for parameter in ALL[name].params:
        if parameter.param_type_name == "argument":
            assert parameter.metavar in text
        for option in (*parameter.opts, *parameter.secondary_opts):
            if option.startswith("-") and option not in EVERYWHERE:
                assert f"`{option}" in text, option


@pytest.mark.parametrize("name", ALL)
def test_command_takes_json_and_explains_itself(name: str) -> None:
    assert "--json" in {option for parameter in ALL[name].params for option in parameter.opts}
    assert ALL[name].help
    assert all(parameter.help for parameter in ALL[name].params), name


@pytest.mark.parametrize("system", registry.MODULES)
def test_settings_and_credentials_are_documented(system: str) -> None:
    connector = registry.connector(system)
    page = (DOCS / "settings" / f"{system.replace('_', '-')}.md").read_text(encoding="utf-8")
    for field in msgspec.structs.fields(connector.settings):
        assert f"| `{field.encode_name}` |" in page
    for mode, declared in connector.credentials.items():
        line = next(line for line in page.splitlines() if line.startswith(f"* `{mode}`"))
        for field in msgspec.structs.fields(declared):
            assert f"`{field.encode_name}`" in line or mode == "basic"


def test_tables_of_settings_are_up_to_date() -> None:
    for path, text in runpy.run_path(str(DOCS / "generate.py"))["pages"]().items():
        assert path.read_text(encoding="utf-8") == text, "run: python docs/generate.py"


def test_example_of_a_configuration_is_valid() -> None:
    text = CONFIGURATION.split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(text)
    found = read(text, {"IFS_SECRET": "a", "SNOW_SECRET": "b"})
    assert [flow.name for flow in found.flows] == ["ifs-to-snow"]


def test_environment_variables_are_documented() -> None:
    for name in ("HOME", "DATABASE_URL", "MIGRATION_URL", "SECRET_KEY", "SECRET_KEY_FILE"):
        assert f"| `ML_CONNECTOR_{name}` |" in CONFIGURATION
