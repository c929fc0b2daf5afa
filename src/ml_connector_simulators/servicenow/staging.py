"""The vendor's staging tables and the transform maps that carry their rows on (fact sheet section 6.2).

The sheet gives column names for the two invoice tables only; for the others it gives labels. This simulator
names a column `u_` + the label in lower case with underscores, which sys_dictionary shows with its label. All
are text. An asterisk marks what the map insists on; `a -> b` shows the column of the target it fills.

sn_fcms_intg_imp_supplier -> sn_fin_supplier, upsert by (erp_number, erp_source)
    u_erp_source*, u_erp_company_code* -> erp_number, u_legal_name* -> name and legal_name, u_tax_id, u_address,
    u_street, u_city, u_state, u_zip, u_country
sn_fcms_intg_imp_order -> sn_shop_purchase_order, upsert by (erp_number, erp_source)
    u_erp_source*, u_erp_po_number* -> erp_number, u_supplier_company_name -> supplier (the supplier's ERP code
    or its name; of several with one name the first), u_legal_entity, u_cost_center (account number or code),
    u_order_type, u_payment_term, u_po_amount -> total_amount, u_po_amount_currency, u_po_status -> status
sn_fcms_intg_imp_order_line -> sn_shop_purchase_order_line, upsert by (purchase_order, line_number)
    u_erp_source*, u_erp_po_number* -> purchase_order, u_erp_po_line_number* -> line_number, u_description,
    u_quantity, u_unit_price, u_line_amount -> total_amount, u_currency, u_gl_account, u_cost_center, u_uom,
    u_part_number, u_promised_date. The sheet knows only the first three; the rest is ours.
sn_fcms_intg_gl_account_stage -> sn_fin_gl_account, upsert by (gl_account, erp_source)
    u_erp_source*, u_number, u_gl_account*, u_account_name, u_account_currency, u_type, u_inactive
sn_fcms_intg_imp_cost_center -> cmn_cost_center, upsert by (account_number)
    u_erp_source*, u_name, u_account_number*, u_code, u_location, u_valid_from, u_valid_to, u_manager, u_parent
sn_fcms_intg_department_stage -> cmn_department, upsert by (id)
    u_erp_source*, u_erp_department_id* -> id, u_name
sn_fcms_intg_cmn_location_stage -> cmn_location, upsert by (name)
    u_erp_source*, u_name*, u_street, u_city, u_state, u_zip, u_country, u_latitude, u_longitude, u_parent,
    u_full_name
sn_fcms_intg_legal_entity_stage -> sn_fin_legal_entity, upsert by (number)
    u_erp_source*, u_number*, u_name, u_country, u_currency
sn_spend_intg_imp_invoice -> sn_shop_invoice, upsert by (external_invoice_number, external_invoice_source,
    erp_source); columns as in the sheet; u_supplier is the supplier's ERP code, u_purchase_order the ERP's
    order number or the instance's own; an unknown supplier is an error, an unknown order is ignored
sn_spend_intg_imp_invoice_line -> sn_shop_invoice_line, no upsert key: a line posted twice is two lines;
    u_purchase_order_line is `order/line` by ERP numbers, or the number of the instance's line
sn_spend_intg_imp_invoice_tax_line -> sn_shop_invoice_tax_line, sn_spend_intg_imp_payment_detail ->
    sn_shop_payment_detail, no upsert key

What an instance adds to both sides under one name, such as u_erp_key, is carried over too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from .schema import TableDefinition, texts

Action = Literal["error", "reject", "ignore", "create"]


class Lookup(msgspec.Struct, frozen=True):
    """How a reference is found from what the ERP calls its target."""

    table: str
    columns: tuple[str, ...]
    """Tried one after the other."""
    within_erp_source: bool = False
    """Whether only rows of the same ERP source count."""
    missing: Action = "ignore"
    noun: str = ""
    also: tuple[tuple[str, str], ...] = ()
    """Pairs of a column there and the staging column it must equal."""


class FieldMap(msgspec.Struct, frozen=True):
    """Carries a staging column to a column of the target."""

    source: str
    target: str
    lookup: Lookup | None = None
    money: str = ""
    """Staging column that holds the currency of this amount."""


class TransformMap(msgspec.Struct, frozen=True):
    """Carries the rows of a staging table to its target."""

    name: str
    staging: str
    label: str
    module: str
    target: str
    mandatory: tuple[str, ...]
    fields: tuple[FieldMap, ...]
    coalesce: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Staging columns that no field map reads."""
    erp_number: tuple[str, ...] = ()
    """Staging columns that, joined by a slash, make the target's erp_number."""


