"""What people do in the company EDU1 of SYSPRO."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flows.desks import Call
from flows.desks.tables import Row, Tables
from ml_connector_simulators.framework import Simulator

ORDERS = tuple(f"{number:015}" for number in (30029, 30033, 30037, 30040, 30041, 30042))
"""Ordinary orders that nobody has received or invoiced."""
INVOICES = (
    (f"{3008:015}", "RE-26364"), (f"{3006:015}", "INV-26567"), (f"{3017:015}", "INV-26371"),
    (f"{3024:015}", "RE-26560"), (f"{3023:015}", "RE-26588"), ("V9010", "AW-9024"), ("V9010", "SY-DISPUTE"),
    ("V9001", "2026-0815"),
)  # fmt: skip
"""Open invoices without an order, entered in the last 45 days: edits of older ones are found by the weekly sweep."""
SUPPLIERS = tuple(f"{number:015}" for number in (3001, 3003, 3005, 3007, 3009, 3011))
COMPANY, ACCOUNT, CATEGORY, CENTER = "EDU1", "6310", "COSTCTR", "220"
MISSING_CENTER, UNCODED = "666", ("V9010", "AW-9020")
ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
OF_POSTING = ("Journal", "EntryNumber", "JournalDate", "InvoiceYear", "InvoiceMonth")
"""What the posting program fills in."""


class Desk(Tables):
    suppliers, orders, invoices = len(SUPPLIERS), len(ORDERS), len(INVOICES)
    filled_in = ("TimeStamp",)

    def __init__(self, syspro: Simulator, call: Call, company: str = COMPANY) -> None:
        super().__init__(syspro, call, CompanyId=company)
        self.company = company

    def _record(self, *key: str) -> str:
        return "/".join((self.company, *key))

    # Suppliers, accounts, cost centers ---------------------------------------------------------------------------

    def rename_supplier(self, n: int, name: str) -> str:
        self._change("ApSupplier", {"Supplier": SUPPLIERS[n]}, SupplierName=name)
        return self._record(SUPPLIERS[n])

    def rename_account(self, name: str) -> str:
        self._change("GenMaster", {"Company": self.company, "GlCode": ACCOUNT}, Description=name)
        return self._record(ACCOUNT)

    def rename_center(self, name: str) -> str:
        self._change("GenAnalysisCode", self._center(CENTER), Description=name)
        return self._record(CATEGORY, "1", CENTER)

    def _center(self, code: str) -> Row:
        return {"AnalysisCategory": CATEGORY, "AnalysisType": 1, "AnalysisCode": code}

    def create_center(self) -> str:
        self._enter("GenAnalysisCode", {**self._center(MISSING_CENTER), "Description": "New hall"})
        return self._record(CATEGORY, "1", MISSING_CENTER)

    # Invoices ----------------------------------------------------------------------------------------------------

    def _invoice(self, name: tuple[str, str]) -> tuple[Row, Row]:
        key = dict(zip(("Supplier", "Invoice"), name, strict=True))
        return key, self._find("ApInvoice", **key)[0]

    def _entry(self, key: Row) -> tuple[Row, list[Row]]:
        """The entry of the payables journal, and its distribution."""
        summary = self._find("ApJnlSummary", **key)[0]
        return summary, self._find("ApJnlDistrib", **{name: summary[name] for name in ENTRY})

    def raise_invoice(self, n: int, by: Decimal) -> str:
        """No date moves. The distribution and its analysis are in the company's currency."""
        key, head = self._invoice(INVOICES[n])
        summary, lines = self._entry(key)
        local = by * head["ConvRate"] if head["MulDiv"] == "M" else by / head["ConvRate"]
        local = local.quantize(Decimal("0.01"), ROUND_HALF_UP)
        self._change(
            "ApJnlDistrib",
            {name: lines[0][name] for name in (*ENTRY, "SubEntry")},
            DistrValue=lines[0]["DistrValue"] + local,
        )
        for part in self._find("GenAnalysisTrn", AnalysisEntry=lines[0]["AnalysisEntry"]):
            names = ("AnalysisEntry", "GlYear", "GlPeriod", "AnalysisCategory", "AnalysisCode1")
            self._change("GenAnalysisTrn", {each: part[each] for each in names}, EntryValue=part["EntryValue"] + local)
        at = {name: summary[name] for name in ENTRY}
        self._change("ApJnlSummary", at, InvoiceValue=summary["InvoiceValue"] + local)
        balances = {name: head[name] + local for name in ("OrigInvValue", "MthInvBal1")}
        self._change("ApInvoice", key, CurrencyValue=head["CurrencyValue"] + by, **balances)
        return self._record(*INVOICES[n])

    def correct_invoice_date(self, n: int, day: str) -> str:
        self._change("ApInvoice", self._invoice(INVOICES[n])[0], InvoiceDate=day)
        return self._record(*INVOICES[n])

    def cancel_invoice(self, n: int) -> str:
        """SYSPRO cancels none: it is adjusted to nothing."""
        key, head = self._invoice(INVOICES[n])
        self._enter("ApInvoicePay", {**key, "TrnType": "A", "TrnValue": head["MthInvBal1"]})
        return self._record(*INVOICES[n])

    def enter_invoice(self, number: int, like: int) -> str:
        return self.enter_invoice_of(f"NEW-{number}", like)

    def enter_invoice_of(self, number: str, like: int, **values: Any) -> str:
        """Entered now; `values` are fields of the invoice."""
        key, old = self._invoice(INVOICES[like])
        summary, lines = self._entry(key)
        head = {name: value for name, value in old.items() if name not in OF_POSTING}
        self._enter("ApInvoice", {**head, "Invoice": number, **values})
        own = {**key, "Invoice": number, "SupplierGlCode": summary["SupplierGlCode"]}
        at = {name: value for name, value in self._enter("ApJnlSummary", own).items() if name in ENTRY}
        for line in lines:
            analysis = self._analyse(line["AnalysisEntry"], at) if line["AnalysisEntry"] else 0
            self._enter("ApJnlDistrib", {**line, **at, "AnalysisEntry": analysis})
        return self._record(key["Supplier"], number)

    def _analyse(self, like: int, at: Row) -> int:
        """A new analysis entry with the parts of another."""
        new = 1 + max(int(row["AnalysisEntry"]) for row in self._find("GenAnalysisTrn"))
        period = {"GlYear": at["TrnYear"], "GlPeriod": at["TrnMonth"]}
        for part in self._find("GenAnalysisTrn", AnalysisEntry=like):
            self._enter("GenAnalysisTrn", {**part, **period, "AnalysisEntry": new})
        return new

    def uncoded_invoice(self) -> str:
        return self._record(*UNCODED)

    # Orders ------------------------------------------------------------------------------------------------------

    def _line(self, n: int) -> tuple[Row, Row]:
        line = self._find("PorMasterDetail", PurchaseOrder=ORDERS[n], Line=1)[0]
        return line, {"PurchaseOrder": ORDERS[n], "Line": 1}

    def describe_order_line(self, n: int, text: str) -> str:
        self._change("PorMasterDetail", self._line(n)[1], MStockDes=text)
        return self._record(ORDERS[n])

    def order_more(self, n: int, more: int) -> str:
        """SYSPRO keeps no total of an order."""
        line, key = self._line(n)
        self._change("PorMasterDetail", key, MOrderQty=line["MOrderQty"] + more)
        return self._record(ORDERS[n])

    def add_order_line(self, n: int, number: int) -> str:
        self._enter("PorMasterDetail", self._line(n)[0], Line=number, MStockDes=f"Added {number}")
        return self._record(ORDERS[n])

    def cancel_order(self, n: int) -> str:
        self._change("PorMasterHdr", {"PurchaseOrder": ORDERS[n]}, OrderStatus="*")
        return self._record(ORDERS[n])

    def enter_order(self, number: str, like: int) -> str:
        old = self._find("PorMasterHdr", PurchaseOrder=ORDERS[like])[0]
        del old["OrderEntryDate"]
        self._enter("PorMasterHdr", old, PurchaseOrder=number)
        for line in self._find("PorMasterDetail", PurchaseOrder=ORDERS[like]):
            self._enter("PorMasterDetail", line, PurchaseOrder=number)
        return self._record(number)

    def remove_order(self, n: int) -> str:
        for line in self._find("PorMasterDetail", PurchaseOrder=ORDERS[n]):
            self._delete("PorMasterDetail", PurchaseOrder=ORDERS[n], Line=line["Line"])
        self._delete("PorMasterHdr", PurchaseOrder=ORDERS[n])
        return self._record(ORDERS[n])
