"""Named locks between processes: one holder, an end by themselves, and word of who waits."""

from __future__ import annotations

from ml_connector.store.locks import StoredLocks
from ml_connector.store.workspace import Workspace


def test_one_holder_who_may_prolong_it(workspace: Workspace) -> None:
    locks = StoredLocks(workspace)
    assert locks.take("x", "anna", 60)
    assert locks.take("x", "anna", 60)
    assert not locks.take("x", "ben", 60)
    assert locks.take("y", "ben", 60)


def test_a_dead_holders_lock_ends_by_itself(workspace: Workspace) -> None:
    locks = StoredLocks(workspace)
    assert locks.take("x", "anna", 0)
    assert locks.take("x", "ben", 60)
    assert not locks.take("x", "anna", 60)


def test_given_back_by_its_holder_alone(workspace: Workspace) -> None:
    locks = StoredLocks(workspace)
    assert locks.take("x", "anna", 60)
    assert not locks.give_back("x", "ben")
    assert not locks.take("x", "ben", 60)
    locks.give_back("x", "anna")
    assert locks.take("x", "ben", 60)


def test_the_holder_learns_that_somebody_waits(workspace: Workspace) -> None:
    locks = StoredLocks(workspace)
    assert locks.take("x", "anna", 60)
    assert not locks.give_back("x", "anna")
    assert locks.take("x", "anna", 60)
    assert not locks.take("x", "ben", 60)
    assert not locks.take("x", "ben", 60)
    assert locks.take("x", "anna", 60)  # prolonged
    assert locks.give_back("x", "anna")
    assert locks.take("x", "ben", 60)
    assert not locks.give_back("x", "ben")


def test_who_waited_for_a_dead_holder_is_not_told_that_he_waits(workspace: Workspace) -> None:
    locks = StoredLocks(workspace)
    assert locks.take("x", "anna", 60)
    assert not locks.take("x", "ben", 60)
    with workspace.database.transaction() as cursor:
        cursor.execute("UPDATE store_lock SET expires_at = 0")
    assert locks.take("x", "ben", 60)
    assert not locks.give_back("x", "ben")
