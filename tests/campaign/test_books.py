"""The campaign's own sight: a store that claims to be further than it is does not go unnoticed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from campaign.books import SQLITE_FILE, Books
from campaign.edits import edit
from campaign.kills import StoreKill
from campaign.pairs import playable, setup_of
from campaign.plant import Plant

from flows.plant import Loop

SOURCES = sorted({source for source, _ in playable()})


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.mark.parametrize("source", SOURCES)
def test_a_cursor_that_is_ahead_of_the_records_is_seen(source: str, loop: Loop, tmp_path: Path) -> None:
    plant = Plant(loop, setup_of((source, "servicenow"), window_s=0.0), tmp_path / "home")
    try:
        plant.apply()
        plant.run_here()
        books = plant.books
        assert books.problems(plant.promises) == []
        before = tmp_path / "before"
        before.mkdir()
        shutil.copy(plant.home / SQLITE_FILE, before)
        edit(plant, 1, 1)
        unseen = books.problems(plant.promises)  # SYSPRO's old documents, which only a sweep looks at again
        plant.run_here()
        _advance(before / SQLITE_FILE, books)
        ahead = {problem.entity for problem in Books(before, "").problems(plant.promises) if problem not in unseen}
    finally:
        plant.close()
    assert {"suppliers", "purchase_orders", "invoices"} <= ahead


def _advance(database: Path, further: Books) -> None:
    """Give the routes of a database the cursors of another."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for number, cursor in further.query("SELECT id, cursor FROM store_route"):
            connection.execute("UPDATE store_route SET cursor = ? WHERE id = ?", (cursor, number))


def test_a_read_mark_that_is_ahead_of_the_inbox_is_seen(loop: Loop, tmp_path: Path) -> None:
    plant = Plant(loop, setup_of(("ifs_cloud", "servicenow"), window_s=0.0), tmp_path / "home")
    try:
        plant.apply()
        assert plant.run(StoreKill("keep_page:after_commit", 3)).killed
        books = plant.books
        assert books.problems(plant.promises) == []
        [(route, entity)] = books.query("SELECT id, entity FROM store_route WHERE read_mark IS NOT NULL")
        with closing(sqlite3.connect(plant.home / SQLITE_FILE)) as connection, connection:
            connection.execute("DELETE FROM store_rawpage WHERE route_id = ?", (route,))
        lost = books.problems(plant.promises)
    finally:
        plant.close()
    assert {problem.entity for problem in lost} == {entity}
