"""Intents before the request leaves; a batch's outcomes in one transaction."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ml_connector.records import State
from ml_connector.store import audit
from ml_connector.store.store import DjangoStore
from ml_connector.sync.store import Event, Intent

from .scene import ISSUE, Scene, document, raw, record


def test_an_intent_is_open_until_its_batch_is_settled(scene: Scene) -> None:
    rows = (record("1", State.IN_DOUBT, "OUTCOME_UNKNOWN", issues=(ISSUE,)), record("2"))
    number = scene.intend("1", "2", rows=rows)
    expected = Intent(number, scene.route, scene.lease.epoch, 100.0, (document("1"), document("2")), rows)
    assert DjangoStore(scene.workspace).open_intents(scene.flow.id) == [expected]
    scene.settle(*rows, intent_id=number)
    assert scene.store.open_intents(scene.flow.id) == []


def test_settling_twice_changes_nothing(scene: Scene) -> None:
    number = scene.intend("1")
    scene.settle(record("1", version="first"), intent_id=number)
    rows = scene.execute("SELECT count(*) FROM store_ledgerevent")
    scene.settle(record("1", version="again"), intent_id=number)
    assert scene.known("1")["1"].version == "first"
    assert scene.execute("SELECT count(*) FROM store_ledgerevent") == rows


def test_another_process_settles_the_intent_of_a_killed_one(scene: Scene) -> None:
    number = scene.intend("1", "2")
    scene.store = DjangoStore(scene.workspace)
    scene.take(scene.lease.owner)
    scene.settle(record("2"), intent_id=number)
    [(data,)] = scene.execute("SELECT data FROM store_ledgerevent WHERE key = '2'")
    assert '"intended":[1,1]' in data
    assert audit.verify(scene.workspace) == []


def test_a_settlement_moves_cursor_page_and_counts_together(scene: Scene) -> None:
    page = scene.page(raw("1"))
    counts = {"invoices:source_to_target": {"created": 1}}
    scene.settle(record("1"), page_id=page, page_settled=1, cursor={"at": 2}, counts=counts)
    state = scene.store.route_state(scene.route)
    assert (state.cursor, state.records) == ({"at": 2}, 1)
    scene.settle(record("1"))
    assert scene.store.route_state(scene.route).cursor == {"at": 2}
    found = scene.store.interrupted_run(scene.lease)
    assert found is not None
    assert found.counts == counts


def test_a_settlement_that_fails_in_the_middle_leaves_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    page, number = scene.page(raw("1")), scene.intend("1")

    def broken(*_: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr("ml_connector.store.runs.count", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        scene.settle(
            record("1", issues=(ISSUE,)), intent_id=number, page_id=page, page_settled=1, cursor={"at": 2}, counts={}
        )
    monkeypatch.undo()
    assert scene.known("1") == {}
    state = scene.store.route_state(scene.route)
    assert (state.cursor, state.records) == (None, 0)
    assert [found.settled for found in scene.store.open_pages(scene.route)] == [0]
    assert len(scene.store.open_intents(scene.flow.id)) == 1
    scene.settle(record("1"), intent_id=number)
    assert audit.verify(scene.workspace) == []


_BATCH = """
import sys
from pathlib import Path
from ml_connector.store.setup import open_workspace
from ml_connector.store.keyring import Keyring
from tests.store.scene import Scene, raw, record
scene = Scene(open_workspace(sys.argv[1], Path(sys.argv[2]), Keyring([b"k" * 32], "test")))
page = scene.page(raw("1"))
number = scene.intend("1")
scene.settle(record("1"), intent_id=number, page_id=page, page_settled=1, cursor={"at": 2})
scene.finish()
"""


def _killed_at(point: str, url: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BATCH, url, str(home)],
        env={**os.environ, "ML_CONNECTOR_KILL_AT": point},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("point", "pages", "open_intents", "records", "finished"),
    [
        ("start_run:before_commit:1", 0, 0, 0, []),
        ("keep_page:before_commit:1", 0, 0, 0, [None]),
        ("keep_page:after_commit:1", 1, 0, 0, [None]),
        ("intend:before_commit:1", 1, 0, 0, [None]),
        ("intend:after_commit:1", 1, 1, 0, [None]),
        ("settle:before_commit:1", 1, 1, 0, [None]),
        ("settle:after_commit:1", 0, 0, 1, [None]),
        ("finish_run:before_commit:1", 0, 0, 1, [None]),
        ("finish_run:after_commit:1", 0, 0, 1, ["complete"]),
    ],
)
def test_a_killed_process_leaves_whole_transactions(
    database_url: str,
    alias: str,
    tmp_path: Path,
    point: str,
    pages: int,
    open_intents: int,
    records: int,
    finished: list[str | None],
) -> None:
    from ml_connector.store.setup import open_workspace

    from .conftest import KEYRING

    _killed_at(point, database_url, tmp_path)
    workspace = open_workspace(database_url, tmp_path, KEYRING, alias=alias)
    counted = [
        workspace.database.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0]
        for table, where in (("store_rawpage", "open"), ("store_intent", "1 = 1"), ("store_record", "1 = 1"))
    ]
    assert counted == [pages, open_intents, records]
    outcomes = workspace.database.rows("SELECT outcome FROM store_run")
    assert [row[0] or None for row in outcomes] == finished
    assert audit.verify(workspace) == []
    workspace.close()


def test_one_thread_renews_while_another_settles(scene: Scene) -> None:
    stop, renewed, failures = threading.Event(), [], []

    def keep_renewing() -> None:
        try:
            while not stop.is_set():
                renewed.append(scene.store.renew(scene.lease))
        except Exception as error:  # told to the test, which would not see it otherwise
            failures.append(error)

    thread = threading.Thread(target=keep_renewing)
    thread.start()
    for number in range(30):
        scene.settle(*(record(f"{number}/{n}") for n in range(20)))
    stop.set()
    thread.join()
    scene.store.close()
    assert not failures
    assert renewed
    assert all(renewed)
    assert scene.store.route_state(scene.route).records == 600
    assert audit.verify(scene.workspace) == []


def test_remarks_go_into_the_runs_ledger(scene: Scene) -> None:
    scene.store.note(scene.lease, scene.run, [Event("remark", scene.route, data={"why": "empty list"}), Event("x")])
    assert scene.execute("SELECT kind FROM store_ledgerevent WHERE writer > 0 ORDER BY seq") == [("remark",), ("x",)]


def test_five_thousand_records_in_and_out(scene: Scene) -> None:
    keys = [f"10/{number:05d}" for number in range(5000)]
    for start in range(0, 5000, 200):
        batch = keys[start : start + 200]
        page = scene.page(*(raw(key) for key in batch))
        number = scene.intend(*batch)
        scene.settle(*(record(key) for key in batch), intent_id=number, page_id=page, page_settled=200)
    scene.finish()
    assert scene.store.route_state(scene.route).records == 5000
    assert len(scene.store.known(scene.route, keys[:1000])) == 1000
    assert [row[0] for row in scene.store.versions(scene.route, "10/04997", 100)] == keys[-2:]
    assert audit.verify(scene.workspace) == []
