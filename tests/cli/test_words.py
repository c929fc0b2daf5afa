"""Numbers, amounts, moments and durations read as people say them; payloads as small tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rich.console import Console

from ml_connector.cli import words
from ml_connector.cli.payload import currency_of, payload_table, sections, value_text

NOW = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.9, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (7200, "2 h"),
        (400000, "4 days"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds_ago", "text"),
    [(3, "just now"), (-3, "now"), (45, "45 s ago"), (180, "3 min ago"), (-1500, "in 25 min"), (259200, "3 days ago")],
)
def test_distances(seconds_ago: int, text: str) -> None:
    assert words.distance((NOW - timedelta(seconds=seconds_ago)).isoformat(), NOW) == text


def test_nothing_has_no_distance() -> None:
    assert (words.distance(None, NOW), words.moment(None)) == ("", "")


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1234567.5", "EUR", "1,234,567.50 EUR"),
        ("12345678.905", "EUR", "12,345,678.905 EUR"),
        ("1000", "JPY", "1,000 JPY"),
        ("1.5", "KWD", "1.500 KWD"),
        ("100.0", "", "100"),
        ("-3", "USD", "-3.00 USD"),
        ("0.30000", "EUR", "0.30 EUR"),
    ],
)
def test_amounts(value: str, currency: str, text: str) -> None:
    assert words.amount(Decimal(value), currency) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("total_amount", "EUR;1234.5", "1,234.50 EUR"),
        ("NetCurrAmount", 1234.5, "1,234.50 EUR"),
        ("NetDomAmount", 1234.5, "1,234.5"),
        ("InvoiceId", 12345, "12345"),
        ("active", True, "yes"),
        ("supplier", ["10/V1", "V1", ""], "10/V1, V1"),
        ("po", {"value": "abc", "display_value": "PO1"}, "PO1"),
        ("note", None, ""),
        ("number", "0010", "0010"),
    ],
)
def test_values_of_payloads(name: str, value: object, text: str) -> None:
    assert value_text(name, value, "EUR") == text


def test_documents_become_sections_that_fit_a_narrow_terminal() -> None:
    document = {"key": "P1", "currency": "EUR", "lines": [{"no": n, "text": f"part [{n}]" * 3} for n in range(9)]}
    found = sections(document, "purchase order")
    assert list(found) == ["purchase order", "lines"]
    assert currency_of(found) == "EUR"
    console = Console(width=80, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        for made in payload_table("lines", found["lines"], 80):
            console.print(made)
    text = captured.get()
    assert max(map(len, text.splitlines())) <= 80
    assert all(f"part [{n}]" in text for n in range(9))
