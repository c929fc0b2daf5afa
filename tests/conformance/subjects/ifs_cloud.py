"""IFS Cloud as a system under test, in the words of its fact sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from conformance.subject import REFUSED, Absence, Subject, Values, Variant
from ml_connector.protocols.odata import ODataClient
from ml_connector.records import Entity, join_key, split_key
from ml_connector.systems.base import System

HEADS = {
    Entity.SUPPLIERS: "SupplierInfoGeneralSet",
    Entity.PURCHASE_ORDERS: "PurchaseOrderSet",
    Entity.INVOICES: "PostingProposalHeadSet",
    Entity.GL_ACCOUNTS: "AccountSet",
    Entity.COST_CENTERS: "CodeBSet",
}
LINES = {
    Entity.SUPPLIERS: "SupplierInfoAddresses",
    Entity.PURCHASE_ORDERS: "PurchaseOrderLineSet",
    Entity.INVOICES: "PostingProposalLineSet",
}
KEYS = {
    Entity.SUPPLIERS: ("SupplierId",),
    Entity.PURCHASE_ORDERS: ("OrderNo",),
    Entity.INVOICES: ("Company", "InvoiceId"),
    Entity.GL_ACCOUNTS: ("Company", "Account"),
    Entity.COST_CENTERS: ("Company", "CodeB"),
}
MANDATORY = {
    Entity.SUPPLIERS: ("Name",),
    Entity.PURCHASE_ORDERS: ("VendorNo", "CurrencyCode", "Objstate"),
    Entity.INVOICES: ("InvoiceNo", "Identity", "InvoiceDate", "Currency", "NetCurrAmount", "Objstate"),
    Entity.GL_ACCOUNTS: (),
    Entity.COST_CENTERS: (),
}
COST_CENTER_PARTS = {"10": "B", "20": "C"}
"""Each company keeps its cost centers in a code part of its own."""
ORDER_STATES = {
    "Planned": "planned",
    "Released": "released",
    "Confirmed": "confirmed",
    "Arrived": "partly_received",
    "Received": "received",
    "Invoiced": "invoiced",
    "Closed": "closed",
    "Cancelled": "cancelled",
}
INVOICE_STATES = {
    "Preliminary": "received",
    "PrelPosted": "approved",
    "Posted": "posted",
    "PartlyPaidPosted": "partly_paid",
    "PaidPosted": "paid",
    "Cancelled": "cancelled",
}
PROJECTION = "PurchaseOrderHandling"
GRANTS = (
    "SupplierHandling",
    PROJECTION,
    "PostingProposalHandling",
    "AccountsHandling",
    "CodeBHandling",
    "CodeCHandling",
)
FOR_WRITING = f"/int/ifsapplications/projection/v1/{PROJECTION}.svc"


class IfsCloudSubject(Subject):
    """A tenant with two companies; changes are found by time stamp, or by comparing ETags."""

    system = "ifs_cloud"
    heads = HEADS
    variants = (Variant("field"), Variant("sweep", switches={"rowversion": False}))
    overlap_s = 120
    with_lines = frozenset(LINES)
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    small_pages: ClassVar[Values] = {"page_limit": 5}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    silent_cap: ClassVar[Values] = {"page_limit": 30, "next_link": "none"}
    absences = (
        Absence("projection", Entity.INVOICES, {"projection": "PostingProposalHandling", "granted": False},
                ("PostingProposalHandling", "IFS administrator")),
        Absence("code parts", Entity.COST_CENTERS, {"projection": "AccountingCodePartsHandling", "granted": False},
                ("AccountingCodePartsHandling", "IFS administrator")),
        Absence("company", Entity.PURCHASE_ORDERS, {"company": "20", "granted": False},
                ("company 20", "IFS administrator")),
        Absence("change field", Entity.SUPPLIERS, {}, ("Rowversion", "change_field", "IFS administrator"),
                switches={"rowversion": False}, settings={"change_strategy": "field"}),
        Absence("entity service", Entity.PURCHASE_ORDERS, {}, ("PurchaseOrderLineEntity", "Activate"),
                switches={"entity_services": False, "part_lines": "int"}),
        Absence("property", Entity.GL_ACCOUNTS, {}, ("AccountSet", "Beschreibung"),
                settings={"fields": {"gl_accounts.Description": "Beschreibung"}}),
    )  # fmt: skip

    # Signing in --------------------------------------------------------------------------------------------------

    def take_roles(self) -> tuple[str, ...]:
        for projection in GRANTS:
            self.simulator.grant({"projection": projection, "granted": False})
        return GRANTS

    def issued_tokens(self) -> list[str]:
        return list(self.simulator.tokens.issued)  # type: ignore[attr-defined]

    # The truth ---------------------------------------------------------------------------------------------------

    def take_sight(self) -> None:
        self.simulator.grant({"companies": []})

    def zoned(self, time_zone: str) -> Variant:
        zone = {"server_time_zone": time_zone}
        return Variant(self.variant.name, {**self.variant.settings, **zone}, {**self.variant.switches, **zone})

    def expected(self, entity: Entity) -> dict[str, Any]:
        rows = self.rows(HEADS[entity])
        if entity is Entity.COST_CENTERS:
            return {
                join_key(company, row[f"Code{part}"]): _cost_center(row, row[f"Code{part}"])
                for company, part in COST_CENTER_PARTS.items()
                for row in self.rows(f"Code{part}Set")
                if row["Company"] == company
            }
        return {self._key(entity, row): self._expected(entity, row) for row in rows}

    def _key(self, entity: Entity, row: Values) -> str:
        return join_key(*(str(row[name]) for name in KEYS[entity]))

    def _expected(self, entity: Entity, row: Values) -> Any:
        if any(row[name] is None for name in MANDATORY[entity]):
            return REFUSED
        lines = [line for line in self.rows(LINES[entity]) if _belongs(entity, line, row)] if entity in LINES else []
        return _EXPECTED[entity](row, lines)

    def lively(self, entity: Entity) -> list[str]:
        if not entity.is_document:
            return sorted(key for key, value in self.expected(entity).items() if value != REFUSED)
        rows = [row for row in self.rows(HEADS[entity]) if self._expected(entity, row) != REFUSED]
        since = f"{self.moment(60 * 86400):%Y-%m-%d}"
        born = "DateEntered" if entity is Entity.PURCHASE_ORDERS else "CreationDate"
        open_rows = [row for row in rows if row["Objstate"] in ("Released", "Posted") and row[born] >= since]
        keys = (self._key(entity, row) for row in open_rows)
        return sorted(key for key in keys if len(self._lines_of(entity, key)) > 1)

    # Editing -----------------------------------------------------------------------------------------------------

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        head, lines = _NEW[entity](number, values)
        simulator = self.simulator
        row = simulator.insert(HEADS[entity], head, stamp=stamp)
        for line in lines:
            simulator.insert(LINES[entity], line, stamp=stamp)
        return self._key(entity, row)

    def _row_key(self, entity: Entity, key: str) -> tuple[str, dict[str, str]]:
        parts = split_key(key)
        if entity is Entity.COST_CENTERS:
            part = COST_CENTER_PARTS[parts[0]]
            return f"Code{part}Set", {"Company": parts[0], f"Code{part}": parts[1]}
        return HEADS[entity], dict(zip(KEYS[entity], parts, strict=True))

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        table, row_key = self._row_key(entity, key)
        self.simulator.update(table, row_key, {_TEXT[entity]: f"edited {self.moment():%H:%M:%S.%f}"}, stamp=stamp)

    def _lines_of(self, entity: Entity, key: str) -> list[dict[str, Any]]:
        _, row_key = self._row_key(entity, key)
        return [line for line in self.rows(LINES[entity]) if _belongs(entity, line, row_key)]

    def edit_line(self, entity: Entity, key: str) -> None:
        line = self._lines_of(entity, key)[0]
        self.simulator.update(LINES[entity], _line_key(entity, line), {_LINE_TEXT[entity]: "changed"})

    def remove_line(self, entity: Entity, key: str) -> None:
        self.simulator.delete(LINES[entity], _line_key(entity, self._lines_of(entity, key)[0]))

    def remove(self, entity: Entity, key: str) -> None:
        if entity in LINES:
            for line in self._lines_of(entity, key):
                self.simulator.delete(LINES[entity], _line_key(entity, line))
        self.simulator.delete(*self._row_key(entity, key))

    def cancel(self, entity: Entity, key: str) -> None:
        self.simulator.update(*self._row_key(entity, key), {"Objstate": "Cancelled"})

    def add_unknown_field(self, entity: Entity, key: str) -> None:
        self.simulator.update(*self._row_key(entity, key), {"Cf_Nobody_Knows": {"nested": ["Ω", None]}})

    async def change_with_version(self, system: System, entity: Entity, key: str, version: str) -> str:
        """The connector reads only; its client is the one that any later write would go through."""
        client = ODataClient(system.session, self.url + FOR_WRITING)  # type: ignore[attr-defined]
        row_key = {"OrderNo": key}
        if not version:
            found = await client.get(HEADS[entity], row_key)
            assert found is not None and found.etag
            version = found.etag
        await client.patch(HEADS[entity], row_key, {"NoteText": "changed by us"}, version)
        return version


SUBJECT = IfsCloudSubject

# What a record has to say ------------------------------------------------------------------------------------------


def _belongs(entity: Entity, line: Values, head: Values) -> bool:
    return all(str(line[name]) == str(head[name]) for name in KEYS[entity])


def _line_key(entity: Entity, line: Values) -> dict[str, Any]:
    more = {
        Entity.SUPPLIERS: ("AddressId",),
        Entity.PURCHASE_ORDERS: ("LineNo", "ReleaseNo"),
        Entity.INVOICES: ("RowId",),
    }
    return {name: line[name] for name in (*KEYS[entity], *more[entity])}


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _code(line: Values, company: str, part: str) -> str | None:
    """The key of the account or cost center that a line is coded with."""
    code = line[f"Code{part}"]
    return join_key(company, code) if code else None


def _supplier(row: Values, addresses: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "code": row["SupplierId"],
        "name": row["Name"],
        "tax_id": row["AssociationNo"] or "",
        "country": row["Country"] or "",
        "created_on": _day(row["CreationDate"]),
        "addresses": {
            each["AddressId"]: {
                "line1": each["Address1"] or "",
                "postal_code": each["ZipCode"] or "",
                "city": each["City"] or "",
                "country": each["Country"] or "",
            }
            for each in addresses
        },
    }


def _order(row: Values, lines: list[dict[str, Any]]) -> dict[str, Any]:
    company = row["Company"]
    return {
        "scope": company,
        "number": row["OrderNo"],
        "supplier": join_key(row["VendorNo"]),
        "status": ORDER_STATES[row["Objstate"]],
        "ordered_on": _day(row["OrderDate"]),
        "currency": row["CurrencyCode"],
        "net": row["NetAmount"],
        "tax": row["TaxAmount"],
        "gross": row["GrossAmount"],
        "note": row["NoteText"] or "",
        "lines": {
            join_key(each["LineNo"], each["ReleaseNo"]): {
                "item": each["PartNo"] or "",
                "description": each["Description"],
                "quantity": each["BuyQtyDue"],
                "unit_price": each["BuyUnitPrice"],
                "net": each["NetAmtCurr"],
                "gl_account": _code(each, company, "A"),
                "cost_center": _code(each, company, COST_CENTER_PARTS[company]),
            }
            for each in lines
        },
    }


def _invoice(row: Values, lines: list[dict[str, Any]]) -> dict[str, Any]:
    company = row["Company"]
    return {
        "scope": company,
        "number": row["InvoiceNo"],
        "series": row["SeriesId"] or "",
        "supplier": join_key(row["Identity"]),
        "status": INVOICE_STATES[row["Objstate"]],
        "invoice_date": _day(row["InvoiceDate"]),
        "due_date": _day(row["DueDate"]),
        "currency": row["Currency"],
        "net": row["NetCurrAmount"],
        "tax": row["VatCurrAmount"],
        "gross": row["GrossCurrAmount"],
        "note": row["VoucherText"] or "",
        "lines": {
            str(each["RowId"]): {
                "amount": each["CurrAmount"],
                "gl_account": _code(each, company, "A"),
                "cost_center": _code(each, company, COST_CENTER_PARTS[company]),
            }
            for each in lines
        },
    }


def _account(row: Values, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "scope": row["Company"],
        "code": row["Account"],
        "name": row["Description"] or "",
        "active": not row["BlockedForPosting"],
        "valid_from": _day(row["ValidFrom"]),
        "valid_to": _day(row["ValidUntil"]),
    }


def _cost_center(row: Values, code: str) -> dict[str, Any]:
    return {
        "scope": row["Company"],
        "code": code,
        "name": row["Description"] or "",
        "valid_from": _day(row["ValidFrom"]),
        "valid_to": _day(row["ValidUntil"]),
    }


_EXPECTED = {
    Entity.SUPPLIERS: _supplier,
    Entity.PURCHASE_ORDERS: _order,
    Entity.INVOICES: _invoice,
    Entity.GL_ACCOUNTS: _account,
}
_TEXT = {
    Entity.SUPPLIERS: "Name",
    Entity.PURCHASE_ORDERS: "NoteText",
    Entity.INVOICES: "VoucherText",
    Entity.GL_ACCOUNTS: "Description",
    Entity.COST_CENTERS: "Description",
}
_LINE_TEXT = {
    Entity.SUPPLIERS: "Address1",
    Entity.PURCHASE_ORDERS: "Description",
    Entity.INVOICES: "CodeA",
}

# What somebody enters ----------------------------------------------------------------------------------------------

New = tuple[dict[str, Any], list[dict[str, Any]]]


def _new_supplier(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    head = {"SupplierId": code, "Name": values.get("name", f"New {number}"), "Country": "DE"}
    return head, [{"SupplierId": code, "AddressId": "1", "Address1": "Corner 1", "City": "Kassel", "Country": "DE"}]


def _new_order(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    amount, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    head = {
        "OrderNo": code,
        "Company": "10",
        "Contract": "H1",
        "VendorNo": "V9010",
        "OrderDate": "2026-03-02",
        "CurrencyCode": currency,
        "NetAmount": amount,
        "TaxAmount": Decimal(0),
        "GrossAmount": amount,
        "NoteText": values.get("name"),
    }
    line = {
        "OrderNo": code,
        "LineNo": "1",
        "ReleaseNo": "1",
        "Description": values.get("name", "part"),
        "BuyQtyDue": Decimal(1),
        "BuyUnitPrice": amount,
        "NetAmtCurr": amount,
        "CodeA": "4010",
        "CodeB": "100",
    }
    return head, [line]


def _new_invoice(number: int, values: Values) -> New:
    amount, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    head = {
        "Company": "10",
        "InvoiceId": 700000 + number,
        "SeriesId": "SI",
        "InvoiceNo": values.get("code", f"N{number:05}"),
        "Identity": "V9010",
        "InvoiceDate": "2026-03-02",
        "Currency": currency,
        "NetCurrAmount": amount,
        "VatCurrAmount": Decimal(0),
        "GrossCurrAmount": amount,
        "VoucherText": values.get("name"),
    }
    line = {"Company": "10", "InvoiceId": 700000 + number, "RowId": 1, "CodeA": "4010", "CodeB": "100"}
    return head, [{**line, "CurrAmount": amount}]


def _new_account(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    return {"Company": "10", "Account": code, "Description": values.get("name", f"New {number}")}, []


def _new_cost_center(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    return {"Company": "10", "CodeB": code, "Description": values.get("name", f"New {number}")}, []


_NEW = {
    Entity.SUPPLIERS: _new_supplier,
    Entity.PURCHASE_ORDERS: _new_order,
    Entity.INVOICES: _new_invoice,
    Entity.GL_ACCOUNTS: _new_account,
    Entity.COST_CENTERS: _new_cost_center,
}
