"""What of a canonical record goes into which column: the tables of both profiles as declarations.

Names are the fact sheet's; settings rename tables and columns. FACTS 20 to 29 say how certain each name is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ml_connector.mappings import Word, code, computed, constant, parent, target_id
from ml_connector.mappings.words import Getter, Read
from ml_connector.records import Entity
from ml_connector.systems.servicenow import quirks
from ml_connector.systems.servicenow.columns import Column, Kind


@dataclass(frozen=True)
class Value(Word):
    """A record's value as it is; the column's kind turns it into text."""

    name: str

    def compile(self, get: Getter) -> Read:
        take = get(self.name)
        return lambda holder, env: take(holder)


@dataclass(frozen=True)
class Known(Word):
    """Something that the connection knows: the stockroom, the ERP source."""

    name: str

    def compile(self, get: Getter) -> Read:
        name = self.name
        return lambda holder, env: env.knowledge.get(name, "")


def _word(value: Word | str) -> Word:
    return Value(value) if isinstance(value, str) else value


def _maker(kind: Kind) -> Callable[..., Column]:
    def make(value: Word | str, *, essential: bool = False, reads_as: str = "") -> Column:
        return Column(_word(value), kind, essential, reads_as)

    return make


key, text, choice, status = _maker(Kind.KEY), _maker(Kind.TEXT), _maker(Kind.CHOICE), _maker(Kind.STATUS)
amount, quantity, day = _maker(Kind.AMOUNT), _maker(Kind.NUMBER), _maker(Kind.DAY)
flag, reference = _maker(Kind.FLAG), _maker(Kind.REFERENCE)


@dataclass(frozen=True)
class Table:
    """One table that is written: the header's or the lines' of an entity."""

    name: str
    columns: Mapping[str, Column]
    erp_key: Word | None = None
    """What goes into the column of the ERP's key (setting `erp_key_columns`)."""
    header_column: str = ""
    """A line's column that holds its header's id."""
    staging: str = ""
    """Profile s2p_staging: the table that the rows are sent to; `name` is then the one they end in."""
    plugin: str = ""
    roles: tuple[str, ...] = ()
    draft: str = ""
    """Status of a document whose lines are not all there."""
    stages: tuple[str, ...] = ()
    """Statuses in the order in which a document goes through them."""
    status_assumed: bool = False
    """The values of the status are our guess: one that is not stored is put up with."""
    lookup: Mapping[str, Word] = field(default_factory=dict)
    """Columns (dot-walked ones too) by which a row is found whose id is the target's."""
    read_along: tuple[str, ...] = ()
    """Columns that we do not write and have to see."""
    alike: tuple[str, ...] = ()
    """Columns of a row that a line keyed by hand must share with ours."""
    alike_if_given: tuple[str, ...] = ()
    """Columns in which it must not contradict ours."""
    taken_back: Mapping[str, str] | None = None
    """What makes a line of no effect when it vanished at the source."""
    one_per_code: bool = False
    """The instance's own map knows a row by its code or name alone, whichever ERP sent it."""
    whole_unless_proved: tuple[str, ...] = ()
    """Columns that are integers on many instances: a fraction needs proof that they are not (FACTS 9)."""


@dataclass(frozen=True)
class Match:
    """How a row that people keyed by hand is recognised."""

    numbers: tuple[str, ...]
    """Columns that may hold the record's number or code."""
    value: Callable[[Any], str]
    """That number, of a record."""
    supplier: str = ""
    """Column that must hold the record's supplier."""
    name: str = ""
    """Column compared with the record's name where no number is on the row at all."""


@dataclass(frozen=True)
class EntityMapping:
    """An entity in one profile."""

    entity: Entity
    header: Table
    match: Match
    codes: tuple[str, ...]
    """Columns of the header that hold what people call it."""
    lines: Table | None = None
    active: str = ""
    """Column that says whether the row is in use; `-inactive` where it says the opposite."""
    valid: tuple[str, str] = ("", "")


