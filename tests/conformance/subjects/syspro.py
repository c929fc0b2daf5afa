"""SYSPRO as a system under test, in the words of its fact sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from conformance.subject import REFUSED, Absence, Subject, Values, Variant
from ml_connector.records import Entity, join_key, split_key
from ml_connector.systems.base import Opening
from ml_connector_simulators.syspro import SysproSimulator

COMPANY = "EDU1"
HEADS = {
    Entity.SUPPLIERS: "ApSupplier",
    Entity.PURCHASE_ORDERS: "PorMasterHdr",
    Entity.INVOICES: "ApInvoice",
    Entity.GL_ACCOUNTS: "GenMaster",
    Entity.COST_CENTERS: "GenAnalysisCode",
    Entity.GL_POSTINGS: "GenJournalCtl",
}
KEYS = {
    Entity.SUPPLIERS: ("Supplier",),
    Entity.PURCHASE_ORDERS: ("PurchaseOrder",),
    Entity.INVOICES: ("Supplier", "Invoice"),
    Entity.GL_ACCOUNTS: ("GlCode",),
    Entity.COST_CENTERS: ("AnalysisCategory", "AnalysisType", "AnalysisCode"),
    Entity.GL_POSTINGS: ("GlYear", "GlPeriod", "Journal", "EntryNumber"),
}
LINES = {
    Entity.SUPPLIERS: "ApSupplierAddr",
    Entity.PURCHASE_ORDERS: "PorMasterDetail",
    Entity.INVOICES: "ApJnlDistrib",
}
ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
ORDER_STATUSES = {"*": "cancelled", "9": "closed", "0": "planned"}
ACCOUNT_TYPES = {"A": "asset", "L": "liability", "C": "capital", "R": "revenue", "E": "expense", "S": "statistical"}
COMMENT = "6"
LOCAL = "EUR"


class SysproSubject(Subject):
    """A company, read through OData or through e.net."""

    system = "syspro"
    heads = HEADS
    variants = (Variant("odata"), Variant("enet", settings={"read_transport": "enet"}))
    overlap_s = 7 * 86400
    with_lines = frozenset(LINES)
    bad_credentials: ClassVar[Mapping[str, str]] = {
        "password": "not-the-password-of-anybody",
        "operator_password": "nor-of-any-operator",
    }
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    small_pages: ClassVar[Values] = {"page_limit": 3}
    silent_cap: ClassVar[Values] = {"page_limit": 30, "next_link": "never"}
    absences = (
        Absence("table", Entity.INVOICES, {"table": "ApJnlDistrib", "granted": False},
                ("ApJnlDistrib", "SQL user", "SYSPRO administrator"), variants=("odata",)),
        Absence("column", Entity.PURCHASE_ORDERS, {}, ("PorMasterDetail", "MForeignPrice", "fields"),
                switches={"hidden_properties": ("PorMasterDetail.MForeignPrice",)}, variants=("odata",)),
        Absence("set", Entity.SUPPLIERS, {}, ("ApSupplierAddr", "sets"),
                switches={"hidden_sets": ("ApSupplierAddr",)}, variants=("odata",)),
        Absence("company", Entity.GL_ACCOUNTS, {}, ("company_id", "SYSPRO administrator"),
                settings={"company_id": "NOPE"}),
        Absence("OData service", Entity.GL_ACCOUNTS, {"odata": False}, ("odata_path", "404"), variants=("odata",)),
        Absence("e.net service", Entity.GL_ACCOUNTS, {"enet": False}, ("enet_url", "SYSPRO administrator")),
        Absence("e.net licence", Entity.GL_ACCOUNTS, {"object": "COMFND", "granted": False},
                ("e.net", "licensed", "SYSPRO administrator")),
    )  # fmt: skip

    _page_size: Values = MappingProxyType({})

    @property
    def inside(self) -> SysproSimulator:
        assert isinstance(self.simulator, SysproSimulator)
        return self.simulator

    @property
    def _by_enet(self) -> bool:
        return self.variant.name == "enet"

    def switch(self, **switches: Any) -> None:
        """COMFND gives as many rows as it is asked for: there, small pages are a setting of the connection."""
        super().switch(**switches)
        if self._by_enet and "page_limit" in switches:
            self._page_size = {"page_size": switches["page_limit"]}

    def opening(self, credentials: Mapping[str, str] | None = None, **settings: Any) -> Opening:
        return super().opening(credentials, **{**self._page_size, **settings})

    # Signing in --------------------------------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        self.simulator.grant({"sessions": "expire"})

    def disable_client(self) -> None:
        for operator in ("ODATA", "MLCON"):
            self.simulator.grant({"operator": operator, "granted": False})

    def take_roles(self) -> tuple[str, ...]:
        if self._by_enet:
            self.simulator.grant({"object": "COMFND", "granted": False})
            return ("e.net",)
        for table in HEADS.values():
            self.simulator.grant({"table": table, "granted": False})
        return tuple(HEADS.values())

    def issued_tokens(self) -> list[str]:
        return list(self.inside.sessions._open)

    def take_sight(self) -> None:
        for table in self.inside.companies[COMPANY].tables.values():
            for row in list(table):
                table.remove(row)

    # The truth ---------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row for row in super().rows(table) if row["CompanyId"] == COMPANY]

    def expected(self, entity: Entity) -> dict[str, Any]:
        tables = _Tables(self.rows)
        heads = tables.rows("GenJournalDetail" if entity is Entity.GL_POSTINGS else HEADS[entity])
        if entity is Entity.COST_CENTERS:
            heads = [row for row in heads if int(row["AnalysisType"]) == 1]
        found = {_key(entity, row): _EXPECTED[entity](row, tables) for row in heads}
        return {key: self._spelt(value) for key, value in found.items() if value is not None}

    def _spelt(self, value: Any) -> Any:
        """e.net writes Windows-1252: a sign that is not in it becomes a question mark."""
        if isinstance(value, dict):
            return {name: self._spelt(each) for name, each in value.items()}
        if isinstance(value, str) and self._by_enet:
            return value.encode("cp1252", "replace").decode("cp1252")
        return value

    def lively(self, entity: Entity) -> list[str]:
        good = {key: value for key, value in self.expected(entity).items() if value != REFUSED}
        if entity not in (Entity.INVOICES, Entity.PURCHASE_ORDERS, Entity.GL_POSTINGS):
            return sorted(good)
        since = (self.moment() - timedelta(days=5 if entity is Entity.GL_POSTINGS else 40)).date().isoformat()
        if entity is Entity.GL_POSTINGS:
            journals = {_journal(row) for row in self.rows("GenJournalCtl") if (row["PostDate"] or "") >= since}
            return sorted(_key(entity, r) for r in self.rows("GenJournalDetail") if _journal(r) in journals)
        day = "JournalDate" if entity is Entity.INVOICES else "OrderEntryDate"
        recent = {_key(entity, row) for row in self.rows(HEADS[entity]) if row[day] >= since}
        is_open = {"posted", "released"}
        return sorted(
            key for key in recent & good.keys() if good[key]["status"] in is_open and len(good[key]["lines"]) > 1
        )

    # Editing -----------------------------------------------------------------------------------------------------

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        rows = _NEW[entity](number, values, (stamp or self.moment()).date())
        for table, row in rows:
            self.simulator.insert(table, {"CompanyId": COMPANY, **row}, stamp=stamp)
        return _key(entity, rows[-1][1])

    def _where(self, entity: Entity, key: str) -> tuple[str, dict[str, Any]]:
        company, *parts = split_key(key)
        table = "GenJournalDetail" if entity is Entity.GL_POSTINGS else HEADS[entity]
        numbers = ("AnalysisType", "GlYear", "GlPeriod", "Journal", "EntryNumber")
        named = {n: int(p) if n in numbers else p for n, p in zip(KEYS[entity], parts, strict=True)}
        return table, {"CompanyId": company, **named}

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        self.simulator.update(*self._where(entity, key), {_TEXT[entity]: f"edited {self.moment():%H:%M:%S}"})

    def _lines_of(self, entity: Entity, key: str) -> list[dict[str, Any]]:
        _, where = self._where(entity, key)
        if entity is not Entity.INVOICES:
            return [row for row in self.rows(LINES[entity]) if all(row[n] == where[n] for n in KEYS[entity])]
        entries = [row for row in self.rows("ApJnlSummary") if all(row[n] == where[n] for n in KEYS[entity])]
        places = {_place(row) for row in entries}
        return [row for row in self.rows("ApJnlDistrib") if _place(row) in places]

    def _line_key(self, entity: Entity, line: Values) -> dict[str, Any]:
        names = {
            Entity.SUPPLIERS: ("Supplier",),
            Entity.PURCHASE_ORDERS: ("PurchaseOrder", "Line"),
            Entity.INVOICES: (*ENTRY, "SubEntry"),
        }
        return {name: line[name] for name in ("CompanyId", *names[entity])}

    def edit_line(self, entity: Entity, key: str) -> None:
        line = self._lines_of(entity, key)[0]
        self.simulator.update(LINES[entity], self._line_key(entity, line), {_LINE_TEXT[entity]: "changed"})

    def remove_line(self, entity: Entity, key: str) -> None:
        self.simulator.delete(LINES[entity], self._line_key(entity, self._lines_of(entity, key)[0]))

    def remove(self, entity: Entity, key: str) -> None:
        if entity in LINES:
            for line in self._lines_of(entity, key):
                self.simulator.delete(LINES[entity], self._line_key(entity, line))
        self.simulator.delete(*self._where(entity, key))

    def cancel(self, entity: Entity, key: str) -> None:
        table, where = self._where(entity, key)
        if entity is Entity.PURCHASE_ORDERS:
            self.simulator.update(table, where, {"OrderStatus": "*"})
            return
        total = next(r["OrigInvValue"] for r in self.rows(table) if all(r[n] == v for n, v in where.items()))
        paid = {"TrnType": "A", "TrnValue": total, "PostValue": total}
        self.simulator.insert("ApInvoicePay", {**where, **paid})


SUBJECT = SysproSubject

# What a record has to say ------------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]


class _Tables:
    """The company's tables, each looked at once."""

    def __init__(self, read: Callable[[str], Rows]) -> None:
        self._read = read
        self._rows: dict[str, Rows] = {}

    def rows(self, name: str) -> Rows:
        if name not in self._rows:
            self._rows[name] = self._read(name)
        return self._rows[name]

    def those(self, name: str, **values: Any) -> Rows:
        return [row for row in self.rows(name) if all(row[column] == value for column, value in values.items())]


