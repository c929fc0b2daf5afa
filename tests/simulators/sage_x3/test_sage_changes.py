"""Fact sheet Sage X3 §5, §6: which edits move which stamps."""

from typing import Any

import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from simulators.sage_x3.sage_caller import Caller

NOW = "2026-11-20T13:00:00Z"


@pytest.fixture
def later(sage: SageX3Simulator) -> SageX3Simulator:
    """The folder an hour after the start, with its clock stopped at a whole second."""
    sage.clock.freeze()
    offset = sage.clock.now()
    sage.clock.advance((offset.replace(hour=13, minute=0, second=0, microsecond=0) - offset).total_seconds())
    return sage


def row(sage: SageX3Simulator, name: str, **key: Any) -> dict[str, Any]:
    return next(dict(r) for r in sage.truth()[name] if all(r[n] == v for n, v in key.items()))


def test_an_edit_through_the_class_moves_the_stamp_and_the_day(later: SageX3Simulator) -> None:
    changed = later.update("PORDER", {"POHNUM": "P9001"}, {"ORDREF": "new"})
    assert (changed["UPDDATTIM"], changed["updatedDate"], changed["UPDDAT"]) == (NOW, NOW, NOW[:10])


@pytest.mark.parametrize(("by", "moved"), [("classic", {"UPDDAT"}), ("import", set())])
def test_other_ways_of_editing_move_less(later: SageX3Simulator, by: str, moved: set[str]) -> None:
    before = row(later, "PORDER", POHNUM="P9001")
    after = later.update("PORDER", {"POHNUM": "P9001"}, {"ORDREF": "new", "$by": by})
    assert {name for name in after if after[name] != before[name]} == {"ORDREF"} | moved


async def test_an_imported_row_has_no_stamp_and_no_uuid(later: SageX3Simulator, caller: Caller) -> None:
    await caller.sign_in()
    later.insert("BPSUPPLIER", {"BPSNUM": "N1", "BPSNAM": "Imported"}, by="import")
    shown = (await caller.details("BPSUPPLIER", "N1")).json
    assert (shown["UPDDATTIM"], shown["UPDDAT"], shown["$uuid"]) == (None, None, "")
    assert (await caller.query("BPSUPPLIER", where="UPDDATTIM ge @2000-01-01@ and BPSNUM eq 'N1'")).rows == []
    first = (await caller.query("BPSUPPLIER", orderBy="UPDDATTIM asc,BPSNUM asc", count=1)).rows
    assert [r["BPSNUM"] for r in first] == ["N1"]
    assert len(await caller.all("BPSUPPLIER", orderBy="UPDDATTIM asc,BPSNUM asc", count=1)) == 44


async def test_an_address_edit_does_not_move_the_suppliers_stamp(later: SageX3Simulator, caller: Caller) -> None:
    await caller.sign_in()
    before = (await caller.details("BPSUPPLIER", "V9001")).json
    later.update("BPADDRESS", {"BPATYP": 1, "BPANUM": "V9001", "BPAADD": "1"}, {"CTY": "Fulda"})
    after = (await caller.details("BPSUPPLIER", "V9001")).json
    assert (after["UPDDATTIM"], after["$etag"]) == (before["UPDDATTIM"], before["$etag"])
    assert [(a["CTY"], a["UPDDATTIM"]) for a in after["BPAADDRESS"]] == [("Fulda", NOW)]


@pytest.mark.parametrize("touch", [True, False])
async def test_a_line_edit_may_touch_the_header(later: SageX3Simulator, caller: Caller, touch: bool) -> None:
    await caller.sign_in()
    later.set_switches(line_edits_touch_header=touch)
    before = (await caller.details("PORDER", "P9008")).json
    later.update("PORDERQ", {"POHNUM": "P9008", "POPLIN": 1000, "POQSEQ": 1}, {"ITMDES": "changed"})
    after = (await caller.details("PORDER", "P9008")).json
    assert (after["UPDDATTIM"] == NOW) is touch
    assert (after["$etag"] == before["$etag"]) is not touch
    assert (after["PORDERQ"][0]["ITMDES"], after["PORDERQ"][0]["UPDDATTIM"]) == ("changed", NOW)
    later.delete("PORDERQ", {"POHNUM": "P9008", "POPLIN": 1000, "POQSEQ": 1})
    assert [line["POPLIN"] for line in (await caller.details("PORDER", "P9008")).json["PORDERQ"]] == [2000]


