"""The tables of the target: their columns with types, and what a staging table's rows become."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Staged:
    """Where the rows of a staging table end: `u_name` becomes `name` unless `renamed` says otherwise."""

    table: str
    renamed: dict[str, str] = field(default_factory=dict)


TABLES: dict[str, dict[str, str]] = {
    "itfm_gl_accounts": {"name": "string", "account_number": "string", "active": "boolean", "correlation_id": "string"},
    "cmn_cost_center": {
        "name": "string",
        "account_number": "string",
        "code": "string",
        "valid_from": "glide_date_time",
        "valid_to": "glide_date_time",
        "erp_source": "string",
        "correlation_id": "string",
    },
    "core_company": {
        "name": "string",
        "vendor": "boolean",
        "street": "string",
        "city": "string",
        "state": "string",
        "zip": "string",
        "country": "string",
        "phone": "string",
        "website": "url",
        "correlation_id": "string",
    },
    "sn_apo_invoice": {
        "supplier_invoice_number": "string",
        "external_invoice_number": "string",
        "vendor": "reference",
        "purchase_order": "reference",
        "invoice_date": "glide_date",
        "due_date": "glide_date",
        "currency": "string",
        "subtotal": "currency",
        "tax_amount": "currency",
        "total_amount": "currency",
        "status": "string",
        "erp_source": "string",
        "short_description": "string",
        "correlation_id": "string",
    },
    "sn_apo_invoice_line": {
        "invoice": "reference",
        "line_number": "integer",
        "purchase_order_line": "reference",
        "line_description": "string",
        "quantity": "decimal",
        "unit_price": "currency",
        "line_amount": "currency",
        "gl_account": "reference",
        "cost_center": "reference",
        "correlation_id": "string",
    },
    "sn_fin_gl_account": dict.fromkeys(
        ["number", "gl_account", "account_name", "account_currency", "type", "inactive", "erp_source"], "string"
    ),
    "sn_fin_supplier": dict.fromkeys(["name", "erp_number", "tax_id", "address", "erp_source"], "string"),
    "sn_shop_invoice": dict.fromkeys(
        [
            "invoice_type",
            "supplier_invoice_number",
            "external_invoice_number",
            "external_invoice_source",
            "erp_source",
            "supplier",
            "purchase_order",
            "invoice_date",
            "payment_terms",
            "legal_entity",
            "subtotal",
            "tax_amount",
            "invoice_amount",
            "currency",
            "erp_number",
        ],
        "string",
    ),
    "sn_shop_invoice_line": dict.fromkeys(
        [
            "invoice",
            "external_invoice_source",
            "erp_source",
            "line_description",
            "quantity",
            "unit_price",
            "subtotal",
            "line_amount",
            "purchase_order_line",
            "cost_center",
            "gl_account",
            "tax_amount",
            "tax_code",
            "currency",
            "uom",
        ],
        "string",
    ),
    "sn_fin_erp_source": {"name": "string"},
}

STAGED: dict[str, Staged] = {
    "sn_fcms_intg_gl_account_stage": Staged("sn_fin_gl_account"),
    "sn_fcms_intg_imp_cost_center": Staged("cmn_cost_center"),
    "sn_fcms_intg_imp_supplier": Staged(
        "sn_fin_supplier", {"u_legal_name": "name", "u_erp_company_code": "erp_number"}
    ),
    "sn_spend_intg_imp_invoice": Staged("sn_shop_invoice", {"u_amount_invoiced": "invoice_amount"}),
    "sn_spend_intg_imp_invoice_line": Staged(
        "sn_shop_invoice_line",
        {
            "u_external_invoice_number": "invoice",
            "u_line_quantity": "quantity",
            "u_line_unit_price": "unit_price",
            "u_line_amount_invoiced": "line_amount",
        },
    ),
}

STAGING_COLUMNS: dict[str, dict[str, str]] = {
    "sn_fcms_intg_gl_account_stage": dict.fromkeys(
        ["u_erp_source", "u_number", "u_gl_account", "u_account_name", "u_account_currency", "u_type", "u_inactive"],
        "string",
    ),
    "sn_fcms_intg_imp_cost_center": dict.fromkeys(
        ["u_erp_source", "u_name", "u_account_number", "u_code", "u_valid_from", "u_valid_to"], "string"
    ),
    "sn_fcms_intg_imp_supplier": dict.fromkeys(
        ["u_erp_source", "u_legal_name", "u_erp_company_code", "u_tax_id", "u_address"], "string"
    ),
    "sn_spend_intg_imp_invoice": dict.fromkeys(
        [
            "u_invoice_type",
            "u_supplier_invoice_number",
            "u_external_invoice_number",
            "u_external_invoice_source",
            "u_erp_source",
            "u_supplier",
            "u_purchase_order",
            "u_invoice_date",
            "u_payment_terms",
            "u_legal_entity",
            "u_subtotal",
            "u_tax_amount",
            "u_amount_invoiced",
            "u_currency",
            "u_erp_number",
        ],
        "string",
    ),
    "sn_spend_intg_imp_invoice_line": dict.fromkeys(
        [
            "u_external_invoice_number",
            "u_external_invoice_source",
            "u_erp_source",
            "u_line_description",
            "u_line_quantity",
            "u_line_unit_price",
            "u_subtotal",
            "u_line_amount_invoiced",
            "u_purchase_order_line",
            "u_cost_center",
            "u_gl_account",
            "u_tax_amount",
            "u_tax_code",
            "u_currency",
            "u_uom",
        ],
        "string",
    ),
}

STATUSES = ("draft", "submitted", "paid", "canceled")
"""The choices of sn_apo_invoice.status."""
ERP_SOURCE = "IFS"
