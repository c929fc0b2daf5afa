"""Plex: two plants in one workspace, and plants that differ in what the vendor leaves open."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.desks.plex import Desk
from flows.judge import plex, procurify, servicenow
from flows.judge.model import Source, Target
from flows.judge.rows import Row, Sets, fetch
from flows.judge.verdict import compare
from flows.plant import Plant, configuration
from ml_connector import clock
from ml_connector.sync.report import Report, Silence

PCNS = HOME, AWAY = "104455", "104456"
TWINS = ("P20030", "P20033", "P20034")
"""Orders of the one plant, which get namesakes in the other: another supplier, other lines."""
SOURCES = {HOME: "PLEX", AWAY: "PLEX-ROCKFORD"}
INTO: dict[str, dict[str, Any]] = {
    "pages": {"target": "servicenow"},
    "staging": {"target": "servicenow", "profile": "s2p_staging", "erp_sources": SOURCES},
    "procurify": {"target": "procurify"},
}


class TwoPlants(Plant):
    """Two PCNs as two connections and two flows into one target; `more` are further settings of the target."""

    def __init__(self, folder: Path, target: str, profile: str = "pages", **more: Any) -> None:
        self.more = more
        super().__init__(folder, profile, source="plex", target=target)
        if target == "servicenow":
            self.loop.call(lambda: self.target.insert("sn_fin_erp_source", {"name": SOURCES[AWAY]}))
        self.enter_twins()

    def configuration(self) -> str:
        more: dict[str, Any] = {"late_write_window_s": self.window, **self.more}
        if self.target.system == "servicenow":
            more["profile"] = self.profile
        whole = yaml.safe_load(configuration(self.source, self.target, {"target": more}))
        home, target = whole["connections"]
        away = {**home, "name": "away", "settings": {**home["settings"], "pcn": AWAY}}
        flow = whole["flows"][0]
        whole = {
            "connections": [home, away, target],
            "flows": [{**flow, "name": HOME}, {**flow, "name": AWAY, "source": "away"}],
        }
        return yaml.safe_dump(whole, allow_unicode=True)

    def desk_of(self, pcn: str) -> Desk:
        return Desk(self.source, self.loop.call, pcn)

    def enter_twins(self) -> None:
        """Orders of equal number, and an invoice of equal voucher, number and supplier."""
        for like, number in enumerate(TWINS):
            self.desk_of(AWAY).enter_order(number, like)
        for pcn in PCNS:
            key = self.desk_of(pcn).enter_invoice(777002, 0)
            self.change("ap-invoices", key, supplierCode="V2008")

    def change(self, table: str, key: str, **values: Any) -> None:
        self.loop.call(lambda: self.source.update(table, {"id": key}, values))

    def name_apart(self) -> None:
        """No supplier of the one plant is called like one of the other."""
        for key, name in {
            row["id"]: row["name"] for row in fetch(self.source.url)["suppliers"] if row["pcn"] == AWAY
        }.items():
            if name:
                self.change("suppliers", key, name=f"{name} (Rockford)")

    def run_both(self, **options: Any) -> list[Report]:
        return [self.app.run(pcn, Silence(), **options) for pcn in PCNS]

    def records(self, pcn: str, route: str) -> list[dict[str, Any]]:
        return list(self.app.records(pcn, route=route))

    def wanted(self, pcn: str) -> Source:
        return plex.source(fetch(self.source.url), pcn)

    def there(self, pcn: str) -> Target:
        """What is on the target without the rows of the other plant."""
        other = AWAY if pcn == HOME else HOME
        sets = fetch(self.target.url)
        if self.target.system == "procurify":
            return procurify.target(without(sets, other))
        owned = self.owned(other) - self.owned(pcn)
        return servicenow.target({name: [r for r in rows if r["sys_id"] not in owned] for name, rows in sets.items()})

    def owned(self, pcn: str) -> set[str]:
        return {line["target_id"] for line in self.app.records(pcn) if line["target_id"]}

    def mixed(self) -> list[str]:
        """Where a plant's own rows are not what this plant alone should have brought."""
        return [f"{pcn}: {each}" for pcn in PCNS for each in compare([self.wanted(pcn)], self.there(pcn))]

    def settle(self) -> None:
        """Until the staging tables have been worked on and read back."""
        for _ in range(2):
            self.run_both()


def without(sets: Sets, pcn: str) -> Sets:
    """The rows of a Procurify domain without a plant's vendors and requests, and what was typed for those vendors."""
    theirs = {row["id"] for row in sets["vendors"] if str(row["external_id"]).startswith(f"plex:{pcn}:")}

    def is_theirs(order: Row) -> bool:
        names = [item["name"] for item in order["order_items"]]
        typed = not any(name.startswith(PCNS) for name in names)
        named = {item["pref_vendor"] for item in order["order_items"]}
        return any(name.startswith(f"{pcn}:") for name in names) or (typed and bool(named & theirs))

    vendors = [row for row in sets["vendors"] if row["id"] not in theirs]
    return {**sets, "vendors": vendors, "orders": [row for row in sets["orders"] if not is_theirs(row)]}


@pytest.fixture
def make_plants(build: Callable[..., Any]) -> Callable[..., TwoPlants]:
    return partial(build, TwoPlants)


@pytest.fixture(params=INTO)
def plants(request: pytest.FixtureRequest, make_plants: Callable[..., TwoPlants]) -> TwoPlants:
    made = make_plants(**INTO[request.param])
    if request.param == "procurify":
        made.name_apart()
    return made


