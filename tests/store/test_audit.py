"""The ledger refuses changes, and whoever forces one is found out."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import Error

from ml_connector import clock
from ml_connector.records import State
from ml_connector.store import audit, configuration, decisions, ledger, retention
from ml_connector.sync.store import Event, RunOptions

from .scene import FLOW, IFS, ISSUE, SNOW, Scene, raw, record


@pytest.fixture
def ledgered(scene: Scene) -> Scene:
    """A scene whose run has ended, and a second run that is under way."""
    page = scene.page(raw("1"), raw("2"), raw("3"))
    number = scene.intend("1", "2", "3")
    scene.settle(record("1"), record("2"), record("3", issues=(ISSUE,)), intent_id=number, page_id=page)
    scene.finish()
    scene.run = scene.store.start_run(scene.lease, RunOptions())
    scene.page(raw("4"))
    scene.settle(record("4"), record("5"))
    return scene


def force(scene: Scene, *statements: str) -> None:
    """Change what the triggers protect, as the database's owner can."""
    if scene.workspace.database.postgresql:
        scene.execute("ALTER TABLE store_ledgerevent DISABLE TRIGGER USER")
    else:
        scene.execute("DROP TRIGGER IF EXISTS ledger_no_update")
        scene.execute("DROP TRIGGER IF EXISTS ledger_no_delete")
    for statement in statements:
        scene.execute(statement)


def found(scene: Scene) -> list[tuple[str, str, int | None]]:
    names = {scene.run.id: "second", "main": "main"}
    return [(f.kind, names.get(f.writer, "first"), f.seq) for f in audit.verify(scene.workspace)]


@pytest.mark.parametrize("statement", ["UPDATE store_ledgerevent SET kind = 'x'", "DELETE FROM store_ledgerevent"])
def test_the_ledger_can_only_grow(ledgered: Scene, statement: str) -> None:
    with pytest.raises(Error, match="append-only"):
        ledgered.execute(statement)


def test_an_untouched_ledger_is_unbroken_and_progress_is_told(ledgered: Scene) -> None:
    told: list[tuple[int, int]] = []
    assert audit.verify(ledgered.workspace, lambda done, total: told.append((done, total))) == []
    rows = ledgered.execute("SELECT count(*) FROM store_ledgerevent")[0][0]
    assert told[-1] == (rows, rows)


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'other'",
        "at = at + 1",
        "key = key || 'x'",
        "route_id = 99",
        "data = '{}'",
    ],
)
def test_a_changed_row_is_named(ledgered: Scene, change: str) -> None:
    force(ledgered, f"UPDATE store_ledgerevent SET {change} WHERE writer = 1 AND seq = 4")
    assert found(ledgered) == [("changed", "first", 4)]


def test_a_forged_hash_is_no_help_without_the_key(ledgered: Scene) -> None:
    [row] = ledgered.execute(f"SELECT {ledger.COLUMNS} FROM store_ledgerevent WHERE writer = 1 AND seq = 3")
    before = ledgered.execute("SELECT hash FROM store_ledgerevent WHERE writer = 1 AND seq = 2")[0][0]
    forged = ledger.row_hash(b"guessed", bytes(before), *row[:4], "other", *row[5:8])
    force(ledgered, "UPDATE store_ledgerevent SET kind = 'other' WHERE writer = 1 AND seq = 3")
    ledgered.execute("UPDATE store_ledgerevent SET hash = %s WHERE writer = 1 AND seq = 3", [forged])
    assert found(ledgered) == [("changed", "first", 3)]


def test_a_missing_row_is_named(ledgered: Scene) -> None:
    force(ledgered, "DELETE FROM store_ledgerevent WHERE writer = 1 AND seq IN (4, 5)")
    findings = audit.verify(ledgered.workspace)
    assert [(f.kind, f.seq) for f in findings] == [("missing", 4)]
    assert "Rows 4 to 5 are missing" in findings[0].message


