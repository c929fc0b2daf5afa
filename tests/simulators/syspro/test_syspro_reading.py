"""Fact sheet SYSPRO §4: the OData service."""

import re

import pytest

from ml_connector_simulators.syspro import SysproSimulator
from simulators.syspro.syspro_caller import ROOT, Caller

INVOICES = "ApInvoice?$orderby=Supplier,Invoice"


async def keys(caller: Caller, expression: str) -> list[str]:
    """The suppliers' invoice numbers that a filter finds."""
    reply = await caller.get(f"{INVOICES}&$filter={expression}")
    assert reply.status == 200, reply.text
    return [row["Invoice"] for row in reply.rows]


async def test_envelope_of_the_example(caller: Caller, syspro: SysproSimulator) -> None:
    select = "$select=Supplier,Invoice,InvoiceDate,OrigInvValue,TimeStamp"
    reply = await caller.get(f"ApInvoice?{select}&$filter=Invoice eq 'SY-NODIST'&$count=true")
    assert reply.headers["OData-Version"] == "4.0"
    assert reply.json["@odata.context"] == f"{syspro.url}{ROOT}EDU1/$metadata#ApInvoice"
    assert reply.json["@odata.count"] == 1
    [row] = reply.rows
    assert re.fullmatch(r"[\w-]{11}=", row.pop("TimeStamp"))
    assert row == {
        "Supplier": "V9010",
        "Invoice": "SY-NODIST",
        "InvoiceDate": "2026-11-12T00:00:00Z",
        "OrigInvValue": 45.1,
    }
    assert '"OrigInvValue":45.10' in reply.text


async def test_companies_are_partitions(caller: Caller) -> None:
    [ours] = (await caller.get("GenMaster?$filter=GlCode eq '4010'")).rows
    [theirs] = (await caller.get(f"{ROOT}EDU2/GenMaster?$filter=GlCode eq '4010'")).rows
    assert (ours["Company"], theirs["Company"]) == ("EDU1", "EDU2")
    assert await keys(caller, "Invoice eq 'AW-9001'") == []


