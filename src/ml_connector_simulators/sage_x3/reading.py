"""Lists, single records and metadata as api1 shows them (fact sheet §3, §5)."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote
from zlib import crc32

import msgspec

from .. import exact_json
from ..exchange import Answer, Call
from .catalog import Catalog
from .database import Database, Key, Record, Rows
from .refusals import RefusedError, bad_request, diagnosis
from .schema import LINES, PRICE_KEY, PRICES, TABLES, Column, Table
from .switches import SageSwitches
from .where import Order, parse_order, parse_where

_KEPT_RESULTS = 60
_KEY = re.compile(r"(?P<way>gt|ge|lt|le)\.(?P<values>.*)", re.DOTALL)
_SAFE = "$@~.,()"
_TITLES = {"EUR": "Euro", "USD": "US Dollar", "GBP": "Pound Sterling", "JPY": "Japanese Yen", "KWD": "Kuwaiti Dinar"}
_TYPES = {"A": "string", "M": "choice", "I": "integer", "N": "decimal", "D": "date", "T": "datetime"}
SortKey = tuple[tuple[bool, Any], ...]


@dataclass(frozen=True)
class _Result:
    """The rows that a query has now, in order; `keys` are what `key=gt.` compares."""

    age: tuple[object, ...]
    records: list[Record]
    keys: list[SortKey]


class ReadService:
    """Made anew whenever a switch changes. `sites` are those the user may see."""

    def __init__(self, database: Database, catalog: Catalog, switches: SageSwitches) -> None:
        self._database = database
        self._catalog = catalog
        self._switches = switches
        self._results: OrderedDict[tuple[str, str, str], _Result] = OrderedDict()

    # Lists -----------------------------------------------------------------------------------------------------

    def query(self, call: Call, table: Table, may_see: Callable[[str], bool], rights: object, host: str) -> Answer:
        """Answers `.$query`; `rights` changes whenever `may_see` would answer differently."""
        given = call.parameters()
        count = self._count(given.get("count"))
        orders = self._orders(given.get("orderBy", ""), table)
        result = self._result(table, given.get("where", ""), given.get("orderBy", ""), orders, may_see, rights)
        first, last = _span(result.keys, given.get("key", ""), orders, count)
        records = result.records[first:last]
        link = self._linker(call, given, host)
        links = {"$first": link("")}
        if first > 0:
            links["$prev"] = link(f"lt.{_key_text(result.keys[first])}" if first < last else "le.")
        if last < len(result.records):
            links["$next"] = link(f"gt.{_key_text(result.keys[last - 1])}")
            links["$last"] = link("le.")
        body: dict[str, object] = {
            "$url": link("")["$url"],
            "$descriptor": f"{table.name} list",
            "$startIndex": first + 1,
            "$itemsPerPage": count,
            "$resources": [self._wire(table, record, "query") for record in records],
            "$links": links,
        }
        total = self._switches.total_results
        if total == "always" or (total == "first_page" and "key" not in given):
            body["$totalResults"] = len(result.records)
        return Answer.json(body)

    def _count(self, text: str | None) -> int:
        if text is None:
            return min(self._switches.default_count, self._switches.page_limit)
        if not text.isdigit() or int(text) < 1:
            raise bad_request(f"count={text} is not valid")
        return min(int(text), self._switches.page_limit)

    def _orders(self, text: str, table: Table) -> tuple[Order, ...]:
        if text:
            return parse_order(text, self._catalog.columns(table, "query"))
        return tuple(Order(table.by_name[name]) for name in table.key)

    def _result(
        self,
        table: Table,
        where: str,
        order_text: str,
        orders: tuple[Order, ...],
        may_see: Callable[[str], bool],
        rights: object,
    ) -> _Result:
        rows = self._database.tables[table.name]
        age = (rows.version, rights)
        asked = (table.name, where, order_text)
        kept = self._results.get(asked)
        if kept is not None and kept.age == age:
            return kept
        records = self._seen(rows, may_see)
        if where:
            test = parse_where(where, self._catalog.columns(table, "query"), self._switches.date_literals)
            records = [record for record in records if test(record.values)]
        result = _sorted(age, records, orders, table)
        self._results[asked] = result
        if len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)
        return result

    def _seen(self, rows: Rows, may_see: Callable[[str], bool]) -> list[Record]:
        return [record for record in rows if may_see(self.site(rows.table, record))]

    def site(self, table: Table, record: Record) -> str:
        """Whose record it is; "" for nobody's."""
        if table.site:
            return str(record.values[table.site])
        if not table.parent:
            return ""
        head = self._database.tables[table.parent].get(tuple(record.values[n] for n in table.link))
        return self.site(TABLES[table.parent], head) if head else ""

    def _linker(self, call: Call, given: Mapping[str, str], host: str) -> Callable[[str], dict[str, str]]:
        base = call.path if self._switches.next_link == "relative" else host + call.path
        kept = [(name, given[name]) for name in ("representation", "count", "where", "orderBy") if name in given]

        def link(key: str) -> dict[str, str]:
            pairs = kept + ([("key", key)] if key else [])
            query = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs)
            return {"$url": f"{base}?{query}", "$type": "application/json;vnd.sage=syracuse"}

        return link

    # Single records --------------------------------------------------------------------------------------------

    def details(self, table: Table, key_text: str, may_see: Callable[[str], bool]) -> Answer:
        """Answers `.$details` and `.$edit`."""
        record = self._database.tables[table.name].get(_record_key(key_text, table))
        if record is None:
            return self._missing()
        if not may_see(self.site(table, record)):
            raise RefusedError(403, "You have no right on this site")
        if f"{table.name}('{key_text}')" in self._switches.locked:
            return self._locked()
        return Answer.json(self._wire(table, record, "details"))

    def _missing(self) -> Answer:
        """A missing record may be a 200 with an error inside."""
        status = int(self._switches.missing_record)
        return Answer.json({"$diagnoses": [diagnosis("721 : Record does not exist")]}, status)

    def _locked(self) -> Answer:
        status = int(self._switches.lock_answer)
        return Answer.json({"$diagnoses": [diagnosis("record locked by user JDOE")]}, status)

    # Rendering -------------------------------------------------------------------------------------------------

    def _wire(self, table: Table, record: Record, facet: Literal["query", "details"]) -> msgspec.Raw:
        kept = record.wires.get(facet)
        if kept is None:
            kept = msgspec.Raw(exact_json.dump(self._resource(table, record, facet)))
            record.wires[facet] = kept
        return kept

    def _resource(self, table: Table, record: Record, facet: Literal["query", "details"]) -> dict[str, Any]:
        key = "~".join(str(record.values[name]) for name in table.key)
        path = f"{self._catalog.code(table)}('{key}')"
        stamp = None if table.name in self._switches.stampless else record.values["UPDDATTIM"]
        shown: dict[str, Any] = {
            "$uuid": record.values["AUUID"],
            "$key": key,
            "$url": f"{quote(path, safe=_SAFE)}?representation={self._catalog.representation(table)}.$details",
            "$etag": f"{crc32(key.encode()):08x}{record.changes:04x}",
            "$updDate": stamp or record.values["UPDDAT"],
            "$updUsr": record.values["UPDUSR"],
            **self._shown(record.values, self._catalog.columns(table, facet)),
            **record.extra,
        }
        if facet == "details" and table.name == "BPSUPPLIER" and self._switches.partner_in_supplier:
            shown |= self._partner(record)
        if facet == "details" or table.name in self._switches.lines_in_query:
            shown |= self._lines(table, record)
        return shown

    def _shown(self, values: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
        """The values with their references' titles."""
        shown: dict[str, Any] = {}
        for name, column in columns.items():
            value = values[name]
            if column.size:
                shown |= self._array(name, value)
            elif value != "" or self._switches.empty_texts == "blank":
                shown[name] = self._single(value, column)
            elif self._switches.empty_texts == "null":
                shown[name] = None
            if name in ("CUR", "PTE") and value:
                shown[f"{name}_REF"] = {"$title": _TITLES.get(value, value), name: value}
        return shown

    def _single(self, value: Any, column: Column) -> Any:
        if value is None and column.kind == "D":
            return {"null": None, "blank": "", "zeros": "0000-00-00"}[self._switches.empty_dates]
        return self._number(value)

    def _number(self, value: Any) -> Any:
        return str(value) if isinstance(value, Decimal) and self._switches.decimals == "text" else value

    def _array(self, name: str, values: Sequence[Any]) -> dict[str, Any]:
        """An array by index; a switch drops the empty places at its end, or makes each place a property."""
        shown = [self._number(value) for value in values]
        if self._switches.arrays == "numbered":
            return {f"{name}{place}": value for place, value in enumerate(shown, 1)}
        if self._switches.arrays == "trimmed":
            while shown and not values[len(shown) - 1]:
                shown.pop()
        return {name: shown}

    def _partner(self, supplier: Record) -> dict[str, Any]:
        partner = self._database.tables["BPARTNER"].get((supplier.values["BPSNUM"],))
        names = ("BPRNAM", "CRN", "EECNUM", "CRY", "LAN")
        return {name: partner.values[name] for name in names} if partner else {}

    def _lines(self, table: Table, record: Record) -> dict[str, list[dict[str, Any]]]:
        key = self._database.tables[table.name].key(record)
        arrays: dict[str, list[dict[str, Any]]] = {}
        made: dict[tuple[str, Key], dict[str, Any]] = {}
        for lines in LINES[table.name]:
            columns = self._catalog.columns(lines, "details")
            nested = bool(lines.inside) and self._switches.analytics == "nested"
            name = self._catalog.array(lines)
            if not nested:
                arrays[name] = []
            for line in self._database.tables[lines.name].of_parent(key):
                if not lines.only.items() <= line.values.items():
                    continue
                shown = {"$uuid": line.values["AUUID"], **self._shown(line.values, columns), **line.extra}
                if not nested:
                    arrays[name].append(shown)
                    made[lines.name, tuple(line.values[n] for n in TABLES[lines.name].key[len(key) :])] = shown
                    continue
                place = (lines.inside_of, tuple(line.values[n] for n in lines.inside))
                if place in made:
                    made[place].setdefault(name, []).append(shown)
        if table.name == "PORDER" and self._switches.order_prices == "beside":
            arrays["PORDERP"] = self._prices(key)
        return arrays

    def _prices(self, order: Key) -> list[dict[str, Any]]:
        """PORDERP as an array of its own: one row for the releases of a line."""
        columns = {c.name: c for c in TABLES["PORDERQ"].columns if c.name in PRICES or c.name in PRICE_KEY}
        prices: dict[Key, dict[str, Any]] = {}
        for line in self._database.tables["PORDERQ"].of_parent(order):
            key = tuple(line.values[name] for name in PRICE_KEY)
            prices.setdefault(key, self._shown(line.values, columns))
        return list(prices.values())

    # Metadata --------------------------------------------------------------------------------------------------

    def prototype(self, table: Table, facet: Literal["query", "details"]) -> Answer:
        """Answers `$prototypes('R.$edit')`."""
        properties: dict[str, Any] = {}
        for column in self._catalog.columns(table, facet).values():
            shown: dict[str, Any] = {"$type": f"application/x-{_TYPES[column.kind]}"}
            if column.length:
                shown["$maxLength"] = column.length
            shown["$isMandatory"] = column.needed
            if column.size:
                shown = {"$type": "application/x-array", "$maxItems": column.size, "$item": shown}
            properties[column.name] = shown
        if facet == "details" or table.name in self._switches.lines_in_query:
            for lines in LINES[table.name]:
                inner = {
                    name: {"$type": f"application/x-{_TYPES[c.kind]}"}
                    for name, c in self._catalog.columns(lines, "details").items()
                }
                properties[self._catalog.array(lines)] = {
                    "$type": "application/x-array",
                    "$item": {"$type": "application/x-object", "$properties": inner},
                }
        return Answer.json({"$type": "application/json", "$properties": properties})


def _sorted(age: tuple[object, ...], records: list[Record], orders: Sequence[Order], table: Table) -> _Result:
    """Equal rows keep the order of the main key; an empty value comes first."""
    records.sort(key=lambda record: tuple((record.values[n] is not None, record.values[n]) for n in table.key))
    for order in reversed(orders):
        name = order.column.name
        records.sort(key=lambda r: (r.values[name] is not None, r.values[name]), reverse=order.descending)
    names = [order.column.name for order in orders]
    keys = [tuple((r.values[n] is not None, r.values[n]) for n in names) for r in records]
    return _Result(age, records, keys)


def _span(keys: list[SortKey], text: str, orders: Sequence[Order], count: int) -> tuple[int, int]:
    """The rows of the page that `key` asks for; `gt.` begins behind every row whose ordered values are equal."""
    if not text:
        return 0, min(count, len(keys))
    found = _KEY.fullmatch(text)
    if not found:
        raise bad_request(f"key={text} is not valid")
    way = found["way"]
    if not found["values"]:
        position = len(keys) if way in ("lt", "le") else 0
    else:
        wanted = _wanted(found["values"], orders)
        position = _position(keys, wanted, orders, after=way in ("gt", "le"))
    if way in ("gt", "ge"):
        return position, min(position + count, len(keys))
    return max(0, position - count), position


def _position(keys: list[SortKey], wanted: SortKey, orders: Sequence[Order], after: bool) -> int:
    """How many rows come before `wanted` in the order, with `after` including the equal ones."""
    if not any(order.descending for order in orders):
        return bisect_right(keys, wanted) if after else bisect_left(keys, wanted)
    for number, key in enumerate(keys):
        place = _compared(key, wanted, orders)
        if place > 0 or (place == 0 and not after):
            return number
    return len(keys)


def _compared(key: SortKey, wanted: SortKey, orders: Sequence[Order]) -> int:
    for mine, other, order in zip(key, wanted, orders, strict=True):
        if mine != other:
            return 1 if (mine > other) != order.descending else -1
    return 0


def _key_text(key: SortKey) -> str:
    """The ordered values of a row, joined by `~`."""
    return "~".join(_escaped(value) for _, value in key)


def _escaped(value: Any) -> str:
    return "" if value is None else str(value).replace("%", "%25").replace("~", "%7E")


def _wanted(text: str, orders: Sequence[Order]) -> SortKey:
    parts = text.split("~")
    if len(parts) != len(orders):
        raise bad_request(f"key={text} does not fit the order")
    return tuple(
        _key_value(part.replace("%7E", "~").replace("%25", "%"), o.column)
        for part, o in zip(parts, orders, strict=True)
    )


def _key_value(text: str, column: Column) -> tuple[bool, Any]:
    if column.kind in ("D", "T"):
        return (bool(text), text or None)
    if column.kind == "A":
        return (True, text)
    try:
        return (True, Decimal(text))
    except ArithmeticError as error:
        raise bad_request(f"{text!r} is no number") from error


def _record_key(text: str, table: Table) -> Key:
    """The key in a path. Raises RefusedError 400 for one with too few or too many parts."""
    parts = text.replace("''", "'").split("~")
    if len(parts) != len(table.key):
        raise bad_request(f"The key of {table.name} is {'~'.join(table.key)}")
    try:
        pairs = zip(parts, table.key, strict=True)
        return tuple(part if table.by_name[name].kind == "A" else int(part) for part, name in pairs)
    except ValueError as error:
        raise bad_request(f"The key {text} is not valid") from error
