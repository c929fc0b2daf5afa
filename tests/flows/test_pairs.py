"""Every pair as a whole: first load, second run, edits, missing dimension and replay, lost answers, kill and resume."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from flows import processes
from flows.plant import FLOW, Plant, counts
from flows.repeated import run_often
from ml_connector import clock
from ml_connector.flows import PAIRS

ENDS = sorted(PAIRS)
SETTLED = ("landed", "delivered")


@pytest.fixture(params=ENDS, ids="-".join)
def ends(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def plant(make_plant: Callable[..., Plant], ends: tuple[str, str]) -> Plant:
    return make_plant(source=ends[0], target=ends[1])


def is_told(plant: Plant, route: str, key: str) -> bool:
    """An order that was sent to Procurify cannot be changed there: a person is told what to do."""
    row = plant.row(route, key)
    if plant.target.system == "procurify" and route == "purchase_orders":
        return (row["state"], row["code"]) == ("rejected", "TARGET_IMMUTABLE")
    return row["state"] in SETTLED


def test_first_load_brings_every_document_once(plant: Plant) -> None:
    report = plant.run()
    assert report.exit_status == 3, report.document()  # the awkward ones are set aside
    assert all(counts(report, route.route).get("in_doubt", 0) == 0 for route in report.routes)
    assert plant.disagreements() == []


def test_nothing_is_ever_written_to_the_erp(plant: Plant) -> None:
    plant.run()
    plant.run(full=True)
    assert plant.loop.call(plant.source.journal.counts).by_kind.get("write", 0) == 0


def test_second_and_full_run_write_nothing(plant: Plant) -> None:
    plant.run()
    plant.run()  # what the target has worked on is read back
    plant.forget_requests()
    plant.run()
    assert plant.writes == 0
    plant.run(full=True)
    assert plant.writes == 0
    assert plant.disagreements() == []


def test_first_load_again_from_an_empty_store_makes_nothing_twice(plant: Plant) -> None:
    for _ in range(2):
        plant.run()
        plant.install()
    plant.run()
    assert plant.disagreements() == []


def test_renamed_supplier(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.rename_supplier(0, "Renamed & Daughters")
    assert counts(plant.run(), "suppliers")["updated"] == 1
    assert plant.row("suppliers", key)["state"] in SETTLED
    assert plant.disagreements() == []


def test_renamed_account(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    plant.desk.rename_account("Another name")
    assert counts(plant.run(), "gl_accounts")["updated"] >= 1
    assert plant.disagreements() == []


def test_changed_amount(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.raise_invoice(0, Decimal("10.25"))
    before = plant.row("invoices", key)
    plant.run()
    after = plant.row("invoices", key)
    assert after != before
    assert plant.disagreements() == []


def test_line_alone_is_changed(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.describe_order_line(0, "Another description")
    plant.run()
    sweep_all(plant)
    assert is_told(plant, "purchase_orders", key)
    if plant.target.system != "procurify":
        assert "Another description" in json.dumps(plant.loop.call(plant.target.truth), default=str)


def sweep_all(plant: Plant, times: int = 1) -> None:
    """A week later, and again: keys and versions of everything are compared."""
    with clock.use(clock.ManualClock()) as manual:
        for _ in range(times):
            manual.advance(8 * 86400)
            plant.run()


def test_more_is_ordered(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.order_more(1, 3)
    plant.run()
    sweep_all(plant)
    assert is_told(plant, "purchase_orders", key)
    if plant.target.system != "procurify":
        assert plant.disagreements() == []


def test_cancelled_order(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.cancel_order(2)
    plant.run()
    assert is_told(plant, "purchase_orders", key)


def test_cancelled_invoice(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.cancel_invoice(2)
    plant.run()
    if key and plant.target.system != "procurify":
        assert plant.row("invoices", key)["state"] in SETTLED


def test_new_documents(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    order, invoice = plant.desk.enter_order("777001", 0), plant.desk.enter_invoice("777002", 1)
    plant.run()
    assert plant.row("purchase_orders", order)["state"] in (*SETTLED, "waiting")
    assert plant.row("invoices", invoice)["state"] in (*SETTLED, "waiting")
    assert plant.disagreements() == []


def test_missing_cost_center_created_then_replayed(plant: Plant) -> None:
    plant.run()
    key = plant.desk.uncoded_invoice()
    if plant.row("invoices", key)["code"] == "NOT_YET_ON_TARGET":
        pytest.skip("Plex into Procurify moves no cost centers: invoices are only compared with bills.")
    assert plant.row("invoices", key)["code"] == "DIMENSION_MISSING"
    plant.pass_time(3600)
    plant.desk.create_center()
    plant.run()
    plant.replay()
    assert plant.row("invoices", key)["state"] in (*SETTLED, "waiting")
    assert plant.disagreements() == []


def test_removed_order_is_cancelled_after_two_sweeps(plant: Plant) -> None:
    plant.run()
    plant.pass_time(3600)
    key = plant.desk.remove_order(3)
    sweep_all(plant, 3)
    assert is_told(plant, "purchase_orders", key)


LOSSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "answers dropped after processing": ({"every": 7, "match": {"kind": "write"}}, {"do": "drop_after"}),
    "requests dropped": ({"every": 5, "match": {"kind": "write"}}, {"do": "drop_before"}),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_lost_answers(plant: Plant, loss: str) -> None:
    rule, action = LOSSES[loss]
    with clock.use(clock.ManualClock()) as manual:
        plant.loop.call(lambda: plant.target.add_fault(**rule, action=action))
        run_often(plant, manual, 5, 4000)
        plant.loop.call(plant.target.faults.clear)
        report = run_often(plant, manual, 4, 4000)
    assert report.outcome in ("complete", "complete_with_exceptions"), report.document()["exceptions"][:3]
    assert plant.disagreements() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_and_resume(plant: Plant, when: str, start_run: Callable[[Plant], processes.Program]) -> None:
    """SIGKILL at a write, before or after the target has done it; the next run finishes the job."""
    process = start_run(plant)
    plant.loop.call(lambda: plant.target.kill(process.pid, 60, when))
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    plant.target.kill_order = None
    processes.expire_locks(plant)
    for _ in range(3):
        report = plant.run()
    assert report.outcome in ("complete", "complete_with_exceptions")
    assert plant.disagreements() == []


@pytest.fixture
def start_run() -> Iterator[Callable[[Plant], processes.Program]]:
    """A run as a process of its own on the plant's installation."""
    started: list[processes.Program] = []

    def start(plant: Plant) -> processes.Program:
        started.append(processes.start(plant, "run", FLOW))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()
