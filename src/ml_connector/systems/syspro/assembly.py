"""From heads to documents: reads the rows of other tables that belong to a page of heads, in bulk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ml_connector.records import Entity
from ml_connector.systems.syspro.conditions import (
    Condition,
    Key,
    among,
    among_runs,
    between,
    every,
    runs,
)
from ml_connector.systems.syspro.documents import Document, mark
from ml_connector.systems.syspro.reading import Reader, Row
from ml_connector.systems.syspro.tables import (
    ANALYSIS_ENTRY,
    INVOICE,
    JOURNAL,
    JOURNAL_DISTRIBUTION,
    JOURNAL_ENTRY,
    JOURNAL_SUMMARY,
    ORDER,
    ORDER_LINE,
    RECEIPT,
    RECEIPT_MATCH,
    SUPPLIER,
    SUPPLIER_ADDRESS,
    Table,
)

Texts = tuple[str, ...]
Found = dict[Texts, list[Row]]

ROUNDS = 3
"""So often a head that changed while its lines were read is read again."""
GAP = 40
"""So many entries that nobody asked for are read along between two wanted ones: rows are cheaper than requests."""
JOURNAL_GAP = 3
"""The same of whole journals, whose lines may be many."""
ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
LEDGER_JOURNAL = ("GlYear", "GlPeriod", "Journal")


@dataclass(frozen=True, slots=True)
class Heads:
    """Some heads and how they were asked for."""

    rows: list[Row]
    condition: Condition
    dense: bool = False
    """They are every row of the table from the first to the last, so that their lines are a range, too."""


class Assembly:
    """Makes the documents of one entity."""

    def __init__(
        self, reader: Reader, entity: Entity, *, narrow: bool = False, analysed: bool = True, gl_company: str = ""
    ) -> None:
        """`narrow`: only keys and time stamps are read, as far as tables have them; for comparing versions."""
        self.reader = reader
        self.entity = entity
        self.narrow = narrow
        self.analysed = analysed
        self.gl_company = gl_company

    def columns(self, table: Table) -> tuple[str, ...]:
        return table.links if self.narrow and self.reader.is_stamped(table) else table.columns

    async def documents(self, table: Table, heads: Heads) -> list[Document]:
        """The documents of these heads; a head that changed while its lines were read is read again with them.

        One that keeps changing is given as it was last: the next reading finds it changed.
        """
        await self.reader.learn()
        done: list[Document] = []
        for _ in range(ROUNDS):
            if not heads.rows:
                break
            documents = await self._with_parts(heads)
            moved = await self._moved(table, heads)
            done += [each for each in documents if _texts(each.head, table.key) not in moved]
            if not moved:
                return done
            heads = await self.by_keys(table, sorted(moved))
        return done + await self._with_parts(heads) if heads.rows else done

    async def by_keys(self, table: Table, keys: Sequence[Texts]) -> Heads:
        """The heads with these keys, those that are there."""
        wanted = set(keys)
        rows = await self.reader.all_of(
            table, self.columns(table), self._among(table, table.key, sorted(wanted)), table.key
        )
        return Heads([row for row in rows if _texts(row, table.key) in wanted], every())

    async def _moved(self, table: Table, heads: Heads) -> set[Texts]:
        """Keys of the heads whose time stamp is another by now, or which do not answer the condition any more."""
        if not self.reader.is_stamped(table) or self.entity not in _PARTS:
            return set()
        keys = [_texts(row, table.key) for row in heads.rows]
        if heads.condition == every():
            conditions = self._among(table, table.key, sorted(keys))
        else:
            conditions = [every(heads.condition, self._range(table, table.key, keys))]
        if heads.dense:
            conditions = [self._range(table, table.key, keys)]
        rows = await self.reader.all_of(table, (), conditions, table.key)
        stamps = {_texts(row, table.key): mark(row) for row in rows}
        return {key for key, row in zip(keys, heads.rows, strict=True) if stamps.get(key) != mark(row)}

    async def _with_parts(self, heads: Heads) -> list[Document]:
        reading = _PARTS.get(self.entity)
        if reading is None:
            raise AssertionError(f"{self.entity} has no parts")
        documents: list[Document] = await reading(self, heads)
        return documents

    # Conditions --------------------------------------------------------------------------------------------------

    def _among(self, table: Table, columns: Sequence[str], keys: Sequence[Texts]) -> list[Condition]:
        typed = [self.reader.typed_key(table, columns, key) for key in keys]
        return among(columns, typed, self.reader.transport.most_comparisons)

    def _range(self, table: Table, columns: Sequence[str], keys: Sequence[Texts]) -> Condition:
        ends: list[Key] = [self.reader.typed_key(table, columns, key) for key in (keys[0], keys[-1])]
        return between(columns, ends[0], ends[1])

    async def _children(self, table: Table, columns: Sequence[str], heads: Heads) -> Found:
        """The rows of another table that carry the key of a head, by that key."""
        keys = [_texts(row, columns) for row in heads.rows]
        conditions = (
            [self._range(table, columns, keys)] if heads.dense else self._among(table, columns, sorted(set(keys)))
        )
        return _grouped(await self.reader.all_of(table, self.columns(table), conditions, columns), columns)

    async def _numbered(self, table: Table, columns: Sequence[str], keys: Iterable[Texts], gap: int = GAP) -> Found:
        """The rows with these keys, of which the last part counts upwards, and some that lie between them."""
        found = runs([(self.reader.typed_key(table, columns[:-1], key[:-1]), int(key[-1])) for key in keys], gap)
        conditions = among_runs(columns, found, self.reader.transport.most_comparisons)
        return _grouped(await self.reader.all_of(table, self.columns(table), conditions, columns), columns)

    async def _analysis(self, rows: Iterable[Row]) -> Found:
        """The analysis entries that these rows name (FACTS 28)."""
        entries = {(str(number),) for row in rows if (number := row.number("AnalysisEntry"))}
        if not self.analysed or not entries:
            return {}
        return await self._numbered(ANALYSIS_ENTRY, ("AnalysisEntry",), entries)

    # Entities ----------------------------------------------------------------------------------------------------

    async def suppliers(self, heads: Heads) -> list[Document]:
        addresses = await self._children(SUPPLIER_ADDRESS, SUPPLIER.key, heads)
        return [
            Document(key, row, {"address": addresses.get(key, [])}) for key, row in _keyed(heads.rows, SUPPLIER.key)
        ]

    async def orders(self, heads: Heads) -> list[Document]:
        lines = await self._children(ORDER_LINE, ORDER.key, heads)
        return [Document(key, row, {"lines": lines.get(key, [])}) for key, row in _keyed(heads.rows, ORDER.key)]

    async def invoices(self, heads: Heads) -> list[Document]:
        """The entries of the payables journals with their distribution, analysis, and the receipts matched."""
        entries = await self._children(JOURNAL_SUMMARY, INVOICE.key, heads)
        mine = {key: entries.get(key, []) for key, _ in _keyed(heads.rows, INVOICE.key)}
        places = {_texts(row, ENTRY) for rows in mine.values() for row in rows}
        distribution = await self._numbered(JOURNAL_DISTRIBUTION, ENTRY, places) if places else {}
        bare = [
            row
            for key, row in _keyed(heads.rows, INVOICE.key)
            if not any(distribution.get(_texts(entry, ENTRY)) for entry in mine[key])
        ]
        suppliers = await self._merchandise_codes(bare)
        analysis = await self._analysis(
            [row for rows in mine.values() for row in rows]
            + [row for place in places for row in distribution.get(place, [])]
        )
        matches = await self._children(RECEIPT_MATCH, INVOICE.key, heads)
        receipts = await self._receipts(matches[key] for key in mine if key in matches)
        documents = []
        for key, row in _keyed(heads.rows, INVOICE.key):
            lines = [line for entry in mine[key] for line in distribution.get(_texts(entry, ENTRY), [])]
            named = {str(each.number("AnalysisEntry")) for each in (*mine[key], *lines)}
            matched = matches.get(key, [])
            notes = {match.text("Grn") for match in matched}
            parts = {
                "entries": mine[key],
                "lines": lines,
                "analysis": _steady(each for name in named for each in analysis.get((name,), [])),
                "matches": matched,
                "receipts": _steady(each for note in notes for each in receipts.get((note,), [])),
            }
            if not lines:
                parts["supplier"] = suppliers.get(key[:1], [])
            documents.append(Document(key, row, parts))
        return documents

    async def _merchandise_codes(self, heads: Sequence[Row]) -> Found:
        """The suppliers of invoices without distribution. Their time stamp is left out: it moves with every balance."""
        keys = sorted({_texts(row, SUPPLIER.key) for row in heads})
        if not keys:
            return {}
        conditions = self._among(SUPPLIER, SUPPLIER.key, keys)
        rows = await self.reader.all_of(SUPPLIER, ("MerchGlCode",), conditions, SUPPLIER.key, stamped=False)
        return _grouped(rows, SUPPLIER.key)

    async def _receipts(self, matches: Iterable[list[Row]]) -> Found:
        notes = sorted({(row.text("Grn"),) for rows in matches for row in rows})
        if not notes:
            return {}
        conditions = self._among(RECEIPT, ("Grn",), notes)
        return _grouped(await self.reader.all_of(RECEIPT, self.columns(RECEIPT), conditions, ("Grn",)), ("Grn",))

    async def postings(self, heads: Heads) -> list[Document]:
        """A document per line of a posted journal; the journal is a part of each (FACTS 31)."""
        open_statuses = {text.strip() for text in self.reader.settings.open_journal_statuses}
        journals = [(key, row) for key, row in _keyed(heads.rows, JOURNAL.key) if is_posted(row, open_statuses)]
        if not journals:
            return []
        lines = await self._numbered(JOURNAL_ENTRY, LEDGER_JOURNAL, [key for key, _ in journals], JOURNAL_GAP)
        mine = [
            (journal, line)
            for key, journal in journals
            for line in lines.get(key, [])
            if self._is_ours(line) and line.text("EntryPosted").strip().upper() == "Y"
        ]
        analysis = await self._analysis(line for _, line in mine)
        return [
            Document(
                _texts(line, JOURNAL_ENTRY.key),
                journal,
                {"line": [line], "analysis": _steady(analysis.get((str(line.number("AnalysisEntry")),), []))},
            )
            for journal, line in mine
        ]

    def _is_ours(self, line: Row) -> bool:
        company = line.text("Company").strip()
        return not company or not self.gl_company or company == self.gl_company.strip()


_PARTS = {
    Entity.SUPPLIERS: Assembly.suppliers,
    Entity.PURCHASE_ORDERS: Assembly.orders,
    Entity.INVOICES: Assembly.invoices,
    Entity.GL_POSTINGS: Assembly.postings,
}


def is_posted(journal: Row, open_statuses: set[str]) -> bool:
    """An unposted journal has no PostDate; a status of an open one is not final."""
    day = journal.text("PostDate").strip()
    return bool(day) and not day.startswith("0000") and journal.text("JnlStatus").strip() not in open_statuses


def _steady(rows: Iterable[Row]) -> list[Row]:
    """In an order of their own: the key of their table is not fully known, and so neither is the system's order."""
    return sorted(rows, key=lambda row: row.raw)


def _texts(row: Row, columns: Sequence[str]) -> Texts:
    return tuple([row.text(name) for name in columns])


def _keyed(rows: Iterable[Row], columns: Sequence[str]) -> list[tuple[Texts, Row]]:
    return [(_texts(row, columns), row) for row in rows]


def _grouped(rows: Iterable[Row], columns: Sequence[str]) -> Found:
    found: Found = defaultdict(list)
    for row in rows:
        found[_texts(row, columns)].append(row)
    return dict(found)
