"""The tables that are read, with their keys and the columns that are wanted of them (FACTS 20-32)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STAMP = "TimeStamp"
"""SQL rowversion: moves with every change of the row; for equality only (FACTS 14)."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a company."""

    name: str
    key: tuple[str, ...]
    """As far as it is known; every reading is ordered by it."""
    columns: tuple[str, ...]
    """Wanted besides the key."""
    links: tuple[str, ...] = ()
    """Those of `columns` by which other rows are found, or which decide about the record as a whole."""
    numbers: frozenset[str] = frozenset()
    """Columns of the key or the links that hold numbers, where the metadata does not say."""
    optional: frozenset[str] = frozenset()
    """Assumed columns, done without where the system does not have them."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SUPPLIER = Table(
    "ApSupplier",
    ("Supplier",),
    _words(
        "SupplierName Telephone Email RemitEmail Currency TermsCode TaxRegnNum Nationality MerchGlCode OnHold "
        "DateSuppAdded"
    ),
)
SUPPLIER_ADDRESS = Table(
    "ApSupplierAddr",
    ("Supplier",),
    _words(
        "SupAddr1 SupAddr2 SupAddr3 SupAddr4 SupAddr5 SupPostalCode RemitName RemitAddr1 RemitAddr2 RemitAddr3 "
        "RemitAddr4 RemitAddr5 RemitPostalCode"
    ),
)
INVOICE = Table(
    "ApInvoice",
    ("Supplier", "Invoice"),
    _words(
        "Journal JournalDate EntryNumber InvoiceDate DueDate Reference OrigInvValue MthInvBal1 MthInvBal2 MthInvBal3 "
        "InvoiceStatus Currency CurrencyValue ConvRate MulDiv InvoiceYear InvoiceMonth FirstTaxCode WithTaxValue "
        "TotalAdjustments"
    ),
)
JOURNAL_SUMMARY = Table(
    "ApJnlSummary",
    ("TrnYear", "TrnMonth", "Journal", "EntryNumber"),
    _words("AnalysisEntry Supplier Invoice SupplierGlCode TrnDate InvoiceValue"),
    links=_words("AnalysisEntry Supplier Invoice"),
    numbers=frozenset(_words("TrnYear TrnMonth Journal EntryNumber AnalysisEntry")),
)
JOURNAL_DISTRIBUTION = Table(
    "ApJnlDistrib",
    ("TrnYear", "TrnMonth", "Journal", "EntryNumber", "SubEntry"),
    _words("AnalysisEntry ExpenseGlCode DistrValue Reference ExpenseType"),
    links=("AnalysisEntry",),
    numbers=frozenset(_words("TrnYear TrnMonth Journal EntryNumber SubEntry AnalysisEntry")),
    optional=frozenset({"AnalysisEntry"}),
)
ANALYSIS_ENTRY = Table(
    "GenAnalysisTrn",
    ("AnalysisEntry", "GlYear", "GlPeriod", "AnalysisCategory"),
    _words("AnalysisCode1 AnalysisCode2 AnalysisCode3 AnalysisCode4 AnalysisCode5 EntryValue"),
    numbers=frozenset(_words("AnalysisEntry GlYear GlPeriod")),
)
RECEIPT_MATCH = Table(
    "GrnMatching",
    ("Supplier", "Invoice", "Grn", "TransactionType", "Journal", "EntryNumber"),
    (),
    numbers=frozenset(_words("Journal EntryNumber")),
)
RECEIPT = Table(
    "GrnDetails",
    ("Grn", "PurchaseOrder", "PurchaseOrderLin"),
    _words("DebitRecGlCode MatchedValue"),
    numbers=frozenset({"PurchaseOrderLin"}),
)
ORDER = Table(
    "PorMasterHdr",
    ("PurchaseOrder",),
    _words(
        "Supplier OrderStatus CancelledFlag OrderEntryDate OrderDueDate MemoDate Currency ExchangeRate MulDiv "
        "TermsCode Buyer Warehouse DiscPct1 DiscPct2 DiscPct3"
    ),
)
ORDER_LINE = Table(
    "PorMasterDetail",
    ("PurchaseOrder", "Line"),
    _words(
        "LineType MStockCode MStockDes MOrderQty MReceivedQty MOrderUom MPrice MForeignPrice MPriceUom "
        "MConvFactPrcUm MMulDivPrc MDiscPct1 MDiscPct2 MDiscPct3 MDiscValue MTaxCode MGlCode MLatestDueDate "
        "MOrigDueDate MCompleteFlag NComment NMscChargeValue"
    ),
    numbers=frozenset({"Line"}),
)
ACCOUNT = Table(
    "GenMaster",
    ("Company", "GlCode"),
    _words("Description GlGroup AccountType AccOnHoldFlag"),
    optional=frozenset({"AccOnHoldFlag"}),
)
ANALYSIS_CODE = Table(
    "GenAnalysisCode",
    ("AnalysisCategory", "AnalysisType", "AnalysisCode"),
    ("Description",),
    numbers=frozenset({"AnalysisType"}),
)
JOURNAL = Table(
    "GenJournalCtl",
    ("GlYear", "GlPeriod", "GlJournal"),
    _words("JournalDate PostDate NumOfEntries JnlStatus Source Reference"),
    links=_words("PostDate NumOfEntries JnlStatus"),
    numbers=frozenset(_words("GlYear GlPeriod GlJournal NumOfEntries")),
)
JOURNAL_ENTRY = Table(
    "GenJournalDetail",
    ("GlYear", "GlPeriod", "Journal", "EntryNumber"),
    _words("GlCode Company Reference Comment EntryValue EntryDate EntryPosted AnalysisEntry"),
    links=_words("Company EntryPosted AnalysisEntry"),
    numbers=frozenset(_words("GlYear GlPeriod Journal EntryNumber AnalysisEntry")),
)

TABLES: Mapping[str, Table] = {
    each.name: each
    for each in (
        SUPPLIER, SUPPLIER_ADDRESS, INVOICE, JOURNAL_SUMMARY, JOURNAL_DISTRIBUTION, ANALYSIS_ENTRY, RECEIPT_MATCH,
        RECEIPT, ORDER, ORDER_LINE, ACCOUNT, ANALYSIS_CODE, JOURNAL, JOURNAL_ENTRY,
    )
}  # fmt: skip
DATES = frozenset(
    _words("InvoiceDate JournalDate PostDate OrderEntryDate DatePoCompleted DueDate OrderDueDate TrnDate EntryDate")
)
