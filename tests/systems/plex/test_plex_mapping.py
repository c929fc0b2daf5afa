"""From canned documents to canonical records, rule by rule."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import MappingError
from ml_connector.records import (
    Entity,
    Invoice,
    InvoiceStatus,
    OrderStatus,
    Payment,
    PurchaseOrder,
    Reference,
    Supplier,
)
from systems.plex.plex_plant import PCN, changed, fixture, normalized

ACCOUNT_1, ACCOUNT_2 = Reference("acc-1", "6100-20-00"), Reference("acc-2", "6200-30-00")
PLANT_2 = Reference("bld-2", "B2", "Plant 2")
MAINTENANCE = Reference("dep-1", "MAINT", "Maintenance")


def order(document: dict[str, Any] | None = None, **settings: Any) -> PurchaseOrder:
    found = normalized(Entity.PURCHASE_ORDERS, document or fixture("order"), **settings)
    assert isinstance(found, PurchaseOrder)
    return found


def invoice(document: dict[str, Any] | None = None, **settings: Any) -> Invoice:
    found = normalized(Entity.INVOICES, document or fixture("invoice"), **settings)
    assert isinstance(found, Invoice)
    return found


# Orders ------------------------------------------------------------------------------------------------------------


def test_an_order_line_per_release() -> None:
    found = order()
    assert [(line.id, line.number, line.release, line.quantity, line.cancelled) for line in found.lines] == [
        ("1/1", "1", "1", Decimal(50), False),
        ("1/2", "1", "2", Decimal(70), True),
        ("2/1", "2", "1", Decimal("20.4666666666667"), False),
    ]


def test_the_head_of_an_order() -> None:
    found = order()
    assert (found.scope, found.company, found.number, found.currency) == (PCN, PCN, "P-20417", "USD")
    assert found.supplier == Reference("0b7c9c1e-54f1-4f0e-8f43-5a1d8c2b9001", "ACME", "Acme Bearings")
    assert (found.status, found.ordered_on, found.wanted_on) == (
        OrderStatus.RELEASED,
        date(2026, 2, 27),
        date(2026, 3, 20),
    )
    assert found.location == Reference("bld-1", "B1", "Plant 1")


def test_what_lines_are_coded_with() -> None:
    first, _, repair = order().lines
    assert (first.gl_account, first.cost_center, first.department) == (ACCOUNT_1, Reference("20", "20"), MAINTENANCE)
    assert (repair.gl_account, repair.cost_center) == (ACCOUNT_2, Reference("30", "30"))
    assert (first.unit, repair.unit) == ("EA", "HR")


def test_a_department_and_a_building_that_plex_does_not_list_are_left_out() -> None:
    _, second, repair = order().lines
    assert repair.department is None
    assert second.location == Reference("bld-1", "B1", "Plant 1")
    assert repair.location == PLANT_2


def test_days_follow_the_calendar_of_the_plant() -> None:
    document = changed(fixture("order"), dueDate="2026-03-20T23:00:00Z")
    assert order(document).wanted_on == date(2026, 3, 20)
    assert order(document, time_zone="Europe/Berlin").wanted_on == date(2026, 3, 21)


def test_the_total_is_the_headers() -> None:
    found = order()
    assert found.net == Decimal("1840.5")
    assert sum(line.net or 0 for line in found.lines if not line.cancelled) == Decimal("1840.50")


def test_a_line_of_which_nothing_is_released_is_not_ordered_yet() -> None:
    document = fixture("order")
    document["releases"] = document["releases"][:1]
    found = order(document)
    assert [line.id for line in found.lines] == ["1/1"]
    assert found.net == Decimal("612.50")
    assert found.status is OrderStatus.RELEASED


@pytest.mark.parametrize(
    ("status", "found"), [("On Order", "planned"), ("Closed", "closed"), ("Canceled", "cancelled")]
)
def test_an_order_of_which_nothing_is_released_is_planned(status: str, found: str) -> None:
    document = changed(fixture("order"), status=status)
    document["releases"] = []
    assert order(document).status == found


@pytest.mark.parametrize(
    ("status", "active", "found"),
    [
        ("Cancelled", False, "cancelled"),
        (" canceled ", True, "cancelled"),
        ("New", True, "planned"),
        ("On Order", True, "released"),
        ("CLOSED", False, "closed"),
        ("Zur Unterschrift", True, "planned"),
        ("Whatever", True, "released"),
        ("Whatever", False, "closed"),
        (None, None, "released"),
    ],
)
def test_statuses_in_the_words_of_a_plant(status: str | None, active: bool | None, found: str) -> None:
    document = changed(fixture("order"), status=status, active=active)
    assert order(document, order_statuses={"Zur Unterschrift": "planned"}).status == found


def test_release_numbers_that_are_missing_or_given_twice_stay_apart() -> None:
    document = fixture("order")
    releases = document["releases"]
    releases[1]["releaseLineNumber"], releases[2]["releaseLineNumber"] = 1, None
    assert [line.id for line in order(document).lines] == [
        "1/1",
        f"1/{releases[1]['id']}",
        f"2/{releases[2]['id']}",
    ]


def test_a_release_whose_line_is_gone_is_cancelled() -> None:
    document = fixture("order")
    del document["lines"][0]
    assert [line.cancelled for line in order(document).lines] == [True, True, False]


@pytest.mark.parametrize("missing", ["poNumber", "supplierId", "currencyCode"])
def test_what_an_order_must_have(missing: str) -> None:
    with pytest.raises(MappingError, match=missing):
        order(changed(fixture("order"), **{missing: None}))


def test_the_currency_of_the_plant_stands_in() -> None:
    assert order(changed(fixture("order"), currencyCode=None), plant_currency="CAD").currency == "CAD"


# Invoices ----------------------------------------------------------------------------------------------------------


def test_amounts_are_in_the_invoices_currency_and_without_tax() -> None:
    found = invoice()
    assert [(line.id, line.amount, line.tax) for line in found.lines] == [
        ("l-1", Decimal(60), Decimal("11.4")),
        ("l-2", Decimal(40), Decimal("7.6")),
    ]
    assert (found.net, found.tax, found.gross, found.open_amount) == (100, 19, 119, 119)


def test_the_head_of_an_invoice() -> None:
    found = invoice()
    assert (found.number, found.document_type, found.status) == ("RE-77", "invoice", InvoiceStatus.POSTED)
    assert found.invoice_date == found.posting_date == date(2026, 3, 5)
    assert found.purchase_order == Reference("ord-1", "P-20417")
    assert found.supplier == Reference("sup-1", "ACME", "Acme Bearings")


def test_invoice_lines_are_coded_by_id_or_number() -> None:
    first, second = invoice().lines
    assert (first.gl_account, first.cost_center, first.department) == (ACCOUNT_1, Reference("20", "20"), MAINTENANCE)
    assert (second.gl_account, second.cost_center) == (ACCOUNT_2, Reference("30", "30"))


def test_taxes_in_plant_currency_are_converted() -> None:
    document = fixture("invoice")
    for tax, amount in zip(document["head"]["taxes"], ("12.54", "8.36"), strict=True):
        tax["taxAmount"] = float(amount)
    found = invoice(document)
    assert (found.net, found.tax, found.gross) == (100, 19, 119)
    assert [line.tax for line in found.lines] == [Decimal("11.40"), Decimal("7.60")]


def test_tax_postings_among_the_lines_are_no_lines() -> None:
    document = fixture("invoice")
    head = document["head"]
    head["taxes"] = [{"lineId": "t", "accountId": "tax", "taxAmount": 19.0}]
    head["lines"].append(
        {"lineId": "l-3", "accountId": "tax", "currencyDebit": 19.0, "currencyCredit": 0, "debit": 20.9}
    )
    found = invoice(document)
    assert ([line.id for line in found.lines], found.net, found.tax) == (["l-1", "l-2"], 100, 19)


def test_lines_that_include_their_tax_are_lessened_by_it() -> None:
    document = fixture("invoice")
    for line, amount in zip(document["head"]["lines"][1:], (71.40, 47.60), strict=True):
        line["currencyDebit"] = amount
    found = invoice(document)
    assert ([line.amount for line in found.lines], found.net) == ([Decimal("60.0"), Decimal("40.0")], 100)


@pytest.mark.parametrize("blank", [None, 0])
def test_plant_amounts_serve_where_there_are_no_others(blank: int | None) -> None:
    document = changed(fixture("invoice"), amount=119.0, foreignCurrencyAmount=blank, currencyCode="USD")
    for line in document["head"]["lines"]:
        line |= {"debit": line["currencyDebit"], "currencyDebit": blank, "currencyCredit": blank}
    found = invoice(document)
    assert (found.net, [line.amount for line in found.lines]) == (100, [60, 40])


def test_lines_without_amounts_in_a_foreign_currency_are_refused() -> None:
    document = fixture("invoice")
    for line in document["head"]["lines"]:
        line |= {"currencyDebit": None, "currencyCredit": None}
    with pytest.raises(MappingError, match="currency"):
        invoice(document)


def test_lines_that_do_not_add_up_are_left_to_be_noticed() -> None:
    found = invoice(changed(fixture("invoice"), foreignCurrencyAmount=150.0))
    assert found.net - sum(line.amount for line in found.lines) == 31


@pytest.mark.parametrize(
    ("memo", "sign", "found"), [(1, -1, "debit_memo"), (1, 1, "debit_memo"), (0, -1, "credit_memo")]
)
def test_memos(memo: int, sign: int, found: str) -> None:
    """The header of a debit memo may have the other sign; its lines are credited."""
    document = changed(
        fixture("invoice"), debitMemo=memo, foreignCurrencyAmount=119.0 * sign, foreignCurrencyBalance=119.0 * sign
    )
    head = document["head"]
    for line in head["lines"]:
        line |= {"currencyDebit": line["currencyCredit"], "currencyCredit": line["currencyDebit"]}
    for tax in head["taxes"]:
        tax["taxAmount"] *= -1
    made = invoice(document)
    assert (made.document_type, made.gross, made.net, made.open_amount) == (found, -119, -100, -119)
    assert [line.amount for line in made.lines] == [-60, -40]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"status": "Canceled", "paid": True}, InvoiceStatus.CANCELLED),
        ({"paid": True}, InvoiceStatus.PAID),
        ({"booked": False}, InvoiceStatus.RECEIVED),
        ({"booked": False, "status": "Approved"}, InvoiceStatus.APPROVED),
        ({"balance": 10.0}, InvoiceStatus.PARTLY_PAID),
        ({"booked": None, "paid": None}, InvoiceStatus.RECEIVED),
    ],
)
def test_statuses_of_invoices(values: dict[str, Any], found: InvoiceStatus) -> None:
    assert invoice(changed(fixture("invoice"), **values)).status is found


def test_an_order_that_is_named_by_number_alone() -> None:
    document = changed(fixture("invoice"), poId=None)
    assert invoice(document).purchase_order is None
    document["context"]["orders"] = {"P-20417": "ord-1"}
    assert invoice(document).purchase_order == Reference("ord-1", "P-20417")


def test_the_detail_of_an_invoice_adds_its_lines() -> None:
    document = fixture("invoice")
    detail = {name: document["head"].pop(name) for name in ("lines", "taxes")}
    assert invoice({**document, "detail": [detail]}) == invoice()


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("EUR", "12345678.905"),
        ("EUR", "0.000001"),
        ("EUR", "-99999999.99"),
        ("KWD", "1234.567"),
        ("EUR", "123456789012345678.12"),
    ],
)
def test_amounts_are_exact(currency: str, amount: str) -> None:
    """Whatever a double could hold: the JSON number is read digit by digit."""
    payload = (
        '{"head": {"invoiceNumber": "1", "supplierId": "s", "transactionDate": "2026-03-05T00:00:00Z", "currencyCode": '
        f'"{currency}", "foreignCurrencyAmount": {amount}, "lines": [{{"lineId": "1", "currencyDebit": {amount}}}]}}}}'
    )
    found = normalized(Entity.INVOICES, payload.encode())
    assert isinstance(found, Invoice)
    assert (str(found.net), str(found.lines[0].amount)) == (amount, amount)


# Others ------------------------------------------------------------------------------------------------------------


def payment(**values: Any) -> Payment:
    head = {
        "paymentNumber": "77", "supplierId": "sup-1", "supplierCode": "ACME", "currencyCode": "EUR", "amount": 110.0,
        "exchangeRate": 1.1, "transactionDate": "2026-03-05T00:00:00Z", "paymentType": "Wire", "void": False,
    }  # fmt: skip
    found = normalized(Entity.PAYMENTS, {"head": {**head, **values.pop("head", {})}}, **values)
    assert isinstance(found, Payment)
    return found


def test_a_payment() -> None:
    found = payment()
    assert (found.number, found.amount, found.currency, found.method) == ("77", 110, "EUR", "Wire")
    assert found.supplier == Reference("sup-1", "ACME")
    assert payment(payment_amounts="plant").amount == 100


def test_a_voided_payment_counts_for_nothing() -> None:
    assert payment(head={"void": True}).amount == 0


def test_a_supplier_with_addresses() -> None:
    found = normalized(
        Entity.SUPPLIERS,
        {
            "head": {"code": "ACME", "name": "Acme", "status": "inactive", "webAddress": "acme.test"},
            "addresses": [
                {"id": "a", "address": "Dock 4\nHall 2", "city": "Detroit", "zip": "01234", "country": "US"},
                {"id": "b", "address": "Main 1", "country": "CA", "main": True, "email": "ap@acme.test"},
            ],
        },
    )
    assert isinstance(found, Supplier)
    assert (found.active, found.country, found.email, found.website) == (False, "CA", "ap@acme.test", "acme.test")
    assert [(each.id, each.line1, each.line2, each.postal_code) for each in found.addresses] == [
        ("a", "Dock 4", "Hall 2", "01234"),
        ("b", "Main 1", "", ""),
    ]
