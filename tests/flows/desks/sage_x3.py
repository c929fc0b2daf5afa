"""What people do in Sage X3."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flows.desks.tables import Row, Tables

ORDERS = ("P40037", "P40038", "P40039", "P40040", "P40041", "P40042")
"""Ordinary orders that nobody has received or invoiced; the last is of company 20."""
INVOICES = (
    "SI10001026", "SI10001028", "SI10001029", "SI10001033", "SI10001035", "SI20001012", "SI10001037", "SI10001039",
    "SI20001014", "SI10001044",
)  # fmt: skip
"""Ordinary validated invoices without an order, none of them a credit memo."""
SUPPLIERS = ("V4001", "V4003", "V4005", "V4007", "V4009", "V4011")
CHART, ACCOUNT, DIMENSION, CENTER = "COR", "6310", "CCT", "220"
MISSING_CENTER, UNCODED = "666", "SI10009020"


class Desk(Tables):
    suppliers, orders, invoices = len(SUPPLIERS), len(ORDERS), len(INVOICES)
    filled_in = ("CREDATTIM", "UPDDATTIM", "updatedDate", "UPDUSR", "AUUID", "UPDDAT")

    # Suppliers, accounts, cost centers ---------------------------------------------------------------------------

    def rename_supplier(self, n: int, name: str) -> str:
        self._change("BPSUPPLIER", {"BPSNUM": SUPPLIERS[n]}, BPSNAM=name)
        return SUPPLIERS[n]

    def rename_account(self, name: str) -> str:
        self._change("GACCOUNT", {"COA": CHART, "ACC": ACCOUNT}, DES=name)
        return f"{CHART}/{ACCOUNT}"

    def rename_center(self, name: str) -> str:
        self._change("CACCE", {"DIE": DIMENSION, "CCE": CENTER}, DES=name)
        return f"{DIMENSION}/{CENTER}"

    def create_center(self) -> str:
        center = {"DIE": DIMENSION, "CCE": MISSING_CENTER, "DES": "New hall"}
        self._enter("CACCE", {**center, "VLYSTR": "2015-01-01", "VLYEND": None})
        return f"{DIMENSION}/{MISSING_CENTER}"

    # Invoices ----------------------------------------------------------------------------------------------------

    def raise_invoice(self, n: int, by: Decimal) -> str:
        """As if it had been invalidated, changed and validated anew: the GL entry is another too."""
        number = INVOICES[n]
        head = self._find("PINVOICE", NUM=number)[0]
        line = self._find("BPSINVLIG", NUM=number)[0]
        key = {"NUM": number, "LIG": line["LIG"]}
        split = self._find("BPSINVLIGA", **key)[0]
        self._change("BPSINVLIGA", {**key, "ANALIG": split["ANALIG"]}, AMT=split["AMT"] + by)
        self._change("BPSINVLIG", key, AMTNOTLIN=line["AMTNOTLIN"] + by, AMTATILIN=line["AMTATILIN"] + by)
        local = {name: head[name] + by * head["RATMLT"][0] for name in ("AMTNOTL", "AMTATIL")}
        self._raise_entry(head, by)
        self._change("PINVOICE", {"NUM": number}, AMTNOT=head["AMTNOT"] + by, AMTATI=head["AMTATI"] + by, **local)
        return number

    def _raise_entry(self, invoice: Row, by: Decimal) -> None:
        """The first line is that of the first costs, one with a partner is the supplier's."""
        lines = self._find("GACCENTRYD", TYP=invoice["GTE"], NUM=invoice["NUM"], LEDTYP=1)
        for line in (lines[0], next(line for line in lines if line["BPR"])):
            key = {name: line[name] for name in ("TYP", "NUM", "LIN", "LEDTYP")}
            self._change("GACCENTRYD", key, AMTCUR=line["AMTCUR"] + by)
            for split in self._find("GACCENTRYA", **key):
                self._change("GACCENTRYA", {**key, "ANALIN": split["ANALIN"]}, AMTCUR=split["AMTCUR"] + by)

    def correct_invoice_date(self, n: int, day: str) -> str:
        self._change("PINVOICE", {"NUM": INVOICES[n]}, BPRDAT=day)
        return INVOICES[n]

    def cancel_invoice(self, n: int) -> str:
        """X3 cancels none: a credit memo of the same amounts reverses it."""
        self._copy_invoice(INVOICES[n], f"{INVOICES[n]}R", INVTYP=2, SNS=-1)
        return ""

    def enter_invoice(self, number: int, like: int) -> str:
        entered = f"SI10{number:06}"
        self._copy_invoice(INVOICES[like], entered, BPRVCR=f"NEW-{number}")
        return entered

    def _copy_invoice(self, like: str, number: str, **values: Any) -> None:
        head = {**self._find("PINVOICE", NUM=like)[0], "NUM": number, **values}
        self._enter("PINVOICE", head)
        for table in ("BPSINVLIG", "BPSINVLIGA"):
            for line in self._find(table, NUM=like):
                self._enter(table, {**line, "NUM": number})
        self._enter("GACCENTRY", {**self._find("GACCENTRY", NUM=like)[0], "NUM": number, "BPRVCR": head["BPRVCR"]})
        for table in ("GACCENTRYD", "GACCENTRYA"):
            for line in self._find(table, NUM=like):
                signed = {"SNS": line["SNS"] * head["SNS"]} if "SNS" in line else {}
                self._enter(table, {**line, "NUM": number, **signed})

    def uncoded_invoice(self) -> str:
        return UNCODED

    # Orders ------------------------------------------------------------------------------------------------------

    def _line(self, n: int) -> tuple[Row, Row]:
        line = self._find("PORDERQ", POHNUM=ORDERS[n])[0]
        return line, {name: line[name] for name in ("POHNUM", "POPLIN", "POQSEQ")}

    def describe_order_line(self, n: int, text: str) -> str:
        self._change("PORDERQ", self._line(n)[1], ITMDES=text)
        return ORDERS[n]

    def order_more(self, n: int, more: int) -> str:
        line, key = self._line(n)
        by = line["NETPRI"] * more
        self._change(
            "PORDERQ",
            key,
            QTYUOM=line["QTYUOM"] + more,
            QTYPUU=line["QTYPUU"] + more,
            LINAMT=line["LINAMT"] + by,
            LINATIAMT=line["LINATIAMT"] + by,
        )
        return self._raise_order(n, by, by)

    def _raise_order(self, n: int, net: Decimal, gross: Decimal) -> str:
        row = self._find("PORDER", POHNUM=ORDERS[n])[0]
        total, with_tax = row["TOTORD"] + net, row["TTVORD"] + gross
        values = {"TOTORD": total, "TTVORD": with_tax, "TOTTAXAMT": with_tax - total}
        self._change("PORDER", {"POHNUM": ORDERS[n]}, **values)
        return ORDERS[n]

    def add_order_line(self, n: int, number: int) -> str:
        line, _ = self._line(n)
        self._enter("PORDERQ", {**line, "POPLIN": 1000 * number, "ITMDES": f"Added {number}"})
        return self._raise_order(n, line["LINAMT"], line["LINATIAMT"])

    def cancel_order(self, n: int) -> str:
        """X3 has no cancelled orders: one that is closed before anything came is one."""
        for line in self._find("PORDERQ", POHNUM=ORDERS[n]):
            self._change("PORDERQ", {name: line[name] for name in ("POHNUM", "POPLIN", "POQSEQ")}, LINCLEFLG=2)
        self._change("PORDER", {"POHNUM": ORDERS[n]}, CLEFLG=2)
        return ORDERS[n]

    def enter_order(self, number: str, like: int) -> str:
        self._enter("PORDER", {**self._find("PORDER", POHNUM=ORDERS[like])[0], "POHNUM": number})
        for line in self._find("PORDERQ", POHNUM=ORDERS[like]):
            self._enter("PORDERQ", {**line, "POHNUM": number})
        return number

    def remove_order(self, n: int) -> str:
        self._delete("PORDER", POHNUM=ORDERS[n])
        return ORDERS[n]
