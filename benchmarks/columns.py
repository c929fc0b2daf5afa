"""Figures in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Head = tuple[str, str, int]
"""A column's name, the side it is set against (`<` or `>`), its width."""


def columns(heads: Sequence[Head], rows: Iterable[Sequence[str]]) -> str:
    """The heads, and a line a row."""
    whole = [[name for name, _, _ in heads], *rows]
    return "\n".join(
        " ".join(f"{text:{side}{width}}" for text, (_, side, width) in zip(row, heads, strict=True)).rstrip()
        for row in whole
    )