def _key(entity: Entity, row: Values) -> str:
    return join_key(COMPANY, *(str(row[name]).rstrip(" ") for name in KEYS[entity]))


def _place(row: Values) -> tuple[Any, ...]:
    return tuple(row[name] for name in ENTRY)


def _journal(row: Values) -> tuple[Any, ...]:
    return row["GlYear"], row["GlPeriod"], row.get("Journal", row.get("GlJournal"))


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _account_key(code: str) -> str | None:
    return join_key(COMPANY, code.rstrip(" ")) if code.strip() else None


def _centers(entry: int, tables: _Tables) -> list[tuple[str, Decimal]]:
    rows = tables.those("GenAnalysisTrn", AnalysisEntry=entry) if entry else []
    return [(join_key(COMPANY, r["AnalysisCategory"], "1", r["AnalysisCode1"]), r["EntryValue"]) for r in rows]


def _supplier(row: Values, tables: _Tables) -> Any:
    if not row["SupplierName"].strip():
        return REFUSED
    addresses = tables.those("ApSupplierAddr", Supplier=row["Supplier"])
    return {
        "scope": COMPANY,
        "code": row["Supplier"].strip(),
        "name": row["SupplierName"].strip(),
        "tax_id": row["TaxRegnNum"].strip(),
        "country": row["Nationality"].strip(),
        "currency": row["Currency"].strip(),
        "payment_terms": row["TermsCode"].strip(),
        "email": row["Email"].strip(),
        "active": row["OnHold"] != "Y",
        "created_on": _day(row["DateSuppAdded"]),
        "addresses": {
            name: {"line1": each[f"{kind}Addr1"].strip(), "postal_code": each[f"{kind}PostalCode"].strip()}
            for each in addresses
            for name, kind in (("main", "Sup"), ("remit", "Remit"))
            if each[f"{kind}Addr1"].strip()
        },
    }


