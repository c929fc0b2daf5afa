"""The tables of the instance and their columns (fact sheet sections 5 and 6).

Columns the sheet marks as assumed stand here under the name it gives. Staging tables are in staging.py.
"""

from __future__ import annotations

import msgspec

from .columns import Column, Kind

ACRONYMS = {"erp": "ERP", "po": "PO", "gl": "GL", "id": "ID", "uom": "UOM"}


class Module(msgspec.Struct, frozen=True):
    """What a group of tables needs before it answers: a plugin, and one of the roles."""

    plugin: str
    read_roles: tuple[str, ...]
    """Empty: everybody who is signed in."""
    write_roles: tuple[str, ...]


AP_ROLES = ("sn_apay.apo_user", "sn_ap_apm.accounts_payable_specialist", "sn_ap_apm.admin")
PROCUREMENT_ROLES = ("procurement_user", "procurement_admin")
S2P_ROLES = ("sn_shop.procurement_common_user", "sn_fin.procurement_user")
STAGING_ROLES = ("sn_fcms_intg.integration_user", "sn_spend_intg.procurement_integrator")
DATA_ROLES = AP_ROLES + PROCUREMENT_ROLES + S2P_ROLES + STAGING_ROLES

MODULES = {
    "foundation": Module("", (), DATA_ROLES),
    "metadata": Module("", (), ("admin",)),
    "system": Module("", (), ("admin",)),
    "procurement": Module("com.snc.procurement", PROCUREMENT_ROLES, PROCUREMENT_ROLES),
    "payable": Module("com.sn_ap_apm", (*AP_ROLES, "sn_ap_apm.reader"), AP_ROLES),
    "finance": Module("com.snc.financial_management", AP_ROLES + PROCUREMENT_ROLES, AP_ROLES + PROCUREMENT_ROLES),
    "shopping": Module(
        "com.snc.sn_shop",
        ("sn_shop.procurement_common_user", "sn_shop.reader", "sn_ap_apm.accounts_payable_specialist"),
        ("sn_shop.procurement_common_user",),
    ),
    "s2p_finance": Module("com.sn_fin", ("sn_fin.procurement_user",), ("sn_fin.procurement_user",)),
    "erp_staging": Module("sn_fcms_intg", ("sn_fcms_intg.integration_user",), ("sn_fcms_intg.integration_user",)),
    "spend_staging": Module(
        "com.glide.sn_spend_intg",
        ("sn_spend_intg.procurement_integrator",),
        ("sn_spend_intg.procurement_integrator",),
    ),
}

PLUGINS = {
    "com.snc.procurement": "Procurement",
    "com.snc.financial_management": "Financial Management",
    "com.snc.sn_shop": "Sourcing and Procurement Operations",
    "com.sn_fin": "Source-to-Pay Finance",
    "com.sn_ap_apm": "Accounts Payable Operations",
    "com.snc.sn_slm": "Supplier Lifecycle Operations",
    "com.glide.sn_spend_intg": "Spend Integration",
    "sn_fcms_intg": "Finance - ERP Integration",
}

INTEGRATION_ROLES = (
    "sn_apay.apo_user",
    "sn_ap_apm.accounts_payable_specialist",
    "procurement_user",
    "sn_shop.procurement_common_user",
    "sn_fin.procurement_user",
    "sn_fcms_intg.integration_user",
    "import_transformer",
    "sn_spend_intg.procurement_integrator",
    "snc_platform_rest_api_access",
    "u_erp_gl_posting_user",
)


class TableDefinition(msgspec.Struct, frozen=True):
    """A table as the instance was delivered; switches may add or take away columns."""

    name: str
    label: str
    module: str
    columns: tuple[Column, ...]
    parent: str = ""
    prefix: str = ""
    """Of the automatic number."""
    first_number: int = 10_001
    display: str = "name"
    profile: str = ""
    """`pages` or `s2p` where only that profile has the table."""
    business: bool = False
    """Whether its rows are what an ERP sends, so that writes to it are counted."""
    abstract: bool = False
    """A parent that only lends its columns; it keeps no rows here."""


def label_of(name: str) -> str:
    """Returns the column label that belongs to a name: `u_erp_po_number` reads `ERP PO number`."""
    words = [ACRONYMS.get(word, word) for word in name.removeprefix("u_").split("_")]
    words[0] = words[0] if words[0].isupper() else words[0].capitalize()
    return " ".join(words)


