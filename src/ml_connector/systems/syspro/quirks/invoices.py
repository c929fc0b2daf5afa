"""Invoices: lines out of the distribution, states out of balances."""

from __future__ import annotations

from typing import Any

from ml_connector.records import InvoiceStatus, join_key
from ml_connector.systems.syspro import amounts
from ml_connector.systems.syspro.quirks.analysis import ENTRY, shares_of
from ml_connector.systems.syspro.quirks.receipts import Receipts
from ml_connector.systems.syspro.quirks.references import Document, Knowledge, account_of, segment_center
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import Values, amount, local_per_unit, words

UNDISTRIBUTED = "No distribution in SYSPRO: coded with the supplier's merchandise account."


def prepare_invoice(document: Document, knowledge: Knowledge) -> None:
    """Lines out of the distribution, amounts in the invoice's currency, the state out of the balances."""
    head = document["head"]
    currency = head["currency"] = words(head, "Currency") or knowledge["stated_currency"]
    lines = document["lines"] or [_undistributed(document)]
    money = amounts.settle(head, lines, currency, knowledge["tax_types"])
    total = money.gross
    head["net"], head["tax"], head["gross"] = total - money.tax, money.tax, total
    receipts = Receipts(document["receipts"], knowledge["company"])
    head["lines"] = _coded(document, money, currency, knowledge, receipts)
    head["purchase_order"] = receipts.only_order()
    head["document_type"] = "credit_memo" if total < 0 else "invoice"
    head["exchange_rate"] = local_per_unit(amount(head, "ConvRate"), words(head, "MulDiv"))
    head["open_amount"] = money.open_amount
    head["status"] = _invoice_status(head, money)
    year, month = words(head, "InvoiceYear"), words(head, "InvoiceMonth")
    head["period"] = f"{year}-{month.zfill(2)}" if year.strip("0") and month else ""


def _undistributed(document: Document) -> dict[str, Any]:
    """SYSPRO knows no distribution: one line over the whole, with the supplier's merchandise account, if any."""
    supplier_row: Values = next(iter(document.get("supplier", ())), {})
    entry: Values = next(iter(document["entries"]), {})
    return {
        **{name: entry.get(name) for name in ENTRY},
        "SubEntry": 1,
        "AnalysisEntry": entry.get("AnalysisEntry"),
        "ExpenseGlCode": supplier_row.get("MerchGlCode") or "",
        "DistrValue": document["head"].get("OrigInvValue"),
        "Reference": UNDISTRIBUTED,
        "undistributed": True,
    }


def _invoice_status(head: Values, money: amounts.Money) -> InvoiceStatus:
    """Balances decide, because the statuses are little known (FACTS 22)."""
    if words(head, "InvoiceStatus") == "*":
        return InvoiceStatus.CANCELLED
    original, adjustments = amount(head, "OrigInvValue"), amount(head, "TotalAdjustments")
    if not money.open_amount:
        if original and adjustments == -original:
            return InvoiceStatus.CANCELLED
        settled = bool(original) or words(head, "InvoiceStatus") == "9"
        return InvoiceStatus.PAID if settled else InvoiceStatus.POSTED
    return InvoiceStatus.PARTLY_PAID if abs(money.open_amount) < abs(money.gross) else InvoiceStatus.POSTED


def _coded(
    document: Document, money: amounts.Money, currency: str, knowledge: Knowledge, receipts: Receipts
) -> list[dict[str, Any]]:
    """The lines with their account, cost centers and order; one that is split over cost centers becomes several.

    Tax is told in the head alone, as every other ERP tells it: a line of it has no cost center.
    """
    company = knowledge["company"]
    shares = shares_of(document, money.lines, knowledge)
    found: list[dict[str, Any]] = []
    for index, (row, value) in enumerate(zip(money.lines, money.amounts, strict=True)):
        if words(row, "ExpenseType") in knowledge["tax_types"]:
            continue
        code = key_text(row.get("ExpenseGlCode"))
        place = [words(row, name) or "0" for name in (*ENTRY, "SubEntry")]
        order, order_line = receipts.of(row)
        base: dict[str, Any] = {
            "id": "undistributed" if row.get("undistributed") else join_key(*place),
            "number": place[-1],
            "description": words(row, "Reference"),
            "gl_account": account_of(company, code),
            "purchase_order": order,
            "purchase_order_line": order_line,
        }
        if knowledge["segment"] is not None:
            found.append(base | {"amount": value, "cost_center": segment_center(code, knowledge)})
            continue
        parts = shares.get(index, {})
        if len(parts) < 2:
            found.append(base | {"amount": value, "cost_center": next(iter(parts), None)})
            continue
        for center, part in sorted(amounts.divided(value, parts, currency).items(), key=lambda each: each[0].key):
            ident = f"{base['id']}/{center.key}"
            number = f"{base['number']}-{center.code}"
            found.append(base | {"id": ident, "number": number, "amount": part, "cost_center": center})
    return found