def _order(row: Values, tables: _Tables) -> Any:
    lines = [
        line
        for line in tables.those("PorMasterDetail", PurchaseOrder=row["PurchaseOrder"])
        if line["LineType"] != COMMENT
    ]
    if not row["Currency"].strip():
        return REFUSED
    return {
        "scope": COMPANY,
        "number": row["PurchaseOrder"].strip(),
        "supplier": join_key(COMPANY, row["Supplier"].rstrip(" ")),
        "status": ORDER_STATUSES.get(row["OrderStatus"], "released"),
        "ordered_on": _day(row["OrderEntryDate"]),
        "currency": row["Currency"].strip(),
        "lines": {
            str(line["Line"]): {
                "item": line["MStockCode"].strip(),
                "quantity_received": line["MReceivedQty"],
                "gl_account": _account_key(line["MGlCode"]),
                **_price_of(line, row),
            }
            for line in lines
        },
    }


def _price_of(line: Values, row: Values) -> dict[str, Any]:
    if line["LineType"] == "5":
        return {"kind": "charge", "net": line["NMscChargeValue"]}
    found = {"kind": "item", "quantity": line["MOrderQty"]}
    plain = line["MConvFactPrcUm"] in (0, 1) and not any(line[f"MDiscPct{n}"] for n in (1, 2, 3))
    return found | ({"unit_price": line["MForeignPrice"]} if plain and line["MForeignPrice"] else {})


