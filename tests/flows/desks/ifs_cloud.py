"""What people do in IFS Cloud."""

from __future__ import annotations

from decimal import Decimal

from flows.desks.tables import Row, Tables

ORDERS = ("P10032", "P10033", "P10034", "P10035", "P10037", "P10038", "P10040", "P10041")
"""Ordinary orders that nobody has received or invoiced."""
INVOICES = (1023, 1024, 1026, 1028, 1030, 1042, 1047, 1048, 1051, 1054)
"""Ordinary posted invoices of company 10 without an order."""
SUPPLIERS = ("V1001", "V1003", "V1005", "V1007", "V1009", "V1011")
ACCOUNT, CENTER = "6970", "980"
"""Of company 10 alone: with one ERP source, the staging tables keep one row for what all companies call alike."""
MISSING_CENTER, UNCODED = "666", 9020


class Desk(Tables):
    suppliers, orders, invoices = len(SUPPLIERS), len(ORDERS), len(INVOICES)
    filled_in = ("Rowversion",)

    def rename_supplier(self, n: int, name: str) -> str:
        self._change("SupplierInfoGeneralSet", {"SupplierId": SUPPLIERS[n]}, Name=name)
        return SUPPLIERS[n]

    def raise_invoice(self, n: int, by: Decimal) -> str:
        head = self._head(n)
        line = self._find("PostingProposalLineSet", **head)[0]
        row = self._find("PostingProposalHeadSet", **head)[0]
        self._change("PostingProposalLineSet", {**head, "RowId": line["RowId"]}, CurrAmount=line["CurrAmount"] + by)
        net, gross = row["NetCurrAmount"] + by, row["GrossCurrAmount"] + by
        self._change("PostingProposalHeadSet", head, NetCurrAmount=net, GrossCurrAmount=gross)
        return f"10/{INVOICES[n]}"

    def _head(self, n: int) -> Row:
        return {"Company": "10", "InvoiceId": INVOICES[n]}

    def correct_invoice_date(self, n: int, day: str) -> str:
        self._change("PostingProposalHeadSet", self._head(n), InvoiceDate=day)
        return f"10/{INVOICES[n]}"

    def _line(self, n: int) -> tuple[Row, Row]:
        line = self._find("PurchaseOrderLineSet", OrderNo=ORDERS[n])[0]
        return line, {name: line[name] for name in ("OrderNo", "LineNo", "ReleaseNo")}

    def describe_order_line(self, n: int, text: str) -> str:
        self._change("PurchaseOrderLineSet", self._line(n)[1], Description=text)
        return ORDERS[n]

    def order_more(self, n: int, more: int) -> str:
        line, key = self._line(n)
        by = line["BuyUnitPrice"] * more
        net, gross = line["NetAmtCurr"] + by, line["GrossAmtCurr"] + by
        self._change(
            "PurchaseOrderLineSet", key, BuyQtyDue=line["BuyQtyDue"] + more, NetAmtCurr=net, GrossAmtCurr=gross
        )
        return self._raise_order(n, by)

    def _raise_order(self, n: int, by: Decimal) -> str:
        row = self._find("PurchaseOrderSet", OrderNo=ORDERS[n])[0]
        net, gross = row["NetAmount"] + by, row["GrossAmount"] + by
        self._change("PurchaseOrderSet", {"OrderNo": ORDERS[n]}, NetAmount=net, GrossAmount=gross)
        return ORDERS[n]

    def add_order_line(self, n: int, number: int) -> str:
        line, _ = self._line(n)
        self._enter("PurchaseOrderLineSet", {**line, "LineNo": str(number), "Description": f"Added {number}"})
        return self._raise_order(n, line["NetAmtCurr"])

    def cancel_order(self, n: int) -> str:
        self._change("PurchaseOrderSet", {"OrderNo": ORDERS[n]}, Objstate="Cancelled")
        return ORDERS[n]

    def cancel_invoice(self, n: int) -> str:
        self._change("PostingProposalHeadSet", self._head(n), Objstate="Cancelled")
        return f"10/{INVOICES[n]}"

    def enter_order(self, number: str, like: int) -> str:
        self._enter("PurchaseOrderSet", {**self._find("PurchaseOrderSet", OrderNo=ORDERS[like])[0], "OrderNo": number})
        for line in self._find("PurchaseOrderLineSet", OrderNo=ORDERS[like]):
            self._enter("PurchaseOrderLineSet", {**line, "OrderNo": number})
        return number

    def enter_invoice(self, number: int, like: int) -> str:
        row = self._find("PostingProposalHeadSet", **self._head(like))[0]
        self._enter("PostingProposalHeadSet", {**row, "InvoiceId": number, "InvoiceNo": f"NEW-{number}"})
        for line in self._find("PostingProposalLineSet", **self._head(like)):
            self._enter("PostingProposalLineSet", {**line, "InvoiceId": number})
        return f"10/{number}"

    def rename_account(self, name: str) -> str:
        self._change("AccountSet", {"Company": "10", "Account": ACCOUNT}, Description=name)
        return f"10/{ACCOUNT}"

    def rename_center(self, name: str) -> str:
        self._change("CodeBSet", {"Company": "10", "CodeB": CENTER}, Description=name)
        return f"10/{CENTER}"

    def uncoded_invoice(self) -> str:
        return f"10/{UNCODED}"

    def create_center(self) -> str:
        center = {"Company": "10", "CodeB": MISSING_CENTER, "Description": "New hall"}
        self._enter("CodeBSet", {**center, "ValidFrom": "2015-01-01", "ValidUntil": "2049-12-31"})
        return f"10/{MISSING_CENTER}"

    def remove_order(self, n: int) -> str:
        for line in self._find("PurchaseOrderLineSet", OrderNo=ORDERS[n]):
            self._delete("PurchaseOrderLineSet", **{name: line[name] for name in ("OrderNo", "LineNo", "ReleaseNo")})
        self._delete("PurchaseOrderSet", OrderNo=ORDERS[n])
        return ORDERS[n]
