"""Fact sheet IFS §3, §5, §6: ETags, preconditions, stamps, time zones, CSRF."""

from datetime import UTC, datetime, timedelta

import pytest

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import ENTITY, INT, MAIN, ORDERS, Caller

ORDER = INT + ORDERS + "(OrderNo='P9020')"
CLOSE = ORDER + "/IfsApp.PurchaseOrderHandling.PurchaseOrder_Close"


async def etag(caller: Caller, path: str = ORDER) -> str:
    return str((await caller.get(path)).headers["ETag"])


async def test_patch_answers_with_the_new_etag(caller: Caller) -> None:
    old = await etag(caller)
    reply = await caller.send("PATCH", ORDER, json={"NoteText": "checked"}, headers={"If-Match": old})
    assert (reply.status, reply.json["NoteText"]) == (200, "checked")
    assert reply.headers["ETag"] == reply.json["@odata.etag"] == await etag(caller)
    assert reply.headers["ETag"] != old


async def test_patch_may_answer_204_without_etag(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(patch_answer="204")
    reply = await caller.send("PATCH", ORDER, json={"NoteText": "x"}, headers={"If-Match": await etag(caller)})
    assert (reply.status, reply.text, "ETag" in reply.headers) == (204, "", False)


async def test_patch_without_if_match_is_428(caller: Caller) -> None:
    reply = await caller.send("PATCH", ORDER, json={"NoteText": "x"})
    assert (reply.status, reply.code) == (428, "ODP_PRECONDITION_REQUIRED")
    assert reply.json["error"]["message"] == "A precondition is missing in the request."


async def test_patch_without_if_match_may_be_an_upsert(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(missing_if_match="upsert")
    assert (await caller.send("PATCH", ORDER, json={"NoteText": "x"})).status == 200
    new = INT + ORDERS + "(OrderNo='NEW1')"
    body = {"Company": "10", "Contract": "H1", "VendorNo": "V9010", "CurrencyCode": "EUR"}
    assert (await caller.send("PATCH", new, json=body)).status == 201
    assert (await caller.send("POST", CLOSE, json={})).status == 428  # the action always wants it


async def test_stale_etag_is_412_and_a_star_skips_the_check(caller: Caller, ifs: IfsCloudSimulator) -> None:
    old = await etag(caller)
    ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {"NoteText": "changed by somebody"})
    stale = await caller.send("PATCH", ORDER, json={"NoteText": "x"}, headers={"If-Match": old})
    assert (stale.status, stale.code) == (412, "ODP_PRECONDITION_FAILED")
    assert stale.json["error"]["details"][0]["code"] == "STALE"
    star = await caller.send("PATCH", ORDER, json={"NoteText": "x"}, headers={"If-Match": "*"})
    assert star.status == 200


async def test_two_changes_in_one_second_share_an_etag(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.clock.freeze()
    tags = []
    for note in ("one", "two"):
        ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {"NoteText": note})
        tags.append(await etag(caller))
    assert tags[0] == tags[1]
    ifs.clock.advance(1)
    ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {"NoteText": "three"})
    assert await etag(caller) != tags[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Nothing": 1}, "ODP_BAD_REQUEST"),
        ({"luname": "PurchaseOrder"}, "ODP_BAD_REQUEST"),
        ({"NetAmount": "abc"}, "ODP_BAD_REQUEST"),
        ({"NoteText": 5}, "ODP_BAD_REQUEST"),
        ({"Objstate": "Closed"}, "DATABASE_ERROR"),
        ({"OrderNo": "OTHER"}, "DATABASE_ERROR"),
        ({"CurrencyCode": "EURO"}, "DATABASE_ERROR"),
        ({"VendorNo": None}, "DATABASE_ERROR"),
    ],
)
async def test_what_a_patch_refuses(caller: Caller, body: dict[str, object], code: str) -> None:
    reply = await caller.send("PATCH", ORDER, json=body, headers={"If-Match": await etag(caller)})
    assert (reply.status, reply.code) == (400, code)
    if code == "DATABASE_ERROR":
        assert reply.json["error"]["details"][0]["message"].startswith("ORA-20110: PurchaseOrder.")


