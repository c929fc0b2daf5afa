"""A declaration per collection read, and the stream that carries them out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from ml_connector.errors import MappingError
from ml_connector.mappings import Mapping as FieldMapping
from ml_connector.records import Entity, Record, split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.cursors import Unbelievable
from ml_connector.systems.stored import readable_rows
from ml_connector.systems.syspro import mapping, quirks, tables
from ml_connector.systems.syspro.assembly import Assembly, Heads
from ml_connector.systems.syspro.conditions import ALWAYS, Condition, Is, either, every
from ml_connector.systems.syspro.cursors import Cursor, Seen, believed
from ml_connector.systems.syspro.documents import Document, raw_record, record_key, version_of
from ml_connector.systems.syspro.quirks import invoices, orders, postings, references, suppliers
from ml_connector.systems.syspro.reading import ROW, Row, canonical
from ml_connector.systems.syspro.tables import Table

if TYPE_CHECKING:
    from ml_connector.systems.syspro.connection import Syspro

PAGE_RECORDS = 1_000
MOST_LINES = 5_000
"""Lines of journals that are held at a time."""
CANCELLED = "*"
FINAL_ORDER_STATUSES = ("9", CANCELLED)
CANCELLED_ORDERS = timedelta(days=365)
"""No date tells when an order was cancelled, so those that are so much older are read each time, too (FACTS 33)."""


def _nothing(document: dict[str, Any], knowledge: Mapping[str, Any]) -> None:
    """Nothing has to be computed."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One stream: the table of its heads, and how its documents are mapped."""

    entity: Entity
    head: Table
    mapping: FieldMapping
    parts: Mapping[str, Table]
    """Tables of the parts of a document, for columns that have another name here."""
    prepare: Callable[[dict[str, Any], Mapping[str, Any]], None] = _nothing
    """Puts what has to be computed into the document before it is mapped."""
    recent: Callable[[date], Condition] | None = None
    """The documents that may have changed since a day; None: everything is read each time."""
    local_currency: bool = False
    """It cannot be read without knowing the company's currency."""


def _recent_invoices(day: date) -> Condition:
    """A back-dated invoice has a late JournalDate, one entered ahead a late InvoiceDate (FACTS 33)."""
    return either([Is("InvoiceDate", "ge", day), Is("JournalDate", "ge", day)])


def _recent_orders(day: date) -> Condition:
    open_ones = every(*(Is("OrderStatus", "ne", status) for status in FINAL_ORDER_STATUSES))
    cancelled = every(Is("OrderStatus", "eq", CANCELLED), Is("OrderEntryDate", "ge", day - CANCELLED_ORDERS))
    return either([open_ones, cancelled, Is("OrderEntryDate", "ge", day), Is("DatePoCompleted", "ge", day)])


def _recent_journals(day: date) -> Condition:
    return Is("PostDate", "ge", day)


GL_ACCOUNTS = Declared(Entity.GL_ACCOUNTS, tables.ACCOUNT, mapping.TO_GL_ACCOUNT, {})
COST_CENTERS = Declared(Entity.COST_CENTERS, tables.ANALYSIS_CODE, mapping.TO_COST_CENTER, {})
SUPPLIERS = Declared(
    Entity.SUPPLIERS,
    tables.SUPPLIER,
    mapping.TO_SUPPLIER,
    {"address": tables.SUPPLIER_ADDRESS},
    suppliers.prepare_supplier,
)
PURCHASE_ORDERS = Declared(
    Entity.PURCHASE_ORDERS,
    tables.ORDER,
    mapping.TO_PURCHASE_ORDER,
    {"lines": tables.ORDER_LINE},
    orders.prepare_order,
    _recent_orders,
)
INVOICES = Declared(
    Entity.INVOICES,
    tables.INVOICE,
    mapping.TO_INVOICE,
    {
        "entries": tables.JOURNAL_SUMMARY,
        "lines": tables.JOURNAL_DISTRIBUTION,
        "analysis": tables.ANALYSIS_ENTRY,
        "matches": tables.RECEIPT_MATCH,
        "receipts": tables.RECEIPT,
        "supplier": tables.SUPPLIER,
    },
    invoices.prepare_invoice,
    _recent_invoices,
)
GL_POSTINGS = Declared(
    Entity.GL_POSTINGS,
    tables.JOURNAL,
    mapping.TO_GL_POSTING,
    {"line": tables.JOURNAL_ENTRY, "analysis": tables.ANALYSIS_ENTRY},
    postings.prepare_posting,
    _recent_journals,
    local_currency=True,
)
STREAMS: Mapping[Entity, Declared] = {
    each.entity: each for each in (GL_ACCOUNTS, COST_CENTERS, SUPPLIERS, PURCHASE_ORDERS, INVOICES, GL_POSTINGS)
}
DOCUMENTS = frozenset({Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES, Entity.GL_POSTINGS})
"""Entities whose records consist of rows of several tables."""
_PAYLOAD = msgspec.json.Decoder(dict[str, msgspec.Raw])


