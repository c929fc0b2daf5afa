"""The Import Set API: one row at once, or many to be transformed later (fact sheet section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from multidict import CIMultiDict

from ..exchange import Answer
from . import import_sets
from .access import may_write
from .columns import text_of
from .import_sets import Outcome
from .instance import Instance
from .messages import RefusedError, Request, acl_failed, json_answer, json_body, no_record, wrong_method
from .staging import MAP_OF
from .tables import Row, Table


class Pending(NamedTuple):
    """Staged rows that are transformed at a later moment."""

    due: datetime
    staging: str
    rows: list[str]
    by: str


class ImportApi:
    """Serves staging tables and remembers what is still to be transformed."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.pending: list[Pending] = []
        self.multi: dict[str, str] = {}
        """multi_import_set_id -> sys_id of the import set."""

    def serve(self, request: Request, name: str, rest: str) -> Answer:
        """Answers a request on a staging table."""
        staging = self.instance.table(name)
        if name not in MAP_OF:
            raise RefusedError(400, f"Invalid staging table {name}")
        if request.method == "GET" and rest:
            return self._reread(request, staging, rest)
        if request.method != "POST" or rest not in ("", "insertMultiple"):
            raise wrong_method()
        if refused := self._role_trouble(request, staging):
            return refused
        return self._insert_multiple(request, staging) if rest else self._insert(request, staging)

    def _role_trouble(self, request: Request, staging: Table) -> Answer | None:
        """Answers 403, or 201 with an empty body, where a role is missing (section 3, KB3047115)."""
        roles = request.account.roles
        may = may_write(request.account, staging.definition)
        untransformed = staging.definition.module == "erp_staging" and not roles & {"import_transformer", "admin"}
        if may and not untransformed:
            return None
        if not may and self.instance.switches.import_role_trouble == "forbidden":
            raise acl_failed("Insert")
        return Answer(201)

    def _insert(self, request: Request, staging: Table) -> Answer:
        values = json_body(request.body)
        target = self.instance.tables[MAP_OF[staging.name].target]
        self.instance.count_write(target)
        if self.instance.trapped(request, "empty_201"):
            return Answer(201)
        by = request.account.user_name
        staged = import_sets.stage(self.instance, staging, values, by)
        outcome = import_sets.transform(self.instance, staging, staged, by)
        return self._outcome(request, staging, staged, outcome, 201)

    def _reread(self, request: Request, staging: Table, sys_id: str) -> Answer:
        """Says again what became of a staging row; 404 once the import sets are cleaned up."""
        staged = staging.rows.get(sys_id)
        if staged is None:
            raise no_record()
        target = self.instance.tables[MAP_OF[staging.name].target].rows.get(staged.get("sys_target_sys_id", ""))
        state, comment = staged.get("sys_import_state", ""), staged.get("sys_import_state_comment", "")
        return self._outcome(request, staging, staged, Outcome(state, target, comment), 200)

    def _outcome(self, request: Request, staging: Table, staged: Row, outcome: Outcome, status: int) -> Answer:
        """Returns the vendor's body: one entry per transform map; the status stays 201 on a row's error."""
        one = MAP_OF[staging.name]
        entry = {"transform_map": one.name, "table": one.target}
        if outcome.row is not None:
            target = self.instance.tables[one.target]
            entry |= {
                "display_name": target.definition.display,
                "display_value": target.display(outcome.row),
                "record_link": f"{request.base_url}/api/now/table/{one.target}/{outcome.row['sys_id']}",
                "sys_id": outcome.row["sys_id"],
            }
        entry["status"] = outcome.status
        if outcome.message:
            entry["error_message" if outcome.status == "error" else "status_message"] = outcome.message
        held = self.instance.tables["sys_import_set"].rows.get(staged["sys_import_set"], {})
        body = {"import_set": held.get("number", ""), "staging_table": staging.name, "result": [entry]}
        headers = {
            "Content-Type": "application/json",
            "Location": f"{request.base_url}/api/now/import/{staging.name}/{staged['sys_id']}",
        }
        return Answer(status, json_answer(body).body, CIMultiDict(headers))

    def _insert_multiple(self, request: Request, staging: Table) -> Answer:
        """Keeps rows for later; no outcome per row, poll the staging rows of the import set."""
        given = json_body(request.body).get("records")
        if not isinstance(given, list):
            raise RefusedError(400, "Invalid request body", "records is missing")
        by = request.account.user_name
        multi_id = request.query.get("multi_import_set_id", "") or self.instance.new_id()
        held = import_sets.open_set(self.instance, staging, by)
        self.multi[multi_id] = held["sys_id"]
        names = self._names(staging)
        target = self.instance.tables[MAP_OF[staging.name].target]
        rows = []
        for record in given:
            self.instance.count_write(target)
            values = {names[key]: text_of(value) for key, value in record.items() if key in names}
            rows.append(import_sets.stage(self.instance, staging, values, by, held)["sys_id"])
        delay = timedelta(seconds=self.instance.switches.insert_multiple_delay_s)
        self.pending.append(Pending(self.instance.now() + delay, staging.name, rows, by))
        return json_answer({"import_set_id": held["sys_id"], "multi_import_set_id": multi_id}, 201)

    def _names(self, staging: Table) -> Mapping[str, str]:
        """Returns key in a record -> column; keys are column labels unless the instance says otherwise."""
        if self.instance.switches.insert_multiple_keys == "column_name":
            return {name: name for name in staging.columns}
        return {one.label: name for name, one in staging.columns.items()}

    def catch_up(self, *, everything: bool = False) -> None:
        """Transforms what is due by now."""
        now = self.instance.now()
        due = [one for one in self.pending if everything or one.due <= now]
        self.pending = [one for one in self.pending if one not in due]
        for one in due:
            staging = self.instance.tables[one.staging]
            for sys_id in one.rows:
                if (row := staging.rows.get(sys_id)) is not None:
                    import_sets.transform(self.instance, staging, row, one.by)


def clean_up(instance: Instance) -> int:
    """Deletes all staging rows and import sets, as the instance does after some days; returns how many."""
    removed = 0
    for name in (*MAP_OF, "sys_import_set"):
        table = instance.tables[name]
        removed += len(table)
        for sys_id in list(table.rows):
            table.remove(sys_id)
    return removed
