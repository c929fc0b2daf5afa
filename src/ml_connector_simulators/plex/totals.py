"""What Plex computes when it is asked: totals of a header from its lines, and the AP control line.

A figure that was entered explicitly is kept: a header may then differ from its lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from ..story import money
from .accounts import PAYABLES, account_fields, account_number
from .rows import Record, Rows
from .values import CANCELLED_WORDS, guid

Tables = dict[str, Rows]
_ZERO = Decimal(0)


def computed(name: str, tables: Tables, record: Record) -> dict[str, Any]:
    """The computed fields of a row that were left open."""
    compute = _COMPUTED.get(name)
    return compute(tables, record) if compute else {}


def _order(tables: Tables, order: Record) -> dict[str, Any]:
    lines = tables["line-items"].indexed("poId", order.key)
    made: dict[str, Any] = {}
    if order.get("lineItemCount") is None:
        made["lineItemCount"] = len(lines)
    if order.get("lineItemTotal") is None:
        currency = order.get("currencyCode") or "EUR"
        made["lineItemTotal"] = sum((money(_line_total(tables, line), currency) for line in lines), _ZERO)
    return made


def _line_total(tables: Tables, line: Record) -> Decimal:
    price: Decimal = line.get("unitPrice") or _ZERO
    releases = tables["releases"].indexed("poLineItemId", line.key)
    return price * sum((r.get("quantity") or _ZERO for r in releases if r.get("status") not in CANCELLED_WORDS), _ZERO)


def _invoice(tables: Tables, invoice: Record) -> dict[str, Any]:
    lines = tables["ap-invoice-lines"].indexed("invoiceId", invoice.key)
    taxes = tables["ap-invoice-taxes"].indexed("invoiceId", invoice.key)
    made: dict[str, Any] = {}
    for total, side, tax, balance in (
        ("amount", ("debit", "credit"), "taxAmount", "balance"),
        ("foreignCurrencyAmount", ("currencyDebit", "currencyCredit"), "currencyTaxAmount", "foreignCurrencyBalance"),
    ):
        amount = invoice.get(total)
        if amount is None:
            amount = _sum(lines, side[0]) - _sum(lines, side[1]) + _sum(taxes, tax)
            made[total] = amount
        if invoice.get(balance) is None:
            made[balance] = _ZERO if invoice.get("paid") else amount
    if invoice.get("totalControlAmount") is None:
        made["totalControlAmount"] = made.get("foreignCurrencyAmount", invoice.get("foreignCurrencyAmount"))
    return made


def _sum(rows: Iterable[Record], name: str) -> Decimal:
    return sum((row.get(name) or _ZERO for row in rows), _ZERO)


def control_line(invoice: Record, amount: Decimal, currency_amount: Decimal) -> dict[str, Any]:
    """The posting against trade payables, which makes the journal balance: `offset` is 1."""
    return {
        "lineId": guid(invoice.pcn, "control line", invoice.key),
        **account_fields(invoice.pcn, account_number(PAYABLES)),
        "description": "AP control",
        "debit": max(-amount, _ZERO),
        "credit": max(amount, _ZERO),
        "currencyDebit": max(-currency_amount, _ZERO),
        "currencyCredit": max(currency_amount, _ZERO),
        "offset": 1,
    }


_COMPUTED: dict[str, Callable[[Tables, Record], dict[str, Any]]] = {"purchase-orders": _order, "ap-invoices": _invoice}
