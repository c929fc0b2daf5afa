"""Answers to GET: filters, bodies, and lists in no order that anybody promised (fact sheet §2, §3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl
from zlib import crc32

import msgspec

from .. import exact_json
from ..exchange import Answer, Call
from . import values as kinds
from .accounts import PAYABLES, account_fields, account_number
from .database import Database
from .refusals import not_found
from .routes import Route, guid_in_path
from .rows import Record, Rows
from .schema import PARENTS, Table
from .story_rows import ORDER_STATUSES, PCN_OF, RELEASE_STATUSES
from .switches import PlexSwitches
from .totals import computed, control_line

_NAMES = {"104455": "Halvorsen Esslingen", "104456": "Halvorsen Rockford"}
_SIGNED = ("amount", "balance", "foreignCurrencyAmount", "foreignCurrencyBalance", "totalControlAmount")
_ALWAYS_ACTIVE = ("purchase-orders", "chart-of-accounts")
_STATUSES = {"purchase-order-statuses": ORDER_STATUSES, "release-statuses": RELEASE_STATUSES}
Test = Callable[[Record], bool]


def tenants(code: str) -> list[dict[str, str]]:
    """All plants; `code` is the switch `tenant_code`."""
    return [{"id": tenant_guid(p), "code": p if code == "pcn" else _NAMES[p]} for p in PCN_OF.values()]


def tenant_guid(pcn: str) -> str:
    return kinds.guid(pcn, "tenants", pcn)


class ReadService:
    """Reads as one plant; rows of the others do not exist."""

    def __init__(self, database: Database, switches: PlexSwitches) -> None:
        self._database = database
        self._switches = switches

    def answer(self, call: Call, route: Route, pcn: str, plants: frozenset[str], hidden: bool) -> Answer:
        """`plants` are those the credential may see; `hidden` True answers as if there were no rows."""
        if route.name == "tenants":
            return self._tenants(call, route, plants)
        if route.name in _STATUSES:
            return self._statuses(route, pcn)
        rows = self._database.rows(route.name)
        owner = self._owner(route, pcn)
        if hidden:
            if route.key or not rows.table.filters:
                raise not_found()
            return Answer.json([])
        if not rows.table.filters:  # the further pages of a supplier, one each
            return self._one(rows, owner, pcn)
        if route.key:
            record = rows.get(guid_in_path(route.key))
            if owner and record and record.get(PARENTS[route.name][0]) != owner:
                raise not_found()
            return self._one(rows, route.key, pcn)
        return self._list(call, rows, owner, pcn)

    def _owner(self, route: Route, pcn: str) -> str:
        if not route.owner:
            return ""
        key = guid_in_path(route.owner)
        record = self._database.rows(PARENTS[route.name][1]).get(key)
        if record is None or record.pcn != pcn:
            raise not_found()
        return key

    def _one(self, rows: Rows, key: str, pcn: str) -> Answer:
        record = rows.get(guid_in_path(key))
        if record is None or record.pcn != pcn:
            raise not_found()
        return Answer.json(self._wire(rows.table, record, "detail"))

    def _list(self, call: Call, rows: Rows, owner: str, pcn: str) -> Answer:
        """A bare array; parameters that the set does not know are ignored, `limit` above all."""
        given = parse_qsl(call.query, keep_blank_values=True)
        asked = [(name, value) for name, value in given if name in rows.table.filters]
        tests = self._tests(rows.table, asked)
        found = [r for r in self._candidates(rows, owner, pcn, asked) if r.pcn == pcn and all(t(r) for t in tests)]
        salt = crc32(call.query.encode())
        found.sort(key=lambda record: (crc32(record.key.encode(), salt), record.key))
        return Answer.json([self._wire(rows.table, record, "list") for record in found])

    def _candidates(self, rows: Rows, owner: str, pcn: str, asked: list[tuple[str, str]]) -> Iterable[Record]:
        """Few rows where an index helps, so that reading the lines of each order stays linear."""
        if owner:
            return rows.indexed(PARENTS[rows.table.name][0], owner)
        keys = [kinds.argument(name, "g", text) for name, text in asked if name == "id"]
        if keys:
            return [record for key in dict.fromkeys(keys) if (record := rows.get(key))]
        for name, text in asked:
            field = rows.table.filters[name].field
            if field in rows.table.indexes:
                return rows.indexed(field, kinds.argument(name, "g", text))
        return rows.of_plant(pcn)

    def _tests(self, table: Table, asked: list[tuple[str, str]]) -> list[Test]:
        """`id` may be repeated; of any other parameter that is, the last one counts."""
        given = {name: text for name, text in asked if name != "id"}
        wanted = {kinds.argument(name, "g", text) for name, text in asked if name == "id"}
        if table.name in _ALWAYS_ACTIVE and self._switches.active_default == "true":
            given.setdefault("active", "true")
        tests = [self._test(table, name, text) for name, text in given.items()]
        return [lambda record: record.key in wanted, *tests] if wanted else tests

    def _test(self, table: Table, name: str, text: str) -> Test:
        """Plain comparisons of kept values; a missing value lies in no range."""
        field, bound = table.filters[name].field, table.filters[name].bound
        value = kinds.argument(name, table.fields[field], text)
        if bound == "Begin":
            return lambda record: (record.get(field) or "") >= value
        if bound == "End" and self._switches.bounds_inclusive:
            return lambda record: (record.get(field) or "~") <= value
        if bound == "End":
            return lambda record: (record.get(field) or "~") < value
        if field == "status" and value in kinds.CANCELLED_WORDS:
            value = kinds.CANCELLED_WORDS[0] if value == self._switches.cancelled_word else None
            return lambda record: value is not None and record.get(field) == value
        return lambda record: record.get(field) == value

    # Bodies --------------------------------------------------------------------------------------------------

    def truth(self, name: str, record: Record) -> dict[str, Any]:
        """The row for the control surface: its plant, hidden fields and what is computed included."""
        fields = self._database.rows(name).table.fields
        shown = {n: kinds.plain(kind, record.get(n)) for n, kind in fields.items()}
        return {"pcn": record.pcn, **shown, **self._computed(name, record), **self._word(record), **record.extra}

    def _wire(self, table: Table, record: Record, view: str) -> msgspec.Raw:
        kept = record.wires.get(view)
        if kept is None:
            kept = record.wires[view] = msgspec.Raw(exact_json.dump(self._body(table, record, view)))
        return kept

    def _body(self, table: Table, record: Record, view: str) -> dict[str, Any]:
        body = self._fields(table, record)
        if table.name == "ap-invoices":
            lines = self._switches.invoice_list_lines if view == "list" else "full"
            if lines == "full":
                body |= self._invoice_lines(record)
            elif lines == "null":
                body |= {"lines": None, "taxes": None}
        elif table.name == "ap-payments":
            body["lines"] = [self._payment_line(record)]
        return body

    def _fields(self, table: Table, record: Record, **other: Any) -> dict[str, Any]:
        noise = self._switches.double_noise
        given = {**record.values, **self._computed(table.name, record), **self._word(record), **other}
        body = {
            name: kinds.wired(name, kind, given.get(name), noise)
            for name, kind in table.fields.items()
            if name not in table.hidden
        }
        if self._switches.null_fields == "absent":
            body = {name: value for name, value in body.items() if value is not None}
        return {**body, **record.extra}

    def _invoice_lines(self, invoice: Record) -> dict[str, Any]:
        tables = self._database.tables
        lines, taxes = tables["ap-invoice-lines"], tables["ap-invoice-taxes"]
        totals = computed("ap-invoices", tables, invoice)
        amount = totals.get("amount", invoice.get("amount"))
        control = control_line(
            invoice, amount, totals.get("foreignCurrencyAmount", invoice.get("foreignCurrencyAmount"))
        )
        shown = [self._fields(lines.table, line) for line in lines.indexed("invoiceId", invoice.key)]
        noise = self._switches.double_noise
        shown.append({n: kinds.wired(n, lines.table.fields[n], value, noise) for n, value in control.items()})
        shown.sort(key=lambda line: crc32(str(line["lineId"]).encode()))
        return {"lines": shown, "taxes": [self._tax(taxes.table, t) for t in taxes.indexed("invoiceId", invoice.key)]}

    def _payment_line(self, payment: Record) -> dict[str, Any]:
        coded = account_fields(payment.pcn, account_number(PAYABLES))
        return {**coded, "debit": float(payment.get("amount") or 0), "credit": 0.0}

    def _tax(self, table: Table, record: Record) -> dict[str, Any]:
        if self._switches.tax_currency == "plant":
            return self._fields(table, record)
        own = {"taxAmount": record.get("currencyTaxAmount"), "taxableAmount": record.get("currencyTaxableAmount")}
        return self._fields(table, record, **own)

    def _computed(self, name: str, record: Record) -> dict[str, Any]:
        made = computed(name, self._database.tables, record)
        if name == "ap-invoices" and self._switches.debit_memo_sign == "positive" and record.get("debitMemo"):
            made |= {n: abs(value) for n in _SIGNED if (value := made.get(n, record.get(n))) is not None}
        return made

    def _word(self, record: Record) -> dict[str, str]:
        cancelled = record.get("status") == kinds.CANCELLED_WORDS[0]
        return {"status": self._switches.cancelled_word} if cancelled else {}

    # Small lists ---------------------------------------------------------------------------------------------

    def _tenants(self, call: Call, route: Route, plants: frozenset[str]) -> Answer:
        allowed = {tenant_guid(pcn) for pcn in plants}
        found = [t for t in tenants(self._switches.tenant_code) if t["id"] in allowed]
        if route.key:
            one = [t for t in found if t["id"] == guid_in_path(route.key)]
            if not one:
                raise not_found()
            return Answer.json(one[0])
        wanted = call.parameters().get("code")
        return Answer.json([t for t in found if wanted in (None, t["code"])])

    def _statuses(self, route: Route, pcn: str) -> Answer:
        if route.key:
            raise not_found()
        shown = [self._switches.cancelled_word if s == kinds.CANCELLED_WORDS[0] else s for s in _STATUSES[route.name]]
        return Answer.json([{"id": kinds.guid(pcn, route.name, s), "status": s, "active": True} for s in shown])
