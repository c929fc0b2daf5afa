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
from ml_connector.systems.plex.quirks import invoices, orders, payments, references, suppliers, values

TO_ADDRESS = Mapping(
    Address,
    {
        "id": field("id", required=True),
        "name": field("alternateSupplierName"),
        "line1": computed(suppliers.street),
        "line2": computed(suppliers.rest_of_street),
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
        "scope": computed(values.pcn),
        "code": field("code", required=True),
        "name": field("name", required=True),
        "country": computed(suppliers.of_main_address("country")),
        "email": computed(suppliers.of_main_address("email")),
        "phone": computed(suppliers.of_main_address("phone")),
        "website": field("webAddress"),
        "active": computed(suppliers.supplier_active),
        "created_on": computed(values.day_of("createdDate")),
        "addresses": lines("addresses", TO_ADDRESS),
    },
)

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": field("key"),
        "scope": computed(values.pcn),
        "number": field("poNumber", required=True),
        "company": computed(values.pcn),
        "supplier": computed(references.supplier),
        "status": computed(orders.order_status),
        "ordered_on": computed(values.day_of("orderedDate", "poDate")),
        "created_at": field("createdDate", moment),
        "wanted_on": computed(values.day_of("dueDate")),
        "currency": computed(values.currency),
        "net": computed(orders.order_net),
        "payment_terms": field("terms"),
        "site": field("building"),
        "note": field("note"),
        "location": computed(orders.order_location),
        "lines": computed(orders.order_lines),
    },
)

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": field("key"),
        "scope": computed(values.pcn),
        "number": field("invoiceNumber", required=True),
        "document_type": computed(invoices.document_type),
        "company": computed(values.pcn),
        "supplier": computed(references.supplier),
        "purchase_order": computed(references.purchase_order),
        "status": computed(invoices.invoice_status),
        "invoice_date": computed(invoices.posting_day),
        "posting_date": computed(invoices.posting_day),
        "due_date": computed(values.day_of("dueDate")),
        "entry_date": computed(values.day_of("createdDate")),
        "fiscal_period": field("periodDisplay"),
        "currency": computed(values.currency),
        "exchange_rate": field("exchangeRate", values.exact),
        "net": computed(invoices.invoice_net),
        "tax": computed(invoices.invoice_tax),
        "gross": computed(invoices.invoice_gross),
        "open_amount": computed(invoices.open_amount),
        "payment_terms": field("terms"),
        "note": field("internalNote"),
        "lines": computed(invoices.invoice_lines),
    },
)

TO_PAYMENT = Mapping(
    Payment,
    {
        "key": field("key"),
        "scope": computed(values.pcn),
        "number": field("paymentNumber", required=True),
        "company": computed(values.pcn),
        "supplier": computed(payments.payment_supplier),
        "paid_on": computed(payments.paid_on),
        "currency": computed(values.currency),
        "amount": computed(payments.paid_amount),
        "method": field("paymentType"),
    },
)

DIMENSION = {
    "key": field("key"),
    "scope": computed(values.pcn),
    "company": computed(values.pcn),
    "active": field("active", boolean, default=True),
}
"""What accounts, cost centers, departments and locations have in common."""

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        **DIMENSION,
        "code": field("accountNumber", required=True),
        "name": field("name"),
        "valid_to": computed(values.day_of("inactiveDate")),
        "kind": field("categoryType"),
    },
)

TO_COST_CENTER = Mapping(CostCenter, {**DIMENSION, "code": field("costCenterSegment", required=True)})

TO_DEPARTMENT = Mapping(
    Department,
    {
        **DIMENSION,
        "code": computed(references.department_code),
        "name": field("name"),
    },
)

TO_LOCATION = Mapping(
    Location,
    {
        **DIMENSION,
        "code": field("buildingCode", required=True),
        "name": field("name"),
        "line1": computed(suppliers.street),
        "city": field("city"),
        "region": field("state"),
        "postal_code": field("zipCode"),
        "country": field("country"),
    },
)
