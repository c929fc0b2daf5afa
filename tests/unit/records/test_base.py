"""Keys, identities and fingerprints: what everything else is tied to."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.records import Entity, Invoice, InvoiceLine, Reference, join_key, split_key
from ml_connector.records.base import Identity, fingerprint, minor_unit


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (("P1001",), "P1001"),
        (("10", "55"), "10/55"),
        (("10", " A1"), '10/" A1"'),
        (("10", "A1 "), '10/"A1 "'),
        (("10", "A/1"), '10/"A/1"'),
        (("10", ""), '10/""'),
        (("00042",), "00042"),
        (("O'Neil \U0001f600",), "O'Neil \U0001f600"),
    ],
)
def test_key_quotes_only_where_it_must(parts: tuple[str, ...], key: str) -> None:
    assert join_key(*parts) == key
    assert split_key(key) == parts


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4))
def test_key_comes_apart_as_it_was_joined(parts: list[str]) -> None:
    assert split_key(join_key(*parts)) == tuple(parts)


def test_target_id_is_the_same_on_every_installation() -> None:
    identity = Identity("ifs_cloud", "10", Entity.INVOICES, "10/55")
    assert identity.target_id("sn_apo_invoice", "header") == "4e1412f976b151349d8bcd843d0fe311"


def test_target_id_differs_by_scope_entity_table_and_part() -> None:
    base = Identity("ifs_cloud", "10", Entity.INVOICES, "1")
    ids = {
        base.target_id("t"),
        base.target_id("u"),
        base.target_id("t", "line:1"),
        Identity("ifs_cloud", "20", Entity.INVOICES, "1").target_id("t"),
        Identity("ifs_cloud", "10", Entity.SUPPLIERS, "1").target_id("t"),
        Identity("plex", "10", Entity.INVOICES, "1").target_id("t"),
    }
    assert len(ids) == 6


def test_fingerprint_changes_with_any_value() -> None:
    line = InvoiceLine(id="1", number="1", amount=Decimal("10"))
    invoice = Invoice(
        key="1",
        number="A",
        supplier=Reference("S", "S"),
        invoice_date=date(2026, 1, 1),
        currency="EUR",
        net=Decimal("10"),
        lines=(line,),
    )
    other = Invoice(**{**{f: getattr(invoice, f) for f in invoice.__struct_fields__}, "net": Decimal("10.01")})
    assert fingerprint(invoice) == fingerprint(invoice)
    assert fingerprint(invoice) != fingerprint(other)


@pytest.mark.parametrize(("currency", "unit"), [("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("XXX", "0.01")])
def test_minor_unit(currency: str, unit: str) -> None:
    assert minor_unit(currency) == Decimal(unit)
