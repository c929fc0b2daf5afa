"""What a cursor promises: all that reading on from it would not bring is in the store.

Asked of the source itself, through a connection of the campaign's own that reads everything, and then only what comes
after the cursor. How a cursor looks and what a version is are the connector's affair; that the store may rely on it is
put to the test here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_connector.configuration.transport import split
from ml_connector.connections import run_to_end
from ml_connector.records import Entity
from ml_connector.systems import registry
from ml_connector.systems.base import Json, Opening, RawRecord, Stream, System, Window

Raws = dict[str, RawRecord]


@dataclass(frozen=True)
class Place:
    """How far a route claims to be."""

    entity: str
    cursor: Json | None
    mark: Json | None
    """The read mark: a window, and where in it reading goes on."""


@dataclass
class Outlook:
    """A route's source, seen from such a place."""

    place: Place
    everything: Raws
    """All records as they are now."""
    after_cursor: Raws = field(default_factory=dict)
    """What reading brings that begins at the cursor."""
    after_mark: Raws = field(default_factory=dict)
    """What reading brings that goes on behind the read mark, and then from the cursor which that leads to."""


class Promises:
    """Reads a source as often as it is edited."""

    def __init__(self, system: str, url: str, settings: Mapping[str, Any], credentials: Mapping[str, Any]) -> None:
        self._connector = registry.connector(system)
        mine, _ = split(dict(settings))
        mode = str(credentials.get("auth_mode") or next(iter(self._connector.credentials)))
        secrets = {name: str(value) for name, value in credentials.items() if name != "auth_mode"}
        self._opening = Opening("campaign", url, msgspec.convert(mine, self._connector.settings), mode, secrets)
        self._everything: dict[str, Raws] = {}

    def forget(self) -> None:
        """The source has been edited."""
        self._everything.clear()

    def outlooks(self, places: Sequence[Place]) -> list[Outlook]:
        claiming = [place for place in places if place.cursor is not None or place.mark is not None]
        return run_to_end(self._outlooks(claiming)) if claiming else []

    async def _outlooks(self, places: Sequence[Place]) -> list[Outlook]:
        async with self._open() as system:
            return [await self._outlook(system.stream(Entity(place.entity)), place) for place in places]

    def _open(self) -> AbstractAsyncContextManager[System]:
        return self._connector.open(self._opening)

    async def _outlook(self, stream: Stream, place: Place) -> Outlook:
        if place.entity not in self._everything:
            self._everything[place.entity], _ = await _read(stream, await stream.window(None), None)
        found = Outlook(place, self._everything[place.entity])
        if place.cursor is not None:
            found.after_cursor, _ = await _read(stream, await stream.window(place.cursor), None)
        if place.mark is not None:
            window = Window(place.mark["window"], place.mark["first_load"])
            rest, cursor = await _read(stream, window, place.mark["position"])
            later, _ = await _read(stream, await stream.window(cursor), None)
            found.after_mark = {**rest, **later}
        return found


async def _read(stream: Stream, window: Window, position: Json | None) -> tuple[Raws, Json | None]:
    """The records to the window's end, and the cursor that holds then."""
    found: Raws = {}
    cursor = None
    async for page in stream.extract(window, position):
        found |= {raw.key: raw for raw in page.records}
        cursor = page.cursor if page.position is None else cursor
    return found, cursor


def same(one: RawRecord, other: Sequence[Any]) -> bool:
    """Whether a stored raw record (key, scope, version, modified, payload) has the same content as one just read."""
    if one.version and one.version == str(other[2]):
        return True
    return bool(_ordered(json.loads(one.payload)) == _ordered(json.loads(bytes(other[4]))))


def _ordered(value: Any) -> Any:
    """With lists in an order of their own: lines may come in any."""
    if isinstance(value, dict):
        return {name: _ordered(each) for name, each in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value
