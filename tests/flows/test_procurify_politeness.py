"""Procurify is asked politely: nothing again that timed out, and one request at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import processes
from flows.compare_simulators import disagreements
from flows.plant import FLOW, configuration, counts
from flows.procurify_domain import Domain
from flows.repeated import run_often
from ml_connector import clock
from ml_connector.sync.report import Silence
from ml_connector_simulators.exchange import Call
from ml_connector_simulators.journal import Entry
from ml_connector_simulators.registry import simulator_class

REQUISITIONS = {"kind": "write", "path": "requisitions"}


# Time-outs -----------------------------------------------------------------------------------------------------------

QUICK = 1.5
"""Read time-out of these tests, seconds of the machine."""


def asked(entry: Entry) -> tuple[str, str, str]:
    return entry.method, entry.target, entry.body


def repeated(entries: list[Entry]) -> list[tuple[str, str, str]]:
    """What was asked again, word for word, after it had got no answer in time."""
    lost: set[tuple[str, str, str]] = set()
    found = []
    for entry in entries:
        if asked(entry) in lost:
            found.append(asked(entry))
        if entry.fault == "slow" or not entry.status:
            lost.add(asked(entry))
    return found


TROUBLES: dict[str, dict[str, Any]] = {
    "lists that come too slowly": {"match": {"method": "GET", "path": r"page="}, "every": 9},
    "a list that is too slow in every size but the smallest": {
        "match": {"path": r"vendors/all/.*page_size=([^1]|1\d)"}
    },
    "reads": {"match": {"kind": "read"}, "every": 23},
    "creates": {"match": {"kind": "write"}, "every": 40},
    "requisitions": {"match": REQUISITIONS, "every": 11},
}


@pytest.mark.thorough(4)
@pytest.mark.parametrize("do", ["slow", "delay"])
@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_timed_out_is_never_asked_again(make_domain: Callable[..., Domain], trouble: str, do: str) -> None:
    """Not even by the next runs: lists are asked for in smaller pages, writes are looked up."""
    domain = make_domain(read_timeout_s=QUICK, late_write_window_s=600)
    with clock.use(clock.ManualClock()) as manual:
        domain.fault(do, times=4, **TROUBLES[trouble])
        for _ in range(4):
            domain.run()
            assert repeated(domain.entries()) == []
            domain.forget_requests()
            manual.advance(3700)
        domain.repair()
        report = run_often(domain, manual, 2, 3700)
    assert report.outcome in ("complete", "complete_with_exceptions"), report.document()["exceptions"][:2]
    assert domain.disagreements() == []


def test_three_time_outs_stop_everything_for_an_hour_in_every_process(make_domain: Callable[..., Domain]) -> None:
    domain = make_domain(read_timeout_s=QUICK)
    with clock.use(clock.ManualClock()) as manual:
        domain.fault("delay", {"path": "account-codes"})
        report = domain.run()
        assert report.exit_status in (1, 4)
        told = json.dumps(report.document()["exceptions"])
        assert "timed out 3 times within an hour" in told
        assert len([entry for entry in domain.entries() if not entry.status]) == 3
        domain.repair()
        domain.forget_requests()

        checked = [finding for found in domain.app.check("target") for finding in found.findings]
        assert any("Requests are stopped until" in finding.message for finding in checked)
        other = processes.start(domain, "check", "target")
        assert "Requests are stopped until" in other.communicate(timeout=60)[0]
        manual.advance(59 * 60)
        assert domain.run().outcome in ("failed", "incomplete")
        assert domain.entries() == []

        manual.advance(61)
        report = domain.run()
    assert report.outcome == "complete_with_exceptions"
    assert domain.disagreements() == []


@pytest.mark.parametrize("window", [600, 0])
def test_requisition_committed_half_a_minute_after_its_answer_was_lost(
    make_domain: Callable[..., Domain], window: int
) -> None:
    """Looked for at once, not found, and not sent again before it could not come any more."""
    domain = make_domain(late_write_window_s=max(window, 60))
    held: list[Call] = []
    domain.target._process_later = lambda call, seconds: held.append(call)  # type: ignore[method-assign]
    domain.fault("process_late", REQUISITIONS, nth=3, times=1)
    with clock.use(clock.ManualClock()) as manual:
        report = domain.run()
        assert counts(report, "purchase_orders").get("in_doubt", 0) >= 1
        for _ in range(2):
            manual.advance(10)
            assert counts(domain.run(), "purchase_orders")["in_doubt"] >= 1
        manual.advance(10)
        assert len(held) == 1
        domain.loop.do(domain.target.answer(held[0]))
        report = run_often(domain, manual, 4, 300)
    assert counts(report, "purchase_orders").get("in_doubt", 0) == 0
    assert domain.disagreements() == []


# Several at a time ---------------------------------------------------------------------------------------------------


class TwoErps(Domain):
    """IFS Cloud into the same domain, as a second flow."""

    def __init__(self, folder: Path) -> None:
        self.second: Any = simulator_class("ifs_cloud")(size="small", seed=1)
        super().__init__(folder)

    def configuration(self) -> str:
        if self.second._runner is None:
            self.loop.do(self.second.start())
        whole = yaml.safe_load(super().configuration())
        other = yaml.safe_load(configuration(self.second, self.target, {}))
        erp = {**other["connections"][0], "name": "ifs"}
        flow = {**whole["flows"][0], "name": "ifs-to-target", "source": "ifs"}
        both = {"connections": [*whole["connections"], erp], "flows": [*whole["flows"], flow]}
        return yaml.safe_dump(both, allow_unicode=True)

    def close(self) -> None:
        self.loop.do(self.second.stop())
        super().close()


def test_one_request_at_a_time_across_flows_and_processes(build: Callable[..., Any]) -> None:
    plant: TwoErps = build(TwoErps)
    plant.fault("delay", seconds=0.005)
    other = processes.start(plant, "run", "ifs-to-target")
    plant.run()
    out, said = other.communicate(timeout=300)
    assert other.returncode == 3, said
    assert json.loads(out)["outcome"] == "complete_with_exceptions"
    told = plant.loop.call(lambda: plant.target.counts)
    assert told.overlapping == 0
    assert told.writes > 100
    plant.repair()
    for flow in (FLOW, "ifs-to-target"):
        plant.app.run(flow, Silence())
    ends = [("plex", plant.source.url), ("ifs_cloud", plant.second.url)]
    assert disagreements(("procurify", plant.target.url), *ends) == []
