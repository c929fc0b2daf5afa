"""The collections we read, by the names of the fact sheet (FACTS 20-28)."""

from __future__ import annotations

from ml_connector.protocols.odata import Kind
from ml_connector.systems.ifs_cloud.sets import Collection

SUPPLIERS = Collection("suppliers", key=("SupplierId",))
SUPPLIER_ADDRESSES = Collection("supplier_addresses", key=("SupplierId", "AddressId"))

PURCHASE_ORDERS = Collection(
    "purchase_orders",
    key=("OrderNo",),
    company="Company",
    created="DateEntered",
    created_kind=Kind.MOMENT,
    state="Objstate",
    final_states=frozenset({"Closed", "Cancelled"}),
)
_ORDER_LINE_KEY = ("OrderNo", "LineNo", "ReleaseNo")
PART_LINES = Collection("purchase_order_part_lines", key=_ORDER_LINE_KEY)
NOPART_LINES = Collection("purchase_order_nopart_lines", key=_ORDER_LINE_KEY)
INT_LINES = Collection("purchase_order_lines_int", key=_ORDER_LINE_KEY)
PRE_ACCOUNTING = Collection("pre_accounting", key=("PreAccountingId",), numbers=frozenset({"PreAccountingId"}))

_PAID = frozenset({"PaidPosted", "Cancelled"})
_INVOICE_NUMBERS = frozenset({"InvoiceId", "RowId"})
INVOICES = Collection(
    "invoices",
    key=("Company", "InvoiceId"),
    numbers=_INVOICE_NUMBERS,
    company="Company",
    created="CreationDate",
    state="Objstate",
    final_states=_PAID,
)
MANUAL_INVOICES = Collection(
    "manual_invoices",
    key=("Company", "InvoiceId"),
    numbers=_INVOICE_NUMBERS,
    company="Company",
    created="CreationDate",
    state="Objstate",
    final_states=_PAID,
)
INVOICE_LINES = Collection(
    "invoice_lines", key=("Company", "InvoiceId", "RowId"), numbers=_INVOICE_NUMBERS, company="Company"
)

GL_ACCOUNTS = Collection("gl_accounts", key=("Company", "Account"), company="Company")
COST_CENTERS = Collection("cost_centers", key=("Company", "Code{part}"), company="Company")
ACCOUNTING_CODE_PARTS = Collection("code_parts", key=("Company", "CodePart"), company="Company")
COMPANIES = Collection("companies", key=("Company",), company="Company")

COLLECTIONS = {
    each.name: each
    for each in (
        SUPPLIERS,
        SUPPLIER_ADDRESSES,
        PURCHASE_ORDERS,
        PART_LINES,
        NOPART_LINES,
        INT_LINES,
        PRE_ACCOUNTING,
        INVOICES,
        MANUAL_INVOICES,
        INVOICE_LINES,
        GL_ACCOUNTS,
        COST_CENTERS,
        ACCOUNTING_CODE_PARTS,
        COMPANIES,
    )
}
