"""The words of mappings: what each gives, and that every issue of a row is told."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import MappingError
from ml_connector.mappings import (
    Mapping,
    Payload,
    Refs,
    boolean,
    code,
    constant,
    day,
    decimal,
    field,
    integer,
    key,
    lines,
    lookup,
    moment,
    parent,
    reference,
    target_id,
)
from ml_connector.records import Entity, OrderLine, OrderStatus, PurchaseOrder, Reference, Supplier

LINE = Mapping(
    OrderLine,
    {
        "id": key("Line", "Release"),
        "number": field("Line", required=True),
        "gl_account": reference(parent("Company"), "Account"),
        "net": field("Net", decimal),
    },
)
ORDER = Mapping(
    PurchaseOrder,
    {
        "key": key("No"),
        "number": field("No", required=True),
        "supplier": reference("Vendor", name="VendorName"),
        "currency": field("Currency", required=True),
        "status": lookup("State", {"Planned": OrderStatus.PLANNED, "Released": OrderStatus.RELEASED}),
        "document_type": constant("purchase_order"),
        "lines": lines("Lines", LINE),
    },
)
ROW: dict[str, Any] = {
    "No": "0007",
    "Company": "10",
    "Vendor": "V 1",
    "VendorName": "Acme",
    "Currency": "EUR",
    "State": "Released",
    "Unknown": {"x": 1},
    "Lines": [{"Line": "10", "Release": "1", "Account": "6100", "Net": Decimal("1.50")}],
}


def test_row_becomes_a_record() -> None:
    order = ORDER.apply(ROW)
    assert order.key == "0007"
    assert order.supplier == Reference("V 1", "V 1", "Acme")
    assert order.lines[0].id == "10/1"
    assert order.lines[0].gl_account == Reference("10/6100", "6100")
    assert order.lines[0].net == Decimal("1.50")


def test_every_issue_of_a_row_is_told() -> None:
    with pytest.raises(MappingError) as caught:
        ORDER.apply({**ROW, "Currency": None, "State": "Gone", "No": ""})
    assert [(issue.code, issue.field) for issue in caught.value.issues] == [
        ("MANDATORY_MISSING", "key"),
        ("MANDATORY_MISSING", "number"),
        ("MANDATORY_MISSING", "currency"),
        ("UNREADABLE_VALUE", "status"),
    ]


@pytest.mark.parametrize(
    ("convert", "value", "result"),
    [
        (decimal, "12345678.905", Decimal("12345678.905")),
        (decimal, Decimal("0.1"), Decimal("0.1")),
        (decimal, "-0.00", Decimal("0.00")),
        (integer, "42", 42),
        (boolean, "TRUE", True),
        (boolean, "No", False),
        (boolean, False, False),
    ],
)
def test_converters(convert: Any, value: Any, result: Any) -> None:
    assert str(convert(value)) == str(result)


@pytest.mark.parametrize(
    ("convert", "value"),
    [(decimal, "NaN"), (decimal, "1,5"), (decimal, True), (integer, "1.5"), (boolean, "maybe"), (day, 5), (moment, 1)],
)
def test_converters_refuse_what_they_cannot_read(convert: Any, value: Any) -> None:
    with pytest.raises(ValueError):
        convert(value)


def test_record_becomes_a_payload_with_the_targets_ids() -> None:
    payload = Payload({"vendor": target_id("supplier"), "vendor_code": code("supplier"), "site": field("site")})
    refs = Refs({("supplier", "V 1"): "abc"}, {("supplier", "V 1"): "mapped"})
    assert payload.apply(ORDER.apply(ROW), refs) == {"vendor": "abc", "vendor_code": "mapped"}


def test_missing_target_id_is_an_issue() -> None:
    with pytest.raises(MappingError) as caught:
        Payload({"vendor": target_id("supplier")}).apply(ORDER.apply(ROW), Refs({}))
    assert caught.value.code == "REFERENCE_MISSING_ON_TARGET"


def test_version_depends_on_the_declaration_alone() -> None:
    words = {"key": key("Id"), "code": field("Id"), "name": field("Name")}
    assert Mapping(Supplier, words).version == Mapping(Supplier, dict(words)).version
    assert Mapping(Supplier, words).version != Mapping(Supplier, {**words, "name": field("Other")}).version


def test_references_of_a_record_and_its_lines() -> None:
    found = [(path, entity, reference.key) for path, entity, reference in ORDER.apply(ROW).references()]
    assert found == [
        ("supplier", Entity.SUPPLIERS, "V 1"),
        ("lines[1].gl_account", Entity.GL_ACCOUNTS, "10/6100"),
    ]
