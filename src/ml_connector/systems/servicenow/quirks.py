"""Values that could not be declared, each with its reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector.records import Address, Invoice, InvoiceLine, OrderLine, PurchaseOrder, Reference, Supplier, join_key

ZERO = Decimal(0)


def name_or_code(record: Any, env: Any) -> str:
    """A row without a name cannot be picked on a form, so its code stands in."""
    return str(record.name or record.code)


def inactive(record: Any, env: Any) -> bool:
    """The vendor's GL account says `inactive`, ours `active`."""
    return not record.active


# --- suppliers: the instance has one address per company, the ERP several; the first is taken ---------------------


def _address(supplier: Supplier) -> Address | None:
    return supplier.addresses[0] if supplier.addresses else None


def street(supplier: Supplier, env: Any) -> str:
    address = _address(supplier)
    return "\n".join(filter(None, (address.line1, address.line2))) if address else ""


def city(supplier: Supplier, env: Any) -> str:
    address = _address(supplier)
    return address.city if address else ""


def region(supplier: Supplier, env: Any) -> str:
    address = _address(supplier)
    return address.region if address else ""


def postal_code(supplier: Supplier, env: Any) -> str:
    address = _address(supplier)
    return address.postal_code if address else ""


def country(supplier: Supplier, env: Any) -> str:
    address = _address(supplier)
    return supplier.country or (address.country if address else "")


def whole_address(supplier: Supplier, env: Any) -> str:
    """The staging table has a single column for it."""
    place = " ".join(filter(None, (postal_code(supplier, env), city(supplier, env), region(supplier, env))))
    return ", ".join(filter(None, (street(supplier, env).replace("\n", ", "), place, country(supplier, env))))


# --- purchase orders -----------------------------------------------------------------------------------------------


def order_status(order: PurchaseOrder, env: Any) -> str:
    """By the table that settings may change."""
    return str(env.knowledge["order_status"].get(order.status.value, ""))


S2P_ORDER_STATUS = {
    "planned": "draft",
    "released": "ordered",
    "confirmed": "ordered",
    "partly_received": "partially_received",
    "received": "received",
    "invoiced": "received",
    "closed": "closed",
    "cancelled": "canceled",
}
"""Assumed: the sheet only says that there is a PO status (FACTS 28)."""


def s2p_order_status(order: PurchaseOrder, env: Any) -> str:
    return S2P_ORDER_STATUS[order.status.value]


def order_title(order: PurchaseOrder, env: Any) -> str:
    """proc_po has no column for the ERP's number that is certain to exist, so that people find it here."""
    return f"{order.number} {order.supplier.name}".strip()


def order_supplier(order: PurchaseOrder, env: Any) -> str:
    """`Supplier company name` takes a code or a name, by setting: names are not unique."""
    if env.knowledge.get("order_supplier") == "name" and order.supplier.name:
        return order.supplier.name
    return str(env.refs.code_of("supplier", order.supplier))


def order_amount(order: PurchaseOrder, env: Any) -> Decimal | None:
    """Without tax, as the lines sum up to."""
    return order.net if order.net is not None else order.gross


def ordered_quantity(line: OrderLine, env: Any) -> Decimal:
    """A cancelled line orders nothing: its status alone would not last, for an order's cascades to its lines."""
    return ZERO if line.cancelled else line.quantity


def order_line_amount(line: OrderLine, env: Any) -> Decimal:
    """The line's net amount; computed where the source does not give it."""
    if line.cancelled:
        return ZERO
    return line.net if line.net is not None else line.quantity * line.unit_price


def expected_on(line: OrderLine, env: Any) -> Any:
    """What the supplier promised, else what was wanted."""
    return line.promised_on or line.wanted_on


def line_key(line: Any, env: Any) -> str:
    """The ERP's key of a line: document and line."""
    header = env.parent
    return join_key(getattr(header, "number", header.key) if isinstance(line, OrderLine) else header.key, line.id)


# --- invoices ------------------------------------------------------------------------------------------------------


def invoice_status(invoice: Invoice, env: Any) -> str:
    """By the table that settings may change."""
    return str(env.knowledge["invoice_status"].get(invoice.status.value, ""))


def invoice_title(invoice: Invoice, env: Any) -> str:
    """Enriched with the supplier's name, as people look for it."""
    return f"{invoice.supplier.name} {invoice.number}".strip()


def gross(invoice: Invoice, env: Any) -> Decimal:
    """The source's own total, else net and tax."""
    return invoice.gross if invoice.gross is not None else invoice.net + invoice.tax


def line_number(line: InvoiceLine, env: Any) -> Decimal | int:
    """The column is a number; where the source's line number is a text, the position stands in."""
    return int(line.number) if line.number.isascii() and line.number.isdecimal() else int(env.position)


def line_text(line: InvoiceLine, env: Any) -> str:
    """Posting lines of an ERP often have no text; then the item says what was charged."""
    return line.description or line.item or line.kind


def numbered_line_text(line: InvoiceLine, env: Any) -> str:
    """The staging table has no line number, and its map no upsert key: the number in front tells lines apart."""
    return f"{line.number} {line_text(line, env)}"


def invoiced_quantity(line: InvoiceLine, env: Any) -> Decimal:
    """Mandatory on the staging table, while posting lines have none."""
    return Decimal(1) if line.quantity is None else line.quantity


def invoiced_price(line: InvoiceLine, env: Any) -> Decimal:
    """Mandatory on the staging table; with the quantity 1 it is the amount."""
    return line.amount if line.quantity is None or line.unit_price is None else line.unit_price


def purchase_order_line(line: InvoiceLine, env: Any) -> str:
    """The id of the order's line, where that line was delivered; nobody checks a reference, so we do not guess."""
    order = line.purchase_order or env.parent.purchase_order
    if order is None or not line.purchase_order_line:
        return ""
    key = f"{order.key}:{line.purchase_order_line}"
    return env.refs.id_of("purchase_order_line", Reference(key, line.purchase_order_line)) or ""


def order_line_number(line: InvoiceLine, env: Any) -> str:
    """`order/line` by the ERP's numbers."""
    order = line.purchase_order or env.parent.purchase_order
    if order is None or not line.purchase_order_line:
        return ""
    return f"{env.refs.code_of('purchase_order', order)}/{line.purchase_order_line}"
