"""Fact sheet Sage X3 §3: lists with their pages, single records, metadata and what is refused."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from simulators.sage_x3.sage_caller import ROOT, Caller


async def test_an_envelope(caller: Caller, sage: SageX3Simulator) -> None:
    reply = await caller.query("BPSUPPLIER", count=2)
    assert (reply.json["$itemsPerPage"], reply.json["$startIndex"]) == (2, 1)
    assert reply.json["$totalResults"] == len(sage.truth()["BPSUPPLIER"])
    assert {"$first", "$next", "$last"} == set(reply.json["$links"])
    row = reply.rows[0]
    assert row["$key"] == row["BPSNUM"]
    assert row["CUR_REF"]["CUR"] == row["CUR"]
    assert {"$uuid", "$url", "$etag", "$updDate", "$updUsr"} <= set(row)
    assert row["updatedDate"] == row["UPDDATTIM"]


async def test_twenty_rows_unless_asked_for_more_and_a_thousand_at_most(caller: Caller, sage: SageX3Simulator) -> None:
    assert len((await caller.query("PORDER")).rows) == 20
    assert (await caller.query("PORDER", count=5000)).json["$itemsPerPage"] == 1000
    sage.set_switches(page_limit=7)
    assert len((await caller.query("PORDER", count=200)).rows) == 7
    for wrong in ("0", "-1", "many"):
        assert (await caller.query("PORDER", count=wrong)).status == 400


@pytest.mark.parametrize("form", ["relative", "absolute"])
@pytest.mark.parametrize("order", ["", "UPDDATTIM asc,NUM asc", "UPDDATTIM desc,NUM asc"])
async def test_next_links_lead_through_every_row_once(
    caller: Caller, sage: SageX3Simulator, form: str, order: str
) -> None:
    sage.set_switches(next_link=form)
    rows = await caller.all("PINVOICE", count=9, **({"orderBy": order} if order else {}))
    keys = [row["NUM"] for row in rows]
    assert sorted(keys) == sorted(row["NUM"] for row in sage.truth()["PINVOICE"])
    if not order:
        assert keys == sorted(keys)


async def test_a_next_link_carries_the_last_key(caller: Caller) -> None:
    reply = await caller.query("BPSUPPLIER", count=1, orderBy="UPDDATTIM asc,BPSNUM asc")
    row, url = reply.rows[0], reply.json["$links"]["$next"]["$url"]
    assert url.startswith(f"{ROOT}BPSUPPLIER?representation=BPSUPPLIER.$query&count=1&orderBy=")
    assert url.endswith(f"&key=gt.{row['UPDDATTIM'].replace(':', '%3A')}~{row['BPSNUM']}")


async def test_an_order_without_the_key_loses_ties_at_page_edges(caller: Caller, sage: SageX3Simulator) -> None:
    for number in range(5):
        sage.insert("CACCE", {"DIE": "CCT", "CCE": f"N{number}", "DES": "New"}, stamp=sage.clock.now())
    rows = await caller.all("CACCE", count=2, orderBy="DES asc", where="DES eq 'New'")
    assert len(rows) == 2


async def test_other_links_lead_back_and_to_the_end(caller: Caller) -> None:
    first = await caller.query("PORDER", count=20)
    second = await caller.get(first.json["$links"]["$next"]["$url"])
    assert (await caller.get(second.json["$links"]["$prev"]["$url"])).rows == first.rows
    last = await caller.get(first.json["$links"]["$last"]["$url"])
    assert "$next" not in last.json["$links"]
    assert last.rows[-1]["POHNUM"] == (await caller.all("PORDER"))[-1]["POHNUM"]


async def test_an_empty_list(caller: Caller) -> None:
    reply = await caller.query("PORDER", where="POHNUM eq 'NONE'")
    assert (reply.status, reply.rows, list(reply.json["$links"])) == (200, [], ["$first"])


async def test_rows_changed_while_paging_may_be_seen_twice(caller: Caller, sage: SageX3Simulator) -> None:
    reply = await caller.query("PORDER", count=10, orderBy="UPDDATTIM asc,POHNUM asc")
    seen = reply.rows[0]["POHNUM"]
    sage.update("PORDER", {"POHNUM": seen}, {"ORDREF": "again"})
    rows = []
    while "$next" in reply.json["$links"]:
        reply = await caller.get(reply.json["$links"]["$next"]["$url"])
        rows += reply.rows
    assert rows[-1]["POHNUM"] == seen


@pytest.mark.parametrize(
    ("switch", "pages"), [("first_page", [True, False]), ("always", [True] * 2), ("never", [False] * 2)]
)
async def test_total_results_come_sometimes(
    caller: Caller, sage: SageX3Simulator, switch: str, pages: list[bool]
) -> None:
    sage.set_switches(total_results=switch)
    first = await caller.query("PORDER")
    second = await caller.get(first.json["$links"]["$next"]["$url"])
    assert ["$totalResults" in reply.json for reply in (first, second)] == pages


async def test_details_hold_the_lines_and_lists_do_not(caller: Caller, sage: SageX3Simulator) -> None:
    assert "PORDERQ" not in (await caller.query("PORDER")).rows[0]
    order = (await caller.details("PORDER", "P9012")).json
    assert [line["POPLIN"] for line in order["PORDERQ"]] == [1000 * n for n in range(1, 13)]
    supplier = (await caller.details("BPSUPPLIER", "V9001")).json
    assert supplier["BPAADDRESS"][0]["CTY"] == "Kassel"
    sage.set_switches(lines_in_query=["PORDER"])
    [listed] = (await caller.query("PORDER", where="POHNUM eq 'P9012'")).rows
    assert len(listed["PORDERQ"]) == 12


async def test_composite_keys(caller: Caller) -> None:
    account = (await caller.details("GACCOUNT", "COR~6310")).json
    assert (account["$key"], account["COA"], account["ACC"]) == ("COR~6310", "COR", "6310")
    assert (await caller.details("BPADDRESS", "1~V9001~1")).json["BPANUM"] == "V9001"
    assert (await caller.details("GACCOUNT", "6310")).status == 400


async def test_odd_keys(caller: Caller) -> None:
    assert (await caller.details("BPSUPPLIER", "V9007 ")).json["BPSNUM"] == "V9007 "
    assert (await caller.details("BPSUPPLIER", "000417")).json["BPSNUM"] == "000417"


async def test_values(caller: Caller) -> None:
    order = (await caller.details("PORDER", "P9011")).json
    assert order["PORDERQ"][0]["NETPRI"] == Decimal("1.235")
    assert order["CLEFLG"] == 1
    assert order["ORDDAT"] < order["UPDDATTIM"]
    account = (await caller.details("GACCOUNT", "COR~6310")).json
    assert account["VLYEND"] is None


@pytest.mark.parametrize(("switch", "shown"), [("blank", {"ORDREF": ""}), ("null", {"ORDREF": None}), ("absent", {})])
async def test_empty_texts(caller: Caller, sage: SageX3Simulator, switch: str, shown: dict[str, Any]) -> None:
    sage.set_switches(empty_texts=switch)
    order = (await caller.details("PORDER", "P9011")).json
    assert {name: value for name, value in order.items() if name == "ORDREF"} == shown


@pytest.mark.parametrize(("switch", "shown"), [("null", None), ("blank", ""), ("zeros", "0000-00-00")])
async def test_empty_dates(caller: Caller, sage: SageX3Simulator, switch: str, shown: str | None) -> None:
    sage.set_switches(empty_dates=switch)
    assert (await caller.details("GACCOUNT", "COR~6310")).json["VLYEND"] == shown


async def test_decimals_may_be_texts(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(decimals="text")
    order = (await caller.details("PORDER", "P9011")).json
    assert (order["PORDERQ"][0]["NETPRI"], order["CLEFLG"]) == ("1.235", 1)


async def test_arrays(caller: Caller, sage: SageX3Simulator) -> None:
    order = (await caller.details("PORDER", "P9011")).json
    assert order["PORDERQ"][0]["CCE"] == ["220"] + [""] * 8
    sage.set_switches(arrays="trimmed")
    order = (await caller.details("PORDER", "P9011")).json
    assert (order["PORDERQ"][0]["CCE"], order["CCE"]) == (["220"], [])
    sage.set_switches(arrays="numbered")
    order = (await caller.details("PORDER", "P9011")).json
    assert (order["PORDERQ"][0]["CCE1"], order["PORDERQ"][0]["DIE2"]) == ("220", "PRJ")


@pytest.mark.parametrize(("form", "text"), [("html", "<html><body>403</body></html>"), ("empty", "")])
async def test_a_refusal_may_come_without_diagnoses(
    caller: Caller, sage: SageX3Simulator, form: str, text: str
) -> None:
    sage.set_switches(error_body=form)
    sage.grant({"class": "PORDER", "granted": False})
    reply = await caller.query("PORDER")
    assert (reply.status, reply.text) == (403, text)
    caller.authorization = ""
    assert (await caller.query("PORDER")).json is None


@pytest.mark.parametrize("status", ["200", "404"])
async def test_a_missing_record(caller: Caller, sage: SageX3Simulator, status: str) -> None:
    sage.set_switches(missing_record=status)
    reply = await caller.details("PORDER", "NOPE")
    assert (reply.status, reply.json) == (
        int(status),
        {"$diagnoses": [{"$severity": "error", "$message": "721 : Record does not exist"}]},
    )


async def test_a_locked_record(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(locked=["PORDER('P9001')"])
    assert (await caller.details("PORDER", "P9001")).status == 409
    sage.set_switches(lock_answer="200")
    reply = await caller.details("PORDER", "P9001")
    assert (reply.status, reply.message) == (200, "record locked by user JDOE")
    assert (await caller.details("PORDER", "P9002")).json["POHNUM"] == "P9002"


async def test_a_diagnosis_inside_a_good_answer(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(diagnoses=[{"entity": "PORDER", "after": 1}])
    assert (await caller.query("PORDER")).rows
    reply = await caller.query("PORDER")
    assert (reply.status, reply.rows, reply.json["$diagnoses"][0]["$severity"]) == (200, [], "error")
    assert "$diagnoses" not in (await caller.query("PORDER")).json
    sage.set_switches(diagnoses=[{"severity": "warning", "keeps_rows": True}])
    reply = await caller.query("PINVOICE")
    assert len(reply.rows) == 20
    assert reply.json["$diagnoses"][0]["$severity"] == "warning"


async def test_no_free_session(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(busy=1)
    reply = await caller.query("PORDER")
    assert (reply.status, reply.headers["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert (await caller.query("PORDER")).status == 200


async def test_the_pool_has_so_many_sessions(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(sessions=2, pause_s=0.05)
    replies = await asyncio.gather(*(caller.query("PORDER") for _ in range(3)))
    assert sorted(reply.status for reply in replies) == [200, 200, 503]
    assert sage.most_at_once == 2


async def test_what_does_not_exist(caller: Caller) -> None:
    assert (await caller.query("NOCLASS")).status == 404
    other = await caller.get("/api1/x3/erp/OTHER/PORDER", representation="PORDER.$query")
    assert (other.status, other.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert (await caller.get("PORDER")).status == 400
    assert (await caller.get("PORDER", representation="PINVOICE.$query")).status == 404
    assert (await caller.get("PORDER", representation="PORDER.$details")).status == 400
    assert (await caller.query("PORDERQ")).status == 404
    assert (await caller.send("POST", f"{ROOT}PORDER?representation=PORDER.$create", json={})).status == 405


async def test_unknown_parameters_are_ignored(caller: Caller) -> None:
    assert (await caller.query("PORDER", nonsense="1")).status == 200


async def test_prototypes(caller: Caller) -> None:
    reply = await caller.get("BPSUPPLIER/$prototypes('BPSUPPLIER.$edit')")
    properties = reply.json["$properties"]
    assert properties["BPSNAM"] == {"$type": "application/x-string", "$maxLength": 35, "$isMandatory": True}
    assert properties["ENAFLG"]["$type"] == "application/x-choice"
    assert "CTY" in properties["BPAADDRESS"]["$item"]["$properties"]


async def test_facets_may_lack_the_stamp(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(stampless=["PORDER"])
    row = (await caller.query("PORDER")).rows[0]
    assert not {"UPDDATTIM", "updatedDate"} & set(row)
    assert row["$updDate"] == row["UPDDAT"]
    assert (await caller.query("PORDER", where="UPDDATTIM ge @2026-01-01@")).status == 500
    assert (await caller.query("PORDER", where="UPDDAT ge @2026-01-01@")).rows
    prototype = await caller.get("PORDER/$prototypes('PORDER.$query')")
    assert "UPDDATTIM" not in prototype.json["$properties"]
    assert "UPDDATTIM" in (await caller.query("PINVOICE")).rows[0]


async def test_names_may_differ(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(
        class_codes={"PINVOICE": "PIH"}, representations={"PORDER": "ZPOH"}, line_arrays={"PORDERQ": "LINES"}
    )
    assert (await caller.query("PINVOICE")).status == 404
    assert (await caller.query("PIH")).rows
    reply = await caller.get("PORDER('P9012')", representation="ZPOH.$details")
    assert len(reply.json["LINES"]) == 12
    assert "read PINVOICE" in sage.journal.counts().by_entity


async def test_line_classes(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(line_classes=True)
    rows = await caller.all("PORDERQ", orderBy="UPDDATTIM asc,POHNUM asc,POPLIN asc,POQSEQ asc", count=50)
    assert len(rows) == len(sage.truth()["PORDERQ"])
    assert (await caller.details("PORDERQ", "P9013~1000~2")).json["POQSEQ"] == 2


async def test_prices_may_be_an_array_of_their_own(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(order_prices="beside")
    order = (await caller.details("PORDER", "P9013")).json
    assert [(x["POPLIN"], x["POQSEQ"], x["QTYUOM"], "NETPRI" in x) for x in order["PORDERQ"]] == [
        (1000, 1, 4, False),
        (1000, 2, 4, False),
    ]
    assert [(x["POPLIN"], x["POPSEQ"], x["NETPRI"]) for x in order["PORDERP"]] == [(1000, 1, 20)]


async def test_a_profile_without_the_class(caller: Caller, sage: SageX3Simulator) -> None:
    sage.grant({"class": "PINVOICE", "granted": False})
    reply = await caller.query("PINVOICE")
    assert (reply.status, reply.message) == (403, "Your profile has no right on PINVOICE")
    assert (await caller.query("PORDER")).status == 200
    with pytest.raises(KeyError):
        sage.grant({"class": "NOCLASS", "granted": False})


async def test_sites_without_a_right(caller: Caller, sage: SageX3Simulator) -> None:
    foreign = next(row["POHNUM"] for row in sage.truth()["PORDER"] if row["POHFCY"] == "A1")
    sage.grant({"company": "20", "granted": False})
    assert (await caller.query("PORDER")).status == 403
    assert (await caller.details("PORDER", foreign)).status == 403
    assert (await caller.details("PORDER", "P9001")).status == 200
    assert (await caller.query("GACCOUNT")).status == 200
    sage.set_switches(sites="hide")
    assert {row["CPY"] for row in await caller.all("PORDER")} == {"10"}
    sage.grant({"sites": []})
    assert (await caller.query("PORDER")).rows == []
    sage.grant({"sites": ["H1", "H2", "A1"]})
    assert {row["CPY"] for row in await caller.all("PORDER")} == {"10", "20"}
