"""A purchase order with its lines; releases are lines of their own, keyed (line, release)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

import msgspec

from ml_connector.records.base import Entity, Record, Reference


class OrderStatus(StrEnum):
    """How far an order has got, coarse enough for every ERP."""

    PLANNED = "planned"
    RELEASED = "released"
    CONFIRMED = "confirmed"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    INVOICED = "invoiced"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line, or one release of a line, of a purchase order."""

    REFERENCES: ClassVar[dict[str, Entity]] = {
        "gl_account": Entity.GL_ACCOUNTS,
        "cost_center": Entity.COST_CENTERS,
        "department": Entity.DEPARTMENTS,
        "location": Entity.LOCATIONS,
    }

    id: str
    """Key inside the order: `line` or `line/release`, as `join_key` writes it."""
    number: str
    """The line's number as people see it; a text, since \"10\" may sort before \"2\"."""
    release: str = ""
    kind: str = "item"
    """item, charge or text."""
    item: str = ""
    """Part number; empty for no-part lines."""
    description: str = ""
    quantity: Decimal = Decimal(0)
    """Ordered, in `unit`."""
    quantity_received: Decimal | None = None
    quantity_invoiced: Decimal | None = None
    quantity_cancelled: Decimal | None = None
    unit: str = ""
    unit_price: Decimal = Decimal(0)
    """In the order's currency, without tax."""
    net: Decimal | None = None
    gross: Decimal | None = None
    tax_code: str = ""
    wanted_on: date | None = None
    promised_on: date | None = None
    project: str = ""
    gl_account: Reference | None = None
    cost_center: Reference | None = None
    department: Reference | None = None
    location: Reference | None = None
    cancelled: bool = False


class PurchaseOrder(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What was ordered from one supplier; amounts are in `currency`."""

    entity: ClassVar[Entity] = Entity.PURCHASE_ORDERS
    REFERENCES: ClassVar[dict[str, Entity]] = {"supplier": Entity.SUPPLIERS, "location": Entity.LOCATIONS}

    number: str
    document_type: str = "purchase_order"
    company: str = ""
    supplier: Reference
    status: OrderStatus = OrderStatus.RELEASED
    ordered_on: date | None = None
    created_at: datetime | None = None
    wanted_on: date | None = None
    currency: str
    exchange_rate: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    payment_terms: str = ""
    buyer: str = ""
    site: str = ""
    note: str = ""
    location: Reference | None = None
    lines: tuple[OrderLine, ...] = ()

    def warning_key(self) -> tuple[str, ...] | None:
        created = self.created_at.date() if self.created_at else self.ordered_on
        return (self.number, str(created)) if created else None

    def natural_key(self) -> tuple[str, ...] | None:
        return self.company, self.supplier.key, self.document_type, self.number

    def document_date(self) -> date | None:
        return self.ordered_on or (self.created_at.date() if self.created_at else None)

    def is_closed(self) -> bool:
        return self.status in (OrderStatus.CLOSED, OrderStatus.CANCELLED)

    def label(self) -> str:
        amount = f" {self.net:,f} {self.currency}" if self.net is not None else ""
        return f"{self.number} {self.supplier.name or self.supplier.code}{amount}"
