"""Rows that are there already: ours, keyed by hand, or somebody else's."""

from __future__ import annotations

from datetime import date

import pytest

from ml_connector.records import Entity
from ml_connector.systems.base import Facts, Receipt, Row, Target
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import (
    SUPPLIER_ID,
    account,
    candidate,
    cost_center,
    create,
    invoice,
    invoice_line,
    order,
    order_line,
    prepared,
    refs,
    shape,
    supplier,
    write_records,
)


async def found_ids(target: Target, record: object) -> list[str]:
    [rows] = await target.find([candidate(target, record)])  # type: ignore[arg-type]
    return [row.external_id for row in rows]


async def test_nothing_is_asked_of_an_empty_table(connect: Connect, sim: ServiceNowSimulator) -> None:
    for row in list(sim.tables["sn_apo_invoice"]):
        sim.delete("sn_apo_invoice", {"sys_id": row["sys_id"]})
    target = await prepared(await connect(), Entity.INVOICES)
    sim.journal.reset()
    assert await found_ids(target, invoice()) == []
    assert sim.journal.counts().total == 0


async def test_order_keyed_by_hand_is_found_by_supplier_and_number(connect: Connect, sim: ServiceNowSimulator) -> None:
    keyed = sim.insert("proc_po", {"number": "P77", "vendor": SUPPLIER_ID, "ship_to": "e" * 32})
    sim.insert("proc_po", {"number": "P77", "vendor": "f" * 32, "ship_to": "e" * 32})
    by_key = sim.insert("proc_po", {"correlation_id": "P78", "vendor": SUPPLIER_ID, "ship_to": "e" * 32})
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    assert await found_ids(target, order("P77")) == [keyed["sys_id"]]
    assert await found_ids(target, order("P78")) == [by_key["sys_id"]]
    assert await found_ids(target, order("P7")) == []


