"""What the rows of a simulated IFS Cloud mean."""

from __future__ import annotations

from decimal import Decimal

from flows.judge.model import Invoice, InvoiceLine, Order, OrderLine, Source
from flows.judge.rows import CUT_OVER, Row, Sets, amount, grouped, minor


def source(sets: Sets) -> Source:
    return _Reader(sets).source()


class _Reader:
    def __init__(self, sets: Sets) -> None:
        self.sets = sets
        self.part = {
            row["Company"]: row["CodePart"]
            for row in sets["AccountingCodePartSet"]
            if row["LogicalCodePart"] == "CostCenter"
        }
        self.accounts = {(r["Company"], r["Account"]): r for r in sets["AccountSet"]}
        self.centers = {
            (row["Company"], row[f"Code{letter}"]): row
            for letter in "BCDEFGHIJ"
            for row in sets.get(f"Code{letter}Set", ())
            if self.part.get(row["Company"]) == letter
        }
        self.suppliers = {r["SupplierId"]: r["Name"] for r in sets["SupplierInfoGeneralSet"] if r["Name"]}
        self.order_lines = grouped(sets["PurchaseOrderLineSet"], "OrderNo")
        self.invoice_lines = grouped(sets["PostingProposalLineSet"], "Company", "InvoiceId")

    def source(self) -> Source:
        return Source(
            "ifs_cloud",
            self.suppliers,
            tuple(map(self.order, self.sets["PurchaseOrderSet"])),
            tuple(map(self.invoice, self.sets["PostingProposalHeadSet"])),
            frozenset(account for _, account in self.accounts),
            frozenset(center for _, center in self.centers),
            center_names={center: row["Description"] for (_, center), row in self.centers.items()},
        )

    def center_of(self, company: str, line: Row) -> str:
        return str(line.get(f"Code{self.part[company]}") or "")

    def coding_is_valid(self, company: str, account: str | None, center: str, day: str) -> bool:
        rows = self.accounts.get((company, account or "")), self.centers.get((company, center))
        if rows[0] is None or rows[1] is None or rows[0].get("BlockedForPosting"):
            return False
        return all(
            (not row.get("ValidFrom") or row["ValidFrom"] <= day)
            and (not row.get("ValidUntil") or day <= row["ValidUntil"])
            for row in rows
            if row
        )

    def order(self, row: Row) -> Order:
        lines = self.order_lines.get((row["OrderNo"],), [])
        return Order(
            id=row["OrderNo"],
            scope=row["Company"],
            number=row["OrderNo"],
            supplier=row["VendorNo"],
            currency=row["CurrencyCode"] or "",
            lines=tuple(
                OrderLine(
                    line["LineNo"],
                    amount(line["BuyQtyDue"]),
                    amount(line["BuyUnitPrice"]),
                    line.get("CodeA") or "",
                    line.get("Objstate") == "Cancelled",
                )
                for line in lines
            ),
            sound=self.order_is_sound(row, lines),
            old_and_closed=row["OrderDate"] < CUT_OVER and row["Objstate"] == "Closed",
        )

    def order_is_sound(self, row: Row, lines: list[Row]) -> bool:
        if row["Objstate"] in ("Planned", "Cancelled") or not lines or row["VendorNo"] not in self.suppliers:
            return False
        if not row["CurrencyCode"]:
            return False
        total = sum((Decimal(str(line["NetAmtCurr"])) for line in lines), Decimal(0))
        differs = row["NetAmount"] is not None and abs(total - Decimal(str(row["NetAmount"]))) > minor(
            row["CurrencyCode"], len(lines)
        )
        return not differs and all(self.order_line_is_coded(row, line) for line in lines)

    def order_line_is_coded(self, row: Row, line: Row) -> bool:
        center = self.center_of(row["Company"], line)
        uncoded = not line.get("CodeA") and not center
        return uncoded or self.coding_is_valid(row["Company"], line.get("CodeA"), center, row["OrderDate"])

    def invoice(self, row: Row) -> Invoice:
        company = row["Company"]
        lines = self.invoice_lines.get((company, row["InvoiceId"]), [])
        named = {row["PoRefNumber"], *(line["PoOrderNo"] for line in lines)}
        return Invoice(
            id=f"{company}/{row['InvoiceId']}",
            scope=company,
            number=row["InvoiceNo"] or "",
            supplier=row["Identity"],
            date=row["InvoiceDate"] or "",
            currency=row["Currency"] or "",
            net=amount(row["NetCurrAmount"]),
            gross=amount(row["GrossCurrAmount"]),
            lines=tuple(
                InvoiceLine(amount(line["CurrAmount"]), line["CodeA"] or "", self.center_of(company, line))
                for line in lines
            ),
            natural=(company, row["Identity"], row["SeriesId"], amount(row["NetCurrAmount"]) < 0, row["InvoiceNo"]),
            orders=frozenset(order for order in named if order),
            order=row["PoRefNumber"] or "",
            sound=self.invoice_is_sound(row, lines),
            old_and_paid=(row["InvoiceDate"] or "") < CUT_OVER and row["Objstate"] == "PaidPosted",
        )

    def invoice_is_sound(self, row: Row, lines: list[Row]) -> bool:
        if row["Objstate"] == "Cancelled" or not lines or row["Identity"] not in self.suppliers:
            return False
        if not all(row[name] for name in ("InvoiceNo", "InvoiceDate", "Currency", "NetCurrAmount")):
            return False
        total = sum((Decimal(str(line["CurrAmount"])) for line in lines), Decimal(0))
        if abs(total - Decimal(str(row["NetCurrAmount"]))) > minor(row["Currency"], len(lines)):
            return False
        company, day = row["Company"], row["InvoiceDate"]
        return all(self.coding_is_valid(company, x["CodeA"], self.center_of(company, x), day) for x in lines)
