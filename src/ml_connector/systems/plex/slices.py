"""Reads a list by time, newest first, in slices that shrink when an answer is too much and grow when it is little."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from ml_connector.errors import ContractError, TransientError
from ml_connector.protocols.together import together
from ml_connector.systems.plex.api import Parameters, PlexApi, is_too_much
from ml_connector.systems.plex.rows import EPOCH, Row, moment_of, order

FAR = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""End of the newest slice: a row that is stamped in the future is read, too."""
SHORTEST_S = 1.0
WIDEST_S = 3650 * 86_400.0
MOST_LATE = 6
"""So many times in a row is less asked for because an answer took too long: then it is not the amount."""
TOLERANCE = timedelta(seconds=300)
"""So far outside of what was asked for a row may be before the filter counts as ignored."""
ACTIVE: tuple[Parameters, ...] = ((("active", "true"),), (("active", "false"),))
"""What a list without the parameter means is not known (FACTS 25)."""


@dataclass(frozen=True)
class Listing:
    """A list with filters by time."""

    path: str
    actives: bool = False
    """It has the filter `active`, so that both values are asked for."""
    aim: int = 5000
    """Rows that an answer should have at most."""
    by: str = "modifiedDate"
    """The filter that is relied on. Rows that another one should have kept out do no harm."""


class Place(msgspec.Struct):
    """Where reading by slices goes on."""

    upper: str = ""
    """End of the next slice; "": the far future."""
    width_s: float = 0.0


@dataclass(frozen=True)
class Slice:
    """The rows of one slice, sorted, and where the next one begins; None: it was the last."""

    rows: list[Row]
    place: Place
    """Where this slice began to be read."""
    then: Place | None


async def slices(
    api: PlexApi, listing: Listing, by: str, begin: datetime, until: datetime, place: Place
) -> AsyncGenerator[Slice, None]:
    """All rows whose `by` (modifiedDate or createdDate) is not before `begin`; `until` is the server's present."""
    width_s = place.width_s or api.settings.window_hours * 3600
    upper = moment_of(place.upper) if place.upper else None
    edge: set[str] = set()
    late = 0
    while True:
        lower = max(begin, (upper or until) - timedelta(seconds=width_s)).replace(microsecond=0)
        try:
            rows = await _slice(api, listing, by, lower, upper, until)
        except (TransientError, ContractError) as error:
            late += not error.fields.get("too_big")
            span_s = ((upper or until) - lower).total_seconds()
            if not is_too_much(error) or late > MOST_LATE or span_s / 2 < SHORTEST_S:
                raise
            width_s = float(int(span_s / 2)) or SHORTEST_S
            continue
        late = 0
        here = Place(write_moment(upper) if upper else "", width_s)
        width_s = _next_width(width_s, len(rows), listing.aim)
        then = None if lower <= begin else Place(write_moment(lower), width_s)
        fresh = [row for row in rows if row.text("id") not in edge]
        yield Slice(sorted(fresh, key=order), here, then)
        if then is None:
            return
        edge = {row.id for row in rows if (_stamp(row, by) or lower) <= lower}
        upper = lower


def write_moment(moment: datetime) -> str:
    """UTC, whole seconds, with a Z: a date alone is refused (FACTS 20)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _next_width(width_s: float, count: int, aim: int) -> float:
    if count > aim:
        return max(SHORTEST_S, float(int(width_s / 2)))
    growth = 8 if count * 24 < aim else 2 if count * 3 < aim else 1
    return min(WIDEST_S, width_s * growth)


async def _slice(
    api: PlexApi, listing: Listing, by: str, lower: datetime, upper: datetime | None, until: datetime
) -> list[Row]:
    times = [(f"{by}Begin", write_moment(lower)), (f"{by}End", write_moment(upper or FAR))]
    kinds: Sequence[Parameters] = ACTIVE if listing.actives else ((),)
    answers = await together(api.rows(listing.path, [*times, *kind]) for kind in kinds)
    rows: dict[str, Row] = {}
    for row in (row for answer in answers for row in answer):
        _check(api, listing, by, row, lower, upper, until)
        other = rows.get(row.text("id"))
        if other is None or order(other) <= order(row):
            rows[row.text("id")] = row
    return list(rows.values())


def _stamp(row: Row, by: str) -> datetime | None:
    return moment_of(row.created if by == "createdDate" else row.modified)


def _check(
    api: PlexApi, listing: Listing, by: str, row: Row, lower: datetime, upper: datetime | None, until: datetime
) -> None:
    """A server ignores a filter that it does not know, and gives everything: then nothing can be relied on (FACTS 23).

    A row of after `until` was changed while it was read, and comes again with the next reading.
    """
    if not row.data.get("id"):
        raise ContractError(f"{listing.path}: a row has no id.")
    stamp = _stamp(row, by)
    if by != listing.by:
        return
    early = stamp is not None and stamp < lower - TOLERANCE
    late = stamp is not None and upper is not None and upper + TOLERANCE < stamp <= until
    if early or late:
        names = " and ".join(api.settings.filter_param_map.get(f"{by}{end}", f"{by}{end}") for end in ("Begin", "End"))
        raise ContractError(
            f"{listing.path}: {row.id} of {stamp or EPOCH:%Y-%m-%d %H:%M} came although "
            f"{lower:%Y-%m-%d %H:%M} to {upper or until:%Y-%m-%d %H:%M} was asked for: Plex ignores {names}.",
            fix="Put the names that this version of the API knows into filter_param_map.",
            who="ml-connector operator",
        )
