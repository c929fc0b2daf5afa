"""What the tests of this folder share: a simulated tenant and a connection to it, read the way a run reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import Json, Opening, RawRecord, System, Window
from ml_connector.systems.ifs_cloud import CONNECTOR
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator

ALL = (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES)


@dataclass
class Reading:
    """One whole window of a stream."""

    window: Window
    records: list[RawRecord] = field(default_factory=list)
    positions: list[Json | None] = field(default_factory=list)
    cursor: Json | None = None
    requests: int = 0

    @property
    def keys(self) -> list[str]:
        return [record.key for record in self.records]


def opening(simulator: IfsCloudSimulator, credentials: dict[str, str] | None = None, **settings: Any) -> Opening:
    """The connection as an operator would configure it."""
    given = {name: str(value) for name, value in simulator.credentials().items()}
    mode = given.pop("auth_mode")
    made = msgspec.convert({**simulator.settings(), **settings}, CONNECTOR.settings)
    return Opening("ifs", simulator.url, made, mode, {**given, **(credentials or {})})


@asynccontextmanager
async def connected(simulator: IfsCloudSimulator, **settings: Any) -> AsyncIterator[System]:
    async with CONNECTOR.open(opening(simulator, **settings)) as system:
        yield system


async def read(system: System, entity: Entity, cursor: Json | None = None) -> Reading:
    """One window from its start to its end."""
    before = system.requests
    stream = system.stream(entity)
    reading = Reading(await stream.window(cursor))
    async with aclosing(stream.extract(reading.window, None)) as pages:  # type: ignore[type-var]
        async for page in pages:
            reading.records += page.records
            reading.positions.append(page.position)
            reading.cursor = page.cursor
    assert reading.positions[-1] is None and reading.cursor is not None
    reading.requests = system.requests - before
    return reading


async def read_anew(
    simulator: IfsCloudSimulator, entity: Entity, cursor: Json | None = None, **settings: Any
) -> Reading:
    """The same over a connection of its own, as the next run does it."""
    async with connected(simulator, **settings) as system:
        return await read(system, entity, cursor)


def rows(record: RawRecord) -> dict[str, Any]:
    """A raw record's document."""
    document: dict[str, Any] = msgspec.json.decode(record.payload)
    return document
