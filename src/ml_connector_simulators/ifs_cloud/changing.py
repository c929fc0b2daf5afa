"""Answers to PATCH, POST and DELETE: preconditions, business rules, the bound action (fact sheet §3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from ..exchange import Answer, Call
from .addresses import Address, Segment, parse_key
from .catalog import Catalog
from .database import Database
from .reading import ReadService
from .refusals import bad_request, business_rule, not_allowed, not_found, precondition_missing, stale
from .rows import Key, Record, Rows
from .schema import BOUND_ACTIONS, EntitySet
from .switches import IfsSwitches
from .values import written

_FINAL_STATES = {"Closed", "Cancelled", "PaidPosted"}


class WriteService:
    """Writes as one client; rows of companies it may not see do not exist for it."""

    def __init__(
        self,
        database: Database,
        reading: ReadService,
        catalog: Catalog,
        switches: IfsSwitches,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._reading = reading
        self._catalog = catalog
        self._switches = switches
        self._now = now
        self._zone = ZoneInfo(switches.server_time_zone)

    def answer(self, call: Call, address: Address, companies: frozenset[str], origin: str) -> Answer:
        """Dispatches by method and path."""
        if not address.segments:
            raise not_allowed("The service document can only be read.")
        first = address.segments[0]
        entity_set = self._catalog.entity_set(address, first)
        place = _Place(address, entity_set, self._database.rows(entity_set.name), companies, origin)
        if len(address.segments) == 2 and call.method == "POST" and first.key_text is not None:
            return self._act(call, place, first, address.segments[1])
        if len(address.segments) > 1 or not entity_set.table.writable:
            raise not_allowed(f"{call.method} is not possible here.")
        if call.method == "POST" and first.key_text is None:
            return self._create(place, self._values(call, entity_set), {})
        if call.method == "PATCH" and first.key_text is not None:
            return self._patch(call, place, first)
        if call.method == "DELETE" and first.key_text is not None:
            return self._delete(call, place, first)
        raise not_allowed(f"{call.method} is not possible here.")

    def _patch(self, call: Call, place: _Place, segment: Segment) -> Answer:
        upsert = self._switches.missing_if_match == "upsert" and not call.header("If-Match")
        values = self._values(call, place.entity_set)
        key = parse_key(segment.key_text or "", place.rows.table, place.address.service)
        if upsert and place.rows.get(key) is None:
            return self._create(place, values, dict(zip(place.rows.table.keys, key, strict=True)))
        record = self._reading.row(place.address, place.entity_set, segment, place.companies)
        if not upsert:
            _check_match(call, record, segment)
        self._refuse_final(record, place)
        for name in values:
            prop = self._catalog.properties(place.rows.table)[name]
            if prop.read_only or (prop.key and values[name] != record.values[name]):
                raise business_rule(place.luname, "NOTALLOWED", f"Field [{name}] may not be modified.")
        self._database.change(place.rows, record, values, self._now())
        if self._switches.patch_answer == "204" or "return=minimal" in call.header("Prefer"):
            return Answer(204)
        return self._reading.written_row(place.address, place.entity_set, record, place.origin)

    def _create(self, place: _Place, values: dict[str, Any], key: Mapping[str, Any]) -> Answer:
        values = {**values, **key}
        for prop in place.rows.table.properties:
            if prop.mandatory and values.get(prop.name) is None:
                raise business_rule(place.luname, "NULLVALUE", f"Field [{prop.name}] is mandatory.")
        if place.rows.get(place.rows.key(values)) is not None:
            raise business_rule(place.luname, "OBJEXISTS", "The object already exists.")
        record = self._database.insert(place.rows, values, self._now())
        answer = self._reading.written_row(place.address, place.entity_set, record, place.origin)
        answer.status = 201
        named = _key_text(place.rows, place.rows.key(record.values))
        answer.headers["Location"] = f"{place.origin}{place.address.root}{place.entity_set.name}({named})"
        return answer

    def _delete(self, call: Call, place: _Place, segment: Segment) -> Answer:
        record = self._reading.row(place.address, place.entity_set, segment, place.companies)
        _check_match(call, record, segment)
        self._refuse_final(record, place)
        self._database.remove(place.rows, place.rows.key(record.values))
        return Answer(204)

    def _act(self, call: Call, place: _Place, first: Segment, second: Segment) -> Answer:
        """`IfsApp.<Projection>.PurchaseOrder_Close`, offered by the simulator only to try If-Match (§3)."""
        names = [f"IfsApp.{place.address.service}.{n}" for n in BOUND_ACTIONS.get(place.entity_set.name, ())]
        if second.name not in names:
            raise not_found(f"The action {second.name} does not exist.")
        record = self._reading.row(place.address, place.entity_set, first, place.companies)
        _check_match(call, record, first)
        if not isinstance(_json_body(call), dict):
            raise bad_request("The body must be a JSON object.")
        self._refuse_final(record, place)
        self._database.change(place.rows, record, {"Objstate": "Closed"}, self._now())
        lines = self._database.tables["PurchaseOrderLineSet"]
        for line in list(lines.children((record.values["OrderNo"],))):
            self._database.change(lines, line, {"Objstate": "Closed"}, self._now())
        return self._reading.written_row(place.address, place.entity_set, record, place.origin)

    def _values(self, call: Call, entity_set: EntitySet) -> dict[str, Any]:
        """The body's properties in the form they are kept in. Extras such as luname are unknown here (§3)."""
        body = _json_body(call)
        if not isinstance(body, dict):
            raise bad_request("The body must be a JSON object.")
        properties = self._catalog.properties(entity_set.table)
        unknown = [name for name in body if name not in properties]
        if unknown:
            raise bad_request(f"The property '{unknown[0]}' does not exist.")
        luname = entity_set.table.luname
        return {name: written(properties[name], value, luname, self._zone) for name, value in body.items()}

    def _refuse_final(self, record: Record, place: _Place) -> None:
        state = record.values.get("Objstate")
        if state in _FINAL_STATES:
            raise business_rule(place.luname, "FINALSTATE", f"A record in state {state} may not be changed.")


class _Place:
    """Where a write goes."""

    def __init__(
        self, address: Address, entity_set: EntitySet, rows: Rows, companies: frozenset[str], origin: str
    ) -> None:
        self.address = address
        self.entity_set = entity_set
        self.rows = rows
        self.companies = companies
        self.origin = origin
        self.luname = entity_set.table.luname


def _check_match(call: Call, record: Record, segment: Segment) -> None:
    """Absent: 428; `*` skips the check; anything but the present tag: 412."""
    given = call.header("If-Match").strip()
    if not given:
        raise precondition_missing()
    if given != "*" and record.etag not in [tag.strip() for tag in given.split(",")]:
        raise stale(segment.key_text or "")


def _json_body(call: Call) -> Any:
    try:
        return call.json()
    except msgspec.DecodeError as error:
        raise bad_request(f"The body is not valid JSON: {error}.") from error


def _key_text(rows: Rows, key: Key) -> str:
    def shown(value: object) -> str:
        return quote("'" + value.replace("'", "''") + "'", safe="'") if isinstance(value, str) else str(value)

    return ",".join(f"{name}={shown(value)}" for name, value in zip(rows.table.keys, key, strict=True))
