"""The Table API: list, read, insert, change and delete rows (fact sheet section 2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from .. import exact_json
from ..exchange import Answer
from . import import_sets, writing
from .access import may_read, may_write
from .instance import Instance
from .messages import (
    RefusedError,
    Request,
    acl_failed,
    cancelled,
    json_body,
    no_record,
    result,
    wrong_method,
)
from .query import parse
from .rendering import renderer
from .staging import MAP_OF
from .tables import Row, Table

DEFAULT_LIMIT = 10_000


def serve(instance: Instance, request: Request, name: str, sys_id: str | None, version: str = "") -> Answer:
    """Answers a request on a table, or on one row of it."""
    table = instance.table(name)
    if sys_id is None:
        match request.method:
            case "GET":
                return list_rows(instance, request, table, version)
            case "POST":
                return insert_row(instance, request, table)
        raise wrong_method()
    match request.method:
        case "GET":
            return result(renderer(instance, table, request)(readable_row(instance, request, table, sys_id)))
        case "PATCH" | "PUT":
            return update_row(instance, request, table, sys_id)
        case "DELETE":
            return delete_row(instance, request, table, sys_id)
    raise wrong_method()


def list_rows(instance: Instance, request: Request, table: Table, version: str) -> Answer:
    """Returns a page of rows. The limit applies before access rules hide rows, so a page may be short."""
    check_readable(instance, request, table)
    rows = instance.search().rows(table, parse(wanted(request.query)))
    total = len(rows)
    offset = request.number("sysparm_offset", 0)
    limit = request.number("sysparm_limit", DEFAULT_LIMIT)
    page = [row for row in rows[offset : offset + limit] if not is_hidden(instance, request, table, row)]
    instance.cost_ms += instance.switches.read_cost_ms
    if version == "v1" and not page:
        raise no_record()
    if kind := instance.trapped(request, "error_in_200", "torn_200"):
        return cancelled_within(list(map(renderer(instance, table, request), page[: len(page) // 2])), kind)
    answer = result(list(map(renderer(instance, table, request), page)))
    if not request.flag("sysparm_no_count"):
        answer.headers["X-Total-Count"] = str(total)
    if not request.flag("sysparm_suppress_pagination_header") and total > limit > 0:
        answer.headers["Link"] = links(request, offset, limit, total)
    return answer


def cancelled_within(rows: list[dict[str, Any]], kind: str) -> Answer:
    """Returns a 200 that holds part of the rows and the error of a cancelled transaction (section 2)."""
    error = cancelled().answer()
    begun = exact_json.dump({"result": rows})
    ended = b"," + error.body[1:]
    return Answer(200, (begun[:-1] if kind == "error_in_200" else begun[:-2]) + ended, error.headers)


def wanted(query: Any) -> str:
    """Returns the encoded query of a list; `field=value` pairs count where sysparm_query is not given."""
    if "sysparm_query" in query:
        return str(query["sysparm_query"])
    return "^".join(f"{name}={value}" for name, value in query.items() if not name.startswith("sysparm_"))


def links(request: Request, offset: int, limit: int, total: int) -> str:
    """Returns the Link header: first and prev only after the start, next and last only before the end."""
    last = (total - 1) // limit * limit
    offsets = {}
    if offset > 0:
        offsets = {"first": 0, "prev": max(0, offset - limit)}
    if offset + limit < total:
        offsets |= {"next": offset + limit, "last": last}
    base = f"{request.base_url}{request.path}"
    return ",".join(
        f'<{base}?{urlencode({**request.query, "sysparm_offset": at})}>;rel="{name}"' for name, at in offsets.items()
    )


def insert_row(instance: Instance, request: Request, table: Table) -> Answer:
    """Adds one row; into a staging table it is transformed at once (section 3, KB0758158)."""
    values = row_values(instance, request, table)
    instance.count_write(table)
    check_writable(instance, request, table, "Insert")
    if table.name in MAP_OF:
        row = import_sets.stage_and_transform(instance, table, values, request.account.user_name)
    else:
        row = writing.insert(instance, table, values, request.account.user_name)
    return result(renderer(instance, table, request)(row), 201)


def update_row(instance: Instance, request: Request, table: Table, sys_id: str) -> Answer:
    """Changes the fields that were sent and returns the full row; PUT keeps the others too."""
    values = row_values(instance, request, table)
    instance.count_write(table)
    row = readable_row(instance, request, table, sys_id)
    check_writable(instance, request, table, "Update")
    writing.update(instance, table, row, values, request.account.user_name)
    return result(renderer(instance, table, request)(row))


def delete_row(instance: Instance, request: Request, table: Table, sys_id: str) -> Answer:
    """Deletes a row."""
    instance.count_write(table)
    row = readable_row(instance, request, table, sys_id)
    check_writable(instance, request, table, "Delete")
    writing.delete(instance, table, row)
    return Answer(204)


def row_values(instance: Instance, request: Request, table: Table) -> dict[str, Any]:
    """Returns the body; with sysparm_input_display_value references are looked up by display value."""
    values = json_body(request.body)
    if request.flag("sysparm_input_display_value"):
        for name in table.references.keys() & values.keys():
            values[name] = by_display_value(instance, table.references[name], str(values[name]))
    return values


def by_display_value(instance: Instance, name: str, text: str) -> str:
    """Returns the sys_id of the first row with this display value; text that matches none is dropped."""
    target = instance.tables.get(name)
    if target is None or not text:
        return ""
    if text in target.rows:
        return text
    matches = (row["sys_id"] for row in target if target.display(row).casefold() == text.casefold())
    return next(matches, "")


def check_readable(instance: Instance, request: Request, table: Table) -> None:
    """Refuses a table that no role of the user opens."""
    if request.account.is_admin:
        return
    closed = table.definition.module == "metadata" and instance.switches.metadata == "forbidden"
    if closed or not may_read(request.account, table.definition):
        raise RefusedError(403, "Insufficient rights to query records")


def check_writable(instance: Instance, request: Request, table: Table, operation: str) -> None:
    """Refuses a write that access rules forbid."""
    denied = operation in instance.write_denied.get(table.name, ()) and not request.account.is_admin
    if denied or not may_write(request.account, table.definition):
        raise acl_failed(operation)


def is_hidden(instance: Instance, request: Request, table: Table, row: Row) -> bool:
    """Whether access rules hide a row from the user."""
    if request.account.is_admin:
        return False
    metadata_closed = table.definition.module == "metadata" and instance.switches.metadata == "hidden_rows"
    return metadata_closed or row["sys_id"] in table.hidden


def readable_row(instance: Instance, request: Request, table: Table, sys_id: str) -> Row:
    """Returns a row; one that is hidden cannot be told from one that is not there."""
    row = table.rows.get(sys_id.lower())
    instance.cost_ms += instance.switches.read_cost_ms
    if row is None or is_hidden(instance, request, table, row) or not may_read(request.account, table.definition):
        raise no_record()
    return row
