"""Fact sheet section 2, "Encoded query" and "Time"."""

import pytest
import pytest_asyncio

from simulators.servicenow.servicenow_caller import Caller

COMPANIES = [
    {"name": "Acme", "city": "Kassel", "zip": "34117", "country": "DE"},
    {"name": "acme south", "city": "", "zip": "80331", "country": "DE"},
    {"name": "Bolt", "city": "Oslo", "zip": "0150", "country": "NO"},
    {"name": "Zinc", "city": "Kiruna", "zip": "98131", "country": "SE"},
]


@pytest_asyncio.fixture
async def companies(snow: Caller) -> Caller:
    for sys_id in list(snow.sim.tables["core_company"].rows):
        snow.sim.delete("core_company", {"sys_id": sys_id})
    for number, values in enumerate(COMPANIES):
        snow.sim.insert("core_company", {"sys_id": f"{number:032x}", **values})
    return snow


async def names(snow: Caller, query: str) -> list[str]:
    return [row["name"] for row in await snow.rows("core_company", query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=ACME", ["Acme"]),
        ("country!=DE", ["Bolt", "Zinc"]),
        ("nameSTARTSWITHAC", ["Acme", "acme south"]),
        ("nameENDSWITHc", ["Zinc"]),
        ("nameLIKEme", ["Acme", "acme south"]),
        ("nameNOT LIKEme", ["Bolt", "Zinc"]),
        ("nameINBolt,Zinc", ["Bolt", "Zinc"]),
        ("nameNOT INBolt,Zinc", ["Acme", "acme south"]),
        ("cityISEMPTY", ["acme south"]),
        ("cityISNOTEMPTY^country=DE", ["Acme"]),
        ("cityANYTHING", ["Acme", "acme south", "Bolt", "Zinc"]),
        ("zip>34117", ["acme south", "Zinc"]),
        ("zip<=34117", ["Acme", "Bolt"]),
        ("zipBETWEEN30000@90000", ["Acme", "acme south"]),
        ("country=NO^ORcountry=SE^name=Zinc", ["Zinc"]),
        ("name=Zinc^NQcountry=NO", ["Zinc", "Bolt"]),
        ("country=NO^ORcountry=SE^ORDERBYDESCname", ["Zinc", "Bolt"]),
        ("ORDERBYcountry^ORDERBYDESCname", ["acme south", "Acme", "Bolt", "Zinc"]),
        ("sys_id>00000000000000000000000000000001^ORDERBYsys_id", ["Bolt", "Zinc"]),
    ],
)
async def test_operators(companies, query, expected):
    assert await names(companies, query) == expected


async def test_an_invalid_condition_is_dropped(companies):
    assert len(await names(companies, "correlation_idd=4711")) == 4
    assert await names(companies, "correlation_idd=4711^name=Bolt") == ["Bolt"]
    assert len(await names(companies, "name~Bolt")) == 4


async def test_invalid_queries_may_return_no_rows(companies):
    companies.sim.set_switches(invalid_query_returns_no_rows=True)
    assert await names(companies, "correlation_idd=4711") == []
    assert await names(companies, "correlation_idd=4711^name=Bolt") == []


async def test_a_caret_in_a_value_ends_it(companies):
    companies.sim.insert("core_company", {"name": "Caret^Works"})
    assert await names(companies, "name=Caret^Works") == []


async def test_equals_may_respect_letter_case(companies):
    companies.sim.set_switches(equals_ignores_case=False)
    assert await names(companies, "name=ACME") == []
    assert await names(companies, "name=Acme") == ["Acme"]


async def test_dot_walk(snow):
    rows = await snow.rows("proc_po", "vendor.name=Handschrift Werkzeuge GmbH^ORDERBYnumber")
    assert [row["number"] for row in rows] == ["P9005", "P9006", "P9007", "P9007"]


async def test_a_dot_walk_through_an_absent_column_is_dropped(snow):
    assert len(await snow.rows("proc_po", "vendor.nam=x")) == 4


async def test_numbers_compare_as_numbers(snow):
    rows = await snow.rows("proc_po_item", "ordered_quantity>9^ordered_quantity<12")
    assert {row["ordered_quantity"] for row in rows} == {"10"}
    assert len(await snow.rows("proc_po_item", "total_cost=50")) == 3


async def test_field_value_pairs_stand_in_for_a_query(companies):
    reply = await companies.send("GET", "/api/now/table/core_company", {"name": "bolt", "country": "NO"})
    assert [row["name"] for row in reply.result] == ["Bolt"]


async def test_date_generate_is_in_the_callers_zone(companies):
    from datetime import UTC, datetime

    companies.sim.insert("core_company", {"name": "Late"}, stamp=datetime(2026, 1, 31, 7, 30, tzinfo=UTC))
    script = "sys_updated_on<=javascript:gs.dateGenerate('2026-01-31','08:00:00')"
    assert await names(companies, script) == ["Late"]
    companies.sim.set_switches(user_time_zone="Europe/Berlin")
    assert await names(companies, script) == []
    assert await names(companies, "sys_updated_on<=2026-01-31 08:00:00") == ["Late"]


async def test_days_ago(companies):
    assert len(await names(companies, "sys_updated_on>=javascript:gs.daysAgoStart(1)")) == 4
    assert await names(companies, "sys_updated_on<=javascript:gs.daysAgoEnd(1)") == []


async def test_keyset_paging_reads_everything_once(companies):
    read, stamp, last = [], "", ""
    while True:
        query = f"sys_updated_on={stamp}^sys_id>{last}^NQsys_updated_on>{stamp}" if stamp else ""
        rows = await companies.rows("core_company", f"{query}^ORDERBYsys_updated_on^ORDERBYsys_id", sysparm_limit="3")
        if not rows:
            break
        read += [row["sys_id"] for row in rows]
        stamp, last = rows[-1]["sys_updated_on"], rows[-1]["sys_id"]
    assert read == [f"{number:032x}" for number in range(4)]