AP_ROLES = ("sn_apay.apo_user", "sn_ap_apm.accounts_payable_specialist", "sn_ap_apm.admin")
PROCUREMENT_ROLES = ("procurement_user", "procurement_admin")
INTEGRATION_ROLES = ("sn_fcms_intg.integration_user",)
SPEND_ROLES = ("sn_spend_intg.procurement_integrator",)
S2P_READ_ROLES = ("sn_shop.procurement_common_user", "sn_shop.reader", "sn_fin.procurement_user")

ORDER_STATUS = {
    "planned": "requested",
    "released": "ordered",
    "confirmed": "ordered",
    "partly_received": "pending_delivery",
    "received": "received",
    "invoiced": "received",
    "closed": "received",
    "cancelled": "canceled",
}
"""FACTS 22."""
INVOICE_STATUS = {
    "received": "submitted",
    "approved": "submitted",
    "posted": "submitted",
    "partly_paid": "submitted",
    "paid": "paid",
    "cancelled": "canceled",
}
"""Assumed (FACTS 24)."""


def _dimension(table: str, columns: Mapping[str, Column], **more: Any) -> Table:
    return Table(table, columns, erp_key=Value("code"), **more)


# --- profile pages -----------------------------------------------------------------------------------------------

PAGES_GL_ACCOUNTS = EntityMapping(
    Entity.GL_ACCOUNTS,
    _dimension(
        "itfm_gl_accounts",
        {
            "name": text(computed(quirks.name_or_code), essential=True),
            "account_number": key("code", essential=True),
            "active": flag("active"),
        },
        plugin="com.snc.financial_management",
        roles=AP_ROLES + PROCUREMENT_ROLES,
    ),
    Match(("account_number",), lambda record: record.code),
    codes=("account_number",),
    active="active",
)

_COST_CENTER_COLUMNS = {
    "name": text(computed(quirks.name_or_code), essential=True),
    "account_number": key("code", essential=True),
    "code": key("code"),
    "valid_from": day("valid_from"),
    "valid_to": day("valid_to"),
    "erp_source": text(Known("erp_source")),
}

PAGES_COST_CENTERS = EntityMapping(
    Entity.COST_CENTERS,
    _dimension("cmn_cost_center", _COST_CENTER_COLUMNS),
    Match(("account_number", "code"), lambda record: record.code),
    codes=("account_number", "code"),
    valid=("valid_from", "valid_to"),
)

PAGES_DEPARTMENTS = EntityMapping(
    Entity.DEPARTMENTS,
    _dimension(
        "cmn_department",
        {
            "id": key("code", essential=True),
            "name": text(computed(quirks.name_or_code), essential=True),
            "cost_center": reference(target_id("cost_center")),
            "erp_source": text(Known("erp_source")),
        },
    ),
    Match(("id",), lambda record: record.code),
    codes=("id",),
)

PAGES_LOCATIONS = EntityMapping(
    Entity.LOCATIONS,
    _dimension(
        "cmn_location",
        {
            "name": text(computed(quirks.name_or_code), essential=True),
            "street": text("line1"),
            "city": text("city"),
            "state": text("region"),
            "zip": text("postal_code"),
            "country": text("country"),
            "erp_source": text(Known("erp_source")),
        },
    ),
    Match((), lambda record: record.code, name="name"),
    codes=("name",),
)

PAGES_SUPPLIERS = EntityMapping(
    Entity.SUPPLIERS,
    _dimension(
        "core_company",
        {
            "name": text("name", essential=True),
            "vendor": flag(constant(True), essential=True),
            "street": text(computed(quirks.street)),
            "city": text(computed(quirks.city)),
            "state": text(computed(quirks.region)),
            "zip": text(computed(quirks.postal_code)),
            "country": text(computed(quirks.country)),
            "phone": text("phone"),
            "website": text("website"),
        },
    ),
    Match((), lambda record: record.code, name="name"),
    codes=(),
)

