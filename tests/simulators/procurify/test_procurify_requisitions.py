"""Fact sheet sections 3, 6 and "Expect either": from a requisition to its purchase orders."""

import asyncio

import aiohttp
import pytest

from simulators.procurify.procurify_caller import LINE


async def test_the_answer_is_the_uuid_and_nothing_else(procurify):
    reply = await procurify.requisition()
    assert reply.status == 201 and reply.body == {"data": {"uuid": reply.data["uuid"]}, "metadata": {}}
    order = procurify.held(reply.data["uuid"])
    assert (order["status"], order["lineCount"], str(order["totalPrice"])) == (0, 1, "500.00")
    [item] = order["order_items"]
    assert (item["name"], item["status"], item["purchase_order"]) == (LINE["item_name"], 0, None)
    assert item["custom_fields"] == [{"id": 1, "field": "Plex PO Number", "value": "P-20417"}]
    assert procurify.sim.counts.writes_by_set == {"orders": 1, "order_items": 1}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"vendor_name": "handschrift Werkzeuge GmbH"}, "vendor_name", "does_not_exist"),
        ({"account_code": "9999"}, "account_code", "does_not_exist"),
        ({"currency_code": "eur"}, "currency_code", "does_not_exist"),
        ({"currency_code": "CHF"}, "currency_code", "does_not_exist"),
        ({"item_name": "x" * 256}, "item_name", "max_length"),
        ({"unit": "x" * 31}, "unit", "max_length"),
        ({"unit_price": "1.123456789"}, "unit_price", "max_decimal_places"),
        ({"unit_price": "twelve"}, "unit_price", "invalid"),
        ({"quantity": "1.123456"}, "quantity", "max_decimal_places"),
        ({"quantity": "0"}, "quantity", "min_value"),
        ({"custom_fields": None}, "custom_fields", "null"),
        (
            {"custom_fields": [{"custom_field_name": "Plex", "custom_field_value": "1"}]},
            "custom_field_name",
            "does_not_exist",
        ),
    ],
)
async def test_a_wrong_line_is_refused(procurify, change, field, code):
    orders = len(procurify.sim.truth()["orders"])
    assert (await procurify.requisition(change)).problem == (400, field, code)
    assert len(procurify.sim.truth()["orders"]) == orders


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"required_date": "2026-04-15T00:00:00Z"}, "required_date", "invalid"),
        ({"location_name": "plant Esslingen"}, "location_name", "does_not_exist"),
        ({"department_name": "maintenance"}, "department_name", "does_not_exist"),
        ({"department_name": "Purchasing", "location_name": "Plant Rockford"}, "department_name", "does_not_exist"),
        ({"line_items": []}, "line_items", "empty"),
    ],
)
async def test_a_wrong_header_is_refused(procurify, change, field, code):
    assert (await procurify.requisition(**change)).problem == (400, field, code)


@pytest.mark.parametrize("field", sorted(LINE))
async def test_every_field_of_a_line_is_required(procurify, field):
    line = {name: value for name, value in LINE.items() if name != field}
    assert (await procurify.requisition(line_items=[line])).problem == (400, field, "required")


async def test_the_error_is_the_vendors(procurify):
    reply = await procurify.requisition({"vendor_name": "Northfield Tooling"})
    message = "Vendor 'Northfield Tooling' does not exist."
    assert reply.body == {"errors": {"vendor_name": {"message": message, "code": "does_not_exist"}}}


async def test_a_number_is_taken_for_a_decimal(procurify):
    assert (await procurify.requisition({"unit_price": 12.5, "quantity": 40})).status == 201
    procurify.sim.set_switches(numbers_for_decimals=False)
    assert (await procurify.requisition({"quantity": 40})).problem == (400, "quantity", "invalid")


async def test_without_the_custom_field_naming_it_is_refused(procurify):
    procurify.sim.set_switches(plex_po_number_field=False)
    assert (await procurify.get("v3/custom-fields/order-items/")).data == []
    assert (await procurify.requisition()).problem == (400, "custom_field_name", "does_not_exist")
    assert (await procurify.requisition({"custom_fields": []})).status == 201


async def test_a_required_custom_field_must_be_filled(procurify):
    procurify.sim.insert("custom_fields", {"name": "Project", "is_required": True, "field_type": "a"})
    assert (await procurify.requisition()).problem == (400, "custom_fields", "required")
    project = {"custom_field_name": "Project", "custom_field_value": "x"}
    assert (await procurify.requisition({"custom_fields": [project]})).body["errors"].keys() >= {"custom_field_value"}
    project["custom_field_value"] = "7"
    assert (await procurify.requisition({"custom_fields": [project]})).status == 201


