"""Fact sheet SYSPRO §2 and §3: logons, sessions, queries and setups of e.net."""

import re

import pytest

from ml_connector_simulators.syspro import SysproSimulator
from simulators.syspro.syspro_caller import REST, Caller

EXPIRED = "ERROR: Invalid or expired UserId"
GL_ITEM = "<Item><Key><GlCode>{}</GlCode></Key>{}</Item>"
CENTER = (
    "<Item><Key><AnalysisCategory>COSTCTR</AnalysisCategory><AnalysisType>1</AnalysisType>"
    "<AnalysisCode>{}</AnalysisCode></Key><Description>{}</Description></Item>"
)
ONE_ACCOUNT = "<TableName>GenMaster</TableName><Columns><Column>GlCode</Column></Columns>"


def where(*expressions: str) -> str:
    """`AndOr|OpenBracket|Column|Condition|Value|CloseBracket` each."""
    names = ("AndOr", "OpenBracket", "Column", "Condition", "Value", "CloseBracket")
    made = ""
    for each in expressions:
        parts = zip(names, each.split("|"), strict=True)
        made += f"<Expression>{''.join(f'<{n}>{v}</{n}>' for n, v in parts)}</Expression>"
    return f"<Where>{made}</Where>"


# Logons and sessions ---------------------------------------------------------------------------------------


async def test_logon_gives_36_characters(caller: Caller, syspro: SysproSimulator) -> None:
    reply = await caller.log_on()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/octet-stream")
    assert re.fullmatch(r"[0-9A-F]{32}\d\d  ", reply.text)
    profile = await caller.enet("GetLogonProfile")
    assert profile.text.startswith('<?xml version="1.0" encoding="Windows-1252"?>')
    assert profile.xml.findtext("LocalCurrencyCode") == "EUR"
    assert (await caller.enet("GetLogonProfile", UserId=caller.token.strip())).xml.findtext("OperatorCode") == "MLCON"
    syspro.set_switches(token_blanks=False)
    assert len((await caller.log_on()).text) == 34


