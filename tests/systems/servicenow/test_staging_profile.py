"""Profile s2p_staging: rows handed to import sets; ids are the target's, and landed is what was read back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ml_connector.errors import (
    ConfigurationError,
    ModuleMissingError,
    PermissionMissingError,
    RecordError,
    RefusedError,
)
from ml_connector.records import Entity
from ml_connector.systems.base import Action, Doubt, Receipt, Target, Write
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import (
    account,
    candidate,
    cost_center,
    create,
    invoice,
    invoice_line,
    order,
    order_line,
    prepared,
    shape,
    supplier,
    update,
    write_records,
)

S2P: dict[str, Any] = {"profile": "s2p_staging", "erp_source": "IFS"}


async def staged(connect: Connect, entity: Entity, **settings: Any) -> Target:
    return await prepared(await connect(**{**S2P, **settings}), entity)


async def masters(connect: Connect) -> None:
    """What documents refer to."""
    await write_records(await staged(connect, Entity.GL_ACCOUNTS), [account()])
    await write_records(await staged(connect, Entity.COST_CENTERS), [cost_center()])
    await write_records(await staged(connect, Entity.SUPPLIERS), [supplier()])


async def test_documents_arrive_and_read_back_equal(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    for entity, record in ((Entity.PURCHASE_ORDERS, order()), (Entity.INVOICES, invoice())):
        target = await staged(connect, entity)
        assert not target.chooses_ids
        shaped = shape(target, record)
        assert shaped.parts[0].draft is None
        [answers] = await write_records(target, [record])
        for part, answer in zip(shaped.parts, answers, strict=True):
            assert isinstance(answer, Receipt), answer
            assert not answer.landed
            row = (await target.read(part.table, [answer.external_id]))[answer.external_id]
            assert target.differences(part.payload, row) == []
            assert target.differences(part.lookup, row) == []
    line = sim.tables["sn_shop_invoice_line"].find(line_description="1 Part 1")[0]
    assert line["gl_account"]
    assert line["cost_center"]


async def test_read_back_sees_what_differs(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Amounts stand in rows of their own, which are read along."""
    await masters(connect)
    target = await staged(connect, Entity.INVOICES)
    [[answer, *_]] = await write_records(target, [invoice()])
    assert isinstance(answer, Receipt)
    row = (await target.read("sn_shop_invoice", [answer.external_id]))[answer.external_id]
    changed = shape(target, invoice(net=Decimal("200.01"))).parts[0]
    assert set(target.differences(changed.payload, row)) == {"u_subtotal", "u_amount_invoiced"}


