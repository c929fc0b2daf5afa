"""Amounts: whose currency they are in is found out, lines add up, tax is told apart."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.systems.syspro.amounts import Money, divided, settle

D = Decimal
TAX = frozenset({"T"})


def money(head: dict[str, Any], values: list[str], currency: str = "USD", types: str = "") -> Money:
    kinds = types or "M" * len(values)
    lines = [{"DistrValue": D(v), "ExpenseType": k, "EntryNumber": 1} for v, k in zip(values, kinds, strict=True)]
    given = {name: D(value) if value[:1].isdigit() or value[:1] == "-" else value for name, value in head.items()}
    return settle({"EntryNumber": 1, **given}, lines, currency, TAX)


def test_local_currency_is_taken_as_it_is() -> None:
    found = money({"OrigInvValue": "30.01", "CurrencyValue": "30.01", "ConvRate": "1"}, ["10.01", "20.00"], "EUR")
    assert (found.gross, found.amounts, found.tax) == (D("30.01"), [D("10.01"), D("20.00")], 0)


@pytest.mark.parametrize(
    ("rate", "mul_div", "local"), [("0.9215", "M", "921.50"), ("1.085187", "D", "921.50"), ("0.9215", "M", "1000.00")]
)
def test_foreign_currency_adds_up(rate: str, mul_div: str, local: str) -> None:
    """OrigInvValue is local, or in the invoice's currency like CurrencyValue; the distribution is local either way."""
    head = {"OrigInvValue": local, "CurrencyValue": "1000.00", "ConvRate": rate, "MulDiv": mul_div, "MthInvBal1": local}
    found = money(head, ["307.17", "307.17", "307.16"])
    assert sum(found.amounts) == found.gross == D("1000.00")
    assert found.open_amount == D("1000.00")
    assert all(abs(each - D("333.33")) <= D("0.02") for each in found.amounts)


def test_a_distribution_in_the_invoice_currency_is_not_converted() -> None:
    head = {"OrigInvValue": "921.50", "CurrencyValue": "1000.00", "ConvRate": "0.9215", "MulDiv": "M"}
    assert money(head, ["400.00", "600.00"]).amounts == [D("400.00"), D("600.00")]


def test_lines_that_differ_by_more_than_rounding_stay_different() -> None:
    head = {"OrigInvValue": "921.50", "CurrencyValue": "1000.00", "ConvRate": "0.9215", "MulDiv": "M"}
    found = money(head, ["400.00", "500.00"])
    assert found.gross == D("1000.00")
    assert abs(sum(found.amounts) - found.gross) > D("20")


def test_without_a_currency_value_the_rate_converts() -> None:
    head = {"OrigInvValue": "921.50", "ConvRate": "0.9215", "MulDiv": "M"}
    found = money(head, ["921.50"])
    assert (found.gross, found.amounts) == (D("1000.00"), [D("1000.00")])


def test_yen_have_no_cents() -> None:
    head = {"OrigInvValue": "61.35", "CurrencyValue": "10000", "ConvRate": "163", "MulDiv": "D"}
    found = money(head, ["20.45", "20.45", "20.45"], "JPY")
    assert sum(found.amounts) == 10000
    assert all(each == each.to_integral_value() for each in found.amounts)


def test_tax_by_expense_type() -> None:
    found = money(
        {"OrigInvValue": "119.00", "CurrencyValue": "119.00", "ConvRate": "1"}, ["100.00", "19.00"], "EUR", "MT"
    )
    assert (found.gross, found.tax, found.extra_tax) == (D("119.00"), D("19.00"), 0)


def test_tax_that_no_line_holds() -> None:
    """WithTaxValue is the tax where the lines lack just that much; the whole with tax where it is more than the whole;
    and something else (tax withheld from the payment) where the lines are complete."""
    head = {"OrigInvValue": "119.00", "CurrencyValue": "119.00", "ConvRate": "1"}
    missing = money({**head, "WithTaxValue": "19.00"}, ["100.00"], "EUR")
    withheld = money({**head, "WithTaxValue": "19.00"}, ["119.00"], "EUR")
    whole = money({"OrigInvValue": "100.00", "ConvRate": "1", "WithTaxValue": "119.00"}, ["100.00"], "EUR")
    assert (missing.gross, missing.tax, missing.extra_tax) == (D("119.00"), D("19.00"), D("19.00"))
    assert (withheld.gross, withheld.tax) == (D("119.00"), 0)
    assert (whole.gross, whole.tax, whole.extra_tax) == (D("119.00"), D("19.00"), D("19.00"))


def test_later_adjustments_do_not_count_unless_they_are_the_whole() -> None:
    head = {
        "OrigInvValue": D("100.00"),
        "CurrencyValue": D("100.00"),
        "TotalAdjustments": D("-10.00"),
        "EntryNumber": 1,
    }
    first = {"DistrValue": D("100.00"), "EntryNumber": 1}
    second = {"DistrValue": D("-4.00"), "EntryNumber": 2}
    third = {"DistrValue": D("-10.00"), "EntryNumber": 2}
    assert settle(head, [first, second], "EUR", TAX).amounts == [D("100.00")]
    adjusted = settle(head, [first, third], "EUR", TAX)
    assert (adjusted.gross, adjusted.amounts) in [
        (D("100.00"), [D("100.00")]),
        (D("90.00"), [D("100.00"), D("-10.00")]),
    ]
    assert sum(adjusted.amounts) == adjusted.gross


def test_balances_tell_what_is_open() -> None:
    head = {"OrigInvValue": "100.00", "CurrencyValue": "100.00", "ConvRate": "1"}
    last_month = {"MthInvBal1": "0", "MthInvBal2": "40.00"}
    assert money({**head, "MthInvBal1": "40.00"}, ["100.00"]).open_amount == D("40.00")
    assert money({**head, **last_month, "InvoiceStatus": "9"}, ["100.00"]).open_amount == 0
    assert money({**head, **last_month, "InvoiceStatus": "1"}, ["100.00"]).open_amount == D("40.00")


def test_a_split_loses_nothing() -> None:
    parts = divided(D("100.00"), {"a": D(1), "b": D(1), "c": D(1)}, "EUR")
    assert sum(parts.values()) == D("100.00")
    assert divided(D("-0.01"), {"a": D(0), "b": D(0)}, "EUR") in [{"a": D("-0.01"), "b": 0}, {"a": 0, "b": D("-0.01")}]
