"""Every kind of transaction of the store, found in its code, so that a new one cannot be forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import ml_connector.store

WHEN = ("before_commit", "after_commit")
DECISIONS = ("held", "excluded", "released")
"""`decisions` hands these on by a variable."""

IN_A_RUN = (
    "acquire",
    "interrupted_run",
    "start_run",
    "keep_page",
    "intend",
    "settle",
    "set_route",
    "note",
    "finish_run",
    "release",
    "permits",
    "locks",
)
"""Those that a flow's run makes; the others belong to commands, or need time to pass."""


def transactions() -> set[str]:
    """The names under which the code opens transactions."""
    folder = Path(ml_connector.store.__file__).parent
    return {name for file in sorted(folder.glob("*.py")) for name in _names(ast.parse(file.read_text("utf-8")))}


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        if node.func.attr not in ("transaction", "_fenced"):
            continue
        match node.args[0]:
            case ast.Constant(value=str(name)):
                yield name
            case ast.Name(id="kind"):
                yield from DECISIONS
