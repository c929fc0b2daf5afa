"""From rows to raw records: what a record's key and version are, and what has to be read beside its row."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from ml_connector.errors import ContractError
from ml_connector.mappings import Mapping
from ml_connector.protocols.rest import encode_segment
from ml_connector.records import Entity, Record, join_key, split_key
from ml_connector.systems.base import RawRecord
from ml_connector.systems.procurify.account_codes import ACCOUNT_CODES
from ml_connector.systems.procurify.api import Api, RawRow, RowDict
from ml_connector.systems.procurify.bills import BILL
from ml_connector.systems.procurify.lookup import matching
from ml_connector.systems.procurify.mapping import TO_INVOICE, TO_PAYMENT
from ml_connector.systems.procurify.surroundings import DEPARTMENTS, text_id
from ml_connector.systems.procurify.vendors import ALL_VENDORS
from ml_connector.systems.stored import readable_rows

_DOCUMENT = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_VERSIONS = msgspec.json.Encoder(decimal_format="string", order="sorted")
_UUID = re.compile(r"[0-9a-fA-F]{32}")
DRAFT = 0
PAID = "paid"


class Documents:
    """What the rows of one entity mean; a subclass knows the rows."""

    entity: ClassVar[Entity]
    mapping: ClassVar[Mapping]
    columns: ClassVar[tuple[str, ...]]
    """A change of any of them is a change of the record."""
    stamp: ClassVar[str] = ""
    has_details = False
    """A single one can be read by its key."""

    def __init__(self, api: Api, domain: Callable[[], str]) -> None:
        self.api = api
        self.domain = domain

    async def learn_domain(self) -> str:
        """The domain, which is known once anything was asked for."""
        if not self.api.asked:
            await self.api.server_now()
        return self.domain()

    def key(self, row: RowDict) -> str:
        return join_key(text_id(row))

    def wanted(self, row: RowDict) -> bool:
        """Whether it is a record at all."""
        return True

    def version(self, row: RowDict) -> str:
        """The same from a list as from a single row, whatever else these show."""
        values = [_plain(row.get(name)) for name in self.columns]
        return hashlib.blake2b(_VERSIONS.encode(values), digest_size=8).hexdigest()

    async def records(self, rows: Sequence[RowDict]) -> list[RawRecord]:
        """Rows of a list with what belongs to them; one that vanished meanwhile is absent."""
        return [self.raw(self.key(row), row, self.version(row)) for row in rows]

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        raise NotImplementedError

    def raw(self, key: str, row: RowDict, version: str, context: Any = None) -> RawRecord:
        """The document `{"head", "context"}`: the row as it came, and what was looked up, so that replay is pure."""
        head = row.raw if isinstance(row, RawRow) else msgspec.json.encode(row)
        more = b',"context":' + msgspec.json.encode(context) if context else b""
        payload = b'{"head":' + head + more + b"}"
        return RawRecord(key, self.domain(), version, str(row.get(self.stamp) or ""), payload)

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure."""
        with readable_rows(raw):
            document = _DOCUMENT.decode(raw.payload)
            head = document["head"]
        knowledge = {**document.get("context", {}), "domain": raw.scope}
        record: Record = self.mapping.apply({**head, "key": raw.key}, knowledge)
        return record


def _plain(value: Any) -> Any:
    """Of what a row refers to, its id counts; 12.50 and "12.5" are the same."""
    if isinstance(value, dict) and value.get("id") is not None:
        return text_id(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return value


class Bills(Documents):
    """Bills, each read by itself: the list does not show lines, tax and shipping (FACTS 37)."""

    entity = Entity.INVOICES
    mapping = TO_INVOICE
    columns = ("version", "status", "last_modified_datetime", "payment_uuid")
    stamp = "last_modified_datetime"
    has_details = True

    def __init__(self, api: Api, domain: Callable[[], str]) -> None:
        super().__init__(api, domain)
        self._lists: dict[str, list[RowDict]] = {}

    def key(self, row: RowDict) -> str:
        """Raises ContractError where there is none: then it cannot be read."""
        if not row.get("uuid"):
            raise ContractError(f"Bill {row.get('id')} has no uuid, by which alone bills are read.")
        return join_key(str(row["uuid"]))

    def wanted(self, row: RowDict) -> bool:
        """A draft is no document yet."""
        return row.get("status") != DRAFT

    async def records(self, rows: Sequence[RowDict]) -> list[RawRecord]:
        found = [await self._record(self.key(row), self.version(row)) for row in rows]
        return [raw for raw in found if raw is not None]

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        uuids = [key for key in keys if _UUID.fullmatch(key.replace("-", ""))]
        found = [await self._record(key) for key in uuids]
        return [raw for raw in found if raw is not None]

    async def _record(self, key: str, version: str = "") -> RawRecord | None:
        uuid = split_key(key)[0]
        row = await self.api.one(f"{BILL}{encode_segment(uuid)}/", f"bill {uuid}")
        if row is None or not self.wanted(row):
            return None
        return self.raw(key, row, version or self.version(row), await self._context(row))

    async def _context(self, bill: RowDict) -> dict[str, dict[str, RowDict]]:
        """Account codes and departments that the allocations name without their ids (FACTS 38)."""
        found: dict[str, dict[str, RowDict]] = {}
        for line in bill.get("lines") or ():
            for part in line.get("cost_allocations") or ():
                budget = part.get("budget")
                if not isinstance(budget, dict):
                    continue
                for name, path, column in (
                    ("account_code", ACCOUNT_CODES, "code"),
                    ("department", DEPARTMENTS, "name"),
                ):
                    value = budget.get(name)
                    if value is None or (isinstance(value, dict) and value.get("id") and value.get(column)):
                        continue
                    wanted = str(value.get("id") or value.get(column) if isinstance(value, dict) else value)
                    rows = [
                        row
                        for row in await self._listed(path)
                        if (text_id(row) if _is_id(value) else str(row.get(column))) == wanted
                    ]
                    if len(rows) == 1:
                        known = {"id": rows[0]["id"], column: rows[0].get(column)}
                        found.setdefault(name, {})[wanted] = known
        return found

    async def _listed(self, path: str) -> list[RowDict]:
        """Read once for this stream; both lists are short."""
        if path not in self._lists:
            self._lists[path] = await self.api.listed(path)
        return self._lists[path]


def _is_id(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, dict) and bool(value.get("id")))


class Payments(Documents):
    """Payments that were made; they name their vendor, who is looked up (FACTS 39)."""

    entity = Entity.PAYMENTS
    mapping = TO_PAYMENT
    columns = ("id", "status", "amount", "posted_date", "processing_date", "vendor_name", "updated_at")
    stamp = "updated_at"

    def __init__(self, api: Api, domain: Callable[[], str]) -> None:
        super().__init__(api, domain)
        self._named: dict[str, list[RowDict]] = {}

    def wanted(self, row: RowDict) -> bool:
        return row.get("status") == PAID

    async def records(self, rows: Sequence[RowDict]) -> list[RawRecord]:
        names = {str(row["vendor_name"]) for row in rows if row.get("vendor_name")} - self._named.keys()
        vendors = await matching(self.api, ALL_VENDORS, [("name", name) for name in sorted(names)])
        self._named |= {name: [row for row in vendors if row.get("name") == name] for name in names}
        return [self.raw(self.key(row), row, self.version(row), self._vendor(row)) for row in rows]

    def _vendor(self, row: RowDict) -> dict[str, RowDict] | None:
        named = self._named.get(str(row.get("vendor_name")), [])
        return {"vendor": {"id": named[0]["id"], "name": named[0]["name"]}} if len(named) == 1 else None
