"""Writing: whatever becomes of a request, each row is there once, as it should be, and everybody knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from conformance.samples import cancelled, changed, sample
from conformance.subject import Subject
from conformance.writing import Desk
from ml_connector.clock import ManualClock
from ml_connector.errors import ConfigurationError, RecordError
from ml_connector.records import Entity, Record
from ml_connector.systems.base import Action, Receipt, Write

pytestmark = [pytest.mark.writes, pytest.mark.inside]

ANY_WRITE = {"kind": "write"}
MOST_WRITES = 20


@asynccontextmanager
async def desk_of(subject: Subject, entity: Entity, **settings: Any) -> AsyncIterator[Desk]:
    """A desk that has delivered everything that samples of the entity refer to."""
    async with subject.connect(**settings) as system:
        desk = Desk(subject, system)
        await desk.parents(entity)
        await desk.deliver(sample(entity, 900))
        yield desk


async def disturbed(desk: Desk, entity: Entity, trouble: str, *, only: int = 0, **more: Any) -> None:
    """Deliver a record and change it, again and again, with trouble at the first, second, third ... write request.

    Ends when a delivery had no n-th write any more. Each time every row must be there once, and as it should be.
    """
    for nth in [only] if only else range(1, MOST_WRITES):
        record = sample(entity, nth)
        hit = [await _troubled(desk, version, trouble, nth, **more) for version in (record, changed(record))]
        if not any(hit):
            assert nth > 1, "nothing was written"
            return


async def _troubled(desk: Desk, record: Record, trouble: str, nth: int, **more: Any) -> bool:
    """Whether the trouble came."""
    subject = desk.subject
    shaped = await desk.shape(record)
    is_new = (record.entity, record.key) not in desk.delivered
    expected = desk.counts()
    if is_new:
        expected.update(part.table for part in shaped.parts)
    subject.fault(trouble, match=ANY_WRITE, nth=nth, **more)
    await desk.deliver(record)
    hit = any(rule.fired for rule in subject.simulator.faults.rules)
    subject.calm()
    await desk.quiet()
    assert desk.counts() == expected
    assert await desk.wrong(record) == {}
    return hit


async def test_write_and_read_back(subject: Subject, entity: Entity) -> None:
    """What was written is there as it should be: by id, by key, and for those who refer to it."""
    async with desk_of(subject, entity) as desk:
        record = sample(entity)
        known = await desk.deliver(record)
        target, shaped = await desk.target(entity), await desk.shape(record)
        found = await target.find_parts(shaped.parts)
        facts = await target.facts([known.ids["header"], "0" * 32])
        assert await desk.wrong(record) == {}
    ids = [known.ids[part.name] for part in shaped.parts]
    assert [[row.external_id for row in rows] for rows in found] == [[each] for each in ids]
    assert facts.keys() == {known.ids["header"]}
    assert facts[known.ids["header"]].active


async def test_change_and_read_back(subject: Subject, entity: Entity) -> None:
    """A changed record is changed on the target, and makes no second row."""
    async with desk_of(subject, entity) as desk:
        await desk.deliver(sample(entity))
        before = desk.counts()
        await desk.deliver(changed(sample(entity)))
        assert await desk.wrong(changed(sample(entity))) == {}
        assert desk.counts() == before


async def test_replay_twice_changes_nothing(subject: Subject, entity: Entity) -> None:
    """Somebody who remembers nothing delivers the same once more, twice: no row is added, none is touched."""
    async with desk_of(subject, entity) as desk:
        await desk.deliver(sample(entity))
        tables = {table for known in desk.delivered.values() for table in known.tables.values()}
        before = {table: subject.touches(subject.rows(table)) for table in tables}
        for _ in range(2):
            again = Desk(subject, desk.system)
            await again.parents(entity)
            await again.deliver(sample(entity))
        assert {table: subject.touches(subject.rows(table)) for table in tables} == before


async def test_commit_then_drop_on_every_kind_of_write(subject: Subject, entity: Entity) -> None:
    """The system did it and its answer was lost: creates, changes and releases of headers and lines."""
    async with desk_of(subject, entity) as desk:
        await disturbed(desk, entity, "drop_after")


async def test_drop_without_commit_on_every_kind_of_write(subject: Subject, entity: Entity) -> None:
    """The connection was lost and the system did nothing: it looks the same from here."""
    async with desk_of(subject, entity) as desk:
        await disturbed(desk, entity, "drop_before")


async def test_process_late_on_every_kind_of_write(subject: Subject, entity: Entity) -> None:
    """The connection was lost, and the system does it while we have already gone on."""
    async with desk_of(subject, entity) as desk:
        await disturbed(desk, entity, "process_late", seconds=0.02)


@pytest.mark.parametrize("trouble", ["html_after", "truncate"])
async def test_unreadable_answer_on_every_kind_of_write(subject: Subject, entity: Entity, trouble: str) -> None:
    """The system did it, and a web page or half an answer came back."""
    async with desk_of(subject, entity) as desk:
        await disturbed(desk, entity, trouble)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_trouble_on_every_kind_of_write(subject: Subject, entity: Entity, status: int) -> None:
    """A 5xx says nothing about whether it was done."""
    async with desk_of(subject, entity) as desk:
        await disturbed(desk, entity, "status", status=status)


async def test_time_out_of_a_write(subject: Subject, entity: Entity) -> None:
    """No answer in time: the system may still be at it."""
    async with desk_of(subject, entity, **subject.impatient) as desk:
        await disturbed(desk, entity, "delay", only=1, seconds=0.3)


@pytest.mark.parametrize("form", ["seconds", "date", "absent"])
async def test_rate_limit_on_a_write(subject: Subject, entity: Entity, manual_clock: ManualClock, form: str) -> None:
    """A write that was too much is made once, after the pause that was asked for."""
    header = {} if form == "absent" else {"retry_after_s": 17, "retry_after_form": form}
    async with desk_of(subject, entity) as desk:
        manual_clock.slept.clear()
        await disturbed(desk, entity, "status", only=1, status=429, **header)
    assert manual_clock.slept
    assert form == "absent" or max(manual_clock.slept) >= 16


async def test_token_expiring_amid_writes(subject: Subject, entity: Entity) -> None:
    """A token that ends between two writes is renewed, and no row is written twice or left out."""
    async with desk_of(subject, entity) as desk:
        subject.interrupt(subject.expire_tokens, 1, ANY_WRITE)
        for number in (1, 2):
            assert not await _troubled(desk, sample(entity, number), "drop_before", MOST_WRITES)
        assert not await _troubled(desk, changed(sample(entity, 2)), "drop_before", MOST_WRITES)
    assert subject.requests("token") == 2


async def test_poison_among_good(subject: Subject, entity: Entity) -> None:
    """One record that the system refuses, or stores otherwise, is set aside; its neighbours in the same call arrive."""
    async with desk_of(subject, entity) as desk:
        target, writes = await _creations(desk, entity, 5)
        third = writes[2]
        payload = subject.poison(target, third.payload, third.part.table)
        writes[2] = Write(third.action, third.part, third.external_id, payload)
        answers = await target.write(writes)
    kinds = [isinstance(answer, Receipt) for answer in answers]
    assert kinds == [True, True, False, True, True]
    assert isinstance(answers[2], RecordError)
    assert answers[2].message


async def test_writing_with_a_role_revoked_mid_run(subject: Subject, entity: Entity) -> None:
    """A role that is taken between two calls stops the flow with its name; the rows are not blamed one by one."""
    async with desk_of(subject, entity) as desk:
        target, writes = await _creations(desk, entity, 3)
        words = subject.revoke_writing(entity)
        before = desk.counts()
        with pytest.raises(ConfigurationError) as caught:
            await target.write(writes)
        assert desk.counts() == before
    assert [word for word in words if word not in str(caught.value)] == []


async def _creations(desk: Desk, entity: Entity, count: int) -> tuple[Any, list[Write]]:
    """So many headers to be created in one call."""
    target = await desk.target(entity)
    shaped = [await desk.shape(sample(entity, number)) for number in range(1, count + 1)]
    headers = [each.parts[0] for each in shaped]
    return target, [Write(Action.CREATE, each, each.external_id, each.payload) for each in headers]


async def test_change_by_somebody_else_is_seen(subject: Subject, entity: Entity) -> None:
    """Read back, a row that a person changed meanwhile is told from one that is as we wrote it."""
    async with desk_of(subject, entity) as desk:
        record = sample(entity)
        known = await desk.deliver(record)
        theirs = changed(record)
        await Desk(subject, desk.system, {**desk.delivered}).deliver(theirs)
        target, shaped = await desk.target(entity), await desk.shape(record)
        names = []
        for part in shaped.parts:
            row = (await target.read(part.table, [known.ids[part.name]]))[known.ids[part.name]]
            names += target.differences(part.payload, row)
    assert names


@pytest.mark.documents
async def test_cancel_written(subject: Subject, entity: Entity) -> None:
    """A document that was cancelled at the source is cancelled on the target, by a change."""
    async with desk_of(subject, entity) as desk:
        record = sample(entity)
        await desk.deliver(record)
        before = desk.counts()
        assert not subject.is_cancelled(desk.row(record))
        await desk.deliver(cancelled(record))
        assert subject.is_cancelled(desk.row(record))
        assert desk.counts() == before


@pytest.mark.documents
async def test_cancel_never_lost_in_silence(subject: Subject, entity: Entity) -> None:
    """Where the target takes no cancellation, people are told that they have to make it there."""
    async with desk_of(subject, entity) as desk:
        record = sample(entity)
        await desk.deliver(record)
        try:
            await desk.deliver(cancelled(record))
        except RecordError as error:
            assert error.code == "TARGET_IMMUTABLE"
        else:
            assert subject.is_cancelled(desk.row(record))


@pytest.mark.documents
async def test_line_taken_back(subject: Subject, entity: Entity) -> None:
    """A line that vanished at the source is made of no effect on the target and is not deleted."""
    async with desk_of(subject, entity) as desk:
        known = await desk.deliver(sample(entity))
        target, shaped = await desk.target(entity), await desk.shape(sample(entity))
        line = shaped.parts[1]
        columns = target.cancelled(line.table, line.name)
        assert columns, "there is no way to take a line back"
        before = desk.counts()
        receipt = await desk.put(target, Write(Action.UPDATE, line, known.ids[line.name], columns))
        row = (await target.read(line.table, [receipt.external_id]))[receipt.external_id]
        assert target.differences(columns, row) == []
        assert desk.counts() == before
