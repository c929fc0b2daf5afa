"""What the rows of one company of a simulated SYSPRO mean."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flows.judge.model import Invoice, InvoiceLine, Order, OrderLine, Source
from flows.judge.rows import CUT_OVER, MINOR, Row, Sets, amount, grouped, minor

COMPANY = "EDU1"
"""What the connection of every test names, unless it says so."""
CENTER_TYPE = 1
"""Analysis codes of this type are cost centers; the others mean something else."""
CANCELLED, IN_PROCESS, COMPLETE = "*", "0", "9"
COMMENT, CHARGES, TAX = "6", ("4", "5"), "T"
SEGMENTS = "-"
"""Stands in GL codes that are made of an account and a cost center; analysis codes are no cost centers then."""
PRICE_DIGITS = Decimal("0.00001")
ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")


def source(sets: Sets, company: str = COMPANY) -> Source:
    """One company: rows of the others do not exist for it."""
    own = {name: [row for row in rows if row["CompanyId"] == company] for name, rows in sets.items()}
    return _Reader(own, company).source()


class _Reader:
    def __init__(self, sets: Sets, company: str) -> None:
        self.sets, self.company = sets, company
        self.accounts = {row["GlCode"].rstrip(): row for row in sets["GenMaster"]}
        self.centers = {
            row["AnalysisCode"].strip(): row for row in sets["GenAnalysisCode"] if row["AnalysisType"] == CENTER_TYPE
        }
        self.segmented = any(SEGMENTS in code for code in self.accounts)
        if self.segmented:
            codes = filter(None, map(segment_of, self.accounts))
            self.centers = {code: {"Description": code} for code in codes}
        self.merchandise = {row["Supplier"].rstrip(): row["MerchGlCode"] for row in sets["ApSupplier"]}
        self.suppliers = {row["Supplier"].strip(): row["SupplierName"] for row in sets["ApSupplier"]}
        self.suppliers = {code: name for code, name in self.suppliers.items() if name.strip()}
        self.heads = {row["PurchaseOrder"]: row for row in sets["PorMasterHdr"]}
        self.order_lines = grouped(sets["PorMasterDetail"], "PurchaseOrder")
        self.entries = grouped(sets["ApJnlSummary"], "Supplier", "Invoice")
        self.distribution = grouped(sets["ApJnlDistrib"], *ENTRY)
        self.analysis = grouped(sets["GenAnalysisTrn"], "AnalysisEntry", "GlYear", "GlPeriod")
        self.matches = grouped(sets["GrnMatching"], "Supplier", "Invoice")
        self.receipts = grouped(sets["GrnDetails"], "Grn")

    def source(self) -> Source:
        return Source(
            "syspro",
            self.suppliers,
            tuple(map(self.order, self.sets["PorMasterHdr"])),
            tuple(map(self.invoice, self.sets["ApInvoice"])),
            frozenset(code.strip() for code in self.accounts),
            frozenset(self.centers),
            {f"{self.company}/{row['Supplier'].rstrip()}": row["Supplier"].strip() for row in self.sets["ApSupplier"]},
            {code: row["Description"] for code, row in self.centers.items()},
        )

    def is_open(self, account: str) -> bool:
        row = self.accounts.get(account.rstrip())
        return row is not None and row["AccOnHoldFlag"] != "Y"

    # Orders ------------------------------------------------------------------------------------------------------

    def order(self, row: Row) -> Order:
        """Its number is shown without blanks around it, with its zeros. Comments are no lines."""
        lines = [x for x in self.order_lines.get((row["PurchaseOrder"],), ()) if x["LineType"] != COMMENT]
        return Order(
            id=row["PurchaseOrder"],
            scope=self.company,
            number=row["PurchaseOrder"].strip(),
            supplier=row["Supplier"].strip(),
            currency=row["Currency"].strip(),
            lines=tuple(map(self.order_line, lines)),
            sound=self.order_is_sound(row, lines),
            old_and_closed=row["OrderEntryDate"] < CUT_OVER and row["OrderStatus"] == COMPLETE,
        )

    def order_line(self, row: Row) -> OrderLine:
        """A charge is one of its value; every price is the foreign one after discounts."""
        charge = amount(row["NMscChargeValue"])
        is_charge = row["LineType"] in CHARGES and charge
        quantity, price = (Decimal(1), charge) if is_charge else (row["MOrderQty"], self.net_price(row))
        return OrderLine(str(row["Line"]), amount(quantity), amount(price), row["MGlCode"].strip())

    def net_price(self, row: Row) -> Decimal:
        """Less the percentages of the line, or the value where it has none, and those of the order."""
        head = self.heads[row["PurchaseOrder"]]
        percentages = [amount(row[f"MDiscPct{n}"]) for n in (1, 2, 3)]
        quantity, price = amount(row["MOrderQty"]), amount(row["MForeignPrice"])
        if not any(percentages) and quantity:
            price -= amount(row["MDiscValue"]) / quantity
        for percentage in (*percentages, *(amount(head[f"DiscPct{n}"]) for n in (1, 2, 3))):
            price *= 1 - percentage / 100
        return price.quantize(PRICE_DIGITS, ROUND_HALF_UP)

    def order_is_sound(self, row: Row, lines: list[Row]) -> bool:
        """SYSPRO keeps no total of an order."""
        if row["OrderStatus"] in (CANCELLED, IN_PROCESS) or row["CancelledFlag"] == "Y" or not lines:
            return False
        if row["Supplier"].strip() not in self.suppliers or not row["Currency"].strip():
            return False
        return all(not line["MGlCode"].strip() or self.is_open(line["MGlCode"]) for line in lines)

    # Invoices ----------------------------------------------------------------------------------------------------

    def invoice(self, row: Row) -> Invoice:
        rows = list(self.distribution_of(row))
        total = sum((amount(line["DistrValue"]) for line in rows), Decimal(0))
        gross, currency = amount(row["CurrencyValue"]), row["Currency"].strip()
        values = scaled([amount(line["DistrValue"]) for line in rows], gross, self.base(row, rows), currency)
        tax = sum((v for v, line in zip(values, rows, strict=True) if line["ExpenseType"] == TAX), Decimal(0))
        lines = tuple(self.coded_lines(row, rows, values))
        orders = self.orders_behind(row)
        return Invoice(
            id=f"{row['Supplier'].rstrip()}/{row['Invoice'].rstrip()}",
            scope=self.company,
            number=row["Invoice"].strip(),
            supplier=row["Supplier"].strip(),
            date=row["InvoiceDate"] or "",
            currency=currency,
            net=gross - tax,
            gross=gross,
            lines=lines,
            natural=(self.company, row["Supplier"].rstrip(), row["Invoice"].rstrip()),
            orders=frozenset(orders),
            order=next(iter(orders)).strip() if len(orders) == 1 else "",
            sound=self.invoice_is_sound(row, lines, total - self.base(row, rows), len(rows)),
            old_and_paid=(row["InvoiceDate"] or "") < CUT_OVER and not amount(row["MthInvBal1"]),
        )

    def distribution_of(self, invoice: Row) -> Iterator[Row]:
        """The lines of the invoice's own entry, each with the analysis entry that holds; else one over the whole."""
        found = False
        for entry in self.entries.get((invoice["Supplier"], invoice["Invoice"]), ()):
            if (entry["Journal"], entry["EntryNumber"]) != (invoice["Journal"], invoice["EntryNumber"]):
                continue
            for line in self.distribution.get(tuple(entry[name] for name in ENTRY), ()):
                found = True
                yield {**line, "AnalysisEntry": line["AnalysisEntry"] or entry["AnalysisEntry"]}
        if not found:
            account = self.merchandise.get(invoice["Supplier"].rstrip(), "")
            year, month = invoice["InvoiceYear"], invoice["InvoiceMonth"]
            line = {"ExpenseGlCode": account, "DistrValue": invoice["OrigInvValue"], "ExpenseType": "M"}
            yield {**line, "AnalysisEntry": 0, "TrnYear": year, "TrnMonth": month}

    def base(self, row: Row, lines: list[Row]) -> Decimal:
        """What the distribution has to add up to: the invoice's value, in the company's currency or in its own."""
        original, own = amount(row["OrigInvValue"]), amount(row["CurrencyValue"])
        total = sum((amount(line["DistrValue"]) for line in lines), Decimal(0))
        tolerance = Decimal("0.01") * len(lines)
        told = (original, local_value(row), own)
        return next((each for each in told if abs(each - total) <= tolerance), original)

    def coded_lines(self, invoice: Row, rows: list[Row], values: list[Decimal]) -> Iterator[InvoiceLine]:
        """Those that are no tax, one for each cost center that bears a part."""
        for row, value in zip(rows, values, strict=True):
            if row["ExpenseType"] == TAX:
                continue
            account = row["ExpenseGlCode"].strip()
            shares = self.shares(row, [one for one in rows if one["ExpenseType"] != TAX])
            for center, part in divided(value, shares, invoice["Currency"].strip()).items():
                yield InvoiceLine(part.normalize(), account, center)

    def shares(self, line: Row, lines: list[Row]) -> dict[str, Decimal]:
        """Weight by cost center; a single one bears the whole, whatever its value says.

        Lines that share an entry are divided alike, unless its values are those of the lines one by one.
        """
        if self.segmented:
            return {segment_of(line["ExpenseGlCode"]): Decimal(1)}
        key = line["AnalysisEntry"], line["TrnYear"], line["TrnMonth"]
        rows = self.analysis.get(key, []) if key[0] else []
        own = [amount(one["DistrValue"]) for one in lines if one["AnalysisEntry"] == key[0]]
        if len(own) > 1 and Counter(own) == Counter(amount(row["EntryValue"]) for row in rows):
            rows = [row for row in rows if amount(row["EntryValue"]) == amount(line["DistrValue"])][:1]
        found: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            found[row[f"AnalysisCode{CENTER_TYPE}"].strip()] += amount(row["EntryValue"])
        found.pop("", None)
        return dict(found)

    def orders_behind(self, invoice: Row) -> set[str]:
        """Keys of the orders whose receipts were matched to it."""
        notes = {match["Grn"] for match in self.matches.get((invoice["Supplier"], invoice["Invoice"]), ())}
        return {receipt["PurchaseOrder"] for note in notes for receipt in self.receipts.get((note,), ())}

    def invoice_is_sound(self, row: Row, lines: tuple[InvoiceLine, ...], difference: Decimal, count: int) -> bool:
        """A cancelled invoice is one that was adjusted to nothing."""
        original, balance = amount(row["OrigInvValue"]), amount(row["MthInvBal1"])
        if not balance and original and amount(row["TotalAdjustments"]) == -original:
            return False
        if not lines or row["Supplier"].strip() not in self.suppliers:
            return False
        if not (row["Invoice"].strip() and row["InvoiceDate"] and row["Currency"].strip()):
            return False
        if abs(difference) > minor("", count):
            return False
        return all(self.is_open(line.account) and line.center in self.centers for line in lines)


