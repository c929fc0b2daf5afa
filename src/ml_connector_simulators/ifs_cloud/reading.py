"""Answers to GET: service document, `$metadata`, sets, rows, navigations (fact sheet §2, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from .. import exact_json
from ..exchange import Answer, Call
from . import metadata
from .addresses import Address, Segment, parse_key
from .catalog import Catalog
from .database import Database
from .filters import Reading
from .listing import Options, Page, Question, Reader, read_options
from .refusals import bad_request, not_found, not_implemented
from .rows import Record, Rows
from .schema import EntitySet, Link, Property
from .switches import IfsSwitches

_UTC = ZoneInfo("UTC")


class ReadService:
    """Reads for one allowed set of companies at a time; `origin` is the scheme, host and port."""

    def __init__(self, database: Database, reader: Reader, catalog: Catalog, switches: IfsSwitches) -> None:
        self._database = database
        self._reader = reader
        self._catalog = catalog
        self._switches = switches
        self._zone = ZoneInfo(switches.server_time_zone)

    def answer(self, call: Call, address: Address, companies: frozenset[str], origin: str) -> Answer:
        """Dispatches by the path below the service."""
        sets = self._catalog.sets(address)
        root = origin + address.root
        if not address.segments:
            return Answer.json(metadata.service_document(root, sets))
        first = address.segments[0]
        if first.name == "$metadata":
            return self._metadata(address)
        entity_set = self._catalog.entity_set(address, first)
        asked = _Asked(call, address, companies, root)
        if len(address.segments) == 1:
            if first.key_text is None:
                return self._list(asked, entity_set, None)
            return self._single(asked, entity_set, self.row(asked.address, entity_set, first, companies))
        return self._below(asked, entity_set)

    def row(self, address: Address, entity_set: EntitySet, segment: Segment, companies: frozenset[str]) -> Record:
        """The row a keyed segment names, if the caller may see it. Raises RefusedError 404."""
        key = parse_key(segment.key_text or "", entity_set.table, address.service)
        rows = self._database.rows(entity_set.name)
        record = rows.get(key)
        if record is None or (record.company and record.company not in companies):
            raise not_found(f"{entity_set.name}({segment.key_text}) does not exist.")
        if entity_set.only is not None and not entity_set.only(record.values):
            raise not_found(f"{entity_set.name}({segment.key_text}) does not exist.")
        return record

    def _below(self, asked: _Asked, entity_set: EntitySet) -> Answer:
        """`Set/$count`, `Set(key)/Navigation` or `Set(key)/Navigation(key)`."""
        first, second = asked.address.segments[:2]
        if second.name == "$count":
            raise not_implemented("/$count is not supported.")
        if first.key_text is None or len(asked.address.segments) > 2:
            raise not_found(f"{second.name} does not exist.")
        parent = self.row(asked.address, entity_set, first, asked.companies)
        link = next((x for x in self._catalog.links(entity_set) if x.name == second.name), None)
        if link is None:
            raise not_found(f"The navigation {second.name} does not exist.")
        if not link.many:
            found = self._linked(parent, link)
            return self._single(asked, EntitySet(link.table, found[0].table), found[1]) if found else Answer(204)
        child_set = self._catalog.sets(asked.address)[link.set_name]
        if second.key_text is not None:
            record = self.row(asked.address, child_set, second, asked.companies)
            if any(record.values[theirs] != parent.values[own] for own, theirs in link.on):
                raise not_found(f"{second.name}({second.key_text}) does not exist.")
            return self._single(asked, child_set, record)
        return self._list(asked, child_set, {theirs: parent.values[own] for own, theirs in link.on})

    def _metadata(self, address: Address) -> Answer:
        sets = self._catalog.sets(address)
        properties = {name: list(self._catalog.properties(s.table).values()) for name, s in sets.items()}
        links = {name: self._catalog.links(s) for name, s in sets.items()}
        return Answer.of(metadata.edmx(address.service, sets, properties, links), "application/xml")

    def _list(self, asked: _Asked, entity_set: EntitySet, parent: Mapping[str, Any] | None) -> Answer:
        properties = self._catalog.properties(entity_set.table)
        options = read_options(asked.call, properties)
        self._check_options(asked, options, entity_set)
        rows = self._database.rows(entity_set.name)
        question = self._question(asked, entity_set, rows, parent, properties)
        switches = self._switches
        page = self._reader.page(
            question,
            options,
            switches.page_limit,
            switches.order_without_orderby,
            switches.skiptoken == "snapshot",
        )
        body: dict[str, object] = {"@odata.context": f"{asked.root}$metadata#{entity_set.name}"}
        if options.count and self._counted(entity_set, options):
            body["@odata.count"] = page.total
        body["value"] = [self._wire(asked, entity_set, rows, r, options) for r in page.records]
        if page.going_on is not None and switches.next_link != "none":
            body["@odata.nextLink"] = self._next_link(asked, options, page)
        answer = _json(body, asked.as_strings)
        if options.page_size is not None:
            answer.headers["Preference-Applied"] = f"odata.maxpagesize={options.page_size}"
        return answer

    def _question(
        self,
        asked: _Asked,
        entity_set: EntitySet,
        rows: Rows,
        parent: Mapping[str, Any] | None,
        properties: Mapping[str, Property],
    ) -> Question:
        def only(row: Mapping[str, Any]) -> bool:
            mine = parent is None or all(row.get(n) == v for n, v in parent.items())
            return mine and (entity_set.only is None or entity_set.only(row))

        switches = self._switches
        reading = Reading(properties, asked.address.service, switches.state_filter_refused, switches.max_or_terms)
        zone = _UTC if asked.aware and switches.time_zone_aware else self._zone
        name = f"{asked.address.family}/{asked.address.service}/{entity_set.name}/{parent}/{zone.key}"
        plain_is_kept = zone == self._zone
        return Question(
            name,
            rows,
            None if parent is None and entity_set.only is None else only,
            asked.companies,
            (lambda r: rows.plain(r, zone, switches.booleans))
            if plain_is_kept
            else (lambda r: rows.rendered(r, zone, switches.booleans)),
            reading,
        )

    def _check_options(self, asked: _Asked, options: Options, entity_set: EntitySet) -> None:
        switches = self._switches
        if options.select and asked.address.service in switches.select_refused:
            raise bad_request(f"$select is not possible in {asked.address.service}.")
        self._check_expand(options, entity_set)
        if asked.aware and not switches.time_zone_aware and "T" in options.filter and ":" in options.filter:
            raise bad_request("The endpoint is not time zone aware, but the request holds time stamps.")

    def _check_expand(self, options: Options, entity_set: EntitySet) -> None:
        links = {link.name: link for link in self._catalog.links(entity_set)}
        for name in options.expand:
            if "(" in name or self._switches.expand == "none":
                raise not_implemented("$expand is not implemented.")
            if name not in links:
                raise bad_request(f"The navigation '{name}' in $expand does not exist.")
            if links[name].many and self._switches.expand == "to_one":
                raise not_implemented(f"$expand of the collection '{name}' is not implemented.")

    def _counted(self, entity_set: EntitySet, options: Options) -> bool:
        """`@odata.count` is uneven: perhaps only on the first page of head sets (§9)."""
        if self._switches.count == "first_page_of_heads":
            return entity_set.head and options.going_on is None
        return self._switches.count == "always"

    def _next_link(self, asked: _Asked, options: Options, page: Page) -> str:
        assert page.going_on is not None
        path = "/".join(_quoted(s) for s in asked.address.segments)
        base = asked.root if self._switches.next_link == "absolute" else ""
        return f"{base}{path}?{options.next_query(page.going_on)}"

    def _single(self, asked: _Asked, entity_set: EntitySet, record: Record) -> Answer:
        options = read_options(asked.call, self._catalog.properties(entity_set.table))
        self._check_options(asked, options, entity_set)
        rows = self._database.rows(entity_set.name)
        row = self._wire(asked, entity_set, rows, record, options)
        answer = self.row_answer(asked.root, entity_set.name, row, asked.as_strings)
        answer.headers["ETag"] = record.etag
        return answer

    def row_answer(self, root: str, set_name: str, row: object, as_strings: bool = False) -> Answer:
        """A single row as JSON."""
        fields = exact_json.load(exact_json.dump(row)) if isinstance(row, msgspec.Raw) else row
        assert isinstance(fields, dict)
        return _json({"@odata.context": f"{root}$metadata#{set_name}/$entity", **fields}, as_strings)

    def written_row(self, address: Address, entity_set: EntitySet, record: Record, origin: str) -> Answer:
        """The row after a change, with its new ETag in the header and in the row."""
        rows = self._database.rows(entity_set.name)
        row = self._fields(entity_set, rows, record, (), rows.plain(record, self._zone, self._switches.booleans))
        answer = self.row_answer(origin + address.root, entity_set.name, row)
        answer.headers["ETag"] = record.etag
        return answer

    def _wire(self, asked: _Asked, entity_set: EntitySet, rows: Rows, record: Record, options: Options) -> object:
        aware = asked.aware and self._switches.time_zone_aware
        ordinary = not (options.select or options.expand or asked.as_strings or aware)
        if ordinary and entity_set.name in record.wires:
            return record.wires[entity_set.name]
        zone = _UTC if aware else self._zone
        plain = rows.rendered(record, zone, self._switches.booleans) if aware else self._plain(rows, record)
        fields = self._fields(entity_set, rows, record, options.select, plain)
        if ordinary:
            record.wires[entity_set.name] = msgspec.Raw(exact_json.dump(fields))
            return record.wires[entity_set.name]
        if asked.as_strings:
            fields = _with_integers_as_strings(fields, self._catalog.properties(entity_set.table))
        return {**fields, **self._expanded(entity_set, record, options)}

    def _plain(self, rows: Rows, record: Record) -> dict[str, Any]:
        return rows.plain(record, self._zone, self._switches.booleans)

    def _fields(
        self, entity_set: EntitySet, rows: Rows, record: Record, select: tuple[str, ...], plain: Mapping[str, Any]
    ) -> dict[str, Any]:
        """With `$select` only the ETag and the chosen ones; else all, and the extras of §3."""
        if select:
            return {"@odata.etag": record.etag, **{name: plain[name] for name in select}}
        shown = self._catalog.properties(entity_set.table)
        return {
            "@odata.etag": record.etag,
            "luname": entity_set.table.luname,
            "keyref": rows.key_reference(record),
            "Objgrants": None,
            **{name: plain[name] for name in shown},
            **record.extra,
        }

    def _expanded(self, entity_set: EntitySet, record: Record, options: Options) -> dict[str, Any]:
        links = {link.name: link for link in self._catalog.links(entity_set)}
        return {name: self._expand(record, links[name]) for name in options.expand}

    def _expand(self, record: Record, link: Link) -> object:
        if not link.many:
            found = self._linked(record, link)
            return (
                self._fields(EntitySet(link.table, found[0].table), *found, (), self._plain(*found)) if found else None
            )
        rows = self._database.rows(link.set_name)
        parent = tuple(record.values[own] for own, _ in link.on)
        return [
            self._fields(EntitySet(link.set_name, rows.table), rows, child, (), self._plain(rows, child))
            for child in rows.children(parent)
        ]

    def _linked(self, record: Record, link: Link) -> tuple[Rows, Record] | None:
        rows = self._database.tables[link.table]
        found = rows.get(tuple(record.values[own] for own, _ in link.on))
        return (rows, found) if found else None


class _Asked:
    """A read with what the caller may see."""

    def __init__(self, call: Call, address: Address, companies: frozenset[str], root: str) -> None:
        self.call = call
        self.address = address
        self.companies = companies
        self.root = root
        self.as_strings = "ieee754compatible=true" in call.header("Accept").lower().replace(" ", "")
        self.aware = call.header("X-Ifs-Time-Zone-Aware-Request").lower() == "true"


def _json(body: object, as_strings: bool) -> Answer:
    """Decimals as strings if the caller asked for IEEE754Compatible (§3)."""
    if as_strings:
        kind = "application/json;odata.metadata=minimal;IEEE754Compatible=true"
        return Answer.of(exact_json.dump_decimals_as_strings(body), kind, OData_Version="4.0")
    return Answer.of(exact_json.dump(body), "application/json;odata.metadata=minimal", OData_Version="4.0")


def _with_integers_as_strings(fields: dict[str, Any], properties: Mapping[str, Property]) -> dict[str, Any]:
    integers = {name for name, p in properties.items() if p.kind == "integer"}
    return {n: str(v) if n in integers and v is not None else v for n, v in fields.items()}


def _quoted(segment: Segment) -> str:
    key = "" if segment.key_text is None else f"({segment.key_text})"
    return quote(segment.name + key, safe="$'(),=")
