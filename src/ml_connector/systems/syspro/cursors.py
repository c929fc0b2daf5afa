"""How far a stream has got: when its last reading began by the server's clock, and which versions it handed on."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime, timedelta

import msgspec

from ml_connector.systems.base import Json, RawRecord
from ml_connector.systems.cursors import Unbelievable, readable

MOST_SEEN = 50_000
"""Versions that a cursor remembers; beyond, everything read is handed on and the core finds what is unchanged."""
_WIDTH = 8


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stored between two readings."""

    company: str
    start: str
    """The server's `Date` when the last complete reading began; "" where it sends none."""
    count: int
    """Records that this reading found."""
    seen: str
    """Hashes of (key, version) of the records handed on, eight bytes each, in base64."""


def believed(cursor: Json, company: str, now: datetime | None) -> Cursor:
    """The stored cursor. Raises Unbelievable when it cannot be read, is another company's or from the future."""
    with readable():
        found = msgspec.convert(cursor, Cursor)
        Seen(found.seen)
        start = datetime.fromisoformat(found.start) if found.start else None
    if found.company != company:
        raise Unbelievable(f"it was made for company {found.company}")
    if start is None:
        raise Unbelievable("the server did not tell the time when it was made")
    if start.tzinfo is None or (now is not None and start > now + timedelta(seconds=60)):
        raise Unbelievable(f"the cursor ({found.start}) lies in the future of the server's clock")
    return found


class Seen:
    """A set of versions in little room."""

    def __init__(self, text: str = "") -> None:
        """Raises ValueError for what `text` never gave."""
        try:
            content = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"seen: {error}") from None
        self._hashes = {content[at : at + _WIDTH] for at in range(0, len(content), _WIDTH)}

    def add(self, raw: RawRecord) -> bool:
        """Remember the record as it is; False: it was known."""
        found = _hash(raw)
        if found in self._hashes:
            return False
        if len(self._hashes) <= MOST_SEEN:
            self._hashes.add(found)
        return True

    def __contains__(self, raw: RawRecord) -> bool:
        return _hash(raw) in self._hashes

    def text(self) -> str:
        """For the cursor; empty when it would take too much room."""
        if len(self._hashes) > MOST_SEEN:
            return ""
        return base64.b64encode(b"".join(sorted(self._hashes))).decode()


def _hash(raw: RawRecord) -> bytes:
    return hashlib.blake2b(f"{raw.key}\x1f{raw.version}".encode(), digest_size=_WIDTH).digest()
