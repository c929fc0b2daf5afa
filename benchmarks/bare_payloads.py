"""What the bare loop sends: the rows that the product sends, written down by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from benchmarks.documents import COMPANY
from benchmarks.target_columns import ERP_SOURCE

Write = tuple[str, str, dict[str, str]]
"""Method, address, payload."""
Writes = list[Write]

_QUERY = "?sysparm_exclude_reference_link=true"
_NAMESPACE = uuid.UUID("6a1f0f2e-6f0b-5a6c-9d0e-4d1c8a7b2e10")


class Head(msgspec.Struct):
    """What is needed of a head."""

    InvoiceId: int
    InvoiceNo: str
    Identity: str
    SupplierName: str
    InvoiceDate: str
    DueDate: str
    PayTermId: str
    Currency: str
    NetCurrAmount: Decimal
    VatCurrAmount: Decimal
    GrossCurrAmount: Decimal


class Line(msgspec.Struct):
    """What is needed of a line."""

    InvoiceId: int
    RowId: int
    CodeA: str
    CodeB: str
    CurrAmount: Decimal


Payloads = Callable[[Head, list[Line]], tuple[Writes, Writes, Writes]]
"""An invoice's writes in three waves: header, lines, release."""


def _sys_id(scope: str, entity: str, key: str, table: str, part: str = "header") -> str:
    return uuid.uuid5(_NAMESPACE, "\x1f".join(("1", "ifs_cloud", scope, entity, key, table, part))).hex


@cache
def _supplier(code: str) -> str:
    return _sys_id("", "suppliers", code, "core_company")


@cache
def _account(code: str) -> str:
    return _sys_id(COMPANY, "gl_accounts", f"{COMPANY}/{code}", "itfm_gl_accounts")


@cache
def _cost_center(code: str) -> str:
    return _sys_id(COMPANY, "cost_centers", f"{COMPANY}/{code}", "cmn_cost_center")


def pages(head: Head, lines: list[Line]) -> tuple[Writes, Writes, Writes]:
    """Table API: the header as a draft, the lines, the header's release."""
    key = f"{COMPANY}/{head.InvoiceId}"
    sys_id = _sys_id(COMPANY, "invoices", key, "sn_apo_invoice")
    header: dict[str, Any] = {
        "sys_id": sys_id,
        "supplier_invoice_number": head.InvoiceNo,
        "external_invoice_number": key,
        "vendor": _supplier(head.Identity),
        "purchase_order": "",
        "invoice_date": head.InvoiceDate,
        "due_date": head.DueDate,
        "currency": head.Currency,
        "subtotal": f"{head.Currency};{head.NetCurrAmount}",
        "tax_amount": f"{head.Currency};{head.VatCurrAmount}",
        "total_amount": f"{head.Currency};{head.GrossCurrAmount}",
        "status": "draft",
        "erp_source": ERP_SOURCE,
        "short_description": f"{head.SupplierName} {head.InvoiceNo}",
        "correlation_id": key,
    }
    rows = [
        {
            "sys_id": _sys_id(COMPANY, "invoices", key, "sn_apo_invoice_line", f"line:{line.RowId}"),
            "line_number": str(line.RowId),
            "purchase_order_line": "",
            "line_description": "item",
            "quantity": "",
            "unit_price": "",
            "line_amount": f"{head.Currency};{line.CurrAmount}",
            "gl_account": _account(line.CodeA),
            "cost_center": _cost_center(line.CodeB),
            "correlation_id": f'"{key}"/{line.RowId}',
            "invoice": sys_id,
        }
        for line in lines
    ]
    return (
        [("POST", f"/api/now/table/sn_apo_invoice{_QUERY}", header)],
        [("POST", f"/api/now/table/sn_apo_invoice_line{_QUERY}", row) for row in rows],
        [("PATCH", f"/api/now/table/sn_apo_invoice/{sys_id}{_QUERY}", {"status": "submitted"})],
    )


def s2p_staging(head: Head, lines: list[Line]) -> tuple[Writes, Writes, Writes]:
    """Import sets: the header, then the lines."""
    key = f"{COMPANY}/{head.InvoiceId}"
    header = {
        "u_invoice_type": "invoice",
        "u_supplier_invoice_number": head.InvoiceNo,
        "u_external_invoice_number": key,
        "u_external_invoice_source": ERP_SOURCE,
        "u_erp_source": ERP_SOURCE,
        "u_supplier": head.Identity,
        "u_purchase_order": "",
        "u_invoice_date": head.InvoiceDate,
        "u_payment_terms": head.PayTermId,
        "u_legal_entity": COMPANY,
        "u_subtotal": str(head.NetCurrAmount),
        "u_tax_amount": str(head.VatCurrAmount),
        "u_amount_invoiced": str(head.GrossCurrAmount),
        "u_currency": head.Currency,
        "u_erp_number": key,
    }
    rows = [
        {
            "u_external_invoice_number": key,
            "u_external_invoice_source": ERP_SOURCE,
            "u_erp_source": ERP_SOURCE,
            "u_line_description": f"{line.RowId} item",
            "u_line_quantity": "1",
            "u_line_unit_price": str(line.CurrAmount),
            "u_subtotal": str(line.CurrAmount),
            "u_line_amount_invoiced": str(line.CurrAmount),
            "u_purchase_order_line": "",
            "u_cost_center": line.CodeB,
            "u_gl_account": line.CodeA,
            "u_tax_amount": "",
            "u_tax_code": "",
            "u_currency": head.Currency,
            "u_uom": "",
        }
        for line in lines
    ]
    return (
        [("POST", "/api/now/import/sn_spend_intg_imp_invoice", header)],
        [("POST", "/api/now/import/sn_spend_intg_imp_invoice_line", row) for row in rows],
        [],
    )


PROFILES: dict[str, Payloads] = {"pages": pages, "s2p_staging": s2p_staging}
