"""What the instance holds before anybody connects: users, stockrooms, ERP sources, and what people typed by hand."""

from __future__ import annotations

from ..story import Invoice, Order, Story
from .instance import Instance
from .tables import Row
from .writing import insert

TYPIST = "erika.sample"
STOCKROOM = "Central Receiving"
ERP_SOURCES = ("IFS", "IFS-PROD", "PLEX", "SYSPRO", "SAGE-X3")


def fill(instance: Instance, story: Story) -> None:
    """Fills an empty instance; business tables stay empty but for the rows keyed by hand."""
    instance.place("alm_stockroom", {"name": STOCKROOM})
    for name in ERP_SOURCES:
        instance.place("sn_fin_erp_source", {"name": name})
    instance.place("sys_user", {"user_name": TYPIST, "name": "Erika Sample", "email": "erika.sample@example.com"})
    _type_pages(instance, story)
    _type_s2p(instance, story)


def _type_pages(instance: Instance, story: Story) -> None:
    """Types suppliers, orders and an invoice into the tables of the product pages, without any ERP key.

    The order's ERP number stands in `number`, over the automatic one.
    """
    companies = {
        supplier.number: _type(
            instance,
            "core_company",
            {"name": supplier.name or "", "vendor": "true", "country": supplier.country},
        )
        for supplier in reversed(story.hand_keyed.suppliers)
    }
    ship_to = instance.tables["alm_stockroom"].find(name=STOCKROOM)[0]["sys_id"]
    for order in story.hand_keyed.orders:
        row = _type(
            instance,
            "proc_po",
            {
                "number": order.number,
                "vendor": companies[order.supplier],
                "ship_to": ship_to,
                "status": "ordered",
                "po_date": f"{order.ordered_on} 00:00:00",
                "short_description": order.note,
            },
        )
        _type_order_lines(instance, order, row)
    for invoice in story.hand_keyed.invoices:
        _type_invoice(instance, invoice, companies[invoice.supplier])


def _type_order_lines(instance: Instance, order: Order, order_id: str) -> None:
    for line in order.lines:
        _type(
            instance,
            "proc_po_item",
            {
                "purchase_order": order_id,
                "short_description": line.description,
                "part_number": line.part or "",
                "ordered_quantity": str(line.quantity),
                "cost": f"{order.currency};{line.unit_price}",
                "status": "ordered",
            },
        )


def _type_invoice(instance: Instance, invoice: Invoice, vendor: str) -> None:
    code = invoice.currency
    row = _type(
        instance,
        "sn_apo_invoice",
        {
            "supplier_invoice_number": invoice.number or "",
            "vendor": vendor,
            "invoice_date": str(invoice.invoice_date),
            "due_date": str(invoice.due_on),
            "currency": code,
            "subtotal": f"{code};{invoice.net}",
            "tax_amount": f"{code};{invoice.tax}",
            "total_amount": f"{code};{invoice.gross}",
        },
    )
    for line in invoice.lines:
        _type(
            instance,
            "sn_apo_invoice_line",
            {
                "invoice": row,
                "line_number": str(line.number),
                "line_description": line.text,
                "line_amount": f"{code};{line.amount}",
            },
        )


def _type_s2p(instance: Instance, story: Story) -> None:
    """Types the same into the Source-to-Pay tables: names and numbers, no ERP source."""
    suppliers = {
        supplier.number: _type(instance, "sn_fin_supplier", {"name": supplier.name or ""})
        for supplier in reversed(story.hand_keyed.suppliers)
    }
    for order in story.hand_keyed.orders:
        _type(
            instance,
            "sn_shop_purchase_order",
            {
                "number": order.number,
                "supplier": suppliers[order.supplier],
                "status": "ordered",
                "total_amount": f"{order.currency};{order.net}",
            },
        )
    for invoice in story.hand_keyed.invoices:
        _type(
            instance,
            "sn_shop_invoice",
            {
                "supplier_invoice_number": invoice.number or "",
                "supplier": suppliers[invoice.supplier],
                "invoice_date": str(invoice.invoice_date),
                "currency": invoice.currency,
                "invoice_amount": f"{invoice.currency};{invoice.gross}",
                "state": "matched",
            },
        )


def _type(instance: Instance, name: str, values: Row) -> str:
    """Adds a row as a person would; returns its sys_id."""
    return insert(instance, instance.tables[name], values, TYPIST)["sys_id"]