async def test_closed_documents_are_protected_by_a_business_rule(caller: Caller) -> None:
    path = INT + ORDERS + "(OrderNo='P9002')"
    reply = await caller.send("PATCH", path, json={"NoteText": "x"}, headers={"If-Match": await etag(caller, path)})
    assert (reply.status, reply.code) == (400, "DATABASE_ERROR")


async def test_bound_action(caller: Caller) -> None:
    assert (await caller.send("POST", CLOSE, json={})).status == 428
    assert (await caller.send("POST", CLOSE, json={}, headers={"If-Match": 'W/"old"'})).status == 412
    reply = await caller.send("POST", CLOSE, json={}, headers={"If-Match": await etag(caller)})
    assert (reply.status, reply.json["Objstate"]) == (200, "Closed")
    again = await caller.send("POST", CLOSE, json={}, headers={"If-Match": reply.headers["ETag"]})
    assert (again.status, again.code) == (400, "DATABASE_ERROR")
    assert (await caller.send("POST", CLOSE + "d", json={}, headers={"If-Match": "*"})).status == 404


async def test_delete_needs_if_match(caller: Caller) -> None:
    assert (await caller.send("DELETE", ORDER)).status == 428
    assert (await caller.send("DELETE", ORDER, headers={"If-Match": await etag(caller)})).status == 204
    assert (await caller.get(ORDER)).status == 404


async def test_methods_that_do_not_exist_are_405(caller: Caller) -> None:
    assert (await caller.send("PUT", ORDER, json={})).status == 405
    assert (await caller.send("POST", INT + "SitesHandling.svc/SiteSet", json={})).status == 405


async def test_csrf_on_main_but_not_on_int(caller: Caller, ifs: IfsCloudSimulator) -> None:
    path = MAIN + ORDERS + "(OrderNo='P9020')"
    read = await caller.get(path)
    match = {"If-Match": read.headers["ETag"]}
    cookie = read.headers["Set-Cookie"].split(";")[0]
    token = cookie.partition("=")[2]
    refused = await caller.send("PATCH", path, json={"NoteText": "x"}, headers={**match, "Cookie": cookie})
    assert (refused.status, refused.code) == (403, "CSRF_ERROR")
    passed = {**match, "Cookie": cookie, "X-XSRF-TOKEN": token}
    assert (await caller.send("PATCH", path, json={"NoteText": "x"}, headers=passed)).status == 200
    assert "Set-Cookie" not in (await caller.get(ORDER)).headers
    ifs.set_switches(csrf=False)
    assert (await caller.send("PATCH", path, json={"NoteText": "y"}, headers={"If-Match": "*"})).status == 200


async def test_a_changed_line_leaves_the_header_untouched(caller: Caller, ifs: IfsCloudSimulator) -> None:
    before = (await caller.get(ORDER)).json
    line = {"OrderNo": "P9020", "LineNo": "1", "ReleaseNo": "1"}
    ifs.update("PurchaseOrderLineSet", line, {"BuyQtyDue": "11"})
    ifs.insert("PurchaseOrderLineSet", {**line, "LineNo": "9", "BuyQtyDue": "1"})
    ifs.delete("PurchaseOrderLineSet", {**line, "LineNo": "2"})
    assert (await caller.get(ORDER)).json == before
    path = ENTITY + "PurchaseOrderLineEntity.svc/PurchaseOrderLineSet?$filter=OrderNo eq 'P9020'&$orderby=LineNo"
    rows = (await caller.get(path)).rows
    assert [(row["LineNo"], row["BuyQtyDue"]) for row in rows] == [("1", 11), ("9", 1)]