async def test_paths_and_parameter_names_in_any_case(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    reply = await caller._send("GET", f"{syspro.url}{REST.lower()}getLOGONprofile?userid={caller.token.strip()}", {})
    assert reply.xml.findtext("CompanyName") == "Halvorsen Pumpen GmbH"


@pytest.mark.parametrize(
    "changes",
    [{"OperatorPassword": "x"}, {"Operator": "NOBODY"}, {"CompanyId": "EDU9"}, {"CompanyPassword": ""}],
)
async def test_bad_logons_are_200(caller: Caller, changes: dict[str, str]) -> None:
    reply = await caller.log_on(**changes)
    assert reply.status == 200
    assert reply.text.startswith("ERROR: Invalid")


async def test_an_operator_may_be_locked_out(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(lock_after=2)
    for _ in range(2):
        await caller.log_on(OperatorPassword="x")
    assert (await caller.log_on()).text == "ERROR: Operator is locked out"


async def test_everything_is_a_get(caller: Caller, syspro: SysproSimulator) -> None:
    assert (await caller.enet("Logon", method="POST")).status == 405
    assert (await caller.enet("Nothing")).status == 404
    syspro.grant({"enet": False})
    reply = await caller.log_on()
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html")


async def test_second_logon_evicts_the_first(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    first = caller.token
    await caller.log_on()
    assert (await caller.enet("GetLogonProfile", UserId=first)).text == EXPIRED
    assert (await caller.enet("GetLogonProfile")).text.startswith("<?xml")
    assert (syspro.sessions.opened, syspro.sessions.evicted) == (2, 1)
    assert syspro.grant({}).evicted_operators == ["MLCON"]


async def test_other_companies_sessions_are_evicted_by_a_switch(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    await caller.log_on(CompanyId="EDU2")
    assert syspro.sessions.evicted == 0
    syspro.set_switches(eviction="any_company")
    await caller.log_on()
    assert (syspro.sessions.evicted, len(syspro.sessions)) == (2, 1)
    syspro.set_switches(eviction="none")
    await caller.log_on()
    assert len(syspro.sessions) == 2


async def test_a_person_may_take_the_session(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    syspro.grant({"logon": "MLCON"})
    assert (await caller.enet("GetLogonProfile")).text == EXPIRED


async def test_idle_sessions_expire(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.clock.freeze()
    await caller.log_on()
    syspro.clock.advance(1199)
    assert (await caller.enet("GetLogonProfile")).text.startswith("<?xml")
    syspro.clock.advance(1199)
    assert (await caller.enet("GetLogonProfile")).text.startswith("<?xml")
    syspro.clock.advance(1200)
    assert (await caller.enet("GetLogonProfile")).text == EXPIRED
    assert syspro.sessions.expired == 1


async def test_logoff(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    assert (await caller.enet("Logoff")).text == "0"
    assert (await caller.enet("Logoff")).text == EXPIRED
    assert (syspro.sessions.closed, len(syspro.sessions)) == (1, 0)


async def test_seats_are_licensed(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(seats=1)
    syspro.grant({"logon": "AMEYER", "company": "EDU1"})
    assert (await caller.log_on()).text == "ERROR: Maximum number of concurrent users reached"


@pytest.mark.parametrize("wrapping", ["json", "string"])
async def test_bodies_may_be_wrapped(caller: Caller, syspro: SysproSimulator, wrapping: str) -> None:
    syspro.set_switches(wrapping=wrapping)
    reply = await caller.log_on()
    caller.token = reply.json if wrapping == "json" else str(reply.xml.text)
    assert len(caller.token) == 36
    reply = await caller.find(ONE_ACCOUNT)
    text = str(reply.json if wrapping == "json" else reply.xml.text)
    assert text.startswith("<?xml")
    assert "<TableName>GenMaster</TableName>" in text


# Queries ---------------------------------------------------------------------------------------------------


async def test_comfnd_of_the_example(caller: Caller) -> None:
    await caller.log_on()
    content = f"{ONE_ACCOUNT}<ReturnRows>1</ReturnRows><OrderBy><Column>GlCode</Column></OrderBy>"
    found = (await caller.find(content)).xml
    assert (found.tag, found.attrib["Version"]) == ("GenMaster", "8.0.011")
    assert [row.findtext("GlCode") for row in found.findall("Row")] == ["0400"]
    assert found.findtext("RowsReturned") == "       1"


async def test_comfnd_pages_by_key(caller: Caller) -> None:
    await caller.log_on()
    head = "<TableName>ApSupplier</TableName><ReturnRows>20</ReturnRows><Columns><Column>Supplier</Column></Columns>"
    order, last, found = "<OrderBy><Column>Supplier</Column></OrderBy>", "", []
    while True:
        rows = (await caller.find(head + where(f"||Supplier|GT|{last}|") + order)).xml.findall("Row")
        if not rows:
            break
        found += [str(row.findtext("Supplier")) for row in rows]
        last = found[-1]
    assert found == sorted(str(r["Supplier"]) for r in caller.sim.truth()["ApSupplier"] if r["CompanyId"] == "EDU1")


async def test_comfnd_brackets(caller: Caller) -> None:
    await caller.log_on()
    both = where("||AccountType|EQ|E|", "And|(|GlCode|EQ|6990|", "Or||GlCode|EQ|4010|)", "And||AccOnHoldFlag|NE|Y|")
    found = (await caller.find(f"{ONE_ACCOUNT}{both}")).xml
    assert [row.findtext("GlCode") for row in found.findall("Row")] == ["4010"]
    assert (await caller.find(f"{ONE_ACCOUNT}{where('|(|GlCode|EQ|1|')}")).text.startswith("ERROR")


async def test_unknown_elements_are_ignored_and_so_are_typos(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    typo = where("||GlCode|EQ|4010|").replace("Where", "Wher")
    found = (await caller.find(f"{ONE_ACCOUNT}{typo}<Sort>x</Sort>")).xml
    ours = [row for row in syspro.truth()["GenMaster"] if row["CompanyId"] == "EDU1"]
    assert len(found.findall("Row")) == len(ours)


async def test_values_in_enets_way(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    columns = "<Columns><Column>Line</Column><Column>MOrderQty</Column><Column>MLatestDueDate</Column></Columns>"
    syspro.update("PorMasterDetail", {"PurchaseOrder": " 00001", "Line": 2}, {"MLatestDueDate": None})
    head = f"<TableName>PorMasterDetail</TableName>{columns}<OrderBy><Column>Line</Column></OrderBy>"
    rows = (await caller.find(head + where("||PurchaseOrder|EQ| 00001|"))).xml.findall("Row")
    assert [row.findtext("Line") for row in rows] == ["     1", "     2", "     3", "     4"]
    assert rows[0].findtext("MOrderQty") == "        38400.000000"
    assert rows[1].findtext("MLatestDueDate") == "0000-00-00"


async def test_answers_are_windows_1252(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    syspro.update("ApSupplier", {"Supplier": "V9010", "CompanyId": "EDU1"}, {"SupplierName": "Müller & Łódź €"})
    reply = await caller.find("<TableName>ApSupplier</TableName>" + where("||Supplier|EQ|V9010|"))
    assert "M\xfcller &amp; ?\xf3d? \x80".encode("latin-1") in reply.body


async def test_custom_forms_are_read_by_comfnd_only(caller: Caller) -> None:
    await caller.log_on()
    found = (await caller.find("<TableName>ApSupplier+</TableName>")).xml
    assert [row.findtext("LoadingGate") for row in found.findall("Row")] == ["7"]


@pytest.mark.parametrize(
    "content",
    [
        "<TableName>Nothing</TableName>",
        ONE_ACCOUNT + where("||Nope|EQ|1|"),
        ONE_ACCOUNT + where("||GlCode|LIKE|1|"),
        ONE_ACCOUNT + where("||CurrentBalance|EQ|x|"),
        "<TableName>",
    ],
)
async def test_wrong_queries(caller: Caller, content: str) -> None:
    await caller.log_on()
    reply = await caller.find(content)
    assert (reply.status, reply.text[:6]) == (200, "ERROR:")


async def test_refused_tables_and_unlicensed_objects(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    syspro.grant({"table": "GenMaster", "granted": False})
    assert (await caller.find(ONE_ACCOUNT)).text.startswith("ERROR")
    syspro.grant({"object": "COMFND", "granted": False})
    assert (await caller.find(ONE_ACCOUNT)).text == "ERROR: e.net exception 100000"
    reply = await caller.enet("Transaction/Post", BusinessObject="APSTIN", XmlParameters="", XmlIn="")
    assert reply.text == "ERROR: e.net exception 100000"


async def test_porqry_has_display_twins(caller: Caller) -> None:
    await caller.log_on()
    xml = "<Query><Key><PurchaseOrder> 00001</PurchaseOrder></Key></Query>"
    found = (await caller.enet("Query/Query", BusinessObject="PORQRY", XmlIn=xml)).xml
    assert (found.tag, found.findtext("PurchaseOrder")) == ("PorDetail", " 00001")
    line = found.find("PurchaseOrderLine/Merchandise")
    assert line is not None
    assert str(line.findtext("MOrderQty")).strip() == "38,400.000"
    assert str(line.findtext("Unedited_MOrderQty")).strip() == "38400.000000"


async def test_browse_and_fetch(caller: Caller) -> None:
    await caller.log_on()
    xml = "<Browse><BrowseName>ApSupplier</BrowseName><StartAtKey>V9002</StartAtKey><ReturnRows>2</ReturnRows></Browse>"
    found = (await caller.enet("Query/Browse", XmlIn=xml)).xml
    assert [row.findtext("Supplier/Value") for row in found.findall("Row")] == ["V9002", "V9003"]
    assert found.findtext("NextPrevKey/NextKey") == "V9004"
    xml = (
        "<Fetch><TableName>ApInvoice</TableName><Key>V9010</Key><OptionalKey1>SY-NODIST</OptionalKey1>"
        "<FullKeyProvided>Y</FullKeyProvided></Fetch>"
    )
    assert str((await caller.enet("Query/Fetch", XmlIn=xml)).xml.findtext("OrigInvValue")).strip() == "45.10"


# Setups ----------------------------------------------------------------------------------------------------


def account(syspro: SysproSimulator, code: str) -> list[tuple[object, ...]]:
    rows = [r for r in syspro.truth()["GenMaster"] if r["CompanyId"] == "EDU1" and r["GlCode"] == code]
    return [(row["Description"], row["AccountType"], row["GlGroup"]) for row in rows]


async def test_add_and_update_a_gl_code(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    more = "<Description>Tools</Description><AccountType>E</AccountType><GlGroup>OVERHEAD</GlGroup>"
    answer = (await caller.set_up("Add", "GENSGC", GL_ITEM.format("6599", more))).xml
    assert (answer.tag, answer.findtext("StatusOfItems/RecordsInvalid")) == ("setupglcode", "0")
    assert account(syspro, "6599") == [("Tools", "E", "OVERHEAD")]
    await caller.set_up("Update", "GENSGC", GL_ITEM.format("6599", "<Description>Small tools</Description>"))
    assert account(syspro, "6599") == [("Small tools", "E", "OVERHEAD")]


async def test_setup_of_the_example(caller: Caller) -> None:
    await caller.log_on()
    reply = await caller.set_up("Update", "GENSGC", GL_ITEM.format("10-9999", ""))
    assert (
        "<item><key><glcode>10-9999</glcode></key><glcode><Value>10-9999</Value><ErrorNumber>240004</ErrorNumber>"
        "<ErrorDescription>GL code '10-9999' not found</ErrorDescription></glcode></item>"
        "<StatusOfItems><RecordsRead>1</RecordsRead><RecordsInvalid>1</RecordsInvalid></StatusOfItems></setupglcode>"
    ) in reply.text


async def test_add_on_an_existing_key(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    syspro.set_switches(lower_case_setup=False)
    answer = (await caller.set_up("Add", "GENSAC", CENTER.format("100", "x"))).xml
    assert answer.findtext("Item/AnalysisCode/ErrorNumber") == "240010"


async def test_validate_only_changes_nothing(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    await caller.set_up("Add", "GENSAC", CENTER.format("777", "New"), "<ValidateOnly>Y</ValidateOnly>")
    assert [r for r in syspro.truth()["GenAnalysisCode"] if r["AnalysisCode"] == "777"] == []
    await caller.set_up("Add", "GENSAC", CENTER.format("777", "New"), "<ValidateOnyl>Y</ValidateOnyl>")
    assert [r["CompanyId"] for r in syspro.truth()["GenAnalysisCode"] if r["AnalysisCode"] == "777"] == ["EDU1"]


async def test_one_wrong_item_keeps_the_others_out(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    items = CENTER.format("777", "New") + CENTER.format("778", "x" * 51)
    answer = (await caller.set_up("Add", "GENSAC", items)).xml
    assert answer.findtext("StatusOfItems/RecordsRead") == "2"
    codes = {row["AnalysisCode"] for row in syspro.truth()["GenAnalysisCode"]}
    assert "777" not in codes
    await caller.set_up("Add", "GENSAC", items, "<ApplyIfEntireDocumentValid>N</ApplyIfEntireDocumentValid>")
    codes = {row["AnalysisCode"] for row in syspro.truth()["GenAnalysisCode"]}
    assert ("777" in codes, "778" in codes) == (True, False)


async def test_what_is_outside_windows_1252_becomes_a_question_mark(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    await caller.set_up("Update", "GENSGC", GL_ITEM.format("4010", "<Description>Łódź über 🚀</Description>"))
    assert account(syspro, "4010") == [("?ód? über ?", "E", "MATERIAL")]


async def test_requests_are_counted_by_kind_and_object(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.log_on()
    await caller.find(ONE_ACCOUNT)
    await caller.set_up("Add", "GENSGC", "")
    await caller.enet("Logoff")
    assert syspro.journal.counts().by_entity == {
        "token logon": 1,
        "read GenMaster": 1,
        "write GENSGC": 1,
        "token logoff": 1,
    }
