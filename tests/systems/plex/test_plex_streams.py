"""What is read when: changes of releases alone, plants side by side, and answers that say nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conformance.reading import Pass, read
from ml_connector.errors import (
    ConfigurationError,
    ModuleMissingError,
    PermissionMissingError,
    RemoteFaultError,
)
from ml_connector.records import CostCenter, Department, Entity, Invoice, OrderStatus, PurchaseOrder
from ml_connector.systems.base import Opening
from ml_connector.systems.plex import CONNECTOR
from ml_connector.systems.plex.settings import PATHS
from ml_connector_simulators.plex import PlexSimulator
from scripted_server import Reply
from systems.plex.plex_plant import NOW, Plant, connected, guid

OLD, RECENT = "2026-02-01T08:00:00Z", "2026-03-02T11:00:00Z"
LATER = "Tue, 03 Mar 2026 12:00:00 GMT"


def put_order(plant: Plant, number: int, **head: Any) -> None:
    """An order of one line and one release."""
    order, line = guid(100 + number), guid(200 + number)
    row = {"id": order, "poNumber": f"P{number}", "supplierId": guid(1), "currencyCode": "USD", "status": "On Order",
           "active": True, "lineItemTotal": 10, "createdDate": OLD, "modifiedDate": OLD, **head}  # fmt: skip
    lines = [{"id": line, "lineItemNumber": 1, "unitPrice": 10, "accountId": guid(2), "modifiedDate": OLD}]
    plant.put("purchase_orders", row, line_items=lines)
    release = {"id": guid(300 + number), "poId": order, "poLineItemId": line, "lineItemNo": 1, "releaseLineNumber": 1,
               "quantity": 1, "createdDate": OLD, "modifiedDate": OLD}  # fmt: skip
    plant.rows["releases"].append(release)


@pytest.fixture
def orders(plant: Plant) -> Plant:
    plant.put("suppliers", {"id": guid(1), "code": "ACME", "name": "Acme", "modifiedDate": OLD}, addresses=[])
    plant.put("gl_accounts", {"id": guid(2), "accountNumber": "6100-20-00", "active": True})
    for number in range(5):
        put_order(plant, number)
    return plant


async def test_a_release_that_changed_alone_brings_its_order(orders: Plant) -> None:
    async with connected(orders.server) as system:
        first = await read(system, Entity.PURCHASE_ORDERS)
        orders.rows["releases"][3] |= {"quantity": 9, "modifiedDate": "2026-03-02T12:30:00Z"}
        orders.now = LATER
        second = await read(system, Entity.PURCHASE_ORDERS, first.cursor)
    assert len(first.keys) == 5
    assert second.keys == [guid(103)]
    record = second.record(guid(103))
    assert isinstance(record, PurchaseOrder) and record.lines[0].quantity == 9
    assert second.records[0].modified == "2026-03-02T12:30:00Z"


@pytest.mark.parametrize("repeatable", [True, False])
async def test_releases_of_several_orders_in_one_call_where_that_works(orders: Plant, repeatable: bool) -> None:
    def answer(request: Any) -> Reply:
        wanted = request.query.getall("pOId") if "pOId" in request.query else []
        return orders.reply(
            [row for row in orders.rows["releases"] if row["poId"] in (wanted if repeatable else wanted[-1:])]
        )

    orders.serve(f"/api{PATHS['releases']}", answer)
    async with connected(orders.server) as system:
        stream = system.stream(Entity.PURCHASE_ORDERS)
        found = Pass(stream, await stream.fetch([guid(100 + number) for number in range(5)]))
        assert {len(record.lines) for key in found.keys if isinstance(record := found.record(key), PurchaseOrder)} == {
            1
        }
    assert len(orders.asked("releases")) == (1 if repeatable else 5)


async def test_a_server_that_ignores_the_order_of_releases_mixes_nothing(orders: Plant) -> None:
    orders.serve(f"/api{PATHS['releases']}", lambda request: orders.reply(orders.rows["releases"]))
    async with connected(orders.server) as system:
        stream = system.stream(Entity.PURCHASE_ORDERS)
        found = Pass(stream, await stream.fetch([guid(100 + number) for number in range(5)]))
    for key in found.keys:
        record = found.record(key)
        assert isinstance(record, PurchaseOrder)
        assert [line.id for line in record.lines] == ["1/1"]


@pytest.mark.parametrize("most", [2, 100_000])
async def test_a_full_load_asks_for_all_releases_at_once_where_they_can_be_held(
    orders: Plant, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("ml_connector.systems.plex.documents.MOST_HELD", most)
    async with connected(orders.server) as system:
        found = await read(system, Entity.PURCHASE_ORDERS)
        fetched = await system.stream(Entity.PURCHASE_ORDERS).fetch(found.keys)
        by_order = [target for target in orders.asked("releases") if "pOId" in target]
    assert {raw.key: raw.payload for raw in fetched} == {raw.key: raw.payload for raw in found.records}
    assert (len(by_order) > 6) == (most == 2)


async def test_an_order_that_is_read_again_after_a_full_load_keeps_its_releases(orders: Plant) -> None:
    async with connected(orders.server) as system:
        stream = system.stream(Entity.PURCHASE_ORDERS)
        async for _ in stream.extract(await stream.window(None), None):
            pass
        orders.rows["releases"][3]["quantity"] = 7
        found = Pass(stream, await stream.fetch([guid(103)]))
    record = found.record(guid(103))
    assert isinstance(record, PurchaseOrder) and [line.quantity for line in record.lines] == [7]


async def test_an_order_that_vanished_while_it_was_read_is_absent(orders: Plant) -> None:
    gone = f"/api{PATHS['purchase_orders']}/{guid(102)}"
    orders.serve(gone, lambda request: Reply(404, {}, {"Date": NOW}))
    orders.serve(f"{gone}/line-items", lambda request: Reply(404, {}, {"Date": NOW}))
    async with connected(orders.server) as system:
        found = await read(system, Entity.PURCHASE_ORDERS)
    assert sorted(found.keys) == [guid(100), guid(101), guid(103), guid(104)]


async def test_lines_at_another_address_are_not_taken_for_vanished_orders(orders: Plant) -> None:
    orders.serve(
        f"/api{PATHS['purchase_orders']}/{guid(102)}/line-items", lambda request: Reply(404, {}, {"Date": NOW})
    )
    async with connected(orders.server) as system:
        with pytest.raises(ModuleMissingError, match="line-items"):
            await read(system, Entity.PURCHASE_ORDERS)


async def test_an_inactive_order_is_read_and_swept(orders: Plant) -> None:
    put_order(orders, 9, active=False, status="Closed")
    async with connected(orders.server) as system:
        found = await read(system, Entity.PURCHASE_ORDERS)
        swept = [pair async for some in system.stream(Entity.PURCHASE_ORDERS).sweep() for pair in some]
    record = found.record(guid(109))
    assert isinstance(record, PurchaseOrder) and record.status is OrderStatus.CLOSED and record.lines
    assert dict(swept) == {raw.key: raw.version for raw in found.records}


async def test_a_sweep_asks_for_lines_of_open_orders_alone(orders: Plant) -> None:
    put_order(orders, 9, active=False, status="Closed")
    async with connected(orders.server) as system:
        async for _ in system.stream(Entity.PURCHASE_ORDERS).sweep():
            pass
    lines = [call.target for call in orders.calls if call.target.endswith("/line-items")]
    assert len(lines) == 5
    assert not [target for target in orders.asked("releases") if "pOId" in target]


# Empty answers -----------------------------------------------------------------------------------------------------


async def test_nothing_everywhere_keeps_the_watermark(plant: Plant) -> None:
    async with connected(plant.server) as system:
        with pytest.raises(PermissionMissingError, match="wrong PCN") as caught:
            await read(system, Entity.SUPPLIERS)
    assert caught.value.fix and caught.value.who


async def test_nothing_of_one_kind_is_believed_where_others_are_seen(orders: Plant) -> None:
    async with connected(orders.server) as system:
        found = await read(system, Entity.PAYMENTS)
    assert found.keys == []


async def test_no_changes_are_believed_while_a_known_record_is_listed(orders: Plant) -> None:
    async with connected(orders.server) as system:
        first = await read(system, Entity.PURCHASE_ORDERS)
        second = await read(system, Entity.PURCHASE_ORDERS, first.cursor)
        assert second.keys == []
        orders.serve(f"/api{PATHS['purchase_orders']}", lambda request: orders.reply([]))
        orders.serve(f"/api{PATHS['releases']}", lambda request: orders.reply([]))
        with pytest.raises(PermissionMissingError, match="Nothing was skipped"):
            await read(system, Entity.PURCHASE_ORDERS, second.cursor)


@pytest.mark.parametrize("hidden", ["releases", "line-items"])
async def test_orders_that_must_have_lines_and_releases_are_not_believed_without(orders: Plant, hidden: str) -> None:
    """A role that is missing shows nothing; the orders would be taken for planned."""
    for row in orders.rows["purchase_orders"]:
        row |= {"status": "Received", "lineItemCount": 1}
        if hidden == "line-items":
            path = f"/api{PATHS['purchase_orders']}/{row['id']}/line-items"
            orders.serve(path, lambda request: orders.reply([]))
    if hidden == "releases":
        orders.rows["releases"].clear()
    async with connected(orders.server) as system:
        with pytest.raises(PermissionMissingError, match=hidden):
            await read(system, Entity.PURCHASE_ORDERS)


async def test_a_list_that_lost_rows_is_asked_about_them(plant: Plant) -> None:
    for number in range(5):
        plant.put("gl_accounts", {"id": guid(number), "accountNumber": f"{number}-20-00", "active": True})
    async with connected(plant.server) as system:
        first = await read(system, Entity.GL_ACCOUNTS)
        whole = list(plant.rows["gl_accounts"])
        plant.serve(f"/api{PATHS['gl_accounts']}", lambda request: plant.reply(whole[:2]))
        with pytest.raises(RemoteFaultError, match="incomplete"):
            await read(system, Entity.GL_ACCOUNTS, first.cursor)
        for number in range(2, 5):
            plant.serve(f"/api{PATHS['gl_accounts']}/{guid(number)}", lambda request: Reply(404, {}, {"Date": NOW}))
        second = await read(system, Entity.GL_ACCOUNTS, first.cursor)
    assert second.keys == []


# Dimensions --------------------------------------------------------------------------------------------------------


async def test_cost_centers_are_a_segment_of_the_account_numbers(plant: Plant) -> None:
    for number, (text, active) in enumerate(
        (("61.020.7", True), ("62.020.7", False), ("63.030.7", False), ("64", True))
    ):
        plant.put("gl_accounts", {"id": guid(number), "accountNumber": text, "active": active})
    async with connected(plant.server, cost_center_separator=".") as system:
        found = await read(system, Entity.COST_CENTERS)
    centers = [found.record(key) for key in found.keys]
    assert [(each.key, each.active) for each in centers if isinstance(each, CostCenter)] == [
        ("020", True),
        ("030", False),
    ]


async def test_cost_centers_may_come_from_invoice_lines(plant: Plant) -> None:
    for number, code in enumerate(("20", "30", None, "20")):
        lines = [{"lineId": "1", "costCenterSegment": code, "accountNumber": "9-99-9"}]
        row = {"id": guid(number), "modifiedDate": OLD, "amount": 1, "lines": lines}
        plant.put("ap_invoices", row)
    async with connected(plant.server, cost_center_source="invoice_lines") as system:
        first = await read(system, Entity.COST_CENTERS)
        plant.rows["ap_invoices"][0] |= {"modifiedDate": RECENT, "lines": [{"costCenterSegment": "40"}]}
        second = await read(system, Entity.COST_CENTERS, first.cursor)
        (fetched,) = await system.stream(Entity.COST_CENTERS).fetch(["50"])
    assert (first.keys, second.keys, fetched.key) == (["20", "30"], [], "50")


@pytest.mark.parametrize("status", [401, 404])
async def test_departments_are_derived_where_there_is_no_endpoint(orders: Plant, status: int) -> None:
    orders.refuse("departments", status)
    orders.rows["purchase_orders"][0]["department"] = "MAINT"
    orders.rows["purchase_orders"][1]["department"] = " "
    orders.put("ap_invoices", {"id": guid(50), "modifiedDate": OLD, "department": 20, "lines": [], "amount": 0})
    orders.put("ap_invoices", {"id": guid(51), "modifiedDate": OLD, "department": 0, "lines": [], "amount": 0})
    async with connected(orders.server) as system:
        found = await read(system, Entity.DEPARTMENTS)
        quiet = await read(system, Entity.DEPARTMENTS, found.cursor)
        order = (await read(system, Entity.PURCHASE_ORDERS)).record(guid(100))
        (pulled,) = await system.stream(Entity.DEPARTMENTS).fetch(["SEEN/LATER".replace("/", "-")])
    assert (found.keys, quiet.keys, pulled.key) == (["20", "MAINT"], [], "SEEN-LATER")
    assert isinstance(order, PurchaseOrder) and order.lines[0].department is not None
    assert order.lines[0].department.key == "MAINT"


async def test_departments_of_the_endpoint_are_referred_to_by_code_and_number(orders: Plant) -> None:
    rows = ((1, 20, "MAINT", None), (2, 30, "TWICE", "B1"), (3, 40, "TWICE", "B2"))
    for number, no, code, building in rows:
        orders.put("departments", {"id": guid(400 + number), "departmentNo": no, "departmentCode": code, "name": code,
                                   "buildingCode": building, "active": True})  # fmt: skip
    for number, (code, building) in enumerate((("MAINT", "B1"), ("TWICE", "B2"), ("TWICE", None), ("NOWHERE", None))):
        orders.rows["purchase_orders"][number] |= {"department": code, "building": building}
    lines = [{"lineId": "1", "accountId": guid(2), "currencyDebit": 5}]
    orders.put("ap_invoices", {"id": guid(50), "invoiceNumber": "1", "supplierId": guid(1), "currencyCode": "USD",
                               "transactionDate": OLD, "modifiedDate": OLD, "department": 20, "amount": 5,
                               "lines": lines})  # fmt: skip
    async with connected(orders.server) as system:
        departments = await read(system, Entity.DEPARTMENTS)
        found = await read(system, Entity.PURCHASE_ORDERS)
        invoice = (await read(system, Entity.INVOICES)).record(guid(50))
    referred = []
    for number in range(4):
        order = found.record(guid(100 + number))
        assert isinstance(order, PurchaseOrder)
        referred.append(order.lines[0].department and order.lines[0].department.key)
    assert referred == [guid(401), guid(403), None, None]
    assert isinstance(invoice, Invoice) and invoice.lines[0].department is not None
    assert invoice.lines[0].department.key == guid(401)
    maint = departments.record(guid(401))
    assert isinstance(maint, Department) and maint.code == "MAINT"


async def test_departments_do_not_change_their_keys_in_silence(orders: Plant) -> None:
    orders.put("departments", {"id": guid(401), "departmentNo": 20, "departmentCode": "MAINT", "name": "M"})
    async with connected(orders.server) as system:
        first = await read(system, Entity.DEPARTMENTS)
    orders.refuse("departments", 404)
    async with connected(orders.server) as system:
        with pytest.raises(ModuleMissingError, match="read there before"):
            await read(system, Entity.DEPARTMENTS, first.cursor)
    async with connected(orders.server, departments_source="derive") as system:
        again = await read(system, Entity.DEPARTMENTS, first.cursor)
    assert again.first_load and again.remark


async def test_suppliers_of_an_excluded_type_are_left_out(plant: Plant) -> None:
    for number, kind in enumerate(("Supplier", "carrier", None)):
        plant.put("suppliers", {"id": guid(number), "code": "x", "type": kind, "modifiedDate": OLD}, addresses=[])
    async with connected(plant.server, supplier_type_exclude=["Carrier"]) as system:
        found = await read(system, Entity.SUPPLIERS)
        fetched = await system.stream(Entity.SUPPLIERS).fetch([guid(0), guid(1)])
    assert sorted(found.keys) == [guid(0), guid(2)]
    assert [raw.key for raw in fetched] == [guid(0)]


async def test_payments_are_read_back_for_their_changes(orders: Plant) -> None:
    row = {"id": guid(60), "paymentNumber": "1", "amount": 5, "currencyCode": "USD", "transactionDate": OLD,
           "createdDate": "2026-02-20T08:00:00Z", "void": False}  # fmt: skip
    orders.put("ap_payments", row)
    async with connected(orders.server) as system:
        first = await read(system, Entity.PAYMENTS)
        quiet = await read(system, Entity.PAYMENTS, first.cursor)
        orders.rows["ap_payments"][0]["void"] = True
        voided = await read(system, Entity.PAYMENTS, quiet.cursor)
    assert (first.keys, quiet.keys, voided.keys) == ([guid(60)], [], [guid(60)])


# Plants ------------------------------------------------------------------------------------------------------------


async def test_two_plants_with_equal_order_numbers_never_mix() -> None:
    found: dict[str, dict[str, PurchaseOrder]] = {}
    async with PlexSimulator(size="small", seed=1) as simulator:
        simulator.set_switches(calls_per_minute=0)
        for pcn in ("104455", "104456"):
            given = {name: str(value) for name, value in simulator.credentials().items()}
            mode = given.pop("auth_mode")
            settings = msgspec.convert({"pcn": pcn, "max_calls_per_minute": 100_000}, CONNECTOR.settings)
            async with CONNECTOR.open(Opening(pcn, simulator.url, settings, mode, given)) as system:
                one = await read(system, Entity.PURCHASE_ORDERS)
                assert {raw.scope for raw in one.records} == {pcn}
                shared = [raw for raw in one.records if b'"P9009"' in raw.payload]
                records = [one.record(raw.key) for raw in shared]
                found[pcn] = {each.key: each for each in records if isinstance(each, PurchaseOrder)}
    here, there = found["104455"], found["104456"]
    assert here and there and not here.keys() & there.keys()
    assert {each.number for each in (*here.values(), *there.values())} == {"P9009"}
    naturals = {each.natural_key() for each in (*here.values(), *there.values())}
    assert len(naturals) == len(here) + len(there)


async def test_a_cursor_of_another_plant_is_not_believed(orders: Plant) -> None:
    async with connected(orders.server) as system:
        first = await read(system, Entity.PURCHASE_ORDERS)
    async with connected(orders.server, pcn="200002") as system:
        for entity in (Entity.PURCHASE_ORDERS, Entity.GL_ACCOUNTS):
            window = await system.stream(entity).window(first.cursor)
            assert window.first_load and window.remark


async def test_plex_is_not_written(plant: Plant) -> None:
    async with connected(plant.server) as system:
        with pytest.raises(ConfigurationError):
            system.target(Entity.SUPPLIERS)
        with pytest.raises(ConfigurationError):
            system.stream(Entity.GL_POSTINGS)
