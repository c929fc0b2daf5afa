"""One row as it came, with the few values that reading goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from ml_connector.errors import ContractError
from ml_connector.protocols.http import Response

_ROW = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list."""

    raw: bytes
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """Raises ContractError where there is none: then nothing can tell it from others."""
        if (found := self.data.get("id")) in (None, ""):
            raise ContractError("A row of Plex has no id.")
        return str(found)

    @property
    def modified(self) -> str:
        """When it was changed, as the server gave it; "" where it says nothing."""
        return str(self.data.get("modifiedDate") or self.data.get("modifiedDateTime") or "")

    @property
    def created(self) -> str:
        return str(self.data.get("createdDate") or self.data.get("createdDateTime") or "")

    def text(self, name: str) -> str:
        """A value as text; "" for none."""
        value = self.data.get(name)
        return "" if value is None else str(value)


def row_of(raw: bytes) -> Row:
    """A row that was read before."""
    return Row(raw, _ROW.decode(raw))


def read_row(raw: msgspec.Raw, response: Response) -> Row:
    """Raises ContractError for what is no row, or has no id."""
    body = bytes(raw)
    try:
        data = _ROW.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(
            f"{response.request.name}: expected rows and got something else.",
            status=response.status,
            request_id=response.request_id,
        ) from error
    return Row(body, data)


@lru_cache(maxsize=10_000)
def moment_of(stamp: str) -> datetime | None:
    """A time stamp as a moment; None where it is none."""
    try:
        parsed = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def latest(stamps: list[str]) -> str:
    """The latest of some time stamps, as the server wrote it; "" for none."""
    return max(stamps, key=lambda stamp: moment_of(stamp) or EPOCH, default="")


def order(row: Row) -> tuple[datetime, str]:
    """Sorts rows by (modified, id), for the server gives them in any order (FACTS 24)."""
    return moment_of(row.modified or row.created) or EPOCH, row.text("id")