PAGES_PURCHASE_ORDERS = EntityMapping(
    Entity.PURCHASE_ORDERS,
    Table(
        "proc_po",
        {
            "vendor": reference(target_id("supplier"), essential=True),
            "ship_to": reference(Known("ship_to"), essential=True),
            "status": status(computed(quirks.order_status)),
            "po_date": day("ordered_on"),
            "due_by": day("wanted_on"),
            "terms": text("payment_terms"),
            "short_description": text(computed(quirks.order_title)),
            "description": text("note"),
        },
        erp_key=Value("number"),
        plugin="com.snc.procurement",
        roles=PROCUREMENT_ROLES,
        draft="requested",
        stages=("requested", "ordered", "pending_delivery", "received"),
    ),
    Match(("number",), lambda record: record.number, supplier="vendor"),
    codes=("number",),
    lines=Table(
        "proc_po_item",
        {
            "vendor": reference(parent(target_id("supplier"))),
            "part_number": text("item"),
            "ordered_quantity": quantity(computed(quirks.ordered_quantity), essential=True),
            "cost": amount("unit_price", essential=True),
            "list_price": amount("unit_price"),
            "expected_delivery": day(computed(quirks.expected_on)),
            "short_description": text("description"),
        },
        erp_key=computed(quirks.line_key),
        header_column="purchase_order",
        plugin="com.snc.procurement",
        roles=PROCUREMENT_ROLES,
        taken_back={"ordered_quantity": "0", "status": "canceled"},
        alike=("ordered_quantity", "cost"),
        alike_if_given=("part_number",),
        whole_unless_proved=("ordered_quantity",),
    ),
)

PAGES_INVOICES = EntityMapping(
    Entity.INVOICES,
    Table(
        "sn_apo_invoice",
        {
            "supplier_invoice_number": key("number", essential=True),
            "external_invoice_number": key("key"),
            "vendor": reference(target_id("supplier"), essential=True),
            "purchase_order": reference(target_id("purchase_order")),
            "invoice_date": day("invoice_date", essential=True),
            "due_date": day("due_date"),
            "currency": choice("currency", essential=True),
            "subtotal": amount("net", essential=True),
            "tax_amount": amount("tax"),
            "total_amount": amount(computed(quirks.gross), essential=True),
            "status": status(computed(quirks.invoice_status)),
            "erp_source": text(Known("erp_source")),
            "short_description": text(computed(quirks.invoice_title)),
        },
        erp_key=Value("key"),
        plugin="com.sn_ap_apm",
        roles=AP_ROLES,
        draft="draft",
        stages=("draft", "submitted"),
        status_assumed=True,
    ),
    Match(("supplier_invoice_number",), lambda record: record.number, supplier="vendor"),
    codes=("supplier_invoice_number",),
    lines=Table(
        "sn_apo_invoice_line",
        {
            "line_number": quantity(computed(quirks.line_number)),
            "purchase_order_line": reference(computed(quirks.purchase_order_line)),
            "line_description": text(computed(quirks.line_text)),
            "quantity": quantity("quantity"),
            "unit_price": amount("unit_price"),
            "line_amount": amount("amount", essential=True),
            "gl_account": reference(target_id("gl_account"), essential=True),
            "cost_center": reference(target_id("cost_center"), essential=True),
        },
        erp_key=computed(quirks.line_key),
        header_column="invoice",
        plugin="com.sn_ap_apm",
        roles=AP_ROLES,
        taken_back={"quantity": "0", "line_amount": "0"},
        alike=("line_amount",),
        alike_if_given=("quantity", "gl_account", "cost_center"),
    ),
)

