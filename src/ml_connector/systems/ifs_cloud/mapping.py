"""From rows of IFS Cloud to canonical records: one table per entity; sources of the names in FACTS.md."""

from __future__ import annotations

from ml_connector.mappings import Mapping, computed, day, day_of_moment, decimal, field, key, lines, lookup, reference
from ml_connector.records import (
    Address,
    CostCenter,
    GLAccount,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    OrderLine,
    PurchaseOrder,
    Supplier,
)
from ml_connector.systems.ifs_cloud import quirks

INVOICE_STATES = {
    "Preliminary": InvoiceStatus.RECEIVED,
    "PrelPosted": InvoiceStatus.APPROVED,
    "Posted": InvoiceStatus.POSTED,
    "PartlyPaidPosted": InvoiceStatus.PARTLY_PAID,
    "PaidPosted": InvoiceStatus.PAID,
    "Cancelled": InvoiceStatus.CANCELLED,
}

TO_ADDRESS = Mapping(
    Address,
    {
        "id": field("AddressId", required=True),
        "name": field("Name"),
        "line1": field("Address1"),
        "line2": field("Address2"),
        "city": field("City"),
        "region": field("State"),
        "postal_code": field("ZipCode"),
        "country": field("Country"),
    },
)

TO_SUPPLIER = Mapping(
    Supplier,
    {
        "key": key("SupplierId"),
        "code": field("SupplierId", required=True),
        "name": field("Name", required=True),
        "tax_id": field("AssociationNo"),
        "country": field("Country"),
        "created_on": field("CreationDate", day_of_moment),
        "addresses": lines("lines", TO_ADDRESS),
    },
)

TO_ORDER_LINE = Mapping(
    OrderLine,
    {
        "id": key("LineNo", "ReleaseNo"),
        "number": field("LineNo", required=True),
        "release": field("ReleaseNo"),
        "item": field("PartNo"),
        "description": field("Description"),
        "quantity": field("BuyQtyDue", decimal),
        "unit": field("BuyUnitMeas"),
        "unit_price": field("BuyUnitPrice", decimal),
        "net": field("NetAmtCurr", decimal),
        "gross": field("GrossAmtCurr", decimal),
        "tax_code": field("TaxCode"),
        "wanted_on": field("WantedDeliveryDate", day_of_moment),
        "promised_on": field("PlannedReceiptDate", day_of_moment),
        "project": field("ProjectId"),
        "gl_account": computed(quirks.account),
        "cost_center": computed(quirks.cost_center),
        "cancelled": computed(quirks.line_cancelled),
    },
)

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": key("OrderNo"),
        "scope": field("Company", required=True),
        "number": field("OrderNo", required=True),
        "company": field("Company", required=True),
        "supplier": reference(field("VendorNo", required=True), name="VendorName"),
        "status": computed(quirks.order_status),
        "ordered_on": field("OrderDate", day_of_moment),
        "created_at": computed(quirks.server_moment),
        "wanted_on": field("WantedReceiptDate", day_of_moment),
        "currency": field("CurrencyCode", required=True),
        "exchange_rate": field("CurrencyRate", decimal),
        "net": field("NetAmount", decimal),
        "tax": field("TaxAmount", decimal),
        "gross": field("GrossAmount", decimal),
        "payment_terms": field("PayTermId"),
        "buyer": field("BuyerCode"),
        "site": field("Contract"),
        "note": field("NoteText"),
        "lines": lines("lines", TO_ORDER_LINE),
    },
)

TO_INVOICE_LINE = Mapping(
    InvoiceLine,
    {
        "id": field("RowId", required=True),
        "number": field("RowId", required=True),
        "amount": field("CurrAmount", decimal, required=True),
        "gl_account": computed(quirks.account),
        "cost_center": computed(quirks.cost_center),
        "purchase_order": computed(quirks.line_order),
        "purchase_order_line": computed(quirks.order_line_id),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": key("Company", "InvoiceId"),
        "scope": field("Company", required=True),
        "number": field("InvoiceNo", required=True),
        "series": field("SeriesId"),
        "document_type": computed(quirks.document_type),
        "company": field("Company", required=True),
        "supplier": reference(field("Identity", required=True), name="SupplierName"),
        "purchase_order": computed(quirks.head_order),
        "status": lookup("Objstate", INVOICE_STATES),
        "invoice_date": field("InvoiceDate", day_of_moment, required=True),
        "due_date": field("DueDate", day_of_moment),
        "entry_date": field("CreationDate", day_of_moment),
        "arrival_date": field("ArrivalDate", day_of_moment),
        "currency": field("Currency", required=True),
        "exchange_rate": computed(quirks.exchange_rate),
        "net": field("NetCurrAmount", decimal, required=True),
        "tax": field("VatCurrAmount", decimal),
        "gross": computed(quirks.gross),
        "payment_terms": field("PayTermId"),
        "note": field("VoucherText"),
        "lines": lines("lines", TO_INVOICE_LINE),
    },
)

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        "key": key("Company", "Account"),
        "scope": field("Company", required=True),
        "code": field("Account", required=True),
        "name": field("Description"),
        "company": field("Company", required=True),
        "active": computed(quirks.not_blocked),
        "valid_from": field("ValidFrom", day),
        "valid_to": field("ValidUntil", day),
        "kind": field("LogicalAccountType"),
        "group": field("AccntGroup"),
    },
)

TO_COST_CENTER = Mapping(
    CostCenter,
    {
        "key": computed(quirks.cost_center_key),
        "scope": field("Company", required=True),
        "code": computed(quirks.cost_center_code),
        "name": field("Description"),
        "company": field("Company", required=True),
        "valid_from": field("ValidFrom", day_of_moment),
        "valid_to": field("ValidUntil", day_of_moment),
    },
)