ERP_SOURCE = Lookup("sn_fin_erp_source", ("name",), missing="error", noun="ERP source")
SUPPLIER = Lookup("sn_fin_supplier", ("erp_number",), True, "error", "Supplier")
SUPPLIER_OR_NAME = Lookup("sn_fin_supplier", ("erp_number", "name"), True, "error", "Supplier")
ORDER = Lookup("sn_shop_purchase_order", ("erp_number", "number"), True, "ignore", "Purchase order")
ORDER_OF_LINE = Lookup("sn_shop_purchase_order", ("erp_number",), True, "error", "Purchase order")
ORDER_LINE = Lookup("sn_shop_purchase_order_line", ("erp_number", "number"), True, "ignore", "Purchase order line")
INVOICE = Lookup(
    "sn_shop_invoice",
    ("external_invoice_number",),
    True,
    "error",
    "Invoice",
    (("external_invoice_source", "u_external_invoice_source"),),
)
GL_ACCOUNT = Lookup("sn_fin_gl_account", ("gl_account", "number"), True, "ignore", "GL account")
COST_CENTER = Lookup("cmn_cost_center", ("account_number", "code"), missing="ignore", noun="Cost center")
LEGAL_ENTITY = Lookup("sn_fin_legal_entity", ("number", "name"), missing="ignore", noun="Legal entity")
LOCATION = Lookup("cmn_location", ("name",), missing="ignore", noun="Location")
USER = Lookup("sys_user", ("user_name", "name"), missing="ignore", noun="User")


def same(*names: str) -> tuple[FieldMap, ...]:
    """Maps `u_name` to `name`."""
    return tuple(FieldMap(f"u_{name}", name) for name in names)


def money(currency: str, **targets: str) -> tuple[FieldMap, ...]:
    """Maps amounts whose currency stands in another column."""
    return tuple(FieldMap(source, target, money=currency) for source, target in targets.items())


FROM_ERP = FieldMap("u_erp_source", "erp_source", ERP_SOURCE)
FROM_ERP_TEXT = FieldMap("u_erp_source", "erp_source")

