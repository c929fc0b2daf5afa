"""Profile `s2p_staging`: rows handed to staging tables, which the instance transforms into rows of its own.

The answer names the target row; whether it holds what was sent is seen when it is read back. Nothing here carries an id
of ours, so a row without a clear answer is never sent again: it is looked up by its key first (FACTS 18, 27).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ml_connector.errors import MLConnectorError, RefusedError, StoppedError
from ml_connector.systems.base import Action, Answer, Doubt, Receipt, Write
from ml_connector.systems.servicenow import outcomes
from ml_connector.systems.servicenow.answers import Guide
from ml_connector.systems.servicenow.courier import Courier, Job
from ml_connector.systems.servicenow.form import Form
from ml_connector.systems.servicenow.mapping import KEYED_BY_NAME, WITHOUT_UPSERT_KEY
from ml_connector.systems.servicenow.rows import RowReader
from ml_connector.systems.servicenow.settings import Settings

_ENCODE = msgspec.json.Encoder().encode
QUERY = "?sysparm_exclude_reference_link=true"
DONE = frozenset({"inserted", "updated"})


@dataclass(slots=True)
class Import:
    """One row under way."""

    write: Write
    form: Form
    job: Job
    direct: bool
    """Written to the target table itself."""
    answer: Answer | None = None
    refused: bool = False
    unchanged_id: str = ""
    """The target row that the import left as it was; it has to be looked at."""


class ImportWriter:
    """Hands over the rows of one entity."""

    def __init__(
        self, forms: Mapping[str, Form], courier: Courier, reader: RowReader, settings: Settings, guide: Guide
    ) -> None:
        self._forms = forms
        self._courier = courier
        self._reader = reader
        self._settings = settings
        self._guide = guide
        self._upserts: dict[str, bool] = {}
        """By staging table whether its map has an upsert key, as the first change has shown."""

    async def write(self, writes: Sequence[Write]) -> list[Answer]:
        """Do the writes; an answer for each. Raises what concerns the whole connection when nothing was done."""
        sent = {position: self._import(writes[position]) for position in self._probes(writes)}
        trouble = await self._carry(list(sent.values()))
        rest = {position: self._import(write) for position, write in enumerate(writes) if position not in sent}
        if trouble is None:
            trouble = await self._carry(list(rest.values()))
        imports = [one for _, one in sorted((sent | rest).items())]
        await self._look_at_unchanged(imports)
        known = [one for one in imports if one.answer is not None]
        if trouble is not None and not known:
            raise trouble
        if imports and all(one.refused for one in imports):
            first = imports[0]
            said = str(first.job.fault) or "it answered 201 with nothing in it"
            raise self._guide.role_missing(first.form.name if first.direct else first.form.staging, "write", said)
        reason = f"not sent: {trouble.message}" if trouble else "not sent"
        return [one.answer if one.answer is not None else Doubt(reason) for one in imports]

    def _probes(self, writes: Sequence[Write]) -> list[int]:
        """Of each staging table the first change, as long as nobody has told whether its map has an upsert key.

        It goes alone: without the key it becomes a second row, and the others must not follow (FACTS 27).
        """
        first: dict[str, int] = {}
        for position, write in enumerate(writes):
            form = self._forms[write.part.table]
            staging = form.table.staging
            told = staging in self._upserts or staging in self._settings.import_coalesce
            if write.action is Action.UPDATE and not told and not self._is_direct(write, form):
                first.setdefault(staging, position)
        return list(first.values())

    async def _carry(self, imports: list[Import]) -> MLConnectorError | None:
        trouble = await self._courier.carry([one.job for one in imports])
        for one in imports:
            one.answer = self._judge(one)
        return trouble

    def _import(self, write: Write) -> Import:
        form = self._forms[write.part.table]
        part = write.part.name
        if self._is_direct(write, form):
            path = f"/api/now/table/{form.name}/{write.external_id}{QUERY}"
            body = _ENCODE(form.as_target(write.payload))
            return Import(write, form, Job("PATCH", path, body, False, f"PATCH {form.name}", part), True)
        payload = {name: value for name, value in write.payload.items() if name in form.columns}
        path = f"/api/now/import/{form.staging}"
        job = Job("POST", path, _ENCODE(payload), False, f"POST {form.staging}", part, empty_is_answer=True)
        return Import(write, form, job, False)

    def _is_direct(self, write: Write, form: Form) -> bool:
        """A change goes to the target itself where an import would make a second row, or has no such columns."""
        if write.action is Action.CREATE or not write.external_id:
            return False
        staging = form.table.staging
        if staging in KEYED_BY_NAME:
            return True
        assumed = self._settings.import_coalesce.get(staging, staging not in WITHOUT_UPSERT_KEY)
        has_key = self._upserts.get(staging, assumed)
        return not has_key or not any(name in form.columns for name in write.payload)

    # --- answers -------------------------------------------------------------------------------------------------

    def _judge(self, one: Import) -> Answer | None:
        job, form, write = one.job, one.form, one.write
        if not job.answered:
            return None if job.unsent else outcomes.doubt(job.unclear or "no clear answer")
        table = form.name if one.direct else form.staging
        if job.status >= 300:
            if one.direct and job.status == 404:
                return outcomes.removed(table, write.external_id)
            one.refused = job.fault.is_access_rule or (job.status == 403 and not job.fault.is_data_policy)
            return outcomes.refused(table, job.fault, job.status, write.external_id)
        if one.direct:
            row = job.row
            return outcomes.doubt("no row came back") if row is None else _received(row, write.external_id, "updated")
        if job.document is None:
            one.refused = True
            return RefusedError(f"{table} answered 201 with nothing in it: a role is missing.", table=table)
        return self._judge_result(one, job.document.get("result"))

    def _judge_result(self, one: Import, result: Any) -> Answer | None:
        """The row's fate, from the entry of the map that leads to our target."""
        form, write = one.form, one.write
        entries = [entry for entry in (result if isinstance(result, list) else [result]) if isinstance(entry, dict)]
        if not entries:
            one.refused = True
            return RefusedError(f"{form.staging} took the row, and no transform map is active.", table=form.staging)
        entry = next((entry for entry in entries if entry.get("table") == form.name), entries[0])
        status, sys_id = str(entry.get("status", "")), str(entry.get("sys_id") or "").lower()
        said = str(entry.get("error_message") or entry.get("status_message") or status)
        if status in DONE and sys_id:
            if write.external_id and write.action is Action.UPDATE:
                self._upserts[form.table.staging] = sys_id == write.external_id
            if write.external_id and sys_id != write.external_id:
                return self._second_row(one, sys_id)
            return _received(entry, sys_id, status)
        if status == "ignored" and (sys_id or write.external_id):
            one.unchanged_id = sys_id or write.external_id
            return None
        return RefusedError(f"{form.staging}: {status}: {said}.", table=form.staging, status=status)

    def _second_row(self, one: Import, sys_id: str) -> Answer:
        message = (
            f"{one.form.staging} has no upsert key: the change of {one.write.external_id} became a second row {sys_id} "
            f"of {one.form.name}."
        )
        fix = f"Delete row {sys_id}, and set import_coalesce: {one.form.table.staging}: false."
        return RefusedError(message, fix=fix, table=one.form.staging)

    async def _look_at_unchanged(self, imports: list[Import]) -> None:
        """`ignored` means that nothing was different, or that a script kept the row out: the target row tells."""
        for name, form in self._forms.items():
            some = [one for one in imports if one.unchanged_id and one.write.part.table == name]
            if not some:
                continue
            try:
                rows = await self._reader.read(form, [one.unchanged_id for one in some])
            except StoppedError:
                raise
            except MLConnectorError as error:
                for one in some:
                    one.answer = outcomes.doubt(f"ignored by the import, and the look-up failed: {error.message}")
                continue
            for one in some:
                row = rows.get(one.unchanged_id)
                if row is not None and not form.differences(one.write.payload, row):
                    one.answer = outcomes.receipt(one.unchanged_id, row, "was there", existed=True)
                else:
                    one.answer = RefusedError(f"{form.staging}: the import ignored the row.", table=form.staging)


def _received(row: Mapping[str, Any], sys_id: str, said: str) -> Receipt:
    """Taken over; what the instance made of it is seen when the row is read back."""
    number = row.get("display_value") or row.get("number") or ""
    return Receipt(sys_id, landed=False, answer=f"{said} {number}".strip())
