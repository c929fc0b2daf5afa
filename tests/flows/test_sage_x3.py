"""Sage X3 into ServiceNow where installations differ: whatever form rows come in, the same documents arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows import plant as plants
from flows.desks.sage_x3 import INVOICES, Desk
from flows.plant import FLOW, Plant
from ml_connector import clock

DOCUMENTS = ("BPSUPPLIER", "PORDER", "PINVOICE")
HABITS: dict[str, dict[str, Any]] = {
    "as the fact sheet says": {},
    "line edits leave the stamp": {"line_edits_touch_header": False},
    "line edits leave the stamp, lines are classes": {"line_edits_touch_header": False, "line_classes": True},
    "days instead of stamps": {"stampless": (*DOCUMENTS, "GACCOUNT", "CACCE"), "line_edits_touch_header": False},
    "lines in lists": {"lines_in_query": DOCUMENTS},
    "lines in lists, coded in the entry alone": {
        "lines_in_query": DOCUMENTS,
        "invoice_line_coding": False,
        "analytics": "nested",
        "order_prices": "beside",
    },
    "absent, numbered, as text, five at a time": {
        "arrays": "numbered",
        "decimals": "text",
        "empty_texts": "absent",
        "empty_dates": "zeros",
        "analytics": "nested",
        "order_prices": "beside",
        "missing_record": "404",
        "page_limit": 5,
        "invoice_line_coding": False,
        "line_edits_touch_header": False,
    },
}


class X3Plant(Plant):
    """With the habits of one installation, and as many requests a minute as the test wants."""

    def __init__(self, folder: Path, **habits: Any) -> None:
        self.habits = habits
        super().__init__(folder, source="sage_x3")

    def configuration(self) -> str:
        self.switch(self.source, **self.habits)
        target = {"late_write_window_s": self.window, "profile": self.profile}
        return plants.configuration(
            self.source, self.target, {"target": target, "erp": {"requests_per_minute": 1_000_000}}
        )


Make = Callable[..., X3Plant]


@pytest.fixture
def x3(build: Callable[..., Any]) -> Make:
    return partial(build, X3Plant)


@contextmanager
def weeks_later(plant: Plant, weeks: int = 1) -> Iterator[None]:
    """So many weekly comparisons of everything."""
    with clock.use(clock.ManualClock()) as manual:
        for _ in range(weeks):
            manual.advance(8 * 86400)
            plant.run()
        yield


def at_work(plant: Plant) -> Desk:
    desk = plant.desk
    assert isinstance(desk, Desk)
    return desk


def misnamed(plant: Plant) -> list[str]:
    """Suppliers whose whole name, as the business partner has it, is not on the target."""
    there = {row["correlation_id"]: row["name"] for row in plant.table("core_company") if row.get("correlation_id")}
    partners = plant.loop.call(plant.source.truth)["BPARTNER"]
    names = {row["BPRNUM"]: "".join(row["BPRNAM"]) for row in partners}
    return [code for code, name in there.items() if names[code] != name]


@pytest.mark.thorough(6)
@pytest.mark.parametrize("habit", HABITS)
def test_the_same_arrives_whatever_the_installation_is_like(x3: Make, habit: str) -> None:
    plant = x3(**HABITS[habit])
    plant.run()
    assert (plant.disagreements(), misnamed(plant)) == ([], [])
    plant.pass_time(3600)
    desk = at_work(plant)
    desk.rename_supplier(0, "Renamed & Daughters of the Great River Company")
    desk.raise_invoice(0, Decimal("10.25"))
    desk.describe_order_line(0, "Another description")
    desk.order_more(1, 3)
    desk.add_order_line(3, 9)
    desk.cancel_invoice(2)
    desk.enter_order("777001", 4)
    desk.enter_invoice(777002, 1)
    desk.correct_invoice_date(4, "2026-08-09")
    desk.create_center()
    plant.run()
    plant.replay()
    with weeks_later(plant):
        assert (plant.disagreements(), misnamed(plant)) == ([], [])
        assert "Another description" in str(plant.table("proc_po_item"))
        plant.forget_requests()
        plant.run(full=True)
        assert plant.writes == 0


def test_what_programs_and_imports_change_without_a_stamp_is_found_by_the_sweep(x3: Make) -> None:
    plant = x3()
    plant.run()
    plant.pass_time(3600)
    for code, by in (("V4001", "classic"), ("V4003", "import")):
        for table, key, values in (
            ("BPSUPPLIER", {"BPSNUM": code}, {"BPSNAM": f"By {by}"}),
            ("BPARTNER", {"BPRNUM": code}, {"BPRNAM": [f"By {by}"]}),
        ):
            plant.loop.call(lambda t=table, k=key, v=values, b=by: plant.source.update(t, k, v, by=b))  # type: ignore[misc]
    with weeks_later(plant):
        assert misnamed(plant) == []


def test_orders_that_are_listed_and_cannot_be_opened_stop_the_route(x3: Make) -> None:
    """Or else a first load would end as complete, without a single order."""
    plant = x3()
    match = {"kind": "read", "entity": "PORDER", "path": r"PORDER\('"}
    plant.loop.call(lambda: plant.source.add_fault(match=match, action={"do": "status", "status": 404}))
    report = plant.run()
    assert {route.route.value: route.outcome for route in report.routes}["purchase_orders"] == "failed"
    plant.loop.call(plant.source.faults.clear)
    plant.run()
    assert plant.disagreements() == []


def test_one_order_that_cannot_be_opened_is_set_aside_and_comes_later(x3: Make) -> None:
    plant = x3()
    match = {"kind": "read", "entity": "PORDER", "path": r"PORDER\('P40040'"}
    plant.loop.call(lambda: plant.source.add_fault(match=match, action={"do": "status", "status": 404}))
    plant.run()
    assert plant.row("purchase_orders", "P40040")["code"] == "NO_LINES"
    plant.loop.call(plant.source.faults.clear)
    with weeks_later(plant):
        assert plant.disagreements() == []


@pytest.mark.parametrize("lists", [(), DOCUMENTS], ids=["lines by key", "lines in lists"])
def test_a_company_that_we_may_no_longer_see_is_not_cancelled(x3: Make, lists: tuple[str, ...]) -> None:
    plant = x3(sites="hide", lines_in_query=lists)
    plant.run()
    plant.loop.call(lambda: plant.source.grant({"company": "20", "granted": False}))
    with weeks_later(plant, 3):
        assert plant.disagreements() == []
        for table in ("proc_po", "sn_apo_invoice"):
            assert "canceled" not in {row["status"] for row in plant.table(table)}


@pytest.mark.parametrize("analytics", ["beside", "nested"])
def test_a_line_with_two_cost_centers_is_two_lines(x3: Make, analytics: str) -> None:
    plant = x3(analytics=analytics)
    desk, key = at_work(plant), {"NUM": INVOICES[0], "LIG": 1}
    split = desk._find("BPSINVLIGA", **key)[0]
    desk._change("BPSINVLIGA", {**key, "ANALIG": 1}, AMT=split["AMT"] - 10)
    desk._enter("BPSINVLIGA", {**split, "ANALIG": 2, "AMT": 10, "CCE": ["240"]})
    plant.run()
    assert plant.disagreements() == []
    plant.pass_time(3600)
    desk._change("BPSINVLIGA", {**key, "ANALIG": 2}, CCE=["510"])
    plant.run()
    assert plant.disagreements() == []


def test_an_order_closed_by_mistake_is_open_again_on_the_target(x3: Make) -> None:
    plant = x3()
    plant.run()
    plant.pass_time(3600)
    desk = at_work(plant)
    number = desk.cancel_order(2)
    plant.run()
    plant.pass_time(3600)
    for line in desk._find("PORDERQ", POHNUM=number):
        desk._change("PORDERQ", {name: line[name] for name in ("POHNUM", "POPLIN", "POQSEQ")}, LINCLEFLG=1)
    desk._change("PORDER", {"POHNUM": number}, CLEFLG=1)
    plant.run()
    assert [row["status"] for row in plant.table("proc_po") if row.get("correlation_id") == number] == ["ordered"]
    assert plant.disagreements() == []


def test_debit_note_and_credit_note_keep_their_signs(x3: Make) -> None:
    plant = x3()
    desk = at_work(plant)
    desk._copy_invoice(INVOICES[0], "SI10777004", INVTYP=3, BPRVCR="DN-1")
    desk._copy_invoice(INVOICES[1], "SI10777005", INVTYP=4, SNS=-1, BPRVCR="CN-1")
    plant.run()
    assert plant.disagreements() == []


def test_an_invoice_comes_once_it_is_validated_and_an_order_once_it_is_signed(x3: Make) -> None:
    plant = x3()
    plant.run()
    plant.pass_time(3600)
    desk = at_work(plant)
    invoice, order = desk.enter_invoice(777002, 1), desk.enter_order("777001", 0)
    desk._change("PINVOICE", {"NUM": invoice}, STA=2)
    desk._change("PORDER", {"POHNUM": order}, APPFLG=2)
    plant.run()
    assert not [row for row in plant.app.records(FLOW, route="invoices") if row["key"] == invoice]
    assert plant.row("purchase_orders", order)["code"] == "NOT_RELEASED"
    assert plant.disagreements() == []
    plant.pass_time(60)
    desk._change("PINVOICE", {"NUM": invoice}, STA=3)
    desk._change("PORDER", {"POHNUM": order}, APPFLG=3)
    plant.run()
    assert plant.row("invoices", invoice)["state"] == "landed"
    assert plant.row("purchase_orders", order)["state"] == "landed"
    assert plant.disagreements() == []


def test_the_default_address_is_the_one_that_arrives(x3: Make) -> None:
    plant = x3()
    desk = at_work(plant)
    addresses = [row for row in desk._find("BPADDRESS", BPATYP=1) if row["BPAADD"] == "2"]
    supplier, city = addresses[0]["BPANUM"], addresses[0]["CTY"]
    plant.run()
    plant.pass_time(3600)
    desk._change("BPSUPPLIER", {"BPSNUM": supplier}, BPAADD="2")
    plant.run()
    assert [r["city"] for r in plant.table("core_company") if r.get("correlation_id") == supplier] == [city]
    plant.pass_time(3600)
    desk._change("BPADDRESS", {"BPATYP": 1, "BPANUM": supplier, "BPAADD": "2"}, CTY="Elsewhere")
    plant.run()
    assert [r["city"] for r in plant.table("core_company") if r.get("correlation_id") == supplier] == ["Elsewhere"]
