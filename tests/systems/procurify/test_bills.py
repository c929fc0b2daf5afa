"""Invoices are compared with bills; nothing is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.records import Entity, InvoiceStatus
from systems.procurify.documents import invoice, refs
from systems.procurify.domain import Connect, Domain, find, ready, shape


def bill(**values: Any) -> dict[str, Any]:
    given = {
        "id": 1,
        "uuid": "b1",
        "vendor": {"id": 501, "name": "Northfield Tooling"},
        "currency": {"id": 1, "name": "USD"},
        "invoice_number": "INV-7",
        "invoice_date": "2026-02-20T00:00:00-08:00",
        "last_modified_datetime": "2026-02-25T10:00:00Z",
        "total_cost_with_tax": 108.25,
        "status": 2,
    }
    return {**given, **values}


async def test_bill_is_found_by_vendor_and_number(domain: Domain, connect: Connect) -> None:
    domain.rows["bills"] += [
        bill(),
        bill(id=2, uuid="b2", invoice_number="INV-70"),
        bill(id=3, uuid="b3", vendor={"id": 9}),
        bill(id=4, uuid="b4", status=5),
    ]
    target = await ready(await connect(), Entity.INVOICES)
    assert target.reconciles
    assert target.late_write_window_s == 0
    (row,) = await find(target, invoice(), refs())
    assert row.external_id == "b1"
    assert target.differences(shape(target, invoice(), refs()).parts[0].payload, row) == []
    assert (await target.read("bills", ["b1"])).keys() == {"b1"}
    (asked,) = (one for one in domain.api_requests if "vendor=501" in one)
    assert "last_modified_datetime_0=2025-02-19T00:00:00Z" in asked
    assert "last_modified_datetime_1=2026-03-03T23:59:59Z" in asked


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"net": Decimal("100.01")}, "amount (bill 108.25, invoice 108.26)"),
        ({"currency": "EUR"}, "currency (bill USD, invoice EUR)"),
        (
            {"invoice_date": invoice().invoice_date.replace(day=21)},
            "invoice date (bill 2026-02-20, invoice 2026-02-21)",
        ),
        ({"status": InvoiceStatus.CANCELLED}, "status (bill approved, invoice cancelled)"),
    ],
)
async def test_difference_is_named_with_both_values(
    domain: Domain, connect: Connect, changes: dict[str, Any], word: str
) -> None:
    domain.rows["bills"].append(bill())
    target = await ready(await connect(), Entity.INVOICES)
    (row,) = await find(target, invoice(**changes), refs())
    assert target.differences(shape(target, invoice(**changes), refs()).parts[0].payload, row) == [word]