GL_POSTINGS = EntityMapping(
    Entity.GL_POSTINGS,
    Table(
        "u_erp_gl_posting",
        {
            "u_erp_source": text(Known("erp_source"), essential=True),
            "u_company": text("company"),
            "u_journal": key("journal", essential=True),
            "u_line": key("line", essential=True),
            "u_posting_date": day("posting_date", essential=True),
            "u_entry_date": day("entry_date"),
            "u_fiscal_period": text("fiscal_period"),
            "u_gl_account": text(code("gl_account")),
            "u_cost_center": text(code("cost_center")),
            "u_amount": amount("amount", essential=True),
            "u_currency": choice("currency", essential=True),
            "u_description": text("text"),
        },
        erp_key=Value("key"),
        roles=("u_erp_gl_posting_user",),
    ),
    Match((), lambda record: record.key),
    codes=(),
)
"""Neither the pages nor the vendor name a table for postings: the customer makes this one (FACTS 30)."""

PAGES = {
    mapping.entity: mapping
    for mapping in (
        PAGES_GL_ACCOUNTS,
        PAGES_COST_CENTERS,
        PAGES_DEPARTMENTS,
        PAGES_LOCATIONS,
        PAGES_SUPPLIERS,
        PAGES_PURCHASE_ORDERS,
        PAGES_INVOICES,
        GL_POSTINGS,
    )
}

# --- profile s2p_staging -----------------------------------------------------------------------------------------

_SOURCE = text(Known("erp_source"), essential=True)


def _finance(name: str, columns: Mapping[str, Column], staging: str, **more: Any) -> Table:
    more.setdefault("read_along", ("erp_source",))
    return Table(name, columns, staging=staging, plugin="sn_fcms_intg", roles=INTEGRATION_ROLES, **more)


def _spend(name: str, columns: Mapping[str, Column], staging: str, **more: Any) -> Table:
    more.setdefault("read_along", ("erp_source",))
    return Table(name, columns, staging=staging, plugin="com.glide.sn_spend_intg", roles=SPEND_ROLES, **more)


S2P_GL_ACCOUNTS = EntityMapping(
    Entity.GL_ACCOUNTS,
    _finance(
        "sn_fin_gl_account",
        {
            "u_erp_source": _SOURCE,
            "u_number": key("code"),  # `number` of the target may count by itself
            "u_gl_account": key("code", essential=True, reads_as="gl_account"),
            "u_account_name": text(computed(quirks.name_or_code), reads_as="account_name"),
            "u_account_currency": text("currency", reads_as="account_currency"),
            "u_type": text("kind", reads_as="type"),
            "u_inactive": flag(computed(quirks.inactive), reads_as="inactive"),
        },
        staging="sn_fcms_intg_gl_account_stage",
        lookup={"gl_account": Value("code")},
    ),
    Match(("gl_account", "number"), lambda record: record.code),
    codes=("gl_account", "number"),
    active="-inactive",
)

S2P_COST_CENTERS = EntityMapping(
    Entity.COST_CENTERS,
    _finance(
        "cmn_cost_center",
        {
            "u_erp_source": _SOURCE,
            "u_name": text(computed(quirks.name_or_code), reads_as="name"),
            "u_account_number": key("code", essential=True, reads_as="account_number"),
            "u_code": key("code", reads_as="code"),
            "u_valid_from": day("valid_from", reads_as="valid_from"),
            "u_valid_to": day("valid_to", reads_as="valid_to"),
        },
        staging="sn_fcms_intg_imp_cost_center",
        one_per_code=True,
        lookup={"account_number": Value("code")},
    ),
    Match(("account_number", "code"), lambda record: record.code),
    codes=("account_number", "code"),
    valid=("valid_from", "valid_to"),
)

S2P_DEPARTMENTS = EntityMapping(
    Entity.DEPARTMENTS,
    _finance(
        "cmn_department",
        {
            "u_erp_source": _SOURCE,
            "u_erp_department_id": key("code", essential=True, reads_as="id"),
            "u_name": text(computed(quirks.name_or_code), essential=True, reads_as="name"),
        },
        staging="sn_fcms_intg_department_stage",
        one_per_code=True,
        lookup={"id": Value("code")},
    ),
    Match(("id",), lambda record: record.code),
    codes=("id",),
)

