"""The story in the words of SYSPRO: the rows of one company's tables (fact sheet §5, §7).

Left out, because SYSPRO cannot express it: a second invoice under a supplier's number (the series and the negative
credit memo of one number), an invoice without a number, validity dates of accounts and cost centers, releases of order
lines (two lines instead), totals of orders, a third decimal, cost centers of order lines. A cancelled invoice is one
that was adjusted to nothing. Unannounced fields of a supplier are in the custom-form table `ApSupplier+`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ..story import Company, Order, OrderLine, Story, Supplier
from .story_books import Books
from .story_words import CATEGORY, COMPANY_IDS, PROJECTS, NewRow, conversion, gl_code, order_key, supplier_key
from .switches import SysproSwitches

_ACCOUNT_TYPES = {"cost": "E", "asset": "A", "liability": "L", "revenue": "R"}
_ORDER_STATES = {
    "planned": "0",
    "released": "1",
    "confirmed": "4",
    "arrived": "4",
    "received": "4",
    "invoiced": "9",
    "closed": "9",
    "cancelled": "*",
}


def company_rows(story: Story, company: Company, today: date, switches: SysproSwitches) -> Iterator[NewRow]:
    """All rows of one company, masters first. Company 10 knows all suppliers, company 20 those that it deals with."""
    orders = [o for o in story.orders if o.company == company.number]
    invoices = [i for i in story.invoices if i.company == company.number]
    dealt_with = {o.supplier for o in orders} | {i.supplier for i in invoices}
    first = company.number == "10"
    for supplier in story.suppliers:
        if first or supplier.number in dealt_with:
            yield from _supplier_rows(supplier, switches)
    yield from _dimension_rows(story, company, switches)
    if switches.second_analysis:
        yield from _project_rows()
    for order in orders:
        yield from _order_rows(order, company, switches)
    books = Books(company, today, switches)
    taken: set[tuple[str, str]] = set()
    for invoice in sorted(invoices, key=lambda i: (i.entered_on, i.id)):
        name = (invoice.supplier, (invoice.number or "").rstrip())
        if invoice.number is not None and name not in taken:
            taken.add(name)
            yield from books.invoice_rows(invoice)
    if first:
        yield from _awkward_order_rows(today)
        yield from books.awkward_rows()
    yield from books.journal_rows()


def _supplier_rows(supplier: Supplier, switches: SysproSwitches) -> Iterator[NewRow]:
    key = supplier_key(supplier.number)
    home, remit = supplier.addresses[0], supplier.addresses[-1]
    yield (
        "ApSupplier",
        {
            "Supplier": key,
            "SupplierName": supplier.name or "",
            "SupShortName": (supplier.name or "")[:20],
            "SupplierClass": "MERCH",
            "Branch": "00",
            "Telephone": "",
            "Contact": "",
            "Email": f"orders@supplier-{key.strip().lower()}.example",
            "RemitEmail": f"billing@supplier-{key.strip().lower()}.example",
            "Currency": supplier.currency,
            "TermsCode": supplier.payment_terms,
            "TaxRegnNum": supplier.tax_number,
            "Nationality": supplier.country,
            "MerchGlCode": gl_code("4010", "100", switches),
            "FreightGlCode": gl_code("6410", "100", switches),
            "GrnMatchReqd": "N",
            "OnHold": "N",
            "PurchOrdAllowed": "Y",
            "DateSuppAdded": supplier.created_on,
        },
    )
    address = {
        "Supplier": key,
        "SupAddr1": home.street,
        "SupAddr2": home.city,
        "SupAddr3": home.state,
        "SupAddr4": home.country,
        "SupPostalCode": home.postcode,
    }
    if remit is not home:
        address |= {
            "RemitName": supplier.name or "",
            "RemitAddr1": remit.street,
            "RemitAddr2": remit.city,
            "RemitAddr3": remit.state,
            "RemitAddr4": remit.country,
            "RemitPostalCode": remit.postcode,
        }
    yield "ApSupplierAddr", address
    if supplier.extra:
        yield "ApSupplier+", {"Supplier": key, "LoadingGate": supplier.extra.get("Loading gate", "")}


def _dimension_rows(story: Story, company: Company, switches: SysproSwitches) -> Iterator[NewRow]:
    centers = [c for c in story.cost_centers if c.company == company.number]
    for account in story.accounts:
        if account.company != company.number:
            continue
        segmented = switches.cost_centers == "gl_segment" and account.kind == "cost"
        for center in centers if segmented else [None]:
            name = f"{account.name}, {center.name}" if center else account.name
            yield (
                "GenMaster",
                {
                    "Company": COMPANY_IDS[company.number],
                    "GlCode": gl_code(account.number, center.number if center else "", switches),
                    "Description": name[:50],
                    "GlGroup": account.group,
                    "AccountType": _ACCOUNT_TYPES[account.kind],
                    "AccOnHoldFlag": "Y" if account.blocked else "N",
                },
            )
    for center in centers:
        yield (
            "GenAnalysisCode",
            {
                "AnalysisCategory": CATEGORY,
                "AnalysisType": 1,
                "AnalysisCode": center.number,
                "Description": center.name,
            },
        )


def _project_rows() -> Iterator[NewRow]:
    """Codes of type 2, which are no cost centers."""
    for code, name in PROJECTS:
        row = {"AnalysisCategory": CATEGORY, "AnalysisType": 2, "AnalysisCode": code, "Description": name}
        yield "GenAnalysisCode", row


def _order_rows(order: Order, company: Company, switches: SysproSwitches) -> Iterator[NewRow]:
    rate, mul_div = conversion(order.rate, order.currency or company.currency)
    status = _ORDER_STATES[order.status]
    due = min((line.wanted_on for line in order.lines), default=None)
    yield (
        "PorMasterHdr",
        {
            "PurchaseOrder": order_key(order.number),
            "Supplier": supplier_key(order.supplier),
            "OrderStatus": status,
            "CancelledFlag": "Y" if status == "*" else "",
            "ActiveFlag": "Y" if status not in "*9" else "N",
            "OrderEntryDate": order.ordered_on,
            "OrderDueDate": due,
            "MemoDate": due,
            "DatePoCompleted": order.changed_at.date() if status == "9" else None,
            "Currency": order.currency or "",
            "ExchangeRate": rate,
            "MulDiv": mul_div,
            "TermsCode": order.payment_terms,
            "Buyer": order.buyer,
            "Warehouse": order.site,
            "DeliveryName": company.name,
            "TaxStatus": "N",
        },
    )
    for number, line in enumerate(order.lines, 1):
        values = _order_line(line, rate, mul_div, order.site, switches)
        yield "PorMasterDetail", {"PurchaseOrder": order_key(order.number), "Line": number, **values}


def _order_line(
    line: OrderLine, rate: Decimal, mul_div: str, warehouse: str, switches: SysproSwitches
) -> dict[str, Any]:
    complete = line.status in ("invoiced", "closed", "received")
    price = line.unit_price * rate if mul_div == "M" else line.unit_price / rate
    return {
        "LineType": "1" if line.part else "7",
        "MStockCode": line.part or "NON-STOCKED",
        "MStockDes": line.description,
        "MWarehouse": warehouse if line.part else "**",
        "MOrderQty": line.quantity,
        "MReceivedQty": line.quantity if complete else 0,
        "MOrderUom": line.unit,
        "MPrice": price,
        "MForeignPrice": line.unit_price,
        "MPriceUom": line.unit,
        "MConvFactPrcUm": 1,
        "MMulDivPrc": "M",
        "MTaxCode": "A" if line.tax else "Z",
        "MGlCode": gl_code(line.account, line.cost_center, switches),
        "MLatestDueDate": line.wanted_on,
        "MOrigDueDate": line.wanted_on,
        "MCompleteFlag": "Y" if complete else "N",
    }


def _awkward_order_rows(today: date) -> Iterator[NewRow]:
    """An order with every type of line; its key is the one that was recorded: a blank, then 00001."""
    number, due = " 00001", today + timedelta(days=9)
    head = {
        "PurchaseOrder": number,
        "Supplier": "V9010",
        "OrderStatus": "4",
        "ActiveFlag": "Y",
        "OrderEntryDate": today - timedelta(days=12),
        "OrderDueDate": due,
        "MemoDate": due,
        "Currency": "EUR",
        "ExchangeRate": 1,
        "MulDiv": "M",
        "TermsCode": "30",
        "Buyer": "AMEYER",
        "Warehouse": "H1",
    }
    yield "PorMasterHdr", head
    common = {"PurchaseOrder": number, "MLatestDueDate": due, "MOrigDueDate": due, "MCompleteFlag": "N"}
    priced = {"MOrderUom": "PCS", "MPriceUom": "PCS", "MConvFactPrcUm": 1, "MMulDivPrc": "M", "MGlCode": "4010"}
    pump = {"MStockCode": "PMP-4410", "MStockDes": "Impeller, stainless, 4 vanes", "MWarehouse": "H1"}
    price = Decimal("48.60")
    stocked = {**pump, "MOrderQty": 38400, "MPrice": price, "MForeignPrice": price}
    yield "PorMasterDetail", {**common, **priced, **stocked, "Line": 1, "LineType": "1"}
    yield "PorMasterDetail", {**common, "Line": 2, "LineType": "6", "NComment": "Deliver to gate 4, please"}
    freight = {"MStockDes": "Freight", "MGlCode": "6410", "NMscChargeValue": Decimal("75.00")}
    yield "PorMasterDetail", {**common, **freight, "Line": 3, "LineType": "5"}
    price = Decimal("12.50")
    other = {"MStockCode": "NON-STOCKED", "MStockDes": "Name plate", "MOrderQty": 4, "MDiscPct1": 10}
    more = {"MPrice": price, "MForeignPrice": price, "Line": 4, "LineType": "7"}
    yield "PorMasterDetail", {**common, **priced, **other, **more}