def column(name: str, kind: Kind, **details: object) -> Column:
    """Declares a column whose label follows from its name unless given."""
    return msgspec.convert({"name": name, "label": label_of(name), "kind": kind, **details}, Column)


def texts(*names: str, size: int = 100, **details: object) -> tuple[Column, ...]:
    """Declares several text columns of one length."""
    return tuple(column(name, "string", max_length=size, **details) for name in names)


def keys(*names: str, size: int = 40, **details: object) -> tuple[Column, ...]:
    """Declares text columns that records are looked up by."""
    return texts(*names, size=size, indexed=True, **details)


def of(kind: Kind, *names: str, **details: object) -> tuple[Column, ...]:
    """Declares several columns of one kind."""
    return tuple(column(name, kind, max_length=40, **details) for name in names)


def ref(name: str, table: str, **details: object) -> Column:
    """Declares a reference; nobody checks that its target exists (section 2, silent behaviour)."""
    return column(name, "reference", reference=table, max_length=32, **details)


def choice(name: str, *values: str, default: str = "") -> Column:
    """Declares a choice list; a value outside it is stored empty."""
    return column(name, "choice", max_length=40, choices=values, default=default)


SYSTEM_COLUMNS = (
    column("sys_id", "guid", label="Sys ID", max_length=32),
    column("sys_created_on", "date_time", label="Created", read_only=True, max_length=40),
    column("sys_created_by", "string", label="Created by", read_only=True, max_length=40),
    column("sys_updated_on", "date_time", label="Updated", read_only=True, max_length=40),
    column("sys_updated_by", "string", label="Updated by", read_only=True, max_length=40),
    column("sys_mod_count", "integer", label="Updates", read_only=True, max_length=40),
)

CORRELATION = column("correlation_id", "string", label="Correlation ID", max_length=100, indexed=True)
"""Certain only on task-derived tables; elsewhere it must be proved (section 6)."""

TASK = TableDefinition(
    "task",
    "Task",
    "system",
    (
        *keys("number"),
        *texts("short_description", size=160),
        *texts("description", size=4000),
        CORRELATION,
        *texts("correlation_display"),
    ),
    display="number",
    abstract=True,
)

FOUNDATION = (
    TableDefinition(
        "core_company",
        "Company",
        "foundation",
        (
            *keys("name", size=80),
            *of("boolean", "vendor", "customer", "manufacturer", default="false"),
            *texts("vendor_type", size=40),
            *texts("street", size=255),
            *texts("city", "state", "zip", "country", "phone", size=40),
            *texts("website", size=1024),
            *texts("notes", size=4000),
            ref("parent", "core_company"),
            CORRELATION,
        ),
        business=True,
    ),
    TableDefinition(
        "cmn_location",
        "Location",
        "foundation",
        (
            *keys("name"),
            *texts("street", "full_name", size=255),
            *texts("city", "state", "zip", "country", "latitude", "longitude", size=40),
            ref("parent", "cmn_location"),
            ref("company", "core_company"),
            *texts("erp_source", size=100),
            CORRELATION,
        ),
        business=True,
    ),
    TableDefinition(
        "cmn_department",
        "Department",
        "foundation",
        (
            *keys("id", label="ID"),
            *keys("name"),
            *texts("description", size=1000),
            ref("dept_head", "sys_user", label="Department head"),
            ref("primary_contact", "sys_user"),
            ref("cost_center", "cmn_cost_center"),
            ref("parent", "cmn_department"),
            ref("company", "core_company"),
            *texts("erp_source"),
            CORRELATION,
        ),
        business=True,
    ),
    TableDefinition(
        "cmn_cost_center",
        "Cost Center",
        "foundation",
        (
            *keys("name", size=100),
            *keys("account_number", "code"),
            ref("location", "cmn_location"),
            *of("date_time", "valid_from", "valid_to"),
            ref("manager", "sys_user"),
            ref("parent", "cmn_cost_center"),
            *texts("erp_source"),
            CORRELATION,
        ),
        business=True,
    ),
    TableDefinition(
        "alm_stockroom",
        "Stockroom",
        "foundation",
        (*keys("name"), ref("location", "cmn_location"), ref("manager", "sys_user")),
    ),
    TableDefinition(
        "fx_currency2_instance",
        "FX Currency Instance",
        "foundation",
        (*of("decimal", "amount"), *texts("currency", size=3), *texts("table", "field", "id", size=80)),
        display="amount",
    ),
    TableDefinition(
        "sys_user",
        "User",
        "system",
        (
            *keys("user_name", label="User ID"),
            *texts("name", "first_name", "last_name", "email"),
            *of("boolean", "active", default="true"),
            *texts("time_zone", "preferred_language", size=40),
            ref("department", "cmn_department"),
        ),
    ),
    TableDefinition("sys_user_role", "Role", "system", keys("name")),
)

