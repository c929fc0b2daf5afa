"""One entity of one connection as a target: shape, write, and find again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ml_connector.errors import Issue, RecordError
from ml_connector.mappings import Refs
from ml_connector.mappings.mapping import describe
from ml_connector.records import Entity, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Answer, Candidate, Facts, Part, Row, Shaped, Write
from ml_connector.systems.servicenow import surroundings
from ml_connector.systems.servicenow.answers import Guide
from ml_connector.systems.servicenow.columns import day, flag, stored
from ml_connector.systems.servicenow.courier import Courier
from ml_connector.systems.servicenow.dictionary import Dictionary
from ml_connector.systems.servicenow.finding import Finder, indexed, row_id
from ml_connector.systems.servicenow.form import Form, ShapeEnv
from ml_connector.systems.servicenow.import_writer import ImportWriter
from ml_connector.systems.servicenow.instance import Instance, RowDict
from ml_connector.systems.servicenow.mapping import INVOICE_STATUS, MAPPINGS, ORDER_STATUS, EntityMapping
from ml_connector.systems.servicenow.profiles import PAGES, Presence, Profiles
from ml_connector.systems.servicenow.rows import RowReader, TableRow, as_row
from ml_connector.systems.servicenow.settings import Settings
from ml_connector.systems.servicenow.table_writer import TableWriter

NOT_IN_MAPPING = (
    "late_write_window_s",
    "batch_",
    "max_in_flight",
    "page_size",
    "read_timeout",
    "requests_per",
    "token",
)


class Writer(Protocol):
    """How rows get there: by the Table API or by import sets."""

    async def write(self, writes: Sequence[Write]) -> list[Answer]: ...


class Workshop(msgspec.Struct, frozen=True):
    """What the targets of one connection share."""

    settings: Settings
    instance: Instance
    dictionary: Dictionary
    reader: RowReader
    courier: Courier
    profiles: Profiles
    guide: Guide
    sources: surroundings.SourcesOnce = msgspec.field(default_factory=surroundings.SourcesOnce)


class EntityTarget:
    """The tables of one entity; `prepare` decides the profile and proves the columns."""

    def __init__(self, entity: Entity, workshop: Workshop) -> None:
        self.entity = entity
        self._shop = workshop
        self._settings = workshop.settings
        self._mapping: EntityMapping | None = None
        self._header: Form
        self._lines: Form | None = None
        self._forms: dict[str, Form] = {}
        self._writer: Writer
        self._finder: Finder
        self._sources = surroundings.ErpSources(workshop.settings, None)
        self._knowledge: dict[tuple[str, str], dict[str, Any]] = {}
        self._ship_to = ""
        self._is_empty: bool | None = None
        """Nothing to find in the header's table; None: nobody has looked yet."""
        self._version = ""

    # --- what it is ----------------------------------------------------------------------------------------------

    @property
    def mapping_version(self) -> str:
        """Of the profile in use (before `prepare`: of the one that settings name), with the settings that matter."""
        if not self._version:
            profile = self._settings.profile if self._settings.profile in MAPPINGS else PAGES
            return _version(MAPPINGS[profile][self.entity], self._settings)
        return self._version

    @property
    def reconciles(self) -> bool:
        return False

    @property
    def sends_updates(self) -> bool:
        return True

    @property
    def writes_by_id(self) -> bool:
        """Not for import sets."""
        return isinstance(getattr(self, "_writer", None), TableWriter)

    @property
    def shares_rows(self) -> bool:
        """Cost centers, departments and locations in profile s2p_staging."""
        header = getattr(self, "_header", None)
        return header is not None and header.table.one_per_code

    @property
    def chooses_ids(self) -> bool:
        """Not for import sets, nor on an instance that was seen to ignore our sys_ids."""
        writer = getattr(self, "_writer", None)
        return isinstance(writer, TableWriter) and writer.honours_ids

    @property
    def late_write_window_s(self) -> float:
        return self._settings.late_write_window_s

    # --- learning ------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Decide the profile, prove tables and columns, look up what every record needs; a handful of requests."""
        decision = await self._shop.profiles.decide()
        mapping = MAPPINGS[decision.profile][self.entity]
        self._mapping, self._version = mapping, _version(mapping, self._settings)
        self._header = Form(mapping.header, self._settings)
        self._lines = Form(mapping.lines, self._settings) if mapping.lines else None
        self._forms = {form.table.name: form for form in (self._header, self._lines) if form}
        await self._shop.dictionary.learn(tables_of(decision.profile, self._settings))
        if not all(self._shop.dictionary.covers(form.written) for form in self._forms.values()):
            await self._read_a_row()
        without_status = await self._without_status()
        for form in self._forms.values():
            form.bind(self._shop.dictionary, self._shop.guide, without_status=without_status)
        await self._look_around()
        self._writer = self._make_writer()
        self._finder = Finder(
            mapping, self._forms, self._shop.reader, self._shop.dictionary, self._sources, self._settings
        )
        self._knowledge.clear()

    async def _read_a_row(self) -> None:
        """The second rung of the ladder, and whether there is anything to find at all."""
        shop = self._shop
        probe = await shop.profiles.fresh(self._header.name)
        if probe.presence is Presence.MISSING:
            raise shop.guide.table_missing(self._header.name)
        if probe.presence is Presence.FORBIDDEN:
            raise shop.guide.role_missing(self._header.name, "read")
        assert probe.page is not None
        self._is_empty = probe.page.total == 0 and not probe.page.rows
        for row in probe.page.rows:
            shop.dictionary.see(self._header.name, row)
        if self._lines and not shop.dictionary.covers(self._lines.name):
            probe = await shop.profiles.fresh(self._lines.name)
            if probe.presence is Presence.MISSING:
                raise shop.guide.table_missing(self._lines.name)
            for row in probe.page.rows if probe.page else ():
                shop.dictionary.see(self._lines.name, row)

    async def _without_status(self) -> bool:
        """Statuses that are our guess are not sent to a choice list that is known to lack them (FACTS 24)."""
        table = self._header.table
        if not table.draft or not self._header.draft:
            return bool(table.draft)
        if not table.status_assumed:
            return False
        known = await self._shop.dictionary.learn_choices(
            self._header.name, self._settings.column(table.name, "status")
        )
        return bool(known) and not {self._header.draft, *table.stages} <= known

    async def _look_around(self) -> None:
        if self._header.staging:
            self._sources = await self._shop.sources.read(self._shop.instance)
        elif self.entity is Entity.PURCHASE_ORDERS:
            self._ship_to = await surroundings.stockroom(self._shop.instance)

    def _make_writer(self) -> Writer:
        shop = self._shop
        if self._header.staging:
            return ImportWriter(self._forms, shop.courier, shop.reader, self._settings, shop.guide)
        return TableWriter(
            self.entity, self._forms, shop.courier, shop.reader, shop.instance, shop.dictionary, shop.guide
        )

    # --- shaping -------------------------------------------------------------------------------------------------

    def shape(self, record: Record, identity: Identity, refs: Refs) -> Shaped:
        """The rows to be. Raises RecordError with every issue; ConfigurationError when the ERP has no name there."""
        warnings: list[str] = []
        issues: list[Issue] = []
        currency = getattr(record, "currency", "")
        knowledge = self._knowledge_of(identity)
        header_env = ShapeEnv(refs, knowledge, record)
        parts = [self._header_part(record, header_env, identity, currency, warnings, issues)]
        if self._lines is not None:
            env = ShapeEnv(refs, knowledge, record)
            for env.position, line in enumerate(getattr(record, "lines", ()), 1):
                parts.append(self._line_part(self._lines, line, env, identity, currency, warnings, issues))
        if getattr(record, "status", "") == "cancelled" and not self._header.status_column:
            message = f"It was cancelled at the source, and {self._header.written} takes no status."
            issues.append(Issue("TARGET_IMMUTABLE", message, "Cancel it on the target by hand."))
        if issues:
            raise RecordError("; ".join(issue.message for issue in issues), issues=tuple(issues))
        return Shaped(tuple(parts), tuple(warnings))

    def _header_part(
        self,
        record: Record,
        env: ShapeEnv,
        identity: Identity,
        currency: str,
        warnings: list[str],
        issues: list[Issue],
    ) -> Part:
        form = self._header
        payload = form.shape(record, env, currency, warnings, issues)
        status = form.status_column
        draft = {status: form.draft} if status and form.draft else None
        return Part(
            "header", form.table.name, self._id(identity, form, "header"), payload, draft, "", form.lookup(record, env)
        )

    def _line_part(
        self,
        form: Form,
        line: Any,
        env: ShapeEnv,
        identity: Identity,
        currency: str,
        warnings: list[str],
        issues: list[Issue],
    ) -> Part:
        name = f"line:{line.id}"
        payload = form.shape(line, env, currency, warnings, issues, f"lines[{env.position}].")
        external_id = self._id(identity, form, name)
        return Part(name, form.table.name, external_id, payload, None, form.table.header_column, form.lookup(line, env))

    def _id(self, identity: Identity, form: Form, part: str) -> str:
        return "" if form.staging else identity.target_id(form.table.name, part)

    def _knowledge_of(self, identity: Identity) -> dict[str, Any]:
        known = self._knowledge.get((identity.system, identity.scope))
        if known is None:
            source = self._sources.name(identity.system, identity.scope)
            known = {
                "ship_to": self._ship_to,
                "erp_source": source,
                "invoice_source": self._settings.external_invoice_source or source,
                "order_supplier": self._settings.order_supplier,
                "order_status": ORDER_STATUS | self._settings.order_status,
                "invoice_status": INVOICE_STATUS | self._settings.invoice_status,
            }
            self._knowledge[identity.system, identity.scope] = known
        return known

    def cancelled(self, table: str, name: str) -> dict[str, Any] | None:
        """Nothing is ordered or charged any more; a header is left alone."""
        form = self._forms[table]
        if form.table.taken_back is None:
            return None
        columns = {self._settings.column(table, name): value for name, value in form.table.taken_back.items()}
        columns.pop("", None)
        return columns

    # --- writing and reading -------------------------------------------------------------------------------------

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        """Do the writes; a RecordError or a Doubt where one failed."""
        return await self._writer.write(writes)

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        """The rows with these ids."""
        form = self._forms[table]
        return {found: as_row(form, row) for found, row in (await self._shop.reader.read(form, ids)).items()}

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        """Columns in which the row is not what the payload says; while the instance works on it, its state."""
        form = self._form_of(row)
        differing = form.differences(payload, row.columns)
        state = next((row.columns.get(name) for name in ("state", "status") if row.columns.get(name)), "")
        if form.staging and state in self._settings.processing_states:
            differing.append("state")
        return differing

    def alike(self, part: Part, row: Row) -> bool:
        """Whether a line that people keyed by hand is this line."""
        return self._forms[part.table].alike(part.payload, row.columns)

    def _form_of(self, row: Row) -> Form:
        table = row.table if isinstance(row, TableRow) else self._header.table.name
        return self._forms.get(table, self._header)

    # --- finding -------------------------------------------------------------------------------------------------

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        """Rows that are a candidate's own, carry its key, or look like it by (supplier, number)."""
        if self._is_empty is None:
            await self._read_a_row()
        if self._is_empty or not candidates:
            return [[] for _ in candidates]
        return await self._finder.find(candidates)

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        """For each part the rows that are its own or carry its key."""
        return await self._finder.find_parts(parts)

    async def lines_of(self, header_table: str, header_id: str) -> list[Row]:
        """The lines that hang on a header."""
        return await self._finder.lines_of(self._lines, header_id) if self._lines else []

    async def facts(self, ids: Sequence[str]) -> dict[str, Facts]:
        """Whether rows are there, active, and from when to when."""
        mapping, form = self._mapping, self._header
        assert mapping is not None
        active = mapping.active.removeprefix("-")
        fields = [*form.row_columns, *filter(None, (active, *mapping.valid))]
        rows = await self._shop.instance.by_values(form.name, ["sys_id"], ids, fields)
        wanted = set(ids)
        return {row_id(row): _facts(mapping, row) for row in rows if row_id(row) in wanted}

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        """Ids of rows by the code that people call them, or the ERP's key."""
        mapping, form = self._mapping, self._header
        assert mapping is not None
        columns = list(dict.fromkeys([*mapping.codes, *filter(None, [form.key_column])]))
        rows = await self._shop.reader.by_keys(form, columns, codes)
        index = indexed(rows, columns)
        return {code: sorted({row_id(row) for row in index[code]}) for code in codes if index.get(code)}


def tables_of(profile: str, settings: Settings) -> list[str]:
    """Every table of a profile, under its name here."""
    names = []
    for mapping in MAPPINGS[profile].values():
        for table in filter(None, (mapping.header, mapping.lines)):
            names += [settings.table(name) for name in (table.name, table.staging) if name]
    return sorted(set(names))


def _version(mapping: EntityMapping, settings: Settings) -> str:
    relevant = {
        name: value
        for name, value in sorted(msgspec.structs.asdict(settings).items())
        if not name.startswith(NOT_IN_MAPPING)
    }
    text = describe(mapping) + msgspec.json.encode(relevant, order="deterministic").decode()
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _facts(mapping: EntityMapping, row: RowDict) -> Facts:
    shown = stored(row.get(mapping.active.removeprefix("-"))) if mapping.active else ""
    active = True if not shown else flag(shown) != mapping.active.startswith("-")
    start, end = (day(stored(row.get(name)) or "") if name else None for name in mapping.valid)
    return Facts(active, start, end)
