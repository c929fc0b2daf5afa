"""Fact sheet section 2: parameters, values, paging and errors of reads."""

from simulators.servicenow.servicenow_caller import Caller


def first_order(snow: Caller) -> dict[str, str]:
    return snow.sim.tables["proc_po"].find(number="P9005")[0]


async def test_all_scalars_are_text(snow):
    row = (await snow.rows("core_company", "name=Handschrift Werkzeuge GmbH"))[0]
    assert (row["vendor"], row["customer"], row["sys_mod_count"], row["city"]) == ("true", "false", "0", "")


async def test_references_are_objects_unless_links_are_excluded(snow):
    order = first_order(snow)
    path = f"/api/now/table/proc_po/{order['sys_id']}"
    linked = (await snow.send("GET", path)).result["vendor"]
    link = f"{snow.sim.url}/api/now/table/core_company/{order['vendor']}"
    assert linked == {"link": link, "value": order["vendor"]}
    plain = (await snow.send("GET", path, {"sysparm_exclude_reference_link": "true"})).result
    assert (plain["vendor"], plain["bill_to"]) == (order["vendor"], "")


async def test_display_values(snow):
    path = f"/api/now/table/proc_po/{first_order(snow)['sys_id']}"
    shown = (await snow.send("GET", path, {"sysparm_display_value": "true"})).result
    assert shown["vendor"]["display_value"] == "Handschrift Werkzeuge GmbH" and "link" in shown["vendor"]
    assert (shown["total_cost"], shown["status"]) == ("€300.00", "Ordered")
    unlinked = {"sysparm_display_value": "true", "sysparm_exclude_reference_link": "true"}
    assert (await snow.send("GET", path, unlinked)).result["vendor"] == "Handschrift Werkzeuge GmbH"
    both = (await snow.send("GET", path, {"sysparm_display_value": "all"})).result
    assert both["total_cost"] == {"display_value": "€300.00", "value": "300"}
    assert both["vendor"].keys() == {"display_value", "value", "link"}


async def test_fields_may_dot_walk_and_unknown_ones_are_left_out(snow):
    rows = await snow.rows("proc_po", "number=P9005", sysparm_fields="number,vendor.name,bunk")
    assert rows == [{"number": "P9005", "vendor.name": "Handschrift Werkzeuge GmbH"}]


async def test_no_match_is_an_empty_list_and_404_in_v1(snow):
    query = {"sysparm_query": "number=nothing"}
    assert (await snow.send("GET", "/api/now/table/proc_po", query)).result == []
    assert (await snow.send("GET", "/api/now/v1/table/proc_po", query)).status == 404


async def test_paging_headers(snow):
    reply = await snow.send("GET", "/api/now/table/proc_po", {"sysparm_limit": "1", "sysparm_offset": "1"})
    assert reply.headers["X-Total-Count"] == "4"
    assert [part.split(";")[1] for part in reply.headers["Link"].split(",")] == [
        'rel="first"',
        'rel="prev"',
        'rel="next"',
        'rel="last"',
    ]
    assert f"<{snow.sim.url}/api/now/table/proc_po?sysparm_limit=1&sysparm_offset=2>" in reply.headers["Link"]


async def test_link_leaves_out_the_ends_and_is_absent_for_one_page(snow):
    start = await snow.send("GET", "/api/now/table/proc_po", {"sysparm_limit": "3"})
    assert "first" not in start.headers["Link"] and "next" in start.headers["Link"]
    end = await snow.send("GET", "/api/now/table/proc_po", {"sysparm_limit": "3", "sysparm_offset": "3"})
    assert "next" not in end.headers["Link"] and "prev" in end.headers["Link"]
    assert "Link" not in (await snow.send("GET", "/api/now/table/proc_po")).headers


async def test_count_and_links_can_be_left_out(snow):
    asked = {"sysparm_limit": "1", "sysparm_no_count": "true", "sysparm_suppress_pagination_header": "true"}
    headers = (await snow.send("GET", "/api/now/table/proc_po", asked)).headers
    assert "X-Total-Count" not in headers and "Link" not in headers


async def test_the_limit_applies_before_access_rules_so_pages_run_empty(snow):
    snow.sim.grant({"hide_rows": "proc_po", "query": "number=P9005^ORnumber=P9006"})
    asked = {"sysparm_query": "ORDERBYnumber", "sysparm_limit": "2"}
    page = await snow.send("GET", "/api/now/table/proc_po", asked)
    assert (page.result, page.headers["X-Total-Count"]) == ([], "4")
    assert len((await snow.send("GET", "/api/now/table/proc_po", asked | {"sysparm_offset": "2"})).result) == 2


async def test_a_hidden_row_is_not_found_and_cannot_be_inserted_again(snow):
    sys_id = first_order(snow)["sys_id"]
    snow.sim.grant({"hide_rows": "proc_po"})
    reply = await snow.send("GET", f"/api/now/table/proc_po/{sys_id}")
    assert (reply.status, reply.error["message"]) == (404, "No Record found")
    assert reply.error["detail"] == "Record doesn't exist or ACL restricts the record retrieval"
    ship_to = next(iter(snow.sim.tables["alm_stockroom"]))["sys_id"]
    assert (await snow.post("proc_po", {"sys_id": sys_id, "ship_to": ship_to})).status == 403


