"""The Aggregate API: how many rows match (fact sheet sections 4 and 5)."""

from __future__ import annotations

from typing import Any

from ..exchange import Answer
from .instance import Instance
from .messages import RefusedError, Request, result, wrong_method
from .query import parse
from .table_api import check_readable, is_hidden, wanted


def serve(instance: Instance, request: Request, name: str) -> Answer:
    """Counts rows, in groups where `sysparm_group_by` asks; may count what access rules hide."""
    if request.method != "GET":
        raise wrong_method()
    if instance.switches.stats == "forbidden" and not request.account.is_admin:
        raise RefusedError(403, "Insufficient rights to query records")
    table = instance.table(name)
    check_readable(instance, request, table)
    instance.cost_ms += instance.switches.read_cost_ms
    rows = instance.search().rows(table, parse(wanted(request.query)))
    if instance.switches.stats == "counts_visible":
        rows = [row for row in rows if not is_hidden(instance, request, table, row)]
    field = request.query.get("sysparm_group_by", "")
    if field not in table.columns:
        return result({"stats": {"count": str(len(rows))}})
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.get(field, "")] = counts.get(row.get(field, ""), 0) + 1
    groups: list[dict[str, Any]] = [
        {"stats": {"count": str(count)}, "groupby_fields": [{"field": field, "value": value}]}
        for value, count in counts.items()
    ]
    return result(groups)
