"""The rows that a raw record keeps, read again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from ml_connector.errors import MappingError
from ml_connector.systems.base import RawRecord


@contextmanager
def readable_rows(raw: RawRecord) -> Iterator[None]:
    """Around what takes the payload apart: raises MappingError where that cannot be done."""
    try:
        yield
    except (msgspec.DecodeError, KeyError) as error:
        raise MappingError(f"The stored rows of {raw.key} cannot be read: {error}.") from error
