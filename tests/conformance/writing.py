"""Delivers records to a target in the order of a run: header as a draft, lines, release; doubts are looked up.

It is a run without store, engine and flow: what it remembers is what a run finds in its store.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from conformance.samples import SCOPE, parents_of
from conformance.subject import Subject, Values
from ml_connector import clock
from ml_connector.errors import RecordError, TransientError
from ml_connector.mappings import Refs
from ml_connector.records import Entity, Record
from ml_connector.records.base import Identity
from ml_connector.systems.base import Action, Answer, Doubt, Part, Receipt, Shaped, System, Target, Write

TRIES = 8
SYSTEM = "ifs_cloud"
"""Where the samples are said to come from."""


@dataclass
class Delivered:
    """A record on the target: by part the id, the last payload, and how it is called."""

    ids: dict[str, str] = field(default_factory=dict)
    payloads: dict[str, Values] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    warnings: tuple[str, ...] = ()


@dataclass
class Desk:
    """One connection's targets, and what was delivered through them."""

    subject: Subject
    system: System
    delivered: dict[tuple[Entity, str], Delivered] = field(default_factory=dict)
    _prepared: set[Entity] = field(default_factory=set)

    async def target(self, entity: Entity) -> Target:
        target = self.system.target(entity)
        if entity not in self._prepared:
            await target.prepare()
            self._prepared.add(entity)
        return target

    async def parents(self, entity: Entity) -> None:
        """Put everything there that a sample of the entity refers to."""
        for record in parents_of(entity):
            await self.deliver(record)

    async def shape(self, record: Record) -> Shaped:
        target = await self.target(record.entity)
        return target.shape(record, identity(record), self._refs(record))

    def _refs(self, record: Record) -> Refs:
        ids = {}
        for path, entity, reference in record.references():
            known = self.delivered.get((entity, reference.key))
            if known is not None:
                ids[path.rpartition(".")[2], reference.key] = known.ids["header"]
        for (entity, key), known in self.delivered.items():
            if entity is Entity.PURCHASE_ORDERS:
                lines = {name.removeprefix("line:"): one for name, one in known.ids.items() if name != "header"}
                ids |= {("purchase_order_line", f"{key}:{line}"): one for line, one in lines.items()}
        return Refs(ids)

    # A whole record ----------------------------------------------------------------------------------------------

    async def deliver(self, record: Record) -> Delivered:
        """Create it, or change what differs from the last time. Raises RecordError when the target refuses."""
        target = await self.target(record.entity)
        shaped = await self.shape(record)
        known = self.delivered.setdefault((record.entity, record.key), Delivered())
        known.warnings = shaped.warnings
        header, *lines = shaped.parts
        draft = (header.draft or {}) if lines and "header" not in known.ids else {}
        if "header" not in known.ids:
            await self._part(target, known, header, {**header.payload, **draft})
        for line in lines:
            column = {line.header_id_column: known.ids["header"]} if line.header_id_column else {}
            await self._part(target, known, line, {**line.payload, **column})
        if draft:
            final = {column: header.payload.get(column, "") for column in draft}
            known.receipts.append(await self.put(target, Write(Action.UPDATE, header, known.ids["header"], final)))
            known.payloads["header"] = header.payload
        await self._part(target, known, header, header.payload)
        return known

    async def _part(self, target: Target, known: Delivered, part: Part, payload: dict[str, Any]) -> None:
        """Write one part unless it is as it should be."""
        last = known.payloads.get(part.name)
        if last == payload:
            return
        if last is None:
            write = await self.creation(target, part, payload)
        else:
            write = Write(Action.UPDATE, part, known.ids[part.name], payload)
        if write is not None:
            receipt = await self.put(target, write)
            known.ids[part.name] = receipt.external_id
            known.receipts.append(receipt)
        else:
            rows = (await target.find_parts([part]))[0]
            known.ids[part.name] = rows[0].external_id
        known.payloads[part.name] = payload
        known.tables[part.name] = part.table

    async def creation(self, target: Target, part: Part, payload: dict[str, Any]) -> Write | None:
        """The write that makes a part; where ids are the target's, only after a look. None: it is there."""
        if not target.chooses_ids:
            rows = (await target.find_parts([part]))[0]
            if rows:
                differing = target.differences(payload, rows[0])
                return Write(Action.UPDATE, part, rows[0].external_id, payload) if differing else None
        return Write(Action.CREATE, part, part.external_id, payload)

    # One write ---------------------------------------------------------------------------------------------------

    async def put(self, target: Target, write: Write) -> Receipt:
        """Write until it is certain. Raises RecordError when the target refuses."""
        for _ in range(TRIES):
            answer = await self._once(target, write)
            if isinstance(answer, Receipt):
                return answer
            if isinstance(answer, RecordError):
                raise answer
            found = await self._look(target, write)
            if isinstance(found, Receipt):
                return found
            write = found
        raise AssertionError(f"it never became clear what became of {write.action} of {write.part.name}")

    async def _once(self, target: Target, write: Write) -> Answer:
        try:
            answers = await target.write([write])
        except TransientError as error:
            return Doubt(str(error))
        assert len(answers) == 1
        return answers[0]

    async def _look(self, target: Target, write: Write) -> Receipt | Write:
        """A receipt when it is there after all, else the write to be made next."""
        if write.action is Action.CREATE and target.chooses_ids:
            return write
        await clock.sleep(target.late_write_window_s + 1)
        await self.quiet()
        if write.external_id:
            found = await target.read(write.part.table, [write.external_id])
            rows = list(found.values())
        else:
            rows = (await target.find_parts([write.part]))[0]
        assert len(rows) <= 1, f"{write.part.name} is there {len(rows)} times"
        if not rows:
            return write
        if not target.differences(write.payload, rows[0]):
            return Receipt(rows[0].external_id, existed=True)
        return Write(Action.UPDATE, write.part, rows[0].external_id, write.payload)

    async def quiet(self) -> None:
        """Whatever the system still works on is done."""
        late = list(self.subject.simulator._late)
        if late:
            await asyncio.gather(*late)

    # What is there -----------------------------------------------------------------------------------------------

    def counts(self) -> Counter[str]:
        """Rows by table."""
        tables = {table for known in self.delivered.values() for table in known.tables.values()}
        return Counter({table: len(self.subject.rows(table)) for table in tables})

    async def wrong(self, record: Record) -> dict[str, list[str]]:
        """By part of the record the columns that are not on the target as they should be."""
        target = await self.target(record.entity)
        known = self.delivered[record.entity, record.key]
        found = {}
        for name, external_id in known.ids.items():
            rows = await target.read(known.tables[name], [external_id])
            row = rows.get(external_id)
            differing = ["it is not there"] if row is None else target.differences(known.payloads[name], row)
            if differing:
                found[name] = differing
        return found

    def row(self, record: Record, part: str = "header") -> dict[str, Any]:
        """The row as it really is inside the system."""
        known = self.delivered[record.entity, record.key]
        rows = self.subject.rows(known.tables[part])
        return next(row for row in rows if self.subject.id_of(row) == known.ids[part])


def identity(record: Record) -> Identity:
    return Identity(SYSTEM, record.scope or SCOPE, record.entity, record.key)