S2P_LOCATIONS = EntityMapping(
    Entity.LOCATIONS,
    _finance(
        "cmn_location",
        {
            "u_erp_source": _SOURCE,
            "u_name": key(computed(quirks.name_or_code), essential=True, reads_as="name"),
            "u_street": text("line1", reads_as="street"),
            "u_city": text("city", reads_as="city"),
            "u_state": text("region", reads_as="state"),
            "u_zip": text("postal_code", reads_as="zip"),
            "u_country": text("country", reads_as="country"),
        },
        staging="sn_fcms_intg_cmn_location_stage",
        one_per_code=True,
        lookup={"name": computed(quirks.name_or_code)},
    ),
    Match((), lambda record: record.code, name="name"),
    codes=("name",),
)

S2P_SUPPLIERS = EntityMapping(
    Entity.SUPPLIERS,
    _finance(
        "sn_fin_supplier",
        {
            "u_erp_source": _SOURCE,
            "u_legal_name": text("name", essential=True, reads_as="name"),
            "u_erp_company_code": key("code", essential=True, reads_as="erp_number"),
            "u_tax_id": text("tax_id", reads_as="tax_id"),
            "u_address": text(computed(quirks.whole_address)),
        },
        staging="sn_fcms_intg_imp_supplier",
        lookup={"erp_number": Value("code")},
    ),
    Match(("erp_number",), lambda record: record.code, name="name"),
    codes=("erp_number",),
    active="active",
)

S2P_PURCHASE_ORDERS = EntityMapping(
    Entity.PURCHASE_ORDERS,
    _finance(
        "sn_shop_purchase_order",
        {
            "u_erp_source": _SOURCE,
            "u_erp_po_number": key("number", essential=True, reads_as="erp_number"),
            "u_supplier_company_name": text(computed(quirks.order_supplier), essential=True),
            "u_legal_entity": text("company"),
            "u_payment_term": text("payment_terms"),
            "u_po_amount": amount(computed(quirks.order_amount), reads_as="total_amount"),
            "u_po_amount_currency": choice("currency"),
            "u_po_status": status(computed(quirks.s2p_order_status), reads_as="status"),
        },
        staging="sn_fcms_intg_imp_order",
        lookup={"erp_number": Value("number")},
        read_along=("erp_source", "supplier", "status"),
        stages=("draft", "pending_approval", "approved", "ordered", "partially_received", "received", "closed"),
    ),
    Match(("erp_number", "number"), lambda record: record.number, supplier="supplier"),
    codes=("erp_number", "number"),
    lines=_finance(
        "sn_shop_purchase_order_line",
        {
            "u_erp_source": _SOURCE,
            "u_erp_po_number": key(parent("number"), essential=True),
            "u_erp_po_line_number": key("id", essential=True, reads_as="line_number"),
            "u_description": text("description", reads_as="description"),
            "u_quantity": quantity(computed(quirks.ordered_quantity), reads_as="quantity"),
            "u_unit_price": amount("unit_price", reads_as="unit_price"),
            "u_line_amount": amount(computed(quirks.order_line_amount), reads_as="total_amount"),
            "u_currency": choice(parent("currency")),
            "u_gl_account": text(code("gl_account")),
            "u_cost_center": text(code("cost_center")),
            "u_uom": text("unit", reads_as="uom"),
            "u_part_number": text("item", reads_as="part_number"),
            "u_promised_date": day(computed(quirks.expected_on), reads_as="promised_date"),
        },
        staging="sn_fcms_intg_imp_order_line",
        header_column="purchase_order",
        lookup={"purchase_order.erp_number": parent(Value("number")), "line_number": Value("id")},
        taken_back={"quantity": "0", "total_amount": "0"},
        alike=("quantity", "unit_price"),
        alike_if_given=("part_number",),
    ),
)

