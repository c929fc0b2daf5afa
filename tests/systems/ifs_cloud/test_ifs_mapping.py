"""From sample replies to canonical records, rule by rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ml_connector.errors import MappingError
from ml_connector.protocols.session import Session
from ml_connector.records import (
    Address,
    CostCenter,
    Entity,
    GLAccount,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    OrderLine,
    OrderStatus,
    PurchaseOrder,
    Reference,
    Supplier,
)
from ml_connector.systems.base import RawRecord
from ml_connector.systems.ifs_cloud.connection import IfsCloud
from ml_connector.systems.ifs_cloud.documents import Shape, grouped, raw_record
from ml_connector.systems.ifs_cloud.reading import Reader
from ml_connector.systems.ifs_cloud.sets import EntitySet, Row, ServerClock
from ml_connector.systems.ifs_cloud.settings import IfsCloudSettings
from ml_connector.systems.ifs_cloud.streams import STREAMS, IfsStream

FIXTURES = Path(__file__).parent / "fixtures"


class _Reply(msgspec.Struct):
    value: list[msgspec.Raw]


def stream_of(entity: Entity, **settings: Any) -> IfsStream:
    made = IfsCloudSettings(realm="demo", companies=["10", "20"], **settings)
    session: Session = None  # type: ignore[assignment] # mapping sends nothing
    clock = ServerClock(made.server_time_zone)
    return IfsStream(IfsCloud(made, session, Reader(session, "", made.companies, 5000, clock)), STREAMS[entity])


def reply(name: str) -> list[msgspec.Raw]:
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=_Reply).value


def rows(entity_set: EntitySet, name: str) -> list[Row]:
    return ServerClock("UTC").rows(entity_set, reply(name), datetime(2026, 3, 3, tzinfo=UTC))


def raw_records(
    stream: IfsStream, heads: str, lines: str = "", part: str = "B", coding: str = "", collection: str = ""
) -> list[RawRecord]:
    """What reading the sample replies would make."""
    system, declared = stream.system, stream.declared
    head_set = system.entity_set(declared.head, part if declared.head == "cost_centers" else "")
    line_sets = (system.entity_set(collection or declared.lines[0]),) if lines else ()
    shape = Shape(declared.entity, (head_set,), line_sets)
    by_head = grouped(shape, rows(line_sets[0], lines)) if lines else {}
    found = []
    for head in rows(head_set, heads):
        context = {"company": head.company, "cost_center_column": f"Code{part}"} if declared.coded else {}
        more = reply(coding) if coding else ()
        found.append(raw_record(shape, head, by_head.get(head.key, []), context, more))
    return found


def test_an_invoice() -> None:
    stream = stream_of(Entity.INVOICES)
    raw = raw_records(stream, "invoice_heads", "invoice_lines")[0]
    assert (raw.key, raw.scope, raw.modified) == ("10/55", "10", "2026-03-02T08:15:00Z")
    order = Reference("P1001", "P1001")
    assert stream.normalize(raw) == Invoice(
        key="10/55",
        scope="10",
        number="RE-0055",
        series="SI",
        company="10",
        supplier=Reference("V42", "V42", "O'Brien & Sons"),
        purchase_order=order,
        status=InvoiceStatus.POSTED,
        invoice_date=date(2026, 3, 1),
        due_date=date(2026, 3, 31),
        entry_date=date(2026, 3, 2),
        arrival_date=date(2026, 3, 2),
        currency="USD",
        exchange_rate=Decimal("0.91"),
        net=Decimal("1000.10"),
        tax=Decimal("200.02"),
        gross=Decimal("1200.12"),
        payment_terms="30",
        note="March",
        lines=(
            InvoiceLine(
                id="1",
                number="1",
                amount=Decimal("0.1"),
                gl_account=Reference("10/6100", "6100"),
                cost_center=Reference("10/410", "410"),
                purchase_order=order,
                purchase_order_line="10/2",
            ),
            InvoiceLine(
                id="2",
                number="2",
                amount=Decimal("1000.00"),
                gl_account=Reference("10/6200", "6200"),
                purchase_order=order,
            ),
        ),
    )


def test_a_negative_invoice_is_a_credit_memo_with_its_sign_kept() -> None:
    """Decimals and Int64 may come as texts; the rate counts for 100 yen; blanks at the end belong to the key."""
    stream = stream_of(Entity.INVOICES)
    invoice: Any = stream.normalize(raw_records(stream, "invoice_heads", "invoice_lines")[1])
    assert invoice.document_type == "credit_memo" and invoice.status is InvoiceStatus.PAID
    assert (invoice.net, invoice.tax, invoice.gross) == (Decimal(-12345678), Decimal(-10), Decimal(-12345688))
    assert (invoice.key, invoice.supplier) == ("10/56", Reference('"V42 "', "V42 "))
    assert invoice.exchange_rate == Decimal("0.0062") and invoice.invoice_date == date(2026, 3, 1)
    assert invoice.purchase_order == Reference("P2", "P2"), "its lines agree on one order"


def test_everything_wrong_with_an_invoice_is_told_at_once() -> None:
    stream = stream_of(Entity.INVOICES)
    with pytest.raises(MappingError) as caught:
        stream.normalize(raw_records(stream, "invoice_heads", "invoice_lines")[2])
    found = {(issue.field, issue.code) for issue in caught.value.issues}
    assert found == {
        ("number", "MANDATORY_MISSING"),
        ("invoice_date", "UNREADABLE_VALUE"),
        ("net", "UNREADABLE_VALUE"),
        ("status", "UNREADABLE_VALUE"),
        ("document_type", "UNREADABLE_VALUE"),
    }


def test_the_cost_center_is_in_the_companys_own_code_part() -> None:
    stream = stream_of(Entity.INVOICES)
    invoice: Any = stream.normalize(raw_records(stream, "invoice_heads", "invoice_lines", part="C")[0])
    assert [line.cost_center for line in invoice.lines] == [Reference("10/X9", "X9")] * 2


def test_an_order() -> None:
    """Lines are numbered texts and counted as people count; coding may come from the pre-accounting."""
    stream = stream_of(Entity.PURCHASE_ORDERS)
    raw = raw_records(stream, "orders", "order_lines", part="C", coding="pre_accounting")[0]
    assert stream.normalize(raw) == PurchaseOrder(
        key="P1001",
        scope="20",
        number="P1001",
        company="20",
        supplier=Reference("V42", "V42", "Brandt"),
        status=OrderStatus.RELEASED,
        ordered_on=date(2026, 3, 1),
        created_at=datetime(2026, 3, 2, 8, 14, 10, tzinfo=UTC),
        wanted_on=date(2026, 3, 20),
        currency="EUR",
        exchange_rate=Decimal(1),
        net=Decimal("1000.41"),
        tax=Decimal("210.09"),
        gross=Decimal("1210.50"),
        payment_terms="30",
        buyer="AB",
        site="S1",
        note="gate 7",
        lines=(
            OrderLine(
                id="2/1",
                number="2",
                release="1",
                description="Fitting",
                quantity=Decimal(1),
                net=Decimal(0),
                gl_account=Reference("20/6300", "6300"),
                cost_center=Reference("20/320", "320"),
                cancelled=True,
            ),
            OrderLine(
                id="10/1",
                number="10",
                release="1",
                item="BRG-6208",
                description="Bearing",
                quantity=Decimal("2.5"),
                unit="PCS",
                unit_price=Decimal("400.1640"),
                net=Decimal("1000.41"),
                gross=Decimal("1210.50"),
                tax_code="25",
                wanted_on=date(2026, 3, 20),
                promised_on=date(2026, 3, 21),
                project="PR1",
                gl_account=Reference("20/6100", "6100"),
                cost_center=Reference("20/310", "310"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("state", "stage_from", "status"),
    [
        ("Planned", "Released", OrderStatus.PLANNED),
        ("Released", "Released", OrderStatus.RELEASED),
        ("Released", "Confirmed", OrderStatus.PLANNED),
        ("Confirmed", "Confirmed", OrderStatus.CONFIRMED),
        ("Planned", "Planned", OrderStatus.PLANNED),
        ("Arrived", "Released", OrderStatus.PARTLY_RECEIVED),
        ("Received", "Released", OrderStatus.RECEIVED),
        ("Invoiced", "Released", OrderStatus.INVOICED),
        ("Closed", "Released", OrderStatus.CLOSED),
        ("Cancelled", "Confirmed", OrderStatus.CANCELLED),
    ],
)
def test_an_order_leaves_from_a_state_on(state: str, stage_from: str, status: OrderStatus) -> None:
    stream = stream_of(Entity.PURCHASE_ORDERS, stage_from=stage_from)
    raw = raw_records(stream, "orders", "order_lines")[0]
    changed = msgspec.structs.replace(raw, payload=raw.payload.replace(b'"Released","R', b'"%s","R' % state.encode()))
    order: Any = stream.normalize(changed)
    assert order.status is status


def test_time_stamps_are_the_servers_wall_clock() -> None:
    stream = stream_of(Entity.PURCHASE_ORDERS, server_time_zone="Europe/Stockholm")
    order: Any = stream.normalize(raw_records(stream, "orders", "order_lines")[0])
    assert order.created_at == datetime(2026, 3, 2, 7, 14, 10, tzinfo=UTC)


def test_a_supplier_with_its_addresses() -> None:
    stream = stream_of(Entity.SUPPLIERS)
    assert stream.normalize(raw_records(stream, "suppliers", "supplier_addresses")[0]) == Supplier(
        key="000417",
        code="000417",
        name='Schmidt "Präzision" ^ GmbH   ',
        tax_id="DE1",
        country="DE",
        created_on=date(2021, 9, 5),
        addresses=(Address(id="1", line1="Street 1", city="Dresden", region="SN", postal_code="01067", country="DE"),),
    )


def test_accounts_and_their_booleans() -> None:
    """A boolean may be TRUE, Yes or true; an empty date is no limit."""
    stream = stream_of(Entity.GL_ACCOUNTS)
    first, second, third = [stream.normalize(raw) for raw in raw_records(stream, "accounts")]
    assert first == GLAccount(
        key="10/6100",
        scope="10",
        code="6100",
        name="Parts",
        company="10",
        valid_from=date(2015, 1, 1),
        valid_to=date(2049, 12, 31),
        kind="Cost",
        group="MATERIAL",
    )
    assert second == GLAccount(
        key="10/6990", scope="10", code="6990", company="10", active=False, valid_to=date(2026, 1, 31)
    )
    assert third == GLAccount(key="10/6991", scope="10", code="6991", company="10")


def test_a_cost_center_of_a_company_that_uses_part_c() -> None:
    stream = stream_of(Entity.COST_CENTERS)
    assert stream.normalize(raw_records(stream, "cost_centers_c", part="C")[0]) == CostCenter(
        key="20/310",
        scope="20",
        code="310",
        name="Foundry",
        company="20",
        valid_from=date(2015, 1, 1),
        valid_to=date(2026, 12, 31),
    )


def test_renamed_properties_are_read_under_their_own_name() -> None:
    names = {"suppliers.SupplierId": "AssociationNo", "supplier_addresses.City": "State"}
    stream = stream_of(Entity.SUPPLIERS, fields=names)
    raw = raw_records(stream, "suppliers", "")[0]
    supplier: Any = stream.normalize(raw)
    assert raw.key == "DE1" and supplier.code == "DE1"
    assert stream.mapping_version != stream_of(Entity.SUPPLIERS).mapping_version


def test_rows_stay_byte_for_byte_as_they_came() -> None:
    stream = stream_of(Entity.INVOICES)
    raw = raw_records(stream, "invoice_heads", "invoice_lines")[0]
    assert bytes(reply("invoice_heads")[0]) in raw.payload and bytes(reply("invoice_lines")[1]) in raw.payload


def test_the_version_moves_with_any_row() -> None:
    stream = stream_of(Entity.INVOICES)
    system = stream.system
    shape = Shape(Entity.INVOICES, (system.entity_set("invoices"),), (system.entity_set("invoice_lines"),))
    head = rows(shape.heads[0], "invoice_heads")[0]
    lines = rows(shape.lines[0], "invoice_lines")[:2]
    context = {"company": "10", "cost_center_column": "CodeB"}

    def version(*some: Row, head: Row = head, context: dict[str, str] = context) -> str:
        return raw_record(shape, head, some, context).version

    whole = version(*lines)
    assert whole == version(*reversed(lines)) != ""
    lines[1].etag = "other"
    others = {version(*lines), version(lines[0]), version(), version(*lines, context={**context, "company": "20"})}
    assert len(others) == 4 and whole not in others
    head.fresh = True
    assert version(*lines) == "", "it may change again under the same ETag"
