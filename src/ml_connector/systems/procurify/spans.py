"""Times in which rows were last changed, short enough that what lies in one fits into memory (FACTS 36)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from ml_connector.errors import TransientError
from ml_connector.systems.procurify.api import Api, RowDict, is_time_out
from ml_connector.systems.procurify.breaker import BreakerOpenError
from ml_connector.systems.procurify.cursors import write_moment

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""No domain is older."""
MOST_ROWS = 500
"""Of a piece, where it can be divided."""
SHORTEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` on, both ends included."""

    name: str
    suffixes: tuple[str, str]
    start: datetime
    end: datetime | None
    """None: open, so that a row stamped in the future comes, too."""
    until: datetime
    """Now, by the server's clock."""

    @property
    def parameters(self) -> dict[str, str]:
        """What the list is asked for."""
        found = {self.name + self.suffixes[0]: write_moment(self.start)}
        if self.end is not None:
            found[self.name + self.suffixes[1]] = write_moment(self.end)
        return found

    @property
    def length(self) -> timedelta:
        return (self.end or self.until) - self.start

    def halves(self) -> tuple[Span, Span] | None:
        """Two shorter ones that meet; None where it is as short as can be."""
        if self.length <= SHORTEST:
            return None
        middle = (self.start + self.length / 2).replace(microsecond=0)
        if middle <= self.start:
            return None
        return replace(self, end=middle), replace(self, start=middle)


async def spans(api: Api, path: str, whole: Span) -> AsyncGenerator[tuple[Span, list[RowDict]], None]:
    """The rows of a time, in pieces from its start on; a row on the edge of two pieces comes with both."""
    todo = [whole]
    while todo:
        span = todo.pop()
        halves = span.halves()
        if halves is not None and await _is_large(api, path, span):
            todo += reversed(halves)
        else:
            yield span, await api.listed(path, {}, span)


async def _is_large(api: Api, path: str, span: Span) -> bool:
    """Whether it has too many rows to be read at a time, or so many that they cannot be counted in time."""
    try:
        return await api.count(path, span) > MOST_ROWS
    except TransientError as error:
        if not is_time_out(error) or isinstance(error, BreakerOpenError):
            raise
        return True