def _invoice(row: Values, tables: _Tables) -> Any:
    key = {"Supplier": row["Supplier"], "Invoice": row["Invoice"]}
    places = {_place(each) for each in tables.those("ApJnlSummary", **key)}
    lines = [line for line in tables.rows("ApJnlDistrib") if _place(line) in places]
    local = row["Currency"] == LOCAL
    expected = {
        "scope": COMPANY,
        "number": row["Invoice"].strip(),
        "supplier": join_key(COMPANY, row["Supplier"].rstrip(" ")),
        "status": _status(row),
        "invoice_date": _day(row["InvoiceDate"]),
        "due_date": _day(row["DueDate"]),
        "entry_date": _day(row["JournalDate"]),
        "currency": row["Currency"],
        "gross": row["CurrencyValue"],
        "note": row["Reference"].strip(),
        "lines": {},
    }
    if not lines:
        supplier = next(iter(tables.those("ApSupplier", Supplier=row["Supplier"])), {})
        code = _account_key(supplier.get("MerchGlCode", ""))
        return {**expected, "lines": {"undistributed": {"gl_account": code, "amount": row["CurrencyValue"]}}}
    for line in lines:
        if line["ExpenseType"] == "T":
            continue
        ident = join_key(*(str(line[name]) for name in (*ENTRY, "SubEntry")))
        centers = _centers(line["AnalysisEntry"], tables)
        shown = {"gl_account": _account_key(line["ExpenseGlCode"])}
        if len({center for center, _ in centers}) > 1:
            for center, value in centers:
                part = {"amount": value} if local else {}
                expected["lines"][f"{ident}/{center}"] = {**shown, **part, "cost_center": center}
            continue
        amount = {"amount": line["DistrValue"]} if local else {}
        center = centers[0][0] if centers else None
        expected["lines"][ident] = {**shown, **amount, "cost_center": center}
    return expected


def _status(row: Values) -> str:
    balance, total = row["MthInvBal1"], row["OrigInvValue"]
    if not balance:
        return "cancelled" if row["TotalAdjustments"] == -total else "paid"
    return "partly_paid" if abs(balance) < abs(total) else "posted"


def _account(row: Values, tables: _Tables) -> Any:
    return {
        "scope": COMPANY,
        "code": row["GlCode"].strip(),
        "name": row["Description"].strip(),
        "active": row["AccOnHoldFlag"] != "Y",
        "kind": ACCOUNT_TYPES.get(row["AccountType"], row["AccountType"]),
    }


def _cost_center(row: Values, tables: _Tables) -> Any:
    return {"scope": COMPANY, "code": row["AnalysisCode"].strip(), "name": row["Description"].strip()}


def _posting(row: Values, tables: _Tables) -> Any:
    journal = tables.those("GenJournalCtl", GlYear=row["GlYear"], GlPeriod=row["GlPeriod"], GlJournal=row["Journal"])[0]
    if not journal["PostDate"] or row["EntryPosted"] != "Y":
        return None
    centers = {center for center, _ in _centers(row["AnalysisEntry"], tables)}
    return {
        "scope": COMPANY,
        "journal": str(row["Journal"]),
        "line": str(row["EntryNumber"]),
        "posting_date": _day(journal["PostDate"]),
        "gl_account": _account_key(row["GlCode"]),
        "cost_center": centers.pop() if len(centers) == 1 else None,
        "currency": LOCAL,
        "amount": row["EntryValue"],
        "text": row["Comment"].strip() or row["Reference"].strip(),
    }


