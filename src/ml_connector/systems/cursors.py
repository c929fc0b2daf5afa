"""Why a stored cursor may not be believed, as far as all connectors have the same reasons."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec


class Unbelievable(Exception):  # noqa: N818 - never leaves the connectors; the word says what it is
    """A cursor that must not be used; the text says why."""


@contextmanager
def readable() -> Iterator[None]:
    """Around what reads a cursor: raises Unbelievable where it cannot be read."""
    try:
        yield
    except (msgspec.ValidationError, ValueError) as error:
        raise Unbelievable(f"the cursor could not be read ({error})") from None


def check_future(stamp: str, moment: datetime | None, latest: datetime) -> None:
    """Raises Unbelievable for a cursor's stamp when its moment is after the latest that may be."""
    if moment is not None and moment > latest:
        raise Unbelievable(f"the cursor ({stamp}) lies in the future of the server's clock")
