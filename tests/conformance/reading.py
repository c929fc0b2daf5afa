"""Reads a stream as a run does: page by page, through JSON, from one cursor to the next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from conformance.subject import REFUSED, Values
from ml_connector.errors import RecordError
from ml_connector.records import Entity, Record
from ml_connector.systems.base import Json, Page, RawRecord, Stream, System


@dataclass
class Pass:
    """One pass over a stream: what came, and the cursor for the next."""

    stream: Stream
    records: list[RawRecord] = field(default_factory=list)
    positions: list[Json] = field(default_factory=list)
    cursor: Json | None = None
    first_load: bool = True
    remark: str = ""

    @property
    def keys(self) -> list[str]:
        return [raw.key for raw in self.records]

    @property
    def latest(self) -> dict[str, RawRecord]:
        """By key, as it came last."""
        return {raw.key: raw for raw in self.records}

    def repeated(self) -> list[str]:
        """Keys that came more than once."""
        return [key for key, times in Counter(self.keys).items() if times > 1]

    def record(self, key: str) -> Record:
        return self.stream.normalize(self.latest[key])


async def read(system: System, entity: Entity, cursor: Json | None = None) -> Pass:
    """A whole pass from a cursor (None: a first load); the rules that every page obeys are checked on the way."""
    stream = system.stream(entity)
    window = await stream.window(through_json(cursor))
    found = Pass(stream, first_load=window.first_load, remark=window.remark)
    last: Page | None = None
    async for page in stream.extract(through_json(window), None):
        assert last is None or last.position is not None, "a page came after the one that said it was the last"
        found.records += page.records
        if page.position is not None:
            found.positions.append(through_json(page.position))
        last = page
    assert last is not None and last.position is None, "the last page must say so"
    assert last.cursor is not None, "the last page has the new cursor"
    found.cursor = through_json(last.cursor)
    return found


def through_json(value: Any) -> Any:
    """What becomes of it in the store."""
    if value is None:
        return None
    return msgspec.json.decode(msgspec.json.encode(value), type=type(value))


def shown(stream: Stream, raw: RawRecord, like: Any) -> Any:
    """The record reduced to the fields that `like` names; REFUSED when it cannot be normalized."""
    try:
        record = stream.normalize(raw)
    except RecordError:
        return REFUSED
    return reduced(record, like) if like != REFUSED else "normalized"


def reduced(holder: Any, like: Values) -> dict[str, Any]:
    """The fields of a struct that `like` names; lists of structs are shown by their ids."""
    found: dict[str, Any] = {}
    for name, wanted in like.items():
        value = getattr(holder, name)
        if isinstance(wanted, dict):
            found[name] = {each.id: reduced(each, wanted.get(each.id, {})) for each in value}
        elif hasattr(value, "key") and hasattr(value, "code"):
            found[name] = value.key
        else:
            found[name] = value
    return found


def compared(found: Pass, expected: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was read and what should have been, record by record."""
    latest = found.latest
    return {key: shown(found.stream, raw, expected.get(key, {})) for key, raw in latest.items()}, dict(expected)
