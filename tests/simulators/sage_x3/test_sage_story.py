"""The story as the folder holds it, with the traps of fact sheet Sage X3 §5."""

from decimal import Decimal
from typing import Any

import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from ml_connector_simulators.sage_x3.story_rows import invoice_number
from simulators.sage_x3.sage_caller import Caller


@pytest.fixture(scope="module")
def filled() -> SageX3Simulator:
    return SageX3Simulator(size="small", seed=1)


def rows(sage: SageX3Simulator, name: str, **key: Any) -> list[dict[str, Any]]:
    return [dict(r) for r in sage.truth()[name] if all(r[n] == v for n, v in key.items())]


def test_everything_told_is_there_except_what_x3_cannot_express(filled: SageX3Simulator) -> None:
    story = filled.story
    assert len(rows(filled, "BPSUPPLIER")) == len(rows(filled, "BPARTNER")) == len(story.suppliers)
    assert len(rows(filled, "PORDER")) == len(story.orders)
    assert len(rows(filled, "PORDERQ")) == sum(len(o.lines) for o in story.orders)
    told = {invoice_number(i) for i in story.invoices if i.status != "cancelled"}
    assert {r["NUM"] for r in rows(filled, "PINVOICE")} == told
    assert len(told) == len(story.invoices) - 1


def test_each_line_is_in_one_of_two_tables(filled: SageX3Simulator) -> None:
    for invoice in filled.story.invoices:
        number = invoice_number(invoice)
        purchase, partner = rows(filled, "PINVOICED", NUM=number), rows(filled, "BPSINVLIG", NUM=number)
        assert len(purchase) + len(partner) == (0 if invoice.status == "cancelled" else len(invoice.lines))
        assert not (purchase and partner)


def test_amounts_are_unsigned(filled: SageX3Simulator) -> None:
    [credit] = rows(filled, "PINVOICE", NUM="SI10009007")
    assert (credit["INVTYP"], credit["SNS"], credit["AMTNOT"], credit["AMTATI"]) == (2, -1, 100, Decimal("119.00"))
    assert [r["AMTNOTLIN"] for r in rows(filled, "BPSINVLIG", NUM="SI10009007")] == [100]
    for invoice in filled.story.invoices:
        if invoice.status != "cancelled":
            [row] = rows(filled, "PINVOICE", NUM=invoice_number(invoice))
            assert row["AMTNOT"] * row["SNS"] == invoice.net
            assert row["AMTATI"] * row["SNS"] == invoice.gross


def test_a_cancelled_order_is_closed_with_nothing_received(filled: SageX3Simulator) -> None:
    [order] = rows(filled, "PORDER", POHNUM="P9002")
    assert (order["CLEFLG"], order["RCPFLG"]) == (2, 1)
    assert {r["RCPQTYPUU"] for r in rows(filled, "PORDERQ", POHNUM="P9002")} == {0}
    [closed] = rows(filled, "PORDER", POHNUM="P9004")
    assert (closed["CLEFLG"], closed["RCPFLG"]) == (2, 3)


def test_releases_share_a_line_number(filled: SageX3Simulator) -> None:
    assert [(r["POPLIN"], r["POQSEQ"]) for r in rows(filled, "PORDERQ", POHNUM="P9013")] == [(1000, 1), (1000, 2)]


def test_the_place_of_the_cost_center_differs_by_company(filled: SageX3Simulator) -> None:
    companies = {r["POHNUM"]: r["CPY"] for r in rows(filled, "PORDER")}
    places = {(companies[r["POHNUM"]], r["DIE"].index("CCT")) for r in rows(filled, "PORDERQ")}
    assert places == {("10", 0), ("20", 1)}


def test_codes_that_belong_to_other_charts_and_dimensions(filled: SageX3Simulator) -> None:
    assert {r["COA"] for r in rows(filled, "GACCOUNT", ACC="6310")} == {"COR", "GRP"}
    assert {r["DIE"] for r in rows(filled, "CACCE", CCE="220")} == {"CCT", "PRJ"}
    assert [r["ENAFLG"] for r in rows(filled, "GACCOUNT", COA="COR", ACC="6990")] == [1]


async def test_companies_and_sites_have_addresses_too(sage: SageX3Simulator, caller: Caller) -> None:
    assert {r["BPATYP"] for r in rows(sage, "BPADDRESS")} == {1, 2, 3}
    sage.insert("BPADDRESS", {"BPATYP": 3, "BPANUM": "V9001", "BPAADD": "1", "CTY": "A site of that name"})
    assert len((await caller.details("BPSUPPLIER", "V9001")).json["BPAADDRESS"]) == 1


def test_validated_invoices_have_a_balanced_entry(filled: SageX3Simulator) -> None:
    entries = {r["NUM"]: r["TYP"] for r in rows(filled, "GACCENTRY", STA=2, CAT=1)}
    assert entries == {r["NUM"]: r["GTE"] for r in rows(filled, "PINVOICE", STA=3)}
    totals = dict.fromkeys(entries, Decimal(0))
    for line in rows(filled, "GACCENTRYD", LEDTYP=1):
        if line["NUM"] in totals:
            totals[line["NUM"]] += line["AMTCUR"] * line["SNS"]
        assert line["AMTCUR"] >= 0
    assert set(totals.values()) == {0}
    assert {r["LEDTYP"] for r in rows(filled, "GACCENTRYD")} == {1, 2}
    assert {(r["STA"], r["CAT"]) for r in rows(filled, "GACCENTRY")} == {(2, 1), (2, 2), (1, 1)}


def test_some_records_have_no_uuid(filled: SageX3Simulator) -> None:
    assert {bool(r["AUUID"]) for r in rows(filled, "BPSUPPLIER")} == {True, False}


async def test_purchase_invoice_lines_may_hide_their_coding(sage: SageX3Simulator, caller: Caller) -> None:
    [line, _] = (await caller.details("PINVOICE", "SI10009008")).json["PINVOICED"]
    assert (line["ACC"], line["POHNUM"], line["POPLIN"], line["POQSEQ"]) == ("4010", "P9010", 1000, 1)
    sage.set_switches(invoice_line_coding=False)
    [line, _] = (await caller.details("PINVOICE", "SI10009008")).json["PINVOICED"]
    assert not {"ACC", "DIE", "CCE"} & set(line)


async def test_a_supplier_may_show_its_partners_columns(sage: SageX3Simulator, caller: Caller) -> None:
    assert "CRY" not in (await caller.details("BPSUPPLIER", "V9001")).json
    sage.set_switches(partner_in_supplier=True)
    assert (await caller.details("BPSUPPLIER", "V9001")).json["CRY"] == "DE"
    sage.update("BPARTNER", {"BPRNUM": "V9001"}, {"CRY": "AT"})
    assert (await caller.details("BPSUPPLIER", "V9001")).json["CRY"] == "AT"


async def test_a_gl_entry_with_its_lines(caller: Caller) -> None:
    entry = (await caller.details("GACCENTRY", "PINV~SI10009008")).json
    assert [(r["ACC"], r["SNS"]) for r in entry["GACCENTRYD"]] == [("4010", 1), ("6310", 1), ("1571", 1), ("3300", -1)]
    assert [(r["LIN"], r["CCE"][0]) for r in entry["GACCENTRYA"]] == [(1, "220"), (2, "220")]
