"""The tables of a domain: their fields in the order in which the API gives them (fact sheet section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

# amount, price (8 places), quantity (5 places): decimals, given as strings; number: a decimal given as a number;
# moment: a time stamp; midnight: a day given as a time stamp; day: a date; json: whatever was put in.
Kind = Literal["int", "text", "bool", "uuid", "amount", "price", "quantity", "number", "moment", "midnight", "day",
               "json"]  # fmt: skip


@dataclass(frozen=True)
class TableDefinition:
    """`stamp` is moved by every edit, `created` set by an insert; a set without them has no time stamp at all."""

    name: str
    columns: Mapping[str, Kind]
    key: str = "id"
    stamp: str = ""
    created: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    searched: tuple[str, ...] = ("name",)
    hidden: frozenset[str] = frozenset()  # not in a list's rows
    defaults: Mapping[str, Any] = field(default_factory=dict)
    refusable: str = ""  # the set by which rights are given, where it is another one's part


def _columns(text: str) -> dict[str, Kind]:
    """`id int, name text` as a dictionary."""
    pairs = dict(pair.split() for pair in text.split(","))
    unknown = set(pairs.values()) - set(get_args(Kind))
    if unknown:
        raise ValueError(f"unknown kinds {unknown}")
    return pairs  # type: ignore[return-value]


_DEFINITIONS = (
    TableDefinition(
        "vendors",
        _columns(
            "id int, name text, email json, type int, overall_score amount, active bool, addressLineOne text,"
            "addressLineTwo text, postalCode text, city text, state_province text, country text, phoneOne text,"
            "phoneTwo text, fax text, comments text, contact text, url text, external_id text, dateModified moment,"
            "currency int, payment_term_ref json, shipping_term_ref json, payment_method_ref json,"
            "shipping_method_ref json, tax int, default_payment_method int, is_1099_eligible bool,"
            "is_auto_email_po_enabled bool, po_pdf_labels text"
        ),
        stamp="dateModified",
        indexed=("name", "external_id"),
        searched=("name", "external_id", "contact", "city"),
        defaults={"type": 3, "active": True, "is_auto_email_po_enabled": False, "po_pdf_labels": ""},
    ),
    TableDefinition(
        "account_codes",
        _columns("id int, code text, description text, account_type int, parent int, active bool, departments json"),
        indexed=("code", "parent"),
        searched=("code", "description"),
        defaults={"account_type": 2, "active": True, "departments": ()},
    ),
    TableDefinition(
        "accounts",
        _columns(
            "id int, account_code int, department int, budget amount, active bool, start_datetime moment,"
            "end_datetime moment"
        ),
        indexed=("account_code", "department"),
        searched=(),
        defaults={"budget": 0, "active": True},
    ),
    TableDefinition(
        "departments",
        _columns("id int, name text, branch int, external_id text, active bool"),
        indexed=("name", "branch"),
        defaults={"active": True},
    ),
    TableDefinition(
        "locations",
        _columns(
            "id int, name text, currency json, phoneOne text, primary_billing_address json,"
            "primary_shipping_address json, shipping_addresses json, external_id text, active bool, headquarter bool"
        ),
        indexed=("name",),
        defaults={"active": True, "headquarter": False, "shipping_addresses": ()},
    ),
    TableDefinition(
        "orders",
        _columns(
            "id int, uuid uuid, num int, branch int, department int, user int, next_approver int,"
            "dateRequired midnight, date moment, dateModified moment, description text, currency int,"
            "totalPrice amount, lineCount int, item_count int, logs json, status int"
        ),
        stamp="dateModified",
        created=("date",),
        indexed=("uuid", "num"),
        searched=("num", "description"),
        hidden=frozenset({"id"}),
        defaults={"status": 0, "logs": (), "lineCount": 0, "item_count": 0},
    ),
    TableDefinition(
        "order_items",
        _columns(
            "id int, orderNum int, name text, num text, sku text, unit text, quantity quantity, price price,"
            "approved_quantity quantity, approved_price price, total_cost amount, tax_amount amount,"
            "shipping_amount amount, currency int, account int, accountCode text, pref_vendor int, vendor text,"
            "purchaser int, purchase_order int, PO_line_num int, po_note text, lineComment text,"
            "receivedPassQty quantity, receivedFailQty quantity, receive_method int, type int, external_id text,"
            "approved_datetime moment, last_modified moment, created_at moment, updated_at moment, status int,"
            "order_id int, order_uuid uuid, department int, requester int, custom_fields json,"
            "po_created_date moment, purchased_date moment"
        ),
        stamp="last_modified",
        created=("created_at", "updated_at"),
        indexed=("orderNum", "order_id", "purchase_order"),
        searched=("name", "sku"),
        hidden=frozenset(
            {"order_id", "order_uuid", "department", "requester", "custom_fields", "po_created_date", "purchased_date"}
        ),
        defaults={
            "sku": "", "po_note": "", "external_id": "", "receive_method": 0, "type": 0, "status": 0,
            "receivedPassQty": 0, "receivedFailQty": 0, "custom_fields": (),
        },
    ),
    TableDefinition(
        "purchase_orders",
        _columns(
            "uuid uuid, number text, procurify_PO int, PO_Num text, version int, date moment, promise_date midnight,"
            "last_modified moment, recorded_date moment, closed_date moment, expiry_date midnight, purchaser int,"
            "buyer_name text, buyer_email text, receiver_name text, receiver_address text, vendor_name text,"
            "vendor_address text, pref_vendor int, payment_terms text, shipping_terms text, shipping_method text,"
            "subtotal amount, total amount, freight amount, other amount, tax json, discount json,"
            "purchased_currency int, comment text, active bool, state int, fulfilment_status text, item_count int"
        ),
        key="procurify_PO",
        stamp="last_modified",
        created=("date",),
        indexed=("uuid",),
        searched=("number", "PO_Num", "vendor_name"),
        defaults={
            "version": 1, "payment_terms": "", "shipping_terms": "", "shipping_method": "", "active": True,
            "state": 0, "fulfilment_status": "empty", "item_count": 0, "subtotal": 0, "total": 0,
            "tax": {"value": 0, "type": 0}, "discount": {"value": 0, "type": 0}, "buyer_name": "", "buyer_email": "",
            "receiver_name": "", "receiver_address": "", "vendor_name": "", "vendor_address": "",
        },
    ),
    TableDefinition(
        "bills",
        _columns(
            "id int, uuid uuid, version int, vendor int, currency int, invoice_number text, invoice_date midnight,"
            "due_date midnight, gl_post_date midnight, submitted_date moment, last_modified_datetime moment,"
            "total_cost_with_tax number, items json, payment_uuid uuid, past_due bool, locked bool, type int,"
            "status int, costs json, subtotal_cost number, tax_amount number, shipping_amount number,"
            "payment_terms text, note text, added_purchase_orders json"
        ),
        stamp="last_modified_datetime",
        created=("submitted_date",),
        indexed=("uuid", "vendor", "invoice_number"),
        searched=("invoice_number",),
        hidden=frozenset(
            {"costs", "subtotal_cost", "tax_amount", "shipping_amount", "payment_terms", "note",
             "added_purchase_orders"}
        ),
        defaults={
            "version": 1, "items": (), "past_due": False, "locked": False, "type": 0, "status": 1, "costs": (),
            "shipping_amount": 0, "payment_terms": "", "note": "", "added_purchase_orders": (),
        },
    ),
    TableDefinition(
        "bill_lines",
        _columns(
            "id int, description text, sku text, quantity quantity, unit_cost number, tax_amount number,"
            "total_cost number, po json, orderitem int, cost_allocations json, bill int"
        ),
        indexed=("bill",),
        searched=("description",),
        hidden=frozenset({"bill"}),
        defaults={"sku": "", "quantity": 1, "tax_amount": 0, "cost_allocations": ()},
        refusable="bills",
    ),
    TableDefinition(
        "payments",
        _columns(
            "id int, uuid uuid, vendor_name text, amount amount, currency int, status text, processing_date text,"
            "posted_date day, gl_code text, bill_groups json, created_at moment, updated_at moment,"
            "vendor int, invoice_number text"
        ),
        stamp="updated_at",
        created=("created_at",),
        searched=("vendor_name",),
        hidden=frozenset({"vendor", "invoice_number"}),
        defaults={"status": "draft", "bill_groups": ()},
    ),
    TableDefinition(
        "users",
        _columns(
            "id int, user int, firstName text, lastName text, email text, department int, location int, role json,"
            "is_active bool"
        ),
        searched=("firstName", "lastName", "email"),
        defaults={"is_active": True},
    ),
    TableDefinition(
        "currencies",
        _columns("id int, name text, rate amount, base bool, active bool"),
        indexed=("name",),
        defaults={"rate": 1, "base": False, "active": True},
    ),
    TableDefinition(
        "custom_fields",
        _columns(
            "id int, name text, field_label text, field_type text, is_required bool, field_choices json,"
            "default_value text, is_active bool"
        ),
        indexed=("name",),
        defaults={"field_type": "t", "is_required": False, "field_choices": (), "is_active": True},
    ),
)  # fmt: skip

TABLES: Mapping[str, TableDefinition] = {definition.name: definition for definition in _DEFINITIONS}

# table -> (its children, by which column, under which name a person types them and the truth shows them)
CHILDREN = {"orders": ("order_items", "order_id", "order_items"), "bills": ("bill_lines", "bill", "lines")}

ORDER_PENDING, ORDER_APPROVED, ORDER_DENIED, ORDER_PURCHASED = 0, 1, 2, 3
ITEM_PENDING, ITEM_TAKEN, ITEM_BOUGHT, ITEM_DENIED = 0, 1, 2, 7
PO_PURCHASED, PO_CANCELLED, PO_CLOSED, PO_PAID, PO_REOPENED = 0, 1, 3, 4, 5
LOG_APPROVED, LOG_DENIED, LOG_PURCHASED, LOG_CLOSED = 1, 2, 4, 8
VENDOR_OTHER, VENDOR_PREFERRED, VENDOR_REGULAR, VENDOR_CARD = 1, 3, 4, 6