async def test_a_state_that_the_instance_works_on_is_not_landed(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    target = await staged(connect, Entity.INVOICES, processing_states=["draft"])
    [[answer, *_]] = await write_records(target, [invoice()])
    assert isinstance(answer, Receipt)
    row = (await target.read("sn_shop_invoice", [answer.external_id]))[answer.external_id]
    assert target.differences(shape(target, invoice()).parts[0].payload, row) == ["state"]


async def test_row_that_the_map_refuses(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Status 201 and an error inside: in the instance's words."""
    target = await staged(connect, Entity.INVOICES)
    [answers] = await write_records(target, [invoice(lines=0)])
    assert isinstance(answers[0], RecordError)
    assert answers[0].code == "REFUSED_BY_TARGET"
    assert "Supplier not found" in answers[0].message


async def test_poison_does_not_spoil_the_others(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    target = await staged(connect, Entity.INVOICES)
    good, bad = shape(target, invoice("R-1", lines=0)).parts[0], shape(target, invoice("R-2", lines=0)).parts[0]
    bad.payload["u_supplier"] = "NOBODY"
    answers = await target.write([create(good), create(bad)])
    assert [type(answer).__name__ for answer in answers] == ["Receipt", "RefusedError"]


@pytest.mark.parametrize("do", ["drop_before", "drop_after", "html", "truncate"])
async def test_unclear_create_is_looked_up_by_key_and_not_repeated(
    connect: Connect, sim: ServiceNowSimulator, do: str
) -> None:
    await masters(connect)
    target = await staged(connect, Entity.INVOICES)
    part = shape(target, invoice(lines=0)).parts[0]
    sim.add_fault(match={"kind": "write"}, nth=1, action={"do": do})
    sim.journal.reset()
    [answer] = await target.write([create(part)])
    assert isinstance(answer, Doubt)
    assert sim.journal.counts().by_kind.get("write") == 1
    [found] = await target.find_parts([part])
    there = do in ("drop_after", "truncate")
    assert len(found) == there
    assert len(sim.tables["sn_shop_invoice"].find(external_invoice_number="10/R-1")) == there


async def test_lines_without_upsert_key_are_told_apart(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Two equal lines of one invoice: each is found once."""
    await masters(connect)
    target = await staged(connect, Entity.INVOICES)
    lines = tuple(invoice_line(n, description="Same") if False else invoice_line(n) for n in (1, 2))
    record = invoice(lines=lines)
    [[_, first, second]] = await write_records(target, [record])
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    found = await target.find_parts(list(shape(target, record).parts))
    assert [len(rows) for rows in found] == [1, 1, 1]
    assert [found[1][0].external_id, found[2][0].external_id] == [first.external_id, second.external_id]


async def test_change_of_a_line_without_upsert_key_goes_to_the_row_itself(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    await masters(connect)
    target = await staged(connect, Entity.INVOICES)
    [[header, line]] = await write_records(target, [invoice(lines=1)])
    assert isinstance(header, Receipt)
    assert isinstance(line, Receipt)
    part = shape(target, invoice(lines=(invoice_line(1, "120.00"),))).parts[1]
    sim.grant({"give_role": "sn_shop.procurement_common_user"})
    [answer] = await target.write([update(part, line.external_id)])
    assert isinstance(answer, Receipt), answer
    row = (await target.read(part.table, [line.external_id]))[line.external_id]
    assert target.differences(part.payload, row) == []
    assert len(sim.tables["sn_shop_invoice_line"]) == 1


async def test_change_of_a_header_is_imported_again(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    target = await staged(connect, Entity.SUPPLIERS)
    [found] = await target.find([candidate(target, supplier())])
    part = shape(target, supplier(name="Acme AG")).parts[0]
    [answer] = await target.write([update(part, found[0].external_id)])
    assert isinstance(answer, Receipt), answer
    assert sim.tables["sn_fin_supplier"][found[0].external_id]["name"] == "Acme AG"


async def test_import_of_what_is_there_already_is_no_failure(connect: Connect, sim: ServiceNowSimulator) -> None:
    """`ignored`: nothing was different."""
    await masters(connect)
    target = await staged(connect, Entity.SUPPLIERS)
    part = shape(target, supplier()).parts[0]
    [answer] = await target.write([create(part)])
    assert isinstance(answer, Receipt)
    assert answer.existed


async def test_second_row_made_by_a_map_without_upsert_key_is_reported(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    await masters(connect)
    target = await staged(connect, Entity.SUPPLIERS)
    [found] = await target.find([candidate(target, supplier())])
    sim.set_switches(coalesce={"sn_fcms_intg_imp_supplier": False})
    [answer] = await target.write([update(shape(target, supplier(name="Acme AG")).parts[0], found[0].external_id)])
    assert isinstance(answer, RecordError)
    assert "second row" in answer.message


async def test_one_second_row_is_enough_to_learn_from(connect: Connect, sim: ServiceNowSimulator) -> None:
    """The first change goes alone; the others go to the rows themselves."""
    target = await staged(connect, Entity.SUPPLIERS)
    names = [f"V{n}" for n in range(12)]
    made = await target.write([create(shape(target, supplier(name)).parts[0]) for name in names])
    ids = [answer.external_id for answer in made if isinstance(answer, Receipt)]
    sim.set_switches(coalesce={"sn_fcms_intg_imp_supplier": False})
    before = len(list(sim.tables["sn_fin_supplier"]))
    changed = [shape(target, supplier(name, "Changed")).parts[0] for name in names]
    answers = await target.write([update(part, one) for part, one in zip(changed, ids, strict=True)])
    assert [type(answer) for answer in answers] == [RefusedError] + [Receipt] * 11
    assert len(list(sim.tables["sn_fin_supplier"])) == before + 1
    assert {sim.tables["sn_fin_supplier"][one]["name"] for one in ids[1:]} == {"Changed"}


async def test_what_the_transform_map_does_not_fill_is_no_difference(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    """Only labels of the staging columns are documented, none of the target's: it may lack one, or leave it empty."""
    sim.grant({"take_column": "inactive", "table": "sn_fin_gl_account"})
    target = await staged(connect, Entity.GL_ACCOUNTS)
    part = shape(target, account(kind="Cost")).parts[0]
    [answer] = await target.write([create(part)])
    assert isinstance(answer, Receipt)
    sim.tables["sn_fin_gl_account"][answer.external_id].update(type="", number="GLA0010001")
    row = (await target.read(part.table, [answer.external_id]))[answer.external_id]
    assert target.differences(part.payload, row) == []


async def test_lines_are_told_apart_where_the_target_has_no_column_for_their_number(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    await masters(connect)
    sim.grant({"take_column": "line_number", "table": "sn_shop_purchase_order_line"})
    target = await staged(connect, Entity.PURCHASE_ORDERS)
    record = order(lines=(order_line(1, "3"), order_line(2, "5"), order_line(3, "5")))
    parts = shape(target, record).parts[1:]
    [[_, *made]] = await write_records(target, [record])
    found = await target.find_parts(parts)
    ids = [[row.external_id for row in rows] for rows in found]
    assert all(len(rows) == 1 for rows in ids)
    assert {one for [one] in ids} == {answer.external_id for answer in made if isinstance(answer, Receipt)}
    assert ids[0] == [made[0].external_id]  # type: ignore[union-attr]


async def test_empty_201_is_a_missing_role(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(import_role_trouble="empty_201")
    target = await staged(connect, Entity.SUPPLIERS)
    sim.grant({"take_role": "sn_fcms_intg.integration_user"})
    with pytest.raises(PermissionMissingError, match=r"sn_fcms_intg\.integration_user"):
        await target.write([create(shape(target, supplier()).parts[0])])


async def test_refused_role_is_named(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await staged(connect, Entity.SUPPLIERS)
    sim.grant({"take_role": "sn_fcms_intg.integration_user"})
    with pytest.raises(PermissionMissingError, match=r"sn_fcms_intg\.integration_user"):
        await target.write([create(shape(target, supplier()).parts[0])])


async def test_order_keyed_by_hand_is_found(connect: Connect, sim: ServiceNowSimulator) -> None:
    keyed = sim.insert("sn_shop_purchase_order", {"number": "P77", "supplier": "a" * 32})
    target = await staged(connect, Entity.PURCHASE_ORDERS)
    [rows] = await target.find([candidate(target, order("P77"))])
    assert [row.external_id for row in rows] == [keyed["sys_id"]]


async def test_rows_of_another_erp_source_are_not_ours(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    other = await staged(connect, Entity.SUPPLIERS, erp_source="PLEX")
    assert await other.find([candidate(other, supplier(name="Else"))]) == [[]]
    assert await other.find_parts([shape(other, supplier()).parts[0]]) == [[]]


async def test_vanished_line_is_zeroed_on_the_target(connect: Connect, sim: ServiceNowSimulator) -> None:
    await masters(connect)
    target = await staged(connect, Entity.PURCHASE_ORDERS)
    [answers] = await write_records(target, [order(lines=1)])
    line = answers[1]
    assert isinstance(line, Receipt)
    part = shape(target, order(lines=1)).parts[1]
    columns = target.cancelled(part.table, part.name)
    assert columns is not None
    [answer] = await target.write([Write(Action.UPDATE, part, line.external_id, columns)])
    assert isinstance(answer, Receipt), answer
    row = (await target.read(part.table, [line.external_id]))[line.external_id]
    assert target.differences(columns, row) == []


async def test_erp_source_must_be_clear(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(profile="s2p_staging"), Entity.SUPPLIERS)
    assert shape(target, supplier()).parts[0].payload["u_erp_source"] == "IFS"
    sim.delete("sn_fin_erp_source", {"name": "IFS"})
    target = await prepared(await connect(profile="s2p_staging"), Entity.SUPPLIERS)
    with pytest.raises(ConfigurationError, match="PLEX"):
        shape(target, supplier())
    target = await prepared(
        await connect(profile="s2p_staging", erp_sources={"20": "SYSPRO"}, erp_source="PLEX"), Entity.SUPPLIERS
    )
    assert shape(target, supplier(scope="20")).parts[0].payload["u_erp_source"] == "SYSPRO"


@pytest.mark.parametrize(("tables", "expected"), [("pages", "proc_po"), ("s2p", "sn_shop_purchase_order")])
async def test_auto_takes_the_tables_that_answer(
    connect: Connect, sim: ServiceNowSimulator, tables: str, expected: str
) -> None:
    sim.set_switches(profile=tables)
    target = await prepared(await connect(erp_source="IFS"), Entity.PURCHASE_ORDERS)
    assert shape(target, order()).parts[0].table == expected


async def test_auto_with_neither_names_the_module(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(profile="s2p")
    sim.grant({"take_plugin": "com.snc.sn_shop"})
    with pytest.raises(ModuleMissingError, match=r"com\.snc\.procurement"):
        await prepared(await connect(), Entity.PURCHASE_ORDERS)