@pytest.mark.parametrize(("one", "other"), [(3, 4), (2, 5)])
def test_two_swapped_rows_are_named(ledgered: Scene, one: int, other: int) -> None:
    force(
        ledgered,
        f"UPDATE store_ledgerevent SET seq = 1000 WHERE writer = 1 AND seq = {one}",
        f"UPDATE store_ledgerevent SET seq = {one} WHERE writer = 1 AND seq = {other}",
        f"UPDATE store_ledgerevent SET seq = {other} WHERE writer = 1 AND seq = 1000",
    )
    findings = audit.verify(ledgered.workspace)
    assert [(f.kind, f.seq) for f in findings] == [("swapped", one)]
    assert f"Rows {one} and {other}" in findings[0].message


def test_a_cut_off_end_is_named_even_in_a_run_under_way(ledgered: Scene) -> None:
    force(ledgered, "DELETE FROM store_ledgerevent WHERE writer = 2 AND seq = 3")
    assert found(ledgered) == [("cut_off", "second", 3)]


def test_a_cut_off_end_of_main_is_named(ledgered: Scene) -> None:
    decisions.hold(ledgered.workspace, FLOW.name, "invoices", ["1"], reason="wait", actor="anna")
    [(last,)] = ledgered.execute("SELECT max(seq) FROM store_ledgerevent WHERE writer = 0")
    force(ledgered, f"DELETE FROM store_ledgerevent WHERE writer = 0 AND seq = {last}")
    assert found(ledgered) == [("cut_off", "main", last)]


def test_an_end_put_back_with_its_old_mark_is_found_by_the_link_in_main(scene: Scene) -> None:
    scene.settle(record("1"))
    [head] = scene.execute("SELECT seq, hash, mac FROM store_ledgerhead WHERE writer = 1")
    scene.settle(record("2"))
    scene.finish()
    force(scene, f"DELETE FROM store_ledgerevent WHERE writer = 1 AND seq > {head[0]}")
    scene.execute("UPDATE store_ledgerhead SET seq = %s, hash = %s, mac = %s WHERE writer = 1", list(head))
    assert found(scene) == [("run_cut_off", "second", 2)]


def test_an_added_row_is_named(ledgered: Scene) -> None:
    force(
        ledgered,
        f"INSERT INTO store_ledgerevent ({ledger.COLUMNS})"
        f" SELECT workspace_id, writer, seq + 1, at, kind, route_id, key, data, hash FROM store_ledgerevent"
        " WHERE writer = 2 AND seq = 3",
    )
    assert ("changed", "second", 4) in found(ledgered)
    assert ("added", "second", 4) in found(ledgered)


def test_a_moved_mark_is_named(ledgered: Scene) -> None:
    ledgered.execute("UPDATE store_ledgerhead SET seq = seq - 1 WHERE writer = 2")
    assert found(ledgered) == [("head", "second", 2)]


def test_a_deleted_mark_is_named(ledgered: Scene) -> None:
    ledgered.execute("DELETE FROM store_ledgerhead WHERE writer = 2")
    assert found(ledgered) == [("head", "second", 3)]


@pytest.mark.parametrize("with_head", [True, False])
@pytest.mark.parametrize("with_run", [True, False])
def test_a_deleted_run_is_named(ledgered: Scene, with_head: bool, with_run: bool) -> None:
    force(ledgered, "DELETE FROM store_ledgerevent WHERE writer = 1")
    if with_head:
        ledgered.execute("DELETE FROM store_ledgerhead WHERE writer = 1")
    if with_run:
        ledgered.execute("DELETE FROM store_run WHERE number = 1")
    assert found(ledgered) == [("run_missing", "first", None)]


def test_a_run_deleted_from_the_list_of_runs_alone_is_named(ledgered: Scene) -> None:
    ledgered.execute("DELETE FROM store_run WHERE number = 1")
    assert found(ledgered) == [("run_missing", "first", None)]


def test_a_run_without_events_is_nothing_wrong(scene: Scene) -> None:
    scene.finish()
    scene.run = scene.store.start_run(scene.lease, RunOptions())
    assert found(scene) == []


