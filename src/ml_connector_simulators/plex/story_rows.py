"""The story in the words of Plex: every row of both plants (fact sheet §2).

What Plex cannot express, and how it appears instead:
* Invoices have no series: the case of one number in two series is left out.
* Dates of validity: a blocked or expired account, and one of an expired or future cost center, is inactive; an
  ended validity stands in `inactiveDate`. Departments have a flag only.
* Invoice lines do not name the order's line; the order stands in the header (`poId`, `poNumber`).
* Invoices have one date, `transactionDate`; it is the story's invoice date. The story's id is the voucher number.
* Orders have no tax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ..story import (
    Account,
    Awkward,
    CostCenter,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    OrderStatus,
    Story,
    Supplier,
    money,
)
from ..story_names import PARTS
from .accounts import INPUT_TAX, NO_CENTER, account_fields, account_number
from .values import guid

PCN_OF = {"10": "104455", "20": "104456"}
SHARED_ORDER, PARTLY_CANCELLED_ORDER = "P9009", "P9101"
_OTHER_SERIES = ("10", 9005)
_OLD = datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
_CATEGORIES = {"cost": "Expense", "asset": "Asset", "liability": "Liability", "revenue": "Revenue"}
_ORDER_WORDS: dict[OrderStatus, str] = {
    "planned": "New",
    "released": "On Order",
    "confirmed": "On Order",
    "arrived": "Partially Received",
    "received": "Received",
    "invoiced": "Received",
    "closed": "Closed",
    "cancelled": "Cancelled",
}
_RELEASE_WORDS: dict[OrderStatus, str] = {
    "planned": "Open",
    "released": "Open",
    "confirmed": "Open",
    "arrived": "Partial",
    "received": "Received",
    "invoiced": "Received",
    "closed": "Closed",
    "cancelled": "Cancelled",
}
_INVOICE_WORDS = {
    "preliminary": "New",
    "preliminary_posted": "Approved",
    "posted": "Booked",
    "partly_paid": "Partially Paid",
    "paid": "Paid",
    "cancelled": "Cancelled",
}
ORDER_STATUSES = tuple(dict.fromkeys(_ORDER_WORDS.values()))
RELEASE_STATUSES = tuple(dict.fromkeys(_RELEASE_WORDS.values()))


@dataclass(frozen=True)
class NewRow:
    """A row to be entered; its GUID and what follows from other rows is filled in on entry."""

    table: str
    pcn: str
    values: Mapping[str, Any]
    created: datetime
    changed: datetime


def plex_story(story: Story) -> Story:
    """The story with two cases of Plex's own, and without what it cannot express."""
    base = story.order(SHARED_ORDER)
    line = base.lines[0]
    other = _one_line_order(base, SHARED_ORDER, "20", "A1", "USD", (replace(line, quantity=Decimal(6)),))
    second = replace(line, release="2", quantity=Decimal(5), status="cancelled")
    partly = _one_line_order(
        base, PARTLY_CANCELLED_ORDER, "10", "H1", "EUR", (replace(line, quantity=Decimal(10)), second)
    )
    awkward = (
        *(a for a in story.awkward if a.key != "number_twice_other_series"),
        Awkward(
            "po_number_in_two_pcns", "purchase_orders", (SHARED_ORDER,), "Both plants have an order of this number."
        ),
        Awkward("po_cancelled_release", "purchase_orders", (PARTLY_CANCELLED_ORDER,), "One release was cancelled."),
    )
    return replace(
        story,
        orders=(*story.orders, other, partly),
        invoices=tuple(i for i in story.invoices if (i.company, i.id) != _OTHER_SERIES),
        awkward=awkward,
    )


def _one_line_order(
    base: Order, number: str, company: str, site: str, currency: str, lines: tuple[OrderLine, ...]
) -> Order:
    """An order like `base`; its total leaves cancelled releases out."""
    net = sum((x.quantity * x.unit_price for x in lines if x.status != "cancelled"), Decimal(0))
    told = tuple(replace(x, net=x.quantity * x.unit_price, tax=Decimal(0)) for x in lines)
    return replace(
        base, number=number, company=company, site=site, currency=currency, net=net, tax=Decimal(0), lines=told,
        rate=Decimal(1), note="",
    )  # fmt: skip


