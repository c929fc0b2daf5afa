"""Amounts of an invoice: what is in whose currency, what is tax, and lines that add up to the whole.

The distribution is in the company's currency; so is OrigInvValue, or both are in the invoice's. Which of these holds is
not told anywhere, so it is found by comparing sums (FACTS 21).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from ml_connector.records.base import minor_unit
from ml_connector.systems.syspro.values import (
    NONE,
    Values,
    amount,
    in_document_currency,
    in_local_currency,
    rounded,
    words,
)

T = TypeVar("T")
CENT = Decimal("0.01")
"""What SYSPRO's amounts are rounded to, whatever the currency."""


@dataclass(frozen=True, slots=True)
class Money:
    """In the invoice's currency."""

    gross: Decimal
    tax: Decimal
    lines: list[dict[str, Any]]
    """Those of the distribution that count."""
    amounts: list[Decimal]
    """Of each of them."""
    extra_tax: Decimal
    """Tax that no line of the distribution holds."""
    open_amount: Decimal


def settle(head: Values, lines: Sequence[dict[str, Any]], currency: str, tax_types: Set[str]) -> Money:
    """What the invoice and its lines are worth in its own currency.

    Where the lines agree with no total they are converted like the total; they do not add up then, and the record is
    rejected for it.
    """
    original, with_tax = amount(head, "OrigInvValue"), amount(head, "WithTaxValue")
    gross = amount(head, "CurrencyValue") or _converted(head, original, currency)
    chosen, base, extra = _matching(head, lines, gross)
    if amount(head, "TotalAdjustments") and base == original + amount(head, "TotalAdjustments") and original:
        gross = rounded(gross * base / original, currency)
    factor = gross / base if base else Decimal(1)
    values = _scaled([amount(row, "DistrValue") for row in chosen], factor, gross, extra, currency)
    tax = sum((v for v, row in zip(values, chosen, strict=True) if words(row, "ExpenseType") in tax_types), NONE)
    extra_tax = rounded(extra * factor, currency) if factor != 1 else extra
    if not tax and not extra_tax and abs(with_tax) > abs(original) and with_tax * original > 0:
        extra_tax = (rounded(with_tax * factor, currency) if factor != 1 else with_tax) - gross  # a gross value
        gross += extra_tax
    open_amount = _open(head, original, gross, currency)
    return Money(gross, tax + extra_tax, list(chosen), values, extra_tax, open_amount)


def _converted(head: Values, value: Decimal, currency: str) -> Decimal:
    found = in_document_currency(value, amount(head, "ConvRate"), words(head, "MulDiv"))
    return value if found == value else rounded(found, currency)


def _matching(
    head: Values, lines: Sequence[dict[str, Any]], gross: Decimal
) -> tuple[Sequence[dict[str, Any]], Decimal, Decimal]:
    """The lines that count, the total that they add up to, and the tax that none of them holds.

    All entries of the invoice, or only its first where others adjusted it since.
    """
    original, with_tax = amount(head, "OrigInvValue"), amount(head, "WithTaxValue")
    adjusted = original + amount(head, "TotalAdjustments")
    own = [line for line in lines if _is_first(head, line)] or lines
    for some in (lines, own):
        total = sum((amount(line, "DistrValue") for line in some), NONE)
        tolerance = CENT * len(some)
        for target in _totals(head, original, gross):
            if abs(total - target) <= tolerance:
                return some, target, NONE
        if with_tax and abs(total + with_tax - original) <= tolerance:
            return some, original, with_tax
        if some is lines and adjusted and adjusted != original and abs(total - adjusted) <= tolerance:
            return some, adjusted, NONE
    return lines, original, NONE


def _is_first(head: Values, line: Values) -> bool:
    return all(words(head, name) == words(line, name) for name in ("Journal", "EntryNumber"))


def _totals(head: Values, original: Decimal, gross: Decimal) -> Iterator[Decimal]:
    """What the distribution may add up to; the invoice's own amount last, since a rate near 1 makes them alike."""
    rate, mul_div = amount(head, "ConvRate"), words(head, "MulDiv")
    yield original
    local = in_local_currency(gross, rate, mul_div)
    if local != gross:
        yield local.quantize(CENT)
    yield gross


def _scaled(values: Sequence[Decimal], factor: Decimal, gross: Decimal, extra: Decimal, currency: str) -> list[Decimal]:
    """The values in the invoice's currency. What rounding leaves over goes to the largest, if rounding is all it is."""
    if factor == 1:
        return list(values)
    found = [rounded(value * factor, currency) for value in values]
    left = gross - rounded(extra * factor, currency) - sum(found, NONE)
    if found and left and abs(left) <= minor_unit(currency) * len(found):
        largest = max(range(len(found)), key=lambda index: abs(found[index]))
        found[largest] += left
    return found


def _open(head: Values, original: Decimal, gross: Decimal, currency: str) -> Decimal:
    """What is still to be paid: the current month's balance; an older one counts unless the invoice is paid.

    A balance is in the currency of OrigInvValue.
    """
    balances = [amount(head, f"MthInvBal{month}") for month in (1, 2, 3)]
    balance = balances[0]
    if not balance and words(head, "InvoiceStatus") != "9":
        balance = next((each for each in balances if each), NONE)
    if balance == original:
        return gross
    return rounded(balance * gross / original, currency) if original and original != gross else balance


def divided(value: Decimal, weights: Mapping[T, Decimal], currency: str) -> dict[T, Decimal]:
    """An amount by weights, exactly; what rounding leaves over goes to the largest. Without weights: equally."""
    total = sum(weights.values(), NONE)
    given = dict(weights) if total else dict.fromkeys(weights, Decimal(1))
    total = total or Decimal(len(given))
    found = {key: rounded(value * weight / total, currency) for key, weight in given.items()}
    largest = max(found, key=lambda key: abs(found[key]))
    found[largest] += value - sum(found.values(), NONE)
    return found
