"""An invoice's amounts in its own currency, and the tax that stands beside the lines or among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records.base import minor_unit
from ml_connector.systems.plex.quirks.values import ZERO, flag_of, number_of, text_of

ROUNDING = Decimal("0.02")


@dataclass(frozen=True)
class Amounts:
    """An invoice in its own currency: lines without tax, tax and total (FACTS 33)."""

    lines: tuple[tuple[Mapping[str, Any], Decimal], ...]
    taxes: tuple[tuple[Mapping[str, Any], Decimal], ...]
    gross: Decimal | None

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, amount in self.taxes), ZERO)

    @property
    def sum_of_lines(self) -> Decimal:
        return sum((amount for _, amount in self.lines), ZERO)


def amounts(row: Mapping[str, Any]) -> Amounts:
    """Lines are in the invoice's currency where they say so, else the plant's; the control account is no line."""
    lines = [line for line in row.get("lines") or () if not flag_of(line, "offset")]
    foreign = number_of(row, "foreignCurrencyAmount")
    plant = number_of(row, "amount")
    in_plant = [(line, _balance(line, "debit", "credit") or ZERO) for line in lines]
    in_own = [(line, _balance(line, "currencyDebit", "currencyCredit")) for line in lines]
    own = [(line, amount) for line, amount in in_own if amount is not None]
    blank = not any(amount for _, amount in own) and any(amount for _, amount in in_plant)
    if not foreign and plant:  # not given, or filled with nought
        foreign = None
    if len(own) < len(lines) or blank:
        if foreign is not None and plant is not None and foreign != plant:
            raise ValueError("lines have no amount in the invoice's currency")
        return _taxed(row, in_plant, plant if plant is not None else foreign)
    return _taxed(row, own, foreign if foreign is not None else plant)


def amounts_of(row: Mapping[str, Any], env: Env) -> Amounts:
    """The same for all fields of one invoice."""
    known: dict[str, Any] = env.knowledge  # type: ignore[assignment]  # made for this record alone
    if "amounts" not in known:
        known["amounts"] = amounts(row)
    found: Amounts = known["amounts"]
    return found


def _balance(line: Mapping[str, Any], debit: str, credit: str) -> Decimal | None:
    charged, credited = number_of(line, debit), number_of(line, credit)
    return None if charged is None and credited is None else (charged or ZERO) - (credited or ZERO)


Amounted = Sequence[tuple[Mapping[str, Any], Decimal]]


def _taxed(row: Mapping[str, Any], lines: Amounted, gross: Decimal | None) -> Amounts:
    """Taxes stand beside the lines, or among them, too: the header's total, which includes tax, tells."""
    rows = [*(row.get("taxes") or ()), *(tax for line, _ in lines for tax in line.get("taxes") or ())]
    taxes = [(tax, amount) for tax in rows if (amount := number_of(tax, "taxAmount"))]
    total = sum((amount for _, amount in lines), ZERO)
    tax = sum((amount for _, amount in taxes), ZERO)
    if (
        gross is not None and gross * (total + tax) < 0 and abs(gross + total + tax) <= ROUNDING
    ):  # a memo with a header of the other sign
        gross = -gross
    if gross is None or not taxes or abs(gross - total - tax) <= ROUNDING:
        return Amounts(tuple(lines), tuple(taxes), gross)
    if abs(gross - total) <= ROUNDING:
        return _tax_taken_out(lines, taxes, gross)
    if tax:
        owed = gross - total
        rate = owed / tax
        scaled = [(each, (amount * rate).quantize(minor_unit(text_of(row, "currencyCode")))) for each, amount in taxes]
        plant, total_plant = number_of(row, "amount"), _sum_in_plant(row)
        if plant is not None and abs(plant - total_plant - tax) <= ROUNDING:  # taxes are in the plant's currency
            last, amount = scaled[-1]
            scaled[-1] = (last, amount + owed - sum((amount for _, amount in scaled), ZERO))
            return Amounts(tuple(lines), tuple(scaled), gross)
    return Amounts(tuple(lines), tuple(taxes), gross)


def _sum_in_plant(row: Mapping[str, Any]) -> Decimal:
    lines = [line for line in row.get("lines") or () if not flag_of(line, "offset")]
    return sum((_balance(line, "debit", "credit") or ZERO for line in lines), ZERO)


def _tax_taken_out(lines: Amounted, taxes: Amounted, gross: Decimal) -> Amounts:
    """Lines that already include the tax: its own postings are left out, or each line is lessened by its tax."""
    rest, open_taxes = list(lines), []
    for tax, amount in taxes:
        posting = next((each for each in rest if each[1] == amount and _same_account(each[0], tax)), None)
        if posting is None:
            open_taxes.append((tax, amount))
        else:
            rest.remove(posting)
    for tax, amount in open_taxes:
        at = next((i for i, each in enumerate(rest) if text_of(each[0], "lineId") == text_of(tax, "lineId")), None)
        if at is None:
            return Amounts(tuple(lines), (), gross)
        rest[at] = (rest[at][0], rest[at][1] - amount)
    return Amounts(tuple(rest), tuple(taxes), gross)


def _same_account(line: Mapping[str, Any], tax: Mapping[str, Any]) -> bool:
    account_id = text_of(tax, "accountId", "accountNumber")
    return bool(account_id) and account_id in (text_of(line, "accountId"), text_of(line, "accountNumber"))
