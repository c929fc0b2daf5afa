"""From rows of Sage X3 to canonical records: one table per entity; sources of the names in FACTS.md."""

from __future__ import annotations

from ml_connector.mappings import (
    Mapping,
    computed,
    decimal,
    field,
    key,
    lines,
    moment,
)
from ml_connector.records import (
    Address,
    CostCenter,
    GLAccount,
    GLPosting,
    Invoice,
    InvoiceLine,
    OrderLine,
    PurchaseOrder,
    Supplier,
)
from ml_connector.systems.sage_x3.quirks import invoice_lines, invoices, orders, postings, rows, suppliers

TO_ADDRESS = Mapping(
    Address,
    {
        "id": field("BPAADD", required=True),
        "name": field("BPADES"),
        "line1": computed(suppliers.street(0)),
        "line2": computed(suppliers.street(1)),
        "city": field("CTY"),
        "region": field("SAT"),
        "postal_code": field("POSCOD"),
        "country": field("CRY"),
    },
)

TO_SUPPLIER = Mapping(
    Supplier,
    {
        "key": key("BPSNUM"),
        "scope": computed(rows.folder),
        "code": field("BPSNUM", required=True),
        "name": computed(suppliers.supplier_name),
        "tax_id": computed(suppliers.supplier_tax_id),
        "country": computed(suppliers.supplier_country),
        "currency": field("CUR"),
        "payment_terms": field("PTE"),
        "email": computed(suppliers.supplier_email),
        "phone": computed(suppliers.supplier_phone),
        "website": computed(suppliers.supplier_website),
        "active": computed(rows.active),
        "created_on": computed(rows.day_in("CREDATTIM")),
        "addresses": lines("addresses", TO_ADDRESS),
    },
)

TO_ORDER_LINE = Mapping(
    OrderLine,
    {
        "id": computed(orders.order_line_id),
        "number": field("POPLIN", required=True),
        "release": field("POQSEQ"),
        "item": field("ITMREF"),
        "description": field("ITMDES"),
        "quantity": computed(orders.quantity),
        "quantity_received": field("RCPQTYPUU", decimal),
        "quantity_invoiced": field("INVQTYPUU", decimal),
        "unit": computed(orders.unit),
        "unit_price": computed(orders.unit_price),
        "net": field("LINAMT", decimal),
        "gross": field("LINATIAMT", decimal),
        "tax_code": computed(rows.tax_code),
        "wanted_on": computed(rows.day_in("EXTRCPDAT")),
        "gl_account": computed(rows.account),
        "cost_center": computed(rows.cost_center),
        "cancelled": computed(orders.order_line_cancelled),
    },
)

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": key("POHNUM"),
        "scope": computed(rows.folder),
        "number": field("POHNUM", required=True),
        "document_type": computed(orders.order_kind),
        "company": computed(rows.company),
        "supplier": computed(orders.order_supplier),
        "status": computed(orders.order_status),
        "ordered_on": computed(rows.day_in("ORDDAT")),
        "created_at": field("CREDATTIM", moment),
        "wanted_on": computed(rows.day_in("EXTRCPDAT1")),
        "currency": field("CUR", required=True),
        "exchange_rate": field("CHGCOE", decimal),
        "net": field("TOTORD", decimal),
        "tax": field("TOTTAXAMT", decimal),
        "gross": field("TTVORD", decimal),
        "payment_terms": field("PTE"),
        "buyer": field("BUY"),
        "site": field("POHFCY"),
        "note": field("ORDREF"),
        "lines": lines("lines", TO_ORDER_LINE),
    },
)

TO_INVOICE_LINE = Mapping(
    InvoiceLine,
    {
        "id": field("id", required=True),
        "number": field("id", required=True),
        "description": computed(invoice_lines.line_description),
        "item": field("ITMREF"),
        "quantity": computed(invoice_lines.line_quantity),
        "unit": field("UOM"),
        "unit_price": field("NETPRI", decimal),
        "amount": computed(invoice_lines.line_net),
        "tax": computed(invoice_lines.line_tax),
        "tax_code": computed(rows.tax_code),
        "gl_account": computed(rows.held("account")),
        "cost_center": computed(rows.held("center")),
        "purchase_order": computed(invoice_lines.line_order),
        "purchase_order_line": computed(invoice_lines.line_order_line),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": key("NUM"),
        "scope": computed(rows.folder),
        "number": field("BPRVCR", required=True),
        "document_type": computed(invoices.document_type),
        "company": computed(rows.company),
        "supplier": computed(invoices.invoice_supplier),
        "purchase_order": computed(invoices.invoice_order),
        "status": computed(invoices.invoice_status),
        "invoice_date": computed(rows.day_in("BPRDAT", required=True)),
        "posting_date": computed(rows.day_in("ACCDAT")),
        "due_date": computed(rows.day_in("STRDUDDAT")),
        "entry_date": computed(rows.day_in("CREDATTIM")),
        "currency": field("CUR", required=True),
        "exchange_rate": computed(invoices.exchange_rate),
        "net": computed(invoices.invoice_net),
        "tax": computed(invoices.invoice_tax),
        "gross": computed(invoices.invoice_gross),
        "payment_terms": field("PTE"),
        "note": computed(rows.note),
        "lines": lines("lines", TO_INVOICE_LINE),
    },
)

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        "key": key("COA", "ACC"),
        "scope": computed(rows.folder),
        "code": field("ACC", required=True),
        "name": field("DES"),
        "active": computed(rows.active),
        "valid_from": computed(rows.day_in("VLYSTR")),
        "valid_to": computed(rows.day_in("VLYEND")),
        "kind": field("CLSCOD"),
        "currency": field("CUR"),
    },
)

TO_COST_CENTER = Mapping(
    CostCenter,
    {
        "key": key("DIE", "CCE"),
        "scope": computed(rows.folder),
        "code": field("CCE", required=True),
        "name": field("DES"),
        "active": computed(rows.active),
        "valid_from": computed(rows.day_in("VLYSTR")),
        "valid_to": computed(rows.day_in("VLYEND")),
    },
)

TO_GL_POSTING = Mapping(
    GLPosting,
    {
        "key": computed(postings.posting_key),
        "scope": computed(rows.folder),
        "journal": field("NUM", required=True),
        "line": computed(postings.of_line("LIN")),
        "company": computed(rows.company),
        "posting_date": computed(rows.day_in("ACCDAT", required=True)),
        "entry_date": computed(rows.day_in("ENTDAT")),
        "fiscal_period": computed(postings.period),
        "gl_account": computed(rows.held("account")),
        "cost_center": computed(rows.held("center")),
        "currency": field("CUR", required=True),
        "amount": computed(postings.posting_amount),
        "text": computed(postings.posting_text),
    },
)
