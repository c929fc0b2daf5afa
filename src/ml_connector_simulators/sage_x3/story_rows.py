"""The story in the words of Sage X3: every row of every table with its stamp (fact sheet §5).

Companies 10 and 20 live in one folder and share one chart and one set of dimensions; a document says whose it is by
CPY and its site. What X3 cannot express is left out or looks different:

* invoice_cancelled: an invoice is never cancelled here but reversed by a credit memo; left out
* id_in_two_companies: NUM is unique in the folder, so it carries the company
* invoice_old_paid, partly paid: an invoice does not know its payments; both look validated
* supplier_without_name, po_without_currency, invoice_without_number: X3 has no null text; the field is empty
* notes on orders: no such field

An invoice with an order is a purchase invoice (PINVOICED), one without a BP invoice (BPSINVLIG, BPSINVLIGA); a
validated one has its GL entry under the same number. Beside what the story tells there is what a client must leave
out: a second chart, other dimension types with codes that look like cost centers, addresses of companies and sites,
a second ledger, simulated and temporary entries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from ..story import Company, CostCenter, Invoice, InvoiceLine, Order, OrderLine, Story, Supplier, money
from ..story_ordinary import FOREVER

CHART, OTHER_CHART = "COR", "GRP"
COST_CENTER_DIMENSION = "CCT"
CONTROL_ACCOUNT, TAX_ACCOUNT = "3300", "1571"
_OLD = datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
_OTHER_DIMENSIONS = (
    ("PRJ", "P100", "New pump series"),
    ("PRJ", "P200", "Energy saving"),
    ("PRJ", "220", "Project 220, no cost center"),
    ("BRN", "R1", "Midwest"),
    ("BRN", "R2", "South"),
)
# CLEFLG, APPFLG, RCPFLG, INVFLG; a cancelled order is a closed one of which nothing was received
_ORDER_FLAGS = {
    "planned": (1, 1, 1, 1),
    "released": (1, 3, 1, 1),
    "confirmed": (1, 3, 1, 1),
    "arrived": (1, 3, 2, 1),
    "received": (1, 3, 3, 1),
    "invoiced": (1, 3, 3, 3),
    "closed": (2, 3, 3, 3),
    "cancelled": (2, 3, 1, 1),
}
_NO, _PART, _FULL, _NOT_MANAGED = 1, 2, 3, 4
_INVOICE_STATES = {"preliminary": 1, "preliminary_posted": 2, "posted": 3, "partly_paid": 3, "paid": 3}
_VALIDATED = 3


@dataclass(frozen=True)
class NewRow:
    """A row to be put into `table`."""

    table: str
    values: Mapping[str, Any]
    stamp: datetime
    created: datetime


def story_rows(story: Story) -> Iterator[NewRow]:
    """All rows, parents before children."""
    companies = {c.number: c for c in story.companies}
    suppliers = {s.number: s for s in story.suppliers}
    orders = {o.number: o for o in story.orders}
    sites = {site.company: site.number for site in reversed(story.sites)}
    yield from _account_rows(story)
    yield from _dimension_rows(story)
    yield from _own_addresses(story)
    for supplier in story.suppliers:
        yield from _supplier_rows(supplier)
    for order in story.orders:
        yield from _order_rows(order, suppliers[order.supplier])
    for invoice in story.invoices:
        if invoice.status == "cancelled":
            continue
        ordered = orders.get(invoice.order or "")
        teller = _InvoiceTeller(invoice, suppliers[invoice.supplier], companies[invoice.company], ordered)
        yield from teller.rows(ordered.site if ordered else sites[invoice.company])
    yield from _entries_to_leave_out()


def _account_rows(story: Story) -> Iterator[NewRow]:
    told: set[str] = set()
    for account in story.accounts:
        if account.number in told:
            continue
        told.add(account.number)
        row = {
            "COA": CHART,
            "ACC": account.number,
            "DES": account.name[:30],
            "DESSHO": account.name[:10],
            "ENAFLG": 1 if account.blocked else 2,
            "CLSCOD": account.group[:5],
            "SAC": "CTL" if account.number == CONTROL_ACCOUNT else "",
            "VLYSTR": account.valid_from,
            "VLYEND": _end(account.valid_until),
        }
        yield NewRow("GACCOUNT", row, account.changed_at, _OLD)
    for number, name in (("4010", "Group: material"), ("6310", "Group: upkeep"), ("3300", "Group: payables")):
        yield NewRow("GACCOUNT", {"COA": OTHER_CHART, "ACC": number, "DES": name}, _OLD, _OLD)


def _dimension_rows(story: Story) -> Iterator[NewRow]:
    told: set[str] = set()
    for center in story.cost_centers:
        if center.number not in told:
            told.add(center.number)
            yield _center_row(center)
    for dimension, code, name in _OTHER_DIMENSIONS:
        yield NewRow("CACCE", {"DIE": dimension, "CCE": code, "DES": name, "DESSHO": name[:10]}, _OLD, _OLD)


def _center_row(center: CostCenter) -> NewRow:
    row = {
        "DIE": COST_CENTER_DIMENSION,
        "CCE": center.number,
        "DES": center.name[:30],
        "DESSHO": center.name[:10],
        "VLYSTR": center.valid_from,
        "VLYEND": _end(center.valid_until),
    }
    return NewRow("CACCE", row, center.changed_at, _OLD)


def _supplier_rows(supplier: Supplier) -> Iterator[NewRow]:
    created, changed = _morning(supplier.created_on), supplier.changed_at
    name = supplier.name or ""
    partner = {
        "BPRNUM": supplier.number,
        "BPRNAM": name_lines(name),
        "EECNUM": supplier.tax_number,
        "CRY": supplier.country,
        "CUR": supplier.currency,
    }
    yield NewRow("BPARTNER", partner, changed, created)
    head = {
        "BPSNUM": supplier.number,
        "BPSNAM": name[:35],
        "BPSSHO": name[:10],
        "CUR": supplier.currency,
        "PTE": supplier.payment_terms,
        "VACBPR": supplier.country,
        "BPRPAY": supplier.number,
        "BPAADD": supplier.addresses[0].number if supplier.addresses else "",
        "ACCCOD": "SUP",
        **_custom_fields(supplier.extra),
    }
    yield NewRow("BPSUPPLIER", head, changed, created)
    for address in supplier.addresses:
        row = {
            "BPANUM": supplier.number,
            "BPAADD": address.number,
            "BPADES": address.city[:30],
            "BPAADDLIG": [address.street],
            "POSCOD": address.postcode,
            "CTY": address.city,
            "SAT": address.state,
            "CRY": address.country,
        }
        yield NewRow("BPADDRESS", row, changed, created)


def _own_addresses(story: Story) -> Iterator[NewRow]:
    """Companies and sites keep their addresses in the same table, under types of their own."""
    owners = [(2, c.number, c.name, c.country) for c in story.companies]
    owners += [(3, s.number, s.name, s.country) for s in story.sites]
    for kind, number, name, country in owners:
        row = {"BPATYP": kind, "BPANUM": number, "BPAADD": "1", "BPADES": name, "CTY": name, "CRY": country}
        yield NewRow("BPADDRESS", row, _OLD, _OLD)


def _order_rows(order: Order, supplier: Supplier) -> Iterator[NewRow]:
    closed, approved, received, invoiced = _ORDER_FLAGS[order.status]
    name = supplier.name or ""
    head = {
        "POHNUM": order.number,
        "POHFCY": order.site,
        "CPY": order.company,
        "BPSNUM": order.supplier,
        "BPSINV": order.supplier,
        "BPRPAY": order.supplier,
        "BPRNAM": name_lines(name),
        "ORDDAT": order.ordered_on,
        "CUR": order.currency,
        "CHGCOE": order.rate,
        "PTE": order.payment_terms,
        "BUY": order.buyer[:5],
        "INVFCY": order.site,
        "RCPFCY": order.site,
        "EXTRCPDAT1": min((line.wanted_on for line in order.lines), default=None),
        "CLEFLG": closed,
        # company 20 does not manage signatures: its orders count as approved
        "APPFLG": _NOT_MANAGED if order.company == "20" and approved == _FULL else approved,
        "RCPFLG": received,
        "INVFLG": invoiced,
        "TOTORD": order.net,
        "TTVORD": order.gross,
        "TOTTAXAMT": order.tax,
        **_coding(order.company, ""),
        **_custom_fields(order.extra),
    }
    yield NewRow("PORDER", head, order.changed_at, order.entered_at)
    for line in order.lines:
        yield NewRow("PORDERQ", _order_line(order, line), line.changed_at, order.entered_at)


def _order_line(order: Order, line: OrderLine) -> dict[str, Any]:
    closed, _, received, invoiced = _ORDER_FLAGS[line.status]
    shares = {_NO: Decimal(0), _PART: Decimal("0.5"), _FULL: Decimal(1)}
    return {
        "POHNUM": order.number,
        "POPLIN": 1000 * int(line.number),
        "POQSEQ": int(line.release),
        "ITMREF": line.part,
        "ITMDES": line.description[:30],
        "UOM": line.unit,
        "QTYUOM": line.quantity,
        "PUU": line.unit,
        "QTYPUU": line.quantity,
        "RCPQTYPUU": line.quantity * shares[received],
        "INVQTYPUU": line.quantity * shares[invoiced],
        "EXTRCPDAT": line.wanted_on,
        "PRHFCY": order.site,
        "GROPRI": line.unit_price,
        "NETPRI": line.unit_price,
        "LINAMT": line.net,
        "LINATIAMT": line.net + line.tax,
        "LINCLEFLG": closed,
        "LININVFLG": invoiced,
        "VAT": ["NOR" if line.tax else "EXO"],
        "ACC": line.account,
        **_coding(order.company, line.cost_center),
    }


class _InvoiceTeller:
    """One invoice: header, the lines of its kind, and its GL entry. Amounts are unsigned, SNS says which way."""

    def __init__(self, invoice: Invoice, supplier: Supplier, company: Company, order: Order | None) -> None:
        self._invoice, self._supplier, self._company = invoice, supplier, company
        self._order_lines = {(x.number, x.release): x for x in order.lines} if order else {}
        self._sign = -1 if invoice.kind == "credit_memo" else 1
        self._number = invoice_number(invoice)
        self._journal = "PINV" if invoice.order else "SINV"
        self._created = _morning(invoice.entered_on)

    def rows(self, site: str) -> Iterator[NewRow]:
        yield self._new("PINVOICE", self._head(site))
        for line in self._invoice.lines:
            yield from self._purchase_line(line, site) if self._invoice.order else self._partner_line(line, site)
        if _INVOICE_STATES[self._invoice.status] == _VALIDATED:
            yield from self._entry(site)

    def _new(self, table: str, values: dict[str, Any]) -> NewRow:
        return NewRow(table, values, self._invoice.changed_at, self._created)

    def _head(self, site: str) -> dict[str, Any]:
        invoice, name = self._invoice, self._supplier.name or ""
        net, gross = invoice.net * self._sign, invoice.gross * self._sign
        return {
            "NUM": self._number,
            "GTE": self._journal,
            "JOU": invoice.series,
            "CPY": invoice.company,
            "FCY": site,
            "BPR": invoice.supplier,
            "BPRPAY": invoice.supplier,
            "BPRNAM": name_lines(name),
            "BPRSAC": "CTL",
            "ACCDAT": invoice.entered_on,
            "BPRVCR": invoice.number,
            "BPRDAT": invoice.invoice_date,
            "INVTYP": 1 if self._sign == 1 else 2,
            "PIVTYP": self._journal,
            "SNS": self._sign,
            "CUR": invoice.currency,
            "RATMLT": [invoice.rate],
            "PTE": invoice.payment_terms,
            "STRDUDDAT": invoice.due_on,
            "VAC": self._supplier.country,
            "AMTNOT": net,
            "AMTATI": gross,
            "AMTNOTL": self._local(net),
            "AMTATIL": self._local(gross),
            "AMTTAX": [invoice.tax * self._sign],
            "TAX": ["NOR" if invoice.tax else "EXO"],
            "DES": [invoice.text[:30]],
            "PAZ": 4 if _INVOICE_STATES[invoice.status] == _VALIDATED else 1,
            "STA": _INVOICE_STATES[invoice.status],
            "ORIMOD": 2 if invoice.order else 1,
            **_custom_fields(invoice.extra),
        }

    def _purchase_line(self, line: InvoiceLine, site: str) -> Iterator[NewRow]:
        ordered = self._order_lines.get((line.order_line or "", line.order_release or ""))
        amount = line.amount * self._sign
        row = {
            "NUM": self._number,
            "PIDLIN": 1000 * line.number,
            "TYPORI": 1,
            "POHNUM": line.order,
            "POPLIN": 1000 * int(line.order_line or 0),
            "POQSEQ": int(line.order_release or 0),
            "ITMREF": ordered.part if ordered else "",
            "ITMDES": line.text[:30],
            "UOM": ordered.unit if ordered else "PCS",
            "QTYUOM": ordered.quantity if ordered else 1,
            "NETPRI": ordered.unit_price if ordered else amount,
            "AMTNOTLIN": amount,
            "AMTATILIN": amount + self._tax_of(amount),
            "AMTTAXLIN1": self._tax_of(amount),
            "VAT": ["NOR" if self._invoice.tax else "EXO"],
            "FCYLIN": site,
            "ACC": line.account,
            **_coding(self._invoice.company, line.cost_center),
        }
        yield self._new("PINVOICED", row)

    def _partner_line(self, line: InvoiceLine, site: str) -> Iterator[NewRow]:
        amount = line.amount * self._sign
        row = {
            "NUM": self._number,
            "LIG": line.number,
            "FCYLIN": site,
            "COA": [CHART, OTHER_CHART],
            "ACC": [line.account],
            "BPRLIN": self._invoice.supplier,
            "DES": line.text[:30],
            "QTY": 1,
            "AMTNOTLIN": amount,
            "AMTATILIN": amount + self._tax_of(amount),
            "TAX1": "NOR" if self._invoice.tax else "EXO",
            "VAT": "NOR" if self._invoice.tax else "EXO",
        }
        yield self._new("BPSINVLIG", row)
        split = {"NUM": self._number, "LIG": line.number, "ANALIG": 1, "ACC": [line.account], "AMT": amount}
        yield self._new("BPSINVLIGA", {**split, **_coding(self._invoice.company, line.cost_center)})

    def _entry(self, site: str) -> Iterator[NewRow]:
        """Debit of the costs and the input tax, credit of the supplier; the other way round for a credit memo."""
        invoice = self._invoice
        key = {"TYP": self._journal, "NUM": self._number}
        head = {
            **key,
            "JOU": invoice.series,
            "CPY": invoice.company,
            "FCY": site,
            "ACCDAT": invoice.entered_on,
            "ENTDAT": invoice.entered_on,
            "CUR": invoice.currency,
            "BPRVCR": invoice.number,
            "DESVCR": invoice.text[:30],
            "REF": self._number,
            "ORIMOD": 2 if invoice.order else 1,
            "FIY": invoice.entered_on.year,
            "PER": invoice.entered_on.month,
        }
        yield self._new("GACCENTRY", head)
        costs = [(x.account, "", x.amount, x.text, x.cost_center) for x in invoice.lines]
        total = -sum((x.amount for x in invoice.lines), invoice.tax)
        others = [(TAX_ACCOUNT, "", invoice.tax, "Input tax", "")] if invoice.tax else []
        others.append((CONTROL_ACCOUNT, invoice.supplier, total, invoice.text, ""))
        for number, (account, partner, amount, text, center) in enumerate(costs + others, 1):
            row = {
                **key,
                "LIN": number,
                "COA": CHART,
                "ACC": account,
                "BPR": partner,
                "SNS": -1 if amount < 0 else 1,
                "AMTCUR": abs(amount),
                "AMTLED": abs(self._local(amount)),
                "DES": text[:30],
                "FCYLIN": site,
            }
            yield self._new("GACCENTRYD", row)
            if invoice.company == "20":  # which keeps a second ledger
                yield self._new("GACCENTRYD", {**row, "LEDTYP": 2, "COA": OTHER_CHART})
            if center:
                split = {**key, "LIN": number, "AMTCUR": abs(amount), **_coding(invoice.company, center)}
                yield self._new("GACCENTRYA", split)

    def _local(self, amount: Decimal) -> Decimal:
        return money(amount * self._invoice.rate, self._company.currency)

    def _tax_of(self, amount: Decimal) -> Decimal:
        """The line's share of the tax; rounded, so that the lines may be a cent off."""
        net = sum((x.amount for x in self._invoice.lines), Decimal(0)) * self._sign
        return money(self._invoice.tax * self._sign * amount / net, self._invoice.currency) if net else Decimal(0)


