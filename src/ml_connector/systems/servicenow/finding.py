"""Rows that are on the target already: a record's own, those that carry its key, and those keyed by hand.

Every row is compared here with what was asked for, because the instance drops conditions it does not know (FACTS 13).
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ml_connector.systems.base import Candidate, Part, Row
from ml_connector.systems.servicenow.columns import flag, stored
from ml_connector.systems.servicenow.dictionary import Dictionary, Proof
from ml_connector.systems.servicenow.form import Form
from ml_connector.systems.servicenow.instance import RowDict
from ml_connector.systems.servicenow.mapping import EntityMapping
from ml_connector.systems.servicenow.rows import RowReader, as_row
from ml_connector.systems.servicenow.settings import Settings
from ml_connector.systems.servicenow.surroundings import ErpSources


class Finder:
    """Finds rows of one entity."""

    def __init__(
        self,
        mapping: EntityMapping,
        forms: Mapping[str, Form],
        reader: RowReader,
        dictionary: Dictionary,
        sources: ErpSources,
        settings: Settings,
    ) -> None:
        self._match = mapping.match
        self._header = forms[mapping.header.name]
        self._forms = forms
        self._reader = reader
        self._dictionary = dictionary
        self._sources = sources
        self._settings = settings

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        """Rows that are a candidate's own, carry its key, or look like it by (supplier, number)."""
        form, match = self._header, self._match
        headers = [candidate.shaped.parts[0] for candidate in candidates]
        numbers = [match.value(candidate.record) for candidate in candidates]
        keys = [str(header.payload.get(form.key_column, "")) for header in headers]
        lookups = [str(next(iter(header.lookup.values()), "")) for header in headers]
        names = [getattr(candidate.record, "name", "") for candidate in candidates] if match.name else []
        reader = self._reader
        columns = [*match.numbers, *filter(None, [form.key_column]), *form.table.lookup]
        by_id, by_key, by_name = await asyncio.gather(
            reader.read(form, [header.external_id for header in headers]),
            reader.by_keys(form, list(dict.fromkeys(columns)), [*numbers, *keys, *lookups]),
            reader.by_keys(form, [match.name] if match.name else [], names),
        )
        rows = {row_id(row): row for row in [*by_id.values(), *by_key, *by_name]}
        index = indexed(rows.values(), list(dict.fromkeys([*columns, *filter(None, [match.name])])))
        found = [self._matching(candidate, rows, index) for candidate in candidates]
        return self._without_shared_names(found)

    def _matching(
        self, candidate: Candidate, rows: Mapping[str, RowDict], index: Mapping[str, list[RowDict]]
    ) -> list[tuple[RowDict, bool]]:
        """The candidate's rows, each with whether only its name says so.

        A row of the same number that carries the key of another record is that record's.
        """
        header, record, match, form = candidate.shaped.parts[0], candidate.record, self._match, self._header
        number, key = match.value(record), str(header.payload.get(form.key_column, ""))
        found: dict[str, tuple[RowDict, bool]] = {}
        if header.external_id in rows:
            found[header.external_id] = (rows[header.external_id], False)
        supplier = self._supplier_of(candidate)
        values = {number, key, *map(str, header.lookup.values())} - {""}
        for row in (row for value in values for row in index.get(value, ())):
            if not self._may_be_ours(row, candidate) or (supplier and stored(row.get(match.supplier)) != supplier):
                continue
            claims = [(form.key_column, key), *header.lookup.items()]
            carried = [(stored(row.get(column)) or "", wanted) for column, wanted in claims if column]
            by_number = any(stored(row.get(column)) == number for column in match.numbers)
            by_number = by_number and all(found in ("", wanted) for found, wanted in carried)
            by_key = any(found and found == wanted for found, wanted in carried)
            if by_number or by_key:
                found.setdefault(row_id(row), (row, False))
        if match.name and all(_is_of_another_record(sys_id, header.external_id) for sys_id in found):
            found |= self._same_name(candidate, index)
        return list(found.values())

    def _supplier_of(self, candidate: Candidate) -> str:
        record = candidate.record
        if not self._match.supplier:
            return ""
        return candidate.refs.id_of("supplier", record.supplier) or "?"  # type: ignore[attr-defined]

    def _may_be_ours(self, row: RowDict, candidate: Candidate) -> bool:
        """Rows that another ERP source sent are somebody else's, unless the instance knows each code once."""
        if not self._header.staging or self._header.table.one_per_code:
            return True
        source = candidate.shaped.parts[0].payload.get(
            self._settings.column(self._header.table.staging, "u_erp_source")
        )
        return self._sources.is_ours(row, str(source or ""))

    def _same_name(self, candidate: Candidate, index: Mapping[str, list[RowDict]]) -> dict[str, tuple[RowDict, bool]]:
        """Rows of that name that no ERP has claimed yet; a company has to be a vendor."""
        name = getattr(candidate.record, "name", "")
        claimed = [self._header.key_column, *self._match.numbers, *self._header.table.lookup]
        claimed = [column for column in claimed if column and column != self._match.name]
        return {
            row_id(row): (row, True)
            for row in index.get(name, ())
            if name
            and stored(row.get(self._match.name)) == name
            and not any(stored(row.get(column)) for column in claimed)
            and flag(stored(row.get("vendor")) or "true")
        }

    def _without_shared_names(self, found: list[list[tuple[RowDict, bool]]]) -> list[list[Row]]:
        """A row that two records claim by name alone is neither's."""
        claims = Counter(row_id(row) for rows in found for row, by_name in rows if by_name)
        return [
            [as_row(self._header, row) for row, by_name in rows if not by_name or claims[row_id(row)] == 1]
            for rows in found
        ]

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        """For each part the rows that are its own or carry its key."""
        by_table: dict[str, list[int]] = defaultdict(list)
        for position, part in enumerate(parts):
            by_table[part.table].append(position)
        found: list[list[Row]] = [[] for _ in parts]
        for table, positions in by_table.items():
            form = self._forms[table]
            await self._find_in(form, [(parts[position], found[position]) for position in positions])
        return found

    async def _find_in(self, form: Form, wanted: list[tuple[Part, list[Row]]]) -> None:
        by_id = await self._reader.read(form, [part.external_id for part, _ in wanted])
        lookups = [lookup for part, _ in wanted if (lookup := self._lookup_of(form, part))]
        column = next(iter(lookups[0]), "") if lookups else ""
        values = [str(lookup[column]) for lookup in lookups]
        rows = await self._reader.by_keys(form, [column], values) if column else []
        index = indexed(rows, [column])
        taken: set[str] = set()
        for part, into in wanted:
            lookup = self._lookup_of(form, part)
            hits = {one: row for one, row in by_id.items() if one == part.external_id}
            source = str(part.payload.get(self._settings.column(form.table.staging, "u_erp_source"), ""))
            complete = not any(self._lacks(form, name) for name in lookup)
            for row in index.get(str(lookup.get(column, "")), ()) if column else ():
                if form.staging and not form.table.one_per_code and not self._sources.is_ours(row, source):
                    continue
                if complete and not form.differences(lookup, row):
                    hits.setdefault(row_id(row), row)
                elif not complete and not hits and self._may_be_part(form, part, lookup, row, taken):
                    hits[row_id(row)] = row
                    taken.add(row_id(row))
            into.extend(as_row(form, row) for row in hits.values())

    def _may_be_part(
        self, form: Form, part: Part, lookup: Mapping[str, Any], row: RowDict, taken: Collection[str]
    ) -> bool:
        """Where the target lacks a column of the key, a part takes one row of its document that says the same."""
        there = {name: value for name, value in lookup.items() if not self._lacks(form, name)}
        return row_id(row) not in taken and not form.differences(there, row) and form.alike(part.payload, row)

    def _lacks(self, form: Form, column: str) -> bool:
        return self._dictionary.proof(form.name, column) is Proof.MISSING

    def _lookup_of(self, form: Form, part: Part) -> dict[str, Any]:
        """The part's key; in profile `pages` the column of the ERP's key, where the table has one."""
        if part.lookup:
            return part.lookup
        key = part.payload.get(form.key_column)
        proved = form.key_column and self._dictionary.proof(form.name, form.key_column) is Proof.PROVED
        return {form.key_column: key} if key and proved else {}

    async def lines_of(self, form: Form, header_id: str) -> list[Row]:
        """The lines that hang on a header."""
        column = form.table.header_column
        rows = await self._reader.by_keys(form, [column], [header_id])
        mine = {row_id(row): row for row in rows if stored(row.get(column)) == header_id}
        return [as_row(form, row) for row in mine.values()]


def indexed(rows: Iterable[RowDict], columns: Sequence[str]) -> dict[str, list[RowDict]]:
    """Rows by each value that one of the columns holds."""
    index: dict[str, list[RowDict]] = defaultdict(list)
    for row in rows:
        for value in {stored(row.get(column)) or "" for column in columns}:
            index[value].append(row)
    return index


def row_id(row: RowDict) -> str:
    """The row's sys_id."""
    return stored(row.get("sys_id")) or ""


def _is_of_another_record(sys_id: str, mine: str) -> bool:
    """A row whose id we made, for another record."""
    try:
        return bool(mine) and sys_id != mine and uuid.UUID(hex=sys_id).version == 5
    except ValueError:
        return False