def segment_of(code: str) -> str:
    """The cost center in a GL code."""
    return code.strip().partition(SEGMENTS)[2]


def local_value(row: Row) -> Decimal:
    """The invoice's own value in the company's currency: multiplied by the rate, or with D divided."""
    own, rate = amount(row["CurrencyValue"]), amount(row["ConvRate"]) or Decimal(1)
    return own / rate if row["MulDiv"] == "D" else own * rate


def scaled(values: list[Decimal], gross: Decimal, base: Decimal, currency: str) -> list[Decimal]:
    """The distribution in the invoice's currency; what rounding leaves over is the largest line's."""
    if base == gross or not base:
        return values
    found = [rounded(value * gross / base, currency) for value in values]
    left = gross - sum(found, Decimal(0))
    if found and left and abs(left) <= minor(currency, len(found)):
        found[max(range(len(found)), key=lambda at: abs(found[at]))] += left
    return found


def divided(value: Decimal, shares: dict[str, Decimal], currency: str) -> dict[str, Decimal]:
    """By weights; alike where there are none."""
    if len(shares) < 2:
        return {next(iter(shares), ""): value}
    total = sum(shares.values(), Decimal(0))
    weights: dict[str, Any] = shares if total else dict.fromkeys(shares, Decimal(1))
    whole = total or Decimal(len(shares))
    found = {center: rounded(value * weight / whole, currency) for center, weight in weights.items()}
    largest = max(found, key=lambda center: abs(found[center]))
    found[largest] += value - sum(found.values(), Decimal(0))
    return found


def rounded(value: Decimal, currency: str) -> Decimal:
    return value.quantize(MINOR.get(currency, Decimal("0.01")), ROUND_HALF_UP)