CUSTOM = (
    TableDefinition(
        "u_erp_gl_posting",
        "ERP GL Posting",
        "foundation",
        (
            *keys("u_erp_source", "u_company", "u_journal", "u_line", "u_fiscal_period"),
            *of("date", "u_posting_date", "u_entry_date"),
            *keys("u_gl_account", "u_cost_center", "u_currency"),
            *of("decimal", "u_amount"),
            *texts("u_description", size=255),
            CORRELATION,
        ),
        display="u_journal",
        business=True,
    ),
)
"""A table that this customer made for the postings of its ERPs."""

PROCUREMENT = (
    TableDefinition(
        "proc_po",
        "Purchase Order",
        "procurement",
        (
            *keys("number"),
            ref("vendor", "core_company"),
            ref("ship_to", "alm_stockroom", mandatory=True),
            ref("bill_to", "cmn_location"),
            choice(
                "status",
                "requested",
                "ordered",
                "pending_delivery",
                "received",
                "canceled",
                default="requested",
            ),
            *of("date", "due_by"),
            *of("date_time", "po_date", "requested", "ordered", "expected_delivery", "received"),
            *of("currency", "total_cost", read_only=True),
            *of("currency", "ship_rate"),
            *texts("terms", "shipping", "purchase_order_type", size=40),
            ref("init_request", "sc_request"),
            ref("requested_by", "sys_user"),
            ref("assigned_to", "sys_user"),
            ref("department", "cmn_department"),
            ref("contract", "ast_contract"),
            *texts("short_description", size=160),
            *texts("description", size=4000),
            CORRELATION,
        ),
        prefix="PO",
        display="number",
        profile="pages",
        business=True,
    ),
    TableDefinition(
        "proc_po_item",
        "Purchase Order Line Item",
        "procurement",
        (
            *keys("number"),
            ref("purchase_order", "proc_po", indexed=True),
            ref("vendor", "core_company"),
            ref("model", "cmdb_model"),
            ref("product_catalog", "pc_product_cat_item"),
            *texts("part_number"),
            ref("request_line", "sc_req_item"),
            *of("integer", "ordered_quantity", "received_quantity"),
            *of("integer", "remaining_quantity", read_only=True),
            *of("currency", "list_price", "cost"),
            *of("currency", "total_cost", "total_list_price", read_only=True),
            choice(
                "status",
                "requested",
                "ordered",
                "pending_delivery",
                "received",
                "canceled",
                default="requested",
            ),
            *of("date_time", "expected_delivery"),
            *texts("short_description", size=160),
            CORRELATION,
        ),
        prefix="POL",
        display="number",
        profile="pages",
        business=True,
    ),
    TableDefinition(
        "proc_rec_slip",
        "Receiving Slip",
        "procurement",
        (*keys("number"), ref("purchase_order", "proc_po", indexed=True), *of("date_time", "received")),
        prefix="RSLIP",
        display="number",
        profile="pages",
    ),
    TableDefinition(
        "itfm_gl_accounts",
        "GL Account",
        "finance",
        (
            *texts("name"),
            *keys("account_number"),
            *texts("description", size=1000),
            *of("boolean", "active", default="true"),
            CORRELATION,
        ),
        profile="pages",
        business=True,
    ),
    TableDefinition(
        "sn_apo_invoice",
        "Supplier Invoice",
        "payable",
        (
            *keys("supplier_invoice_number", "external_invoice_number"),
            ref("vendor", "core_company"),
            ref("purchase_order", "proc_po", indexed=True),
            *of("date", "invoice_date", "due_date"),
            *texts("currency", size=3),
            *of("currency", "subtotal", "tax_amount", "total_amount"),
            choice(
                "status",
                "draft",
                "submitted",
                "matched",
                "exception",
                "approved",
                "paid",
                "canceled",
                default="draft",
            ),
            *texts("erp_source"),
        ),
        parent="task",
        prefix="INV",
        display="number",
        profile="pages",
        business=True,
    ),
    TableDefinition(
        "sn_apo_invoice_line",
        "Supplier Invoice Line",
        "payable",
        (
            ref("invoice", "sn_apo_invoice", indexed=True),
            *of("integer", "line_number"),
            ref("purchase_order_line", "proc_po_item"),
            *texts("line_description", size=255),
            *of("decimal", "quantity"),
            *of("currency", "unit_price", "line_amount"),
            ref("gl_account", "itfm_gl_accounts"),
            ref("cost_center", "cmn_cost_center"),
        ),
        display="line_number",
        profile="pages",
        business=True,
    ),
)