def story_rows(story: Story, today: date) -> Iterator[NewRow]:
    """All rows, parents before children; `today` decides which validities have ended."""
    suppliers = {s.number: s for s in story.suppliers}
    for site in story.sites:
        row = {"buildingCode": site.number, "name": site.name, "country": site.country}
        yield NewRow("buildings", PCN_OF[site.company], row, _OLD, _OLD)
    for company, pcn in PCN_OF.items():
        for number, name, _, _, _ in PARTS:
            yield NewRow("parts", pcn, {"number": number, "name": name, "type": "Purchased"}, _OLD, _OLD)
        yield from _dimension_rows(story, company, pcn, today)
        for supplier in story.suppliers:
            yield from _supplier_rows(supplier, pcn)
        yield from _carrier_rows(pcn)
    departments = _department_codes(story)
    for order in story.orders:
        yield from _order_rows(order, PCN_OF[order.company], suppliers[order.supplier], departments)
    orders = {(o.company, o.number): o for o in story.orders}
    for invoice in story.invoices:
        order_of = orders.get((invoice.company, invoice.order or ""))
        yield from _invoice_rows(invoice, PCN_OF[invoice.company], suppliers[invoice.supplier], order_of, story)


# Dimensions --------------------------------------------------------------------------------------------------


def _department_codes(story: Story) -> dict[str, str]:
    """Cost center -> the code that orders use, such as MAINT."""
    codes: dict[str, str] = {}
    taken: set[str] = set()
    for center in story.cost_centers:
        code = center.name.upper().replace(" ", "")[:5]
        if center.number not in codes:
            codes[center.number] = f"{code}{center.number}" if code in taken else code
            taken.add(code)
    return codes


def _dimension_rows(story: Story, company: str, pcn: str, today: date) -> Iterator[NewRow]:
    """Departments, every account without a cost center, and the combinations that documents use."""
    codes = _department_codes(story)
    centers = {c.number: c for c in story.cost_centers if c.company == company}
    accounts = {a.number: a for a in story.accounts if a.company == company}
    for center in centers.values():
        row = {
            "departmentNo": int(center.number),
            "departmentCode": codes[center.number],
            "name": center.name,
            "active": _valid(center, today),
        }
        yield NewRow("departments", pcn, row, _OLD, center.changed_at)
    for account in accounts.values():
        yield _account_row(account, None, pcn, today)
    for number, center_number in sorted(_combinations(story, company)):
        if number in accounts and center_number in centers:
            yield _account_row(accounts[number], centers[center_number], pcn, today)


def _combinations(story: Story, company: str) -> set[tuple[str, str]]:
    ordered = {(x.account, x.cost_center) for o in story.orders if o.company == company for x in o.lines}
    billed = {(x.account, x.cost_center) for i in story.invoices if i.company == company for x in i.lines}
    return ordered | billed


def _account_row(account: Account, center: CostCenter | None, pcn: str, today: date) -> NewRow:
    ends = [each.valid_until for each in (account, center) if each and each.valid_until < today]
    inactive = min(ends) + timedelta(days=1) if ends else account.changed_at.date() if account.blocked else None
    row = {
        "accountNumber": account_number(account.number, center.number if center else NO_CENTER),
        "name": f"{account.name} - {center.name}" if center else account.name,
        "categoryType": _CATEGORIES[account.kind],
        "active": not account.blocked and _valid(account, today) and (center is None or _valid(center, today)),
        "inactiveDate": inactive,
    }
    changed = max(account.changed_at, center.changed_at) if center else account.changed_at
    return NewRow("chart-of-accounts", pcn, row, _OLD, changed)


def _valid(dimension: Account | CostCenter, today: date) -> bool:
    return dimension.valid_from <= today <= dimension.valid_until


# Suppliers ---------------------------------------------------------------------------------------------------


def _supplier_rows(supplier: Supplier, pcn: str) -> Iterator[NewRow]:
    created = min(datetime.combine(supplier.created_on, time(8), UTC), supplier.changed_at)
    when = (created, supplier.changed_at)
    row = {"code": supplier.number, "name": supplier.name, "category": "Direct", **_extra(supplier.extra)}
    yield NewRow("suppliers", pcn, row, *when)
    key = guid(pcn, "suppliers", supplier.number)
    for n, address in enumerate(supplier.addresses):
        place = {
            "supplierId": key,
            "code": address.number,
            "type": "Main" if n == 0 else "Other",
            "country": address.country,
            "address": address.street,
            "city": address.city,
            "zip": address.postcode,
            "state": address.state or None,
            "main": n == 0,
            "remit": n == 0,
        }
        yield NewRow("addresses", pcn, place, *when)
    taxes = {"supplierId": key, "taxId": supplier.tax_number, "taxIdType": "VAT", "misc1099": False}
    yield NewRow("financials", pcn, taxes, *when)
    usual = {
        "supplierId": key,
        "defaultPaymentTerms": _terms(supplier.payment_terms),
        "defaultCurrencyCode": supplier.currency,
    }
    yield NewRow("purchasing-defaults", pcn, usual, *when)


