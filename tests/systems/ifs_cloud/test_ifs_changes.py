"""After the first load only what changed is read, and nothing that changed is missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ml_connector.records import Entity
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import ALL, connected, read_anew, rows
from systems.simulated import read

INVOICE = {"Company": "10", "InvoiceId": 9012}


@pytest.fixture
def settled(tenant: IfsCloudSimulator) -> IfsCloudSimulator:
    """A tenant whose clock stands still where the test wants it."""
    tenant.clock.freeze()
    return tenant


@pytest.mark.parametrize("entity", ALL)
async def test_nothing_new_costs_next_to_nothing(tenant: IfsCloudSimulator, entity: Entity) -> None:
    first = await read_anew(tenant, entity)
    async with connected(tenant) as system:
        await system.stream(Entity.GL_ACCOUNTS).window((await read_anew(tenant, Entity.GL_ACCOUNTS)).cursor)
        again = await read(system, entity, first.cursor)
    assert not again.window.first_load and again.keys == []
    assert again.requests <= 3
    assert again.cursor == first.cursor


async def test_a_changed_head_comes_with_its_lines(tenant: IfsCloudSimulator) -> None:
    first = await read_anew(tenant, Entity.INVOICES)
    tenant.update("PostingProposalHeadSet", INVOICE, {"VoucherText": "checked"})
    second = await read_anew(tenant, Entity.INVOICES, first.cursor)
    before = next(record for record in first.records if record.key == "10/9012")
    assert second.keys == ["10/9012"]
    assert rows(second.records[0])["head"]["VoucherText"] == "checked"
    assert rows(second.records[0])["lines"] == rows(before)["lines"]
    assert second.records[0].version != before.version


async def test_a_hundred_changes_cost_ten_requests(tenant: IfsCloudSimulator) -> None:
    """Sign-in, visible companies and code parts included."""
    first = await read_anew(tenant, Entity.INVOICES)
    for row in list(tenant.truth()["PostingProposalHeadSet"])[:100]:
        key = {"Company": row["Company"], "InvoiceId": row["InvoiceId"]}
        tenant.update("PostingProposalHeadSet", key, {"VoucherText": "checked"})
    second = await read_anew(tenant, Entity.INVOICES, first.cursor)
    assert len(second.keys) == 100 and second.requests <= 10


async def test_a_changed_line_brings_its_document(tenant: IfsCloudSimulator) -> None:
    """It leaves the head untouched (FACTS 32)."""
    cursors = {entity: (await read_anew(tenant, entity)).cursor for entity in ALL}
    tenant.update("PostingProposalLineSet", {**INVOICE, "RowId": 1}, {"CodeA": "4020"})
    tenant.update("PurchaseOrderLineSet", {"OrderNo": "P9012", "LineNo": "10"}, {"BuyQtyDue": 7})
    tenant.update("SupplierInfoAddresses", {"SupplierId": "V9003"}, {"City": "Kassel-Ost"})
    changed = {entity: (await read_anew(tenant, entity, cursors[entity])).keys for entity in ALL}
    assert changed == {
        Entity.GL_ACCOUNTS: [],
        Entity.COST_CENTERS: [],
        Entity.SUPPLIERS: ["V9003"],
        Entity.PURCHASE_ORDERS: ["P9012"],
        Entity.INVOICES: ["10/9012"],
    }


async def test_a_changed_line_of_a_company_that_is_not_ours_is_passed_over(tenant: IfsCloudSimulator) -> None:
    first = await read_anew(tenant, Entity.PURCHASE_ORDERS, companies=["20"])
    tenant.update("PurchaseOrderLineSet", {"OrderNo": "P9012", "LineNo": "10"}, {"BuyQtyDue": 7})
    second = await read_anew(tenant, Entity.PURCHASE_ORDERS, first.cursor, companies=["20"])
    assert second.keys == []


@pytest.mark.parametrize("next_link", ["absolute", "none"])
async def test_five_hundred_rows_with_one_stamp_cross_page_edges(tenant: IfsCloudSimulator, next_link: str) -> None:
    first = await read_anew(tenant, Entity.SUPPLIERS)
    moment = tenant.clock.now()
    numbers = [f"N{number:05}" for number in range(500)]
    for number in numbers:
        tenant.insert("SupplierInfoGeneralSet", {"SupplierId": number, "Name": number}, stamp=moment)
    tenant.set_switches(page_limit=120, next_link=next_link)
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
    assert sorted(second.keys) == numbers
    third = await read_anew(tenant, Entity.SUPPLIERS, second.cursor)
    assert third.keys == []


async def test_a_row_that_moves_between_pages_hides_no_other(tenant: IfsCloudSimulator) -> None:
    """Links count rows over live data; a row that leaves its place pulls the next one over the page's edge."""
    first = await read_anew(tenant, Entity.SUPPLIERS)
    start = tenant.clock.now() - timedelta(seconds=60)
    numbers = [f"N{number:05}" for number in range(60)]
    for index, number in enumerate(numbers):
        values = {"SupplierId": number, "Name": number}
        tenant.insert("SupplierInfoGeneralSet", values, stamp=start + timedelta(seconds=index // 2))
    tenant.set_switches(page_limit=20)
    found: list[str] = []
    async with connected(tenant) as system:
        stream = system.stream(Entity.SUPPLIERS)
        async for page in stream.extract(await stream.window(first.cursor), None):
            if not found:
                tenant.update("SupplierInfoGeneralSet", {"SupplierId": "N00003"}, {"Name": "moved"})
            found += [record.key for record in page.records]
    assert set(found) == set(numbers)


async def test_a_late_commit_within_the_overlap_is_found(tenant: IfsCloudSimulator) -> None:
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": "first"})
    first = await read_anew(tenant, Entity.SUPPLIERS)
    stamp = tenant.clock.now() - timedelta(seconds=100)
    tenant.insert("SupplierInfoGeneralSet", {"SupplierId": "LATE", "Name": "Late"}, stamp=stamp)
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
    assert second.keys == ["LATE"]


async def test_a_row_from_the_far_future_does_not_push_the_watermark(tenant: IfsCloudSimulator) -> None:
    first = await read_anew(tenant, Entity.SUPPLIERS)
    far = datetime(2099, 1, 1, tzinfo=UTC)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": "from 2099"}, stamp=far)
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9002"}, {"Name": "from now"})
    third = await read_anew(tenant, Entity.SUPPLIERS, second.cursor)
    fourth = await read_anew(tenant, Entity.SUPPLIERS, third.cursor)
    assert (second.keys, third.keys, fourth.keys) == (["V9001"], ["V9002"], [])


async def test_a_first_load_over_a_row_from_the_far_future(tenant: IfsCloudSimulator) -> None:
    far = datetime(2099, 1, 1, tzinfo=UTC)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": "from 2099"}, stamp=far)
    first = await read_anew(tenant, Entity.SUPPLIERS)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9002"}, {"Name": "from now"})
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
    assert second.keys == ["V9002"]


async def test_two_changes_within_one_second_are_both_seen(settled: IfsCloudSimulator) -> None:
    """They share a time stamp and may share an ETag (FACTS 14); no version is claimed for such a row."""
    first = await read_anew(settled, Entity.SUPPLIERS)
    found = []
    for name in ("one", "two"):
        settled.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": name})
        first = await read_anew(settled, Entity.SUPPLIERS, first.cursor)
        found += [(rows(record)["head"]["Name"], record.version) for record in first.records]
    assert found == [("one", ""), ("two", "")]


@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        ({"strategy": "field", "sets": 7}, "could not be read"),
        ({"anything": "else"}, "could not be read"),
        ("2026-01-01", "could not be read"),
        ("future", "lies in the future"),
        ("nonsense", "is none"),
        ("company", "company 20 is new"),
        ("field", "found by Rowversion from now on"),
    ],
)
async def test_a_cursor_that_cannot_be_right_is_not_believed(tenant: IfsCloudSimulator, cursor: Any, why: str) -> None:
    good: Any = (await read_anew(tenant, Entity.INVOICES)).cursor
    if cursor == "future":
        good["sets"]["invoices"]["stamp"] = "2098-01-01T00:00:00Z"
    elif cursor == "nonsense":
        good["sets"]["invoices"]["stamp"] = "yesterday"
    elif cursor == "company":
        good["companies"] = ["10"]
    elif cursor == "field":
        good["change_field"] = "ObjVersion"
    given = good if cursor in ("future", "nonsense", "company", "field") else cursor
    reading = await read_anew(tenant, Entity.INVOICES, given)
    assert reading.window.first_load and why in reading.window.remark
    assert len(reading.keys) == len(tenant.truth()["PostingProposalHeadSet"])


