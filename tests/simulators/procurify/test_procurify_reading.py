"""Fact sheet sections 2 to 5."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

LISTS = [
    "v3/vendors/", "v3/vendors/all/", "v3/vendors/default/", "v3/vendors/preferred/", "v3/vendors/purchasable/",
    "v3/vendors/requestable/", "v3/vendors/other/", "v3/vendors/credit_card_providers/",
    "v2/purchase_orders/purchased/all/", "v2/purchase_orders/receivable/open/", "v3/order-items/",
    "v2/global/order_items/", "v2/global/orders/", "v3/ap/bills/", "v2/ap/items/", "v3/account-codes/",
    "v3/accounts/", "v3/departments/", "v2/locations/", "v3/users/", "v2/currencies/",
    "v3/custom-fields/order-items/",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
async def test_every_list_has_an_envelope(procurify, path):
    reply = await procurify.get(path)
    assert reply.status == 200 and isinstance(reply.data, list)
    assert reply.pagination.keys() == {"count", "next", "previous", "page_size", "num_pages", "current_page"}
    assert reply.headers["x-request-id"]


async def test_pagination_may_stand_at_the_top_level(procurify):
    reply = await procurify.get("public/v1/payments/")
    assert reply.body["pagination"]["count"] > 0 and reply.body["metadata"] == {}
    procurify.sim.set_switches(top_level_pagination=["*"])
    assert (await procurify.get("v3/vendors/")).body["pagination"]["count"] > 0
    procurify.sim.set_switches(top_level_pagination=[])
    assert (await procurify.get("public/v1/payments/")).pagination["count"] > 0


async def test_an_empty_list_has_one_page(procurify):
    reply = await procurify.get("v3/vendors/all/", external_id="plex:1:2", page_size=50)
    assert reply.body == {
        "data": [],
        "metadata": {
            "pagination": {
                "count": 0, "next": None, "previous": None, "page_size": 50, "num_pages": 1, "current_page": 1,
            }
        },
    }  # fmt: skip


async def test_the_page_size_is_ten_unless_asked_and_clamped_at_a_hundred(procurify):
    for _ in range(3):
        await procurify.vendor()
    assert [len((await procurify.get("v3/vendors/")).data), 10] == [10, 10]
    assert (await procurify.get("v3/vendors/", page_size=5000)).pagination["page_size"] == 100
    assert (await procurify.get("v3/vendors/", page_size="many")).pagination["page_size"] == 10


async def test_following_the_path_of_next_gives_every_row_once(procurify):
    seen, path = [], "/api/v3/ap/bills/?page_size=4&order_by=-id"
    while path:
        reply = await procurify.send("GET", path)
        seen += [row["id"] for row in reply.data]
        link = urlsplit(reply.pagination["next"] or "")
        assert (link.scheme, link.hostname) in (("http", "procurify-web.internal"), ("", None))
        path = f"{link.path}?{link.query}" if link.path else ""
    assert seen == sorted((row["id"] for row in procurify.sim.truth()["bills"]), reverse=True)


async def test_next_may_name_the_own_host_or_none(procurify):
    procurify.sim.set_switches(next_link="own_host")
    link = (await procurify.get("v3/ap/bills/", page_size=1)).pagination["next"]
    assert link == f"{procurify.sim.url}/api/v3/ap/bills/?page_size=1&page=2"
    procurify.sim.set_switches(next_link="relative")
    assert (await procurify.get("v3/ap/bills/", page=2)).pagination["previous"] == "/api/v3/ap/bills/?page=1"


@pytest.mark.parametrize("page", ["99", "0", "-1", "x"])
async def test_past_the_end_there_is_no_page(procurify, page):
    reply = await procurify.get("v3/ap/bills/", page=page)
    assert (reply.status, reply.body) == (404, {"detail": "Invalid page."})


async def test_a_path_without_slash_is_redirected_or_not_found(procurify):
    reply = await procurify.get("v3/vendors", page="2")
    assert (reply.status, reply.headers["Location"]) == (301, "/api/v3/vendors/?page=2")
    assert (await procurify.send("POST", "/api/v3/vendors", json={})).status == 404


async def test_unknown_paths_and_methods(procurify):
    assert (await procurify.get("v3/nothing/")).body == {"detail": "Not found."}
    reply = await procurify.send("DELETE", "/api/v3/vendors/1/")
    assert (reply.status, reply.body) == (405, {"detail": 'Method "DELETE" not allowed.'})
    assert (await procurify.post("v3/ap/bills/", {})).status == 405
    assert (await procurify.get("v3/account-codes/1/")).status == 405


async def test_unknown_parameters_are_ignored(procurify):
    everything = await procurify.ids("v3/vendors/")
    assert await procurify.ids("v3/vendors/", dateModified__gte="2030-01-01", order_by="nonsense") == everything


async def test_order_by(procurify):
    names = [row["name"] for row in procurify.sim.truth()["vendors"]]
    assert await procurify.ids("v3/vendors/", "name", order_by="-name") == sorted(names, reverse=True)
    numbers = await procurify.ids("v2/global/orders/", "num", order_by="-id")
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 4


async def test_the_default_order_may_be_any(procurify):
    by_id = await procurify.ids("v3/ap/bills/")
    procurify.sim.set_switches(default_order="newest_first")
    assert await procurify.ids("v3/ap/bills/") == by_id[::-1]
    procurify.sim.set_switches(default_order="shuffled")
    assert await procurify.ids("v3/ap/bills/") != by_id
    assert await procurify.ids("v3/ap/bills/", order_by="id") == by_id


async def test_the_plain_vendor_list_hides_inactive_ones(procurify):
    procurify.sim.update("vendors", {"id": 1}, {"active": False})
    assert 1 not in await procurify.ids("v3/vendors/") and 1 in await procurify.ids("v3/vendors/all/")
    assert (await procurify.get("v3/vendors/1/")).data["active"] is False
    assert (await procurify.get("v3/vendors/99/")).status == 404


async def test_vendor_filters(procurify):
    made = await procurify.vendor(name="Äcme Tools", external_id="plex:1:a", type=4)
    for wanted in ({"external_id": "plex:1:a"}, {"name": "Äcme Tools"}, {"search": "äCME"}, {"type": "4"}):
        assert await procurify.ids("v3/vendors/all/", **wanted) == [made["id"]]
    assert await procurify.ids("v3/vendors/all/", name="äcme tools") == []
    assert made["id"] in await procurify.ids("v3/vendors/all/", type__in="1,4")
    assert made["id"] not in await procurify.ids("v3/vendors/requestable/")
    procurify.sim.set_switches(vendor_name_filter="contains")
    assert await procurify.ids("v3/vendors/all/", name="CME") == [made["id"]]
    procurify.sim.update("vendors", {"id": made["id"]}, {"type": 1})
    assert made["id"] not in await procurify.ids("v3/vendors/all/", exclude_other="true")


async def test_date_filters_take_days_of_the_tenants_zone_both_included(procurify):
    late = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)  # the evening of March 1 in Vancouver
    order = procurify.sim.insert("orders", {"branch": 1, "department": 1, "user": 1}, stamp=late)

    async def found(**dates: str) -> bool:
        return order["num"] in await procurify.ids("v2/global/orders/", "num", **dates)

    assert await found(modified_date_0="2026-03-01", modified_date_1="2026-03-01")
    assert not await found(modified_date_0="2026-03-02")
    procurify.sim.set_switches(time_zone="UTC")
    assert await found(modified_date_0="2026-03-02", modified_date_1="2026-03-02")
    [row] = (await procurify.get("v2/global/orders/", modified_date_1="2026-03-02")).data
    assert row["dateModified"] == "2026-03-02T05:30:00Z"


async def test_a_date_time_in_a_date_filter_is_refused(procurify):
    asked = {"last_modified_0": "2026-03-02T05:30:00Z"}
    assert (await procurify.get("v3/order-items/", **asked)).problem == (400, "last_modified_0", "invalid")
    procurify.sim.set_switches(strict_dates=False)
    assert (await procurify.get("v3/order-items/", **asked)).status == 200


async def test_bills_are_filtered_by_moments(procurify):
    bill = procurify.sim.update(
        "bills", {"id": 1}, {"note": "x"}, stamp=datetime(2030, 1, 1, 12, 0, 0, 500000, tzinfo=UTC)
    )
    bills, name = "v3/ap/bills/", "last_modified_datetime_0"
    assert await procurify.ids(bills, **{name: "2030-01-01T04:00:00.5-08:00"}) == [bill["id"]]
    assert await procurify.ids(bills, **{name: "2030-01-01T12:00:00.6Z"}) == []
    assert await procurify.ids(bills, **{name: "2030-01-01"}) == [bill["id"]]
    reply = await procurify.send("GET", f"/api/{bills}?{name}=2030-01-01T12:00:00+00:00")  # the plus is a blank
    assert reply.problem == (400, name, "invalid")


async def test_a_number_is_expected_in_some_filters(procurify):
    assert (await procurify.get("v3/order-items/", status="open")).problem == (400, "status", "invalid")


async def test_order_items_are_found_by_part_of_their_name_and_by_order_number(procurify):
    uuid = await procurify.order({}, {"item_name": "104455:P-20417/2 Grease"})
    [first, second] = (await procurify.get("v3/order-items/", search="p-20417")).data
    assert [first["name"], second["name"]] == ["104455:P-20417/1 Bearing 6204", "104455:P-20417/2 Grease"]
    assert first["orderNum"] == procurify.held(uuid)["num"]
    assert await procurify.ids("v3/order-items/", orderNum=first["orderNum"]) == [first["id"], second["id"]]
    assert not first.keys() & {"uuid", "order_uuid", "custom_fields"}
    assert (first["price"], first["quantity"], first["currency"]) == ("12.50000000", "40.00000", 1)


async def test_accounts_are_an_account_code_in_a_department(procurify):
    [row] = (await procurify.get("v3/accounts/", account_code=3, departments=2)).data
    assert (row["account_code"]["code"], row["department"]["name"], row["budget"]) == (
        "6310",
        "Maintenance",
        "50000.00",
    )
    procurify.sim.update("accounts", {"id": row["id"]}, {"end_datetime": "2026-01-01T00:00:00Z"})
    assert row["id"] not in await procurify.ids("v3/accounts/", in_effect="true")
    assert row["id"] in await procurify.ids("v3/accounts/", active="true", locations="1")


async def test_a_bill_is_read_by_uuid_only(procurify):
    [listed] = (await procurify.get("v3/ap/bills/", page_size=1)).data
    assert "lines" not in listed and isinstance(listed["items"][0], int)
    detail = (await procurify.get(f"v2/ap/bills/{listed['uuid'].replace('-', '')}/")).data
    assert [line["id"] for line in detail["lines"]] == listed["items"]
    assert (await procurify.get(f"v2/ap/bills/{listed['id']}/")).status == 404


async def test_uuids_may_be_bare(procurify):
    procurify.sim.set_switches(uuids="bare")
    [row] = (await procurify.get("v3/ap/bills/", page_size=1)).data
    assert len(row["uuid"]) == 32 and (await procurify.get(f"v2/ap/bills/{row['uuid']}/")).status == 200


async def test_payments_are_filtered_by_time_inclusively(procurify):
    procurify.sim.update("payments", {"id": 2}, {"gl_code": "1"}, stamp=datetime(2031, 5, 5, tzinfo=UTC))
    path, moment = "public/v1/payments/", "2031-05-05T00:00:00Z"
    assert await procurify.ids(path, updated_at_after=moment) == [2]
    assert await procurify.ids(path, updated_at_after=moment, updated_at_before=moment) == [2]
    assert 2 not in await procurify.ids(path, created_at_after=moment)


async def test_purchase_orders_by_role_and_status(procurify):
    async def numbers(role: str, status: str) -> list[str]:
        return await procurify.ids(f"v2/purchase_orders/{role}/{status}/", "number")

    assert await numbers("purchased", "all") == ["PF1"] == await numbers("receivable", "open")
    procurify.sim.update("purchase_orders", {"procurify_PO": 1}, {"state": 1})
    assert await numbers("purchased", "cancelled") == ["PF1"] == await numbers("purchased", "all")
    assert await numbers("purchased", "open") == [] == await numbers("receivable", "all")
    assert (await procurify.get("v2/purchase_orders/mine/all/")).status == 404
    counts = (await procurify.get("v2/purchase_orders/purchased/all/")).body["metadata"]["counts"]
    assert (counts["all"], counts["cancelled"]) == (1, 1)


async def test_too_many_requests_are_throttled(procurify):
    procurify.sim.set_switches(requests_per_minute=2)
    replies = [await procurify.get("v3/users/me/") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    wait = replies[2].headers["Retry-After"]
    assert replies[2].body == {"detail": f"Request was throttled. Expected available in {wait} seconds."}
    procurify.sim.set_switches(retry_after="absent")
    assert "Retry-After" not in (await procurify.get("v3/users/me/")).headers
    procurify.sim.clock.advance(61)
    assert (await procurify.get("v3/users/me/")).status == 200


async def test_a_role_may_lack_rights_or_see_less(procurify):
    procurify.sim.grant({"deny": "vendors", "operations": ["write"]})
    reply = await procurify.post("v3/vendors/", {})
    assert (reply.status, reply.body) == (403, {"detail": "You do not have permission to perform this action."})
    assert (await procurify.get("v3/vendors/")).status == 200
    before = (await procurify.get("v3/ap/bills/")).pagination["count"]
    procurify.sim.grant({"hide_rows": "bills", "key": {"id": 1}})
    assert (await procurify.get("v3/ap/bills/")).pagination["count"] == before - 1
    procurify.sim.grant({"show_rows": "bills"})
    assert (await procurify.get("v3/ap/bills/")).pagination["count"] == before
    with pytest.raises(ValueError, match="unknown change"):
        procurify.sim.grant({"bunk": 1})
