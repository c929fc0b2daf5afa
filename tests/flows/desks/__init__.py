"""What people do inside each ERP, so that one test can be told for all of them.

A module per system has a class `Desk`. Ordinary documents are counted from 0 in an order that never changes; each
method says which record it touched, by the key that `records` prints.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any, Protocol, TypeVar

from ml_connector_simulators.framework import Simulator

T = TypeVar("T")
Call = Callable[[Callable[[], Any]], Any]
"""Runs something where the simulator lives."""


class Desk(Protocol):
    """Somebody with the ERP open. Every edit leaves the document sound: header and lines agree."""

    suppliers: int
    """So many ordinary suppliers there are to rename."""
    orders: int
    """So many ordinary open orders that nobody has received or invoiced."""
    invoices: int
    """So many ordinary open invoices without an order."""

    def rename_supplier(self, n: int, name: str) -> str: ...

    def raise_invoice(self, n: int, by: Decimal) -> str:
        """One line, and the header with it, cost `by` more."""
        ...

    def correct_invoice_date(self, n: int, day: str) -> str: ...

    def describe_order_line(self, n: int, text: str) -> str:
        """The first line alone is changed: nothing of the header, not even a stamp, where the ERP is like that."""
        ...

    def order_more(self, n: int, more: int) -> str:
        """The first line's quantity, and all amounts that follow from it."""
        ...

    def add_order_line(self, n: int, number: int) -> str: ...

    def cancel_order(self, n: int) -> str: ...

    def cancel_invoice(self, n: int) -> str:
        """As the ERP does it; where it cannot, the invoice is paid and the method says so by returning ""."""
        ...

    def enter_order(self, number: str, like: int) -> str:
        """A new order, entered now, with the lines of another."""
        ...

    def enter_invoice(self, number: int, like: int) -> str: ...

    def rename_account(self, name: str) -> str:
        """Of a GL account that documents are coded with."""
        ...

    def rename_center(self, name: str) -> str: ...

    def uncoded_invoice(self) -> str:
        """An invoice whose cost center does not exist yet."""
        ...

    def create_center(self) -> str:
        """That cost center."""
        ...

    def remove_order(self, n: int) -> str:
        """Delete an order with its lines, without a trace."""
        ...


def desk(simulator: Simulator, call: Call) -> Desk:
    """The desk of a simulated ERP."""
    found: Desk = import_module(f"{__name__}.{simulator.system}").Desk(simulator, call)
    return found
