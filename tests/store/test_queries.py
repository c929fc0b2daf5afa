"""What people see of flows, records and runs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ml_connector import clock
from ml_connector.errors import ConfigurationError
from ml_connector.records import State
from ml_connector.store import decisions, queries
from ml_connector.sync.store import Event, RawRef, RunOptions

from .scene import FLOW, ISSUE, Scene, part, raw, record


def keys(scene: Scene, **asked: object) -> list[str]:
    return [line["key"] for line in queries.records(scene.workspace, FLOW.name, **asked)]  # type: ignore[arg-type]


def test_a_flow_tells_how_it_stands(scene: Scene) -> None:
    scene.settle(
        record("1", State.REJECTED, "INVALID"),
        record("2", State.HELD, "HELD_BY_PERSON"),
        record("3", State.WAITING, "WAITING_APPROVAL"),
        record("4", State.IN_DOUBT, "OUTCOME_UNKNOWN"),
        record("5"),
        cursor={"at": 5},
    )
    scene.finish("complete_with_exceptions")
    [flow] = queries.flows(scene.workspace)
    last = flow.pop("last_run")
    assert (last["id"], last["outcome"]) == (scene.run.id, "complete_with_exceptions")
    assert flow.pop("fresh_at") == last["started_at"]
    assert flow.pop("running") == scene.lease.owner
    assert flow == {
        "name": "ifs-to-snow",
        "source": "ifs",
        "target": "snow",
        "source_system": "ifs_cloud",
        "target_system": "servicenow",
        "open_exceptions": 2,
        "waiting": 1,
        "in_doubt": 1,
        "timezone": "UTC",
        "routes": [
            {
                "entity": "suppliers",
                "direction": "source_to_target",
                "enabled": True,
                "schedule": "0 * * * *",
                "records": 0,
                "cursor": None,
                "swept_at": None,
            },
            {
                "entity": "invoices",
                "direction": "source_to_target",
                "enabled": True,
                "schedule": "",
                "records": 5,
                "cursor": {"at": 5},
                "swept_at": None,
            },
        ],
    }


def test_a_failed_run_makes_nothing_fresh(scene: Scene) -> None:
    scene.finish("failed")
    [flow] = queries.flows(scene.workspace)
    assert (flow["last_run"]["outcome"], flow["fresh_at"]) == ("failed", None)


def test_records_are_listed_page_by_page_over_all_routes(scene: Scene) -> None:
    scene.settle(record("1"), record("2"), record("3"))
    scene.settle(record("9"), route_id=scene.flow.routes[0].id)
    assert keys(scene) == ["9", "1", "2", "3"]
    assert keys(scene, limit=2) == ["9", "1"]
    assert keys(scene, limit=2, after=("invoices", "1")) == ["2", "3"]
    assert keys(scene, after=("suppliers", "9"), limit=1) == ["1"]
    assert keys(scene, entity="suppliers") == ["9"]


def test_records_are_searched_by_key_and_label(scene: Scene) -> None:
    scene.settle(record("10/A1", label="Acme INVOICE 50%"), record("10/B2", label="other"), record("5x", label="a_b"))
    assert keys(scene, search="invoice") == ["10/A1"]
    assert keys(scene, search="50%") == ["10/A1"]
    assert keys(scene, search="10/") == ["10/A1", "10/B2"]
    assert keys(scene, search="_") == ["5x"]


def test_a_record_in_a_list_says_why_it_is_there(scene: Scene) -> None:
    scene.settle(record("1", State.REJECTED, "DIMENSION_MISSING", issues=(ISSUE,), parts=(part(),), run_id="r"))
    [line] = queries.records(scene.workspace, FLOW.name, state="rejected")
    assert line.pop("updated_at").endswith("Z")
    assert line == {
        "entity": "invoices",
        "key": "1",
        "label": "",
        "state": "rejected",
        "code": "DIMENSION_MISSING",
        "message": "Cost center 200 does not exist.",
        "fix": "Create it.",
        "who": "ERP user",
        "version": "",
        "target_id": "f" * 32,
        "run_id": "r",
    }


def test_records_in_the_inbox_are_received(scene: Scene) -> None:
    page = scene.page(raw("1"), raw("2"), raw("3"))
    scene.settle(record("1"), record("3"), page_id=page, page_settled=1)
    assert keys(scene, state="received") == ["2"]
    assert keys(scene) == ["1", "2", "3"]
    assert keys(scene, state="landed") == ["1", "3"]


def test_an_unknown_route_or_flow_is_said(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="no route"):
        keys(scene, entity="departments")
    with pytest.raises(ConfigurationError, match="no flow"):
        queries.records(scene.workspace, "nowhere")


def test_runs_and_reports(scene: Scene) -> None:
    scene.settle(counts={"invoices:source_to_target": {"created": 1}})
    report = queries.run_report(scene.workspace, scene.run.id)
    assert report is not None
    assert (report["outcome"], report["finished_at"]) == ("", None)
    assert report["counts"] == {"invoices:source_to_target": {"created": 1}}
    scene.finish("complete", routes=[{"route": "invoices"}])
    report = queries.run_report(scene.workspace, scene.run.id)
    assert report is not None
    assert (report["outcome"], report["routes"]) == ("complete", [{"route": "invoices"}])
    second = scene.store.start_run(scene.lease, RunOptions())
    assert [run["id"] for run in queries.runs(scene.workspace, FLOW.name)] == [second.id, scene.run.id]
    assert queries.runs(scene.workspace, "other") == []
    assert queries.run_report(scene.workspace, "nothing") is None


def test_exceptions_of_a_run_and_of_a_flow(scene: Scene) -> None:
    scene.settle(
        record("1", State.REJECTED, "INVALID", run_id="one"),
        record("2", State.HELD, "DUPLICATE_SUSPECT", run_id="two"),
        record("3", run_id="one"),
    )
    assert [line["key"] for line in queries.exceptions(scene.workspace, run_id="one")] == ["1"]
    assert [line["key"] for line in queries.exceptions(scene.workspace, flow=FLOW.name)] == ["1", "2"]
    assert queries.exceptions(scene.workspace, flow="other") == []


def test_the_story_of_a_record_is_told_from_reading_to_now(scene: Scene) -> None:
    moment = clock.ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    with clock.use(moment):
        page = scene.page(raw("0"), raw("1"))
        moment.advance(1)
        rejected = record("1", State.REJECTED, "DIMENSION_MISSING", issues=(ISSUE,), raw=RawRef(page, 1))
        scene.settle(rejected, page_id=page, page_settled=2)
        moment.advance(1)
        decisions.hold(scene.workspace, FLOW.name, "invoices", ["1"], reason="wait for Ben", actor="anna")
        moment.advance(1)
        decisions.release(scene.workspace, FLOW.name, "invoices", ["1"], reason="Ben is back", actor="anna")
        moment.advance(1)
        number = scene.intend("0", "1")
        moment.advance(1)
        landed = record("1", raw=RawRef(page, 1), version="1", fingerprint=b"\xaa", mapping="7", parts=(part(),))
        event = Event("created", scene.route, "1", {"by": "hand"})
        scene.settle(landed, intent_id=number, answers={"1": ["201 created"]}, events=[event])
    told = queries.story(scene.workspace, FLOW.name, "invoices", "1")
    run = scene.run.id
    assert [(step["step"], step["by"], step["at"][17:19]) for step in told] == [
        ("read", run, "00"),
        ("settled", run, "01"),
        ("held", "anna", "02"),
        ("released", "anna", "03"),
        ("intended", run, "04"),
        ("settled", run, "05"),
        ("now", "", "05"),
    ]
    read, refused, held, _, intended, settled, now = told
    assert (read["page"], read["origin"], read["raw"]) == (page, "from_source", {"header": {"No": "1"}})
    assert (refused["state"], refused["message"]) == ("rejected", "Cost center 200 does not exist.")
    assert refused["issues"][0]["field"] == "lines[1].cost_center"
    assert held["reason"] == "wait for Ben"
    assert [(write["table"], write["payload"]) for write in intended["writes"]] == [("u_invoice", {"number": "1"})]
    assert (settled["kind"], settled["state"], settled["answers"]) == ("created", "landed", ["201 created"])
    assert (settled["version"], settled["fingerprint"], settled["mapping"]) == ("1", "aa", "7")
    assert settled["data"]["by"] == "hand"
    assert (now["state"], now["parts"][0]["external_id"]) == ("landed", "f" * 32)


def test_the_story_of_a_record_that_is_only_received_or_under_way(scene: Scene) -> None:
    scene.page(raw("1"))
    assert [step["step"] for step in queries.story(scene.workspace, FLOW.name, "invoices", "1")] == ["read"]
    scene.intend("1")
    told = queries.story(scene.workspace, FLOW.name, "invoices", "1")
    assert [step["open"] for step in told if step["step"] == "intended"] == [True]
    assert queries.story(scene.workspace, FLOW.name, "invoices", "nothing") == []
