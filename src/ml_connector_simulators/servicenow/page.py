"""The page for people: the invoices, orders, suppliers and accounts that have arrived, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from ..story import MINOR_DIGITS
from .columns import amount_of, currency_of
from .instance import Instance
from .tables import Row

SHOWN = 100

STYLE = """
:root{color-scheme:light dark;--line:#d9dee7;--soft:#f4f6f9;--ink:#18202c;--dim:#5d6878;--card:#fff;--link:#1d4fb8}
@media(prefers-color-scheme:dark){:root{--line:#333c49;--soft:#151a21;--ink:#e8ecf2;--dim:#9aa5b5;--card:#1c232c;
--link:#8fb4ff}}
body{margin:0;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--soft)}
header{background:var(--card);border-bottom:1px solid var(--line);padding:18px 28px}
h1{margin:0;font-size:21px}h2{font-size:17px;margin:0 0 2px}p{margin:2px 0 10px;color:var(--dim)}
main{max-width:1280px;margin:auto;padding:20px 28px}a{color:var(--link)}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px;margin-bottom:20px;
overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;color:var(--dim);font-weight:600}th,td{padding:6px 10px;border-top:1px solid var(--line);
vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.lines td{border-top:0;padding-top:0}tr.lines table{background:var(--soft);border-radius:6px}
summary{cursor:pointer;color:var(--link)}input{font:inherit;padding:5px 9px;border:1px solid var(--line);
border-radius:7px;background:var(--card);color:inherit}nav{display:flex;flex-wrap:wrap;gap:14px;align-items:center}
"""


class Field(NamedTuple):
    """A column of a list: its heading, how it is read, and whether it is a number."""

    heading: str
    read: Callable[[Row], str]
    numeric: bool = False


class Listing(NamedTuple):
    """A kind of record on the page."""

    title: str
    table: str
    fields: Sequence[Field]
    lines: str = ""
    link: str = ""
    """Column of the line that refers to the document."""
    line_fields: Sequence[Field] = ()


def render(instance: Instance, title: str, find: str) -> str:
    """Returns the whole page; `find` leaves only records in which the text occurs."""
    listings = [one for one in _listings(instance) if instance.is_there(one.table)]
    sections = "".join(_section(instance, one, find.strip().casefold()) for one in listings)
    raw = "".join(
        f'<a href="?{urlencode({"set": name})}">{escape(table.definition.label)} ({len(table):,})</a> '
        for name, table in instance.tables.items()
        if len(table) and instance.is_there(name) and table.definition.module != "metadata"
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style></head><body>'
        f"<header><h1>{escape(title)}</h1><p>A simulated instance. These documents have arrived; its clock says "
        f"{instance.now():%d %B %Y, %H:%M} UTC.</p><nav><form><input name=find placeholder='Search' "
        f"aria-label='Search' value=\"{escape(find)}\"></form></nav></header>"
        f"<main>{sections}<section><h2>Tables as stored</h2><nav>{raw}</nav></section></main></body></html>"
    )


def _section(instance: Instance, listing: Listing, find: str) -> str:
    table = instance.tables[listing.table]
    rows = [row for row in reversed(table.rows.values()) if not find or _occurs(find, row, listing)]
    count = "none yet" if not rows else f"{len(rows):,}"
    more = f", the latest {SHOWN} shown" if len(rows) > SHOWN else ""
    head = f"<h2>{escape(listing.title)}</h2><p>{count}{more}</p>"
    if not rows:
        return f"<section>{head}</section>"
    body = "".join(_record(instance, listing, row) for row in rows[:SHOWN])
    return f"<section>{head}<table>{_head(listing.fields)}{body}</table></section>"


def _occurs(find: str, row: Row, listing: Listing) -> bool:
    return any(find in one.read(row).casefold() for one in listing.fields)


def _record(instance: Instance, listing: Listing, row: Row) -> str:
    record = f"<tr>{_cells(listing.fields, row)}</tr>"
    if not listing.lines or not instance.is_there(listing.lines):
        return record
    lines = list(instance.tables[listing.lines].having(listing.link, row["sys_id"]))
    if not lines:
        return record + f"<tr class=lines><td colspan={len(listing.fields)}><p>no lines</p></td></tr>"
    return record + (
        f"<tr class=lines><td colspan={len(listing.fields)}><details><summary>{len(lines)} "
        f"{'line' if len(lines) == 1 else 'lines'}</summary><table>{_head(listing.line_fields)}"
        f"{_rows(listing.line_fields, lines)}</table></details></td></tr>"
    )


def _head(fields: Sequence[Field]) -> str:
    cells = (f"<th{' class=n' if one.numeric else ''}>{escape(one.heading)}</th>" for one in fields)
    return f"<tr>{''.join(cells)}</tr>"


def _rows(fields: Sequence[Field], rows: Iterable[Row]) -> str:
    return "".join(f"<tr>{_cells(fields, row)}</tr>" for row in rows)


def _cells(fields: Sequence[Field], row: Row) -> str:
    cells = (f"<td{' class=n' if one.numeric else ''}>{escape(one.read(row)) or '–'}</td>" for one in fields)
    return "".join(cells)


def _text(heading: str, name: str, *, numeric: bool = False) -> Field:
    return Field(heading, lambda row: row.get(name, ""), numeric)


def _shown_money(stored: str) -> str:
    """Returns `1,234.50 EUR`, with at least the decimals that the currency has."""
    if not stored:
        return ""
    amount, code = amount_of(stored), currency_of(stored)
    places = max(MINOR_DIGITS.get(code, 2), len(str(amount).partition(".")[2]))
    return f"{amount:,.{places}f} {code}"


def _listings(instance: Instance) -> list[Listing]:
    """The lists of the page, in the order in which a clerk asks for them."""

    def to(heading: str, name: str, table: str, *columns: str) -> Field:
        def read(row: Row) -> str:
            target = instance.tables[table].rows.get(row.get(name, ""), {})
            return " ".join(filter(None, (target.get(one, "") for one in columns)))

        return Field(heading, read)

    def money(heading: str, name: str) -> Field:
        return Field(heading, lambda row: _shown_money(row.get(name, "")), True)

    def held(heading: str, name: str) -> Field:
        def read(row: Row) -> str:
            one = instance.tables["fx_currency2_instance"].rows.get(row.get(name, ""))
            return _shown_money(f"{one['currency']};{one['amount']}") if one else ""

        return Field(heading, read, True)

    cost_center = to("Cost center", "cost_center", "cmn_cost_center", "account_number", "name")
    return [
        Listing(
            "Supplier invoices",
            "sn_apo_invoice",
            (
                to("Supplier", "vendor", "core_company", "name"),
                _text("Invoice", "supplier_invoice_number"),
                _text("Date", "invoice_date"),
                _text("Due", "due_date"),
                money("Net", "subtotal"),
                money("Tax", "tax_amount"),
                money("Total", "total_amount"),
                _text("Status", "status"),
                to("Order", "purchase_order", "proc_po", "number"),
                _text("Number here", "number"),
            ),
            "sn_apo_invoice_line",
            "invoice",
            (
                _text("Line", "line_number"),
                _text("Description", "line_description"),
                _text("Quantity", "quantity", numeric=True),
                money("Unit price", "unit_price"),
                money("Amount", "line_amount"),
                to("GL account", "gl_account", "itfm_gl_accounts", "account_number", "name"),
                cost_center,
            ),
        ),
        Listing(
            "Supplier invoices (Source-to-Pay)",
            "sn_shop_invoice",
            (
                to("Supplier", "supplier", "sn_fin_supplier", "name"),
                _text("Invoice", "supplier_invoice_number"),
                _text("ERP invoice", "external_invoice_number"),
                _text("Date", "invoice_date"),
                held("Net", "subtotal"),
                held("Tax", "tax_amount"),
                held("Total", "invoice_amount"),
                _text("State", "state"),
                to("Order", "purchase_order", "sn_shop_purchase_order", "erp_number"),
                _text("Number here", "number"),
            ),
            "sn_shop_invoice_line",
            "invoice",
            (
                _text("Description", "line_description"),
                _text("Quantity", "quantity", numeric=True),
                held("Unit price", "unit_price"),
                held("Amount", "line_amount"),
                to("GL account", "gl_account", "sn_fin_gl_account", "gl_account", "account_name"),
                cost_center,
            ),
        ),
        Listing(
            "Purchase orders",
            "proc_po",
            (
                to("Supplier", "vendor", "core_company", "name"),
                _text("ERP order", "correlation_id"),
                _text("Ordered", "po_date"),
                money("Total", "total_cost"),
                _text("Status", "status"),
                to("Ship to", "ship_to", "alm_stockroom", "name"),
                _text("Description", "short_description"),
                _text("Number here", "number"),
            ),
            "proc_po_item",
            "purchase_order",
            (
                _text("Number here", "number"),
                _text("Part", "part_number"),
                _text("Description", "short_description"),
                _text("Ordered", "ordered_quantity", numeric=True),
                _text("Received", "received_quantity", numeric=True),
                money("Unit price", "cost"),
                money("Amount", "total_cost"),
                to("GL account", "u_gl_account", "itfm_gl_accounts", "account_number", "name"),
                to("Cost center", "u_cost_center", "cmn_cost_center", "account_number", "name"),
                _text("Status", "status"),
            ),
        ),
        Listing(
            "Purchase orders (Source-to-Pay)",
            "sn_shop_purchase_order",
            (
                to("Supplier", "supplier", "sn_fin_supplier", "name"),
                _text("ERP order", "erp_number"),
                held("Total", "total_amount"),
                _text("Status", "status"),
                _text("Number here", "number"),
            ),
            "sn_shop_purchase_order_line",
            "purchase_order",
            (
                _text("Line", "line_number"),
                _text("Part", "part_number"),
                _text("Description", "description"),
                _text("Quantity", "quantity", numeric=True),
                held("Unit price", "unit_price"),
                held("Amount", "total_amount"),
                to("GL account", "gl_account", "sn_fin_gl_account", "gl_account", "account_name"),
                cost_center,
            ),
        ),
        Listing(
            "Suppliers",
            "core_company",
            (
                _text("Name", "name"),
                _text("ERP number", "correlation_id"),
                _text("Street", "street"),
                _text("City", "city"),
                _text("Country", "country"),
            ),
        ),
        Listing(
            "Suppliers (Source-to-Pay)",
            "sn_fin_supplier",
            (
                _text("Name", "name"),
                _text("ERP number", "erp_number"),
                _text("Tax id", "tax_id"),
                _text("City", "city"),
                _text("Country", "country"),
            ),
        ),
        Listing(
            "GL accounts",
            "itfm_gl_accounts",
            (_text("Account", "account_number"), _text("Name", "name"), _text("Active", "active")),
        ),
        Listing(
            "GL accounts (Source-to-Pay)",
            "sn_fin_gl_account",
            (_text("Account", "gl_account"), _text("Name", "account_name"), _text("Inactive", "inactive")),
        ),
        Listing(
            "Cost centers",
            "cmn_cost_center",
            (
                _text("Number", "account_number"),
                _text("Code", "code"),
                _text("Name", "name"),
                _text("Valid from", "valid_from"),
                _text("Valid to", "valid_to"),
            ),
        ),
        Listing(
            "GL postings",
            "u_erp_gl_posting",
            (
                _text("ERP", "u_erp_source"),
                _text("Journal", "u_journal"),
                _text("Line", "u_line"),
                _text("Posted", "u_posting_date"),
                _text("GL account", "u_gl_account"),
                _text("Cost center", "u_cost_center"),
                _text("Amount", "u_amount"),
                _text("Currency", "u_currency"),
            ),
        ),
        Listing("Departments", "cmn_department", (_text("ID", "id"), _text("Name", "name"))),
        Listing(
            "Locations",
            "cmn_location",
            (_text("Name", "name"), _text("Street", "street"), _text("City", "city"), _text("Country", "country")),
        ),
    ]