def _carrier_rows(pcn: str) -> Iterator[NewRow]:
    """Carriers are suppliers (§6.5)."""
    for code, name in (("CARR01", "Nordfracht Spedition GmbH"), ("CARR02", "Lakeside Freight LLC")):
        yield NewRow("suppliers", pcn, {"code": code, "name": name, "type": "Carrier"}, _OLD, _OLD)


# Orders ------------------------------------------------------------------------------------------------------


def _order_rows(order: Order, pcn: str, supplier: Supplier, departments: Mapping[str, str]) -> Iterator[NewRow]:
    wanted = min((line.wanted_on for line in order.lines), default=None)
    department = departments.get(order.lines[0].cost_center) if order.lines else None
    when = (order.entered_at, order.changed_at)
    told = sum((line.net for line in order.lines if line.status == order.status), Decimal(0))
    row = {
        "poNumber": order.number,
        "supplierCode": order.supplier,
        "supplierAddressId": _address_key(pcn, supplier),
        "issuedById": guid(pcn, "users", order.buyer),
        "orderedById": guid(pcn, "users", order.buyer),
        "currencyCode": order.currency,
        "status": _ORDER_WORDS[order.status],
        "active": order.status not in ("closed", "cancelled"),
        "receive": order.status not in ("planned", "closed", "cancelled"),
        "terms": _terms(order.payment_terms),
        "shipTo": order.site,
        "note": order.note or None,
        "building": order.site,
        "department": department,
        "poDate": order.ordered_on,
        "orderedDate": None if order.status == "planned" else order.ordered_on,
        "approvedDate": None if order.status == "planned" else order.entered_at,
        "dueDate": wanted,
        "lineItemTotal": order.net if order.net != told else None,  # None: computed from the lines
        **_extra(order.extra),
    }
    yield NewRow("purchase-orders", pcn, row, *when)
    seen: set[str] = set()
    for line in order.lines:
        if line.number not in seen:
            seen.add(line.number)
            yield _line_row(order, line, pcn, departments)
        yield _release_row(order, line, pcn)


def _line_row(order: Order, line: OrderLine, pcn: str, departments: Mapping[str, str]) -> NewRow:
    row = {
        "poNumber": order.number,
        "lineItemNumber": int(line.number),
        "accountNumber": account_number(line.account, line.cost_center),
        "partId": guid(pcn, "parts", line.part) if line.part else None,
        "status": _ORDER_WORDS[line.status],
        "unit": line.unit,
        "orderUnit": line.unit,
        "description": line.description,
        "taxCode": "19" if line.tax else None,
        "unitPrice": line.unit_price,
        "building": order.site,
        "department": departments.get(line.cost_center),
    }
    return NewRow("line-items", pcn, row, order.entered_at, line.changed_at)


def _release_row(order: Order, line: OrderLine, pcn: str) -> NewRow:
    row = {
        "poNumber": order.number,
        "lineItemNo": int(line.number),
        "releaseLineNumber": int(line.release),
        "status": _RELEASE_WORDS[line.status],
        "quantity": line.quantity,
        "dueDate": line.wanted_on,
        "releaseDate": order.ordered_on,
        "buildingId": guid(pcn, "buildings", order.site),
        "buildingCode": order.site,
        "releaseByDisplayName": order.buyer,
    }
    return NewRow("releases", pcn, row, order.entered_at, line.changed_at)


# Invoices ----------------------------------------------------------------------------------------------------


def _invoice_rows(
    invoice: Invoice, pcn: str, supplier: Supplier, order: Order | None, story: Story
) -> Iterator[NewRow]:
    currency = next(c.currency for c in story.companies if c.number == invoice.company)
    created = min(datetime.combine(invoice.entered_on, time(8), UTC), invoice.changed_at)
    when = (created, invoice.changed_at)
    gross = money(invoice.gross * invoice.rate, currency)
    half = money(gross / 2, currency)
    row = {
        **_invoice_head(invoice, pcn, supplier, order),
        **_invoice_totals(invoice, gross, half),
        **_extra(invoice.extra),
    }
    if invoice.order:
        row["poNumber"] = invoice.order
    yield NewRow("ap-invoices", pcn, row, *when)
    bought = {(x.number, x.release): x for x in order.lines} if order else {}
    for line, tax in zip(invoice.lines, _tax_shares(invoice), strict=True):
        key = guid(pcn, "ap-invoice-lines", f"{invoice.id}/{line.number}")
        owner = {"voucherNumber": str(invoice.id), "lineId": key}
        source = bought.get((line.order_line or "", line.order_release or ""))
        yield NewRow("ap-invoice-lines", pcn, {**owner, **_posting(line, source)}, *when)
        if invoice.tax:
            yield NewRow("ap-invoice-taxes", pcn, {**owner, **_tax_row(pcn, line.amount, tax)}, *when)
    if invoice.status in ("paid", "partly_paid"):
        yield _payment_row(invoice, pcn, gross if invoice.status == "paid" else half, when)