def test_a_run_that_main_does_not_know_is_named(ledgered: Scene) -> None:
    force(
        ledgered,
        f"INSERT INTO store_ledgerevent ({ledger.COLUMNS})"
        " SELECT workspace_id, 77, seq, at, kind, route_id, key, data, hash FROM store_ledgerevent WHERE writer = 2",
    )
    assert ("added", "first", 1) in found(ledgered)


@pytest.mark.parametrize(
    ("statement", "kind", "seq"),
    [
        ("UPDATE store_payload SET body = hash WHERE kind = 'intended'", "payload_changed", 2),
        ("UPDATE store_payload SET body = hash WHERE kind = 'outcome'", "payload_changed", 6),
        ("UPDATE store_payload SET body = NULL WHERE kind = 'outcome'", "payload_missing", 6),
        ("DELETE FROM store_payload WHERE kind = 'intended'", "payload_missing", 2),
        ("UPDATE store_rawpage SET body = hash WHERE id = 1", "page_changed", 1),
        ("DELETE FROM store_rawpage WHERE id = 1", "page_missing", 1),
    ],
)
def test_an_altered_or_deleted_payload_or_page_is_named(ledgered: Scene, statement: str, kind: str, seq: int) -> None:
    ledgered.execute(statement)
    assert found(ledgered) == [(kind, "first", seq)]


def test_erased_by_retention_is_nothing_wrong_but_erased_by_hand_is(scene: Scene) -> None:
    with clock.use(clock.ManualClock(datetime(2020, 1, 1, tzinfo=UTC))):
        page, number = scene.page(raw("1")), scene.intend("1")
        scene.settle(record("1"), intent_id=number, page_id=page, page_settled=1)
        kept = scene.intend("2")
    assert retention.erase(scene.workspace, clock.now() - timedelta(days=1), actor="anna") == 2
    assert audit.verify(scene.workspace) == []
    assert [intent.id for intent in scene.store.open_intents(scene.flow.id)] == [kept]
    scene.execute("UPDATE store_payload SET body = NULL, erased_at = 1")
    assert [f.kind for f in audit.verify(scene.workspace)] == ["payload_missing"]


def test_people_and_configuration_are_in_the_ledger_without_secrets(scene: Scene) -> None:
    scene.settle(record("1", State.HELD, "DUPLICATE_SUSPECT"))
    decisions.release(scene.workspace, FLOW.name, "invoices", ["1"], reason="it is real", actor="anna")
    configuration.apply(scene.workspace, [IFS, SNOW], [], actor="ben")
    lines = [json.loads(line) for line in audit.export(scene.workspace)]
    main = [line for line in lines if line["writer"] == "main"]
    assert [line["seq"] for line in main] == list(range(1, len(main) + 1))
    assert main[0]["kind"] == "workspace_created"
    released = next(line for line in main if line["kind"] == "released")
    assert (released["key"], released["data"]) == ("1", {"reason": "it is real", "actor": "anna"})
    assert main[-1]["data"]["actor"] == "ben"
    assert {line["writer"] for line in lines} == {"main", scene.run.id}
    assert b"open sesame" not in b"".join(audit.export(scene.workspace))


def test_export_since_a_moment(scene: Scene) -> None:
    later = clock.now() + timedelta(hours=1)
    with clock.use(clock.ManualClock(later)):
        scene.settle(record("1"))
    assert [json.loads(line)["kind"] for line in audit.export(scene.workspace, later)] == ["judged"]


def test_heads_can_be_kept_elsewhere(scene: Scene) -> None:
    scene.settle(record("1"))
    assert [(head.writer, head.seq) for head in audit.heads(scene.workspace)][1:] == [(scene.run.id, 1)]


def test_events_of_one_batch_share_a_moment_and_follow_each_other(scene: Scene) -> None:
    scene.settle(record("1"), record("2"))
    scene.store.note(scene.lease, scene.run, [Event("remark")])
    rows = scene.execute("SELECT seq, key, kind FROM store_ledgerevent WHERE writer = 1 ORDER BY seq")
    assert rows == [(1, "1", "judged"), (2, "2", "judged"), (3, "", "remark")]