_EXPECTED: dict[Entity, Callable[[Values, _Tables], Any]] = {
    Entity.SUPPLIERS: _supplier,
    Entity.PURCHASE_ORDERS: _order,
    Entity.INVOICES: _invoice,
    Entity.GL_ACCOUNTS: _account,
    Entity.COST_CENTERS: _cost_center,
    Entity.GL_POSTINGS: _posting,
}
_TEXT = {
    Entity.SUPPLIERS: "SupplierName",
    Entity.PURCHASE_ORDERS: "Buyer",
    Entity.INVOICES: "Reference",
    Entity.GL_ACCOUNTS: "Description",
    Entity.COST_CENTERS: "Description",
    Entity.GL_POSTINGS: "Comment",
}
_LINE_TEXT = {
    Entity.SUPPLIERS: "SupAddr1",
    Entity.PURCHASE_ORDERS: "MStockCode",
    Entity.INVOICES: "Reference",
}

# What somebody enters; the last row is the one that the record is named after ----------------------------------------

New = list[tuple[str, dict[str, Any]]]


def _new_supplier(number: int, values: Values, day: date) -> New:
    code = values.get("code", f"N{number:05}")
    address = {"Supplier": code, "SupAddr1": "Corner 1", "SupPostalCode": "34117"}
    head = {"Supplier": code, "SupplierName": values.get("name", f"New {number}"), "Currency": LOCAL}
    return [("ApSupplierAddr", address), ("ApSupplier", head)]


def _new_order(number: int, values: Values, day: date) -> New:
    code = values.get("code", f"N{number:05}")
    amount = values.get("amount", Decimal("10.00"))
    line = {"PurchaseOrder": code, "Line": 1, "MStockCode": "PART", "MStockDes": "part", "MOrderQty": 1}
    line |= {"MPrice": amount, "MForeignPrice": amount, "MGlCode": "4010", "MOrderUom": "PCS", "MPriceUom": "PCS"}
    head = {"PurchaseOrder": code, "Supplier": "V9010", "Currency": values.get("currency", LOCAL)}
    return [("PorMasterDetail", line), ("PorMasterHdr", head | {"OrderEntryDate": day})]


def _new_invoice(number: int, values: Values, day: date) -> New:
    code, amount = values.get("code", f"N{number:05}"), values.get("amount", Decimal("10.00"))
    place = {"TrnYear": day.year, "TrnMonth": day.month, "Journal": 70000 + number, "EntryNumber": 1}
    key = {"Supplier": "V9010", "Invoice": code}
    summary = {**place, **key, "TrnDate": day, "InvoiceValue": amount}
    line = {**place, "SubEntry": 1, "AnalysisEntry": 700000 + number, "ExpenseGlCode": "4010", "DistrValue": amount}
    period = {"GlYear": day.year, "GlPeriod": day.month}
    analysis = {**period, "AnalysisEntry": 700000 + number, "AnalysisCode1": "100", "EntryValue": amount}
    head = {**key, "Journal": 70000 + number, "EntryNumber": 1, "JournalDate": day, "InvoiceDate": day}
    head |= {"OrigInvValue": amount, "Currency": values.get("currency", LOCAL)}
    return [("ApJnlSummary", summary), ("ApJnlDistrib", line), ("GenAnalysisTrn", analysis), ("ApInvoice", head)]


def _new_account(number: int, values: Values, day: date) -> New:
    row = {"GlCode": values.get("code", f"N{number:05}"), "Description": values.get("name", f"New {number}")}
    return [("GenMaster", row)]


def _new_cost_center(number: int, values: Values, day: date) -> New:
    row = {"AnalysisCategory": "COSTCTR", "AnalysisType": 1, "AnalysisCode": values.get("code", f"N{number:05}")}
    return [("GenAnalysisCode", row | {"Description": values.get("name", f"New {number}")})]


def _new_posting(number: int, values: Values, day: date) -> New:
    period = {"GlYear": day.year, "GlPeriod": day.month}
    journal = {**period, "GlJournal": 800000 + number, "JournalDate": day, "PostDate": day, "NumOfEntries": 1}
    line = {**period, "Journal": 800000 + number, "EntryNumber": 1, "GlCode": "4010", "EntryValue": Decimal("10.00")}
    line |= {"EntryPosted": "Y", "Comment": values.get("name", f"New {number}"), "Company": COMPANY}
    return [("GenJournalCtl", journal | {"JnlStatus": "P"}), ("GenJournalDetail", line)]


_NEW: dict[Entity, Callable[[int, Values, date], New]] = {
    Entity.SUPPLIERS: _new_supplier,
    Entity.PURCHASE_ORDERS: _new_order,
    Entity.INVOICES: _new_invoice,
    Entity.GL_ACCOUNTS: _new_account,
    Entity.COST_CENTERS: _new_cost_center,
    Entity.GL_POSTINGS: _new_posting,
}
