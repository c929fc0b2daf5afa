"""Records as a source gives them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings import Refs
from ml_connector.records import (
    Address,
    CostCenter,
    GLAccount,
    Invoice,
    InvoiceLine,
    Location,
    OrderLine,
    PurchaseOrder,
    Reference,
    Supplier,
)
from systems.procurify.domain import SCOPE

GUID = "0b7c9c1e-54f1-4f0e-8f43-5a1d8c2b9001"
EXTERNAL_ID = f"plex:{SCOPE}:{GUID}"
HOUSE = Reference(GUID, "NORTH", "Northfield Tooling")
ACCOUNT = Reference("a1", "6100-20")
CENTER = Reference("cc9", "MNT")


def supplier(**values: Any) -> Supplier:
    given: dict[str, Any] = {
        "key": GUID,
        "scope": SCOPE,
        "code": "NORTH",
        "name": "Northfield Tooling",
        "email": "sales@northfield.example",
        "phone": "+1 555 0100",
        "addresses": (
            Address(id="1", line1="1 Mill Road", city="Dayton", region="OH", postal_code="45402", country="US"),
        ),
    }
    return Supplier(**{**given, **values})


def account(**values: Any) -> GLAccount:
    given = {"key": "a2", "scope": SCOPE, "code": "7200", "name": "Tooling", "kind": "Expense"}
    return GLAccount(**{**given, **values})


def center(**values: Any) -> CostCenter:
    return CostCenter(**{"key": "cc1", "scope": SCOPE, "code": "PRS", "name": "Press Shop", **values})


def location(**values: Any) -> Location:
    return Location(**{"key": "b1", "scope": SCOPE, "code": "P2", "name": "Plant 2", "city": "Dayton", **values})


def line(number: str = "1", release: str = "1", **values: Any) -> OrderLine:
    given: dict[str, Any] = {
        "id": f"{number}/{release}",
        "number": number,
        "release": release,
        "item": "6204",
        "description": "Bearing 6204",
        "quantity": Decimal(40),
        "unit": "each",
        "unit_price": Decimal("12.50"),
        "net": Decimal("500.00"),
        "wanted_on": date(2026, 4, 15),
        "gl_account": ACCOUNT,
        "cost_center": CENTER,
    }
    return OrderLine(**{**given, **values})


def order(*lines: OrderLine, **values: Any) -> PurchaseOrder:
    given: dict[str, Any] = {
        "key": "po1",
        "scope": SCOPE,
        "number": "P-20417",
        "supplier": HOUSE,
        "ordered_on": date(2026, 3, 2),
        "currency": "USD",
        "lines": lines or (line(),),
    }
    return PurchaseOrder(**{**given, **values})


def invoice(**values: Any) -> Invoice:
    given: dict[str, Any] = {
        "key": "i1",
        "scope": SCOPE,
        "number": "INV-7",
        "supplier": HOUSE,
        "invoice_date": date(2026, 2, 20),
        "currency": "USD",
        "net": Decimal("100.00"),
        "tax": Decimal("8.25"),
        "lines": (InvoiceLine(id="1", number="1", amount=Decimal("100.00")),),
    }
    return Invoice(**{**given, **values})


def refs(vendor: str = "501", department: str = "22") -> Refs:
    """Where the parents are in Procurify."""
    found = {("supplier", GUID): vendor, ("gl_account", "a1"): "61", ("cost_center", "cc9"): department}
    return Refs({key: value for key, value in found.items() if value})


def vendor_row(**values: Any) -> dict[str, Any]:
    return {
        "id": 501,
        "name": "Northfield Tooling",
        "type": 3,
        "active": True,
        "external_id": EXTERNAL_ID,
        "dateModified": "2026-02-01T08:00:00-08:00",
        **values,
    }
