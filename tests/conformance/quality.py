"""What each connector answers to each case: `quality.toml` in its folder, table `[conformance]`.

A case, or `reads` or `writes` for all cases so marked, is `"done"`; or `{ exempt = "why" }` for the whole connector; or
`{ exempt = { <entity, variant or variant-entity> = "why" } }` for a part of it.
"""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ml_connector.systems.registry import MODULES

DONE = "done"


@dataclass(frozen=True)
class Answer:
    """Done, or exempt: altogether, or for some entities and variants."""

    exempt: str = ""
    exempt_for: tuple[tuple[str, str], ...] = ()

    def exemption(self, *names: str) -> str:
        """Why these (an entity, a variant) are exempt; "" when they are not."""
        return self.exempt or next((reason for name, reason in self.exempt_for if name in names), "")


GROUPS = ("reads", "writes")


def cases() -> dict[str, set[str]]:
    """The names of all cases (asynchronous test functions) with their marks."""
    found: dict[str, set[str]] = {}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        body = ast.parse(path.read_text("utf-8")).body
        shared = {mark for node in body if isinstance(node, ast.Assign) for mark in _marks(node.value)}
        for node in body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
                own = {mark for decorator in node.decorator_list for mark in _marks(decorator)}
                found[node.name.removeprefix("test_")] = shared | own
    return found


def _marks(node: ast.expr) -> set[str]:
    return set(re.findall(r"pytest\.mark\.(\w+)", ast.unparse(node)))


def answer(system: str, case: str, marks: set[str]) -> Answer | None:
    """What the connector answers to a case, by its own name or by its group; None: nothing."""
    given = answers(system)
    return next((given[name] for name in (case, *GROUPS) if name in given and (name == case or name in marks)), None)


@cache
def answers(system: str) -> dict[str, Answer]:
    """By case; empty where the connector has no such file or table."""
    path = files(MODULES[system]) / "quality.toml"
    if not path.is_file():
        return {}
    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8")).get("conformance", {})
    return {case: _answer(case, value) for case, value in table.items()}


def _answer(case: str, value: Any) -> Answer:
    exempt = value.get("exempt") if isinstance(value, dict) and set(value) == {"exempt"} else None
    if value == DONE:
        return Answer()
    if isinstance(exempt, str) and exempt.strip():
        return Answer(exempt)
    if isinstance(exempt, dict) and exempt and all(isinstance(each, str) and each.strip() for each in exempt.values()):
        return Answer(exempt_for=tuple(exempt.items()))
    raise ValueError(f'{case}: say "done", or {{ exempt = reason }}, or {{ exempt = {{ entity = reason }} }}')