S2P_INVOICES = EntityMapping(
    Entity.INVOICES,
    _spend(
        "sn_shop_invoice",
        {
            "u_invoice_type": choice("document_type"),
            "u_supplier_invoice_number": key("number", reads_as="supplier_invoice_number"),
            "u_external_invoice_number": key("key", essential=True, reads_as="external_invoice_number"),
            "u_external_invoice_source": text(Known("invoice_source"), essential=True),
            "u_erp_source": _SOURCE,
            "u_supplier": key(code("supplier"), essential=True),
            "u_purchase_order": text(code("purchase_order")),
            "u_invoice_date": day("invoice_date", essential=True, reads_as="invoice_date"),
            "u_payment_terms": text("payment_terms"),
            "u_legal_entity": text("company"),
            "u_subtotal": amount("net", essential=True, reads_as="subtotal"),
            "u_tax_amount": amount("tax", reads_as="tax_amount"),
            "u_amount_invoiced": amount(computed(quirks.gross), reads_as="invoice_amount"),
            "u_currency": choice("currency", reads_as="currency"),
            "u_erp_number": key("key"),
        },
        staging="sn_spend_intg_imp_invoice",
        lookup={"external_invoice_number": Value("key")},
        read_along=("erp_source", "supplier", "state"),
    ),
    Match(("supplier_invoice_number",), lambda record: record.number, supplier="supplier"),
    codes=("external_invoice_number", "supplier_invoice_number"),
    lines=_spend(
        "sn_shop_invoice_line",
        {
            "u_external_invoice_number": key(parent("key"), essential=True),
            "u_external_invoice_source": text(Known("invoice_source"), essential=True),
            "u_erp_source": _SOURCE,
            "u_line_description": text(
                computed(quirks.numbered_line_text), essential=True, reads_as="line_description"
            ),
            "u_line_quantity": quantity(computed(quirks.invoiced_quantity), essential=True, reads_as="quantity"),
            "u_line_unit_price": amount(computed(quirks.invoiced_price), essential=True, reads_as="unit_price"),
            "u_subtotal": amount("amount", essential=True, reads_as="subtotal"),
            "u_line_amount_invoiced": amount("amount", reads_as="line_amount"),
            "u_purchase_order_line": text(computed(quirks.order_line_number)),
            "u_cost_center": text(code("cost_center")),
            "u_gl_account": text(code("gl_account")),
            "u_tax_amount": amount("tax", reads_as="tax_amount"),
            "u_tax_code": text("tax_code"),
            "u_currency": choice(parent("currency")),
            "u_uom": text("unit"),
        },
        staging="sn_spend_intg_imp_invoice_line",
        header_column="invoice",
        lookup={
            "invoice.external_invoice_number": parent(Value("key")),
            "line_description": computed(quirks.numbered_line_text),
        },
        taken_back={"quantity": "0", "line_amount": "0", "subtotal": "0"},
        alike=("line_amount",),
        alike_if_given=("quantity",),
    ),
)

S2P = {
    mapping.entity: mapping
    for mapping in (
        S2P_GL_ACCOUNTS,
        S2P_COST_CENTERS,
        S2P_DEPARTMENTS,
        S2P_LOCATIONS,
        S2P_SUPPLIERS,
        S2P_PURCHASE_ORDERS,
        S2P_INVOICES,
        GL_POSTINGS,
    )
}

MAPPINGS = {"pages": PAGES, "s2p_staging": S2P}

WITHOUT_UPSERT_KEY = frozenset({"sn_spend_intg_imp_invoice_line"})
"""Staging tables whose map is assumed to have no coalesce; setting `import_coalesce` (FACTS 27)."""
KEYED_BY_NAME = frozenset({"sn_fcms_intg_cmn_location_stage"})
"""Staging tables whose map finds its row by a name: a new name would make a second row, so a change goes to the row."""