async def test_the_lowest_id_wins_among_vendors_of_equal_name_even_inactive(procurify):
    first, second = await procurify.vendor(name="Twin", active=False), await procurify.vendor(name="Twin")
    [item] = procurify.held(await procurify.order({"vendor_name": "Twin"}))["order_items"]
    assert item["pref_vendor"] == first["id"]
    procurify.sim.set_switches(vendor_name_lookup="active_only")
    [item] = procurify.held(await procurify.order({"vendor_name": "Twin"}))["order_items"]
    assert item["pref_vendor"] == second["id"]


async def test_only_vendors_of_type_3_can_be_requested(procurify):
    await procurify.vendor(name="Regular", type=4)
    assert (await procurify.requisition({"vendor_name": "Regular"})).problem[1:] == ("vendor_name", "does_not_exist")


async def test_approval_leaves_the_items_waiting_until_they_are_bought(procurify):
    uuid = await procurify.order()
    before = procurify.held(uuid)["dateModified"]
    procurify.sim.clock.advance(60)
    assert (await procurify.person(uuid, "approve")).status == 200
    order = procurify.held(uuid)
    assert (order["status"], order["order_items"][0]["status"]) == (1, 0)
    assert order["dateModified"] > before and order["order_items"][0]["approved_datetime"] == order["dateModified"]
    assert (await procurify.person(uuid, "take")).body["data"]["order_items"][0]["status"] == 1
    assert (await procurify.person(uuid, "purchase")).status == 200
    order = procurify.held(uuid)
    assert (order["status"], order["order_items"][0]["status"]) == (3, 2)
    assert [log["action"] for log in order["logs"]] == [1, 4]
    assert procurify.sim.counts.total == 1


async def test_purchase_makes_an_order_per_vendor_and_currency(procurify):
    await procurify.vendor(name="Acme")
    uuid = await procurify.order({}, {"currency_code": "USD"}, {"vendor_name": "Acme"}, {"unit_price": "1.005"})
    await procurify.person(uuid, "approve")
    await procurify.person(uuid, "purchase")
    items = procurify.held(uuid)["order_items"]
    assert [item["purchase_order"] for item in items] == [2, 3, 4, 2]
    detail = (await procurify.get("v2/purchase_orders/2/")).data
    assert [item["PO_line_num"] for item in detail["order_items"]] == [1, 2]
    assert (detail["number"], detail["total"], detail["item_count"]) == ("PF2", "540.20", 2)
    nested = detail["order_items"][0]
    assert nested["order_uuid"] == uuid and nested["purchase_order_number"] == "PF2"
    assert nested["custom_fields"][0]["value"] == "P-20417"
    assert nested["account"]["account_code"]["code"] == "6310"
    assert nested["pref_vendor"]["name"] == LINE["vendor_name"]
    assert (await procurify.get(f"v2/purchase_orders/{detail['uuid']}/")).data == detail


async def test_an_order_stays_approved_until_all_is_bought(procurify):
    uuid = await procurify.order({}, {})
    await procurify.person(uuid, "approve")
    first, second = [item["id"] for item in procurify.held(uuid)["order_items"]]
    await procurify.person(uuid, "purchase", items=[second])
    order = procurify.held(uuid)
    assert (order["status"], [item["status"] for item in order["order_items"]]) == (1, [0, 2])
    await procurify.person(uuid, "purchase", items=[first])
    assert procurify.held(uuid)["status"] == 3


async def test_a_denied_order_is_at_its_end(procurify):
    uuid = await procurify.order()
    await procurify.person(uuid, "deny")
    order = procurify.held(uuid)
    assert (order["status"], order["order_items"][0]["status"], order["logs"][0]["action"]) == (2, 7, 2)
    assert (await procurify.person(uuid, "approve")).status == 409
    assert (await procurify.person(uuid, "purchase")).status == 409
    assert (await procurify.person("0" * 32, "approve")).status == 404
    assert (await procurify.person(uuid, "bunk")).status == 404


