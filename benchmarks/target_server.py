"""The target: ServiceNow's Table API, Batch and Import Set over rows in dicts."""

from __future__ import annotations

import itertools
import re
import sys
from base64 import b64decode
from collections.abc import Iterator
from hashlib import blake2b
from urllib.parse import parse_qsl

import msgspec

from benchmarks.http_server import Answer, serve
from benchmarks.target_columns import ERP_SOURCE, STAGED, STAGING_COLUMNS, STATUSES, TABLES

Row = dict[str, str]

_TABLE = "/api/now/table/"
_IMPORT = "/api/now/import/"
_CONDITION = re.compile(r"([a-z0-9_.]+)(IN|>|=)(.*)", re.DOTALL)
_encode = msgspec.json.Encoder().encode
_canonical = msgspec.json.Encoder(order="sorted").encode
_decode_row = msgspec.json.Decoder(dict[str, str]).decode


class _Inner(msgspec.Struct):
    id: str
    method: str
    url: str
    body: str = ""


class _Call(msgspec.Struct):
    batch_request_id: str
    rest_requests: list[_Inner]


class _Served(msgspec.Struct):
    id: str
    status_code: int
    status_text: str
    body: bytes
    execution_time: int = 1
    headers: tuple[()] = ()


class _Reply(msgspec.Struct):
    batch_request_id: str
    serviced_requests: list[_Served]
    unserviced_requests: tuple[()] = ()


_decode_call = msgspec.json.Decoder(_Call).decode
_STATUS_TEXTS = {200: "OK", 201: "Created", 404: "Not Found"}


