"""Reading again: only what changed, and all of it, whatever the clocks and stamps do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.reading import Pass, compared, read
from conformance.subject import Subject
from conformance.subjects import subjects
from ml_connector.records import Entity
from ml_connector.systems.base import System

pytestmark = [pytest.mark.reads, pytest.mark.inside]

SAME_STAMP = 500


async def test_second_read_gives_only_changes(subject: Subject, entity: Entity) -> None:
    """Nothing after nothing happened; then what was entered and what was changed, and nothing else."""
    async with subject.connect() as system:
        first = await read(system, entity)
        quiet = await read(system, entity, first.cursor)
        subject.later(600)
        edited = subject.lively(entity)[2]
        subject.edit(entity, edited)
        entered = subject.add(entity, 1)
        second = await read(system, entity, quiet.cursor)
        third = await _after(subject, system, entity, second)
    assert quiet.keys == []
    assert sorted(second.keys) == sorted([edited, entered])
    assert third.keys == []
    assert not second.first_load


async def _after(subject: Subject, system: System, entity: Entity, before: Pass) -> Pass:
    """What comes when nothing happened any more; the first second look may repeat what is too fresh to be sure of."""
    subject.later(600)
    settled = await read(system, entity, before.cursor)
    assert set(settled.keys) <= set(before.keys)
    return await read(system, entity, settled.cursor)


@pytest.mark.lined
async def test_changed_line(subject: Subject, entity: Entity) -> None:
    """A document of which only a line changed is read again, whole."""
    key = subject.lively(entity)[0]
    async with subject.connect() as system:
        first = await read(system, entity)
        subject.later(600)
        subject.edit_line(entity, key)
        second = await read(system, entity, first.cursor)
    assert second.keys == [key]
    shown, expected = compared(second, subject.expected(entity))
    assert shown[key] == expected[key]


@pytest.mark.lined
async def test_removed_line(subject: Subject, entity: Entity) -> None:
    """A line that vanished leaves another version behind, which a sweep sees."""
    key = subject.lively(entity)[0]
    async with subject.connect() as system:
        before = await _versions(system, entity)
        subject.remove_line(entity, key)
        after = await _versions(system, entity)
    assert {each for each in before if before[each] != after[each]} == {key}


async def test_removed_record(subject: Subject, entity: Entity) -> None:
    """A record that vanished is missing from the sweep, and only that one."""
    key = subject.lively(entity)[1]
    async with subject.connect() as system:
        before = await _versions(system, entity)
        subject.remove(entity, key)
        after = await _versions(system, entity)
    assert before.keys() - after.keys() == {key}


async def _versions(system: System, entity: Entity) -> dict[str, str]:
    stream = system.stream(entity)
    return {key: version async for some in stream.sweep() for key, version in some}


async def test_500_rows_sharing_one_time_stamp_across_a_page_edge(subject: Subject, entity: Entity) -> None:
    """A page that ends amid rows of one stamp loses none of them and gives none twice."""
    async with subject.connect() as system:
        first = await read(system, entity)
        subject.later(600)
        stamp = subject.moment(30)
        entered = [subject.add(entity, number, stamp=stamp) for number in range(SAME_STAMP)]
        subject.switch(page_limit=200)
        second = await read(system, entity, first.cursor)
        third = await read(system, entity, second.cursor)
    assert sorted(second.keys) == sorted(entered)
    assert third.keys == []


async def test_late_commit(subject: Subject, entity: Entity) -> None:
    """A row that was stamped before the last reading and became visible after it is found."""
    async with subject.connect() as system:
        subject.later(600)
        subject.edit(entity, subject.lively(entity)[0])
        first = await read(system, entity)
        late = subject.add(entity, 1, stamp=subject.moment(subject.overlap_s - 10))
        second = await read(system, entity, first.cursor)
    assert late in second.keys


async def test_row_stamped_in_the_far_future(subject: Subject, entity: Entity) -> None:
    """A row from the future is read, and does not carry the cursor away over everything that comes before it."""
    keys = subject.lively(entity)
    async with subject.connect() as system:
        first = await read(system, entity)
        subject.edit(entity, keys[0], stamp=datetime(2199, 1, 1, tzinfo=UTC))
        second = await read(system, entity, first.cursor)
        subject.later(600)
        subject.edit(entity, keys[1])
        third = await read(system, entity, second.cursor)
    assert keys[0] in second.keys
    assert keys[1] in third.keys


async def test_far_future_cursor(subject: Subject, entity: Entity) -> None:
    """A cursor from a time that the system's clock has not reached is not believed: everything is read, with a remark.

    The system was restored from an old backup, or its clock was wrong.
    """
    async with subject.connect() as system:
        subject.edit(entity, subject.lively(entity)[0])
        first = await read(system, entity)
    subject.later(-400 * 86400)
    async with subject.connect() as system:
        second = await read(system, entity, first.cursor)
    assert second.first_load and second.remark
    assert sorted(second.keys) == sorted(subject.expected(entity))


CORRUPT: list[dict[str, Any]] = [{}, {"garbage": True}, {"strategy": "field", "sets": 7}, {"stamp": "yesterday"}]


async def test_corrupt_cursor(subject: Subject, entity: Entity) -> None:
    """A cursor that nobody can read is not believed: everything is looked at again, with a remark."""
    async with subject.connect() as system:
        windows = [await system.stream(entity).window(cursor) for cursor in CORRUPT]
        found = await read(system, entity, CORRUPT[1])
    assert all(window.first_load and window.remark for window in windows)
    assert sorted(found.keys) == sorted(subject.expected(entity))


# Clocks are set back in Stockholm at 01:00 UTC: 02:50 summer time is followed by 02:10 winter time.
BEFORE, MINUTES = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), 20


async def test_time_zone_and_dst(subject: Subject, entity: Entity) -> None:
    """A change in the hour that the clock shows twice is found, though its stamp is smaller than the cursor's."""
    zoned = subjects()[subject.system](subject.zoned("Europe/Stockholm"))
    async with zoned.run(start=BEFORE):
        keys = zoned.lively(entity)
        async with zoned.connect() as system:
            zoned.edit(entity, keys[0])
            first = await read(system, entity)
            zoned.later(MINUTES * 60)
            zoned.edit(entity, keys[1])
            second = await read(system, entity, first.cursor)
    assert keys[1] in second.keys
    assert not second.first_load
