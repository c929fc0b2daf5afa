"""The business rows of a simulated target as plain values, so that two targets that were filled apart can be compared.

Ids and stamps are left out; a reference reads as the key of the row it leads to, or like that row where it has none.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_connector_simulators.servicenow.instance import DEFINITIONS

Row = Mapping[str, Any]
Truth = Mapping[str, Sequence[Row]]
Flat = tuple[str, frozenset[tuple[str, Any]]]
"""A row of a table as its values."""

SYS_ID = re.compile(r"[0-9a-f]{32}")
VOLATILE = ("sys_id", "sys_created_on", "sys_updated_on", "sys_updated_by", "sys_mod_count", "number")


def business_rows(system: str, truth: Truth) -> Counter[Flat]:
    """All that an ERP's data became on the target, and what people had there before."""
    return READERS[system](truth)


def _servicenow(truth: Truth) -> Counter[Flat]:
    rows = {row["sys_id"]: (name, row) for name, some in truth.items() for row in some}

    def shallow(sys_id: str) -> str:
        """Its key, since all else of it may be as of another moment, and is compared in its own table."""
        name, row = rows[sys_id]
        if key := row.get("correlation_id"):
            return f"{name} {key}"
        return f"{name}{sorted((k, v) for k, v in row.items() if k not in VOLATILE and not _is_id(v))}"

    def flat(name: str, row: Row) -> Flat:
        values = {k: shallow(v) if _is_id(v) and v in rows else v for k, v in row.items() if k not in VOLATILE and v}
        return name, frozenset(values.items())

    return Counter(flat(name, row) for name, some in truth.items() if _is_business(name) for row in some)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and SYS_ID.fullmatch(value) is not None


def _is_business(name: str) -> bool:
    return name in DEFINITIONS and DEFINITIONS[name].business


NAMES = {
    "vendors": ("external_id", "name"),
    "departments": ("name",),
    "locations": ("name",),
    "account_codes": ("code",),
    "currencies": ("name",),
    "accounts": ("account_code", "department"),
    "users": ("email",),
}
"""By which columns a row that is referred to is told."""
REFERENCES = {
    "vendors": {"currency": "currencies"},
    "account_codes": {"parent": "account_codes", "departments": "departments"},
    "accounts": {"account_code": "account_codes", "department": "departments"},
    "departments": {"branch": "locations"},
    "orders": {"branch": "locations", "department": "departments", "currency": "currencies", "user": "users"},
    "order_items": {
        "account": "accounts",
        "pref_vendor": "vendors",
        "currency": "currencies",
        "department": "departments",
        "requester": "users",
    },
}
"""Columns that hold ids, by set; only these sets are compared."""
MADE_BY_PROCURIFY = ("accounts",)
"""Budgets: one for each department that there is when an account code is created. The interface adds none later, so
that they depend on what came first, as they do when a department is founded later (docs/systems/procurify.md)."""
IDS = ("id", "uuid", "num", "orderNum", "order_id", "order_uuid", "purchase_order", "PO_line_num")
STAMPS = ("dateModified", "date", "last_modified", "created_at", "updated_at", "approved_datetime", "start_datetime")
OF_PEOPLE = ("end_datetime", "purchased_date", "po_created_date", "next_approver", "purchaser", "logs")
COPIED = "vendor"
"""The supplier's name when the item was made; `pref_vendor` says who it is."""
UNCOMPARED = {"departments", *IDS, *STAMPS, *OF_PEOPLE, COPIED, "custom_fields", "order_items"}

SHARED = {"departments": ("external_id",)}
"""Of a row that several companies share: whose id it carries depends on who came first."""


def _procurify(truth: Truth) -> Counter[Flat]:
    by_id = {(name, row["id"]): row for name in (*REFERENCES, *NAMES) for row in truth[name]}

    def told(name: str, key: Any) -> Any:
        if isinstance(key, list | tuple):
            return sorted(str(told(name, each)) for each in key)
        row = by_id.get((name, key))
        if row is None:
            return key
        inner = REFERENCES.get(name, {})
        return [told(inner[each], row[each]) if each in inner else row[each] for each in NAMES[name]]

    def flat(name: str, row: Row) -> Flat:
        references = REFERENCES[name]
        values = {
            column: told(references[column], value) if column in references else value
            for column, value in row.items()
            if column not in (*UNCOMPARED, *SHARED.get(name, ())) and value not in (None, "", [], ())
        }
        if name == "orders":
            items = [flat("order_items", item)[1] for item in row["order_items"]]
            values["items"] = sorted(str(sorted(item)) for item in items)
        return name, frozenset((column, _text(value)) for column, value in values.items())

    sets = [name for name in REFERENCES if name not in ("order_items", *MADE_BY_PROCURIFY)]
    return Counter(flat(name, row) for name in sets for row in truth[name])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


READERS: Mapping[str, Callable[[Truth], Counter[Flat]]] = {"servicenow": _servicenow, "procurify": _procurify}
