"""What people change at the source, before a run or between a kill and the next run."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from campaign.plant import Plant

Row = dict[str, Any]
Truth = Mapping[str, Sequence[Row]]
OPEN_ORDERS = ("P10032", "P10033", "P10034", "P10035", "P10037", "P10038", "P10040", "P10041")
"""Ordinary orders that nobody has received or invoiced."""
OPEN_INVOICES = (1023, 1024, 1026, 1028, 1030, 1042, 1047, 1048, 1051, 1054)
"""Ordinary posted invoices of company 10 without an order."""
SUPPLIERS = ("V1001", "V1003", "V1005", "V1007", "V1009", "V1011")
ACCOUNT, CENTER = "6970", "980"
"""Of company 10 alone: with one ERP source, the staging tables keep one row for what all companies call alike."""


def edit(plant: Plant, seed: int, turn: int) -> None:
    """A day's work in the ERP. `turn` 2 changes again what turn 1 of the same seed changed, and more."""
    plant.pass_time(30)
    choice = random.Random(seed)
    orders, invoices = choice.sample(OPEN_ORDERS, len(OPEN_ORDERS)), choice.sample(OPEN_INVOICES, len(OPEN_INVOICES))
    suppliers = choice.sample(SUPPLIERS, len(SUPPLIERS))
    desk = _Desk(plant)
    for position in range(2 if turn == 1 else 3):
        desk.raise_amount(invoices[position], Decimal(turn) + Decimal("0.25"))
        desk.describe_line(orders[position], f"Described anew, {seed}.{turn}")
        desk.order_more(orders[position], turn)
        desk.rename(suppliers[position], f"Renamed {seed}.{turn} & Co.")
    desk.correct_date(invoices[4 + turn], f"2026-10-{10 + turn}")
    desk.cancel(orders[3 + turn])
    desk.add_line(orders[6 + turn - 1], turn)
    desk.enter_order(f"P7{seed}{turn}", orders[0])
    desk.enter_invoice(7000 + 10 * seed + turn, invoices[0])
    desk.rename_account(ACCOUNT, f"Account {seed}.{turn}")
    desk.rename_center(CENTER, f"Center {seed}.{turn}")


class _Desk:
    """Somebody with the ERP open."""

    def __init__(self, plant: Plant) -> None:
        self.plant, self.ifs = plant, plant.ifs
        self.truth: Truth = plant.truth(plant.ifs)

    def _do(self, work: Callable[[], Any]) -> None:
        self.plant.call(work)

    def _find(self, set_name: str, **key: Any) -> list[Row]:
        return [row for row in self.truth[set_name] if all(row[name] == value for name, value in key.items())]

    def _change(self, set_name: str, key: Row, **values: Any) -> None:
        self._do(lambda: self.ifs.update(set_name, key, values))

    def _enter(self, set_name: str, row: Row) -> None:
        values = {name: value for name, value in row.items() if name != "Rowversion"}
        self._do(lambda: self.ifs.insert(set_name, values))

    def raise_amount(self, invoice: int, by: Decimal) -> None:
        head = {"Company": "10", "InvoiceId": invoice}
        line = self._find("PostingProposalLineSet", **head)[0]
        row = self._find("PostingProposalHeadSet", **head)[0]
        self._change("PostingProposalLineSet", {**head, "RowId": line["RowId"]}, CurrAmount=line["CurrAmount"] + by)
        net, gross = row["NetCurrAmount"] + by, row["GrossCurrAmount"] + by
        self._change("PostingProposalHeadSet", head, NetCurrAmount=net, GrossCurrAmount=gross)

    def correct_date(self, invoice: int, day: str) -> None:
        self._change("PostingProposalHeadSet", {"Company": "10", "InvoiceId": invoice}, InvoiceDate=day)

    def _line(self, order: str) -> tuple[Row, Row]:
        line = self._find("PurchaseOrderLineSet", OrderNo=order)[0]
        return line, {name: line[name] for name in ("OrderNo", "LineNo", "ReleaseNo")}

    def describe_line(self, order: str, text: str) -> None:
        _, key = self._line(order)
        self._change("PurchaseOrderLineSet", key, Description=text)

    def order_more(self, order: str, more: int) -> None:
        line, key = self._line(order)
        quantity, price = line["BuyQtyDue"] + more, line["BuyUnitPrice"]
        by = price * more
        net, gross = line["NetAmtCurr"] + by, line["GrossAmtCurr"] + by
        self._change("PurchaseOrderLineSet", key, BuyQtyDue=quantity, NetAmtCurr=net, GrossAmtCurr=gross)
        self._raise_order(order, by)

    def _raise_order(self, order: str, by: Decimal) -> None:
        row = self._find("PurchaseOrderSet", OrderNo=order)[0]
        net, gross = row["NetAmount"] + by, row["GrossAmount"] + by
        self._change("PurchaseOrderSet", {"OrderNo": order}, NetAmount=net, GrossAmount=gross)

    def add_line(self, order: str, turn: int) -> None:
        line, _ = self._line(order)
        self._enter("PurchaseOrderLineSet", {**line, "LineNo": str(90 + turn), "Description": f"Added {turn}"})
        self._raise_order(order, line["NetAmtCurr"])

    def cancel(self, order: str) -> None:
        self._change("PurchaseOrderSet", {"OrderNo": order}, Objstate="Cancelled")

    def rename(self, supplier: str, name: str) -> None:
        self._change("SupplierInfoGeneralSet", {"SupplierId": supplier}, Name=name)

    def rename_account(self, account: str, text: str) -> None:
        self._change("AccountSet", {"Company": "10", "Account": account}, Description=text)

    def rename_center(self, center: str, text: str) -> None:
        self._change("CodeBSet", {"Company": "10", "CodeB": center}, Description=text)

    def enter_order(self, number: str, like: str) -> None:
        self._enter("PurchaseOrderSet", {**self._find("PurchaseOrderSet", OrderNo=like)[0], "OrderNo": number})
        for line in self._find("PurchaseOrderLineSet", OrderNo=like):
            self._enter("PurchaseOrderLineSet", {**line, "OrderNo": number})

    def enter_invoice(self, number: int, like: int) -> None:
        head = {"Company": "10", "InvoiceId": like}
        row = self._find("PostingProposalHeadSet", **head)[0]
        self._enter("PostingProposalHeadSet", {**row, "InvoiceId": number, "InvoiceNo": f"NEW-{number}"})
        for line in self._find("PostingProposalLineSet", **head):
            self._enter("PostingProposalLineSet", {**line, "InvoiceId": number})