def invoice_number(invoice: Invoice) -> str:
    """The number that X3 gives: unique in the folder, so the company is part of it."""
    return f"SI{invoice.company}{invoice.id:06}"


def _entries_to_leave_out() -> Iterator[NewRow]:
    """A simulated and a temporary entry."""
    for number, state, category in (("SIM000001", 2, 2), ("TMP000001", 1, 1)):
        key = {"TYP": "MISC", "NUM": number}
        more = {"CPY": "10", "FCY": "H1", "ACCDAT": "2026-01-15", "CUR": "EUR", "STA": state, "CAT": category}
        yield NewRow("GACCENTRY", {**key, **more}, _OLD, _OLD)
        for line, (account, sign) in enumerate((("6310", 1), ("3300", -1)), 1):
            row = {**key, "LIN": line, "COA": CHART, "ACC": account, "SNS": sign, "AMTCUR": 500, "AMTLED": 500}
            yield NewRow("GACCENTRYD", row, _OLD, _OLD)


def name_lines(name: str) -> list[str]:
    """A name in the two fields of 35 characters in which a business partner keeps it."""
    return [name[:35], name[35:]]


def _coding(company: str, center: str) -> dict[str, list[str]]:
    """The dimension types in use and their codes by place; the cost center's place differs by company."""
    if company == "20":
        return {"DIE": ["BRN", COST_CENTER_DIMENSION], "CCE": ["R1" if center else "", center]}
    return {"DIE": [COST_CENTER_DIMENSION, "PRJ"], "CCE": [center]}


def _end(day: date) -> date | None:
    """X3 leaves the end open instead of naming a day far away."""
    return None if day == FOREVER else day


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)


def _custom_fields(extra: Mapping[str, str]) -> dict[str, str]:
    """A site's own fields start with X, Y or Z."""
    return {f"Z{name.upper().replace(' ', '')}": value for name, value in extra.items()}
