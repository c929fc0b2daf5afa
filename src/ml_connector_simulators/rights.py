"""Sets of names that may or may not do something, as `grant` changes them."""

from __future__ import annotations

from collections.abc import Container


def put(where: set[str], what: str, wanted: bool) -> None:
    """Sees to it that `what` is in the set, or that it is not."""
    if wanted:
        where.add(what)
    else:
        where.discard(what)


def known(name: str, *names: Container[str]) -> str:
    """`name`, if one of `names` has it. Raises KeyError."""
    if not any(name in each for each in names):
        raise KeyError(name)
    return name
