"""The pages say what is there, and show nothing that is not."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator

import pytest
import typer

from docs.pages import DOCS, PAGES, ROOT, blocks, code, headings, name_of
from ml_connector import configuration, errors
from ml_connector.cli.program import program
from ml_connector.records import Entity
from ml_connector.systems.registry import MODULES

ARCHITECTURE = (DOCS / "architecture.md").read_text("utf-8")
SOURCE = ROOT / "src" / "ml_connector"


def test_readme_begins_with_two_commands_that_exist() -> None:
    first = [block.strip() for block in blocks(ROOT / "README.md") if block.startswith("./ml-connector")]
    assert first[:2] == ["./ml-connector demo", "./ml-connector test"]
    assert os.access(ROOT / "ml-connector", os.X_OK)
    assert "demo" in commands()
    assert (ROOT / "tests" / "run.py").exists()


def test_configuration_of_the_readme_is_accepted() -> None:
    (text,) = blocks(ROOT / "README.md", "yaml")
    found = configuration.read(text, {"IFS_SECRET": "s1", "SNOW_SECRET": "s2"}, file="README.md")
    assert [flow.name for flow in found.flows] == ["ifs-to-snow"]


def commands() -> dict[str, set[str]]:
    """Every command, sub-commands joined by a blank, with its options."""
    found: dict[str, set[str]] = {}

    def collect(group: object, before: str) -> None:
        for name, command in getattr(group, "commands").items():  # noqa: B009 - typer's own class has no public name
            if hasattr(command, "commands"):
                collect(command, f"{before}{name} ")
            else:
                options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
                found[before + name] = options | {"--help", "-h"}

    collect(typer.main.get_command(program), "")
    return found


def shown_commands() -> Iterator[tuple[str, str]]:
    """(page, command line) of every call of the program that a page shows."""
    for page in PAGES:
        for line in code(page):
            for call in re.findall(r"(?:^|\s|/)ml-connector +([a-z][^#|>]*)", line):
                yield name_of(page), call.strip()


@pytest.mark.parametrize(("page", "call"), sorted(set(shown_commands())))
def test_every_command_that_a_page_shows_exists_with_its_options(page: str, call: str) -> None:
    words = call.split()
    known = {**commands(), "test": set()}
    name = next((name for name in (" ".join(words[:2]), words[0]) if name in known), None)
    assert name is not None, f"{page}: there is no command {words[0]}"
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= known[name], f"{page}: {name} has no {options - known[name]}"


def test_every_error_is_explained() -> None:
    text = ARCHITECTURE + (DOCS / "operations.md").read_text("utf-8")
    names = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_folder_is_in_the_import_table() -> None:
    folders = [path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()]
    assert [name for name in folders if f"| `{name}/` |" not in ARCHITECTURE] == []


def test_every_step_is_in_the_life_of_a_record() -> None:
    stages = [path.name for path in (SOURCE / "sync").glob("*.py")]
    apart = {"__init__.py", "flow.py", "store.py", "runner.py", "pipeline.py", "context.py", "item.py", "report.py"}
    helpers = {"dry.py", "lease.py", "sweep.py"}
    assert [name for name in stages if name not in apart | helpers and f"`{name}`" not in ARCHITECTURE] == []


@pytest.mark.parametrize("system", MODULES)
def test_every_system_has_a_page_with_set_up_permissions_and_limits(system: str) -> None:
    page = DOCS / "systems" / f"{system.replace('_', '-')}.md"
    text, titles = page.read_text("utf-8").lower(), " / ".join(headings(page)).lower()
    assert re.search(r"set-up|setting up|set up", titles)
    assert re.search(r"^1\. .*^2\. ", text, re.M | re.S), "the set-up has numbered steps"
    assert re.search(r"permission|grant|role", text)
    assert "known limits" in titles


def test_every_entity_is_a_word_of_the_glossary_or_of_a_flow() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [entity.value for entity in tuple(Entity)[:9] if entity.value.replace("_", " ") not in text.lower()] == []


def test_every_variable_that_is_read_is_explained_and_no_other() -> None:
    source = "".join(path.read_text("utf-8") for path in SOURCE.rglob("*.py"))
    pages = "".join(page.read_text("utf-8") for page in PAGES if page.parent.name != "systems")
    pattern = r"\bML_CONNECTOR_[A-Z_]+[A-Z]\b"
    read, explained = set(re.findall(pattern, source)), set(re.findall(pattern, pages))
    assert read - explained == {"ML_CONNECTOR_KILL_AT"}  # for tests alone
    assert explained - read <= {"ML_CONNECTOR_SECRET_KEY_FILE"}  # put together from the other's name


def test_every_decision_is_listed() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text("utf-8")
    pages = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    assert [name for name in pages if f"({name})" not in listed] == []
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