def test_renaming_a_supplier_renames_the_partner_but_not_the_other_way_round(later: SageX3Simulator) -> None:
    later.update("BPSUPPLIER", {"BPSNUM": "V9001"}, {"BPSNAM": "Schmidt Neu GmbH"})
    partner = row(later, "BPARTNER", BPRNUM="V9001")
    assert (partner["BPRNAM"], partner["UPDDATTIM"]) == (["Schmidt Neu GmbH", ""], NOW)
    before = row(later, "BPSUPPLIER", BPSNUM="V9002")
    later.update("BPARTNER", {"BPRNUM": "V9002"}, {"EECNUM": "DE1"})
    assert row(later, "BPSUPPLIER", BPSNUM="V9002") == before


async def test_a_new_document_with_its_lines(later: SageX3Simulator, caller: Caller) -> None:
    await caller.sign_in()
    later.insert("PINVOICE", {"NUM": "NEW1", "FCY": "H1", "CPY": "10", "BPR": "V9010", "CUR": "EUR", "AMTNOT": "10.50"})
    for place, center in enumerate(("100", "200"), 1):
        later.insert("BPSINVLIGA", {"NUM": "NEW1", "LIG": 1, "ANALIG": place, "DIE": ["CCT"], "CCE": [center]})
    later.insert("BPSINVLIG", {"NUM": "NEW1", "LIG": 1, "ACC": ["6310"], "AMTNOTLIN": "10.50"})
    invoice = (await caller.details("PINVOICE", "NEW1")).json
    assert (invoice["STA"], invoice["SNS"], invoice["UPDDATTIM"], invoice["CREDATTIM"]) == (3, 1, NOW, NOW)
    assert (len(invoice["BPSINVLIG"]), len(invoice["BPSINVLIGA"]), invoice["PINVOICED"]) == (1, 2, [])
    later.set_switches(analytics="nested")
    invoice = (await caller.details("PINVOICE", "NEW1")).json
    assert "BPSINVLIGA" not in invoice
    assert [a["CCE"][0] for a in invoice["BPSINVLIG"][0]["BPSINVLIGA"]] == ["100", "200"]


async def test_a_late_commit(later: SageX3Simulator, caller: Caller) -> None:
    stamp = later.clock.now().replace(hour=9)
    later.insert("GACCOUNT", {"COA": "COR", "ACC": "9999", "DES": "Late"}, stamp=stamp)
    assert row(later, "GACCOUNT", ACC="9999")["UPDDATTIM"] == "2026-11-20T09:00:00Z"


def test_a_document_goes_with_its_lines(sage: SageX3Simulator) -> None:
    sage.delete("PORDER", {"POHNUM": "P9008"})
    assert not [r for r in sage.truth()["PORDERQ"] if r["POHNUM"] == "P9008"]
    sage.insert("PORDER", {"POHNUM": "P9008"})
    sage.delete("BPSUPPLIER", {"BPSNUM": "V9001"})
    assert row(sage, "BPARTNER", BPRNUM="V9001")
    assert row(sage, "BPADDRESS", BPANUM="V9001")


def test_what_cannot_be_done_is_said(sage: SageX3Simulator) -> None:
    with pytest.raises(ValueError, match="already has"):
        sage.insert("PORDER", {"POHNUM": "P9001"})
    with pytest.raises(ValueError, match="needs POHNUM"):
        sage.insert("PORDER", {})
    with pytest.raises(ValueError, match="cannot be changed"):
        sage.update("PORDER", {"POHNUM": "P9001"}, {"POHNUM": "P1"})
    with pytest.raises(KeyError):
        sage.update("PORDER", {"POHNUM": "NOPE"}, {"CUR": "EUR"})
    with pytest.raises(KeyError):
        sage.insert("NOSET", {})
    with pytest.raises(ValueError, match="nobody"):
        sage.update("PORDER", {"POHNUM": "P9001"}, {"$by": "nobody"})


async def test_a_field_that_nobody_announced(sage: SageX3Simulator, caller: Caller) -> None:
    sage.update("PORDER", {"POHNUM": "P9001"}, {"ZNEW": {"nested": ["Ω", None]}})
    assert (await caller.details("PORDER", "P9001")).json["ZNEW"] == {"nested": ["Ω", None]}
    assert (await caller.details("PORDER", "P9014")).json["ZLOADINGGATE"] == "7"
