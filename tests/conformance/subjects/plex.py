"""Plex as a system under test, in the words of its fact sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from conformance.subject import REFUSED, Absence, Subject, Values, Variant
from ml_connector.records import Entity, join_key, split_key
from ml_connector_simulators.plex import PlexSimulator

PCN = "104455"
HEADS = {
    Entity.GL_ACCOUNTS: "chart-of-accounts",
    Entity.COST_CENTERS: "chart-of-accounts",
    Entity.DEPARTMENTS: "departments",
    Entity.LOCATIONS: "buildings",
    Entity.SUPPLIERS: "suppliers",
    Entity.PURCHASE_ORDERS: "purchase-orders",
    Entity.INVOICES: "ap-invoices",
    Entity.PAYMENTS: "ap-payments",
}
PATHS = {
    "chart-of-accounts": "/mdm/v1/chart-of-accounts",
    "departments": "/mdm/v1/departments",
    "buildings": "/mdm/v1/buildings",
    "suppliers": "/mdm/v1/suppliers",
    "purchase-orders": "/purchasing/v1/purchase-orders",
    "releases": "/purchasing/v2-beta1/releases",
    "ap-invoices": "/accounting/v1/ap-invoices",
    "ap-payments": "/accounting/v1/ap-payments",
}
ROLES = (*PATHS, "addresses", "line-items")
MANDATORY = {
    Entity.GL_ACCOUNTS: ("accountNumber",),
    Entity.DEPARTMENTS: (),
    Entity.LOCATIONS: ("buildingCode",),
    Entity.SUPPLIERS: ("code", "name"),
    Entity.PURCHASE_ORDERS: ("poNumber", "supplierId", "currencyCode"),
    Entity.INVOICES: ("invoiceNumber", "supplierId", "transactionDate", "currencyCode"),
    Entity.PAYMENTS: ("paymentNumber", "transactionDate", "currencyCode", "amount"),
}
ORDER_STATES = {
    "New": "planned",
    "On Order": "released",
    "Partially Received": "partly_received",
    "Received": "received",
    "Closed": "closed",
    "Cancelled": "cancelled",
    "Canceled": "cancelled",
}
INVOICE_STATES = {
    "New": "received",
    "Approved": "approved",
    "Booked": "posted",
    "Partially Paid": "partly_paid",
    "Paid": "paid",
    "Cancelled": "cancelled",
    "Canceled": "cancelled",
}
PATIENT: Values = {"max_calls_per_minute": 100_000}
"""Calls are counted by the clock of the test, which stands still."""
UNCOUNTED: Values = {"calls_per_minute": 0}
CANCELLED = ("Cancelled", "Canceled")
HOUSES = ("X1", "X2", "X3", "X4")


class PlexSubject(Subject):
    """Two plants; invoice lines stand in the list and absent values are null, or neither."""

    system = "plex"
    heads = HEADS
    variants = (
        Variant("list", {**PATIENT, "payment_days": 3000}, UNCOUNTED),
        Variant(
            "detail",
            {**PATIENT, "payment_days": 3000},
            {
                **UNCOUNTED,
                "invoice_list_lines": "absent",
                "null_fields": "absent",
                "active_default": "all",
                "bounds_inclusive": False,
                "cancelled_word": "Canceled",
                "tax_currency": "invoice",
                "debit_memo_sign": "positive",
            },
        ),
    )
    overlap_s = 300
    with_lines = frozenset({Entity.PURCHASE_ORDERS, Entity.INVOICES})
    bad_credentials: ClassVar[Mapping[str, str]] = {"client_secret": "not-the-secret-of-anybody"}
    impatient: ClassVar[Values] = {"read_timeout_s": 0.2}
    absences = (
        Absence("product", Entity.PURCHASE_ORDERS, {"product": "purchasing", "granted": False},
                ("Purchasing", "not subscribed", "developer portal")),
        Absence("one product", Entity.INVOICES, {"product": "ap-invoices", "granted": False},
                ("/accounting/v1/ap-invoices", "not subscribed", "developer portal")),
        Absence("role", Entity.INVOICES, {"role": "ap-invoices", "granted": False},
                ("/accounting/v1/ap-invoices", "role", "Plex administrator")),
        Absence("lines", Entity.PURCHASE_ORDERS, {"role": "line-items", "granted": False},
                ("line-items", "role", "Plex administrator")),
        Absence("plant", Entity.SUPPLIERS, {"pcn": PCN, "granted": False}, (f"PCN {PCN}", "not allowed")),
        Absence("another plant", Entity.SUPPLIERS, {"pcn": "104456", "granted": False},
                ("PCN 104456", "not allowed"), settings={"pcn": "104456"}),
        Absence("departments", Entity.DEPARTMENTS, {}, ("/mdm/v1/departments",),
                switches={"departments": "404"}, settings={"departments_source": "endpoint"}),
    )  # fmt: skip

    def make(self, start: datetime | None) -> PlexSimulator:
        simulator = PlexSimulator(size="small", seed=1, start=start)
        for code in HOUSES:
            simulator.insert("buildings", {"buildingCode": code, "name": f"Shed {code}"})
        fresh = simulator.clock.now() - timedelta(hours=2)  # the newest slice, which is asked for first, is not empty
        (name, head), (below, line) = _new_invoice(99_999, {})
        owner = simulator.insert(name, head, stamp=fresh)
        simulator.insert(below, {**line, "invoiceId": owner["id"]}, stamp=fresh)
        return simulator

    def switch(self, **switches: Any) -> None:
        """Plex has no pages that could be small."""
        super().switch(**{name: value for name, value in switches.items() if name != "page_limit"})

    # Signing in --------------------------------------------------------------------------------------------------

    def take_roles(self) -> tuple[str, ...]:
        for role in ROLES:
            self.simulator.grant({"role": role, "granted": False})
        return tuple(PATHS.values())

    def issued_tokens(self) -> list[str]:
        return list(self.simulator.gate.tokens.issued)  # type: ignore[attr-defined]

    # The truth ---------------------------------------------------------------------------------------------------

    def take_sight(self) -> None:
        self.switch(role_missing="empty")
        self.take_roles()

    def zoned(self, time_zone: str) -> Variant:
        """Its stamps are UTC wherever the plant stands; only its calendar follows the zone."""
        return Variant(self.variant.name, {**self.variant.settings, "time_zone": time_zone}, self.variant.switches)

    def own(self, name: str) -> list[dict[str, Any]]:
        """The rows of the plant that is read."""
        return [row for row in self.rows(name) if row["pcn"] == PCN]

    def expected(self, entity: Entity) -> dict[str, Any]:
        if entity is Entity.COST_CENTERS:
            return self._cost_centers()
        below = {name: self.own(name) for name in ("addresses", "line-items", "releases", "ap-invoice-lines",
                                                   "ap-invoice-taxes", "chart-of-accounts")}  # fmt: skip
        return {row["id"]: self._expected(entity, row, below) for row in self.own(HEADS[entity])}

    def _expected(self, entity: Entity, row: Values, below: Mapping[str, list[dict[str, Any]]]) -> Any:
        if any(row[name] is None for name in MANDATORY[entity]):
            return REFUSED
        return {"scope": PCN, **_EXPECTED[entity](row, below)}

    def _cost_centers(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in self.own("chart-of-accounts"):
            code = _segment(row["accountNumber"])
            active = bool(row["active"]) or found.get(join_key(code), {}).get("active", False)
            found[join_key(code)] = {"scope": PCN, "code": code, "active": active}
        return found

    def lively(self, entity: Entity) -> list[str]:
        if entity is Entity.COST_CENTERS:
            return sorted(key for key, value in self.expected(entity).items() if value["active"])
        rows = [row for row in self.own(HEADS[entity]) if all(row[name] is not None for name in MANDATORY[entity])]
        if entity is Entity.PURCHASE_ORDERS:
            rows = [row for row in rows if row["status"] == "On Order" and len(self._lines(entity, row["id"])) > 1]
        if entity is Entity.INVOICES:
            rows = [row for row in rows if row["status"] == "Booked" and len(self._lines(entity, row["id"])) > 1]
        return sorted(row["id"] for row in rows)

    def _lines(self, entity: Entity, key: str) -> list[dict[str, Any]]:
        name, parent = _LINES[entity]
        return [row for row in self.own(name) if row[parent] == key]

    # Editing -----------------------------------------------------------------------------------------------------

    def add(self, entity: Entity, number: int, *, stamp: datetime | None = None, **values: Any) -> str:
        rows = _NEW[entity](number, values)
        simulator = self.simulator
        first: dict[str, Any] = {}
        for name, row in rows:
            filled = {field: first.get("id") if value is OWNER else value for field, value in row.items()}
            made = simulator.insert(name, filled, stamp=stamp)
            first = first or dict(made)
        if entity is Entity.COST_CENTERS:
            return join_key(_segment(first["accountNumber"]))
        return join_key(str(first["id"]))

    def edit(self, entity: Entity, key: str, *, stamp: datetime | None = None) -> None:
        if entity is Entity.COST_CENTERS:
            for row in self.own("chart-of-accounts"):
                if _segment(row["accountNumber"]) == split_key(key)[0]:
                    self.simulator.update("chart-of-accounts", {"id": row["id"]}, {"active": False}, stamp=stamp)
            return
        text = f"edited {self.moment():%H:%M:%S.%f}"
        self.simulator.update(HEADS[entity], {"id": key}, {_TEXT[entity]: text}, stamp=stamp)

    def edit_line(self, entity: Entity, key: str) -> None:
        """Of an order a release: that is what is ordered."""
        if entity is Entity.PURCHASE_ORDERS:
            release = next(row for row in self.own("releases") if row["poId"] == key)
            self.simulator.update("releases", {"id": release["id"]}, {"quantity": 77})
            return
        line = self._lines(entity, key)[0]
        self.simulator.update("ap-invoice-lines", {"lineId": line["lineId"]}, {"description": "changed"})

    def remove_line(self, entity: Entity, key: str) -> None:
        name, ident = ("line-items", "id") if entity is Entity.PURCHASE_ORDERS else ("ap-invoice-lines", "lineId")
        line = self._lines(entity, key)[0]
        self.simulator.delete(name, {ident: line[ident]})

    def remove(self, entity: Entity, key: str) -> None:
        if entity is Entity.COST_CENTERS:
            for row in self.own("chart-of-accounts"):
                if _segment(row["accountNumber"]) == split_key(key)[0]:
                    self.simulator.delete("chart-of-accounts", {"id": row["id"]})
            return
        self.simulator.delete(HEADS[entity], {"id": key})

    def cancel(self, entity: Entity, key: str) -> None:
        self.simulator.update(HEADS[entity], {"id": key}, {"status": "Cancelled"})

    def add_unknown_field(self, entity: Entity, key: str) -> None:
        ident = key
        if entity is Entity.COST_CENTERS:
            rows = self.own("chart-of-accounts")
            ident = next(row["id"] for row in rows if _segment(row["accountNumber"]) == split_key(key)[0])
        self.simulator.update(HEADS[entity], {"id": ident}, {"customNobodyKnows": {"nested": ["Ω", None]}})


SUBJECT = PlexSubject

# What a record has to say ------------------------------------------------------------------------------------------

Below = Mapping[str, list[dict[str, Any]]]


def _day(value: Any) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def _segment(number: str) -> str:
    return number.split("-")[1]


def _supplier(row: Values, below: Below) -> dict[str, Any]:
    return {
        "code": row["code"],
        "name": row["name"],
        "website": row["webAddress"] or "",
        "active": row["status"] != "Inactive",
        "created_on": _day(row["createdDate"]),
        "addresses": {
            each["id"]: {
                "line1": each["address"] or "",
                "postal_code": each["zip"] or "",
                "city": each["city"] or "",
                "country": each["country"] or "",
            }
            for each in below["addresses"]
            if each["supplierId"] == row["id"]
        },
    }


def _order(row: Values, below: Below) -> dict[str, Any]:
    lines = {each["id"]: each for each in below["line-items"] if each["poId"] == row["id"]}
    releases = [each for each in below["releases"] if each["poId"] == row["id"]]
    numbers = {each["id"]: each["accountNumber"] for each in below["chart-of-accounts"]}
    status = ORDER_STATES[row["status"]]
    if not releases and status not in ("closed", "cancelled"):
        status = "planned"
    whole = {each["poLineItemId"] for each in releases} == set(lines)
    billed = [(each["quantity"], lines[each["poLineItemId"]]["unitPrice"]) for each in releases
              if each["status"] not in CANCELLED]  # fmt: skip
    return {
        "number": row["poNumber"],
        "supplier": row["supplierId"],
        "status": status,
        "ordered_on": _day(row["orderedDate"] or row["poDate"]),
        "currency": row["currencyCode"],
        "net": row["lineItemTotal"] if whole else sum((q * p for q, p in billed), Decimal(0)),
        "note": row["note"] or "",
        "lines": {
            join_key(str(each["lineItemNo"]), str(each["releaseLineNumber"])): {
                "number": str(each["lineItemNo"]),
                "release": str(each["releaseLineNumber"]),
                "item": each["partNumber"] or "",
                "description": lines[each["poLineItemId"]]["description"] or "",
                "quantity": each["quantity"],
                "unit_price": lines[each["poLineItemId"]]["unitPrice"],
                "gl_account": (account := lines[each["poLineItemId"]]["accountId"]),
                "cost_center": join_key(_segment(numbers[account])) if account else None,
                "cancelled": each["status"] in CANCELLED or lines[each["poLineItemId"]]["status"] in CANCELLED,
            }
            for each in releases
        },
    }


def _invoice(row: Values, below: Below) -> dict[str, Any]:
    lines = [each for each in below["ap-invoice-lines"] if each["invoiceId"] == row["id"] and each["offset"] != 1]
    taxes = [each["currencyTaxAmount"] for each in below["ap-invoice-taxes"] if each["invoiceId"] == row["id"]]
    gross, tax = row["foreignCurrencyAmount"], sum(taxes, Decimal(0))
    if row["debitMemo"] and gross > 0 and sum(_amount(each) for each in lines) < 0:
        gross = -gross
    return {
        "number": row["invoiceNumber"],
        "supplier": row["supplierId"],
        "purchase_order": row["poId"],
        "document_type": "debit_memo" if row["debitMemo"] else "invoice",
        "status": INVOICE_STATES[row["status"]],
        "invoice_date": _day(row["transactionDate"]),
        "due_date": _day(row["dueDate"]),
        "currency": row["currencyCode"],
        "net": gross - tax,
        "tax": tax,
        "gross": gross,
        "note": row["internalNote"] or "",
        "lines": {
            each["lineId"]: {
                "amount": _amount(each),
                "description": each["description"] or "",
                "gl_account": each["accountId"],
                "cost_center": join_key(each["costCenterSegment"]) if each["costCenterSegment"] else None,
            }
            for each in lines
        },
    }


def _amount(line: Values) -> Decimal:
    found: Decimal = line["currencyDebit"] - line["currencyCredit"]
    return found


def _payment(row: Values, below: Below) -> dict[str, Any]:
    return {
        "number": row["paymentNumber"],
        "supplier": row["supplierId"],
        "paid_on": _day(row["transactionDate"]),
        "currency": row["currencyCode"],
        "amount": Decimal(0) if row["void"] else row["amount"],
        "method": row["paymentType"] or "",
    }


def _account(row: Values, below: Below) -> dict[str, Any]:
    return {
        "code": row["accountNumber"],
        "name": row["name"] or "",
        "kind": row["categoryType"] or "",
        "active": row["active"],
        "valid_to": _day(row["inactiveDate"]),
    }


def _department(row: Values, below: Below) -> dict[str, Any]:
    return {"code": row["departmentCode"] or str(row["departmentNo"]), "name": row["name"] or "",
            "active": row["active"]}  # fmt: skip


def _location(row: Values, below: Below) -> dict[str, Any]:
    return {
        "code": row["buildingCode"],
        "name": row["name"] or "",
        "active": row["active"],
        "country": row["country"] or "",
    }


_EXPECTED = {
    Entity.GL_ACCOUNTS: _account,
    Entity.DEPARTMENTS: _department,
    Entity.LOCATIONS: _location,
    Entity.SUPPLIERS: _supplier,
    Entity.PURCHASE_ORDERS: _order,
    Entity.INVOICES: _invoice,
    Entity.PAYMENTS: _payment,
}
_TEXT = {
    Entity.GL_ACCOUNTS: "name",
    Entity.DEPARTMENTS: "name",
    Entity.LOCATIONS: "name",
    Entity.SUPPLIERS: "name",
    Entity.PURCHASE_ORDERS: "note",
    Entity.INVOICES: "internalNote",
    Entity.PAYMENTS: "paymentType",
}
_LINES = {
    Entity.PURCHASE_ORDERS: ("line-items", "poId"),
    Entity.INVOICES: ("ap-invoice-lines", "invoiceId"),
}

# What somebody enters ----------------------------------------------------------------------------------------------

OWNER = object()
"""The id of the row that was entered first."""
New = list[tuple[str, dict[str, Any]]]
ACCOUNT = "4010-310-00"


def _new_supplier(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    head = {"code": code, "name": values.get("name", f"New {number}")}
    address = {"supplierId": OWNER, "code": "1", "address": "Corner 1", "city": "Kassel", "country": "DE", "main": True}
    return [("suppliers", head), ("addresses", address)]


def _new_order(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    amount, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    head = {
        "poNumber": code,
        "supplierCode": "V2014",
        "orderedDate": "2026-03-02T00:00:00Z",
        "currencyCode": currency,
        "lineItemTotal": amount,
        "note": values.get("name"),
    }
    line = {"poId": OWNER, "lineItemNumber": 1, "description": values.get("name", "part"), "unitPrice": amount,
            "accountNumber": ACCOUNT}  # fmt: skip
    release = {"poId": OWNER, "lineItemNo": 1, "releaseLineNumber": 1, "quantity": Decimal(1)}
    return [("purchase-orders", head), ("line-items", line), ("releases", release)]


def _new_invoice(number: int, values: Values) -> New:
    amount, currency = values.get("amount", Decimal("10.00")), values.get("currency", "EUR")
    head = {
        "voucherNumber": str(700000 + number),
        "invoiceNumber": values.get("code", f"N{number:05}"),
        "supplierCode": "V2014",
        "transactionDate": "2026-03-02T00:00:00Z",
        "currencyCode": currency,
        "foreignCurrencyAmount": amount,
        "internalNote": values.get("name"),
    }
    line = {"invoiceId": OWNER, "accountNumber": ACCOUNT, "currencyDebit": amount, "currencyCredit": 0}
    return [("ap-invoices", head), ("ap-invoice-lines", line)]


def _new_payment(number: int, values: Values) -> New:
    return [
        (
            "ap-payments",
            {
                "paymentNumber": values.get("code", f"N{number:05}"),
                "supplierCode": "V2014",
                "transactionDate": "2026-03-02T00:00:00Z",
                "currencyCode": values.get("currency", "EUR"),
                "amount": values.get("amount", Decimal("10.00")),
                "paymentType": values.get("name", "Wire"),
            },
        )
    ]


def _new_account(number: int, values: Values) -> New:
    code = values.get("code", f"9{number:03}-310-00")
    return [("chart-of-accounts", {"accountNumber": code, "name": values.get("name", f"New {number}")})]


def _new_cost_center(number: int, values: Values) -> New:
    return [("chart-of-accounts", {"accountNumber": f"9000-{values.get('code', f'N{number:05}')}-00", "name": "New"})]


def _new_department(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    return [
        (
            "departments",
            {"departmentNo": 70000 + number, "departmentCode": code, "name": values.get("name", f"New {number}")},
        )
    ]


def _new_location(number: int, values: Values) -> New:
    code = values.get("code", f"N{number:05}")
    return [("buildings", {"buildingCode": code, "name": values.get("name", f"New {number}")})]


_NEW = {
    Entity.GL_ACCOUNTS: _new_account,
    Entity.COST_CENTERS: _new_cost_center,
    Entity.DEPARTMENTS: _new_department,
    Entity.LOCATIONS: _new_location,
    Entity.SUPPLIERS: _new_supplier,
    Entity.PURCHASE_ORDERS: _new_order,
    Entity.INVOICES: _new_invoice,
    Entity.PAYMENTS: _new_payment,
}
