"""From rows of Procurify to canonical records: one table per entity; sources of the names in FACTS.md."""

from __future__ import annotations

from ml_connector.mappings import Mapping, boolean, computed, day_of_moment, field
from ml_connector.records import Department, GLAccount, Invoice, Location, Payment, Supplier
from ml_connector.systems.procurify import bill_lines, rows

TO_SUPPLIER = Mapping(
    Supplier,
    {
        "key": field("key"),
        "scope": computed(rows.domain),
        "code": field("id", required=True),
        "name": field("name", required=True),
        "country": field("country"),
        "payment_terms": computed(rows.payment_terms),
        "email": computed(rows.email),
        "phone": field("phoneOne"),
        "website": field("url"),
        "active": field("active", boolean, default=True),
        "addresses": computed(rows.vendor_addresses),
    },
)

DIMENSION = {
    "key": field("key"),
    "scope": computed(rows.domain),
    "company": computed(rows.domain),
    "active": field("active", boolean, default=True),
}
"""What accounts, departments and locations have in common."""

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        **DIMENSION,
        "code": field("code", required=True),
        "name": field("description"),
        "kind": computed(rows.account_kind),
    },
)

TO_DEPARTMENT = Mapping(
    Department,
    {
        **DIMENSION,
        "code": field("name", required=True),
        "name": field("name"),
    },
)

TO_LOCATION = Mapping(
    Location,
    {
        **DIMENSION,
        "code": field("name", required=True),
        "name": field("name"),
        "line1": computed(rows.of_address("addressLineOne")),
        "city": computed(rows.of_address("city")),
        "region": computed(rows.of_address("state_province")),
        "postal_code": computed(rows.of_address("postalCode")),
        "country": computed(rows.of_address("country")),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": field("key"),
        "scope": computed(rows.domain),
        "number": field("invoice_number", required=True),
        "document_type": computed(bill_lines.document_type),
        "company": computed(rows.domain),
        "supplier": computed(rows.supplier),
        "purchase_order": computed(bill_lines.only_purchase_order),
        "status": computed(rows.bill_status),
        "invoice_date": field("invoice_date", day_of_moment, required=True),
        "posting_date": field("gl_post_date", day_of_moment),
        "due_date": field("due_date", day_of_moment),
        "entry_date": field("submitted_date", day_of_moment),
        "currency": computed(rows.currency),
        "net": computed(bill_lines.net),
        "tax": computed(bill_lines.tax),
        "gross": computed(bill_lines.gross),
        "payment_terms": field("payment_terms"),
        "note": field("note"),
        "lines": computed(bill_lines.lines),
    },
)

TO_PAYMENT = Mapping(
    Payment,
    {
        "key": field("key"),
        "scope": computed(rows.domain),
        "number": field("id", required=True),
        "company": computed(rows.domain),
        "supplier": computed(rows.payer_of),
        "paid_on": computed(rows.paid_on),
        "currency": computed(rows.currency),
        "amount": computed(rows.amount),
    },
)