async def test_a_late_commit_carries_an_old_stamp(caller: Caller, ifs: IfsCloudSimulator) -> None:
    late = ifs.clock.now() - timedelta(hours=3)
    ifs.insert("PurchaseOrderSet", {"OrderNo": "LATE", "Company": "10", "VendorNo": "V9010"}, stamp=late)
    row = (await caller.get(ORDERS + "(OrderNo='LATE')")).json
    assert row["Rowversion"] == f"{late:%Y-%m-%dT%H:%M:%SZ}"
    assert row["Objstate"] == "Released"


async def test_edits_inside_move_the_stamp(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {"NoteText": "x"})
    since = ifs.clock.now() - timedelta(minutes=1)
    rows = (await caller.get(f"{ORDERS}?$filter=Rowversion ge {since:%Y-%m-%dT%H:%M:%SZ}")).rows
    assert [row["OrderNo"] for row in rows] == ["P9020"]


async def test_z_values_may_be_the_servers_local_time(caller: Caller, ifs: IfsCloudSimulator) -> None:
    stamp = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {}, stamp=stamp)
    ifs.set_switches(server_time_zone="Europe/Stockholm")
    assert (await caller.get(ORDER)).json["Rowversion"] == "2026-07-01T12:00:00Z"
    path = ORDERS + "?$filter=OrderNo eq 'P9020' and Rowversion ge 2026-07-01T12:00:00Z"
    assert len((await caller.get(path)).rows) == 1
    [truth] = [row for row in ifs.truth()["PurchaseOrderSet"] if row["OrderNo"] == "P9020"]
    assert truth["Rowversion"] == "2026-07-01T10:00:00Z"


async def test_time_zone_aware_header(caller: Caller, ifs: IfsCloudSimulator) -> None:
    stamp = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    ifs.update("PurchaseOrderSet", {"OrderNo": "P9020"}, {}, stamp=stamp)
    ifs.set_switches(server_time_zone="Europe/Stockholm")
    path = ORDERS + "?$filter=Rowversion eq 2026-07-01T10:00:00Z"
    header = {"X-Ifs-Time-Zone-Aware-Request": "true"}
    assert (await caller.get(path, **header)).status == 400
    ifs.set_switches(time_zone_aware=True)
    rows = (await caller.get(path, **header)).rows
    assert [row["Rowversion"] for row in rows] == ["2026-07-01T10:00:00Z"]


async def test_unknown_zone_is_refused(ifs: IfsCloudSimulator) -> None:
    with pytest.raises(ValueError, match="Mars"):
        ifs.set_switches(server_time_zone="Mars/Olympus")


async def test_control_edits_over_http(caller: Caller) -> None:
    values = {"Company": "10", "Account": "6666", "Description": "Found again"}
    reply = await caller.send("POST", "/_control/insert", json={"set": "AccountSet", "values": values})
    assert (reply.status, reply.json["BlockedForPosting"]) == (200, False)
    edit = {"set": "AccountSet", "key": {"Company": "10", "Account": "6666"}, "values": {"Description": "B"}}
    assert (await caller.send("POST", "/_control/update", json=edit)).json["Description"] == "B"
    assert (await caller.send("POST", "/_control/delete", json={"set": "AccountSet", "key": edit["key"]})).status == 200
    assert (await caller.send("POST", "/_control/update", json=edit)).status == 404
    assert (await caller.send("POST", "/_control/update", json={"set": "Nope"})).status == 404
    grants = await caller.send("POST", "/_control/grants", json={"company": "20", "granted": False})
    assert grants.json["companies"] == ["10"]


async def test_control_state_is_the_whole_truth(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.grant({"companies": []})
    sets = (await caller.get("/_control/state")).json["sets"]
    assert len(sets["PostingProposalHeadSet"]) == len(ifs.story.invoices)
    [row] = [r for r in sets["PostingProposalHeadSet"] if (r["Company"], r["InvoiceId"]) == ("10", 9009)]
    assert row["NetCurrAmount"] == "12345678.905"


async def test_the_human_page_shows_documents(caller: Caller) -> None:
    page = (await caller.get("/?set=PostingProposalHeadSet&find=12345678")).text
    assert "12,345,678.905" in page
