"""What a person does inside a company, and what SYSPRO does by itself then (fact sheet §5, §6).

An edit moves the TimeStamp of the rows it touches and no date. A payment changes balances, not dates. A changed
quantity or price counts the amendments of a printed order. Cancelling an order completes its lines, posting a journal
posts its entries, a summary without a journal belongs to that of its invoice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .database import CompanyData, Values
from .switches import SysproSwitches

_DEFAULTS: dict[str, dict[str, Any]] = {
    "ApSupplier": {"OnHold": "N", "PurchOrdAllowed": "Y", "GrnMatchReqd": "N", "MerchGlCode": "4010"},
    "ApInvoice": {"InvoiceStatus": "0", "ConvRate": 1, "MulDiv": "M"},
    "ApInvoicePay": {"TrnType": "P"},
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

    def __init__(self, company: CompanyData, today: date, switches: SysproSwitches) -> None:
        self._company = company
        self._today = today
        self._switches = switches

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
        if table == "ApJnlSummary":
            given = {**self._journal_of(given), **given}
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
        if table == "PorMasterHdr" and row["OrderStatus"] == "*" != before["OrderStatus"]:
            self._cancel(row)
        if table == "GenJournalCtl" and row["PostDate"] and not before["PostDate"]:
            self._post(row)

    def _complete_invoice(self, given: dict[str, Any]) -> None:
        """Journal and entry, the balance, and the currency's value, as the posting program would fill them."""
        day = date.fromisoformat(str(given["JournalDate"])[:10])
        if "Journal" not in given:
            given["Journal"] = self._company.next_journal()
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
        changes = {"MthInvBal1": balance, "InvoiceStatus": "1" if balance else "9"}
        if payment["TrnType"] == "A":
            changes["TotalAdjustments"] = invoice["TotalAdjustments"] - payment["TrnValue"]
        else:
            changes["PaymentNumber"] = payment["PaymentReference"][:15] or "PAID"
        invoices.change(invoice, changes)

    def _journal_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The journal that the summary's invoice was entered in."""
        invoice = self._company.tables["ApInvoice"].get(given.get("Supplier"), given.get("Invoice"))
        if invoice is None:
            return {}
        return {
            "TrnYear": invoice["InvoiceYear"],
            "TrnMonth": invoice["InvoiceMonth"],
            "Journal": invoice["Journal"],
            "EntryNumber": invoice["EntryNumber"],
            "InvoiceValue": invoice["OrigInvValue"],
        }

    def _cancel(self, header: Values) -> None:
        """A cancelled order is out of use, and its lines are complete."""
        self._company.tables["PorMasterHdr"].change(header, {"CancelledFlag": "Y", "ActiveFlag": "N"})
        details = self._company.tables["PorMasterDetail"]
        for line in details.find({"PurchaseOrder": header["PurchaseOrder"]}):
            details.change(line, {"MCompleteFlag": "Y"})

    def _post(self, journal: Values) -> None:
        """Who posts a journal posts its entries."""
        self._company.tables["GenJournalCtl"].change(journal, {"JnlStatus": self._switches.posted_status})
        details = self._company.tables["GenJournalDetail"]
        key = {"GlYear": journal["GlYear"], "GlPeriod": journal["GlPeriod"], "Journal": journal["GlJournal"]}
        for entry in details.find(key):
            details.change(entry, {"EntryPosted": "Y"})

    def _amend(self, order: str) -> None:
        headers = self._company.tables["PorMasterHdr"]
        header = headers.get(order)
        if header is not None and header["OrderStatus"] == "4":
            headers.change(header, {"AmendedCount": (header["AmendedCount"] + 1) % 100})
