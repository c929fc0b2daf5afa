"""From rows to raw records: reads the lines, the business partner and the posted entry that a record needs."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.errors import ContractError, MLConnectorError, PermissionMissingError
from ml_connector.protocols.together import together
from ml_connector.records import Entity, join_key
from ml_connector.systems.base import RawRecord
from ml_connector.systems.sage_x3.answers import is_no_class
from ml_connector.systems.sage_x3.api1 import ROW, Row, all_of, any_of, quoted
from ml_connector.systems.sage_x3.classes import CLASSES
from ml_connector.systems.sage_x3.quirks.invoice_lines import invoice_lines
from ml_connector.systems.sage_x3.quirks.rows import menu

if TYPE_CHECKING:
    from ml_connector.systems.sage_x3.streams import HeadRow, X3Stream

Key = tuple[str, ...]
Records = dict[Key, list[RawRecord]]
Read = tuple[Key, bytes, Row]
"""A record as it was read: key, bytes, and the same decoded."""

KEYS_PER_FILTER = 20
"""Keys in one `where`; the address stays short."""
_TREE = msgspec.json.Decoder(float_hook=Decimal)
_SORTED = msgspec.json.Encoder(order="sorted")
_RAW_ROW = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Assembly:
    """Makes the raw records of one stream."""

    def __init__(self, stream: X3Stream) -> None:
        self.stream = stream
        self.settings = stream.settings
        self._by_details: bool | None = None

    @property
    def api(self) -> Any:
        return self.stream.system.api

    async def records(self, heads: Sequence[HeadRow]) -> Records:
        """The records of these rows, by their key; what vanished meanwhile or is out of scope is absent."""
        heads = [each for each in heads if all(each.key)]
        if not await self._needs_details():
            return await self._completed([(each.key, each.raw, each.values) for each in heads if self._ours(each)])
        return await self.by_details([each.key for each in heads])

    async def by_keys(self, keys: Sequence[Key]) -> Records:
        """The records with these keys. Lists leave out what we may not see, so that what they lack is asked for."""
        if await self._needs_details():
            return await self.by_details(keys)
        rows = await self._listed(keys)
        there = [(each.key, each.raw, each.values) for each in rows.values() if self._ours(each)]
        return await self._completed(there) | await self.by_details([key for key in keys if key not in rows])

    async def _listed(self, keys: Sequence[Key]) -> dict[Key, HeadRow]:
        """The rows that the list has of these keys."""
        rows: dict[Key, HeadRow] = {}
        head = self.stream.head
        names = [self.settings.property_name(head, each) for each in CLASSES[head].key]
        for at in range(0, len(keys), KEYS_PER_FILTER):
            some = keys[at : at + KEYS_PER_FILTER]
            where = " or ".join(
                "(" + all_of(*(f"{name} eq {quoted(part)}" for name, part in zip(names, key, strict=True))) + ")"
                for key in some
            )
            async for page in self.api.pages(head, self.api.first_page(head, where)):
                found = [self.stream.row(head, raw) for raw in page.rows]
                rows |= {each.key: each for each in found if each.key in some}
        return rows

    def _ours(self, row: HeadRow) -> bool:
        return self.stream.in_scope(row.values)

    async def _needs_details(self) -> bool:
        """Whether the rows of a `$query` lack lines or properties that the record needs (FACTS 15)."""
        if self._by_details is None:
            declared, head = self.stream.declared, self.stream.head
            known = (await self.stream.system.facet(head)).properties
            names = (*CLASSES[head].key, *CLASSES[head].needed)
            wanted = [self.settings.property_name(head, each) for each in names]
            lacks = any(each not in known for each in wanted)
            arrays = [self.settings.array(each) for each in declared.arrays]
            if arrays and not lacks:
                shown = await self.stream.system.details_properties(head) or {}
                arrays = [each for each in arrays if each in shown]
                lacks = not arrays or any(each not in known for each in arrays)
            self._by_details = lacks
        return self._by_details

    async def by_details(self, keys: Sequence[Key]) -> Records:
        """The records with these keys, each read with its lines."""
        found = await self._details(keys)
        read = {key for key, _, _ in found}
        found += await self._heads_alone([key for key in keys if key not in read], nothing=not read)
        return await self._completed([each for each in found if self.stream.in_scope(each[2])])

    async def _heads_alone(self, unread: Sequence[Key], *, nothing: bool) -> list[Read]:
        """The rows of what the list shows and nobody can open.

        Left out they would be lost without a word; without lines they are set aside and seen. Raises ContractError
        when nothing at all can be opened.
        """
        alone = [(each.key, each.raw, each.values) for each in (await self._listed(unread)).values()]
        if nothing and len(alone) > 1:
            code = self.settings.class_of(self.stream.head)
            raise ContractError(
                f"{code}: X3 lists records, {join_key(*alone[0][0])} among them, but says of each that it does "
                "not exist when it is read by its key.",
                fix=f"Check that the representation of {code} has a $details facet, or name another in "
                "`representations`.",
                who="Sage X3 administrator",
            )
        return alone

    async def _details(self, keys: Sequence[Key]) -> list[Read]:
        bodies = await together(self.api.details(self.stream.head, key) for key in keys)
        return [
            (key, body, row)
            for key, body in zip(keys, bodies, strict=True)
            if body is not None and self._is(key, row := ROW.decode(body))
        ]

    async def _completed(self, there: Sequence[Read]) -> Records:
        """With what else belongs to a record."""
        match self.stream.entity:
            case Entity.SUPPLIERS:
                return await self._suppliers(there)
            case Entity.INVOICES:
                return await self._invoices(there)
            case Entity.GL_POSTINGS:
                return {key: self._postings(key, body) for key, body, _ in there}
        return {key: [self._record(key, row, body)] for key, body, row in there}

    def _is(self, key: Key, row: Row) -> bool:
        """Whether this is the record that was asked for: quotes in addresses are read in more than one way."""
        names = (self.settings.property_name(self.stream.head, each) for each in CLASSES[self.stream.head].key)
        return all(row.get(name) is None or str(row[name]) == part for name, part in zip(names, key, strict=True))

    # What else belongs to a record -------------------------------------------------------------------------------

    async def _suppliers(self, there: Sequence[Read]) -> Records:
        """With addresses and business partner where the representation does not embed them (FACTS 22)."""
        embedded = self.settings.array("BPAADDRESS")
        lacking = [key[0] for key, _, row in there if embedded not in row]
        addresses = await self._of_parents("supplier_addresses", lacking)
        name = self.settings.property_name("business_partners", "EECNUM")
        nameless = [key[0] for key, _, row in there if name not in row]
        partners = await self._of_parents("business_partners", nameless)
        return {
            key: [
                self._record(
                    key, row, body, {"addresses": addresses.get(key[0], []), "partner": partners.get(key[0], [])}
                )
            ]
            for key, body, row in there
        }

    async def _of_parents(self, collection: str, codes: Sequence[str]) -> dict[str, list[bytes]]:
        """Rows of a class by the record they belong to; none where X3 does not expose the class."""
        found: dict[str, list[bytes]] = {}
        if not codes or not await self.stream.system.reads(collection):
            return found
        parent = self.settings.property_name(collection, CLASSES[collection].parent[0])
        for at in range(0, len(codes), KEYS_PER_FILTER):
            where = any_of(parent, codes[at : at + KEYS_PER_FILTER])
            async for page in self.api.pages(collection, self.api.first_page(collection, where)):
                for raw in page.rows:
                    found.setdefault(str(ROW.decode(raw).get(parent)), []).append(bytes(raw))
        return found

    async def _invoices(self, there: Sequence[Read]) -> Records:
        """With the posted entry of those whose lines carry no account (FACTS 24)."""
        uncoded = [self._lacks_coding(body) for _, body, _ in there]
        entries = await together(
            self._entry(row) if needed else _none() for (_, _, row), needed in zip(there, uncoded, strict=True)
        )
        return {
            key: [self._record(key, row, body, {"entry": [entry] if entry else []})]
            for (key, body, row), entry in zip(there, entries, strict=True)
        }

    def _lacks_coding(self, body: bytes) -> bool:
        """Not of an invoice that cannot be read: `normalize` says so of this one, and the others go on."""
        document = self.stream.renamed({"head": _TREE.decode(body)})
        try:
            return any(not line["coded"] for line in invoice_lines(document, self.stream.knowledge))
        except (MLConnectorError, ValueError, ArithmeticError, TypeError, AttributeError):
            return False

    async def _entry(self, row: Row) -> bytes | None:
        """The posted entry of an invoice: type and number are the invoice's."""
        name = self.settings.property_name
        kind, number = row.get(name("invoices", "GTE")), row.get(name("invoices", "NUM"))
        if not kind or not number:
            return None
        try:
            found: bytes | None = await self.api.details("gl_entries", (str(kind), str(number)))
        except MLConnectorError as error:
            if not is_no_class(error):
                raise
            return None
        return found

    def _postings(self, key: Key, body: bytes) -> list[RawRecord]:
        """A record per line of the entry in the legal ledger (FACTS 27)."""
        lines_name, splits_name = self.settings.array("GACCENTRYD"), self.settings.array("GACCENTRYA")
        raw = _RAW_ROW.decode(body)
        lines = msgspec.json.decode(raw.get(lines_name, b"[]"), type=list[msgspec.Raw] | None) or []
        splits = msgspec.json.decode(raw.get(splits_name, b"[]"), type=list[msgspec.Raw] | None) or []
        head = msgspec.json.encode({name: each for name, each in raw.items() if name not in (lines_name, splits_name)})
        name = self.settings.property_name
        ledger, number = name("gl_entry_lines", "LEDTYP"), name("gl_entry_lines", "LIN")
        of_line: dict[Key, list[bytes]] = defaultdict(list)
        for split in splits:
            of_line[_line(ROW.decode(split), number, ledger)].append(split)
        entry, found = ROW.decode(head), []
        for line in lines:
            row = ROW.decode(line)
            if menu(row.get(ledger), 1) != 1:
                continue
            mine = of_line.get(_line(row, number, ledger), [])
            found.append(self._record((*key, str(row.get(number))), entry, head, {"lines": [line], "splits": mine}))
        return found

    # Records -----------------------------------------------------------------------------------------------------

    def _record(self, key: Key, head: Row, raw: bytes, more: dict[str, Sequence[bytes]] | None = None) -> RawRecord:
        """The document `{"head", ...}`, rows byte for byte as they came."""
        parts = [b'{"head":', raw]
        for name, rows in (more or {}).items():
            if rows:
                parts += [b',"', name.encode(), b'":[', b",".join(map(bytes, rows)), b"]"]
        parts.append(b"}")
        payload = b"".join(parts)
        return RawRecord(
            key=join_key(*key),
            scope=self.settings.folder,
            version=version_of(payload),
            modified=str(head.get(self.stream.system.known_change(self.stream.head)) or ""),
            payload=payload,
        )