def test_two_plants_never_mix(plants: TwoPlants) -> None:
    reports = plants.run_both()
    assert all(report.exit_status == 3 for report in reports)
    plants.settle()
    assert plants.mixed() == []
    both = [order for pcn in PCNS for order in plants.there(pcn).orders if order.number in TWINS]
    assert sorted(order.number for order in both) == sorted(TWINS * 2)
    before = plants.writes
    plants.run_both()
    plants.run_both(full=True)
    assert plants.writes == before


def test_edits_in_one_plant_leave_the_rows_of_the_other_alone(plants: TwoPlants) -> None:
    plants.run_both()
    plants.settle()
    home = plants.there(HOME)
    plants.pass_time(3600)
    away = plants.desk_of(AWAY)
    away.rename_supplier(0, "Renamed in Rockford")
    away.raise_invoice(0, Decimal("10.25"))
    if plants.target.system == "servicenow":
        away.order_more(0, 3)
        plants.loop.call(lambda: plants.source.delete("purchase-orders", {"pcn": AWAY, "poNumber": TWINS[2]}))
    plants.run_both()
    with clock.use(clock.ManualClock()) as manual:
        for _ in range(3):
            manual.advance(8 * 86400)
            plants.run_both()
    assert plants.there(HOME) == home
    assert [each for each in plants.mixed() if TWINS[2] not in each] == []


def test_one_erp_source_for_two_plants_is_a_matter_for_people(make_plants: Callable[..., TwoPlants]) -> None:
    """Without `erp_sources` the staging tables know a key once: the second plant waits, nothing is overwritten."""
    plants = make_plants(target="servicenow", profile="s2p_staging")
    plants.app.run(HOME, Silence())
    plants.app.run(HOME, Silence())
    before = business_rows(fetch(plants.target.url))
    for _ in range(2):
        plants.run_both()
    after = business_rows(fetch(plants.target.url))
    assert {key: after.get(key) for key in before} == before
    suppliers = {line["label"].partition(" ")[0]: line for line in plants.records(AWAY, "suppliers")}
    assert (suppliers["V2001"]["state"], suppliers["V2001"]["code"]) == ("held", "KEY_OF_ANOTHER")
    for route in ("purchase_orders", "invoices"):
        assert {line["state"] for line in plants.records(AWAY, route)} <= {"held", "waiting"}


def test_platform_rows_of_one_plant_are_not_overwritten_by_the_other(make_plants: Callable[..., TwoPlants]) -> None:
    """Cost centers and departments are known by their code alone, whatever ERP source a row has."""
    plants = make_plants(**INTO["staging"])
    for row in fetch(plants.source.url)["departments"]:
        if row["pcn"] == AWAY:
            plants.change("departments", row["id"], name=f"{row['name']} (Rockford)")
    plants.app.run(HOME, Silence())
    plants.app.run(HOME, Silence())
    before = business_rows(fetch(plants.target.url))
    plants.settle()
    after = business_rows(fetch(plants.target.url))
    assert {key: after.get(key) for key in before} == before


def business_rows(sets: Sets) -> dict[tuple[str, str], str]:
    return {
        (name, row["sys_id"]): json.dumps(row, sort_keys=True)
        for name, rows in sets.items()
        if name.startswith(("sn_fin_", "sn_shop_", "cmn_"))
        for row in rows
    }


def test_suppliers_of_one_name_in_two_plants_share_the_vendor(make_plants: Callable[..., TwoPlants]) -> None:
    """Requests of Procurify name their vendor: of two with one name neither plant could order from either."""
    plants = make_plants(target="procurify")
    plants.run_both()
    there = procurify.target(fetch(plants.target.url))
    assert compare([plants.wanted(pcn) for pcn in PCNS], there) == []
    sent = [order for order in there.orders if order.scope == AWAY]
    assert {order.supplier for order in sent} <= {name.strip() for name in plants.wanted(HOME).suppliers.values()}
    assert sent
    before = plants.writes
    plants.run_both(full=True)
    assert plants.writes == before


OTHERWISE: dict[str, dict[str, Any]] = {
    "lines in the detail": {"invoice_list_lines": "absent", "null_fields": "absent", "departments": "404"},
    "all orders without asking": {"active_default": "all", "bounds_inclusive": False, "cancelled_word": "Canceled"},
    "amounts": {"double_noise": True, "tax_currency": "invoice", "debit_memo_sign": "positive"},
    "no stamp is moved": {"invoice_line_edit_moves": "nothing", "invoice_list_lines": "null", "departments": "401"},
    "headers move": {
        "line_edit_moves": "header",
        "release_edit_moves": "header",
        "supplier_detail_edit_moves": "supplier",
        "error_body": "text",
    },
}


@pytest.mark.thorough(4)
@pytest.mark.parametrize("target", ["servicenow", "procurify"])
@pytest.mark.parametrize("switches", OTHERWISE)
def test_plants_that_differ_in_what_the_vendor_leaves_open(
    make_plant: Callable[..., Plant], target: str, switches: str
) -> None:
    plant = make_plant(source="plex", target=target)
    plant.switch(plant.source, **OTHERWISE[switches])
    assert plant.run().exit_status == 3
    assert plant.disagreements() == []
    plant.run()
    before = plant.writes
    plant.run(full=True)
    assert plant.writes == before
    edit(plant)
    plant.run()
    with clock.use(clock.ManualClock()) as manual:
        manual.advance(8 * 86400)
        plant.run()
        plant.run()
    assert plant.disagreements() == []


def edit(plant: Plant) -> None:
    plant.pass_time(3600)
    desk = plant.desk
    desk.rename_supplier(0, "Renamed & Daughters")
    desk.raise_invoice(0, Decimal("10.25"))
    desk.correct_invoice_date(3, "2026-05-05")
    desk.enter_order("777001", 0)
    desk.enter_invoice(777002, 1)
    if plant.target.system == "servicenow":
        desk.order_more(1, 3)
        desk.add_order_line(4, 5)
