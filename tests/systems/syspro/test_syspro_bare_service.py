"""A service that does not show its metadata or service document: it is read all the same."""

from __future__ import annotations

from datetime import date

import pytest
from aiohttp import web

from ml_connector.errors import ConfigurationError
from ml_connector.records import Entity
from ml_connector.systems.base import Need, Opening, Ports, Verdict
from ml_connector.systems.syspro import CONNECTOR
from ml_connector.systems.syspro.conditions import Is
from ml_connector.systems.syspro.settings import SysproSettings
from ml_connector.systems.syspro.tables import JOURNAL
from scripted_server import Reply, ScriptedServer

ROOT = "/SYSPRO8Odata/SYSPROOData/EDU1"
DAY = Is("PostDate", "ge", date(2026, 10, 1))
REFUSED = Reply(400, {"error": {"code": "", "message": "The query specified in the URI is not valid."}})


@pytest.fixture
def server(server: ScriptedServer) -> ScriptedServer:
    """Without metadata."""
    server.routes[f"{ROOT}/$metadata"] = lambda request: Reply(404, "<html></html>")
    return server


def opening(server: ScriptedServer) -> Opening:
    credentials = {"username": "MLODATA", "password": "secret"}
    return Opening("sys", server.url(""), SysproSettings(company_id="EDU1"), "basic", credentials, Ports())


async def test_a_day_that_is_refused_is_written_the_other_way_from_then_on(server: ScriptedServer) -> None:
    def journals(request: web.Request) -> Reply:
        return REFUSED if "T" in request.query["$filter"] else Reply(body={"value": []})

    server.routes[f"{ROOT}/GenJournalCtl"] = journals
    async with CONNECTOR.open(opening(server)) as system:
        await system.reader.top(JOURNAL, (), DAY)  # type: ignore[attr-defined]
        await system.reader.top(JOURNAL, (), DAY)  # type: ignore[attr-defined]
    asked = [seen.target for seen in server.seen if "GenJournalCtl" in seen.target]
    assert ["T00:00:00Z" in each or "T00%3A00%3A00Z" in each for each in asked] == [True, False, False]


async def test_a_filter_that_is_refused_either_way_is_refused(server: ScriptedServer) -> None:
    server.routes[f"{ROOT}/GenJournalCtl"] = lambda request: REFUSED
    async with CONNECTOR.open(opening(server)) as system:
        with pytest.raises(ConfigurationError, match="does not understand"):
            await system.reader.top(JOURNAL, (), DAY)  # type: ignore[attr-defined]
        with pytest.raises(ConfigurationError):
            await system.reader.top(JOURNAL, (), Is("GlYear", "eq", "2026"))  # type: ignore[attr-defined]
    assert len([seen for seen in server.seen if "GenJournalCtl" in seen.target]) == 3


@pytest.mark.parametrize("answers", [True, False])
async def test_accounts_that_answer_stand_for_a_service_document_that_is_not_there(
    server: ScriptedServer, answers: bool
) -> None:
    server.routes[f"{ROOT}/"] = lambda request: Reply(404, "<html></html>")
    account = Reply(body={"value": [{"Company": "EDU1", "GlCode": "1000", "AccountType": "E"}]})
    server.routes[f"{ROOT}/GenMaster"] = lambda request: account if answers else Reply(404, "<html></html>")
    async with CONNECTOR.open(opening(server)) as system:
        found = await system.check([Need(Entity.GL_ACCOUNTS, write=False)])
    verdict = Verdict.OK if answers else Verdict.MISSING
    assert {each.verdict for each in found} == {verdict}
    assert answers or "company_id" in found[0].fix
