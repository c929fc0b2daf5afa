"""From an answered write to what it means for its record."""

from __future__ import annotations

from typing import Any

from ml_connector.errors import Issue, RecordError, RefusedError
from ml_connector.systems.base import Doubt, Receipt, Write
from ml_connector.systems.servicenow.answers import Fault
from ml_connector.systems.servicenow.columns import stored
from ml_connector.systems.servicenow.instance import RowDict


def receipt(external_id: str, row: RowDict, answer: str, *, existed: bool = False, landed: bool = True) -> Receipt:
    """The row is there as it should be."""
    number = stored(row.get("number"))
    version = stored(row.get("sys_mod_count")) or ""
    return Receipt(external_id, landed, version, existed, f"{answer} {number}" if number else answer)


def doubt(reason: str) -> Doubt:
    """Nobody knows."""
    return Doubt(reason[:300])


def not_stored(write: Write, table: str, columns: list[str], row: RowDict, external_id: str) -> RecordError:
    """The instance said yes and stored something else (FACTS 9)."""
    shown = "; ".join(
        f"{column}: sent {_short(write.payload.get(column))}, stored {_short(stored(row.get(column)))}"
        for column in columns[:8]
    )
    message = f"{table} did not store what was sent. {shown}."
    fix = "Check these columns' access rules, types and choice lists on the instance, then replay."
    return _error("VALUE_NOT_STORED", message, fix, table=table, external_id=external_id, columns=columns)


def _short(value: Any) -> str:
    if value is None:
        return "nothing that we may see"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def refused(table: str, fault: Fault, status: int, external_id: str = "") -> RefusedError:
    """The instance understood and said no, in its own words."""
    fix = ""
    if fault.is_data_policy:
        fix = "Fill in the fields named in the ERP, or relax the data policy for integrations."
    elif fault.is_access_rule:
        fix = "Give the service account write access to this row, then replay."
    return RefusedError(f"{table}: {fault or status}.", fix=fix, table=table, external_id=external_id, status=status)


def hidden(table: str, external_id: str, fault: Fault) -> RecordError:
    """Refused as if it were there, and yet not to be seen (FACTS 6)."""
    message = (
        f"{table} refused to insert row {external_id} ({fault}), and the row cannot be read: it exists and access "
        "rules hide it from us, or a unique key or business rule of the table stopped it."
    )
    fix = "Look the row up as administrator; let the service account read it, or see the instance's log for the rule."
    return _error("HIDDEN_BY_ACCESS_RULES", message, fix, table=table, external_id=external_id)


def locked(table: str, external_id: str) -> RecordError:
    """A received purchase order takes no changes (FACTS 23)."""
    message = f"The purchase order of {table} row {external_id} was received on the instance and is read-only."
    fix = "Make the change on the instance by hand, or reopen the order there and replay."
    return _error("TARGET_LOCKED", message, fix, table=table, external_id=external_id)


def removed(table: str, external_id: str) -> RecordError:
    """The row that was to be changed is gone, or no longer visible."""
    message = f"Row {external_id} of {table} is no longer on the instance, or access rules hide it."
    return _error("REFERENCE_MISSING_ON_TARGET", message, table=table, external_id=external_id)


def _error(code: str, message: str, fix: str = "", **fields: Any) -> RecordError:
    return RecordError(message, issues=(Issue(code, message, fix),), fix=fix, **fields)
