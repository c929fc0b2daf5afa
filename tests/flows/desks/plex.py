"""What people do in a plant of Plex; every record is known by its GUID."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flows.desks import Call
from flows.desks.tables import Row, Tables
from ml_connector_simulators.framework import Simulator

PCN, OTHER_PCN = "104455", "104456"
ORDERS = {
    PCN: ("P20030", "P20033", "P20034", "P20037", "P20038", "P20040", "P20029", "P20042"),
    OTHER_PCN: ("P20036", "P20041", "P20035"),
}
"""Ordinary orders that nobody has received or invoiced."""
INVOICES = {
    PCN: ("1039", "1044", "1048", "1050", "1057", "1059", "1062", "1024", "1037", "1038"),
    OTHER_PCN: ("1007", "1008", "1010", "1011"),
}
"""Vouchers of ordinary booked invoices without an order."""
SUPPLIERS = ("V2001", "V2003", "V2005", "V2007", "V2009", "V2011")
ACCOUNT, CENTER = "6310-220-00", "220"
MISSING_CENTER, UNCODED = "666", "9020"
TOTALS = ("lineItemCount", "lineItemTotal")


class Desk(Tables):
    suppliers = len(SUPPLIERS)
    filled_in = ("id", "createdDate", "createdById", "modifiedDate", "modifiedById", "modifiedBy")

    def __init__(self, plex: Simulator, call: Call, pcn: str = PCN) -> None:
        super().__init__(plex, call, pcn=pcn)
        self.pcn = pcn
        self.orders, self.invoices = len(ORDERS[pcn]), len(INVOICES[pcn])

    def _id(self, table: str, **key: Any) -> str:
        return str(self._find(table, **key)[0]["id"])

    def _enter(self, table: str, row: Row, **values: Any) -> Row:
        """What another row leaves empty is not typed."""
        return super()._enter(table, {name: value for name, value in row.items() if value is not None}, **values)

    # Suppliers, accounts, cost centers ---------------------------------------------------------------------------

    def rename_supplier(self, n: int, name: str) -> str:
        key = self._id("suppliers", code=SUPPLIERS[n])
        self._change("suppliers", {"id": key}, name=name)
        return key

    def rename_account(self, name: str) -> str:
        key = self._id("chart-of-accounts", accountNumber=ACCOUNT)
        self._change("chart-of-accounts", {"id": key}, name=name)
        return key

    def rename_center(self, name: str) -> str:
        """Cost centers are segments of account numbers and have no names: nothing changes."""
        return CENTER

    def create_center(self) -> str:
        """A cost center is there when an account has it as its segment."""
        base, _, sub = ACCOUNT.split("-")
        number = f"{base}-{MISSING_CENTER}-{sub}"
        self._enter("chart-of-accounts", {"accountNumber": number, "name": "New hall", "categoryType": "Expense"})
        return MISSING_CENTER

    # Invoices ----------------------------------------------------------------------------------------------------

    def _voucher(self, n: int) -> str:
        return self._id("ap-invoices", voucherNumber=INVOICES[self.pcn][n])

    def raise_invoice(self, n: int, by: Decimal) -> str:
        """The header's total follows from its lines."""
        key = self._voucher(n)
        line = self._find("ap-invoice-lines", invoiceId=key)[0]
        more = line["currencyDebit"] + by
        self._change("ap-invoice-lines", {"lineId": line["lineId"]}, currencyDebit=more, debit=None)
        return key

    def correct_invoice_date(self, n: int, day: str) -> str:
        self._change("ap-invoices", {"id": self._voucher(n)}, transactionDate=f"{day}T00:00:00Z")
        return self._voucher(n)

    def cancel_invoice(self, n: int) -> str:
        self._change("ap-invoices", {"id": self._voucher(n)}, status="Cancelled")
        return self._voucher(n)

    def enter_invoice(self, number: int, like: int) -> str:
        old = self._find("ap-invoices", voucherNumber=INVOICES[self.pcn][like])[0]
        totals = ("amount", "balance", "totalControlAmount", "foreignCurrencyAmount", "foreignCurrencyBalance")
        head = {name: value for name, value in old.items() if name not in totals}
        new = self._enter("ap-invoices", head, voucherNumber=str(number), invoiceNumber=f"NEW-{number}")
        taxes = {tax["lineId"]: tax for tax in self._find("ap-invoice-taxes", invoiceId=old["id"])}
        for line in self._find("ap-invoice-lines", invoiceId=old["id"]):
            typed = {name: value for name, value in line.items() if name not in ("lineId", "invoiceId")}
            entered = self._enter("ap-invoice-lines", typed, invoiceId=new["id"])
            if line["lineId"] in taxes:
                own = {"invoiceId": new["id"], "lineId": entered["lineId"]}
                self._enter("ap-invoice-taxes", taxes[line["lineId"]], **own)
        return str(new["id"])

    def uncoded_invoice(self) -> str:
        return self._id("ap-invoices", voucherNumber=UNCODED)

    # Orders ------------------------------------------------------------------------------------------------------

    def _order(self, n: int) -> str:
        return self._id("purchase-orders", poNumber=ORDERS[self.pcn][n])

    def _line(self, n: int) -> Row:
        return self._find("line-items", poId=self._order(n), lineItemNumber=1)[0]

    def describe_order_line(self, n: int, text: str) -> str:
        self._change("line-items", {"id": self._line(n)["id"]}, description=text)
        return self._order(n)

    def order_more(self, n: int, more: int) -> str:
        """Quantities stand in the releases; the header's total follows from them."""
        release = self._find("releases", poLineItemId=self._line(n)["id"])[0]
        self._change("releases", {"id": release["id"]}, quantity=release["quantity"] + more)
        return self._order(n)

    def add_order_line(self, n: int, number: int) -> str:
        line = self._line(n)
        self._copy_line(line, line["poId"], lineItemNumber=number, description=f"Added {number}")
        return self._order(n)

    def _copy_line(self, line: Row, order: str, **values: Any) -> None:
        new = self._enter("line-items", line, poId=order, **values)
        for release in self._find("releases", poLineItemId=line["id"]):
            number = {"poNumber": self._find("purchase-orders", id=order)[0]["poNumber"]}
            self._enter("releases", release, poId=order, poLineItemId=new["id"], **number)

    def cancel_order(self, n: int) -> str:
        self._change("purchase-orders", {"id": self._order(n)}, status="Cancelled")
        return self._order(n)

    def enter_order(self, number: str, like: int) -> str:
        old = self._find("purchase-orders", poNumber=ORDERS[self.pcn][like])[0]
        head = {name: value for name, value in old.items() if name not in TOTALS}
        new = str(self._enter("purchase-orders", head, poNumber=number)["id"])
        for line in self._find("line-items", poId=old["id"]):
            self._copy_line(line, new)
        return new

    def remove_order(self, n: int) -> str:
        key = self._order(n)
        self._delete("purchase-orders", id=key)
        return key
