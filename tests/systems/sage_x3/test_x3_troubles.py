"""Answers that fail with status 200, locks, facets without a stamp, other people's servers, and load."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
import pytest
from aiohttp import web

from ml_connector.clock import ManualClock
from ml_connector.errors import (
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    RemoteFaultError,
)
from ml_connector.records import Entity
from ml_connector.systems.base import Need, Opening, Verdict
from ml_connector.systems.sage_x3 import CONNECTOR
from ml_connector_simulators.sage_x3 import SageX3Simulator
from scripted_server import Reply, ScriptedServer
from systems.sage_x3.x3_folder import connected
from systems.simulated import read

ORDERS, ACCOUNTS = Entity.PURCHASE_ORDERS, Entity.GL_ACCOUNTS


async def keys_of(folder: SageX3Simulator, entity: Entity, **settings: Any) -> set[str]:
    async with connected(folder, **settings) as system:
        return set((await read(system, entity)).keys)


# Locks and diagnoses -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["409", "200"])
async def test_a_locked_record_is_asked_for_three_times_more(
    folder: SageX3Simulator, manual_clock: ManualClock, form: Any
) -> None:
    folder.set_switches(locked=("PORDER('P9013')",), lock_answer=form)
    async with connected(folder) as system:
        with pytest.raises(RemoteFaultError, match=r"P9013.* stays locked.*JDOE"):
            await system.stream(ORDERS).fetch(["P9013"])
        assert manual_clock.slept == [5, 5, 5]
        folder.set_switches(locked=())
        assert len(await system.stream(ORDERS).fetch(["P9013"])) == 1


async def test_an_error_in_a_good_answer_is_no_empty_list(folder: SageX3Simulator) -> None:
    folder.set_switches(diagnoses=[{"entity": "PORDER", "times": 5}])
    async with connected(folder) as system:
        with pytest.raises(ContractError, match=r"PORDER list: X3 answered with an error.*GESPOH"):
            await read(system, ORDERS)


async def test_a_warning_in_a_good_answer_is_none(folder: SageX3Simulator) -> None:
    everything = await keys_of(folder, ORDERS)
    folder.set_switches(diagnoses=[{"entity": "PORDER", "times": 5, "severity": "warning", "keeps_rows": True}])
    assert await keys_of(folder, ORDERS) == everything


@pytest.mark.parametrize("status", ["200", "404"])
async def test_what_does_not_exist_is_absent(folder: SageX3Simulator, status: Any) -> None:
    folder.set_switches(missing_record=status)
    async with connected(folder) as system:
        assert await system.stream(ORDERS).fetch(["NOBODY", "P9013/7"]) == []
        assert await system.stream(ACCOUNTS).fetch(["COR/NOBODY", "GRP/4010", "alone"]) == []


# Facets --------------------------------------------------------------------------------------------------------------


def wheres(folder: SageX3Simulator) -> list[str]:
    asked = (parse_qs(urlsplit(entry.target).query) for entry in folder.journal.entries)
    return [each["where"][0] for each in asked if "where" in each]


@pytest.mark.parametrize(("style", "mark"), [("at", "@"), ("quoted", "'")])
async def test_changes_by_day_where_there_is_no_moment(folder: SageX3Simulator, style: Any, mark: str) -> None:
    folder.set_switches(stampless=["PORDER"], date_literals=style)
    folder.clock.freeze()
    async with connected(folder, date_literal_style=style) as system:
        first = await read(system, ORDERS)
        folder.update("PORDER", {"POHNUM": "P9013"}, {"ORDREF": "new"})
        second = await read(system, ORDERS, first.cursor)
    assert second.keys == ["P9013"]
    two_days_ago = folder.clock.now() - timedelta(days=2)
    assert f"UPDDAT ge {mark}{two_days_ago:%Y-%m-%d}{mark}" in wheres(folder)


async def test_without_any_stamp_everything_is_read_and_check_says_so(folder: SageX3Simulator) -> None:
    async with connected(folder, change_fields={"purchase_orders": "ZNONE"}) as system:
        first = await read(system, ORDERS)
        second = await read(system, ORDERS, first.cursor)
        found = await system.check([Need(ORDERS, False)])
    assert second.window.first_load and second.window.remark
    assert second.keys == first.keys
    assert [each.subject for each in found if each.verdict is Verdict.MISSING] == ["PORDER"]


async def test_an_address_alone_brings_its_supplier(folder: SageX3Simulator) -> None:
    folder.set_switches(line_edits_touch_header=False)
    async with connected(folder) as system:
        first = await read(system, Entity.SUPPLIERS)
        folder.clock.advance(3600)
        folder.update("BPADDRESS", {"BPATYP": 1, "BPANUM": "V9010", "BPAADD": "1"}, {"CTY": "Nowhere"})
        second = await read(system, Entity.SUPPLIERS, first.cursor)
    assert second.keys == ["V9010"]


async def test_a_line_alone_is_seen_by_the_sweep_where_its_class_is_hidden(folder: SageX3Simulator) -> None:
    folder.set_switches(line_edits_touch_header=False)
    async with connected(folder) as system:
        stream = system.stream(ORDERS)
        first = await read(system, ORDERS)
        folder.clock.advance(3600)
        folder.update("PORDERQ", {"POHNUM": "P9013", "POPLIN": 1000, "POQSEQ": 1}, {"QTYPUU": 9})
        assert (await read(system, ORDERS, first.cursor)).keys == []
        swept = {key: version async for some in stream.sweep() for key, version in some}
    assert [raw.key for raw in first.records if swept[raw.key] != raw.version] == ["P9013"]


async def test_an_import_without_a_stamp_is_seen_by_the_sweep(folder: SageX3Simulator) -> None:
    async with connected(folder) as system:
        first = await read(system, Entity.INVOICES)
        invoice = {"NUM": "IMPORTED", "FCY": "H1", "BPR": "V9010", "CUR": "EUR", "ACCDAT": "2026-01-01"}
        folder.insert("PINVOICE", invoice, by="import")  # type: ignore[call-arg]
        assert (await read(system, Entity.INVOICES, first.cursor)).keys == []
        swept = {key async for some in system.stream(Entity.INVOICES).sweep() for key, _ in some}
        fetched = await system.stream(Entity.INVOICES).fetch(["IMPORTED"])
    assert swept - set(first.keys) == {"IMPORTED"} == {raw.key for raw in fetched}


async def test_an_invoice_comes_when_it_is_validated(folder: SageX3Simulator) -> None:
    pending = next(row["NUM"] for row in folder.truth()["PINVOICE"] if row["STA"] == 2)
    async with connected(folder) as system:
        first = await read(system, Entity.INVOICES)
        assert pending not in first.keys
        folder.clock.advance(3600)
        folder.update("PINVOICE", {"NUM": pending}, {"DES": ["still pending"]})
        second = await read(system, Entity.INVOICES, first.cursor)
        folder.clock.advance(3600)
        folder.update("PINVOICE", {"NUM": pending}, {"STA": 3})
        third = await read(system, Entity.INVOICES, second.cursor)
    assert (second.keys, third.keys) == ([], [pending])
    assert pending in await keys_of(folder, Entity.INVOICES, invoice_min_status=2)


async def test_names_that_differ_everywhere(folder: SageX3Simulator) -> None:
    everything = await keys_of(folder, ORDERS)
    folder.set_switches(
        class_codes={"PORDER": "ZPO"}, representations={"PORDER": "ZPOH"}, line_arrays={"PORDERQ": "LINES"}
    )
    settings = {
        "classes": {"purchase_orders": "ZPO"},
        "representations": {"purchase_orders": "ZPOH"},
        "arrays": {"PORDERQ": "LINES"},
    }
    assert await keys_of(folder, ORDERS, **settings) == everything
    with pytest.raises(ModuleMissingError, match="no class PORDER") as caught:
        await keys_of(folder, ORDERS)
    assert "`classes`" in caught.value.fix


async def test_lines_within_the_list_need_no_second_look(folder: SageX3Simulator) -> None:
    folder.set_switches(lines_in_query=["PORDER"])
    await keys_of(folder, ORDERS)
    assert not [entry for entry in folder.journal.entries if "$details" in entry.target and "PORDER" in entry.target]


# Rights and load -----------------------------------------------------------------------------------------------------


async def test_nothing_at_all_is_a_missing_right_unless_it_may_be(folder: SageX3Simulator) -> None:
    folder.set_switches(sites="hide")
    async with connected(folder) as system:
        first = await read(system, ORDERS)
    folder.grant({"sites": []})
    async with connected(folder) as system:
        with pytest.raises(PermissionMissingError, match="nothing of PORDER in folder SEED"):
            await read(system, ORDERS)
        folder.clock.advance(10 * 86400)
        with pytest.raises(PermissionMissingError, match="nothing of PORDER in folder SEED"):
            await read(system, ORDERS, first.cursor)
    async with connected(folder, may_be_empty=["purchase_orders"]) as system:
        assert (await read(system, ORDERS)).keys == []


@pytest.mark.parametrize("form", ["diagnoses", "html", "empty"])
async def test_a_missing_right_is_named_whatever_the_body(folder: SageX3Simulator, form: Any) -> None:
    folder.set_switches(error_body=form)
    folder.grant({"class": "PORDER", "granted": False})
    with pytest.raises(PermissionMissingError, match="may not read class PORDER") as caught:
        await keys_of(folder, ORDERS)
    assert "function profile" in caught.value.fix


async def test_two_calls_at_a_time(folder: SageX3Simulator) -> None:
    folder.set_switches(sessions=2, pause_s=0.001)
    await keys_of(folder, ORDERS)
    assert folder.most_at_once == 2


async def test_no_free_session_is_waited_for(folder: SageX3Simulator, manual_clock: ManualClock) -> None:
    everything = await keys_of(folder, ACCOUNTS)
    folder.set_switches(busy=3)
    assert await keys_of(folder, ACCOUNTS) == everything
    assert len(manual_clock.slept) == 3


# Servers that are not ours -------------------------------------------------------------------------------------------


def at(server: ScriptedServer) -> Any:
    names = {"folder": "SEED", "chart_code": "COR", "cost_center_dimension": "CCT"}
    basic = {"username": "MLC", "password": "shh"}
    return CONNECTOR.open(Opening("x3", server.url(""), msgspec.convert(names, CONNECTOR.settings), "basic", basic))


def account(code: str, **more: Any) -> dict[str, Any]:
    stamp = {"UPDDATTIM": "2026-03-01T10:00:00Z"}
    return {"COA": "COR", "ACC": code, "DES": code, "ENAFLG": 2, "VLYSTR": None, "VLYEND": None, **stamp, **more}


def answering(server: ScriptedServer, answer: Callable[[dict[str, str]], Any]) -> None:
    """GACCOUNT answers by its parameters; there are no prototypes."""

    def reply(request: web.Request) -> Reply:
        found = answer(dict(request.query))
        return found if isinstance(found, Reply) else Reply(body=found)

    server.routes["/api1/x3/erp/SEED/GACCOUNT"] = reply
    server.script(Reply(404, "<html>Not found</html>"))


async def test_without_metadata_a_row_proves_what_may_be_filtered(server: ScriptedServer) -> None:
    def answer(query: dict[str, str]) -> Any:
        if "UPDDATTIM" in query.get("where", ""):
            return Reply(500, {"$diagnoses": [{"$severity": "error", "$message": "UPDDATTIM is not on the facet"}]})
        bare = account("1")
        del bare["UPDDATTIM"]
        return {"$resources": [{**bare, "UPDDAT": "2026-03-01"}]}

    answering(server, answer)
    async with at(server) as system:
        first = await read(system, ACCOUNTS)
        await read(system, ACCOUNTS, first.cursor)
    assert not [seen for seen in server.seen if "UPDDATTIM" in seen.target]
    assert [seen for seen in server.seen if "UPDDAT%20ge" in seen.target]


@pytest.mark.parametrize(
    "link",
    ["/api1/x3/erp/SEED/GACCOUNT?count=2&where=ACC ge 'A B'&key=gt.x'y", "GACCOUNT?count=2&key=gt.x%27y"],
    ids=["unencoded", "relative"],
)
async def test_links_in_any_form(server: ScriptedServer, link: str) -> None:
    def answer(query: dict[str, str]) -> Any:
        if "key" in query:
            assert query["key"] == "gt.x'y"
            return {"$resources": [account("2")], "$links": {}}
        return {"$resources": [account("1")], "$links": {"$next": {"$url": link, "$type": "x"}}}

    answering(server, answer)
    async with at(server) as system:
        assert (await read(system, ACCOUNTS)).keys == ["COR/1", "COR/2"]


async def test_a_link_to_another_server_is_not_followed(server: ScriptedServer) -> None:
    answering(
        server, lambda query: {"$resources": [account("1")], "$links": {"$next": {"$url": "http://evil.example/api1"}}}
    )
    async with at(server) as system:
        with pytest.raises(ContractError, match=r"evil\.example"):
            await read(system, ACCOUNTS)
    assert {unquote(seen.headers["Host"]) for seen in server.seen} == {server.url("").removeprefix("http://")}


async def test_a_link_that_leads_back_ends_the_reading(server: ScriptedServer) -> None:
    again = "/api1/x3/erp/SEED/GACCOUNT?key=gt.1"
    answering(server, lambda query: {"$resources": [account("1")], "$links": {"$next": {"$url": again}}})
    async with at(server) as system:
        with pytest.raises(ContractError, match="leads back"):
            await read(system, ACCOUNTS)


@pytest.mark.parametrize(
    ("reply", "kind", "tries"),
    [
        (Reply(500, {"$diagnoses": [{"$severity": "error", "$message": "Unknown property X"}]}), ModuleMissingError, 1),
        (Reply(500, {"$diagnoses": [{"$severity": "error", "$message": "out of memory"}]}), RemoteFaultError, 3),
        (Reply(400, {"$diagnoses": [{"$severity": "error", "$message": "Syntax error"}]}), ContractError, 1),
        (Reply(200, "<html>Sign in</html>"), ContractError, 1),
        (Reply(200, {"$other": []}), ContractError, 1),
        (Reply(302, "", {"Location": "https://elsewhere.example/"}), ContractError, 1),
    ],
    ids=["wrong question", "failed", "bad request", "web page", "another shape", "moved"],
)
async def test_how_often_a_bad_answer_is_asked_again(
    server: ScriptedServer, reply: Reply, kind: type[MLConnectorError], tries: int
) -> None:
    answering(server, lambda query: reply)
    async with at(server) as system:
        with pytest.raises(kind) as caught:
            await read(system, ACCOUNTS)
    assert caught.value.fix
    asked = [seen for seen in server.seen if seen.target.split("?")[0].endswith("GACCOUNT")]
    assert len(asked) == tries
