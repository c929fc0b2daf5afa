"""The filters of the lists (fact sheet sections 3 and 4); a parameter that no filter knows is ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from .database import Database
from .refusals import invalid
from .tables import Row
from .values import Style, day_of

Test = Callable[[Row], bool]
Word = Literal["text", "contains", "int", "ints", "bool", "search", "day_from", "day_to", "moment_from", "moment_to"]
Columned = Callable[[Database, Row], Any]


@dataclass(frozen=True)
class Filter:
    """Compares a column, or what `value` finds, with the parameter's text."""

    word: Word
    column: str = ""
    value: Columned | None = None


def between(name: str, column: str, unit: Literal["day", "moment"], ends: tuple[str, str]) -> dict[str, Filter]:
    """A pair of parameters, both ends included."""
    start, end = ends
    words: tuple[Word, Word] = ("day_from", "day_to") if unit == "day" else ("moment_from", "moment_to")
    return {f"{name}{start}": Filter(words[0], column), f"{name}{end}": Filter(words[1], column)}


def days(name: str, column: str) -> dict[str, Filter]:
    """`<name>_0` and `<name>_1` are dates in the tenant's zone."""
    return between(name, column, "day", ("_0", "_1"))


def moments(name: str, column: str) -> dict[str, Filter]:
    """`<name>_0` and `<name>_1` are date-times."""
    return between(name, column, "moment", ("_0", "_1"))


def _branch(database: Database, row: Row) -> Any:
    department = database["departments"].get(row["department"])
    return department["branch"] if department else None


def _po_vendor(database: Database, row: Row) -> Any:
    order = database["purchase_orders"].get(row["purchase_order"])
    return order["pref_vendor"] if order else None


def _role(database: Database, row: Row) -> Any:
    return (row["role"] or {}).get("id")


def _is_other(database: Database, row: Row) -> Any:
    return row["type"] == 1


def _is_parent(database: Database, row: Row) -> Any:
    return bool(database["account_codes"].indexed("parent", row["id"]))


SEARCH = {"search": Filter("search")}
FILTERS: Mapping[str, Mapping[str, Filter]] = {
    "vendors": {
        "external_id": Filter("text", "external_id"),
        "name": Filter("text", "name"),
        "type": Filter("int", "type"),
        "type__in": Filter("ints", "type"),
        "exclude_other": Filter("bool", value=_is_other),
        **SEARCH,
    },
    "purchase_orders": {
        **days("date", "date"),
        **days("modified_date", "last_modified"),
        **days("promise_date", "promise_date"),
        "pref_vendor": Filter("int", "pref_vendor"),
        "currency": Filter("int", "purchased_currency"),
        "purchase_order": Filter("text", "number"),
        "requester": Filter("int", "purchaser"),
    },
    "order_items": {
        **days("last_modified", "last_modified"),
        **days("po_created_date", "po_created_date"),
        **days("purchased_date", "purchased_date"),
        **days("approved_datetime", "approved_datetime"),
        "status": Filter("int", "status"),
        "orderNum": Filter("int", "orderNum"),
        "po_vendor": Filter("int", value=_po_vendor),
        "departments": Filter("ints", "department"),
        **SEARCH,
    },
    "orders": {
        **days("date", "date"),
        **days("modified_date", "dateModified"),
        "status": Filter("int", "status"),
        "department": Filter("int", "department"),
        "location": Filter("int", "branch"),
        "requester": Filter("int", "user"),
        **SEARCH,
    },
    "bills": {
        **moments("last_modified_datetime", "last_modified_datetime"),
        **moments("invoice_date", "invoice_date"),
        **moments("due_date", "due_date"),
        **moments("submitted_date", "submitted_date"),
        "vendor": Filter("int", "vendor"),
        "type": Filter("int", "type"),
    },
    "bill_lines": {},
    "payments": {
        **between("created_at", "created_at", "moment", ("_after", "_before")),
        **between("updated_at", "updated_at", "moment", ("_after", "_before")),
        "status": Filter("text", "status"),
        "vendor": Filter("int", "vendor"),
        "invoice_number": Filter("text", "invoice_number"),
    },
    "account_codes": {
        "active": Filter("bool", "active"),
        "code": Filter("text", "code"),
        "is_parent": Filter("bool", value=_is_parent),
        **SEARCH,
    },
    "accounts": {
        "account_code": Filter("int", "account_code"),
        "departments": Filter("ints", "department"),
        "locations": Filter("ints", value=_branch),
        "active": Filter("bool", "active"),
        "in_effect": Filter("bool", value=lambda database, row: in_effect(database, row)),
    },
    "departments": {"branch": Filter("int", "branch"), "locations": Filter("ints", "branch"), **SEARCH},
    "locations": {"active": Filter("bool", "active"), "headquarter": Filter("bool", "headquarter"), **SEARCH},
    "users": {
        "is_active": Filter("bool", "is_active"),
        "location": Filter("int", "location"),
        "role": Filter("int", value=_role),
        **SEARCH,
    },
    "currencies": {
        "active": Filter("bool", "active"),
        "base": Filter("bool", "base"),
        "name": Filter("text", "name"),
    },
    "custom_fields": {},
}