class Target:
    """Tables of rows by sys_id."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self._ids = itertools.count(1)
        self._headers: dict[str, str] = {}
        """sys_id of the invoices of profile s2p_staging, by their external number."""
        self._renamed = {
            name: {
                column: STAGED[name].renamed.get(column, column.removeprefix("u_")) for column in STAGING_COLUMNS[name]
            }
            for name in STAGED
        }
        self._learnable()

    def _learnable(self) -> None:
        """The dictionary, which tells the connector what there is."""
        known = {**TABLES, **STAGING_COLUMNS}
        self._fill("sys_db_object", [{"name": name, "super_class": ""} for name in known])
        self._fill(
            "sys_dictionary",
            [
                {"name": name, "element": column, "internal_type": kind, "max_length": "1000"}
                for name, columns in known.items()
                for column, kind in columns.items()
            ],
        )
        self._fill(
            "sys_choice",
            [{"name": "sn_apo_invoice", "element": "status", "value": v, "inactive": "false"} for v in STATUSES],
        )
        self._fill("sn_fin_erp_source", [{"name": ERP_SOURCE}])

    def _fill(self, table: str, rows: list[Row]) -> None:
        self.tables[table] = {(sys_id := self._new_id()): {"sys_id": sys_id, **row} for row in rows}

    def _new_id(self) -> str:
        return f"{next(self._ids):032x}"

    # --- what is asked -----------------------------------------------------------------------------------------------

    def handle(self, method: str, path: str, body: bytes) -> Answer:
        if path == "/api/now/v1/batch":
            return Answer(self._batch(body))
        if path == "/oauth_token.do":
            return Answer(b'{"access_token":"target-token","expires_in":1800,"token_type":"Bearer"}')
        if path == "/benchmark/digest":
            return Answer(_encode(self._digest()))
        if method == "GET":
            return self._read(path)
        status, answer = self._write(method, path, body)
        return Answer(answer, status)

    def _batch(self, body: bytes) -> bytes:
        call = _decode_call(body)
        served = []
        for inner in call.rest_requests:
            status, answer = self._write(inner.method, inner.url, b64decode(inner.body))
            served.append(_Served(inner.id, status, _STATUS_TEXTS[status], answer))
        return _encode(_Reply(call.batch_request_id, served))

    def _write(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        path = url.partition("?")[0]
        if path.startswith(_IMPORT):
            return self._import(path[len(_IMPORT) :], _decode_row(body))
        table, _, sys_id = path[len(_TABLE) :].partition("/")
        if method == "POST":
            return self._insert(table, _decode_row(body))
        return self._update(table, sys_id, _decode_row(body))

    def _insert(self, table: str, row: Row) -> tuple[int, bytes]:
        sys_id = row.get("sys_id") or self._new_id()
        row["sys_id"] = sys_id
        row["sys_mod_count"] = "0"
        self.tables[table][sys_id] = row
        return 201, b'{"result":' + _encode(row) + b"}"

    def _update(self, table: str, sys_id: str, changes: Row) -> tuple[int, bytes]:
        row = self.tables[table].get(sys_id)
        if row is None:
            return 404, b'{"error":{"message":"No Record found","detail":null},"status":"failure"}'
        row.update(changes)
        row["sys_mod_count"] = str(int(row["sys_mod_count"]) + 1)
        return 200, b'{"result":' + _encode(row) + b"}"

    def _import(self, staging: str, given: Row) -> tuple[int, bytes]:
        """One transform map that inserts or, for invoices that are there, updates."""
        renamed = self._renamed[staging]
        table = STAGED[staging].table
        row = {renamed[name]: value for name, value in given.items()}
        sys_id, status = self._new_id(), "inserted"
        if table == "sn_shop_invoice":
            known = self._headers.setdefault(row["external_invoice_number"], sys_id)
            sys_id, status = known, "inserted" if known == sys_id else "updated"
        elif table == "sn_shop_invoice_line":
            row["invoice"] = self._headers[row["invoice"]]
        row["sys_id"] = sys_id
        row["sys_mod_count"] = "0"
        self.tables[table][sys_id] = row
        answer = (
            f'{{"import_set":"ISET0000001","staging_table":"{staging}","result":[{{"transform_map":"{table}",'
            f'"table":"{table}","display_name":"number","display_value":"{sys_id[-8:]}",'
            f'"record_link":"/api/now/table/{table}/{sys_id}","status":"{status}","sys_id":"{sys_id}"}}]}}'
        )
        return 201, answer.encode()

    def _digest(self) -> dict[str, str]:
        """What the invoice tables hold, whatever the order in which it came and the ids that were made here."""
        found = {}
        for table in ("sn_apo_invoice", "sn_apo_invoice_line", "sn_shop_invoice", "sn_shop_invoice_line"):
            total = 0
            for row in self.tables[table].values():
                shown = {**row, "sys_id": "", "invoice": self._value(row, "invoice.external_invoice_number")}
                total += int.from_bytes(blake2b(_canonical(shown), digest_size=8).digest())
            found[table] = f"{len(self.tables[table])} rows {total % 2**64:016x}"
        return found

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read(self, path: str) -> Answer:
        place, _, query = path.partition("?")
        table = place[len(_TABLE) :]
        parameters = dict(parse_qsl(query))
        if table not in self.tables:
            return Answer(b'{"error":{"message":"Invalid table"},"status":"failure"}', 400)
        found = list(self._matching(table, parameters.get("sysparm_query", "")))
        shown = found[: int(parameters.get("sysparm_limit", "10000"))]
        fields = parameters.get("sysparm_fields", "").split(",")
        rows = shown if fields == [""] else [self._columns(row, fields) for row in shown]
        return Answer(_encode({"result": rows}), headers=f"X-Total-Count: {len(found)}\r\n")

    def _columns(self, row: Row, fields: list[str]) -> Row:
        return {name: self._value(row, name) for name in fields if name.partition(".")[0] in row}

    def _value(self, row: Row, name: str) -> str:
        column, _, rest = name.partition(".")
        if not rest:
            return row[column]
        header_id = row.get(column, "")
        header = self.tables["sn_shop_invoice"].get(header_id) or self.tables["sn_apo_invoice"].get(header_id) or {}
        return header.get(rest, "")

    def _matching(self, table: str, query: str) -> Iterator[Row]:
        """Rows that meet all conditions: `columnINa,b`, `column=value`, `sys_id>value`; alternatives by `^OR`."""
        rows = self.tables[table]
        conditions = [one for one in query.split("^") if one and not one.startswith("ORDERBY")]
        if conditions and conditions[0].startswith("sys_idIN"):
            yield from (rows[one] for one in sorted(conditions[0][8:].split(",")) if one in rows)
            return
        groups: list[list[_Condition]] = []
        for one in conditions:
            if one.startswith("OR"):
                groups[-1].append(_Condition(one[2:]))
            else:
                groups.append([_Condition(one)])
        for sys_id in sorted(rows):
            if all(any(each.holds(rows[sys_id]) for each in group) for group in groups):
                yield rows[sys_id]


class _Condition:
    """`column=value`, `column>value` or `columnINa,b`."""

    def __init__(self, text: str) -> None:
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no condition that this server knows")
        self._column, self._sign, value = found.groups()
        self._value, self._values = value, frozenset(value.split(","))

    def holds(self, row: Row) -> bool:
        held = row.get(self._column, "")
        if self._sign == "IN":
            return held in self._values
        return held > self._value if self._sign == ">" else held == self._value


if __name__ == "__main__":
    serve(Target().handle, float(sys.argv[1]))
