"""What a person decides holds, whatever a run does at the same time."""

from __future__ import annotations

import msgspec
import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.records import State
from ml_connector.store import decisions

from .scene import FLOW, Scene, part, record

HELD = (State.HELD, "HELD_BY_PERSON")
EXCLUDED = (State.EXCLUDED, "EXCLUDED_BY_PERSON")
RECEIVED = (State.RECEIVED, "")


def decide(scene: Scene, what: str, *keys: str, reason: str = "because") -> list[str]:
    act = {"hold": decisions.hold, "exclude": decisions.exclude, "release": decisions.release}[what]
    return act(scene.workspace, FLOW.name, "invoices", keys, reason=reason, actor="anna")


def test_only_records_that_there_are_can_be_decided_about(scene: Scene) -> None:
    scene.settle(record("1"), record("2", State.REJECTED, "INVALID"))
    assert decide(scene, "hold", "2", "x", "1") == ["2", "1"]
    assert scene.states("1", "2") == [HELD, HELD]
    assert decide(scene, "hold", "1") == []
    assert decide(scene, "exclude", "1") == ["1"]
    assert scene.states("1") == [EXCLUDED]
    assert decide(scene, "release", "1", "2") == ["1", "2"]
    assert scene.states("1", "2") == [RECEIVED, RECEIVED]
    assert decide(scene, "release", "1") == []


def test_a_reason_is_required(scene: Scene) -> None:
    with pytest.raises(ConfigurationError, match="reason"):
        decide(scene, "hold", "1", reason=" ")


def test_a_released_record_is_due_at_once_and_marked(scene: Scene) -> None:
    scene.settle(record("1", State.HELD, "DUPLICATE_SUSPECT", due_at=1e12))
    decide(scene, "release", "1")
    [row] = scene.store.due(scene.route, 0.0, "", 10)
    assert (row.key, row.released) == ("1", True)


def test_a_hold_placed_while_a_run_has_the_record_stays_and_the_writes_are_remembered(scene: Scene) -> None:
    scene.settle(record("1", State.WAITING, "PARENT_NOT_DELIVERED"))
    decide(scene, "hold", "1")
    scene.settle(record("1", State.LANDED, parts=(part(),), version="2", fingerprint=b"f"))
    row = scene.known("1")["1"]
    assert (row.state, row.code) == HELD
    assert (row.parts, row.version, row.fingerprint) == ((part(),), "2", b"f")


def test_an_exclusion_placed_while_a_run_has_the_record_stays(scene: Scene) -> None:
    scene.settle(record("1", State.WAITING, "PARENT_NOT_DELIVERED"))
    decide(scene, "exclude", "1")
    scene.settle(record("1", State.REJECTED, "INVALID", due_at=5))
    assert scene.states("1") == [EXCLUDED]


def test_a_run_may_store_a_record_that_it_knows_to_be_held(scene: Scene) -> None:
    scene.settle(record("1"))
    decide(scene, "hold", "1")
    known = scene.known("1")["1"]
    scene.settle(msgspec.structs.replace(known, version="2"))
    assert scene.states("1") == [HELD]
    assert scene.known("1")["1"].version == "2"


@pytest.mark.parametrize("code", ["DUPLICATE_SUSPECT", "HELD_BY_PERSON"])
def test_a_release_is_not_undone_by_a_run_that_judged_before_it(scene: Scene, code: str) -> None:
    held = record("1", State.HELD, code)
    scene.settle(held)
    decide(scene, "release", "1")
    scene.settle(held)
    assert scene.states("1") == [RECEIVED]
    assert scene.known("1")["1"].released


def test_a_run_that_knows_of_the_release_has_the_last_word(scene: Scene) -> None:
    scene.settle(record("1", State.HELD, "ADOPTION_AMBIGUOUS"))
    decide(scene, "release", "1")
    known = scene.known("1")["1"]
    scene.settle(msgspec.structs.replace(known, state=State.HELD, code="ADOPTION_AMBIGUOUS"))
    assert scene.states("1") == [(State.HELD, "ADOPTION_AMBIGUOUS")]


def test_a_release_is_remembered_after_delivery_until_a_person_holds_it_again(scene: Scene) -> None:
    scene.settle(record("1", State.HELD, "DUPLICATE_SUSPECT"))
    decide(scene, "release", "1")
    scene.settle(record("1", State.LANDED))
    assert scene.known("1")["1"].released
    decide(scene, "hold", "1")
    assert not scene.known("1")["1"].released