def in_effect(database: Database, account: Row) -> bool:
    """Whether now is within the account's time."""
    now = database.now()
    start, end = account["start_datetime"], account["end_datetime"]
    return (start is None or start <= now) and (end is None or now <= end)


def matching(database: Database, name: str, parameters: Mapping[str, str]) -> list[Row]:
    """The rows of a set that every given filter lets through. Raises RefusedError for a value that cannot be read."""
    table = database[name]
    rows: list[Row] | None = None
    tests: list[Test] = []
    for parameter, text in parameters.items():
        filter_ = FILTERS[name].get(parameter)
        if filter_ is None or text == "":
            continue
        if filter_.word == "search":
            found = table.search(text)
        elif (
            filter_.word in ("text", "int") and table.has_index(filter_.column) and not _loose(database, name, filter_)
        ):
            found = table.indexed(filter_.column, _whole(parameter, text) if filter_.word == "int" else text)
        else:
            tests.append(_test(database, name, parameter, filter_, text))
            continue
        if rows is None:
            rows = found
        else:
            keys = {table.key(row) for row in found}
            rows = [row for row in rows if table.key(row) in keys]
    kept = list(table) if rows is None else rows
    return [row for row in kept if all(test(row) for test in tests)]


def _loose(database: Database, name: str, filter_: Filter) -> bool:
    """Whether it is the name filter of vendors, and that one looks for parts of a name."""
    contains = database.switches.vendor_name_filter == "contains"
    return contains and (name, filter_.column) == ("vendors", "name")


def _test(database: Database, name: str, parameter: str, filter_: Filter, text: str) -> Test:
    def value(row: Row) -> Any:
        return filter_.value(database, row) if filter_.value else row[filter_.column]

    wanted: Any
    match filter_.word:
        case "text" if _loose(database, name, filter_):
            wanted = text.casefold()
            return lambda row: wanted in (value(row) or "").casefold()
        case "text":
            return lambda row: value(row) == text
        case "int":
            wanted = _whole(parameter, text)
            return lambda row: value(row) == wanted
        case "ints":
            wanted = {_whole(parameter, part) for part in text.split(",")}
            return lambda row: value(row) in wanted
        case "bool":
            return _truth_test(parameter, text, value)
        case "day_from" | "day_to":
            strict = database.switches.strict_dates
            edge = _day_edge(parameter, text, database.style.zone, end=filter_.word == "day_to", strict=strict)
        case _:
            edge = _moment_edge(parameter, text, database.style.zone, end=filter_.word == "moment_to")
    return _edge_test(filter_.column, edge, database.style, end=filter_.word.endswith("_to"))


def _truth_test(parameter: str, text: str, value: Callable[[Row], Any]) -> Test:
    """Neither true nor false: ignored. `exclude_other` is the one that takes away."""
    wanted = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if wanted is None or (parameter == "exclude_other" and not wanted):
        return lambda row: True
    if parameter == "exclude_other":
        return lambda row: not value(row)
    return lambda row: bool(value(row)) == wanted


def _edge_test(column: str, edge: datetime, style: Style, *, end: bool) -> Test:
    def test(row: Row) -> bool:
        value = row[column]
        if value is None:
            return False
        if not isinstance(value, datetime):
            value = datetime.combine(value, time(), style.zone)
        return bool(value <= edge) if end else bool(value >= edge)

    return test


def _whole(parameter: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise invalid(parameter, "Enter a number.") from None


def _day_edge(parameter: str, text: str, zone: ZoneInfo, *, end: bool, strict: bool) -> datetime:
    try:
        day = day_of(text if strict else text[:10])
    except ValueError:
        raise invalid(parameter, "Enter a valid date.") from None
    return _day_end(day, zone) if end else datetime.combine(day, time(), zone).astimezone(UTC)


def _day_end(day: date, zone: ZoneInfo) -> datetime:
    """The last microsecond of the day."""
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(microseconds=1)


def _moment_edge(parameter: str, text: str, zone: ZoneInfo, *, end: bool) -> datetime:
    """A date stands for its first or last moment; without an offset the tenant's zone counts."""
    try:
        if len(text) == 10:
            return _day_edge(parameter, text, zone, end=end, strict=True)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(parameter, "Enter a valid date/time.") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
