"""Import sets: rows of staging tables, transformed into their targets (fact sheet section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from . import writing
from .instance import Instance
from .messages import RefusedError
from .staging import MAP_OF, Action, FieldMap, Lookup, TransformMap
from .tables import Row, Table


class Outcome(msgspec.Struct):
    """What became of a staging row."""

    status: str
    """`inserted`, `updated`, `ignored`, `skipped` or `error`."""
    row: Row | None = None
    message: str = ""


class _RowError(Exception):
    """A row that its map cannot carry on."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def open_set(instance: Instance, staging: Table, by: str) -> Row:
    """Starts an import set for a staging table."""
    return instance.place("sys_import_set", {"table_name": staging.name, "state": "loading"}, by=by)


def stage(instance: Instance, staging: Table, values: Mapping[str, Any], by: str, import_set: Row | None = None) -> Row:
    """Keeps a row in the staging table, not yet transformed."""
    held = import_set or open_set(instance, staging, by)
    row = writing.insert(instance, staging, values, by)
    staging.change(row, {"sys_import_set": held["sys_id"], "sys_import_state": "pending"})
    return row


def stage_and_transform(instance: Instance, staging: Table, values: Mapping[str, Any], by: str) -> Row:
    """Keeps a row and transforms it at once."""
    row = stage(instance, staging, values, by)
    transform(instance, staging, row, by)
    return row


def transform(instance: Instance, staging: Table, staged: Row, by: str) -> Outcome:
    """Carries a staging row to its target and notes in the row what became of it."""
    one = MAP_OF[staging.name]
    try:
        outcome = _carry(instance, one, staged, by)
    except _RowError as error:
        outcome = Outcome(error.status, message=error.message)
    except RefusedError as error:
        outcome = Outcome("error", message=error.detail or error.message)
    if outcome.status == "error":
        _note_error(instance, one, staged, outcome)
    staging.change(
        staged,
        {
            "sys_import_state": outcome.status,
            "sys_import_state_comment": outcome.message,
            "sys_transform_map": one.name,
            "sys_target_table": one.target,
            "sys_target_sys_id": outcome.row["sys_id"] if outcome.row else "",
            "sys_row_error": "true" if outcome.status == "error" else "false",
        },
    )
    return outcome


def _note_error(instance: Instance, one: TransformMap, staged: Row, outcome: Outcome) -> None:
    instance.place(
        "sn_spend_intg_import_error",
        {
            "staging_table": one.staging,
            "transform_map": one.name,
            "staging_row": staged["sys_id"],
            "message": outcome.message,
        },
    )


def _carry(instance: Instance, one: TransformMap, staged: Row, by: str) -> Outcome:
    missing = [name for name in one.mandatory if not staged.get(name)]
    if missing:
        labels = ", ".join(instance.tables[one.staging].columns[name].label for name in missing)
        raise _RowError("error", f"Mandatory fields are empty: {labels}")
    target = instance.tables[one.target]
    values = _values(instance, one, target, staged)
    existing = _existing(instance, one, target, values)
    if existing is None:
        return Outcome("inserted", writing.insert(instance, target, values, by, system=True))
    if writing.update(instance, target, existing, values, by, system=True):
        return Outcome("updated", existing)
    return Outcome("ignored", existing, "No field values were changed")


def _values(instance: Instance, one: TransformMap, target: Table, staged: Row) -> dict[str, Any]:
    """Returns the target's values; what the instance added to both sides under one name comes along."""
    values: dict[str, Any] = {}
    for field in one.fields:
        text = staged.get(field.source, "")
        if field.lookup is not None:
            values[field.target] = _resolve(instance, one, field, field.lookup, text, staged)
        elif field.money:
            currency = staged.get(field.money, "")
            values[field.target] = f"{currency};{text}" if currency and text else text
        else:
            values[field.target] = text
    for name in target.columns.keys() & staged.keys():
        if name.startswith("u_"):
            values.setdefault(name, staged[name])
    if one.erp_number:
        values["erp_number"] = "/".join(staged.get(name, "") for name in one.erp_number)
    return {name: value for name, value in values.items() if value != ""}


def _resolve(instance: Instance, one: TransformMap, field: FieldMap, lookup: Lookup, text: str, staged: Row) -> str:
    """Returns the sys_id a reference means; what happens without a hit is the map's choice action."""
    if not text:
        return ""
    found = _look_up(instance, lookup, text, staged)
    if found is not None:
        return found["sys_id"]
    action: Action = instance.switches.choice_actions.get(f"{one.staging}.{field.source}", lookup.missing)
    match action:
        case "create":
            return _stub(instance, lookup, text, staged)
        case "ignore":
            return ""
        case "reject":
            raise _RowError("skipped", f"Row rejected: no match for {field.source} {text}")
    raise _RowError("error", f"{lookup.noun} not found")


def _look_up(instance: Instance, lookup: Lookup, text: str, staged: Row) -> Row | None:
    """Returns the first row that one of the columns names, letter case ignored, as a map does."""
    table = instance.tables[lookup.table]
    source = _erp_source_id(instance, staged) if lookup.within_erp_source else ""
    for name in lookup.columns:
        for row in table.having(name, text):
            same_source = not source or row.get("erp_source", "") in ("", source)
            if same_source and all(row.get(there) == staged.get(here, "") for there, here in lookup.also):
                return row
    return None


def _erp_source_id(instance: Instance, staged: Row) -> str:
    sources = instance.tables["sn_fin_erp_source"]
    return next((row["sys_id"] for row in sources.having("name", staged.get("u_erp_source", ""))), "")


def _stub(instance: Instance, lookup: Lookup, text: str, staged: Row) -> str:
    """Creates a row that holds nothing but its key."""
    values: Row = {lookup.columns[0]: text}
    if lookup.within_erp_source:
        values["erp_source"] = _erp_source_id(instance, staged)
    return instance.place(lookup.table, values)["sys_id"]


def _existing(instance: Instance, one: TransformMap, target: Table, values: Mapping[str, Any]) -> Row | None:
    """Returns the row that the upsert key hits, letter case ignored; empty key columns are left out."""
    if not one.coalesce or instance.switches.coalesce.get(one.staging) is False:
        return None
    key = {name: str(values[name]).casefold() for name in one.coalesce if values.get(name)}
    if not key:
        raise _RowError("skipped", "Coalesce values are missing")
    indexed = next((name for name in key if target.is_indexed(name)), None)
    candidates = target.having(indexed, str(values[indexed])) if indexed else target
    for row in candidates:
        if all(row.get(name, "").casefold() == value for name, value in key.items()):
            return row
    return None
