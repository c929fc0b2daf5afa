"""YAML with the place of every value, so that each problem can name its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml
from yaml.constructor import SafeConstructor

DEEPEST = 20
"""Levels; nothing that we read needs more, and a file that refers to itself has no end."""

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with the file. Lines and columns count from 1."""

    line: int
    column: int
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message} {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in the file."""

    line: int
    column: int


@dataclass(slots=True)
class Item:
    """A value and its place. `value` is None, bool, int, float, str, list[Item] or dict[str, Item]."""

    value: Any
    place: Place
    keys: dict[str, Place] = field(default_factory=dict)
    """Of a mapping: where each key stands."""
    substituted: bool = False
    """An environment variable is in it, so that a number may have come as text."""

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    @property
    def kind(self) -> str:
        """What it is, in words for people."""
        kinds = {
            dict: "a mapping",
            list: "a list",
            bool: "yes or no",
            int: "a number",
            float: "a number",
            str: "a text",
        }
        return kinds.get(type(self.value), "nothing")


@dataclass(slots=True)
class Problems:
    """Collects all that is wrong, so that a file is corrected in one go."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str, fix: str = "") -> None:
        problem = Problem(place.line, place.column, message[:1].upper() + message[1:], fix)
        if problem not in self.found:
            self.found.append(problem)

    def unknown(self, place: Place, what: str, name: str, valid: Iterable[str]) -> None:
        """`name` is none of the valid names; says which comes nearest."""
        self.add(place, f"There is no {what} {name!r}.", suggestion(name, valid))


def suggestion(name: str, valid: Iterable[str]) -> str:
    """`Did you mean ...?` and what else there is."""
    names = sorted(set(valid))
    if not names:
        return "There is none to choose from."
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in names], n=1, cutoff=0.5)
    listed = f"Possible: {', '.join(names)}." if len(names) <= 30 else ""
    if not near:
        return listed
    nearest = next(each for each in names if each.lower() == near[0])
    return f"Did you mean {nearest!r}? {listed}".rstrip()


def parse(text: str, environ: Mapping[str, str], problems: Problems) -> Item | None:
    """The file as Items, variables filled in; None when it is no YAML at all (a problem says why)."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        fix = "Check indentation and quotes."
        if mark and "${" in "".join(text.splitlines()[mark.line : mark.line + 1]):
            fix += ' ${NAME} between { and } needs quotes: "${NAME}".'
        problems.add(place, f"This is not YAML: {error.problem or error.context}.", fix)
        return None
    except yaml.YAMLError as error:
        problems.add(Place(1, 1), f"This is not YAML: {' '.join(str(error).split())}.", "Save the file as UTF-8 text.")
        return None
    if node is None:
        problems.add(Place(1, 1), "The file is empty.", "It needs `connections:` and `flows:`.")
        return None
    return _Builder(environ, problems).item(node, 0)


class _Builder:
    def __init__(self, environ: Mapping[str, str], problems: Problems) -> None:
        self._environ = environ
        self._problems = problems
        self._constructor = SafeConstructor()

    def item(self, node: yaml.Node, depth: int) -> Item:
        place = _place(node)
        if depth > DEEPEST:
            self._problems.add(place, "This is nested too deeply, or refers to itself.", "Write it out.")
            return Item(None, place)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, depth)
        if isinstance(node, yaml.SequenceNode):
            items = [self.item(child, depth + 1) for child in node.value]
            return Item(items, place, substituted=any(item.substituted for item in items))
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, place)

    def _mapping(self, node: yaml.MappingNode, place: Place, depth: int) -> Item:
        found = Item({}, place)
        for key_node, value_node in node.value:
            key_place = _place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.add(key_place, "A key must be a plain word.")
                continue
            key = key_node.value
            if key in found.value:
                first = found.keys[key].line
                self._problems.add(key_place, f"{key!r} is given twice, first in line {first}.", "Remove one of them.")
                continue
            found.keys[key] = key_place
            found.value[key] = self.item(value_node, depth + 1)
        found.substituted = any(item.substituted for item in found.value.values())
        return found

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Item:
        kind = node.tag.rpartition(":")[2]
        text: str = node.value
        if kind in ("str", "timestamp"):
            filled = self._fill(text, place)
            return Item(filled, place, substituted=filled != text)
        try:
            if kind == "null":
                return Item(None, place)
            if kind in ("bool", "int", "float"):
                return Item(getattr(self._constructor, f"construct_yaml_{kind}")(node), place)
        except (ValueError, KeyError):
            pass
        self._problems.add(place, f"{text!r} is not a value that is understood here.", "Put it in quotes.")
        return Item(None, place)

    def _fill(self, text: str, place: Place) -> str:
        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name is None:
                return "${"
            if not match.group(2) or not _NAME.fullmatch(name):
                fix = "Write ${NAME} with letters, digits and _; write $${ for a plain ${."
                self._problems.add(place, f"{match.group()!r} names no environment variable.", fix)
                return ""
            if name not in self._environ:
                near = difflib.get_close_matches(name, list(self._environ), n=1, cutoff=0.75)
                hint = f"Did you mean {near[0]!r}? " if near else ""
                fix = f"{hint}Set it before applying the file: export {name}=..."
                self._problems.add(place, f"The environment variable {name!r} is not set.", fix)
                return ""
            return self._environ[name]

        return _VARIABLE.sub(value, text)


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
