"""Payments: their day, their amount in their own currency, and whom they were made to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import Reference, join_key
from ml_connector.records.base import minor_unit
from ml_connector.systems.plex.quirks.values import ZERO, day_of, flag_of, number_of, text_of


def paid_on(row: Any, env: Env) -> date:
    found: date | None = day_of("transactionDate", "checkDate", "createdDate")(row, env)
    if found is None:
        raise MissingError("transactionDate is empty.", fix="Fill in the date in Plex.")
    return found


def payment_supplier(row: Any, env: Env) -> Reference | None:
    ident = text_of(row, "supplierId")
    return Reference(join_key(ident), text_of(row, "supplierCode") or ident) if ident else None


def paid_amount(row: Any, env: Env) -> Decimal:
    """A voided payment counts for nothing."""
    amount = number_of(row, "amount")
    if amount is None:
        raise MissingError("amount is empty.", fix="Fill it in in Plex.")
    if flag_of(row, "void"):
        return ZERO
    rate = number_of(row, "exchangeRate")
    if env.knowledge["settings"].payment_amounts == "plant" and rate:
        return (amount / rate).quantize(minor_unit(text_of(row, "currencyCode")))
    return amount
