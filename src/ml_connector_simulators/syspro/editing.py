"""What a person does inside a company, and what SYSPRO does by itself then (fact sheet §5, §6).

An edit moves the TimeStamp of the rows it touches and no date. A payment changes balances, not dates. A changed
quantity or price counts the amendments of a printed order.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .database import CompanyData, Values

_DEFAULTS: dict[str, dict[str, Any]] = {
    "ApSupplier": {"OnHold": "N", "PurchOrdAllowed": "Y", "GrnMatchReqd": "N", "MerchGlCode": "4010"},
    "ApInvoice": {"InvoiceStatus": "0", "ConvRate": 1, "MulDiv": "M"},
    "PorMasterHdr": {"OrderStatus": "1", "ActiveFlag": "Y", "ExchangeRate": 1, "MulDiv": "M"},
    "PorMasterDetail": {"LineType": "7", "MConvFactPrcUm": 1, "MMulDivPrc": "M", "MCompleteFlag": "N"},
    "GenMaster": {"AccountType": "E", "AccOnHoldFlag": "N"},
    "GenAnalysisCode": {"AnalysisCategory": "COSTCTR", "AnalysisType": 1},
    "GenAnalysisTrn": {"AnalysisCategory": "COSTCTR"},
    "GenJournalDetail": {"EntryType": "J", "EntryPosted": "N"},
}
_ENTRY_DAYS = {
    "ApSupplier": ("DateSuppAdded",),
    "ApInvoice": ("JournalDate", "InvoiceDate"),
    "ApInvoicePay": ("JournalDate",),
    "PorMasterHdr": ("OrderEntryDate",),
    "GenJournalCtl": ("JournalDate",),
    "GenJournalDetail": ("EntryDate", "TransactionDate", "DocumentDate"),
    "ApJnlSummary": ("TrnDate",),
}


class Editor:
    """One edit in one company on one day."""

    def __init__(self, company: CompanyData, today: date) -> None:
        self._company = company
        self._today = today

    def insert(self, table: str, values: Mapping[str, Any]) -> Values:
        """Adds a row with the usual defaults. Raises KeyError for an unknown table, ValueError for a wrong value."""
        rows = self._company.tables[table]
        given = {**_DEFAULTS.get(table, {}), **values}
        for name in _ENTRY_DAYS.get(table, ()):
            given.setdefault(name, self._today)
        if table in ("GenMaster", "GenJournalDetail"):
            given.setdefault("Company", self._company.company_id)
        if table == "ApInvoice":
            self._complete_invoice(given)
        if table == "ApInvoicePay":
            given.setdefault("EntryNumber", self._next_payment(given))
        row = rows.insert(given)
        if table == "ApInvoicePay":
            self._pay(row)
        return row

    def update(self, table: str, row: Values, values: Mapping[str, Any]) -> None:
        """Changes a row."""
        before = dict(row)
        self._company.tables[table].change(row, values)
        if table == "PorMasterDetail" and any(row[n] != before[n] for n in ("MOrderQty", "MPrice", "MForeignPrice")):
            self._amend(row["PurchaseOrder"])

    def _complete_invoice(self, given: dict[str, Any]) -> None:
        """Journal and entry, the balance, and the currency's value, as the posting program would fill them."""
        invoices = self._company.tables["ApInvoice"]
        day = date.fromisoformat(str(given["JournalDate"])[:10])
        if "Journal" not in given:
            given["Journal"] = 1 + max((row["Journal"] for row in invoices), default=0)
            given.setdefault("EntryNumber", 1)
        given.setdefault("InvoiceYear", day.year)
        given.setdefault("InvoiceMonth", day.month)
        given.setdefault("Currency", self._company.currency)
        given.setdefault("PostCurrency", given["Currency"])
        given.setdefault("OrigInvValue", given.get("CurrencyValue", Decimal(0)))
        given.setdefault("CurrencyValue", given["OrigInvValue"])
        given.setdefault("MthInvBal1", given["OrigInvValue"])

    def _next_payment(self, given: Mapping[str, Any]) -> int:
        key = {name: given[name] for name in ("Supplier", "Invoice")}
        return 1 + len(self._company.tables["ApInvoicePay"].find(key))

    def _pay(self, payment: Values) -> None:
        """The invoice's balance falls; nothing on it says when."""
        invoices = self._company.tables["ApInvoice"]
        invoice = invoices.get(payment["Supplier"], payment["Invoice"])
        if invoice is None:
            return
        balance = invoice["MthInvBal1"] - payment["TrnValue"]
        number = payment["PaymentReference"][:15] or "PAID"
        status = "1" if balance else "9"
        invoices.change(invoice, {"MthInvBal1": balance, "InvoiceStatus": status, "PaymentNumber": number})

    def _amend(self, order: str) -> None:
        headers = self._company.tables["PorMasterHdr"]
        header = headers.get(order)
        if header is not None and header["OrderStatus"] == "4":
            headers.change(header, {"AmendedCount": (header["AmendedCount"] + 1) % 100})