def _invoice_head(invoice: Invoice, pcn: str, supplier: Supplier, order: Order | None) -> dict[str, Any]:
    paid = invoice.status == "paid"
    center = invoice.lines[0].cost_center
    return {
        "voucherNumber": str(invoice.id),
        "invoiceNumber": invoice.number,
        "supplierCode": invoice.supplier,
        "supplierAddressId": _address_key(pcn, supplier),
        "supplierAddressCode": supplier.addresses[0].number,
        "periodDisplay": f"{invoice.invoice_date:%m-%Y}",
        "buildingCode": order.site if order else None,
        "currencyCode": invoice.currency,
        "exchangeRate": invoice.rate,
        "exchangeRateDate": invoice.invoice_date,
        "terms": _terms(invoice.payment_terms),
        "internalNote": invoice.text,
        "status": _INVOICE_WORDS[invoice.status],
        "booked": not invoice.status.startswith("preliminary"),
        "paid": paid,
        "paidDate": invoice.due_on if paid else None,
        "transactionDate": invoice.invoice_date,
        "dueDate": invoice.due_on,
        "taxId": supplier.tax_number,
        "department": int(center) if center.isdigit() else None,
        "debitMemo": int(invoice.kind == "credit_memo"),
    }


def _invoice_totals(invoice: Invoice, gross: Decimal, half: Decimal) -> dict[str, Decimal | None]:
    """What is given as it is; None: computed from the lines, unless the header is an awkward one that differs."""
    differs = invoice.net != _told(invoice)
    is_half_paid = invoice.status == "partly_paid"
    return {
        "amount": gross if differs else None,
        "foreignCurrencyAmount": invoice.gross if differs else None,
        "balance": half if is_half_paid else None,
        "foreignCurrencyBalance": money(invoice.gross / 2, invoice.currency) if is_half_paid else None,
    }


def _told(invoice: Invoice) -> Decimal:
    """What the lines add up to."""
    return sum((line.amount for line in invoice.lines), Decimal(0))


def _tax_shares(invoice: Invoice) -> list[Decimal]:
    """The invoice's tax spread over its lines by amount; the last takes the rounding."""
    told = _told(invoice)
    share = invoice.tax / told if told else Decimal(0)
    shares = [money(line.amount * share, invoice.currency) for line in invoice.lines[:-1]]
    return [*shares, invoice.tax - sum(shares, Decimal(0))]


def _posting(line: InvoiceLine, source: OrderLine | None) -> dict[str, Any]:
    """A line's coding; quantity, price and unit are those of the order's line that it comes from."""
    return {
        "accountNumber": account_number(line.account, line.cost_center),
        "description": line.text,
        "currencyDebit": max(line.amount, Decimal(0)),
        "currencyCredit": max(-line.amount, Decimal(0)),
        "quantity": source.quantity if source else None,
        "unitPrice": source.unit_price if source else None,
        "uoM": source.unit if source else None,
    }


def _tax_row(pcn: str, amount: Decimal, tax: Decimal) -> dict[str, Any]:
    return {
        **account_fields(pcn, account_number(INPUT_TAX)),
        "taxCode": "19",
        "taxDescription": "VAT 19 %",
        "taxRate": Decimal(19),
        "currencyTaxAmount": tax,
        "currencyTaxableAmount": amount,
    }


def _payment_row(invoice: Invoice, pcn: str, amount: Decimal, when: tuple[datetime, datetime]) -> NewRow:
    day = min(invoice.due_on, invoice.changed_at.date())
    row = {
        "paymentNumber": f"{700000 + invoice.id}",
        "supplierCode": invoice.supplier,
        "periodDisplay": f"{day:%m-%Y}",
        "voucherNo": str(invoice.id),
        "currencyCode": invoice.currency,
        "exchangeRate": invoice.rate,
        "amount": amount,
        "transactionDate": day,
        "checkDate": day,
    }
    return NewRow("ap-payments", pcn, row, *when)


def _address_key(pcn: str, supplier: Supplier) -> str:
    return guid(pcn, "addresses", f"{guid(pcn, 'suppliers', supplier.number)}/{supplier.addresses[0].number}")


def _terms(days: str) -> str:
    return f"Net {days}"


def _extra(extra: Mapping[str, str]) -> dict[str, str]:
    """Fields that nobody announced: `Loading gate` becomes `loadingGate`."""
    return {name[0].lower() + name.title().replace(" ", "")[1:]: value for name, value in extra.items()}