async def test_company_may_be_the_operators_own(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(company_in_path=False)
    rows = (await caller.get(f"{ROOT}GenMaster?$filter=GlCode eq '4010'")).rows
    assert [row["Company"] for row in rows] == ["EDU1"]
    assert (await caller.get(f"{ROOT}EDU1/GenMaster")).status == 404


async def test_the_root_is_iis_and_its_case_does_not_matter(caller: Caller) -> None:
    assert (await caller.get("/syspro8odata/sysproodata/EDU1/GenMaster?$top=1")).status == 200
    for path in (f"{ROOT}EDU9/ApInvoice", ROOT, "/elsewhere"):
        reply = await caller.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html")
    reply = await caller.get("apinvoice")
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/json")


async def test_service_document_and_metadata(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(
        set_names={"ApInvoice": "Invoices"},
        hidden_sets=["GrnDetails"],
        property_names={"GenMaster.AccOnHoldFlag": "OnHold"},
        hidden_properties=["ApSupplier.Email"],
    )
    names = {each["name"] for each in (await caller.get("")).rows}
    assert "Invoices" in names
    assert not names & {"ApInvoice", "GrnDetails", "ApSupplier+"}
    text = (await caller.get("$metadata")).text
    assert '<EntitySet Name="Invoices" EntityType="SYSPROOData.ApInvoice"/>' in text
    assert '<Property Name="OnHold" Type="Edm.String" MaxLength="1" Nullable="false"/>' in text
    assert 'Name="JournalDate" Type="Edm.DateTimeOffset"/>' in text
    assert (await caller.get("GenMaster?$filter=OnHold eq 'Y'")).rows[0]["GlCode"] == "6990"
    assert (await caller.get("ApSupplier?$select=Email")).status == 400


async def test_basic_is_asked_for(caller: Caller, syspro: SysproSimulator) -> None:
    reply = await caller.get("ApInvoice", user="ODATA:wrong")
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Basic")
    assert "<html>" in reply.text
    syspro.set_switches(body_of_401="empty")
    assert (await caller.get("ApInvoice", user="ODATA:wrong")).body == b""
    syspro.grant({"operator": "ODATA", "granted": False})
    assert (await caller.get("ApInvoice")).status == 401


async def test_rights(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.grant({"table": "ApInvoice", "granted": False})
    reply = await caller.get("ApInvoice")
    assert (reply.status, reply.headers["Content-Type"]) == (403, "text/html")
    assert (await caller.get("ApSupplier?$top=1")).status == 200
    syspro.grant({"company": "EDU1", "granted": False})
    assert (await caller.get("ApSupplier")).status == 403
    syspro.grant({"odata": False})
    assert (await caller.get("ApSupplier")).status == 404


async def test_it_is_read_only(caller: Caller) -> None:
    assert (await caller.get("ApSupplier", method="POST")).status == 405


@pytest.mark.parametrize(
    "query",
    [
        "$filter=Nope eq 'x'",
        "$filter=Invoice eq 5",
        "$filter=Invoice eq",
        "$filter=(Invoice eq 'x'",
        "$filter=InvoiceDate ge '2026-01-01'",
        "$filter=InvoiceDate ge 2026-02-30",
        "$filter=OrigInvValue gt '5'",
        "$filter=TimeStamp gt binary'AAAAAAABk9E='",
        "$filter=Invoice in ('x','y')",
        "$expand=Lines",
        "$top=x",
        "$top=-1",
        "$count=yes",
        "$orderby=Nope",
        "$select=Nope",
        "$skiptoken=x",
        "$search=x",
    ],
)
async def test_wrong_queries_are_400(caller: Caller, query: str) -> None:
    reply = await caller.get(f"ApInvoice?{query}")
    assert reply.status == 400
    assert reply.json["error"]["message"] == "The query specified in the URI is not valid."


async def test_what_nobody_knows_is_ignored(caller: Caller) -> None:
    assert (await caller.get("ApInvoice?top=1&cache=no&$top=1")).status == 200


async def test_filters(caller: Caller) -> None:
    assert await keys(caller, "Supplier eq 'V9010' and InvoiceDate eq 2025-11-10") == ["AW-9015"]
    assert await keys(caller, "InvoiceDate le 2025-12-15T00:00:00Z") == ["AW-9015", "AW-9016"]
    assert await keys(caller, "InvoiceDate lt 2025-12-15") == ["AW-9015"]
    assert await keys(caller, "startswith(Invoice,'SY-LATE') and not endswith(Invoice,'70')") == ["SY-LATE-33"]
    assert await keys(caller, "contains(tolower(Invoice),'dispute') or InvoiceStatus eq 'D'") == ["SY-DISPUTE"]
    assert await keys(caller, "Invoice eq 'O''B^26-\"1\"'") == ['O\'B^26-"1"']
    assert await keys(caller, "(Invoice eq '123' or Invoice eq '000123') and MthInvBal1 ne 0") == ["000123", "123"]
    assert await keys(caller, "year(InvoiceDate) eq 2025 and DiscountDate ne null") == ["AW-9015", "AW-9016"]


async def test_a_chain_of_keys(caller: Caller, syspro: SysproSimulator) -> None:
    wanted = [r for r in syspro.truth()["ApInvoice"] if r["CompanyId"] == "EDU1"][::7]
    chain = " or ".join(f"(Supplier eq '{r['Supplier']}' and Invoice eq '{r['Invoice']}')" for r in wanted)
    assert sorted(await keys(caller, chain)) == sorted(str(r["Invoice"]) for r in wanted)
    syspro.delete("ApInvoice", {name: wanted[0][name] for name in ("CompanyId", "Supplier", "Invoice")})
    assert len(await keys(caller, chain)) == len(wanted) - 1
    assert await keys(caller, f"({chain}) and Supplier eq 'NOBODY'") == []


async def test_pages_by_key(caller: Caller, syspro: SysproSimulator) -> None:
    found: list[tuple[str, str]] = []
    after = ""
    while True:
        rows = (await caller.get(f"{INVOICES}&$top=9{after}")).rows
        if not rows:
            break
        found += [(row["Supplier"], row["Invoice"]) for row in rows]
        supplier, invoice = (part.replace("'", "''") for part in found[-1])
        after = f"&$filter=Supplier gt '{supplier}' or (Supplier eq '{supplier}' and Invoice gt '{invoice}')"
    truth = [(r["Supplier"], r["Invoice"]) for r in syspro.truth()["ApInvoice"] if r["CompanyId"] == "EDU1"]
    assert sorted(found) == sorted(truth)


async def test_trailing_blanks_do_not_count_in_a_filter_but_leading_ones_do(caller: Caller) -> None:
    assert await keys(caller, "Invoice eq 'RE-77'") == ["RE-77 "]
    lines = "PorMasterDetail?$orderby=PurchaseOrder,Line&$filter=PurchaseOrder eq '{}'"
    assert [r["LineType"] for r in (await caller.get(lines.format(" 00001"))).rows] == ["1", "6", "5", "7"]
    assert (await caller.get(lines.format("00001"))).rows == []


async def test_numeric_keys_are_filled_up(caller: Caller) -> None:
    rows = (await caller.get("ApSupplier?$filter=endswith(Supplier,'417')&$orderby=Supplier")).rows
    assert [row["Supplier"] for row in rows] == ["000000000000417", "000417"]
    assert (await caller.get("ApSupplier('000417')")).json["SupplierName"] == "Zero Castings LLC"
    assert (await caller.get("ApInvoice(Supplier='V9010',Invoice='123')")).json["Invoice"] == "123"
    assert (await caller.get("ApSupplier('417')")).status == 404


async def test_time_stamps_may_be_compared(caller: Caller) -> None:
    [row] = (await caller.get("ApInvoice?$filter=Invoice eq 'SY-SPLIT'")).rows
    assert await keys(caller, f"TimeStamp eq binary'{row['TimeStamp']}'") == ["SY-SPLIT"]


async def test_5000_rows_without_top_have_a_next_link(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(page_limit=10)
    first = await caller.get(f"{INVOICES}&$filter=Supplier ge 'V'")
    link = first.json["@odata.nextLink"]
    assert link.startswith(f"{syspro.url}{ROOT}EDU1/ApInvoice?")
    assert "$skiptoken=" in link
    found = await caller.all(f"{INVOICES}&$filter=Supplier ge 'V'")
    assert len(found) == len({row["TimeStamp"] for row in found}) > 20


async def test_with_top_a_truncated_answer_says_nothing(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(page_limit=10)
    reply = await caller.get(f"{INVOICES}&$top=15")
    assert (len(reply.rows), "@odata.nextLink" in reply.json) == (10, False)
    syspro.set_switches(next_link="always")
    assert len(await caller.all(f"{INVOICES}&$top=15")) == 15
    syspro.set_switches(next_link="never")
    assert "@odata.nextLink" not in (await caller.get(INVOICES)).json


async def test_skip_and_top(caller: Caller) -> None:
    whole = [row["Invoice"] for row in (await caller.get(INVOICES)).rows]
    part = [row["Invoice"] for row in (await caller.get(f"{INVOICES}&$skip=3&$top=4")).rows]
    assert part == whole[3:7]
    down = (await caller.get("ApInvoice?$orderby=Supplier desc,Invoice desc&$top=3")).rows
    assert [row["Invoice"] for row in down] == whole[::-1][:3]


async def test_without_orderby_there_is_no_order(caller: Caller, syspro: SysproSimulator) -> None:
    syspro.set_switches(page_limit=20)
    orders = [[row["TimeStamp"] for row in await caller.all("ApInvoice")] for _ in range(2)]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    syspro.set_switches(order_without_orderby="per_page")
    loose = [row["TimeStamp"] for row in await caller.all("ApInvoice")]
    assert len(set(loose)) < len(loose)


async def test_ties_of_an_order_by_part_of_the_key(caller: Caller) -> None:
    orders = [[r["Invoice"] for r in (await caller.get("ApInvoice?$orderby=Supplier")).rows] for _ in range(2)]
    assert orders[0] != orders[1]


async def test_dates_in_the_other_forms(caller: Caller, syspro: SysproSimulator) -> None:
    path = "ApInvoice?$filter=InvoiceDate eq 2026-11-12T00:00:00Z and Invoice eq 'SY-NODIST'"
    syspro.set_switches(date_zone="+02:00")
    assert (await caller.get(path)).rows[0]["InvoiceDate"] == "2026-11-12T00:00:00+02:00"
    syspro.set_switches(dates="date")
    assert (await caller.get(path)).rows[0]["InvoiceDate"] == "2026-11-12"
    assert 'Name="InvoiceDate" Type="Edm.Date"' in (await caller.get("$metadata")).text


async def test_decimals_as_texts_and_texts_with_blanks(caller: Caller, syspro: SysproSimulator) -> None:
    path = "ApInvoice?$filter=Invoice eq 'SY-NODIST'"
    accept = {"Accept": "application/json;IEEE754Compatible=true"}
    assert (await caller.get(path, **accept)).rows[0]["OrigInvValue"] == "45.10"
    syspro.set_switches(decimals="string", trailing_blanks=True)
    [row] = (await caller.get(path)).rows
    assert (row["OrigInvValue"], row["Supplier"]) == ("45.10", "V9010".ljust(15))


async def test_long_addresses_are_refused(caller: Caller, syspro: SysproSimulator) -> None:
    long = " or ".join("Invoice eq 'xxxxxxxxxxxxxxx'" for _ in range(240))
    assert (await caller.get(f"ApInvoice?$filter={long}")).status in (414, 400)
    syspro.set_switches(url_limit=100, url_too_long=400)
    assert (await caller.get(f"ApInvoice?$filter={long[:90]}")).status == 400


async def test_requests_are_counted_by_kind_and_table(caller: Caller, syspro: SysproSimulator) -> None:
    await caller.get("ApInvoice?$top=1")
    await caller.get("ApSupplier('V9010')")
    await caller.get("")
    assert syspro.journal.counts().by_entity == {
        "read ApInvoice": 1,
        "read ApSupplier": 1,
        "read service document": 1,
    }
