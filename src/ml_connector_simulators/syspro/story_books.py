"""The books of one company: its invoices with all that posting them leaves behind (fact sheet §5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from ..story import Company, Invoice, InvoiceLine
from .story_words import (
    CATEGORY,
    COMPANY_IDS,
    PROJECTS,
    NewRow,
    conversion,
    gl_code,
    order_key,
    rounded,
    supplier_key,
    to_local,
)
from .switches import SysproSwitches

CONTROL_ACCOUNT, TAX_ACCOUNT = "3300", "1571"
UNPOSTED = "0"  # JnlStatus
_INVOICE_STATES = {"paid": "9", "partly_paid": "1", "cancelled": "9"}


class Books:
    """Posts invoices: payables journal, goods received, analysis, and the GL journals made from them."""

    def __init__(self, company: Company, today: date, switches: SysproSwitches) -> None:
        self._company = company
        self._today = today
        self._switches = switches
        self._journals: dict[tuple[date, bool], tuple[int, list[dict[str, Any]]]] = {}
        self._entries: dict[int, int] = defaultdict(int)
        self._analysis = 0
        self._grn = 0

    def invoice_rows(
        self, invoice: Invoice, *, distributed: bool = True, split: bool = False, **changes: Any
    ) -> Iterator[NewRow]:
        """One invoice with all that hangs on it; `changes` are fields of ApInvoice."""
        rate, mul_div = conversion(invoice.rate, invoice.currency)
        local = _amounts(invoice, lambda amount: to_local(amount, rate, mul_div))
        amounts = local if self._switches.invoice_value == "local" else _amounts(invoice, rounded)
        # a header that differs from its lines (awkward) keeps its difference
        parts = sum((line.amount for line in invoice.lines), invoice.tax)
        difference = rounded(invoice.gross - parts)
        total = sum(amounts, difference)
        posted = invoice.status != "preliminary"
        journal, postings = self._journal(invoice.entered_on, posted)
        self._entries[journal] += 1
        entry = self._entries[journal]
        key = {"Supplier": supplier_key(invoice.supplier), "Invoice": str(invoice.number)}
        head, payments = self._head(invoice, key, total, journal, entry, rate, mul_div)
        yield "ApInvoice", {**head, **changes}
        yield from payments
        if not distributed:
            return
        yield from self._distribution_rows(invoice, key, total, amounts, local, (journal, entry), postings, split)
        if invoice.order:
            yield from self._grn_rows(invoice, key, amounts, journal, entry)

    def journal_rows(self) -> Iterator[NewRow]:
        """The GL journals, and two that somebody keyed: one posted, one still being worked on."""
        for (day, posted), (journal, postings) in self._journals.items():
            yield from self._journal_rows(journal, day, posted, postings, "AP")
        for number, (posted, text) in enumerate(((True, "Accrual"), (False, "Accrual, draft")), 900001):
            day = self._today - timedelta(days=number - 899999)
            amount = Decimal("250.00")
            self._analysis += 1
            codes = (gl_code("6530", "100", self._switches), CONTROL_ACCOUNT)
            postings = [
                self._posting(codes[0], amount, text, day, amount, self._company.currency, self._analysis),
                self._posting(codes[1], -amount, text, day, -amount, self._company.currency, 0),
            ]
            yield self._analysis_row(self._analysis, day, "100", amount, split=False)
            yield from self._journal_rows(number, day, posted, postings, "GL")

    def awkward_rows(self) -> Iterator[NewRow]:
        """What only SYSPRO can do wrong, as invoices of V9010 in company 10."""
        day = self._today
        yield from self.invoice_rows(_awkward("SY-LATE-33", day, day - timedelta(days=33), "100.00"))
        yield from self.invoice_rows(_awkward("SY-LATE-70", day, day - timedelta(days=70), "100.00"))
        before = day - timedelta(days=8)
        yield from self.invoice_rows(_awkward("SY-NODIST", before, before, "45.10"), distributed=False)
        yield from self.invoice_rows(_awkward("SY-SPLIT", before, before, "90.00"), split=True)
        yield from self.invoice_rows(_awkward("SY-DISPUTE", before, before, "61.00"), InvoiceStatus="D")
        draft = replace(_awkward("SY-UNPOSTED", before, before, "37.00"), status="preliminary")
        yield from self.invoice_rows(draft)

    # Parts of an invoice -----------------------------------------------------------------------------------

    def _head(
        self,
        invoice: Invoice,
        key: Mapping[str, str],
        total: Decimal,
        journal: int,
        entry: int,
        rate: Decimal,
        mul_div: str,
    ) -> tuple[dict[str, Any], list[NewRow]]:
        paid = {"paid": total, "partly_paid": rounded(total / 2)}.get(invoice.status, Decimal(0))
        adjusted = -total if invoice.status == "cancelled" else Decimal(0)
        balance = total - paid + adjusted
        month = (self._today.year - invoice.entered_on.year) * 12 + self._today.month - invoice.entered_on.month
        payments: list[NewRow] = []
        for trn_type, value in (("P", paid), ("A", -adjusted)):
            if value:
                pay_day = min(invoice.changed_at.date(), self._today)
                row = {**key, "EntryNumber": 1, "TrnType": trn_type, "TrnValue": value, "PostValue": value}
                row |= {"PaymentReference": f"{trn_type}-{journal}-{entry}", "JournalDate": pay_day}
                payments.append(("ApInvoicePay", row))
        head = {
            **key,
            "Journal": journal,
            "JournalDate": invoice.entered_on,
            "EntryNumber": entry,
            "Branch": "00",
            "InvoiceDate": invoice.invoice_date,
            "DueDate": invoice.due_on,
            "DiscountDate": invoice.due_on,
            "Reference": invoice.text[:30],
            "OrigInvValue": total,
            "MthInvBal1": balance,
            "MthInvBal2": balance if month >= 1 else 0,
            "MthInvBal3": balance if month >= 2 else 0,
            "InvoiceStatus": _INVOICE_STATES.get(invoice.status, "0"),
            "Currency": invoice.currency,
            "CurrencyValue": invoice.gross,
            "PostCurrency": invoice.currency,
            "ConvRate": rate,
            "MulDiv": mul_div,
            "InvoiceYear": invoice.entered_on.year,
            "InvoiceMonth": invoice.entered_on.month,
            "FirstTaxCode": "A" if invoice.tax else "Z",
            "TotalAdjustments": adjusted,
            "PaymentNumber": f"{journal:09}" if paid else "",
        }
        return head, payments

    def _distribution_rows(
        self,
        invoice: Invoice,
        key: Mapping[str, str],
        total: Decimal,
        amounts: list[Decimal],
        local: list[Decimal],
        where: tuple[int, int],
        postings: list[dict[str, Any]],
        split: bool,
    ) -> Iterator[NewRow]:
        day = invoice.entered_on
        at = {"TrnYear": day.year, "TrnMonth": day.month, "Journal": where[0], "EntryNumber": where[1]}
        whole = self._next_analysis() if self._switches.analysis_per == "invoice" else 0
        head = {"SupplierGlCode": CONTROL_ACCOUNT, "TrnDate": day, "InvoiceValue": total}
        yield "ApJnlSummary", {**at, "AnalysisEntry": whole, **key, **head}
        by_center: dict[str, Decimal] = defaultdict(Decimal)
        for number, (line, amount, posted) in enumerate(zip(_coded(invoice), amounts, local, strict=True), 1):
            center = line.cost_center if line else ""
            analysis = whole or (self._next_analysis() if center else 0)
            row, posting = self._distributed(invoice, line, amount, posted, analysis)
            yield "ApJnlDistrib", {**at, "SubEntry": number, **row}
            postings.append(posting)
            if center and whole:
                by_center[center] += posted
            elif center:
                yield from self._analysis_rows(analysis, day, center, posted, split)
        for center, amount in by_center.items():
            yield self._analysis_row(whole, day, center, amount, len(by_center) > 1)
        owed = -sum(local, Decimal(0))
        text = str(invoice.number)
        postings.append(self._posting(CONTROL_ACCOUNT, owed, text, day, -invoice.gross, invoice.currency, 0, invoice))

    def _distributed(
        self, invoice: Invoice, line: InvoiceLine | None, amount: Decimal, posted: Decimal, analysis: int
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """One line, or the tax (None), in the distribution and in the GL; `posted` is its amount in the books."""
        code = gl_code(line.account, line.cost_center, self._switches) if line else TAX_ACCOUNT
        text = line.text[:30] if line else "Tax"
        row = {
            "AnalysisEntry": analysis,
            "ExpenseGlCode": code,
            "DistrValue": amount,
            "Reference": text,
            "ExpenseType": "T" if line is None else "M" if line.order else "O",
        }
        own = line.amount if line else invoice.tax
        return row, self._posting(code, posted, text, invoice.entered_on, own, invoice.currency, analysis, invoice)

    def _analysis_rows(self, entry: int, day: date, center: str, amount: Decimal, split: bool) -> Iterator[NewRow]:
        if not split:
            yield self._analysis_row(entry, day, center, amount, False)
            return
        third = rounded(amount / 3)
        yield self._analysis_row(entry, day, "210", third, True)
        yield self._analysis_row(entry, day, center, amount - third, True)

    def _analysis_row(self, entry: int, day: date, center: str, amount: Decimal, split: bool) -> NewRow:
        shown = amount if split or self._switches.analysis_values == "always" else 0
        row = {"AnalysisEntry": entry, "GlYear": day.year, "GlPeriod": day.month, "AnalysisCategory": CATEGORY}
        second = {"AnalysisCode2": PROJECTS[entry % 2][0]} if self._switches.second_analysis else {}
        return "GenAnalysisTrn", {**row, "AnalysisCode1": center, **second, "EntryValue": shown}

    def _grn_rows(
        self, invoice: Invoice, key: Mapping[str, str], amounts: list[Decimal], journal: int, entry: int
    ) -> Iterator[NewRow]:
        """Up to two order lines came with one delivery note."""
        for number, line in enumerate(invoice.lines):
            if number % 2 == 0:
                self._grn += 1
                grn = f"{self._grn:015}"
                matched = {"Supplier": key["Supplier"], "Grn": grn, "TransactionType": "M", "Journal": journal}
                yield "GrnMatching", {**matched, "EntryNumber": entry, "Invoice": key["Invoice"]}
            if line.order:
                row = {"Grn": grn, "PurchaseOrder": order_key(line.order), "PurchaseOrderLin": number + 1}
                code = gl_code(line.account, line.cost_center, self._switches)
                row |= {"Supplier": key["Supplier"], "DebitRecGlCode": code, "MatchedValue": amounts[number]}
                yield "GrnDetails", row

    # Journals ----------------------------------------------------------------------------------------------

    def _journal(self, day: date, posted: bool) -> tuple[int, list[dict[str, Any]]]:
        """One journal a day for what is posted, one for what is not yet."""
        if (day, posted) not in self._journals:
            self._journals[day, posted] = (len(self._journals) + 1, [])
        return self._journals[day, posted]

    def _next_analysis(self) -> int:
        self._analysis += 1
        return self._analysis

    def _posting(
        self,
        code: str,
        amount: Decimal,
        text: str,
        day: date,
        currency_value: Decimal,
        currency: str,
        analysis: int,
        invoice: Invoice | None = None,
    ) -> dict[str, Any]:
        document = invoice.invoice_date if invoice else day
        return {
            "EntryType": "J",
            "GlCode": code,
            "Company": COMPANY_IDS[self._company.number],
            "Reference": str(invoice.number) if invoice else text,
            "Comment": text,
            "EntryValue": amount,
            "EntryDate": day,
            "TransactionDate": day,
            "DocumentDate": document,
            "CurrencyValue": currency_value,
            "PostCurrency": currency,
            "AnalysisEntry": analysis,
        }

    def _journal_rows(
        self, journal: int, day: date, posted: bool, postings: list[dict[str, Any]], source: str
    ) -> Iterator[NewRow]:
        period = {"GlYear": day.year, "GlPeriod": day.month}
        debit = sum((p["EntryValue"] for p in postings if p["EntryValue"] > 0), Decimal(0))
        credit = -sum((p["EntryValue"] for p in postings if p["EntryValue"] < 0), Decimal(0))
        yield (
            "GenJournalCtl",
            {
                **period,
                "GlJournal": journal,
                "JournalDate": day,
                "PostDate": min(day + timedelta(days=1), self._today) if posted else None,
                "NumOfEntries": len(postings),
                "DebitAmount": debit,
                "CreditAmount": credit,
                "JnlPostingType": "N",
                "JnlStatus": self._switches.posted_status if posted else UNPOSTED,
                "Source": source,
                "JournalSource": source,
                "Reference": f"{source} journal {journal}",
                "PostedBy": "ADMIN" if posted else "",
            },
        )
        for number, posting in enumerate(postings, 1):
            flag = {"EntryPosted": "Y" if posted else "N"}
            yield "GenJournalDetail", {**period, "Journal": journal, "EntryNumber": number, **posting, **flag}


def _coded(invoice: Invoice) -> list[InvoiceLine | None]:
    """What is distributed: each line, then the tax (None) if there is any."""
    return [*invoice.lines, *([None] if invoice.tax else [])]


def _amounts(invoice: Invoice, in_books: Callable[[Decimal], Decimal]) -> list[Decimal]:
    """An amount for everything that is distributed. The last takes the rounding."""
    given = [line.amount if line else invoice.tax for line in _coded(invoice)]
    amounts = [in_books(amount) for amount in given]
    amounts[-1] += in_books(sum(given, Decimal(0))) - sum(amounts, Decimal(0))
    return amounts


def _awkward(number: str, entered: date, dated: date, amount: str) -> Invoice:
    """An invoice of V9010 over one line, without tax."""
    net = Decimal(amount)
    return Invoice(
        company="10",
        id=0,
        series="SI",
        number=number,
        kind="invoice",
        supplier="V9010",
        invoice_date=dated,
        arrived_on=entered,
        due_on=dated + timedelta(days=30),
        entered_on=entered,
        changed_at=datetime.combine(entered, time(8), UTC),
        payment_terms="30",
        currency="EUR",
        rate=Decimal(1),
        net=net,
        tax=Decimal(0),
        order=None,
        text="Repair",
        status="posted",
        lines=(InvoiceLine(1, "6310", "220", net, "Repair"),),
    )