class SysproStream:
    """A collection of one company, as `systems.base.Stream` wants it."""

    def __init__(self, system: Syspro, declared: Declared) -> None:
        self.system = system
        self.declared = declared
        self.settings = system.settings
        self.company = system.settings.company_id
        self._segmented = self.settings.cost_center_source == "gl_segment"
        self._knowledge: dict[str, Any] = {
            "company": self.company,
            "segment": re.compile(self.settings.gl_segment) if self._segmented else None,
            "category": self.settings.analysis_category.strip(),
            "type": self.settings.analysis_type,
            "tax_types": frozenset(text.strip() for text in self.settings.tax_expense_types),
            "stated_currency": self.settings.local_currency,
        }

    @property
    def entity(self) -> Entity:
        return self.declared.entity

    @property
    def head(self) -> Table:
        """Cost centers may be parts of GL codes."""
        return tables.ACCOUNT if self._segments else self.declared.head

    @property
    def _segments(self) -> bool:
        return self._segmented and self.entity is Entity.COST_CENTERS

    @cached_property
    def mapping_version(self) -> str:
        """Of the table, of what `quirks` computes, and of the settings that both heed."""
        settings = self.settings
        values = (
            self.declared.mapping.version, quirks.VERSION, settings.cost_center_source, settings.gl_segment,
            settings.analysis_category, settings.analysis_type, settings.tax_expense_types, settings.fields,
            settings.local_currency,
        )  # fmt: skip
        return hashlib.blake2b(repr(values).encode(), digest_size=6).hexdigest()

    # Windows -----------------------------------------------------------------------------------------------------

    async def window(self, cursor: Json | None) -> Window:
        """What to read now: what may have changed since `cursor`, or everything."""
        now = await self.system.server_now()
        bounds: Json = {"start": now.isoformat() if now else "", "cursor": None}
        if cursor is None:
            return Window(bounds, first_load=True)
        try:
            believed(cursor, self.company, now)
        except Unbelievable as reason:
            return Window(bounds, first_load=True, remark=f"Everything is read again: {reason}.")
        return Window({**bounds, "cursor": cursor}, first_load=False)

    def _condition(self, cursor: Cursor | None) -> Condition:
        """Of the documents that may have changed: W is the start of the last reading less the days to look back."""
        if cursor is None or self.declared.recent is None:
            return ALWAYS
        settings = self.settings
        days = settings.posting_look_back_days if self.declared is GL_POSTINGS else settings.look_back_days
        return self.declared.recent(datetime.fromisoformat(cursor.start).date() - timedelta(days=days))

    # Reading -----------------------------------------------------------------------------------------------------

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on; what the cursor has seen in this version is left out."""
        given = window.bounds["cursor"]
        cursor = believed(given, self.company, None) if given is not None else None
        before, seen = Seen(cursor.seen if cursor else ""), Seen()
        count = 0
        if position is not None:
            seen = Seen(cursor.seen if cursor else "")  # of what was handed on before, only this is sure
            count = int(position["count"])
        start = position["behind"] if position is not None else ()
        async with aclosing(self._batches(self._condition(cursor), start)) as batches:
            async for documents, reached in batches:
                records = [await self._record(each) for each in documents]
                fresh = [raw for raw in records if seen.add(raw) and raw not in before]
                for at in range(0, len(fresh), PAGE_RECORDS):
                    is_last = at + PAGE_RECORDS >= len(fresh)
                    behind = {"behind": list(reached), "count": count + len(records)}
                    yield Page(
                        fresh[at : at + PAGE_RECORDS], behind if is_last else {"behind": list(start), "count": count}
                    )
                count, start = count + len(records), reached
        if count == 0 and (cursor is None or self.declared.recent is None):
            await self.system.believe_empty(self.head)
        end = Cursor(self.company, window.bounds["start"], count, seen.text())
        yield Page([], None, msgspec.to_builtins(end))

    async def _record(self, document: Document) -> RawRecord:
        return raw_record(document, self.company, await self._context())

    async def _context(self) -> Mapping[str, str]:
        if not self.declared.local_currency:
            return {}
        return {"currency": await self.system.local_currency(needed=True)}

    async def _assembly(self, *, narrow: bool = False) -> Assembly:
        company = await self.system.gl_company() if self.declared is GL_POSTINGS else ""
        analysed = not self._segmented
        return Assembly(self.system.reader, self.entity, narrow=narrow, analysed=analysed, gl_company=company)

    async def _batches(
        self, condition: Condition, start: Sequence[str] = (), *, narrow: bool = False
    ) -> AsyncGenerator[tuple[list[Document], Sequence[str]], None]:
        """Documents, and the key of the last head behind which reading goes on."""
        reader, table = self.system.reader, self.head
        await reader.learn()
        base = await self._base_condition()
        condition = every(base, self._known_only(condition))
        assembly = await self._assembly(narrow=narrow)
        met: set[str] = set()
        columns = assembly.columns(table)
        async with aclosing(reader.scan(table, columns, condition, start, f"read {self.entity.value}")) as pages:
            async for page in pages:
                for heads in self._portions(Heads(page.rows, condition, dense=condition == ALWAYS)):
                    reached = [heads.rows[-1].text(name) for name in table.key]
                    if self.entity in DOCUMENTS:
                        documents = await assembly.documents(table, heads)
                    else:
                        documents = self._plain(heads.rows, met)
                    yield documents, reached

    def _known_only(self, condition: Condition) -> Condition:
        """Without DatePoCompleted where the system does not have it."""
        if self.declared is PURCHASE_ORDERS and condition != ALWAYS:
            known = self.system.reader.known(tables.ORDER)
            if known and self.settings.column_name("PorMasterHdr", "DatePoCompleted") not in known:
                return either([term for term in getattr(condition, "terms", ()) if not _is_about_completion(term)])
        return condition

    async def _base_condition(self) -> Condition:
        if self.head is tables.ACCOUNT:
            return Is("Company", "eq", await self.system.gl_company())
        if self.declared is COST_CENTERS:
            category, kind = self.settings.analysis_category, self.settings.analysis_type
            reader, codes = self.system.reader, tables.ANALYSIS_CODE
            return every(
                Is("AnalysisCategory", "eq", category) if category else None,
                Is("AnalysisType", "eq", reader.typed(codes, "AnalysisType", str(kind))) if kind else None,
            )
        return ALWAYS

    def _portions(self, heads: Heads) -> list[Heads]:
        """Journals in portions of so many lines; everything else as it is."""
        if self.declared is not GL_POSTINGS:
            return [heads]
        portions: list[list[Row]] = []
        lines = MOST_LINES
        for row in heads.rows:
            size = max(1, row.number("NumOfEntries"))
            if lines + size > MOST_LINES:
                portions.append([])
                lines = 0
            portions[-1].append(row)
            lines += size
        return [Heads(rows, heads.condition, heads.dense) for rows in portions]

    def _plain(self, rows: Sequence[Row], met: set[str]) -> list[Document]:
        """Records of one row; of cost centers inside GL codes each once."""
        if not self._segments:
            return [Document(self._key(row), row) for row in rows]
        found = []
        for row in rows:
            code = references.segment(row.text("GlCode"), self._knowledge["segment"])
            if code and code not in met:
                met.add(code)
                content = msgspec.json.encode({"AnalysisCode": code})
                found.append(Document((code,), Row(content, {"AnalysisCode": code})))
        return found

    def _key(self, row: Row) -> tuple[str, ...]:
        """Of a row of one table; the ledger's own company is not repeated."""
        columns = ("GlCode",) if self.declared is GL_ACCOUNTS else self.head.key
        return tuple(row.text(name) for name in columns)

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        wanted = {split_key(text) for text in keys}
        ours = {parts[1:] for parts in wanted if len(parts) > 1 and parts[0] == self.company}
        await self.system.reader.learn()
        documents = await self._fetch_documents(ours)
        return [await self._record(each) for each in documents if each.key in ours]

    async def _fetch_documents(self, ours: set[tuple[str, ...]]) -> list[Document]:
        table = self.head
        if self._segments:
            async with aclosing(self._batches(ALWAYS)) as batches:
                return [each async for documents, _ in batches for each in documents]
        width = len(table.key) + (1 if self.declared is GL_POSTINGS else -1 if self.declared is GL_ACCOUNTS else 0)
        heads = {key[: len(table.key)] for key in ours if len(key) == width and _is_possible(table, key)}
        if self.declared is GL_ACCOUNTS and heads:
            company = await self.system.gl_company()
            heads = {(company, *key) for key in heads}
        if not heads:
            return []
        assembly = await self._assembly()
        found = await assembly.by_keys(table, sorted(heads))
        if not found.rows:
            return []
        if self.entity in DOCUMENTS:
            return await assembly.documents(table, found)
        return self._plain(found.rows, set())

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record, by keys and time stamps alone where tables have them."""
        context = await self._context()
        count = 0
        async with aclosing(self._batches(ALWAYS, narrow=True)) as batches:
            async for documents, _ in batches:
                count += len(documents)
                yield [(record_key(self.company, each.key), version_of(each, context)) for each in documents]
        if count == 0:
            await self.system.believe_empty(self.head)

    # Mapping -----------------------------------------------------------------------------------------------------

    def normalize(self, raw: RawRecord) -> Record:
        """The canonical record; pure."""
        with readable_rows(raw):
            document = self._decoded(raw)
        context = document.pop("context")
        knowledge = {**self._knowledge, **context}
        try:
            self.declared.prepare(document, knowledge)
        except (ValueError, ArithmeticError) as error:
            raise MappingError(f"{raw.key}: {error}.") from error
        record: Record = self.declared.mapping.apply(document["head"], knowledge)
        return record

    def _decoded(self, raw: RawRecord) -> dict[str, Any]:
        """The rows by part, under the names of the fact sheet."""
        parts = _PAYLOAD.decode(raw.payload)
        found: dict[str, Any] = {}
        for name, content in parts.items():
            if name == "context":
                found[name] = msgspec.json.decode(content)
            elif name == "head":
                found[name] = canonical(self.settings, self.declared.head, ROW.decode(content))
            else:
                table = self.declared.parts[name]
                rows = msgspec.json.decode(content, type=list[msgspec.Raw])
                found[name] = [canonical(self.settings, table, ROW.decode(row)) for row in rows]
        return found


def _is_about_completion(term: Condition) -> bool:
    return isinstance(term, Is) and term.column == "DatePoCompleted"


def _is_possible(table: Table, key: tuple[str, ...]) -> bool:
    """Whether a row of the table can have this key: numbers are numbers."""
    return all(text.isdecimal() for name, text in zip(table.key, key, strict=False) if name in table.numbers)
