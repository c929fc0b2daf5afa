"""Inserts, updates and deletes rows the way the instance does: silently, in many cases (fact sheet section 2).

Unknown and unwritable columns are dropped, long texts cut, unknown choices stored empty, references unchecked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import rules
from .columns import SYS_ID, amount_of, currency_of, text_of
from .instance import Instance
from .messages import operation_failed
from .tables import Row, Table

OWN_SYS_ID = re.compile(r"[0-9a-fA-F]{32}")


def insert(instance: Instance, table: Table, values: Mapping[str, Any], by: str, *, system: bool = False) -> Row:
    """Adds a row and returns it; raises RefusedError for what a unique key, a policy or a rule refuses.

    A `system` write, such as a transform map's, also reaches read-only columns.
    """
    row = dict(table.defaults)
    row.update(_stored(instance, table, values, row, system=system))
    row["sys_id"] = _sys_id(instance, values)
    if table.definition.prefix and not row.get("number"):
        row["number"] = table.take_number()
    _check_mandatory(table, row)
    rules.before_insert(instance, table, row)
    if row["sys_id"] in table.rows or _breaks_unique_key(instance, table, row):
        raise operation_failed(f"Error during insert of {table.name} ({table.display(row)})")
    stamp = instance.stamp()
    row["sys_created_on"] = row["sys_updated_on"] = stamp
    row["sys_created_by"] = row["sys_updated_by"] = by
    row["sys_mod_count"] = "0"
    table.add(row)
    rules.after_insert(instance, table, row)
    return row


def update(
    instance: Instance, table: Table, row: Row, values: Mapping[str, Any], by: str, *, system: bool = False
) -> bool:
    """Changes a row; returns False where nothing differs, which leaves stamp and sys_mod_count alone."""
    changes = _stored(instance, table, values, row, system=system)
    if not changes:
        return False
    after = row | changes
    _check_mandatory(table, after)
    rules.before_update(instance, table, after, changes)
    if not changes:
        return False
    if _breaks_unique_key(instance, table, after):
        raise operation_failed(f"Error during update of {table.name} ({table.display(row)})")
    changes.update(
        sys_updated_on=instance.stamp(),
        sys_updated_by=by,
        sys_mod_count=str(int(row.get("sys_mod_count") or 0) + 1),
    )
    before = {name: row.get(name, "") for name in changes}
    table.change(row, changes)
    rules.after_update(instance, table, row, before)
    return True


def delete(instance: Instance, table: Table, row: Row) -> None:
    """Removes a row for good."""
    rules.before_delete(instance, table, row)
    table.remove(row["sys_id"])
    rules.after_delete(instance, table, row)


def _stored(instance: Instance, table: Table, values: Mapping[str, Any], row: Row, *, system: bool) -> Row:
    """Returns, of what was sent, the texts that differ from the row's, as they will be stored."""
    writers = instance.writers(table, system=system)
    stored: Row = {}
    for name, value in values.items():
        coerce = writers.get(name)
        if coerce is None:
            continue
        text = value if type(value) is str else text_of(value)
        if table.columns[name].kind == "currency2":
            text = _money_instance(instance, table, name, text, row.get(name, ""))
        elif text:
            text = coerce(text)
        if text != row.get(name, ""):
            stored[name] = text
    return stored


def _money_instance(instance: Instance, table: Table, name: str, text: str, current: str) -> str:
    """Returns the sys_id of the FX currency row that holds an amount; equal money keeps its row."""
    if SYS_ID.fullmatch(text):
        return text
    stored = instance.writers(table, system=True)[name](text)
    if not stored:
        return ""
    instances = instance.tables["fx_currency2_instance"]
    amount, currency = str(amount_of(stored)), currency_of(stored)
    old = instances.rows.get(current)
    if old is not None and (old["amount"], old["currency"]) == (amount, currency):
        return current
    values = {"amount": amount, "currency": currency, "table": table.name, "field": name}
    return instance.place("fx_currency2_instance", values)["sys_id"]


def _sys_id(instance: Instance, values: Mapping[str, Any]) -> str:
    """POST honours a sys_id of 32 hexadecimal digits (section 7.1); anything else is ignored."""
    own = values.get("sys_id")
    if instance.switches.custom_sys_id and isinstance(own, str) and OWN_SYS_ID.fullmatch(own):
        return own.lower()
    return instance.new_id()


def _check_mandatory(table: Table, row: Row) -> None:
    missing = [one.label for one in table.mandatory if not row.get(one.name)]
    if missing:
        fields = ", ".join(missing)
        raise operation_failed(f"Data Policy Exception: The following fields are mandatory: {fields}")


def _breaks_unique_key(instance: Instance, table: Table, row: Row) -> bool:
    columns = instance.switches.unique_columns.get(table.name, ())
    return any(
        other["sys_id"] != row["sys_id"]
        for name in columns
        if row.get(name)
        for other in (table.having(name, row[name]) if table.is_indexed(name) else table)
        if other.get(name, "").casefold() == row[name].casefold()
    )
