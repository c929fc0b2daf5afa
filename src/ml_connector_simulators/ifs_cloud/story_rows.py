"""The story in the words of IFS Cloud: every row of every table, with its company and its stamp (fact sheet §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from ..story import Account, Company, Invoice, InvoiceLine, Order, OrderLine, Story, Supplier, money

_INVOICE_STATES = {
    "preliminary": "Preliminary",
    "preliminary_posted": "PrelPosted",
    "posted": "Posted",
    "partly_paid": "PartlyPaidPosted",
    "paid": "PaidPosted",
    "cancelled": "Cancelled",
}
_ACCOUNT_KINDS = {"cost": "Cost", "asset": "Assets", "liability": "Liabilities", "revenue": "Revenue"}
# the part of the code string that is no cost center in the company: B..D mean something else in each (§9)
_CODE_PARTS = {
    "10": {"A": ("Account", "Account"), "B": ("Cost center", "CostCenter"), "C": ("Project", "Project")},
    "20": {"A": ("Account", "Account"), "B": ("Region", "NoCode"), "C": ("Cost center", "CostCenter")},
}
_OTHER_CODES = {
    "10": ("C", [("P100", "New pump series"), ("P200", "Energy saving")]),
    "20": ("B", [("R1", "Midwest"), ("R2", "South")]),
}
_YEN_FACTOR = 100  # rates of JPY are quoted for a hundred


@dataclass(frozen=True)
class NewRow:
    """A row to be put into `table`; `company` "" belongs to nobody."""

    table: str
    values: Mapping[str, Any]
    stamp: datetime
    company: str = ""


def story_rows(story: Story) -> Iterator[NewRow]:
    """All rows, parents before children."""
    old = datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
    companies = {c.number: c for c in story.companies}
    suppliers = {s.number: s for s in story.suppliers}
    for company in story.companies:
        yield from _company_rows(company, old)
    for site in story.sites:
        yield NewRow(
            "SiteSet",
            {
                "Contract": site.number,
                "Company": site.company,
                "Description": site.name,
                "TimeZoneCode": site.time_zone,
                "Offset": Decimal(0),
                "CountryCode": site.country,
            },
            old,
            site.company,
        )
    yield from _dimension_rows(story, companies, old)
    for supplier in story.suppliers:
        yield from _supplier_rows(supplier, story.companies)
    coding = 0
    for order in story.orders:
        yield _order_row(order, suppliers[order.supplier])
        for line in order.lines:
            coding += 1
            yield from _order_line_rows(order, line, companies[order.company], 500000 + coding)
    for invoice in story.invoices:
        yield _invoice_row(invoice, suppliers[invoice.supplier], companies[invoice.company])
        for posting in invoice.lines:
            yield _invoice_line_row(invoice, posting, companies[invoice.company])


def _company_rows(company: Company, old: datetime) -> Iterator[NewRow]:
    number = company.number
    head = {
        "Company": number,
        "Name": company.name,
        "CurrencyCode": company.currency,
        "Country": company.country,
    }
    yield NewRow("CompanySet", head, old, number)
    for part in "ABCDEFGHIJ":
        name, meaning = _CODE_PARTS[number].get(part, (f"Free {part}", "NoCode"))
        row = {
            "Company": number,
            "CodePart": part,
            "CodeName": name,
            "LogicalCodePart": meaning,
            "CodePartUsed": part in "ABC",
        }
        yield NewRow("AccountingCodePartSet", row, old, number)


def _dimension_rows(story: Story, companies: Mapping[str, Company], old: datetime) -> Iterator[NewRow]:
    for account in story.accounts:
        yield _account_row(account)
    for center in story.cost_centers:
        part = companies[center.company].cost_center_part
        row = {
            "Company": center.company,
            f"Code{part}": center.number,
            "Description": center.name,
            "ValidFrom": center.valid_from,
            "ValidUntil": center.valid_until,
        }
        yield NewRow(f"Code{part}Set", row, center.changed_at, center.company)
    for company, (part, codes) in _OTHER_CODES.items():
        for code, name in codes:
            row = {
                "Company": company,
                f"Code{part}": code,
                "Description": name,
                "ValidFrom": "2015-01-01",
                "ValidUntil": "2049-12-31",
            }
            yield NewRow(f"Code{part}Set", row, old, company)


def _account_row(account: Account) -> NewRow:
    row = {
        "Company": account.company,
        "Account": account.number,
        "Description": account.name,
        "AccntGroup": account.group,
        "LogicalAccountType": _ACCOUNT_KINDS[account.kind],
        "ValidFrom": account.valid_from,
        "ValidUntil": account.valid_until,
        "BlockedForPosting": account.blocked,
    }
    return NewRow("AccountSet", row, account.changed_at, account.company)


def _supplier_rows(supplier: Supplier, companies: tuple[Company, ...]) -> Iterator[NewRow]:
    number, changed = supplier.number, supplier.changed_at
    head = {
        "SupplierId": number,
        "Name": supplier.name,
        "PartyType": "Supplier",
        "AssociationNo": supplier.tax_number,
        "Country": supplier.country,
        "CreationDate": supplier.created_on,
        "Objstate": "Active",
        **_custom_fields(supplier.extra),
    }
    yield NewRow("SupplierInfoGeneralSet", head, changed)
    for address in supplier.addresses:
        row = {
            "SupplierId": number,
            "AddressId": address.number,
            "Name": supplier.name,
            "Address1": address.street,
            "ZipCode": address.postcode,
            "City": address.city,
            "State": address.state or None,
            "Country": address.country,
        }
        yield NewRow("SupplierInfoAddresses", row, changed)
    for company in companies:
        keys = {"SupplierId": number, "Company": company.number}
        terms = {"DefCurrency": supplier.currency, "PayTermId": supplier.payment_terms}
        yield NewRow("SupplierInvoiceCompanies", {**keys, **terms}, changed, company.number)
        yield NewRow("SupplierPayments", {**keys, "PaymentWay": "TRANSFER"}, changed, company.number)
    purchase = {"SupplierId": number, "BuyerCode": "AMEYER", "CurrencyCode": supplier.currency}
    yield NewRow("SupplierPurchases", purchase, changed)


def _order_row(order: Order, supplier: Supplier) -> NewRow:
    wanted = min((line.wanted_on for line in order.lines), default=None)
    row = {
        "OrderNo": order.number,
        "Company": order.company,
        "Contract": order.site,
        "VendorNo": order.supplier,
        "VendorName": supplier.name,
        "BuyerCode": order.buyer,
        "AuthorizeCode": "PURCH",
        "CurrencyCode": order.currency,
        "CurrencyRate": order.rate,
        "OrderDate": order.ordered_on,
        "DateEntered": order.entered_at,
        "WantedReceiptDate": datetime.combine(wanted, time(), UTC) if wanted else None,
        "PayTermId": order.payment_terms,
        "NetAmount": order.net,
        "TaxAmount": order.tax,
        "GrossAmount": order.gross,
        "NoteText": order.note or None,
        "Objstate": order.status.capitalize(),
        **_custom_fields(order.extra),
    }
    return NewRow("PurchaseOrderSet", row, order.changed_at, order.company)


def _order_line_rows(order: Order, line: OrderLine, company: Company, coding: int) -> Iterator[NewRow]:
    codes = _codes(company, line.account, line.cost_center)
    wanted = datetime.combine(line.wanted_on, time(), UTC)
    row = {
        "OrderNo": order.number,
        "LineNo": line.number,
        "ReleaseNo": line.release,
        "PartNo": line.part,
        "Description": line.description,
        "BuyQtyDue": line.quantity,
        "BuyUnitMeas": line.unit,
        "BuyUnitPrice": line.unit_price,
        "NetAmtCurr": line.net,
        "GrossAmtCurr": line.net + line.tax,
        "TaxCode": "19" if line.tax else "0",
        "CurrencyCode": order.currency,
        "Contract": order.site,
        "VendorNo": order.supplier,
        "WantedDeliveryDate": wanted,
        "PlannedReceiptDate": wanted,
        "PreAccountingId": coding,
        "Objstate": line.status.capitalize(),
        **{f"Code{part}": value for part, value in codes.items()},
    }
    yield NewRow("PurchaseOrderLineSet", row, line.changed_at, order.company)
    own = {"A": "AccountNo"}
    names = {own.get(part, f"Codeno{part}"): value for part, value in codes.items()}
    yield NewRow("PreAccountingSet", {"PreAccountingId": coding, **names}, line.changed_at)


def _invoice_row(invoice: Invoice, supplier: Supplier, company: Company) -> NewRow:
    factor = _YEN_FACTOR if invoice.currency == "JPY" else 1
    row = {
        "Company": invoice.company,
        "InvoiceId": invoice.id,
        "SeriesId": invoice.series,
        "InvoiceNo": invoice.number,
        "Identity": invoice.supplier,
        "PartyType": "Supplier",
        "SupplierName": supplier.name,
        "InvoiceType": "SUPPINV" if invoice.kind == "invoice" else "SUPPCREDIT",
        "InvoiceDate": invoice.invoice_date,
        "ArrivalDate": invoice.arrived_on,
        "DueDate": invoice.due_on,
        "PayTermId": invoice.payment_terms,
        "CreationDate": invoice.entered_on,
        "Currency": invoice.currency,
        "CurrRate": invoice.rate * factor,
        "DivFactor": Decimal(factor),
        "NetCurrAmount": invoice.net,
        "VatCurrAmount": invoice.tax,
        "GrossCurrAmount": invoice.gross,
        "NetDomAmount": money(invoice.net * invoice.rate, company.currency),
        "VatDomAmount": money(invoice.tax * invoice.rate, company.currency),
        "PoRefNumber": invoice.order,
        "VoucherText": invoice.text,
        "Objstate": _INVOICE_STATES[invoice.status],
        **_custom_fields(invoice.extra),
    }
    return NewRow("PostingProposalHeadSet", row, invoice.changed_at, invoice.company)


def _invoice_line_row(invoice: Invoice, line: InvoiceLine, company: Company) -> NewRow:
    codes = _codes(company, line.account, line.cost_center)
    row = {
        "Company": invoice.company,
        "InvoiceId": invoice.id,
        "RowId": line.number,
        "PostingType": "M10" if line.order else "M11",
        "CurrAmount": line.amount,
        "DomAmount": money(line.amount * invoice.rate, company.currency),
        "PoOrderNo": line.order,
        "PoLineNo": line.order_line,
        "PoReleaseNo": line.order_release,
        **{f"Code{part}": value for part, value in codes.items()},
    }
    return NewRow("PostingProposalLineSet", row, invoice.changed_at, invoice.company)


def _codes(company: Company, account: str, center: str) -> dict[str, str]:
    """The code string: the account in A, the cost center where the company keeps it, a region in company 20."""
    codes = {"A": account, company.cost_center_part: center}
    if company.number == "20":
        codes["B"] = "R1"
    return codes


def _custom_fields(extra: Mapping[str, str]) -> dict[str, str]:
    """Custom fields start with `Cf_` (§3)."""
    return {f"Cf_{name.title().replace(' ', '_')}": value for name, value in extra.items()}
