"""The tiny connector: rows with an `id`, read by a counter, written one by one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import msgspec

from ml_connector.errors import RefusedError
from ml_connector.mappings import Mapping as RowMapping
from ml_connector.mappings import (
    Payload,
    boolean,
    day,
    decimal,
    field,
    key,
    lines,
    lookup,
    reference,
    target_id,
    text,
)
from ml_connector.records import (
    CostCenter,
    Entity,
    GLAccount,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    OrderLine,
    OrderStatus,
    PurchaseOrder,
    Record,
    Supplier,
)
from ml_connector.records.base import Identity
from ml_connector.systems.base import (
    Action,
    Answer,
    Candidate,
    Connector,
    Doubt,
    Facts,
    Finding,
    Json,
    Need,
    Opening,
    Page,
    Part,
    RawRecord,
    Receipt,
    Row,
    Shaped,
    Verdict,
    Window,
    Write,
)
from tiny.world import World

WORLDS: dict[str, World] = {}
"""By base_url."""

_DIMENSION = {
    "key": key("id"),
    "code": field("id", required=True),
    "name": field("name"),
    "active": field("active", boolean, default=True),
    "valid_from": field("valid_from", day),
    "valid_to": field("valid_to", day),
}
_LINE = {
    "id": key("no"),
    "number": field("no", required=True),
    "description": field("text"),
    "gl_account": reference("account"),
    "cost_center": reference("center"),
}
READ: dict[Entity, RowMapping] = {
    Entity.GL_ACCOUNTS: RowMapping(GLAccount, _DIMENSION),
    Entity.COST_CENTERS: RowMapping(CostCenter, _DIMENSION),
    Entity.SUPPLIERS: RowMapping(
        Supplier, {"key": key("id"), "code": field("id", required=True), "name": field("name", required=True)}
    ),
    Entity.PURCHASE_ORDERS: RowMapping(
        PurchaseOrder,
        {
            "key": key("id"),
            "number": field("id", required=True),
            "supplier": reference("supplier"),
            "status": lookup("status", {s.value: s for s in OrderStatus} | {None: OrderStatus.RELEASED}),
            "ordered_on": field("date", day),
            "currency": field("currency", required=True),
            "net": field("net", decimal),
            "lines": lines(
                "lines",
                RowMapping(
                    OrderLine,
                    {**_LINE, "quantity": field("quantity", decimal), "net": field("net", decimal)},
                ),
            ),
        },
    ),
    Entity.INVOICES: RowMapping(
        Invoice,
        {
            "key": key("id"),
            "number": field("number", required=True),
            "supplier": reference("supplier"),
            "purchase_order": reference("order"),
            "status": lookup("status", {s.value: s for s in InvoiceStatus} | {None: InvoiceStatus.RECEIVED}),
            "invoice_date": field("date", day, required=True),
            "currency": field("currency", required=True),
            "document_type": field("type", default="invoice"),
            "net": field("net", decimal, required=True),
            "lines": lines("lines", RowMapping(InvoiceLine, {**_LINE, "amount": field("net", decimal)})),
        },
    ),
}
_LINES_TO = {
    "text": field("description"),
    "account": target_id("gl_account"),
    "center": target_id("cost_center"),
}
WRITE: dict[Entity, tuple[Payload, Payload | None]] = {
    Entity.GL_ACCOUNTS: (Payload({"number": field("code"), "name": field("name", default="")}), None),
    Entity.COST_CENTERS: (Payload({"number": field("code"), "name": field("name", default="")}), None),
    Entity.SUPPLIERS: (Payload({"number": field("code"), "name": field("name")}), None),
    Entity.PURCHASE_ORDERS: (
        Payload({"number": field("number"), "supplier": target_id("supplier"), "status": field("status", text)}),
        Payload({**_LINES_TO, "quantity": field("quantity", text)}),
    ),
    Entity.INVOICES: (
        Payload(
            {
                "number": field("number"),
                "supplier": target_id("supplier"),
                "order": target_id("purchase_order"),
                "status": field("status", text),
                "net": field("net", text),
                "key": field("key"),
            }
        ),
        Payload({**_LINES_TO, "net": field("amount", text)}),
    ),
}


class Settings(msgspec.Struct):
    """Settings of a tiny connection."""

    page_size: Annotated[int, msgspec.Meta(description="Rows a page.", examples=[3])] = 3


class Login(msgspec.Struct):
    """How the tiny system is signed in to."""

    username: Annotated[str, msgspec.Meta(description="Anybody.")] = ""


class TinyStream:
    def __init__(self, world: World, entity: Entity) -> None:
        self.world, self.entity = world, entity
        self.mapping_version = READ[entity].version

    async def window(self, cursor: Json | None) -> Window:
        return Window({"after": cursor["at"] if cursor else 0, "until": self.world.now}, cursor is None)

    async def extract(self, window: Window, position: Json | None) -> AsyncIterator[Page]:
        at = position["at"] if position else window.bounds["after"]
        while True:
            self.world.reads += 1
            rows = sorted(self._rows(at), key=lambda row: row["changed"])
            page = rows[: self.world.page_size]
            last = len(rows) <= self.world.page_size
            at = page[-1]["changed"] if page else at
            cursor = {"at": max(at, window.bounds["after"])}
            yield Page([self._raw(row) for row in page], None if last else {"at": at}, cursor)
            if last:
                return

    def _rows(self, after: int) -> list[Json]:
        return [row for row in self.world.source.get(self.entity.value, ()) if row["changed"] > after]

    def _raw(self, row: Json) -> RawRecord:
        return RawRecord(row["id"], "", str(row["changed"]), str(row["changed"]), msgspec.json.encode(row))

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        self.world.reads += 1
        return [self._raw(row) for row in self._rows(0) if row["id"] in keys]

    async def sweep(self) -> AsyncIterator[list[tuple[str, str]]]:
        self.world.reads += 1
        yield [(row["id"], str(row["changed"])) for row in self._rows(0)]

    def normalize(self, raw: RawRecord) -> Record:
        record: Record = READ[self.entity].apply(msgspec.json.decode(raw.payload))
        return record


class TinyTarget:
    def __init__(self, world: World, entity: Entity) -> None:
        self.world, self.entity = world, entity
        self.header, self.line = WRITE[entity]
        self.mapping_version = self.header.version

    @property
    def reconciles(self) -> bool:
        return self.entity.value in self.world.keyed_by_people

    @property
    def sends_updates(self) -> bool:
        return self.entity.value not in self.world.approved

    @property
    def writes_by_id(self) -> bool:
        return self.world.chooses_ids

    @property
    def shares_rows(self) -> bool:
        return self.entity.value in self.world.shared

    @property
    def chooses_ids(self) -> bool:
        return self.world.chooses_ids

    @property
    def late_write_window_s(self) -> float:
        return self.world.window_s

    async def prepare(self) -> None:
        self.world.reads += 1

    def shape(self, record: Any, identity: Identity, refs: Any) -> Shaped:
        table = self.entity.value
        own = self.world.chooses_ids
        id_of = identity.target_id if own else lambda table, part: ""
        head = self.header.apply(record, refs)
        draft = {"status": "draft"} if self.line else None
        parts = [Part("header", table, id_of(table, "header"), head, draft, "", {"number": head["number"]})]
        for line in getattr(record, "lines", ()) if self.line else ():
            name, columns = f"line:{line.id}", self.line.apply(line, refs)
            columns["no"] = f"{record.key}/{line.id}"
            found = {"no": columns["no"]}
            parts.append(Part(name, table + "_lines", id_of(table + "_lines", name), columns, None, "of", found))
        return Shaped(tuple(parts))

    def cancelled(self, table: str, name: str) -> Json | None:
        return {"quantity": "0", "net": "0"}

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        return [self._write(write) for write in writes]

    def _write(self, write: Write) -> Answer:
        world = self.world
        fate = world.on_write(world, write)
        if fate == "dropped":
            return Doubt("no answer")
        if fate == "late":
            world.late.append(lambda: self._do(write) and None)
            return Doubt("no answer")
        if fate not in ("", "lost"):
            return RefusedError(fate)
        done = self._do(write)
        return Doubt("no answer") if fate == "lost" else done

    def _do(self, write: Write) -> Answer:
        answer = self._do_at_once(write)
        if self.entity.value not in self.world.approved or not isinstance(answer, Receipt):
            return answer
        return msgspec.structs.replace(answer, pending=self._row(write.part.table, answer.external_id).pending)

    def _row(self, table: str, row_id: str) -> Row:
        decided = self.world.approved.get(self.entity.value)
        pending = "" if decided is None or table != self.entity.value else decided.get(row_id, "WAITING_APPROVAL")
        return Row(row_id, self.world.table(table)[row_id], "", pending, f"decided: {pending or 'approved'}")

    def _do_at_once(self, write: Write) -> Answer:
        rows = self.world.table(write.part.table)
        if self.entity.value in self.world.approved and write.action is Action.UPDATE:
            if write.payload != write.part.payload and write.part.draft:
                rows[write.external_id].update(write.payload)  # the release of a draft
                return Receipt(write.external_id)
            return RefusedError("it cannot be changed", code="TARGET_IMMUTABLE")
        if write.action is Action.CREATE:
            row_id = write.external_id or f"t{len(rows) + 1}"
            if row_id in rows:
                if rows[row_id] == write.payload:
                    return Receipt(row_id, existed=True)
                rows[row_id].update(write.payload)
                return Receipt(row_id, existed=True)
            self.world.writes[write.part.table] += 1
            rows[row_id] = dict(write.payload)
            return Receipt(row_id)
        if write.external_id not in rows:
            return RefusedError("the row is gone", code="REFERENCE_MISSING_ON_TARGET")
        self.world.writes[write.part.table] += 1
        rows[write.external_id].update(write.payload)
        return Receipt(write.external_id)

    async def read(self, table: str, ids: Sequence[str]) -> dict[str, Row]:
        self.world.reads += 1
        return {i: self._row(table, i) for i in ids if i in self.world.table(table)}

    async def find(self, candidates: Sequence[Candidate]) -> list[list[Row]]:
        self.world.reads += 1
        rows = self.world.table(self.entity.value)
        found = []
        for candidate in candidates:
            head = candidate.shaped.parts[0].payload
            names = [name for name in ("number", "supplier") if name in head]
            found.append([Row(i, row) for i, row in rows.items() if all(row.get(n) == head[n] for n in names)])
        return found

    async def find_parts(self, parts: Sequence[Part]) -> list[list[Row]]:
        self.world.reads += 1
        return [
            [self._row(p.table, i) for i, r in self.world.table(p.table).items() if p.lookup.items() <= r.items()]
            for p in parts
        ]

    async def lines_of(self, header_table: str, header_id: str) -> list[Row]:
        rows = self.world.table(header_table + "_lines")
        return [Row(i, row) for i, row in rows.items() if row.get("of") == header_id]

    def alike(self, part: Part, row: Row) -> bool:
        names = [name for name in ("quantity", "net", "text") if name in part.payload]
        return all(part.payload[name] == row.columns.get(name) for name in names)

    def differences(self, payload: Mapping[str, Any], row: Row) -> list[str]:
        return [name for name, value in payload.items() if row.columns.get(name) != value]

    async def facts(self, ids: Sequence[str]) -> dict[str, Facts]:
        self.world.reads += 1
        rows = self.world.table(self.entity.value)
        return {i: Facts(rows[i].get("active", True)) for i in ids if i in rows}

    async def by_code(self, codes: Sequence[str]) -> dict[str, list[str]]:
        self.world.reads += 1
        rows = self.world.table(self.entity.value).items()
        return {code: [i for i, row in rows if row.get("number") == code] for code in codes}


class TinySystem:
    def __init__(self, world: World) -> None:
        self.world = world
        self.requests = 0

    def stream(self, entity: Entity) -> TinyStream:
        return TinyStream(self.world, entity)

    def target(self, entity: Entity) -> TinyTarget:
        return TinyTarget(self.world, entity)

    async def check(self, needs: Sequence[Need]) -> list[Finding]:
        return [Finding(Verdict.OK, "write" if n.write else "read", n.entity.value, "works") for n in needs]


@asynccontextmanager
async def open_tiny(opening: Opening) -> AsyncIterator[TinySystem]:
    yield TinySystem(WORLDS[opening.base_url])


CONNECTOR = Connector(
    system="tiny",
    title="Tiny",
    settings=Settings,
    credentials={"basic": Login},
    reads=frozenset(READ),
    writes=frozenset(WRITE),
    open=open_tiny,
)