MAPS = (
    TransformMap(
        "Supplier import",
        "sn_fcms_intg_imp_supplier",
        "Supplier Import",
        "erp_staging",
        "sn_fin_supplier",
        ("u_erp_source", "u_erp_company_code", "u_legal_name"),
        (
            FROM_ERP,
            FieldMap("u_erp_company_code", "erp_number"),
            FieldMap("u_legal_name", "name"),
            *same("legal_name", "tax_id", "address", "street", "city", "state", "zip", "country"),
        ),
        ("erp_number", "erp_source"),
    ),
    TransformMap(
        "Purchase order import",
        "sn_fcms_intg_imp_order",
        "Purchase Order Import",
        "erp_staging",
        "sn_shop_purchase_order",
        ("u_erp_source", "u_erp_po_number"),
        (
            FROM_ERP,
            FieldMap("u_erp_po_number", "erp_number"),
            FieldMap("u_supplier_company_name", "supplier", SUPPLIER_OR_NAME),
            FieldMap("u_legal_entity", "legal_entity", LEGAL_ENTITY),
            FieldMap("u_cost_center", "cost_center", COST_CENTER),
            *same("order_type", "payment_term"),
            *money("u_po_amount_currency", u_po_amount="total_amount"),
            FieldMap("u_po_status", "status"),
        ),
        ("erp_number", "erp_source"),
        also=("u_po_amount_currency",),
    ),
    TransformMap(
        "Purchase order line import",
        "sn_fcms_intg_imp_order_line",
        "Purchase Order Line Import",
        "erp_staging",
        "sn_shop_purchase_order_line",
        ("u_erp_source", "u_erp_po_number", "u_erp_po_line_number"),
        (
            FROM_ERP,
            FieldMap("u_erp_po_number", "purchase_order", ORDER_OF_LINE),
            FieldMap("u_erp_po_line_number", "line_number"),
            *same("description", "quantity", "uom", "part_number", "promised_date"),
            *money("u_currency", u_unit_price="unit_price", u_line_amount="total_amount"),
            FieldMap("u_gl_account", "gl_account", GL_ACCOUNT),
            FieldMap("u_cost_center", "cost_center", COST_CENTER),
        ),
        ("purchase_order", "line_number"),
        also=("u_currency",),
        erp_number=("u_erp_po_number", "u_erp_po_line_number"),
    ),
    TransformMap(
        "GL account import",
        "sn_fcms_intg_gl_account_stage",
        "GL Account Import",
        "erp_staging",
        "sn_fin_gl_account",
        ("u_erp_source", "u_gl_account"),
        (
            FROM_ERP,
            *same("number", "gl_account", "account_name", "account_currency", "type", "inactive"),
        ),
        ("gl_account", "erp_source"),
    ),
    TransformMap(
        "Cost center import",
        "sn_fcms_intg_imp_cost_center",
        "Cost Center Import",
        "erp_staging",
        "cmn_cost_center",
        ("u_erp_source", "u_account_number"),
        (
            FROM_ERP_TEXT,
            *same("name", "account_number", "code", "valid_from", "valid_to"),
            FieldMap("u_location", "location", LOCATION),
            FieldMap("u_manager", "manager", USER),
            FieldMap("u_parent", "parent", COST_CENTER),
        ),
        ("account_number",),
    ),
    TransformMap(
        "Department import",
        "sn_fcms_intg_department_stage",
        "Department Import",
        "erp_staging",
        "cmn_department",
        ("u_erp_source", "u_erp_department_id"),
        (FROM_ERP_TEXT, FieldMap("u_erp_department_id", "id"), *same("name")),
        ("id",),
    ),
    TransformMap(
        "Location import",
        "sn_fcms_intg_cmn_location_stage",
        "Location Import",
        "erp_staging",
        "cmn_location",
        ("u_erp_source", "u_name"),
        (
            FROM_ERP_TEXT,
            *same("name", "street", "city", "state", "zip", "country", "latitude", "longitude", "full_name"),
            FieldMap("u_parent", "parent", LOCATION),
        ),
        ("name",),
    ),
    TransformMap(
        "Legal entity import",
        "sn_fcms_intg_legal_entity_stage",
        "Legal Entity Import",
        "erp_staging",
        "sn_fin_legal_entity",
        ("u_erp_source", "u_number"),
        (FROM_ERP, *same("number", "name", "country", "currency")),
        ("number",),
    ),
    TransformMap(
        "Invoice import",
        "sn_spend_intg_imp_invoice",
        "Invoice Import",
        "spend_staging",
        "sn_shop_invoice",
        (
            "u_external_invoice_number",
            "u_external_invoice_source",
            "u_erp_source",
            "u_supplier",
            "u_invoice_date",
            "u_subtotal",
        ),
        (
            FROM_ERP,
            FieldMap("u_supplier", "supplier", SUPPLIER),
            FieldMap("u_purchase_order", "purchase_order", ORDER),
            FieldMap("u_legal_entity", "legal_entity", LEGAL_ENTITY),
            *same(
                "invoice_type",
                "supplier_invoice_number",
                "external_invoice_number",
                "external_invoice_source",
                "invoice_date",
                "payment_terms",
                "currency",
                "erp_number",
                "business_owner",
            ),
            *money(
                "u_currency",
                u_subtotal="subtotal",
                u_tax_amount="tax_amount",
                u_shipping_amount="shipping_amount",
                u_other_charges="other_charges",
                u_discounts="discounts",
                u_amount_invoiced="invoice_amount",
            ),
        ),
        ("external_invoice_number", "external_invoice_source", "erp_source"),
    ),
    TransformMap(
        "Invoice line import",
        "sn_spend_intg_imp_invoice_line",
        "Invoice Line Import",
        "spend_staging",
        "sn_shop_invoice_line",
        (
            "u_external_invoice_number",
            "u_external_invoice_source",
            "u_erp_source",
            "u_line_description",
            "u_line_quantity",
            "u_line_unit_price",
            "u_subtotal",
        ),
        (
            FROM_ERP,
            FieldMap("u_external_invoice_number", "invoice", INVOICE),
            *same("line_description", "tax_code", "currency", "uom"),
            FieldMap("u_line_quantity", "quantity"),
            *money(
                "u_currency",
                u_line_unit_price="unit_price",
                u_subtotal="subtotal",
                u_line_amount_invoiced="line_amount",
                u_tax_amount="tax_amount",
            ),
            FieldMap("u_purchase_order_line", "purchase_order_line", ORDER_LINE),
            FieldMap("u_cost_center", "cost_center", COST_CENTER),
            FieldMap("u_gl_account", "gl_account", GL_ACCOUNT),
        ),
        also=("u_external_invoice_source",),
    ),
    TransformMap(
        "Invoice tax line import",
        "sn_spend_intg_imp_invoice_tax_line",
        "Invoice Tax Line Import",
        "spend_staging",
        "sn_shop_invoice_tax_line",
        ("u_external_invoice_number", "u_external_invoice_source", "u_erp_source"),
        (
            FROM_ERP,
            FieldMap("u_external_invoice_number", "invoice", INVOICE),
            *same("tax_code"),
            *money("u_currency", u_tax_amount="tax_amount"),
        ),
        also=("u_external_invoice_source", "u_currency"),
    ),
    TransformMap(
        "Payment detail import",
        "sn_spend_intg_imp_payment_detail",
        "Payment Detail Import",
        "spend_staging",
        "sn_shop_payment_detail",
        ("u_external_invoice_number", "u_external_invoice_source", "u_erp_source"),
        (
            FROM_ERP,
            FieldMap("u_external_invoice_number", "invoice", INVOICE),
            *same("payment_number", "payment_date"),
            *money("u_currency", u_amount="amount"),
        ),
        also=("u_external_invoice_source", "u_currency"),
    ),
)

MAP_OF = {one.staging: one for one in MAPS}

LONG = ("u_address", "u_street", "u_description", "u_line_description", "u_full_name")
SHORT = ("u_currency", "u_po_amount_currency", "u_uom", "u_tax_code", "u_zip", "u_state")


def staging_names(one: TransformMap) -> Iterator[str]:
    """Yields the columns of a staging table, each once, in the order in which its map reads them."""
    yield from dict.fromkeys([*(field.source for field in one.fields), *one.also])


def staging_table(one: TransformMap) -> TableDefinition:
    """Returns the staging table of a map: text columns, at most 40 or 100 characters (section 6.2)."""
    columns = tuple(
        column
        for name in staging_names(one)
        for column in texts(name, size=1000 if name in LONG else 40 if name in SHORT else 100)
    )
    return TableDefinition(
        one.staging,
        one.label,
        one.module,
        columns,
        parent="sys_import_set_row",
        display="sys_id",
        profile="s2p",
    )


STAGING_TABLES = tuple(staging_table(one) for one in MAPS)
