"""The tables that a SYSPRO company has, with SQL names (fact sheet §5), and what a column can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Literal

Kind = Literal["text", "number", "date", "version"]


@dataclass(frozen=True)
class Column:
    """`size` is the length of a text or the precision of a number; a number of scale 0 is kept as int."""

    name: str
    kind: Kind
    size: int = 0
    scale: int = 0
    key: bool = False

    def empty(self) -> Any:
        """What a row holds where nothing was entered: SYSPRO keeps blanks and zeros, and null for dates only."""
        return {"text": "", "number": self._number(0), "date": None, "version": 0}[self.kind]

    def stored(self, value: Any) -> Any:
        """The value as it is kept; a date as ISO text. Raises ValueError for what the column cannot hold."""
        if value is None:
            return self.empty()
        if self.kind == "date":
            return _day(value)
        if self.kind == "number":
            return self._number(value)
        text = str(value)
        if self.kind == "text" and len(text) > self.size:
            raise ValueError(f"String or binary data would be truncated: {self.name} holds {self.size} characters")
        return text

    def _number(self, value: Any) -> Decimal | int:
        try:
            exact = Decimal(str(value)).quantize(_STEPS[self.scale], ROUND_HALF_UP)
        except InvalidOperation as error:
            raise ValueError(f"{self.name} is a number: {value!r}") from error
        if exact.adjusted() >= self.size - self.scale and exact:
            raise ValueError(f"Arithmetic overflow: {self.name} is decimal({self.size},{self.scale})")
        return exact if self.scale else int(exact)


_STEPS = tuple(Decimal(1).scaleb(-scale) for scale in range(20))
"""The smallest number of a scale."""
VERSION = Column("TimeStamp", "version")


@dataclass(frozen=True)
class Table:
    name: str
    title: str
    columns: Mapping[str, Column]
    keys: tuple[str, ...]
    system: bool = False  # read by e.net alone: its name is no OData name (§7)


def _day(value: Any) -> str | None:
    if value == "":
        return None
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return date.fromisoformat(str(value)[:10]).isoformat()


def _column(text: str, key: bool) -> Column:
    """`Supplier s15`, `OrigInvValue d14.2`, `Line d4`, `InvoiceDate dt`."""
    name, kind = text.split()
    if kind == "dt":
        return Column(name, "date", key=key)
    if kind[0] == "s":
        return Column(name, "text", int(kind[1:]), key=key)
    size, _, scale = kind[1:].partition(".")
    return Column(name, "number", int(size), int(scale or 0), key)


def _table(name: str, title: str, key: str, rest: str, system: bool = False) -> Table:
    keys = [_column(part, True) for part in key.split(",")]
    others = [_column(part, False) for part in rest.split(",")]
    columns = {column.name: column for column in (*keys, *others, VERSION)}
    return Table(name, title, columns, tuple(column.name for column in keys), system)


# Sizes that the fact sheet does not give are ours. GenAnalysisTrn and GrnDetails have more key columns than it names.
_ALL = (
    _table(
        "ApSupplier",
        "Suppliers",
        "Supplier s15",
        "SupplierName s50,SupShortName s20,SupplierClass s10,Branch s10,Telephone s20,Contact s50,Email s255,"
        "RemitEmail s255,Currency s3,CurrentBalance d14.2,TermsCode s2,TaxRegnNum s20,Nationality s3,MerchGlCode s35,"
        "FreightGlCode s35,GrnMatchReqd s1,BankAccount s20,BankBranch s50,OnHold s1,PurchOrdAllowed s1,"
        "DateSuppAdded dt,LastPurchDate dt",
    ),
    _table(
        "ApSupplierAddr",
        "Supplier addresses",
        "Supplier s15",
        "SupAddr1 s40,SupAddr2 s40,SupAddr3 s40,SupAddr4 s40,SupAddr5 s40,SupPostalCode s10,RemitName s50,"
        "RemitAddr1 s40,RemitAddr2 s40,RemitAddr3 s40,RemitAddr4 s40,RemitAddr5 s40,RemitPostalCode s10",
    ),
    _table("ApSupplier+", "Suppliers: custom form", "Supplier s15", "LoadingGate s10", system=True),
    _table(
        "ApInvoice",
        "Supplier invoices",
        "Supplier s15,Invoice s20",
        "Journal d10,JournalDate dt,EntryNumber d10,Branch s10,InvoiceDate dt,DueDate dt,DiscountDate dt,Reference s30,"
        "OrigInvValue d14.2,OrigDiscValue d14.2,MthInvBal1 d14.2,MthInvBal2 d14.2,MthInvBal3 d14.2,InvoiceStatus s1,"
        "Currency s3,CurrencyValue d14.2,PostCurrency s3,ConvRate d12.6,MulDiv s1,InvoiceYear d4,InvoiceMonth d2,"
        "FirstTaxCode s3,WithTaxValue d14.2,TotalAdjustments d14.2,PaymentNumber s15",
    ),
    _table(
        "ApInvoicePay",
        "Payments of invoices",
        "Supplier s15,Invoice s20,EntryNumber d10",
        "TrnType s1,TrnValue d14.2,PostValue d14.2,PaymentReference s50,JournalDate dt",
    ),
    _table(
        "ApJnlSummary",
        "Payables journals: entries",
        "TrnYear d4,TrnMonth d2,Journal d10,EntryNumber d10",
        "AnalysisEntry d10,Supplier s15,Invoice s20,SupplierGlCode s35,TrnDate dt,InvoiceValue d14.2",
    ),
    _table(
        "ApJnlDistrib",
        "Payables journals: distribution",
        "TrnYear d4,TrnMonth d2,Journal d10,EntryNumber d10,SubEntry d10",
        "AnalysisEntry d10,ExpenseGlCode s35,DistrValue d14.2,Reference s30,ExpenseType s1",
    ),
    _table(
        "GrnMatching",
        "Goods received notes matched to invoices",
        "Supplier s15,Grn s20,TransactionType s1,Journal d10,EntryNumber d10",
        "Invoice s20",
    ),
    _table(
        "GrnDetails",
        "Goods received notes",
        "Grn s20,PurchaseOrder s20,PurchaseOrderLin d4",
        "Supplier s15,DebitRecGlCode s35,MatchedValue d14.2",
    ),
    _table(
        "PorMasterHdr",
        "Purchase orders",
        "PurchaseOrder s20",
        "Supplier s15,OrderStatus s1,CancelledFlag s1,ActiveFlag s1,OrderEntryDate dt,OrderDueDate dt,MemoDate dt,"
        "DatePoCompleted dt,Currency s3,ExchangeRate d12.6,MulDiv s1,TermsCode s2,Buyer s20,Warehouse s10,"
        "DeliveryName s50,DeliveryAddr1 s40,DeliveryAddr2 s40,DeliveryAddr3 s40,DeliveryAddr4 s40,DeliveryAddr5 s40,"
        "PostalCode s10,DiscPct1 d5.2,DiscPct2 d5.2,DiscPct3 d5.2,TaxStatus s1,AmendedCount d2",
    ),
    _table(
        "PorMasterDetail",
        "Purchase order lines",
        "PurchaseOrder s20,Line d4",
        "LineType s1,MStockCode s30,MStockDes s50,MWarehouse s10,MOrderQty d18.6,MReceivedQty d18.6,MOrderUom s10,"
        "MPrice d15.5,MForeignPrice d15.5,MPriceUom s10,MConvFactPrcUm d12.6,MMulDivPrc s1,MDiscPct1 d5.2,"
        "MDiscPct2 d5.2,MDiscPct3 d5.2,MDiscValue d14.2,MTaxCode s3,MGlCode s35,MLatestDueDate dt,MOrigDueDate dt,"
        "MCompleteFlag s1,NComment s100,NMscChargeValue d14.2",
    ),
    _table(
        "GenMaster",
        "GL accounts",
        "Company s10,GlCode s35",
        "Description s50,GlGroup s10,AccountType s1,ReportIndex1 s10,ReportIndex2 s10,CurrentBalance d20.2,"
        "PtdDrValue d20.2,PtdCrValue d20.2,AccOnHoldFlag s1",
    ),
    _table(
        "GenAnalysisCode",
        "Cost centers (analysis codes)",
        "AnalysisCategory s10,AnalysisType d1,AnalysisCode s10",
        "Description s50",
    ),
    _table(
        "GenAnalysisTrn",
        "Analysis of postings",
        "AnalysisEntry d10,GlYear d4,GlPeriod d2,AnalysisCategory s10,AnalysisCode1 s10",
        "AnalysisCode2 s10,AnalysisCode3 s10,AnalysisCode4 s10,AnalysisCode5 s10,EntryValue d20.2",
    ),
    _table(
        "GenJournalCtl",
        "GL journals",
        "GlYear d4,GlPeriod d2,GlJournal d10",
        "JournalDate dt,PostDate dt,NumOfEntries d10,DebitAmount d20.2,CreditAmount d20.2,JnlPostingType s1,"
        "JnlStatus s1,Source s2,JournalSource s2,Reference s30,Notation s100,PostedBy s20",
    ),
    _table(
        "GenJournalDetail",
        "GL postings",
        "GlYear d4,GlPeriod d2,Journal d10,EntryNumber d10",
        "EntryType s1,GlCode s35,Company s10,Reference s50,Comment s250,EntryValue d20.2,EntryDate dt,"
        "TransactionDate dt,DocumentDate dt,EntryPosted s1,CurrencyValue d20.2,PostCurrency s3,AnalysisEntry d10",
    ),
)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}
