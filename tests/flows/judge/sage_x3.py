"""What the rows of a simulated Sage X3 folder mean."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flows.judge.model import Invoice, InvoiceLine, Order, OrderLine, Source
from flows.judge.rows import CUT_OVER, Row, Sets, amount, grouped, minor

FOLDER, CHART, DIMENSION = "SEED", "COR", "CCT"
"""What the connection of every test names as folder, `chart_code` and `cost_center_dimension`."""
YES, VALIDATED = 2, 3


def source(sets: Sets) -> Source:
    return _Reader(sets).source()


class _Reader:
    def __init__(self, sets: Sets) -> None:
        self.sets = sets
        self.accounts = {r["ACC"]: r for r in sets["GACCOUNT"] if r["COA"] == CHART}
        self.centers = {r["CCE"]: r for r in sets["CACCE"] if r["DIE"] == DIMENSION}
        partners = {r["BPRNUM"]: "".join(r["BPRNAM"]) for r in sets["BPARTNER"]}
        names = {r["BPSNUM"]: r["BPSNAM"] or partners.get(r["BPSNUM"], "") for r in sets["BPSUPPLIER"]}
        self.suppliers = {code: name for code, name in names.items() if name}
        self.order_lines = grouped(sets["PORDERQ"], "POHNUM")
        self.purchase_lines = grouped(sets["PINVOICED"], "NUM")
        self.partner_lines = grouped(sets["BPSINVLIG"], "NUM")
        self.splits = grouped(sets["BPSINVLIGA"], "NUM", "LIG")

    def source(self) -> Source:
        return Source(
            "sage_x3",
            self.suppliers,
            tuple(map(self.order, self.sets["PORDER"])),
            tuple(map(self.invoice, self.sets["PINVOICE"])),
            frozenset(self.accounts),
            frozenset(self.centers),
            center_names={code: row["DES"] for code, row in self.centers.items()},
        )

    def center_of(self, row: Row) -> str:
        """DIE[i] is the type of CCE[i]; the cost center's place differs from company to company."""
        return next((code for kind, code in zip(row["DIE"], row["CCE"], strict=True) if kind == DIMENSION), "")

    def is_valid(self, row: Row | None, day: str) -> bool:
        if row is None or row["ENAFLG"] != YES:
            return False
        return (row["VLYSTR"] or day) <= day <= (row["VLYEND"] or day)

    def order(self, row: Row) -> Order:
        lines = self.order_lines.get((row["POHNUM"],), [])
        return Order(
            id=row["POHNUM"],
            scope=FOLDER,
            number=row["POHNUM"],
            supplier=row["BPSNUM"],
            currency=row["CUR"],
            lines=tuple(
                OrderLine(
                    str(line["POPLIN"]),
                    amount(line["QTYPUU"]),
                    amount(line["NETPRI"]),
                    line["ACC"],
                    line["LINCLEFLG"] == YES and not amount(line["RCPQTYPUU"]) and not amount(line["INVQTYPUU"]),
                )
                for line in lines
            ),
            sound=self.order_is_sound(row, lines),
            old_and_closed=row["ORDDAT"] < CUT_OVER and row["CLEFLG"] == YES,
        )

    def order_is_sound(self, row: Row, lines: list[Row]) -> bool:
        cancelled = row["CLEFLG"] == YES and row["RCPFLG"] not in (2, 3)
        unsigned = row["APPFLG"] in (1, 2)
        if cancelled or unsigned or not lines or row["BPSNUM"] not in self.suppliers or not row["CUR"]:
            return False
        total = sum((Decimal(str(line["LINAMT"])) for line in lines), Decimal(0))
        if abs(total - Decimal(str(row["TOTORD"]))) > minor(row["CUR"], len(lines)):
            return False
        return all(self.order_line_is_coded(line, row["ORDDAT"]) for line in lines)

    def order_line_is_coded(self, line: Row, day: str) -> bool:
        """An order line may have no account and no cost center; what it has must be valid."""
        account, center = line["ACC"], self.center_of(line)
        return (not account or self.is_valid(self.accounts.get(account), day)) and (
            not center or self.is_valid(self.centers.get(center), day)
        )

    def invoice(self, row: Row) -> Invoice:
        sign = row["SNS"]
        net, gross = amount(row["AMTNOT"]) * sign, amount(row["AMTATI"]) * sign
        lines = tuple(self.invoice_lines(row["NUM"], sign))
        orders = {line["POHNUM"] for line in self.purchase_lines.get((row["NUM"],), ())} - {""}
        return Invoice(
            id=row["NUM"],
            scope=FOLDER,
            number=row["BPRVCR"],
            supplier=row["BPR"],
            date=row["BPRDAT"] or "",
            currency=row["CUR"],
            net=net,
            gross=gross,
            lines=lines,
            natural=(row["CPY"], row["BPR"], row["INVTYP"], row["BPRVCR"]),
            orders=frozenset(orders),
            order=min(orders) if len(orders) == 1 else "",
            sound=self.invoice_is_sound(row, lines, net),
        )

    def invoice_lines(self, number: str, sign: int) -> Iterator[InvoiceLine]:
        """Of the table that is filled; a line of a BP invoice is as many as its analytic split has."""
        for line in self.purchase_lines.get((number,), ()):
            yield self.invoice_line(line["AMTNOTLIN"], sign, line["ACC"], line)
        if (number,) in self.purchase_lines:
            return
        for line in self.partner_lines.get((number,), ()):
            charts = dict(zip(line["COA"], line["ACC"], strict=True))
            for split in self.splits.get((number, line["LIG"]), ()):
                yield self.invoice_line(split["AMT"], sign, charts.get(CHART, ""), split)

    def invoice_line(self, unsigned: Any, sign: int, account: str, coded: Row) -> InvoiceLine:
        return InvoiceLine((amount(unsigned) * sign).normalize(), account, self.center_of(coded))

    def invoice_is_sound(self, row: Row, lines: tuple[InvoiceLine, ...], net: Decimal) -> bool:
        if row["STA"] != VALIDATED or not lines or row["BPR"] not in self.suppliers:
            return False
        if not (row["BPRVCR"].strip() and row["BPRDAT"] and row["CUR"]):
            return False
        total = sum((line.amount for line in lines), Decimal(0))
        if abs(total - net) > minor(row["CUR"], len(lines)):
            return False
        day = row["BPRDAT"]
        return all(
            self.is_valid(self.accounts.get(line.account), day) and self.is_valid(self.centers.get(line.center), day)
            for line in lines
        )
