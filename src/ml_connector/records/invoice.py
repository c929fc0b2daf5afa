"""A supplier invoice, credit or debit memo with its lines; amounts are signed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec

from ml_connector.records.base import Entity, Record, Reference


class InvoiceStatus(StrEnum):
    """How far an invoice has got at the source."""

    RECEIVED = "received"
    APPROVED = "approved"
    POSTED = "posted"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    CANCELLED = "cancelled"


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line; its `amount` is signed and without tax, in the invoice's currency."""

    REFERENCES: ClassVar[dict[str, Entity]] = {
        "gl_account": Entity.GL_ACCOUNTS,
        "cost_center": Entity.COST_CENTERS,
        "department": Entity.DEPARTMENTS,
        "location": Entity.LOCATIONS,
        "purchase_order": Entity.PURCHASE_ORDERS,
    }

    id: str
    number: str
    kind: str = "item"
    """item, tax, charge or discount."""
    description: str = ""
    item: str = ""
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    amount: Decimal
    tax: Decimal | None = None
    tax_code: str = ""
    project: str = ""
    gl_account: Reference | None = None
    cost_center: Reference | None = None
    department: Reference | None = None
    location: Reference | None = None
    purchase_order: Reference | None = None
    purchase_order_line: str = ""
    """`OrderLine.id` of the line that is invoiced; empty where the source does not say."""


class Invoice(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a supplier charges (positive) or credits (negative); amounts are in `currency`."""

    entity: ClassVar[Entity] = Entity.INVOICES
    REFERENCES: ClassVar[dict[str, Entity]] = {
        "supplier": Entity.SUPPLIERS,
        "purchase_order": Entity.PURCHASE_ORDERS,
    }

    number: str
    """The supplier's own number: not unique."""
    series: str = ""
    document_type: str = "invoice"
    """invoice, credit_memo, debit_memo or pro_forma."""
    company: str = ""
    supplier: Reference
    purchase_order: Reference | None = None
    status: InvoiceStatus = InvoiceStatus.RECEIVED
    invoice_date: date
    posting_date: date | None = None
    due_date: date | None = None
    entry_date: date | None = None
    arrival_date: date | None = None
    fiscal_period: str = ""
    currency: str
    exchange_rate: Decimal | None = None
    net: Decimal
    tax: Decimal = Decimal(0)
    gross: Decimal | None = None
    open_amount: Decimal | None = None
    payment_terms: str = ""
    note: str = ""
    lines: tuple[InvoiceLine, ...] = ()

    def natural_key(self) -> tuple[str, ...] | None:
        return self.company, self.supplier.key, self.series, self.document_type, self.number

    def warning_key(self) -> tuple[str, ...] | None:
        return (self.number, str(self.entry_date)) if self.entry_date else None

    def document_date(self) -> date | None:
        return self.invoice_date

    def is_closed(self) -> bool:
        return self.status in (InvoiceStatus.PAID, InvoiceStatus.CANCELLED)

    def label(self) -> str:
        total = self.gross if self.gross is not None else self.net
        return f"{self.number} {self.supplier.name or self.supplier.code} {total:,f} {self.currency}"
