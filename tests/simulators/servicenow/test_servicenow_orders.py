"""Fact sheet section 6.1, "proc_po rules"."""

import pytest_asyncio

from simulators.servicenow.servicenow_caller import Caller


@pytest_asyncio.fixture
async def order(snow: Caller) -> dict[str, str]:
    ship_to = next(iter(snow.sim.tables["alm_stockroom"]))["sys_id"]
    return (await snow.post("proc_po", {"ship_to": ship_to})).result


async def add_line(snow: Caller, order: dict[str, str], **values: str) -> dict[str, str]:
    return (await snow.post("proc_po_item", {"purchase_order": order["sys_id"], **values})).result


async def test_lines_make_the_orders_total(snow, order):
    line = await add_line(snow, order, ordered_quantity="40", cost="EUR;12.35", total_cost="EUR;1")
    assert (line["total_cost"], line["remaining_quantity"]) == ("494", "40")
    await add_line(snow, order, ordered_quantity="1", cost="EUR;0.5")
    stored = snow.sim.tables["proc_po"][order["sys_id"]]
    assert (stored["total_cost"], stored["sys_mod_count"]) == ("EUR;494.5", "2")
    await snow.patch("proc_po_item", line["sys_id"], {"ordered_quantity": "10", "received_quantity": "4"})
    assert stored["total_cost"] == "EUR;124"
    await snow.send("DELETE", f"/api/now/table/proc_po_item/{line['sys_id']}")
    assert stored["total_cost"] == "EUR;0.5"


async def test_a_sent_total_is_dropped(snow, order):
    assert (await snow.patch("proc_po", order["sys_id"], {"total_cost": "EUR;9"})).result["total_cost"] == ""


async def test_status_and_delivery_date_cascade_to_the_lines(snow, order):
    line = await add_line(snow, order, ordered_quantity="1")
    values = {"status": "canceled", "expected_delivery": "2026-12-01 00:00:00"}
    await snow.patch("proc_po", order["sys_id"], values)
    stored = snow.sim.tables["proc_po_item"][line["sys_id"]]
    assert (stored["status"], stored["expected_delivery"]) == ("canceled", "2026-12-01 00:00:00")


async def test_a_receiving_slip_makes_the_order_read_only(snow, order):
    line = await add_line(snow, order, ordered_quantity="1")
    snow.sim.grant({"receive": order["number"]})
    assert (await snow.patch("proc_po", order["sys_id"], {"terms": "30"})).status == 403
    assert (await snow.patch("proc_po_item", line["sys_id"], {"part_number": "x"})).status == 403
    assert (await snow.post("proc_po_item", {"purchase_order": order["sys_id"]})).status == 403


async def test_a_received_order_may_drop_changes_silently(snow, order):
    snow.sim.set_switches(received_po="dropped")
    snow.sim.grant({"receive": order["number"]})
    reply = await snow.patch("proc_po", order["sys_id"], {"terms": "30"})
    assert (reply.status, reply.result["terms"], reply.result["sys_mod_count"]) == (200, "", "0")


async def test_gl_columns_of_the_line_are_the_customers_own(snow, order):
    line = await add_line(snow, order, u_gl_account="a" * 32, u_cost_center="b" * 32)
    assert (line["u_gl_account"], line["u_cost_center"]) == ("a" * 32, "b" * 32)
    snow.sim.set_switches(gl_columns_on_po_line=False)
    assert "u_gl_account" not in await add_line(snow, order, u_gl_account="a" * 32)