ERP_KEY = (*keys("erp_number"), ref("erp_source", "sn_fin_erp_source", label="ERP source"))

SOURCE_TO_PAY = (
    TableDefinition("sn_fin_erp_source", "ERP Source", "s2p_finance", (*keys("name"), *texts("type")), profile="s2p"),
    TableDefinition(
        "sn_fin_legal_entity",
        "Legal Entity",
        "s2p_finance",
        (*keys("number", "name"), *texts("country", "currency", size=40), ERP_KEY[1]),
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_fin_supplier",
        "Supplier",
        "s2p_finance",
        (
            *keys("number"),
            *keys("name"),
            *texts("legal_name", "tax_id"),
            *texts("address", size=1000),
            *texts("street", size=255),
            *texts("city", "state", "zip", "country", size=40),
            *of("boolean", "active", default="true"),
            *ERP_KEY,
        ),
        prefix="SUP",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_fin_gl_account",
        "GL Account",
        "s2p_finance",
        (
            *keys("number", "gl_account"),
            *texts("account_name"),
            *texts("account_currency", "type", size=40),
            *of("boolean", "inactive", default="false"),
            ERP_KEY[1],
        ),
        display="gl_account",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_purchase_order",
        "Purchase Order",
        "shopping",
        (
            *keys("number"),
            choice(
                "status",
                "draft",
                "pending_approval",
                "approved",
                "ordered",
                "partially_received",
                "received",
                "closed",
                "canceled",
                default="draft",
            ),
            ref("supplier", "sn_fin_supplier"),
            ref("legal_entity", "sn_fin_legal_entity"),
            ref("cost_center", "cmn_cost_center"),
            *texts("order_type", "payment_term", size=40),
            *of("currency2", "total_amount", reference="fx_currency2_instance"),
            *ERP_KEY,
        ),
        prefix="SPO",
        display="number",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_purchase_order_line",
        "Purchase Order Line",
        "shopping",
        (
            *keys("number"),
            ref("purchase_order", "sn_shop_purchase_order", indexed=True),
            *keys("line_number"),
            *texts("description", size=1000),
            *texts("part_number", "uom", size=40),
            *of("decimal", "quantity"),
            *of("currency2", "unit_price", "total_amount", reference="fx_currency2_instance"),
            ref("gl_account", "sn_fin_gl_account"),
            ref("cost_center", "cmn_cost_center"),
            *of("date", "promised_date"),
            *ERP_KEY,
        ),
        prefix="SPOL",
        display="number",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_invoice",
        "Invoice",
        "shopping",
        (
            *keys("number"),
            choice("state", "draft", "exception", "matched", "approved", "paid", "canceled", default="draft"),
            choice("invoice_type", "invoice", "credit_memo", "debit_memo", "pro_forma", default="invoice"),
            ref("supplier", "sn_fin_supplier"),
            ref("purchase_order", "sn_shop_purchase_order", indexed=True),
            ref("legal_entity", "sn_fin_legal_entity"),
            *keys("external_invoice_number", "supplier_invoice_number"),
            *texts("external_invoice_source", "payment_terms", "business_owner", size=100),
            *of("date", "invoice_date"),
            *texts("currency", size=3),
            *of(
                "currency2",
                "invoice_amount",
                "subtotal",
                "tax_amount",
                "shipping_amount",
                "other_charges",
                "discounts",
                reference="fx_currency2_instance",
            ),
            *ERP_KEY,
        ),
        prefix="SINV",
        display="number",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_invoice_line",
        "Invoice Line",
        "shopping",
        (
            *keys("number"),
            ref("invoice", "sn_shop_invoice", indexed=True),
            *texts("line_description", size=1000),
            *of("decimal", "quantity"),
            *of(
                "currency2",
                "unit_price",
                "subtotal",
                "line_amount",
                "tax_amount",
                reference="fx_currency2_instance",
            ),
            ref("purchase_order_line", "sn_shop_purchase_order_line"),
            ref("cost_center", "cmn_cost_center"),
            ref("gl_account", "sn_fin_gl_account"),
            *texts("tax_code", "uom", size=40),
            *texts("currency", size=3),
            ERP_KEY[1],
        ),
        prefix="SINVL",
        display="number",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_invoice_tax_line",
        "Invoice Tax Line",
        "shopping",
        (
            ref("invoice", "sn_shop_invoice", indexed=True),
            *texts("tax_code", size=40),
            *of("currency2", "tax_amount", reference="fx_currency2_instance"),
            ERP_KEY[1],
        ),
        display="tax_code",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_shop_payment_detail",
        "Payment Detail",
        "shopping",
        (
            ref("invoice", "sn_shop_invoice", indexed=True),
            *keys("payment_number"),
            *of("date", "payment_date"),
            *of("currency2", "amount", reference="fx_currency2_instance"),
            ERP_KEY[1],
        ),
        display="payment_number",
        profile="s2p",
        business=True,
    ),
    TableDefinition(
        "sn_spend_intg_import_error",
        "Import Error",
        "spend_staging",
        (
            *texts("staging_table", "transform_map"),
            *keys("staging_row"),
            *texts("message", size=1000),
        ),
        display="message",
        profile="s2p",
    ),
    TableDefinition(
        "sn_spend_intg_invoice_integration_log",
        "Invoice Integration Log",
        "spend_staging",
        (
            *keys("batch_id", "external_invoice_number"),
            *texts("source_system", "status"),
            *texts("message", size=1000),
            ref("invoice", "sn_shop_invoice"),
        ),
        display="batch_id",
        profile="s2p",
    ),
)

