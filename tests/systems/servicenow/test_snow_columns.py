"""How values are written for a column's type, and when a stored value is what was sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import RecordError
from ml_connector.systems.servicenow.columns import UNKNOWN, ColumnType, Kind, amount, same, writer

WRITTEN: list[tuple[Kind, ColumnType, Any, str, str]] = [
    (Kind.AMOUNT, ColumnType("currency"), Decimal("12.35"), "EUR", "EUR;12.35"),
    (Kind.AMOUNT, ColumnType("currency2"), Decimal("12.3"), "EUR", "EUR;12.30"),
    (Kind.AMOUNT, ColumnType("decimal"), Decimal("12.35"), "EUR", "12.35"),
    (Kind.AMOUNT, ColumnType("string"), Decimal("-494"), "EUR", "-494.00"),
    (Kind.AMOUNT, UNKNOWN, Decimal("1"), "EUR", "EUR;1.00"),
    (Kind.AMOUNT, ColumnType("currency"), Decimal("1E+3"), "JPY", "JPY;1000"),
    (Kind.AMOUNT, ColumnType("currency"), Decimal("12345678.905"), "KWD", "KWD;12345678.905"),
    (Kind.AMOUNT, ColumnType("currency"), Decimal("0.1") + Decimal("0.2"), "EUR", "EUR;0.30"),
    (Kind.AMOUNT, ColumnType("currency"), Decimal("0.03450"), "EUR", "EUR;0.0345"),
    (Kind.AMOUNT, ColumnType("currency"), None, "EUR", ""),
    (Kind.NUMBER, ColumnType("integer"), Decimal("40.00"), "", "40"),
    (Kind.NUMBER, ColumnType("decimal"), Decimal("2.50"), "", "2.5"),
    (Kind.NUMBER, UNKNOWN, Decimal("1E2"), "", "100"),
    (Kind.DAY, ColumnType("glide_date"), date(2026, 2, 2), "", "2026-02-02"),
    (Kind.DAY, ColumnType("glide_date_time"), date(2026, 2, 2), "", "2026-02-02 00:00:00"),
    (Kind.DAY, UNKNOWN, None, "", ""),
    (Kind.FLAG, UNKNOWN, True, "", "true"),
    (Kind.FLAG, UNKNOWN, False, "", "false"),
    (Kind.KEY, ColumnType("string", 8), "007 ", "", "007 "),
    (Kind.TEXT, ColumnType("string", 5), "Grüße 😀", "", "Grüße"),
]


@pytest.mark.parametrize(("kind", "found", "value", "currency", "expected"), WRITTEN)
def test_written_for_the_column_s_type(kind: Kind, found: ColumnType, value: Any, currency: str, expected: str) -> None:
    assert writer(kind, "column", found)(value, currency, []) == expected


@pytest.mark.parametrize(
    ("kind", "found", "value", "code"),
    [
        (Kind.NUMBER, ColumnType("integer"), Decimal("2.5"), "VALUE_WOULD_BE_CUT"),
        (Kind.AMOUNT, ColumnType("integer"), Decimal("2.5"), "VALUE_WOULD_BE_CUT"),
        (Kind.KEY, ColumnType("string", 4), "12345", "VALUE_TOO_LONG"),
    ],
)
def test_refused_before_it_is_spoilt(kind: Kind, found: ColumnType, value: Any, code: str) -> None:
    with pytest.raises(RecordError) as raised:
        writer(kind, "column", found)(value, "EUR", [])
    assert raised.value.code == code


def test_cut_text_is_a_warning() -> None:
    warnings: list[str] = []
    writer(Kind.TEXT, "notes", ColumnType("string", 3))("abcdef", "", warnings)
    assert warnings == ["notes was cut from 6 to 3 characters."]


@pytest.mark.parametrize(
    ("kind", "wanted", "found", "equal"),
    [
        (Kind.AMOUNT, "EUR;12.30", "12.3", True),
        (Kind.AMOUNT, "EUR;12.30", "EUR;12.3", True),
        (Kind.AMOUNT, "EUR;12.30", "USD;12.3", False),
        (Kind.AMOUNT, "EUR;1234.50", "1,234.5", True),
        (Kind.AMOUNT, "12.35", "12.34", False),
        (Kind.AMOUNT, "12.35", "", False),
        (Kind.AMOUNT, "", "0", True),
        (Kind.NUMBER, "010", "10", True),
        (Kind.DAY, "2026-02-02", "2026-02-02 00:00:00", True),
        (Kind.DAY, "2026-02-02", "", False),
        (Kind.FLAG, "true", "1", True),
        (Kind.FLAG, "false", "true", False),
        (Kind.REFERENCE, "AB" * 16, "ab" * 16, True),
        (Kind.TEXT, "a\r\nb ", "a\nb", True),
        (Kind.TEXT, "abc", "ab", False),
        (Kind.KEY, "007", "7", False),
    ],
)
def test_echo_means_what_was_sent(kind: Kind, wanted: str, found: str, equal: bool) -> None:
    assert same(kind, wanted, found) is equal


def test_amounts_are_never_rounded() -> None:
    assert amount(Decimal("1.005"), "EUR") == "1.005"
    assert amount(Decimal("1.500"), "JPY") == "1.5"
    assert amount(Decimal("2.000"), "JPY") == "2"
