"""A mapping of the file as it is being read: knows its keys, and reports what does not belong there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from ml_connector.configuration.tree import Item, Place, Problems, suggestion

Word = TypeVar("Word", bound=str)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class Section:
    """Keys are asked for one by one; a missing or ill-typed value is reported and read as None."""

    def __init__(self, item: Item, problems: Problems, title: str, keys: Iterable[str]) -> None:
        """`title` names the section in messages: `connection 'ifs'`."""
        self.item = item
        self.problems = problems
        self.title = title
        self._keys = tuple(keys)
        self._values: dict[str, Item] = item.value if isinstance(item.value, dict) else {}
        if not isinstance(item.value, dict):
            fix = f"Write `key: value` lines. Possible keys: {', '.join(self._keys)}."
            problems.add(item.place, f"{title} must be a mapping, not {item.kind}.", fix)
        for key in self._values:
            if key not in self._keys:
                problems.unknown(item.keys[key], f"key in {title} called", key, self._keys)

    @property
    def place(self) -> Place:
        return self.item.place

    def place_of(self, key: str) -> Place:
        """Where the key stands; where the section begins when it is absent."""
        return self.item.keys.get(key, self.item.place)

    def get(self, key: str) -> Item | None:
        """The value; None when it is absent or empty (`key:`)."""
        item = self._values.get(key)
        return item if item is not None and item.value is not None else None

    def required(self, key: str, fix: str) -> Item | None:
        item = self.get(key)
        if item is None:
            self.problems.add(self.place_of(key), f"{self.title} lacks {key!r}.", fix)
        return item

    def text(self, key: str) -> str | None:
        return text_of(self.get(key), f"{key!r} in {self.title}", self.problems)

    def required_text(self, key: str, fix: str) -> str | None:
        return text_of(self.required(key, fix), f"{key!r} in {self.title}", self.problems)

    def flag(self, key: str, default: bool) -> bool:
        item = self.get(key)
        if item is None:
            return default
        value = {"true": True, "false": False}.get(item.value) if item.substituted else item.value
        if not isinstance(value, bool):
            self.problems.add(item.place, f"{key!r} in {self.title} must be true or false, not {item.kind}.")
            return default
        return value

    def number(self, key: str, default: int, least: int) -> int:
        item = self.get(key)
        if item is None:
            return default
        value = int(item.value) if item.substituted and str(item.value).isdigit() else item.value
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.problems.add(item.place, f"{key!r} in {self.title} must be a whole number, {least} or more.")
            return default
        return value

    def word(self, key: str, valid: Sequence[Word]) -> Word | None:
        """One of the valid words."""
        item = self.get(key)
        if item is None:
            return None
        return word_of(item, f"{key!r} in {self.title}", valid, self.problems)

    def items(self, key: str) -> list[Item]:
        """A list's items."""
        item = self.get(key)
        if item is None:
            return []
        if not isinstance(item.value, list):
            self.problems.add(item.place, f"{key!r} must be a list, not {item.kind}.", "Begin each entry with `- `.")
            return []
        return list(item.value)

    def name(self, fix: str) -> str | None:
        """The `name` key, which becomes part of commands and addresses."""
        name = self.required_text("name", fix)
        if name is not None and not NAME.fullmatch(name):
            item = self.item.value["name"]
            self.problems.add(item.place, f"{name!r} cannot be a name.", "Use letters, digits, - _ and . (at most 63).")
        return name


def text_of(item: Item | None, title: str, problems: Problems) -> str | None:
    """The text; a number or a yes is refused, because `0010` would lose its zeros."""
    if item is None or isinstance(item.value, str):
        return None if item is None else item.value
    scalar = not isinstance(item.value, list | dict)
    problems.add(item.place, f"{title} must be a text, not {item.kind}.", "Put it in quotes." if scalar else "")
    return None


def word_of(item: Item, title: str, valid: Sequence[Word], problems: Problems) -> Word | None:
    """The value as one of the valid words."""
    for word in valid:
        if item.value == word:
            return word
    shown = item.value if isinstance(item.value, str) else item.kind
    problems.add(item.place, f"{title} cannot be {shown!r}.", suggestion(str(shown), valid))
    return None