async def test_a_server_that_lost_its_change_field_is_read_by_sweep(tenant: IfsCloudSimulator) -> None:
    first = await read_anew(tenant, Entity.INVOICES)
    tenant.set_switches(rowversion=False)
    second = await read_anew(tenant, Entity.INVOICES, first.cursor)
    assert len(second.keys) == len(first.keys)
    assert second.cursor is not None and second.cursor["strategy"] == "sweep"


async def test_a_broken_off_pass_goes_on_and_misses_nothing(
    tenant: IfsCloudSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_connector.systems.ifs_cloud.assembly.sliced.__defaults__", (10,))
    first = await read_anew(tenant, Entity.INVOICES)
    heads = [row["InvoiceId"] for row in tenant.truth()["PostingProposalHeadSet"] if row["Company"] == "10"][:30]
    for number in heads:
        tenant.update("PostingProposalHeadSet", {"Company": "10", "InvoiceId": number}, {"VoucherText": "x"})
    tenant.update("PostingProposalLineSet", {**INVOICE, "RowId": 1}, {"CodeA": "4020"})
    expected = {f"10/{number}" for number in heads} | {"10/9012"}
    async with connected(tenant) as system:
        stream = system.stream(Entity.INVOICES)
        window = await stream.window(first.cursor)
        found: set[str] = set()
        position: Any = None
        async for page in stream.extract(window, None):
            found |= {record.key for record in page.records}
            position = page.position
            break
    async with connected(tenant) as system:
        async for page in system.stream(Entity.INVOICES).extract(window, position):
            found |= {record.key for record in page.records}
            position = page.cursor
    assert found == expected
    assert (await read_anew(tenant, Entity.INVOICES, position)).window.first_load is False


async def test_stamps_in_the_servers_own_time_zone(tenant: IfsCloudSimulator) -> None:
    """Eight hours ahead, a stamp of now would look like the future; the setting says otherwise."""
    tenant.set_switches(server_time_zone="Asia/Singapore")
    settings = {"server_time_zone": "Asia/Singapore"}
    first = await read_anew(tenant, Entity.SUPPLIERS, **settings)
    tenant.clock.advance(3600)
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": "new"})
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor, **settings)
    assert second.keys == ["V9001"] and second.cursor is not None
    assert second.cursor["sets"]["suppliers"]["stamp"] == second.records[0].modified
    tenant.clock.advance(60)
    third = await read_anew(tenant, Entity.SUPPLIERS, second.cursor, **settings)
    assert third.keys == [] and not third.window.first_load


async def test_a_wrong_time_zone_setting_loses_nothing(tenant: IfsCloudSimulator) -> None:
    for zone in ("Asia/Singapore", "America/Los_Angeles"):
        tenant.set_switches(server_time_zone=zone)
        first = await read_anew(tenant, Entity.SUPPLIERS)
        tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Name": f"seen in {zone}"})
        second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
        assert second.keys == ["V9001"]


async def test_a_company_taken_away_later_is_noticed(tenant: IfsCloudSimulator) -> None:
    from ml_connector.errors import PermissionMissingError

    first = await read_anew(tenant, Entity.INVOICES)
    tenant.grant({"company": "20", "granted": False})
    with pytest.raises(PermissionMissingError, match="company 20"):
        await read_anew(tenant, Entity.INVOICES, first.cursor)