async def test_stats_may_count_what_is_hidden(snow):
    snow.sim.grant({"hide_rows": "proc_po", "query": "number=P9005"})

    async def count() -> object:
        reply = await snow.send("GET", "/api/now/stats/proc_po", {"sysparm_count": "true"})
        return reply.status if reply.status != 200 else reply.result["stats"]["count"]

    assert await count() == "4"
    snow.sim.set_switches(stats="counts_visible")
    assert await count() == "3"
    snow.sim.set_switches(stats="forbidden")
    assert await count() == 403


async def test_an_unknown_table_and_an_absent_plugin_look_alike(snow):
    unknown = await snow.send("GET", "/api/now/table/bunk")
    assert (unknown.status, unknown.error) == (400, {"message": "Invalid table bunk", "detail": None})
    snow.sim.grant({"take_plugin": "com.snc.procurement"})
    assert (await snow.send("GET", "/api/now/table/proc_po")).error["message"] == "Invalid table proc_po"
    snow.sim.set_switches(invalid_table_detail=True)
    assert (await snow.send("GET", "/api/now/table/bunk")).error["detail"] == "Table bunk does not exist"


async def test_a_missing_role_closes_the_modules_tables(snow):
    snow.sim.grant({"take_role": "procurement_user", "user": snow.sim.user_name})
    reply = await snow.send("GET", "/api/now/table/proc_po")
    assert (reply.status, reply.error) == (403, {"message": "Insufficient rights to query records", "detail": None})
    assert (await snow.send("GET", "/api/now/table/sn_apo_invoice")).status == 200


async def test_admins_pass_every_access_rule(snow):
    snow.sim.grant({"hide_rows": "proc_po"})
    admin = (snow.sim.admin_name, snow.sim.admin_password)
    assert len((await snow.send("GET", "/api/now/table/proc_po", user=admin)).result) == 4


async def test_an_unreadable_column_is_absent(snow):
    snow.sim.grant({"hide_column": "vendor", "table": "proc_po"})
    assert "vendor" not in (await snow.rows("proc_po", "number=P9005"))[0]


async def test_an_unknown_path_is_no_resource(snow):
    reply = await snow.send("GET", "/api/now/tables/proc_po")
    assert (reply.status, reply.error["message"]) == (400, "Requested URI does not represent any resource")


async def test_verb_accept_and_content_type_are_checked(snow):
    path = "/api/now/table/proc_po"
    assert (await snow.send("DELETE", path)).status == 405
    assert (await snow.send("GET", path, headers={"Accept": "application/xml"})).status == 406
    assert (await snow.send("POST", path, data=b"x", headers={"Content-Type": "text/plain"})).status == 415


async def test_profiles_leave_out_the_others_tables(snow):
    snow.sim.set_switches(profile="s2p")
    assert (await snow.send("GET", "/api/now/table/sn_apo_invoice")).status == 400
    assert (await snow.send("GET", "/api/now/table/sn_shop_invoice")).status == 200
    snow.sim.set_switches(profile="pages")
    assert (await snow.send("GET", "/api/now/table/sn_spend_intg_imp_invoice")).status == 400
    assert (await snow.send("GET", "/api/now/table/sn_apo_invoice")).status == 200


async def test_a_200_can_hold_an_error(snow):
    snow.sim.set_switches(traps=[{"kind": "error_in_200"}, {"kind": "torn_200"}])
    reply = await snow.send("GET", "/api/now/table/proc_po")
    assert reply.status == 200 and len(reply.result) == 2
    assert reply.error["message"] == "Transaction cancelled: maximum execution time exceeded"
    torn = await snow.send("GET", "/api/now/table/proc_po")
    assert torn.status == 200 and torn.body is None and "maximum execution time" in torn.text
    assert len((await snow.send("GET", "/api/now/table/proc_po")).result) == 4


async def test_a_rate_rule_has_headers_and_ends_with_429(snow):
    assert "X-RateLimit-Limit" not in (await snow.send("GET", "/api/now/table/proc_po")).headers
    snow.sim.set_switches(requests_per_hour=2)
    for _ in range(2):
        headers = (await snow.send("GET", "/api/now/table/proc_po")).headers
        assert headers["X-RateLimit-Limit"] == "2" and "X-RateLimit-Reset" in headers
    reply = await snow.send("GET", "/api/now/table/proc_po")
    assert (reply.status, reply.error["message"]) == (429, "Rate limit exceeded")
    assert reply.error["detail"] == "Rate limit of 2 requests per hour for Table API exceeded"
    snow.sim.clock.advance(int(reply.headers["Retry-After"]) + 1)
    assert (await snow.send("GET", "/api/now/table/proc_po")).status == 200
