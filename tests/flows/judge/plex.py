"""What the rows of one plant of a simulated Plex mean."""

from __future__ import annotations

from decimal import Decimal

from flows.judge.model import Invoice, InvoiceLine, Order, OrderLine, Source
from flows.judge.rows import CUT_OVER, Row, Sets, amount, grouped, minor

PCN = "104455"
"""What the connection of every test names, unless it says so."""
CANCELLED = ("Cancelled", "Canceled")
PLANNED = ("New",)


def source(sets: Sets, pcn: str = PCN) -> Source:
    """One plant: rows of the others do not exist for it."""
    return _Reader({name: [row for row in rows if row["pcn"] == pcn] for name, rows in sets.items()}, pcn).source()


class _Reader:
    def __init__(self, sets: Sets, pcn: str) -> None:
        self.sets, self.pcn = sets, pcn
        self.accounts = {row["id"]: row for row in sets["chart-of-accounts"]}
        self.codes = {row["id"]: row["code"] for row in sets["suppliers"] if row["name"]}
        self.lines = grouped(sets["line-items"], "poId")
        self.releases = grouped(sets["releases"], "poId")
        self.postings = grouped(sets["ap-invoice-lines"], "invoiceId")
        self.taxes = grouped(sets["ap-invoice-taxes"], "invoiceId")
        self.inactive = {
            str(row[name])
            for row in sets["departments"]
            for name in ("departmentCode", "departmentNo")
            if not row["active"]
        }

    def source(self) -> Source:
        numbers = [row["accountNumber"] for row in self.accounts.values()]
        return Source(
            "plex",
            {row["code"]: row["name"] for row in self.sets["suppliers"] if row["name"]},
            tuple(map(self.order, self.sets["purchase-orders"])),
            tuple(map(self.invoice, self.sets["ap-invoices"])),
            frozenset(numbers),
            frozenset(filter(None, map(center_of, numbers))),
            self.codes,
        )

    def is_coded(self, account: str | None, day: str) -> bool:
        """An account is <base>-<cost center>-<sub>, so that a good account has a good cost center; `active` counts
        whatever the document's date, and an end of validity that is still to come as well."""
        row = self.accounts.get(account or "")
        return row is not None and row["active"] and day <= (row["inactiveDate"] or day)[:10]

    # Orders ------------------------------------------------------------------------------------------------------

    def order(self, row: Row) -> Order:
        lines = {line["id"]: line for line in self.lines.get((row["id"],), ())}
        releases = [(lines[r["poLineItemId"]], r) for r in self.releases.get((row["id"],), ())]
        return Order(
            id=row["id"],
            scope=self.pcn,
            number=row["poNumber"],
            supplier=self.codes.get(row["supplierId"], ""),
            currency=row["currencyCode"] or "",
            lines=tuple(
                OrderLine(
                    str(line["lineItemNumber"]),
                    amount(release["quantity"]),
                    amount(line["unitPrice"]),
                    self.number_of(line["accountId"]),
                    is_cancelled(line) or is_cancelled(release),
                )
                for line, release in releases
            ),
            sound=self.order_is_sound(row, releases),
            old_and_closed=day_of(row) < CUT_OVER and row["status"] == "Closed",
        )

    def number_of(self, account: str | None) -> str:
        row = self.accounts.get(account or "")
        return str(row["accountNumber"]) if row else ""

    def order_is_sound(self, row: Row, releases: list[tuple[Row, Row]]) -> bool:
        """The header's total is that of the releases; it is not compared while a line has none yet."""
        if row["status"] in (*PLANNED, *CANCELLED) or not releases or row["supplierId"] not in self.codes:
            return False
        if not row["currencyCode"]:
            return False
        every = {line["id"] for line in self.lines.get((row["id"],), ())}
        if every == {line["id"] for line, _ in releases} and row["lineItemTotal"] is not None:
            sums = [
                sum((amount(x["unitPrice"]) * amount(r["quantity"]) for x, r in kept), Decimal(0))
                for kept in (releases, [(x, r) for x, r in releases if not is_cancelled(x) and not is_cancelled(r)])
            ]
            told = amount(row["lineItemTotal"])
            if all(abs(each - told) > minor(row["currencyCode"], len(releases)) for each in sums):
                return False
        return all(self.line_is_sound(row, line) for line, _ in releases)

    def line_is_sound(self, row: Row, line: Row) -> bool:
        coded = not line["accountId"] or self.is_coded(line["accountId"], day_of(row))
        return coded and str(line["department"] or row["department"]) not in self.inactive

    # Invoices ----------------------------------------------------------------------------------------------------

    def invoice(self, row: Row) -> Invoice:
        postings = [line for line in self.postings.get((row["id"],), ()) if not line["offset"]]
        lines = tuple(
            InvoiceLine(
                amount(amount(line["currencyDebit"]) - amount(line["currencyCredit"])),
                line["accountNumber"] or self.number_of(line["accountId"]),
                line["costCenterSegment"] or center_of(self.number_of(line["accountId"])),
            )
            for line in postings
        )
        total = sum((line.amount for line in lines), Decimal(0))
        tax = sum((amount(each["currencyTaxAmount"]) for each in self.taxes.get((row["id"],), ())), Decimal(0))
        gross = amount(row["foreignCurrencyAmount"])
        if gross * total < 0:  # a debit memo whose header is told without its sign
            gross = -gross
        order = row["poId"] or ""
        return Invoice(
            id=row["id"],
            scope=self.pcn,
            number=row["invoiceNumber"] or "",
            supplier=self.codes.get(row["supplierId"], ""),
            date=(row["transactionDate"] or "")[:10],
            currency=row["currencyCode"] or "",
            net=gross - tax,
            gross=gross,
            lines=lines,
            natural=(self.pcn, row["supplierId"], row["debitMemo"], row["invoiceNumber"]),
            orders=frozenset({order} - {""}),
            order=row["poNumber"] or "",
            sound=self.invoice_is_sound(row, postings, gross - tax - total),
            old_and_paid=(row["transactionDate"] or "") < CUT_OVER and bool(row["paid"]),
        )

    def invoice_is_sound(self, row: Row, postings: list[Row], difference: Decimal) -> bool:
        if is_cancelled(row) or not postings or row["supplierId"] not in self.codes:
            return False
        if not all(row[name] for name in ("invoiceNumber", "transactionDate", "currencyCode")):
            return False
        if abs(difference) > minor(row["currencyCode"], len(postings)) or str(row["department"]) in self.inactive:
            return False
        return all(self.is_coded(line["accountId"], row["transactionDate"][:10]) for line in postings)


def center_of(number: str) -> str:
    """The second segment of an account number."""
    return [*number.split("-"), ""][1]


def is_cancelled(row: Row) -> bool:
    """Lines, releases, orders and invoices each have a status; the word varies from plant to plant."""
    return row["status"] in CANCELLED


def day_of(order: Row) -> str:
    return str(order["orderedDate"] or order["poDate"] or "")[:10]
