"""Invoices: kinds, statuses, totals, and lines without the control account and without tax."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import InvoiceLine, InvoiceStatus
from ml_connector.systems.plex.quirks.amounts import amounts_of
from ml_connector.systems.plex.quirks.references import account, building, cost_center, department, purchase_order
from ml_connector.systems.plex.quirks.values import ZERO, day_of, flag_of, number_of, text_of
from ml_connector.systems.plex.settings import PlexSettings

INVOICE_STATUSES = {
    "approved": InvoiceStatus.APPROVED,
    **dict.fromkeys(("partially paid", "partly paid", "partial"), InvoiceStatus.PARTLY_PAID),
}
"""What the flags `booked` and `paid` do not say."""


def posting_day(row: Any, env: Env) -> date:
    """The API gives the posting date alone (FACTS 34)."""
    found: date | None = day_of("transactionDate")(row, env)
    if found is None:
        raise MissingError("transactionDate is empty.", fix="Fill in the date in Plex.")
    return found


def invoice_status(row: Any, env: Env) -> InvoiceStatus:
    settings: PlexSettings = env.knowledge["settings"]
    if settings.is_cancelled(row.get("status")):
        return InvoiceStatus.CANCELLED
    if flag_of(row, "paid"):
        return InvoiceStatus.PAID
    word = INVOICE_STATUSES.get(text_of(row, "status").strip().casefold())
    if not flag_of(row, "booked"):
        return word if word is InvoiceStatus.APPROVED else InvoiceStatus.RECEIVED
    amount, balance = number_of(row, "amount"), number_of(row, "balance")
    partly = amount is not None and balance is not None and ZERO < abs(balance) < abs(amount)
    return InvoiceStatus.PARTLY_PAID if partly or word is InvoiceStatus.PARTLY_PAID else InvoiceStatus.POSTED


def invoice_lines(row: Any, env: Env) -> tuple[InvoiceLine, ...]:
    """The lines without the control account and without tax, which the header holds."""
    found = amounts_of(row, env)
    of_line: dict[str, list[tuple[Mapping[str, Any], Decimal]]] = {}
    for tax, amount in found.taxes:
        of_line.setdefault(text_of(tax, "lineId"), []).append((tax, amount))
    order = purchase_order(row, env)
    place = text_of(row, "buildingCode")
    where = building((row, "buildingCode"), env=env)
    who = department(row.get("department"), place, env)
    made = []
    for number, (line, amount) in enumerate(found.lines, 1):
        ident = text_of(line, "lineId") or str(number)
        taxes = of_line.get(text_of(line, "lineId")) if text_of(line, "lineId") else None
        made.append(
            InvoiceLine(
                id=ident,
                number=str(number),
                description=text_of(line, "description", "voucherDescription"),
                quantity=number_of(line, "quantity"),
                unit=text_of(line, "uoM"),
                unit_price=number_of(line, "unitPrice"),
                amount=amount,
                tax=sum((each for _, each in taxes), ZERO) if taxes else None,
                tax_code=text_of(line, "itemTaxCode") or (text_of(taxes[0][0], "taxCode") if taxes else ""),
                project=text_of(line, "projectCode"),
                gl_account=account(line, env),
                cost_center=cost_center(line, env),
                department=who,
                location=where,
                purchase_order=order,
            )
        )
    return tuple(made)


def invoice_tax(row: Any, env: Env) -> Decimal:
    return amounts_of(row, env).tax


def invoice_gross(row: Any, env: Env) -> Decimal:
    found = amounts_of(row, env)
    return found.gross if found.gross is not None else found.sum_of_lines + found.tax


def invoice_net(row: Any, env: Env) -> Decimal:
    """The total without tax, so that lines which do not add up to it are noticed."""
    return invoice_gross(row, env) - invoice_tax(row, env)


def open_amount(row: Any, env: Env) -> Decimal | None:
    foreign, plant = number_of(row, "foreignCurrencyBalance"), number_of(row, "balance")
    found = foreign if foreign is not None and (foreign or not plant) else plant
    return -found if found is not None and found * invoice_gross(row, env) < 0 else found


def document_type(row: Any, env: Env) -> str:
    """debitMemo says it; else a negative total is a credit memo (FACTS 33)."""
    if flag_of(row, "debitMemo"):
        return "debit_memo"
    return "credit_memo" if invoice_gross(row, env) < 0 else "invoice"
