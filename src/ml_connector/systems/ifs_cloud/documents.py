"""What belongs together: a head set with its line sets, and the raw record made of their rows."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import RawRecord
from ml_connector.systems.ifs_cloud.sets import EntitySet, KeyValues, Row, line_order


@dataclass(frozen=True)
class Shape:
    """The sets that one stream is read from, as discovery found them."""

    entity: Entity
    heads: tuple[EntitySet, ...]
    """More than one only for cost centers: a set per code part."""
    lines: tuple[EntitySet, ...] = ()

    @property
    def sets(self) -> tuple[EntitySet, ...]:
        return (*self.heads, *self.lines)

    def parent(self, line: Row) -> KeyValues:
        """Key of the head that a line belongs to."""
        return line.key[: len(self.heads[0].key)]


Lines = dict[KeyValues, list[Row]]

_BY_KEY: Callable[[Row], Any] = attrgetter("key")


def grouped(shape: Shape, rows: Iterable[Row]) -> Lines:
    """Lines by the key of their head."""
    found: Lines = defaultdict(list)
    for row in rows:
        found[shape.parent(row)].append(row)
    return found


def version_of(head: Row, lines: Sequence[Row], context: Mapping[str, str]) -> str:
    """Changes whenever a row of the document is added, changed or removed; "" where the ETags cannot tell.

    Only keys and ETags go in, so that a sweep can compute it without the rows' content. A row changed within the last
    two seconds may change again under the same ETag, so nothing is promised about it (FACTS 14).
    """
    if head.fresh or not head.etag:
        return ""
    for line in lines:
        if line.fresh or not line.etag:
            return ""
    tags = sorted([f"{line.key!r}{line.etag}" for line in lines])
    text = "\x1f".join((repr(sorted(context.items())), head.etag, *tags))
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def raw_record(
    shape: Shape, head: Row, lines: Sequence[Row], context: Mapping[str, str], coding: Sequence[msgspec.Raw] = ()
) -> RawRecord:
    """The document `{"context", "head", "lines", "coding"}`; lines in the order in which people count them.

    `context` is what `normalize` has to know beside the rows; it is kept in the document so that replay is pure.
    """
    order = _BY_KEY if all(each.counts_lines for each in shape.lines) else line_order
    ordered = sorted(lines, key=order) if len(lines) > 1 else lines
    parts = [b'{"context":', msgspec.json.encode(context), b',"head":', head.raw]
    if shape.lines:
        parts += [b',"lines":[', b",".join([line.raw for line in ordered]), b"]"]
    if coding:
        parts += [b',"coding":[', b",".join(coding), b"]"]
    parts.append(b"}")
    return RawRecord(
        key=head.text_key,
        scope=head.company,
        version=version_of(head, lines, context),
        modified=head.stamp,
        payload=b"".join(parts),
    )
