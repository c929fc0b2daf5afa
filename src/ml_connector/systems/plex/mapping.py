"""From rows of Plex to canonical records: one table per entity; sources of the names in FACTS.md."""

from __future__ import annotations

from ml_connector.mappings import Mapping, boolean, computed, field, lines, moment
from ml_connector.records import (
    Address,
    CostCenter,
    Department,
    GLAccount,
    Invoice,
    Location,
    Payment,
    PurchaseOrder,
    Supplier,
)
from ml_connector.systems.plex import quirks

TO_ADDRESS = Mapping(
    Address,
    {
        "id": field("id", required=True),
        "name": field("alternateSupplierName"),
        "line1": computed(quirks.street),
        "line2": computed(quirks.rest_of_street),
        "city": field("city"),
        "region": field("state"),
        "postal_code": field("zip"),
        "country": field("country"),
    },
)

TO_SUPPLIER = Mapping(
    Supplier,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "code": field("code", required=True),
        "name": field("name", required=True),
        "country": computed(quirks.of_main_address("country")),
        "email": computed(quirks.of_main_address("email")),
        "phone": computed(quirks.of_main_address("phone")),
        "website": field("webAddress"),
        "active": computed(quirks.supplier_active),
        "created_on": computed(quirks.day_of("createdDate")),
        "addresses": lines("addresses", TO_ADDRESS),
    },
)

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "number": field("poNumber", required=True),
        "company": computed(quirks.pcn),
        "supplier": computed(quirks.supplier),
        "status": computed(quirks.order_status),
        "ordered_on": computed(quirks.day_of("orderedDate", "poDate")),
        "created_at": field("createdDate", moment),
        "wanted_on": computed(quirks.day_of("dueDate")),
        "currency": computed(quirks.currency),
        "net": computed(quirks.order_net),
        "payment_terms": field("terms"),
        "site": field("building"),
        "note": field("note"),
        "location": computed(quirks.order_location),
        "lines": computed(quirks.order_lines),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "number": field("invoiceNumber", required=True),
        "document_type": computed(quirks.document_type),
        "company": computed(quirks.pcn),
        "supplier": computed(quirks.supplier),
        "purchase_order": computed(quirks.purchase_order),
        "status": computed(quirks.invoice_status),
        "invoice_date": computed(quirks.posting_day),
        "posting_date": computed(quirks.posting_day),
        "due_date": computed(quirks.day_of("dueDate")),
        "entry_date": computed(quirks.day_of("createdDate")),
        "fiscal_period": field("periodDisplay"),
        "currency": computed(quirks.currency),
        "exchange_rate": field("exchangeRate", quirks.exact),
        "net": computed(quirks.invoice_net),
        "tax": computed(quirks.invoice_tax),
        "gross": computed(quirks.invoice_gross),
        "open_amount": computed(quirks.open_amount),
        "payment_terms": field("terms"),
        "note": field("internalNote"),
        "lines": computed(quirks.invoice_lines),
    },
)

TO_PAYMENT = Mapping(
    Payment,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "number": field("paymentNumber", required=True),
        "company": computed(quirks.pcn),
        "supplier": computed(quirks.payment_supplier),
        "paid_on": computed(quirks.paid_on),
        "currency": computed(quirks.currency),
        "amount": computed(quirks.paid_amount),
        "method": field("paymentType"),
    },
)

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "code": field("accountNumber", required=True),
        "name": field("name"),
        "company": computed(quirks.pcn),
        "active": field("active", boolean, default=True),
        "valid_to": computed(quirks.day_of("inactiveDate")),
        "kind": field("categoryType"),
    },
)

TO_COST_CENTER = Mapping(
    CostCenter,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "code": field("costCenterSegment", required=True),
        "company": computed(quirks.pcn),
        "active": field("active", boolean, default=True),
    },
)

TO_DEPARTMENT = Mapping(
    Department,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "code": computed(quirks.department_code),
        "name": field("name"),
        "company": computed(quirks.pcn),
        "active": field("active", boolean, default=True),
    },
)

TO_LOCATION = Mapping(
    Location,
    {
        "key": field("key"),
        "scope": computed(quirks.pcn),
        "code": field("buildingCode", required=True),
        "name": field("name"),
        "company": computed(quirks.pcn),
        "active": field("active", boolean, default=True),
        "line1": computed(quirks.street),
        "city": field("city"),
        "region": field("state"),
        "postal_code": field("zipCode"),
        "country": field("country"),
    },
)
