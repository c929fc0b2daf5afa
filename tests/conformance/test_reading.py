"""Reading everything: whatever the pages look like, each record comes once and as it is."""

from __future__ import annotations

import pytest

from conformance.reading import compared, read, through_json
from conformance.subject import Subject
from ml_connector.errors import ConfigurationError
from ml_connector.records import Entity

pytestmark = pytest.mark.reads


@pytest.mark.inside
async def test_full_read_equals_the_truth(subject: Subject, entity: Entity) -> None:
    """Every record of the system, once, with the values it has there; what cannot be read is refused one by one."""
    async with subject.connect() as system:
        found = await read(system, entity)
    assert found.repeated() == []
    shown, expected = compared(found, subject.expected(entity))
    assert shown == expected


async def test_full_read_is_complete_in_itself(subject: Subject, entity: Entity) -> None:
    """The cheap look at keys and versions finds the same records that a full read gave, each once."""
    async with subject.connect() as system:
        found = await read(system, entity)
        swept = [pair async for some in system.stream(entity).sweep() for pair in some]
    assert sorted(key for key, _ in swept) == sorted(found.keys)
    assert {key: version for key, version in swept if version} == {
        key: found.latest[key].version for key, version in swept if version
    }


async def test_fetch_gives_records_as_they_are(subject: Subject, entity: Entity) -> None:
    """By key, each like in the full read; a key that nobody has is absent."""
    async with subject.connect() as system:
        found = await read(system, entity)
        keys = sorted(found.latest)[:60]
        fetched = await system.stream(entity).fetch([*keys, "no such/key", "neither"])
    assert {raw.key: raw.payload for raw in fetched} == {key: found.latest[key].payload for key in keys}


async def test_reading_goes_on_where_it_stopped(subject: Subject, entity: Entity) -> None:
    """A window continued at any of its positions gives every record that came behind it."""
    async with subject.connect() as system:
        stream = system.stream(entity)
        window = await stream.window(None)
        pages = [page async for page in stream.extract(window, None)]
        for index, page in enumerate(pages[:-1]):
            behind = {raw.key for later in pages[index + 1 :] for raw in later.records}
            position = through_json(page.position)
            again = {raw.key async for rest in stream.extract(through_json(window), position) for raw in rest.records}
            assert behind <= again


@pytest.mark.inside
async def test_small_pages(subject: Subject, entity: Entity) -> None:
    """Many pages give what one gives."""
    subject.switch(**subject.small_pages)
    async with subject.connect() as system:
        found = await read(system, entity)
    shown, expected = compared(found, subject.expected(entity))
    assert shown == expected


@pytest.mark.inside
async def test_silent_page_cap(subject: Subject, entity: Entity) -> None:
    """A page that ends early and does not say so is not taken for the end."""
    for number in range(70):
        subject.add(entity, number)
    subject.switch(**subject.silent_cap)
    async with subject.connect() as system:
        found = await read(system, entity)
    shown, expected = compared(found, subject.expected(entity))
    assert shown == expected


@pytest.mark.inside
async def test_rows_changing_between_pages(subject: Subject, entity: Entity) -> None:
    """Rows that vanish, appear and change while pages are read hide no other row."""
    keys = subject.lively(entity)
    gone, changed = keys[:2], keys[2:4]

    def meddle() -> None:
        for key in gone:
            subject.remove(entity, key)
        for key in changed:
            subject.edit(entity, key)
        subject.add(entity, 1)

    subject.switch(**subject.small_pages)
    subject.interrupt(meddle, 3, subject.match_read(entity))
    async with subject.connect() as system:
        found = await read(system, entity)
        later = await read(system, entity, found.cursor)
    assert set(gone).isdisjoint(subject.expected(entity)), "nobody meddled"
    found.records += later.records
    shown, expected = compared(found, subject.expected(entity))
    assert {key: value for key, value in shown.items() if key not in gone} == expected


@pytest.mark.inside
async def test_empty_is_not_none(subject: Subject, entity: Entity) -> None:
    """An answer that is empty because a right is missing stops the flow instead of counting as nothing."""
    subject.take_sight()
    async with subject.connect() as system:
        with pytest.raises(ConfigurationError) as caught:
            await read(system, entity)
    assert caught.value.fix and caught.value.who


@pytest.mark.inside
async def test_token_expiring_mid_page(subject: Subject, entity: Entity) -> None:
    """A token that ends between two pages is renewed, and reading goes on without a gap."""
    subject.switch(**subject.small_pages)
    subject.interrupt(subject.expire_tokens, 3, subject.match_read(entity))
    async with subject.connect() as system:
        found = await read(system, entity)
    assert subject.requests("token") == 2
    shown, expected = compared(found, subject.expected(entity))
    assert shown == expected


@pytest.mark.inside
async def test_reading_with_a_role_revoked_mid_run(subject: Subject, entity: Entity) -> None:
    """A right that is taken between two pages stops the reading with its name; no new cursor is given."""
    subject.switch(**subject.small_pages)
    words: list[str] = []
    subject.interrupt(lambda: words.extend(subject.take_roles()), 3, subject.match_read(entity))
    async with subject.connect() as system:
        with pytest.raises(ConfigurationError) as caught:
            await read(system, entity)
    assert any(word in str(caught.value) for word in words)