async def _none() -> None:
    return None


def _line(row: Row, number: str, ledger: str) -> Key:
    """By what lines and their splits find each other."""
    return str(row.get(number)), str(row.get(ledger, 1))


def version_of(payload: bytes) -> str:
    """A digest of all values; `$` properties (addresses, ETags, titles) are X3's own and left out."""
    return hashlib.blake2b(_SORTED.encode(_plain(_TREE.decode(payload))), digest_size=9).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if not name.startswith("$")}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


async def believe_empty(stream: X3Stream) -> None:
    """Nothing at all may mean that the user is shown nothing: rights of sites leave rows out without a word.

    Raises PermissionMissingError unless there is something out of our scope, or `may_be_empty` names the entity.
    """
    api, entity = stream.system.api, stream.entity
    if entity.value in stream.settings.may_be_empty:
        return
    where = "" if entity.is_document else await stream.scope()
    if (await api.page(stream.head, api.first_page(stream.head, where, count=1))).rows:
        return
    code = stream.settings.class_of(stream.head)
    what = f"{code} where {where}" if where else code
    raise PermissionMissingError(
        f"X3 shows nothing of {what} in folder {stream.settings.folder}, which is taken for a missing right.",
        fix=f"Give the user's function profile access to {code} and to its sites; check folder, chart_code and "
        f"cost_center_dimension. If there really is none yet, put {entity.value} into `may_be_empty`.",
        who="Sage X3 administrator",
    )
