"""A document of SYSPRO: the row that heads it with the rows of other tables that belong to it, as one raw record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ml_connector.records import join_key
from ml_connector.systems.base import RawRecord
from ml_connector.systems.syspro.reading import Row
from ml_connector.systems.syspro.tables import STAMP

Parts = dict[str, list[Row]]
Context = Mapping[str, str]


@dataclass
class Document:
    """One record to be."""

    key: tuple[str, ...]
    """Without the company."""
    head: Row
    parts: Parts = field(default_factory=dict)


def mark(row: Row) -> str:
    """What moves when the row changes: its TimeStamp, else its content (FACTS 14)."""
    stamp = row.values.get(STAMP)
    if isinstance(stamp, str) and stamp:
        return stamp
    return hashlib.blake2b(row.raw, digest_size=12).hexdigest()


def version_of(document: Document, context: Context) -> str:
    """Changes whenever a row of the document is added, changed or removed."""
    digest = hashlib.blake2b(repr(sorted(context.items())).encode(), digest_size=12)
    digest.update(mark(document.head).encode())
    for name, rows in document.parts.items():
        digest.update(f"\x1e{name}".encode())
        digest.update("\x1f".join(sorted(mark(row) for row in rows)).encode())
    return digest.hexdigest()


def record_key(company: str, key: Sequence[str]) -> str:
    """The company belongs into every key: it is a hard partition (FACTS 17)."""
    return join_key(company, *key)


def raw_record(document: Document, company: str, context: Context) -> RawRecord:
    """The document `{"context", "head", "<part>": [...]}`.

    `context` is what `normalize` has to know beside the rows; it is kept in the document so that replay is pure.
    """
    pieces = [b'{"context":', msgspec.json.encode(context), b',"head":', document.head.raw]
    for name, rows in document.parts.items():
        pieces += [f',"{name}":['.encode(), b",".join([row.raw for row in rows]), b"]"]
    pieces.append(b"}")
    return RawRecord(
        key=record_key(company, document.key),
        scope=company,
        version=version_of(document, context),
        modified="",
        payload=b"".join(pieces),
    )
