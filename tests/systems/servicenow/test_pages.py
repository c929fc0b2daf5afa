"""Profile pages: what arrives on the instance."""

from __future__ import annotations

from ml_connector.records import Entity
from ml_connector.systems.base import Receipt
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import invoice, order, prepared, supplier, write_records


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
