"""Fact sheet section 3, "Batch"."""

from simulators.servicenow.servicenow_caller import Caller, inner

COMPANY = "/api/now/table/core_company"


async def test_items_are_served_in_order_each_with_its_status(snow):
    reply = await snow.batch(
        ("POST", COMPANY, {"sys_id": "a" * 32, "name": "Acme"}),
        ("GET", f"{COMPANY}/{'a' * 32}?sysparm_fields=name", None),
        ("GET", "/api/now/table/bunk", None),
    )
    assert reply.status == 200 and reply.body["batch_request_id"] == "1"
    served = reply.body["serviced_requests"]
    assert [(one["id"], one["status_code"]) for one in served] == [("0", 201), ("1", 200), ("2", 400)]
    assert inner(served[1]) == {"result": {"name": "Acme"}}
    assert served[2]["error_message"] == "Invalid table bunk"
    assert all(isinstance(one["execution_time"], int) for one in served)
    assert reply.body["unserviced_requests"] == []


async def test_a_batch_is_not_atomic(snow):
    await snow.batch(("POST", COMPANY, {"name": "Acme"}), ("POST", "/api/now/table/proc_po", {}))
    assert snow.sim.tables["core_company"].find(name="Acme")


async def test_past_thirty_seconds_items_are_unserviced(snow):
    snow.sim.set_switches(table_cost_ms={"core_company": 11_000})
    reply = await snow.batch(*(("POST", COMPANY, {"name": f"Acme {n}"}) for n in range(5)))
    assert [one["id"] for one in reply.body["serviced_requests"]] == ["0", "1", "2"]
    assert reply.body["serviced_requests"][0]["execution_time"] == 11_000
    assert reply.body["unserviced_requests"] == ["3", "4"]
    assert snow.sim.writes == 3


async def test_items_are_counted_as_writes_and_as_inner_requests(snow):
    await snow.batch(("POST", COMPANY, {"name": "A"}), ("POST", COMPANY, {"name": "B"}), ("GET", COMPANY, None))
    counts = snow.sim.journal.counts()
    assert (counts.total, counts.inner_total, counts.writes) == (1, 3, 2)


async def test_an_item_can_be_made_to_fail(snow):
    snow.sim.add_fault(match={"inner": True}, nth=2, action={"do": "status", "status": 500})
    reply = await snow.batch(("POST", COMPANY, {"name": "A"}), ("POST", COMPANY, {"name": "B"}))
    assert [one["status_code"] for one in reply.body["serviced_requests"]] == [201, 500]


async def test_an_item_over_5_mb_is_refused(snow):
    reply = await snow.batch(("POST", COMPANY, {"name": "x" * 5_300_000}))
    assert reply.body["serviced_requests"][0]["status_code"] == 413


async def test_response_headers_can_be_excluded(snow):
    item = {"id": "1", "method": "GET", "url": COMPANY, "headers": [], "exclude_response_headers": True}
    sent = {"batch_request_id": "9", "rest_requests": [item]}
    served = (await snow.send("POST", "/api/now/batch", json=sent)).body["serviced_requests"][0]
    assert "headers" not in served


async def test_ids_come_back_as_text(snow):
    item = {"id": 7, "method": "GET", "url": COMPANY, "headers": []}
    reply = await snow.send("POST", "/api/now/v1/batch", json={"batch_request_id": 9, "rest_requests": [item]})
    assert (reply.body["batch_request_id"], reply.body["serviced_requests"][0]["id"]) == ("9", "7")


async def test_a_broken_batch_is_a_400(snow):
    reply = await snow.send("POST", "/api/now/v1/batch", json={"rest_requests": 1})
    assert (reply.status, reply.error["message"]) == (400, "Exception while reading request")


async def test_writes_keep_up(snow: Caller):
    items = [("POST", COMPANY, {"name": f"Supplier {n}", "city": "Kassel"}) for n in range(200)]
    for _ in range(5):
        assert len((await snow.batch(*items)).body["serviced_requests"]) == 200
    assert snow.sim.writes == 1000
