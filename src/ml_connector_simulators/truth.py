"""What a system really holds, shown row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from .framework import Row

Kept = TypeVar("Kept")


class ShownRows(Sequence[Row], Generic[Kept]):
    """A set's or table's rows, made readable only when somebody looks."""

    def __init__(self, kept: Iterable[Kept], show: Callable[[Kept], Row]) -> None:
        self._kept = list(kept)
        self._show = show

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._show(each) for each in self._kept[index]]
        return self._show(self._kept[index])
