"""The simplest uses of a connection: ask it one thing, and look at what `check` found."""

from __future__ import annotations

from typing import Any

from conformance.reading import compared, read
from conformance.subject import Subject
from ml_connector.records import Entity
from ml_connector.records.base import DEPENDENCY_ORDER
from ml_connector.systems.base import Finding, System, Verdict


def first_entity(subject: Subject) -> Entity:
    """The first that is read, else the first that is written."""
    known = subject.connector.reads or subject.connector.writes
    return next(entity for entity in DEPENDENCY_ORDER if entity in known)


async def ask(subject: Subject, system: System) -> None:
    """Make the system answer something that needs a right: read, or look a row up on the target."""
    entity = first_entity(subject)
    if subject.connector.reads:
        await read(system, entity)
        return
    target = system.target(entity)
    await target.prepare()
    await target.by_code(["nobody's code"])


async def findings(subject: Subject, *entities: Entity, **settings: Any) -> list[Finding]:
    async with subject.connect(**settings) as system:
        return await system.check(subject.needs(*entities))


def missing(found: list[Finding]) -> list[Finding]:
    return [each for each in found if each.verdict is Verdict.MISSING]


async def whole(subject: Subject, system: System) -> tuple[object, object]:
    """What the system says, through some dozen requests, and what it should have said."""
    if subject.connector.reads:
        found = await read(system, Entity.INVOICES)
        return compared(found, subject.expected(Entity.INVOICES))
    entity, expected = subject.known_codes()
    target = system.target(entity)
    await target.prepare()
    return await target.by_code(list(expected)), expected
