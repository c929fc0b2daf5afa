"""Literals, keys and filters are written so that no value can be taken for syntax."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.errors import ContractError
from ml_connector.protocols.odata_syntax import (
    EnumValue,
    Field,
    Kind,
    Verbatim,
    after,
    all_of,
    any_of,
    chunked,
    eq,
    ge,
    gt,
    key_predicate,
    le,
    literal,
    lt,
    ne,
    one_of,
)


def read_string(text: str) -> str:
    """The reverse of a quoted literal; fails when a lone quote would end it early."""
    assert text[0] == text[-1] == "'"
    inner = text[1:-1]
    assert "'" not in inner.replace("''", "")
    return inner.replace("''", "'")


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_can_be_read_back(text: str) -> None:
    assert read_string(literal(text)) == text
    encoded = key_predicate({"K": text})
    assert not set("/?#%+ &") & set(encoded.replace("%", "")) or "%" in encoded
    assert not set("/?#+ &,") & set(encoded)
    assert read_string(unquote(encoded)[len("(K=") : -1]) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_any_decimal_is_exact_and_without_exponent(value: Decimal) -> None:
    text = literal(value)
    assert Decimal(text) == value
    assert "E" not in text


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_any_moment_is_utc_whole_seconds_and_not_later(moment: datetime) -> None:
    try:
        text = literal(moment)
    except OverflowError:
        return
    read = datetime.fromisoformat(text)
    assert timedelta(0) <= moment - read < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (7, "7"),
        (-7, "-7"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 2, 1), "2026-02-01"),
        (datetime(2026, 2, 1, 8, 30, 0, 999, UTC), "2026-02-01T08:30:00Z"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (EnumValue("App.Suppliers.PartyType", "Supplier"), "App.Suppliers.PartyType'Supplier'"),
        (Verbatim("2026-03-02T08:15:00.123Z"), "2026-03-02T08:15:00.123Z"),
        ("O'Neil", "'O''Neil'"),
    ],
)
def test_literals(value: Any, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize("value", [1.5, datetime(2026, 1, 1), Decimal("NaN"), b"x"])  # noqa: DTZ001 - refused
def test_what_has_no_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        literal(value)


@pytest.mark.parametrize("text", ["", "1 or 1 eq 1", "'x'", "a'b", "(1)", "-"])
def test_verbatim_text_cannot_smuggle_syntax(text: str) -> None:
    with pytest.raises(ValueError, match="no date"):
        literal(Verbatim(text)) if text != "-" else literal(Verbatim("-x"))


def test_keys_are_named_in_the_order_given() -> None:
    assert key_predicate({"OrderNo": "P1001"}) == "(OrderNo='P1001')"
    assert key_predicate({"Company": "1/0", "InvoiceId": 7}) == "(Company='1%2F0',InvoiceId=7)"
    assert key_predicate({"K": EnumValue("A.B", "C"), "N": "O'N"}) == "(K=A.B'C',N='O''N')"
    with pytest.raises(ValueError, match="at least one"):
        key_predicate({})


def test_a_name_cannot_smuggle_syntax() -> None:
    with pytest.raises(ValueError, match="name"):
        eq("OrderNo eq 'x' or A", 1)


def test_filters_put_brackets_only_where_words_mix() -> None:
    either = one_of(eq("A", 1), ne("B", "x"))
    assert str(either) == "A eq 1 or B ne 'x'"
    assert str(all_of(either, ge("C", 2), None)) == "(A eq 1 or B ne 'x') and C ge 2"
    assert str(all_of(all_of(gt("A", 1), lt("A", 5)), le("B", 2))) == "A gt 1 and A lt 5 and B le 2"
    assert str(all_of(None, eq("A", 1))) == "A eq 1"
    with pytest.raises(ValueError, match="at least one"):
        one_of()


def test_any_of_takes_forty_and_chunked_makes_them() -> None:
    assert str(any_of("A", ["x", "y"])) == "A eq 'x' or A eq 'y'"
    assert [len(chunk) for chunk in chunked(range(85))] == [40, 40, 5]
    assert str(any_of("A", range(40))).count(" or ") == 39
    with pytest.raises(ValueError, match="split"):
        any_of("A", range(41))


POSITIONS = st.tuples(*[st.integers(0, 3)] * 3)


@given(POSITIONS, POSITIONS)
def test_after_means_exactly_the_rows_behind_a_position(position: tuple[int, ...], row: tuple[int, ...]) -> None:
    text = str(after(list(zip("abc", position, strict=True))))
    meaning = text.replace(" eq ", " == ").replace(" gt ", " > ")
    assert eval(meaning, dict(zip("abc", row, strict=True))) is (row > position)


@pytest.mark.parametrize(
    ("kind", "given_value", "text"),
    [
        (Kind.STRING, "10", "'10'"),
        (Kind.INTEGER, "55", "55"),
        (Kind.DECIMAL, "1.50", "1.50"),
        (Kind.BOOLEAN, True, "true"),
        (Kind.DATE, "2026-02-01", "2026-02-01"),
        (Kind.MOMENT, "2026-03-02T08:15:00Z", "2026-03-02T08:15:00Z"),
        (Kind.ENUM, "Supplier", "A.PartyType'Supplier'"),
    ],
)
def test_a_value_of_an_answer_becomes_a_literal(kind: Kind, given_value: Any, text: str) -> None:
    assert literal(Field("X", kind, "A.PartyType").value_of({"X": given_value})) == text


@pytest.mark.parametrize("row", [{}, {"X": None}, {"X": "abc"}, {"X": ["1"]}])
def test_an_order_value_that_is_missing_or_odd_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ContractError):
        Field("X", Kind.INTEGER).value_of(row)
