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
from ml_connector.systems.sage_x3 import quirks

TO_ADDRESS = Mapping(
    Address,
    {
        "id": field("BPAADD", required=True),
        "name": field("BPADES"),
        "line1": computed(quirks.street(0)),
        "line2": computed(quirks.street(1)),
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
        "scope": computed(quirks.folder),
        "code": field("BPSNUM", required=True),
        "name": computed(quirks.supplier_name),
        "tax_id": computed(quirks.supplier_tax_id),
        "country": computed(quirks.supplier_country),
        "currency": field("CUR"),
        "payment_terms": field("PTE"),
        "email": computed(quirks.supplier_email),
        "phone": computed(quirks.supplier_phone),
        "website": computed(quirks.supplier_website),
        "active": computed(quirks.active),
        "created_on": computed(quirks.day_in("CREDATTIM")),
        "addresses": lines("addresses", TO_ADDRESS),
    },
)

TO_ORDER_LINE = Mapping(
    OrderLine,
    {
        "id": computed(quirks.order_line_id),
        "number": field("POPLIN", required=True),
        "release": field("POQSEQ"),
        "item": field("ITMREF"),
        "description": field("ITMDES"),
        "quantity": computed(quirks.quantity),
        "quantity_received": field("RCPQTYPUU", decimal),
        "quantity_invoiced": field("INVQTYPUU", decimal),
        "unit": computed(quirks.unit),
        "unit_price": computed(quirks.unit_price),
        "net": field("LINAMT", decimal),
        "gross": field("LINATIAMT", decimal),
        "tax_code": computed(quirks.tax_code),
        "wanted_on": computed(quirks.day_in("EXTRCPDAT")),
        "gl_account": computed(quirks.account),
        "cost_center": computed(quirks.cost_center),
        "cancelled": computed(quirks.order_line_cancelled),
    },
)

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": key("POHNUM"),
        "scope": computed(quirks.folder),
        "number": field("POHNUM", required=True),
        "document_type": computed(quirks.order_kind),
        "company": computed(quirks.company),
        "supplier": computed(quirks.order_supplier),
        "status": computed(quirks.order_status),
        "ordered_on": computed(quirks.day_in("ORDDAT")),
        "created_at": field("CREDATTIM", moment),
        "wanted_on": computed(quirks.day_in("EXTRCPDAT1")),
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
        "description": computed(quirks.line_description),
        "item": field("ITMREF"),
        "quantity": computed(quirks.line_quantity),
        "unit": field("UOM"),
        "unit_price": field("NETPRI", decimal),
        "amount": computed(quirks.line_net),
        "tax": computed(quirks.line_tax),
        "tax_code": computed(quirks.tax_code),
        "gl_account": computed(quirks.held("account")),
        "cost_center": computed(quirks.held("center")),
        "purchase_order": computed(quirks.line_order),
        "purchase_order_line": computed(quirks.line_order_line),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": key("NUM"),
        "scope": computed(quirks.folder),
        "number": field("BPRVCR", required=True),
        "document_type": computed(quirks.document_type),
        "company": computed(quirks.company),
        "supplier": computed(quirks.invoice_supplier),
        "purchase_order": computed(quirks.invoice_order),
        "status": computed(quirks.invoice_status),
        "invoice_date": computed(quirks.day_in("BPRDAT", required=True)),
        "posting_date": computed(quirks.day_in("ACCDAT")),
        "due_date": computed(quirks.day_in("STRDUDDAT")),
        "entry_date": computed(quirks.day_in("CREDATTIM")),
        "currency": field("CUR", required=True),
        "exchange_rate": computed(quirks.exchange_rate),
        "net": computed(quirks.invoice_net),
        "tax": computed(quirks.invoice_tax),
        "gross": computed(quirks.invoice_gross),
        "payment_terms": field("PTE"),
        "note": computed(quirks.note),
        "lines": lines("lines", TO_INVOICE_LINE),
    },
)

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        "key": key("COA", "ACC"),
        "scope": computed(quirks.folder),
        "code": field("ACC", required=True),
        "name": field("DES"),
        "active": computed(quirks.active),
        "valid_from": computed(quirks.day_in("VLYSTR")),
        "valid_to": computed(quirks.day_in("VLYEND")),
        "kind": field("CLSCOD"),
        "currency": field("CUR"),
    },
)

TO_COST_CENTER = Mapping(
    CostCenter,
    {
        "key": key("DIE", "CCE"),
        "scope": computed(quirks.folder),
        "code": field("CCE", required=True),
        "name": field("DES"),
        "active": computed(quirks.active),
        "valid_from": computed(quirks.day_in("VLYSTR")),
        "valid_to": computed(quirks.day_in("VLYEND")),
    },
)

TO_GL_POSTING = Mapping(
    GLPosting,
    {
        "key": computed(quirks.posting_key),
        "scope": computed(quirks.folder),
        "journal": field("NUM", required=True),
        "line": computed(quirks.of_line("LIN")),
        "company": computed(quirks.company),
        "posting_date": computed(quirks.day_in("ACCDAT", required=True)),
        "entry_date": computed(quirks.day_in("ENTDAT")),
        "fiscal_period": computed(quirks.period),
        "gl_account": computed(quirks.held("account")),
        "cost_center": computed(quirks.held("center")),
        "currency": field("CUR", required=True),
        "amount": computed(quirks.posting_amount),
        "text": computed(quirks.posting_text),
    },
)
