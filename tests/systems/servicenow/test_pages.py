"""Profile pages: what arrives on the instance."""

from __future__ import annotations

from ml_connector.errors import RecordError
from ml_connector.records import Entity, InvoiceStatus, OrderStatus
from ml_connector.systems.base import Receipt
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import SUPPLIER_ID, invoice, order, order_line, prepared, supplier, write_records


async def test_supplier_arrives_under_our_id_with_the_erp_code(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    [[answer]] = await write_records(target, [supplier()])
    assert isinstance(answer, Receipt), answer
    assert answer.landed
    row = sim.tables["core_company"][answer.external_id]
    assert (row["name"], row["vendor"], row["correlation_id"], row["zip"]) == ("Acme GmbH", "true", "V1", "10115")


async def test_invoice_arrives_with_its_lines(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    [answers] = await write_records(target, [invoice()])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    header = sim.tables["sn_apo_invoice"][answers[0].external_id]
    assert (header["status"], header["total_amount"]) == ("submitted", "EUR;238")
    assert header["short_description"] == "Acme GmbH R-1"
    lines = sim.tables["sn_apo_invoice_line"].find(invoice=header["sys_id"])
    assert [line["line_amount"] for line in lines] == ["EUR;100", "EUR;100"]


async def test_order_arrives_released_with_dimensions(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    [answers] = await write_records(target, [order()])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    header = sim.tables["proc_po"][answers[0].external_id]
    assert (header["status"], header["correlation_id"], header["total_cost"]) == ("ordered", "P1001", "EUR;988")
    lines = sim.tables["proc_po_item"].find(purchase_order=header["sys_id"])
    assert {(line["u_gl_account"], line["u_cost_center"]) for line in lines} == {("b" * 32, "c" * 32)}


async def test_a_guessed_status_that_the_instance_does_not_know_is_put_up_with(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    """But a cancelled invoice must not stay alive."""
    sim.set_switches(metadata="forbidden")
    sim.grant({"lock_column": "status", "table": "sn_apo_invoice"})
    target = await prepared(await connect(), Entity.INVOICES)
    answers, cancelled = await write_records(target, [invoice(), invoice("R-2", status=InvoiceStatus.CANCELLED)])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert "not taken" in answers[-1].answer  # type: ignore[union-attr]
    assert isinstance(cancelled[-1], RecordError)


async def test_cancelled_order(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    line = order_line(1, cancelled=True)
    [answers] = await write_records(target, [order(status=OrderStatus.CANCELLED, lines=(line, order_line(2)))])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert sim.tables["proc_po"].find(correlation_id="P1001")[0]["status"] == "canceled"
    quantities = [row["ordered_quantity"] for row in sim.tables["proc_po_item"].find(vendor=SUPPLIER_ID)]
    assert quantities == ["0", "40"]


async def test_unicode_and_odd_texts_arrive_as_they_are(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    names = ["O'Neill", 'The "Best"', "A^B", "😀 GmbH", "Größe", "trailing  "]
    answers = await write_records(target, [supplier(f"V{n}", name) for n, name in enumerate(names)])
    stored = [sim.tables["core_company"][answer.external_id]["name"] for [answer] in answers]  # type: ignore[union-attr]
    assert stored == names
