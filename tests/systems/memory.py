"""A connection's memory that is held in the test's process."""

from __future__ import annotations

from ml_connector.systems.base import Json


class Memory:
    """What outlives a connection."""

    def __init__(self) -> None:
        self.document: Json | None = None

    def load(self) -> Json | None:
        return self.document

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        if self.document != expected:
            return False
        self.document = new
        return True
