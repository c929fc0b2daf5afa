"""Values cross exactly: no digit, letter, zero or blank is lost on the way in, and none on the way out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from conformance.reading import read
from conformance.samples import Text, sample, with_amount, with_code, with_text
from conformance.subject import Subject
from conformance.writing import Desk
from ml_connector.errors import RecordError, StaleVersionError
from ml_connector.records import Entity

pytestmark = pytest.mark.inside

AMOUNTS = [
    ("EUR", "12345678.905"),
    ("EUR", "0.1"),
    ("EUR", "0.3"),
    ("EUR", "-99999999.99"),
    ("EUR", "0.000001"),
    ("JPY", "1234567"),
    ("KWD", "1234.567"),
    ("BHD", "0.001"),
    ("CLF", "12.3456"),
    ("EUR", "123456789012345678.12"),
]
NAMES = [
    'O\'Brien & Sons "Precision" Ltd',
    "Caret^Works ^ORname=Other",
    "Soleil ☀️ Énergie 🚀 SARL",
    "東京精密ポンプ株式会社",
    "شركة الخليج",
    "e\u0301 is not é",
    "three blanks behind   ",
    "   three before",
    "back\\slash / slash % percent + plus",
    "<b>&amp;</b> {{x}} ${y} null",
    "n" * 100,
]
CODES = ["000731", "731", "N'1", 'N"2', "N/3", "N 4 ", "N^5", "ÄÖ6", "N+7", "N%8", "N&9"]


@pytest.mark.reads
@pytest.mark.documents
async def test_decimals_and_currencies_read(subject: Subject, entity: Entity) -> None:
    """Currencies with 0, 2, 3 and 4 decimals, and amounts that no binary fraction can hold."""
    keys = {
        subject.add(entity, number, amount=Decimal(amount), currency=currency): (currency, amount)
        for number, (currency, amount) in enumerate(AMOUNTS)
    }
    async with subject.connect() as system:
        found = await read(system, entity)
    assert {key: _money(found.record(key)) for key in keys} == keys


def _money(record: Any) -> tuple[str, str]:
    return record.currency, str(record.net)


@pytest.mark.reads
async def test_unicode_and_length_read(subject: Subject, entity: Entity) -> None:
    """Texts come as they are, up to the longest that the system holds."""
    keys = {subject.add(entity, number, name=name): name for number, name in enumerate(NAMES)}
    async with subject.connect() as system:
        found = await read(system, entity)
    named = {key: _name(found.record(key)) for key in keys}
    assert named == keys


def _name(record: object) -> str:
    return str(getattr(record, "name", "") or getattr(record, "note", ""))


@pytest.mark.reads
async def test_leading_zeros_and_odd_keys_read(subject: Subject, entity: Entity) -> None:
    """Codes that differ by zeros or blanks are different records; signs that addresses use do no harm."""
    keys = {subject.add(entity, number, code=code): code for number, code in enumerate(CODES)}
    async with subject.connect() as system:
        found = await read(system, entity)
        fetched = await system.stream(entity).fetch(list(keys))
    assert {key: _code(found.record(key)) for key in keys} == keys
    assert {raw.key: raw.payload for raw in fetched} == {key: found.latest[key].payload for key in keys}


def _code(record: object) -> str:
    return str(getattr(record, "code", "") or getattr(record, "number", ""))


@pytest.mark.reads
@pytest.mark.documents
async def test_cancel_read(subject: Subject, entity: Entity) -> None:
    """A document that is cancelled or voided comes as a change, closed."""
    key = subject.lively(entity)[0]
    async with subject.connect() as system:
        first = await read(system, entity)
        subject.later(600)
        subject.cancel(entity, key)
        second = await read(system, entity, first.cursor)
    assert second.keys == [key]
    assert second.record(key).is_closed()
    assert not first.record(key).is_closed()


@pytest.mark.reads
async def test_unknown_new_field_read(subject: Subject, entity: Entity) -> None:
    """A field that nobody announced changes nothing of the record."""
    key = subject.lively(entity)[0]
    async with subject.connect() as system:
        before = (await read(system, entity)).record(key)
        subject.add_unknown_field(entity, key)
        after = (await read(system, entity)).record(key)
    assert after == before


async def test_stale_version(subject: Subject) -> None:
    """A change of a row that somebody else changed meanwhile is refused, and works after reading again."""
    entity = Entity.PURCHASE_ORDERS
    key = subject.lively(entity)[0]
    async with subject.connect() as system:
        old = await subject.change_with_version(system, entity, key, "")
        subject.later(5)
        subject.edit(entity, key)
        theirs = subject.expected(entity)[key]
        with pytest.raises(StaleVersionError):
            await subject.change_with_version(system, entity, key, old)
        assert subject.expected(entity)[key] == theirs
        assert await subject.change_with_version(system, entity, key, "") != old
    assert subject.expected(entity)[key] != theirs


@pytest.mark.writes
@pytest.mark.documents
async def test_decimals_and_currencies_written(subject: Subject, entity: Entity) -> None:
    """The same currencies and amounts stand on the target, exactly."""
    async with subject.connect() as system:
        desk = Desk(subject, system)
        await desk.parents(entity)
        stored = {}
        part, column = subject.net_of(entity)
        for number, (currency, amount) in enumerate(AMOUNTS, 1):
            record = with_amount(sample(entity, number), currency, Decimal(amount))
            await desk.deliver(record)
            stored[currency, amount] = subject.money(desk.row(record, part)[column])
    assert stored == {(currency, amount): (currency, Decimal(amount)) for currency, amount in AMOUNTS}


@pytest.mark.writes
async def test_unicode_and_length_written(subject: Subject, entity: Entity) -> None:
    """Texts stand on the target as they are; one that is too long is refused or remarked on, never cut in silence."""
    texts = [*NAMES, "w" * 5000]
    async with subject.connect() as system:
        desk = Desk(subject, system)
        await desk.parents(entity)
        lost = [text for number, text in enumerate(texts, 1) if await _is_lost(desk, with_text(entity, number, text))]
    assert lost == []


async def _is_lost(desk: Desk, text: Text) -> bool:
    """Whether a text is not to be found in its row, and neither the answer nor a read-back says so."""
    try:
        known = await desk.deliver(text.record)
    except RecordError:
        return False
    if any(text.value in str(value) for value in desk.row(text.record, text.part).values()):
        return False
    return not known.warnings and not await desk.wrong(text.record)


@pytest.mark.writes
async def test_leading_zeros_and_odd_keys_written(subject: Subject, entity: Entity) -> None:
    """Codes that differ by zeros or blanks are different rows, each with its code as it is."""
    async with subject.connect() as system:
        desk = Desk(subject, system)
        await desk.parents(entity)
        records = {code: with_code(sample(entity, number), code) for number, code in enumerate(CODES, 1)}
        for record in records.values():
            await desk.deliver(record)
        column = subject.code_column(entity)
        found = {code: desk.row(record) for code, record in records.items()}
    assert len({subject.id_of(row) for row in found.values()}) == len(CODES)
    assert not column or {code: row[column] for code, row in found.items()} == {code: code for code in CODES}


@pytest.mark.writes
async def test_unknown_new_field_written(subject: Subject, entity: Entity) -> None:
    """A column that nobody announced on the target disturbs neither writing nor reading back."""
    async with subject.connect() as system:
        desk = Desk(subject, system)
        await desk.parents(entity)
        known = await desk.deliver(sample(entity, 1))
        for table in set(known.tables.values()):
            subject.add_column(table)
        await desk.deliver(sample(entity, 2))
        assert [await desk.wrong(sample(entity, number)) for number in (1, 2)] == [{}, {}]
