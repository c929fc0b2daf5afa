"""Profile `pages`: rows written by the Table API under sys_ids of our own, each echo compared with what was sent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ml_connector.errors import MLConnectorError, PermissionMissingError, RecordError, StoppedError
from ml_connector.records import Entity
from ml_connector.systems.base import Action, Answer, Doubt, Write
from ml_connector.systems.servicenow import outcomes
from ml_connector.systems.servicenow.answers import Fault, Guide
from ml_connector.systems.servicenow.columns import stored
from ml_connector.systems.servicenow.courier import Courier, Job
from ml_connector.systems.servicenow.dictionary import Dictionary
from ml_connector.systems.servicenow.form import Form
from ml_connector.systems.servicenow.instance import Instance, RowDict
from ml_connector.systems.servicenow.rows import RowReader

_ENCODE = msgspec.json.Encoder().encode
QUERY = "?sysparm_exclude_reference_link=true"
SLIPS = "proc_rec_slip"
"""Receiving slips make their order read-only (FACTS 23)."""


@dataclass(slots=True)
class Attempt:
    """One write, the request it became, and what came of it."""

    write: Write
    form: Form
    payload: dict[str, Any]
    job: Job
    answer: Answer | None = None
    refused: bool = False
    """By an access rule, which may concern the whole table."""
    remade: bool = False
    """It is the change that brings an existing row up to date."""


class TableWriter:
    """Writes the rows of one entity: headers and lines."""

    def __init__(
        self,
        entity: Entity,
        forms: Mapping[str, Form],
        courier: Courier,
        reader: RowReader,
        instance: Instance,
        dictionary: Dictionary,
        guide: Guide,
    ) -> None:
        self._entity = entity
        self._forms = forms
        self._courier = courier
        self._reader = reader
        self._instance = instance
        self._dictionary = dictionary
        self._guide = guide
        self._plain: set[str] = set()
        """Tables whose amounts go without currency: the echo showed that they are not stored otherwise."""
        self._written: Counter[str] = Counter()
        self.honours_ids = True
        """Until a row came back under another sys_id than the one sent with it."""

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        """Do the writes; an answer for each. Raises what concerns the whole connection when nothing was done."""
        attempts = [self._attempt(write, write.action, write.payload) for write in writes]
        trouble = await self._send(attempts)
        for retry in (self._in_plain_amounts(attempts), await self._existing(attempts)):
            if retry and trouble is None:
                trouble = await self._send(retry)
        await self._explain_locks(attempts)
        return self._answers(attempts, trouble)

    def _attempt(self, write: Write, action: Action, payload: dict[str, Any]) -> Attempt:
        form = self._forms[write.part.table]
        if form.name in self._plain:
            payload = form.without_currency(payload)
        return Attempt(write, form, payload, self._job(write, form, action, payload))

    def _job(self, write: Write, form: Form, action: Action, payload: dict[str, Any]) -> Job:
        table, part = form.name, write.part.name
        if action is Action.UPDATE:
            path = f"/api/now/table/{table}/{write.external_id}{QUERY}"
            return Job("PATCH", path, _ENCODE(payload), False, f"PATCH {table}", part)
        identified = bool(write.external_id) and self.honours_ids
        body = _ENCODE({"sys_id": write.external_id, **payload} if write.external_id else payload)
        return Job("POST", f"/api/now/table/{table}{QUERY}", body, identified, f"POST {table}", part)

    async def _send(self, attempts: list[Attempt]) -> MLConnectorError | None:
        trouble = await self._courier.carry([attempt.job for attempt in attempts])
        for attempt in attempts:
            attempt.answer = self._judge(attempt)
        return trouble

    # --- what an answer means ------------------------------------------------------------------------------------

    def _judge(self, attempt: Attempt) -> Answer | None:
        """None: not sent, or a create that met an existing row and has to be looked at."""
        job, form, write = attempt.job, attempt.form, attempt.write
        if not job.answered:
            return None if job.unsent else outcomes.doubt(job.unclear or "rate limited after an unclear attempt")
        if job.status < 300:
            return self._judge_echo(attempt, job.row)
        fault = job.fault
        if job.method == "POST" and (fault.is_existing_key or job.status == 409):
            return None
        if job.status == 404 and job.method == "PATCH":
            return outcomes.removed(form.name, write.external_id)
        attempt.refused = fault.is_access_rule or (job.status == 403 and not fault.is_data_policy)
        return outcomes.refused(form.name, fault, job.status, write.external_id)

    def _judge_echo(self, attempt: Attempt, row: RowDict | None) -> Answer:
        form, write = attempt.form, attempt.write
        if row is None:
            return outcomes.doubt("the answer holds no row")
        external_id = row.get("sys_id")
        if external_id != write.external_id:
            external_id = (stored(external_id) or write.external_id).lower()
            if write.external_id and external_id != write.external_id and write.action is Action.CREATE:
                self.honours_ids = False
        self._dictionary.see(form.name, row)
        said = "updated" if attempt.job.method == "PATCH" else "created"
        self._written[form.name] += 1
        differing = form.differences(attempt.payload, row)
        if not differing:
            return outcomes.receipt(external_id, row, said, existed=attempt.remade)
        for name in [name for name in differing if form.status_not_taken(name, attempt.payload[name])]:
            differing.remove(name)
            said += f", {name} {attempt.payload[name]!r} not taken"
        if differing:
            return outcomes.not_stored(write, form.name, differing, row, external_id)
        return outcomes.receipt(external_id, row, said, existed=attempt.remade)

    # --- second looks --------------------------------------------------------------------------------------------

    def _in_plain_amounts(self, attempts: list[Attempt]) -> list[Attempt]:
        """Amounts sent as `EUR;12.35` to columns of unknown type that were stored empty go again without currency.

        The last rung of the ladder: the first real write shows what the column takes (FACTS 15).
        """
        again = []
        for attempt in attempts:
            if not isinstance(attempt.answer, RecordError):
                continue
            form, row = attempt.form, attempt.job.row
            if row is None or not form.unproved_amounts:
                continue
            differing = set(form.differences(attempt.payload, row))
            if not differing or not differing <= form.unproved_amounts or any(stored(row.get(c)) for c in differing):
                continue
            self._plain.add(form.name)
            self._redo(attempt, stored(row.get("sys_id")) or attempt.write.external_id)
            again.append(attempt)
        return again

    def _redo(self, attempt: Attempt, external_id: str) -> None:
        """Turn it into a change of the row that is there, to the same values."""
        write = msgspec.structs.replace(attempt.write, external_id=external_id)
        made = self._attempt(write, Action.UPDATE, attempt.write.payload)
        attempt.payload, attempt.job, attempt.answer, attempt.refused = made.payload, made.job, None, False

    async def _existing(self, attempts: list[Attempt]) -> list[Attempt]:
        """Creates that met an existing row: ours from before, hidden from us, or stopped by another unique key."""
        met = [attempt for attempt in attempts if attempt.answer is None and attempt.job.answered]
        by_table: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in met:
            by_table[attempt.form.table.name].append(attempt)
        again = []
        for table, some in by_table.items():
            try:
                rows = await self._reader.read(self._forms[table], [attempt.write.external_id for attempt in some])
            except StoppedError:
                raise
            except MLConnectorError as error:
                for attempt in some:
                    attempt.answer = outcomes.doubt(f"refused as existing, and the look-up failed: {error.message}")
                continue
            for attempt in some:
                row = rows.get(attempt.write.external_id)
                attempt.answer = self._judge_existing(attempt, row)
                if attempt.answer is None:
                    self._redo(attempt, attempt.write.external_id)
                    attempt.remade = True
                    again.append(attempt)
        return again

    def _judge_existing(self, attempt: Attempt, row: RowDict | None) -> Answer | None:
        """None: it is there with other values, and has to be changed."""
        form, external_id = attempt.form, attempt.write.external_id
        if row is None:
            if attempt.job.times_unclear:
                return outcomes.doubt("refused as existing after an unclear attempt, and not to be read yet")
            return outcomes.hidden(form.name, external_id, attempt.job.fault)
        if form.differences(attempt.payload, row):
            return None
        return outcomes.receipt(external_id, row, "was there", existed=True)

    async def _explain_locks(self, attempts: list[Attempt]) -> None:
        """Orders that were received refuse changes, or drop them silently: say so instead of blaming access rules."""
        if self._entity is not Entity.PURCHASE_ORDERS:
            return
        suspects = {
            order: attempt
            for attempt in attempts
            if isinstance(attempt.answer, RecordError)
            and (attempt.refused or attempt.answer.code == "VALUE_NOT_STORED")
            and (order := self._order_of(attempt))
        }
        if not suspects:
            return
        received = await self._received(sorted(suspects))
        for attempt in attempts:
            if isinstance(attempt.answer, RecordError) and self._order_of(attempt) in received:
                attempt.answer = outcomes.locked(attempt.form.name, attempt.write.external_id)
                attempt.refused = False

    def _order_of(self, attempt: Attempt) -> str:
        """The id of the order that a write concerns; a line's own row or payload tells it."""
        column = attempt.form.table.header_column
        if not column:
            return attempt.write.external_id if attempt.job.method == "PATCH" else ""
        row = attempt.job.row or {}
        return str(attempt.payload.get(column) or stored(row.get(column)) or "")

    async def _received(self, orders: list[str]) -> set[str]:
        """Those of the orders that have a receiving slip, or the status for it."""
        header = next(form for form in self._forms.values() if not form.table.header_column)
        found = set()
        try:
            rows = await self._reader.read(header, orders)
            found |= {order for order, row in rows.items() if stored(row.get("status")) == "received"}
            table = self._instance.settings.table(SLIPS)
            for row in await self._instance.by_values(table, ["purchase_order"], orders, ["purchase_order"]):
                found.add(stored(row.get("purchase_order")) or "")
        except MLConnectorError:
            return found & set(orders)
        return found & set(orders)

    # --- the answers of the call ---------------------------------------------------------------------------------

    def _answers(self, attempts: list[Attempt], trouble: MLConnectorError | None) -> list[Answer]:
        known = [attempt for attempt in attempts if attempt.answer is not None]
        if trouble is not None and not known:
            raise trouble
        self._raise_for_role(attempts)
        reason = f"not sent: {trouble.message}" if trouble else "not sent"
        return [attempt.answer if attempt.answer is not None else Doubt(reason) for attempt in attempts]

    def _raise_for_role(self, attempts: list[Attempt]) -> None:
        """When an access rule refused every row of a call, it is the role that is missing, not the row."""
        if not attempts or not all(attempt.refused for attempt in attempts):
            return
        table = attempts[0].form.name
        if len(attempts) == 1 and self._written[table]:
            return
        raise self._role_missing(attempts[0])

    def _role_missing(self, attempt: Attempt) -> PermissionMissingError:
        fault: Fault = attempt.job.fault
        return self._guide.role_missing(attempt.form.name, "write", str(fault))
