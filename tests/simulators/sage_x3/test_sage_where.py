"""Fact sheet Sage X3 §3: the grammar of `where` and `orderBy`."""

import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from simulators.sage_x3.sage_caller import Caller


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("POHNUM eq 'P9002'", ["P9002"]),
        ("CLEFLG eq 2 and RCPFLG eq 1 and left(POHNUM,2) eq 'P9'", ["P9002"]),
        ("POHNUM like '%9002' or POHNUM like 'P900_'", ["P9002"]),
        ("POHNUM ge 'P9001' and POHNUM lt 'P9003'", ["P9001", "P9002"]),
        ("(POHNUM eq 'P9001' or POHNUM eq 'P9002') and not POHNUM eq 'P9001'", ["P9002"]),
        ("POHNUM eq 'P9001' or POHNUM eq 'P9002' and CLEFLG eq 1", ["P9001"]),
        ("TOTORD gt 1000.00 and left(POHNUM,4) eq 'P901' and CUR eq 'KWD'", ["P9011"]),
        ("BPRNAM like 'x'", None),
        ("ORDREF eq 'O''Brien'", []),
    ],
)
async def test_where(caller: Caller, where: str, numbers: list[str] | None) -> None:
    reply = await caller.query("PORDER", where=where)
    if numbers is None:
        assert reply.status == 400
    else:
        assert [row["POHNUM"] for row in reply.rows] == numbers


@pytest.mark.parametrize(
    "literal",
    ["@2026-11-20T12:30:00Z@", "'2026-11-20T12:30:00Z'", "@2026-11-20T13:30:00+01:00@", "@2026-11-20T12:30:00.000Z@"],
)
async def test_stamps_are_compared_inclusively(caller: Caller, sage: SageX3Simulator, literal: str) -> None:
    sage.clock.freeze()
    sage.clock.advance(1800)
    await caller.sign_in()
    moment = sage.clock.now().replace(hour=12, minute=30, second=0, microsecond=0)
    sage.update("PORDER", {"POHNUM": "P9001"}, {"ORDREF": "x"}, stamp=moment)
    ge = await caller.query("PORDER", where=f"UPDDATTIM ge {literal}")
    assert [row["POHNUM"] for row in ge.rows] == ["P9001"]
    assert (await caller.query("PORDER", where=f"UPDDATTIM gt {literal}")).rows == []


async def test_dates(caller: Caller) -> None:
    for literal in ("@2025-12-31@", "'2025-12-31'"):
        rows = await caller.all("PORDER", where=f"ORDDAT le {literal} and left(POHNUM,2) eq 'P9'")
        assert [row["POHNUM"] for row in rows] == ["P9004", "P9017", "P9020"]


async def test_one_style_of_dates_may_be_refused(caller: Caller, sage: SageX3Simulator) -> None:
    styles = {"at": "@2025-12-31@", "quoted": "'2025-12-31'"}
    for understood in styles:
        sage.set_switches(date_literals=understood)
        statuses = [(await caller.query("PORDER", where=f"ORDDAT le {styles[s]}")).status for s in styles]
        assert statuses == [200 if style == understood else 400 for style in styles]


@pytest.mark.parametrize("parameters", [{"where": "NOPE eq 1"}, {"orderBy": "NOPE asc"}, {"where": "PORDERQ eq 1"}])
async def test_an_unknown_property_is_a_server_error(caller: Caller, parameters: dict[str, str]) -> None:
    reply = await caller.query("PORDER", **parameters)
    assert reply.status == 500
    assert reply.message.endswith("does not exist on the representation")


@pytest.mark.parametrize(
    "parameters",
    [
        {"where": "CUR = 'EUR'"},
        {"where": "CUR eq"},
        {"where": "CUR eq EUR"},
        {"where": 'CUR eq "EUR"'},
        {"where": "CUR eq 'EUR"},
        {"where": "CUR eq 'EUR') or (CUR eq 'USD'"},
        {"where": "CUR eq 'EUR' CUR eq 'USD'"},
        {"where": "CLEFLG eq '2'"},
        {"where": "POHNUM eq 417"},
        {"where": "ORDDAT ge @soon@"},
        {"where": "left(POHNUM) eq 'P'"},
        {"orderBy": "CUR up"},
        {"orderBy": "CUR,"},
        {"key": "P9001"},
        {"key": "gt.a~b"},
    ],
)
async def test_a_syntax_error_is_a_bad_request(caller: Caller, parameters: dict[str, str]) -> None:
    assert (await caller.query("PORDER", **parameters)).status == 400


async def test_order(caller: Caller) -> None:
    rows = await caller.all("PORDER", orderBy="CUR desc, TOTORD, POHNUM asc", count=100)
    assert [r["CUR"] for r in rows] == sorted((r["CUR"] for r in rows), reverse=True)
    euro = [r["TOTORD"] for r in rows if r["CUR"] == "EUR"]
    assert euro == sorted(euro)
