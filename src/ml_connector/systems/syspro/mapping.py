"""From rows of SYSPRO to canonical records: one table per entity; sources of the names in FACTS.md."""

from __future__ import annotations

from datetime import date
from typing import Any

from ml_connector.mappings import Mapping, Word, computed, field, lines, trimmed
from ml_connector.mappings.words import Env, MissingError
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
    join_key,
)
from ml_connector.systems.syspro.quirks import dimensions, orders, references
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import day, words


def company_key(*names: str) -> Word:
    """The record's key: the company, then the columns with their blanks and zeros (FACTS 16, 17)."""

    def read(row: Any, env: Env) -> str:
        return join_key(env.knowledge["company"], *(key_text(row.get(name)) for name in names))

    return computed(read)


def company(row: Any, env: Env) -> str:
    return str(env.knowledge["company"])


def shown(name: str, *, required: bool = False) -> Word:
    """Text for people."""
    if not required:
        return field(name, trimmed)

    def read(row: Any, env: Env) -> str:
        text = words(row, name)
        if not text:
            raise MissingError(f"{name} is empty.", fix=f"Fill in {name} in SYSPRO.")
        return text

    return computed(read)


def _as_is(value: Any) -> Any:
    return value


def computed_here(name: str, *, required: bool = False) -> Word:
    """What `quirks` put into the row."""
    return field(name, _as_is, required=required)


def certain_day(value: Any) -> date:
    """A day that has to be one."""
    found = day(value)
    if found is None:
        raise ValueError(f"{value!r} is not a day")
    return found


COMPANY = computed(company)

TO_SUPPLIER = Mapping(
    Supplier,
    {
        "key": company_key("Supplier"),
        "scope": COMPANY,
        "code": shown("Supplier", required=True),
        "name": shown("SupplierName", required=True),
        "tax_id": shown("TaxRegnNum"),
        "country": shown("Nationality"),
        "currency": shown("Currency"),
        "payment_terms": shown("TermsCode"),
        "email": computed_here("email"),
        "phone": shown("Telephone"),
        "active": computed(dimensions.not_on_hold),
        "created_on": field("DateSuppAdded", day),
        "addresses": lines(
            "addresses",
            Mapping(Address, {name: computed_here(name) for name in ("id", "name", "line1", "line2", "postal_code")}),
        ),
    },
)

ORDER_LINE_FIELDS = (
    "number", "kind", "item", "description", "quantity", "quantity_received", "unit", "unit_price", "net", "tax_code",
    "wanted_on", "promised_on", "gl_account", "cost_center",
)  # fmt: skip

TO_PURCHASE_ORDER = Mapping(
    PurchaseOrder,
    {
        "key": company_key("PurchaseOrder"),
        "scope": COMPANY,
        "number": shown("PurchaseOrder", required=True),
        "company": COMPANY,
        "supplier": computed(references.supplier),
        "status": computed(orders.order_status),
        "ordered_on": field("OrderEntryDate", day),
        "wanted_on": field("OrderDueDate", day),
        "currency": computed_here("currency", required=True),
        "exchange_rate": computed_here("exchange_rate"),
        "net": computed_here("net"),
        "payment_terms": shown("TermsCode"),
        "buyer": shown("Buyer"),
        "site": shown("Warehouse"),
        "lines": lines(
            "lines",
            Mapping(
                OrderLine, {"id": computed_here("number")} | {name: computed_here(name) for name in ORDER_LINE_FIELDS}
            ),
        ),
    },
)

INVOICE_LINE_FIELDS = (
    "id", "number", "description", "amount", "gl_account", "cost_center", "purchase_order",
    "purchase_order_line",
)  # fmt: skip

TO_INVOICE = Mapping(
    Invoice,
    {
        "key": company_key("Supplier", "Invoice"),
        "scope": COMPANY,
        "number": shown("Invoice", required=True),
        "document_type": computed_here("document_type"),
        "company": COMPANY,
        "supplier": computed(references.supplier),
        "purchase_order": computed_here("purchase_order"),
        "status": computed_here("status"),
        "invoice_date": field("InvoiceDate", certain_day, required=True),
        "posting_date": field("JournalDate", day),
        "due_date": field("DueDate", day),
        "entry_date": field("JournalDate", day),
        "fiscal_period": computed_here("period"),
        "currency": computed_here("currency", required=True),
        "exchange_rate": computed_here("exchange_rate"),
        "net": computed_here("net"),
        "tax": computed_here("tax"),
        "gross": computed_here("gross"),
        "open_amount": computed_here("open_amount"),
        "note": shown("Reference"),
        "lines": lines("lines", Mapping(InvoiceLine, {name: computed_here(name) for name in INVOICE_LINE_FIELDS})),
    },
)

TO_GL_ACCOUNT = Mapping(
    GLAccount,
    {
        "key": company_key("GlCode"),
        "scope": COMPANY,
        "code": shown("GlCode", required=True),
        "name": shown("Description"),
        "company": COMPANY,
        "active": computed(dimensions.not_on_hold),
        "kind": computed(dimensions.account_kind),
        "group": shown("GlGroup"),
    },
)

TO_COST_CENTER = Mapping(
    CostCenter,
    {
        "key": computed(dimensions.cost_center_key),
        "scope": COMPANY,
        "code": shown("AnalysisCode", required=True),
        "name": shown("Description"),
        "company": COMPANY,
    },
)

TO_GL_POSTING = Mapping(
    GLPosting,
    {
        "key": computed_here("key"),
        "scope": COMPANY,
        "journal": computed_here("journal"),
        "line": computed_here("line"),
        "company": COMPANY,
        "posting_date": computed_here("posting_date", required=True),
        "entry_date": computed_here("entry_date"),
        "fiscal_period": computed_here("period"),
        "gl_account": computed_here("gl_account"),
        "cost_center": computed_here("cost_center"),
        "currency": computed_here("currency", required=True),
        "amount": computed_here("amount"),
        "text": computed_here("text"),
    },
)