IMPORT_SETS = (
    TableDefinition(
        "sys_import_set",
        "Import Set",
        "foundation",
        (*keys("number"), *texts("table_name", "state", "mode", size=80)),
        prefix="ISET",
        display="number",
    ),
    TableDefinition(
        "sys_import_set_row",
        "Import Set Row",
        "system",
        (
            ref("sys_import_set", "sys_import_set", indexed=True, label="Set"),
            *texts("sys_import_state", size=40, label="State", read_only=True),
            *texts("sys_import_state_comment", size=1000, label="Comment", read_only=True),
            ref("sys_target_sys_id", "", label="Target record", read_only=True),
            *texts("sys_target_table", size=80, label="Target table", read_only=True),
            *texts("sys_transform_map", label="Transform map", read_only=True),
            *of("boolean", "sys_row_error", label="Error", read_only=True, default="false"),
        ),
        display="sys_id",
        abstract=True,
    ),
)

METADATA = (
    TableDefinition(
        "sys_db_object",
        "Table",
        "metadata",
        (*keys("name", size=80), *texts("label", size=80), ref("super_class", "sys_db_object")),
    ),
    TableDefinition(
        "sys_dictionary",
        "Dictionary Entry",
        "metadata",
        (
            *keys("name", "element", size=80),
            *texts("column_label", "internal_type", "reference", "choice", size=80),
            *of("integer", "max_length"),
            *of("boolean", "mandatory", "read_only", "active", "unique"),
        ),
        display="element",
    ),
    TableDefinition(
        "sys_choice",
        "Choice",
        "metadata",
        (*keys("name", size=80), *texts("element", "value", "label", size=80)),
        display="label",
    ),
    TableDefinition("v_plugin", "Plugin", "metadata", (*keys("id"), *texts("name", "active", "state"))),
    TableDefinition(
        "sys_user_has_role",
        "User Role",
        "metadata",
        (
            ref("user", "sys_user", indexed=True),
            ref("role", "sys_user_role"),
            *of("boolean", "inherited"),
            *texts("state"),
        ),
        display="sys_id",
    ),
)

TABLES = (TASK, *FOUNDATION, *CUSTOM, *PROCUREMENT, *SOURCE_TO_PAY, *IMPORT_SETS, *METADATA)
