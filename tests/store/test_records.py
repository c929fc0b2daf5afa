"""Record rows come back as they went in, and are found by what a run asks for."""

from __future__ import annotations

import msgspec
import pytest

from ml_connector.records import State
from ml_connector.sync.store import Linked, RawRef, RecordRow, RunOptions

from .scene import ISSUE, Scene, part, record


def whole(key: str) -> RecordRow:
    """A row with a value in every field."""
    return RecordRow(
        key=key,
        scope="10",
        state=State.REJECTED,
        code="DIMENSION_MISSING",
        issues=(ISSUE,),
        label="O'Brien 请 \U0001f4c4  ",
        version='W/"1"',
        modified="2026-01-01T00:00:00Z",
        fingerprint=b"\x00\xff",
        mapping="3",
        raw=RawRef(4, 5),
        parts=(part(), part("line:1", "doubt")),
        natural=b"n" * 8,
        warning=b"\x00" * 8,
        facts={"code": "6100", "active": True, "valid_from": None},
        waits_for="suppliers:1",
        adopted=True,
        pulled=True,
        released=True,
        missing_sweeps=1,
        due_at=12.25,
        run_id="r",
        outcome="rejected",
        updated_at=1_700_000_000.123456,
    )


@pytest.mark.parametrize("key", ["1", '10/" A1"', "0010", "it's", "a%b_c", "Ärger^\U0001f4c4", 'x"y/z'])
def test_a_row_comes_back_as_it_was_stored(scene: Scene, key: str) -> None:
    scene.settle(whole(key))
    assert scene.known(key, "other") == {key: whole(key)}


def test_rows_are_inserted_and_replaced_in_one_batch_and_counted_once(scene: Scene) -> None:
    scene.settle(record("1"), record("2"))
    scene.settle(record("2", version="new"), record("3"), record("3", version="newest"))
    assert {key: row.version for key, row in scene.known("1", "2", "3").items()} == {
        "1": "",
        "2": "new",
        "3": "newest",
    }
    assert scene.store.route_state(scene.route).records == 3


def test_a_label_may_hold_what_a_database_cannot(scene: Scene) -> None:
    scene.settle(record("1", label="a\x00b"))
    assert scene.known("1")["1"].label == "a\u2400b"


def test_routes_do_not_see_each_others_records(scene: Scene) -> None:
    scene.settle(record("1", natural=b"n"))
    other = scene.flow.routes[0].id
    assert scene.store.known(other, ["1"]) == {}
    assert scene.store.same_natural(other, [b"n"]) == {}
    assert scene.store.versions(other, "", 10) == []


def test_likeness_is_found_by_hash(scene: Scene) -> None:
    scene.settle(
        record("2", natural=b"n", warning=b"w"), record("1", natural=b"n"), record("3", natural=b"m"), record("4")
    )
    assert scene.store.same_natural(scene.route, [b"n", b"x"]) == {b"n": ["1", "2"]}
    assert scene.store.same_warning(scene.route, [b"w"]) == {b"w": ["2"]}
    assert scene.store.same_natural(scene.route, []) == {}


def test_due_records_come_in_key_order_page_by_page(scene: Scene) -> None:
    scene.settle(
        record("a", State.WAITING, "PARENT_NOT_DELIVERED"),
        record("B", State.IN_DOUBT, "OUTCOME_UNKNOWN", due_at=50),
        record("c", State.DELIVERED),
        record("d", State.RECEIVED),
        record("e", State.WAITING, "WAITING_APPROVAL", due_at=51),
        record("f", State.LANDED),
        record("g", State.HELD, "HELD_BY_PERSON"),
    )
    assert [row.key for row in scene.store.due(scene.route, 49, "", 3)] == ["B", "a", "c"]  # in doubt: always
    assert [row.key for row in scene.store.due(scene.route, 50, "c", 3)] == ["d"]


def test_a_replay_takes_what_it_was_asked_for(scene: Scene) -> None:
    scene.settle(
        record("1", State.REJECTED, "INVALID", run_id="run"),
        record("2", State.WAITING, "WAITING_APPROVAL"),
        record("3", State.HELD, "DUPLICATE_SUSPECT"),
        record("4", State.HELD, "HELD_BY_PERSON"),
        record("5", State.EXCLUDED, "BEFORE_CUTOVER"),
        record("6", State.EXCLUDED, "EXCLUDED_BY_PERSON"),
        record("7"),
    )

    def chosen(**asked: object) -> list[str]:
        options = RunOptions(replay=True, **asked)  # type: ignore[arg-type]
        return [row.key for row in scene.store.chosen(scene.route, options, "", 10)]

    assert chosen() == ["1", "2"]
    assert chosen(replay_state=State.HELD) == ["3"]
    assert chosen(replay_state=State.EXCLUDED) == ["5"]
    assert chosen(replay_keys=("2", "3", "7")) == ["2"]
    assert chosen(replay_run="run") == ["1"]
    options = RunOptions(replay=True)
    assert [row.key for row in scene.store.chosen(scene.route, options, "1", 10)] == ["2"]
    assert [row.key for row in scene.store.chosen(scene.route, options, "", 1)] == ["1"]


def test_versions_are_read_in_byte_order_for_the_sweep(scene: Scene) -> None:
    scene.settle(*(record(key, version=f"v{key}") for key in ("b", "a", "Z", "10/2", "10/10")))
    scene.settle(record("a", State.REJECTED, "INVALID", version="2", missing_sweeps=1))
    assert scene.store.versions(scene.route, "", 4) == [
        ("10/10", "v10/10", "landed", 0),
        ("10/2", "v10/2", "landed", 0),
        ("Z", "vZ", "landed", 0),
        ("a", "2", "rejected", 1),
    ]
    assert scene.store.versions(scene.route, "a", 4) == [("b", "vb", "landed", 0)]


def test_queries_for_open_records_use_their_small_index(scene: Scene) -> None:
    if scene.workspace.database.postgresql:
        return  # the planner decides by statistics there
    scene.settle(record("1"))
    from ml_connector.store.rows import OPEN

    sql = f"SELECT key FROM store_record WHERE workspace_id = 1 AND route_id = 1 AND {OPEN} AND key > '' ORDER BY key"
    assert "record_open" in str(scene.execute(f"EXPLAIN QUERY PLAN {sql}"))
    natural = (
        "SELECT key FROM store_record"
        " WHERE workspace_id = 1 AND route_id = 1 AND natural_hash IS NOT NULL AND natural_hash IN (x'00', x'01')"
    )
    assert "record_natural" in str(scene.execute(f"EXPLAIN QUERY PLAN {natural}"))
    ledger = (
        "SELECT seq FROM store_ledgerevent WHERE workspace_id = 1 AND route_id = 1 AND key = '1' AND NOT (key = '')"
    )
    assert "ledger_of_record" in str(scene.execute(f"EXPLAIN QUERY PLAN {ledger}"))


def test_rows_of_the_target_are_known_by_the_record_that_they_belong_to_even_in_doubt(scene: Scene) -> None:
    doubtful = msgspec.structs.replace(part(status="doubt"), external_id="d" * 32)
    scene.settle(record("1", parts=(part(),)), record("2", State.IN_DOUBT, parts=(doubtful,)), record("3"))
    assert scene.store.linked(scene.route, ["f" * 32, "d" * 32, "0" * 32]) == {
        "f" * 32: Linked("ifs_cloud", "10", "1"),
        "d" * 32: Linked("ifs_cloud", "10", "2"),
    }
    assert scene.store.linked(scene.route, []) == {}