async def test_orders_may_advance_by_themselves(procurify):
    procurify.sim.set_switches(auto_advance_seconds=60)
    uuid = await procurify.order()
    procurify.sim.clock.advance(61)
    assert procurify.held(uuid)["status"] == 1
    procurify.sim.clock.advance(60)
    order = procurify.held(uuid)
    assert order["status"] == 3
    assert (order["dateModified"] - order["date"]).total_seconds() == 120


async def test_the_switch_takes_up_orders_that_wait_already(procurify):
    uuid = await procurify.order()
    procurify.sim.set_switches(auto_advance_seconds=1)
    assert procurify.held(uuid)["status"] == 0
    procurify.sim.clock.advance(3)
    assert procurify.held(uuid)["status"] == 3


async def test_orders_are_polled_by_the_day_they_were_changed(procurify):
    uuid = await procurify.order()
    procurify.sim.clock.advance(3 * 86400)
    await procurify.sign_in()
    day = procurify.sim.clock.now().astimezone(procurify.sim.database.style.zone).date().isoformat()
    assert uuid not in await procurify.ids("v2/global/orders/", "uuid", modified_date_0=day)
    await procurify.person(uuid, "deny")
    assert uuid in await procurify.ids("v2/global/orders/", "uuid", modified_date_0=day)
    assert uuid not in await procurify.ids("v2/global/orders/", "uuid", date_0=day)


async def test_a_put_of_a_purchase_order_needs_the_whole_present_document(procurify):
    detail = (await procurify.get("v2/purchase_orders/1/")).data
    path = "/api/v3/purchase-orders/1/"
    reply = await procurify.send("PUT", path, json={"PO_Num": "P1", "version": 1})
    assert reply.status == 400 and reply.body["errors"]["order_items"]["code"] == "required"
    reply = await procurify.send("PUT", path, json={**detail, "PO_Num": "P-20417"})
    assert (reply.status, reply.data["PO_Num"], reply.data["version"]) == (200, "P-20417", 2)
    assert (await procurify.send("PUT", path, json=detail)).problem == (400, "version", "stale")


async def test_purchase_orders_are_closed_and_reopened(procurify):
    path = "/api/v3/purchase-orders/1"
    assert (await procurify.send("POST", f"{path}/close/", json={})).data["state"] == 3
    assert (await procurify.send("POST", f"{path}/close/", json={})).problem == (400, "null", "invalid")
    assert (await procurify.send("POST", f"{path}/reopen/", json={})).data["state"] == 5
    assert procurify.sim.truth()["orders"][0]["logs"][-1]["action"] == 8


async def test_a_late_write_appears_although_no_answer_came(procurify):
    procurify.sim.add_fault(match={"kind": "write", "entity": "orders"}, action={"do": "process_late", "seconds": 0})
    with pytest.raises(aiohttp.ClientError):
        await procurify.requisition()
    for _ in range(200):
        if len(procurify.sim.truth()["orders"]) == 5:
            break
        await asyncio.sleep(0)
    assert len((await procurify.get("v3/order-items/", search="P-20417")).data) == 1


class Doorman:
    """Keeps requests inside the simulator until it lets them go."""

    def __init__(self, sim):
        self.entered, self.free, self._answer = asyncio.Semaphore(0), asyncio.Event(), sim.answer
        sim.answer = self

    async def __call__(self, call):
        self.entered.release()
        await self.free.wait()
        return await self._answer(call)


async def test_requests_that_come_two_at_a_time_are_counted(procurify):
    await procurify.get("v3/users/me/")
    await procurify.get("v3/users/me/")
    assert procurify.sim.counts.overlapping == 0
    doorman = Doorman(procurify.sim)
    both = asyncio.gather(procurify.get("v2/currencies/"), procurify.get("v2/currencies/"))
    for _ in range(2):
        await doorman.entered.acquire()
    doorman.free.set()
    await both
    reply = await procurify.send("GET", "/_control/requests", {"entries": "0"})
    assert procurify.sim.counts.overlapping == reply.body["counts"]["overlapping"] == 1
    procurify.sim.journal.reset()
    assert procurify.sim.counts.overlapping == 0


async def test_a_request_whose_caller_gave_up_is_not_in_the_way(procurify):
    doorman = Doorman(procurify.sim)
    first = asyncio.create_task(procurify.get("v2/currencies/"))
    await doorman.entered.acquire()
    first.cancel()
    second = asyncio.create_task(procurify.get("v3/users/me/"))
    await doorman.entered.acquire()
    doorman.free.set()
    assert (await second).status == 200
    assert procurify.sim.counts.overlapping == 0