async def test_lines_keyed_by_hand_are_recognised(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Same quantity and price, whatever the text; a contradicting part number is another line."""
    keyed = sim.insert("proc_po", {"number": "P77", "vendor": SUPPLIER_ID, "ship_to": "e" * 32})
    line = {"purchase_order": keyed["sys_id"], "ordered_quantity": "40", "cost": "EUR;12.35"}
    sim.insert("proc_po_item", {**line, "short_description": "bolts"})
    sim.insert("proc_po_item", {**line, "part_number": "OTHER"})
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    rows = await target.lines_of("proc_po", keyed["sys_id"])
    part = shape(target, order("P77")).parts[1]
    assert [target.alike(part, row) for row in rows].count(True) == 1
    other = shape(target, order("P77", lines=(order_line(1, "41"),))).parts[1]
    assert not any(target.alike(other, row) for row in rows)


async def test_invoice_keyed_by_hand_with_its_lines(connect: Connect, sim: ServiceNowSimulator) -> None:
    keyed = sim.insert("sn_apo_invoice", {"supplier_invoice_number": "R-9", "vendor": SUPPLIER_ID})
    sim.insert("sn_apo_invoice_line", {"invoice": keyed["sys_id"], "line_amount": "EUR;100.00"})
    target = await prepared(await connect(), Entity.INVOICES)
    assert await found_ids(target, invoice("R-9")) == [keyed["sys_id"]]
    [row] = await target.lines_of("sn_apo_invoice", keyed["sys_id"])
    part = shape(target, invoice("R-9", lines=1)).parts[1]
    assert target.alike(part, row)
    assert not target.alike(shape(target, invoice("R-9", lines=(invoice_line(1, "99.99"),))).parts[1], row)


async def test_supplier_by_code_else_by_a_name_that_nobody_claimed(connect: Connect, sim: ServiceNowSimulator) -> None:
    coded = sim.insert("core_company", {"name": "Old name", "vendor": "true", "correlation_id": "V1"})
    named = sim.insert("core_company", {"name": "Acme GmbH", "vendor": "true"})
    sim.insert("core_company", {"name": "Acme GmbH", "vendor": "false"})
    sim.insert("core_company", {"name": "Acme GmbH", "vendor": "true", "correlation_id": "V9"})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    assert await found_ids(target, supplier("V1")) == [coded["sys_id"]]
    assert await found_ids(target, supplier("V2")) == [named["sys_id"]]


async def test_two_suppliers_of_one_name_share_no_row(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.insert("core_company", {"name": "Acme GmbH", "vendor": "true"})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    assert await target.find([candidate(target, supplier("V1")), candidate(target, supplier("V2"))]) == [[], []]


@pytest.mark.parametrize("name", ["O'Neill & Söhne", 'The "Best"', "A^B", "Smith, Jones", "😀 GmbH", " blank "])
async def test_awkward_names_are_found_or_left_alone(connect: Connect, sim: ServiceNowSimulator, name: str) -> None:
    """A `^` cannot be asked for; everything else can."""
    keyed = sim.insert("core_company", {"name": name, "vendor": "true"})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    expected = [] if "^" in name else [keyed["sys_id"]]
    assert await found_ids(target, supplier("V1", name)) == expected


async def test_awkward_keys_arrive_unharmed(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    codes = ["007", " V ", "A^B", "A,B", "x'y\"z"]
    answers = await target.write([create(shape(target, supplier(code)).parts[0]) for code in codes])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    again = await prepared(await connect(), Entity.SUPPLIERS)
    found = await again.find([candidate(again, supplier(code)) for code in codes])
    assert [len(rows) for rows in found] == [1] * len(codes)


async def test_dimension_with_the_same_number_is_found(connect: Connect, sim: ServiceNowSimulator) -> None:
    keyed = sim.insert("itfm_gl_accounts", {"account_number": "6100", "name": "Supplies"})
    target = await prepared(await connect(), Entity.GL_ACCOUNTS)
    assert await found_ids(target, account()) == [keyed["sys_id"]]
    assert await target.by_code(["6100", "9999"]) == {"6100": [keyed["sys_id"]]}


async def test_facts_about_rows(connect: Connect, sim: ServiceNowSimulator) -> None:
    off = sim.insert("itfm_gl_accounts", {"account_number": "1", "active": "false"})
    on = sim.insert("itfm_gl_accounts", {"account_number": "2"})
    system = await connect()
    target = await prepared(system, Entity.GL_ACCOUNTS)
    facts = await target.facts([off["sys_id"], on["sys_id"], "d" * 32])
    assert facts == {off["sys_id"]: Facts(active=False), on["sys_id"]: Facts()}
    center = sim.insert("cmn_cost_center", {"name": "X", "valid_from": "2026-01-01", "valid_to": "2026-12-31 23:59:59"})
    centers = await prepared(system, Entity.COST_CENTERS)
    span = Facts(valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
    assert await centers.facts([center["sys_id"]]) == {center["sys_id"]: span}


async def test_read_back_says_what_differs(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.COST_CENTERS)
    part = shape(target, cost_center()).parts[0]
    await write_records(target, [cost_center()])
    row = (await target.read(part.table, [part.external_id]))[part.external_id]
    assert target.differences(part.payload, row) == []
    sim.update("cmn_cost_center", {"sys_id": part.external_id}, {"name": "Somebody's"})
    row = (await target.read(part.table, [part.external_id]))[part.external_id]
    assert target.differences(part.payload, row) == ["name"]


@pytest.mark.parametrize(
    ("wanted", "found", "differs"),
    [
        ("submitted", "draft", True),
        ("submitted", "matched", False),
        ("draft", "submitted", False),
        ("canceled", "submitted", True),
        ("submitted", "canceled", True),
        ("submitted", "", False),
    ],
)
async def test_a_status_that_moved_on_is_no_difference(
    connect: Connect, sim: ServiceNowSimulator, wanted: str, found: str, differs: bool
) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    assert target.differences({"status": wanted}, Row("x", {"status": found})) == (["status"] if differs else [])


@pytest.mark.parametrize(
    ("wanted", "found", "differs"),
    [
        ("received", "ordered", True),
        ("ordered", "received", False),
        ("ordered", "", True),
        ("ordered", "requested", True),
    ],
)
async def test_an_order_s_status_goes_one_way(
    connect: Connect, sim: ServiceNowSimulator, wanted: str, found: str, differs: bool
) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    assert target.differences({"status": wanted}, Row("x", {"status": found})) == (["status"] if differs else [])


async def test_vanished_line_is_zeroed(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    assert target.cancelled("proc_po_item", "line:1") == {"ordered_quantity": "0", "status": "canceled"}
    assert target.cancelled("proc_po", "header") is None


async def test_invoice_line_points_at_the_delivered_order_line(connect: Connect, sim: ServiceNowSimulator) -> None:
    from ml_connector.records import Reference

    line = invoice_line(1, purchase_order=Reference("P1001", "P1001"), purchase_order_line="1/1")
    target = await prepared(await connect(), Entity.INVOICES)
    known = refs(**{"purchase_order_line__P1001:1/1": "9" * 32})
    assert shape(target, invoice(lines=(line,)), known).parts[1].payload["purchase_order_line"] == "9" * 32
    assert shape(target, invoice(lines=(line,))).parts[1].payload["purchase_order_line"] == ""


@pytest.mark.parametrize("profile", ["pages", "s2p_staging"])
async def test_row_that_carries_another_record_s_key_is_not_ours(
    connect: Connect, sim: ServiceNowSimulator, profile: str
) -> None:
    """One supplier, one number, two series: each invoice keeps to its own row."""
    system = await connect(profile=profile, erp_source="IFS")
    await write_records(await prepared(system, Entity.SUPPLIERS), [supplier()])
    vendor = next(row["sys_id"] for row in sim.tables["core_company" if profile == "pages" else "sn_fin_supplier"])
    target = await prepared(system, Entity.INVOICES)
    first, second = invoice("R-1", lines=0, key="10/1"), invoice("R-1", lines=0, key="10/2")
    known = refs(supplier__V1=vendor)
    await write_records(target, [first], known)
    await target.prepare()
    assert await target.find([candidate(target, second, known)]) == [[]]
