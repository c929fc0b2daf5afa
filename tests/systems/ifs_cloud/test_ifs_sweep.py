"""Without a time stamp changes are found by comparing ETags."""

from __future__ import annotations

import pytest

from ml_connector.errors import ModuleMissingError
from ml_connector.records import Entity
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import ALL, connected, read_anew, rows


@pytest.fixture
def stampless(tenant: IfsCloudSimulator) -> IfsCloudSimulator:
    tenant.set_switches(rowversion=False)
    return tenant


@pytest.mark.parametrize("entity", ALL)
async def test_auto_falls_back_to_the_sweep(stampless: IfsCloudSimulator, entity: Entity) -> None:
    first = await read_anew(stampless, entity)
    assert first.cursor is not None and first.cursor["strategy"] == "sweep" and len(first.keys) > 0
    second = await read_anew(stampless, entity, first.cursor)
    assert second.keys == [] and not second.window.first_load


async def test_new_changed_and_line_only_changed_documents_are_found(stampless: IfsCloudSimulator) -> None:
    first = await read_anew(stampless, Entity.INVOICES)
    recent = [
        row["InvoiceId"]
        for row in stampless.truth()["PostingProposalHeadSet"]
        if row["Company"] == "10" and row["Objstate"] == "Posted" and row["InvoiceId"] >= 9000
    ][:2]
    head, line = recent
    stampless.update("PostingProposalHeadSet", {"Company": "10", "InvoiceId": head}, {"VoucherText": "new text"})
    stampless.update("PostingProposalLineSet", {"Company": "10", "InvoiceId": line, "RowId": 1}, {"CodeA": "4020"})
    stampless.insert(
        "PostingProposalHeadSet", {"Company": "20", "InvoiceId": 77777, "InvoiceNo": "N", "Identity": "V1"}
    )
    second = await read_anew(stampless, Entity.INVOICES, first.cursor)
    assert sorted(second.keys) == sorted([f"10/{head}", f"10/{line}", "20/77777"])
    third = await read_anew(stampless, Entity.INVOICES, second.cursor)
    assert third.keys == []


async def test_a_document_that_becomes_final_comes_once_more(stampless: IfsCloudSimulator) -> None:
    first = await read_anew(stampless, Entity.INVOICES)
    stampless.update("PostingProposalHeadSet", {"Company": "10", "InvoiceId": 9012}, {"Objstate": "PaidPosted"})
    second = await read_anew(stampless, Entity.INVOICES, first.cursor)
    assert second.keys == ["10/9012"] and rows(second.records[0])["head"]["Objstate"] == "PaidPosted"


async def test_changed_orders_and_suppliers_are_found_where_select_is_refused(stampless: IfsCloudSimulator) -> None:
    stampless.set_switches(select_refused=["PurchaseOrderHandling", "SupplierHandling"])
    orders = await read_anew(stampless, Entity.PURCHASE_ORDERS)
    suppliers = await read_anew(stampless, Entity.SUPPLIERS)
    stampless.update("PurchaseOrderSet", {"OrderNo": "P9012"}, {"NoteText": "call first"})
    stampless.update("SupplierInfoAddresses", {"SupplierId": "V9003"}, {"City": "Ulm"})
    assert (await read_anew(stampless, Entity.PURCHASE_ORDERS, orders.cursor)).keys == ["P9012"]
    assert (await read_anew(stampless, Entity.SUPPLIERS, suppliers.cursor)).keys == ["V9003"]


async def test_a_time_stamp_that_appears_is_used_from_then_on(stampless: IfsCloudSimulator) -> None:
    first = await read_anew(stampless, Entity.INVOICES)
    stampless.set_switches(rowversion=True)
    second = await read_anew(stampless, Entity.INVOICES, first.cursor)
    assert second.window.first_load and "Rowversion from now on" in second.window.remark
    assert second.cursor is not None and second.cursor["strategy"] == "field"


async def test_field_without_the_field_is_refused_by_name(stampless: IfsCloudSimulator) -> None:
    async with connected(stampless, change_strategy="field") as system:
        with pytest.raises(ModuleMissingError, match="no Rowversion"):
            await system.stream(Entity.INVOICES).window(None)


async def test_sweep_can_be_chosen_where_time_stamps_exist(tenant: IfsCloudSimulator) -> None:
    first = await read_anew(tenant, Entity.SUPPLIERS, change_strategy="sweep")
    tenant.clock.advance(10)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": "new"})
    tenant.clock.advance(10)
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor, change_strategy="sweep")
    assert second.keys == ["V9001"]
