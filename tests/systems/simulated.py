"""A simulated system, connected to as an operator would have it and read the way a run reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import Json, Opening, Ports, RawRecord, System, Window
from ml_connector.systems.registry import connector
from ml_connector_simulators.framework import Simulator


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


def opening(
    name: str,
    simulator: Simulator,
    credentials: Mapping[str, str] | None = None,
    auth_mode: str = "",
    ports: Ports | None = None,
    **settings: Any,
) -> Opening:
    """The connection as an operator would configure it; `credentials` with an `auth_mode` replace the given ones."""
    given = {name: str(value) for name, value in simulator.credentials().items()}
    mode = given.pop("auth_mode")
    if auth_mode:
        mode, given = auth_mode, {}
    made = msgspec.convert({**simulator.settings(), **settings}, connector(simulator.system).settings)
    return Opening(name, simulator.url, made, mode, {**given, **(credentials or {})}, ports or Ports())


@asynccontextmanager
async def connected(name: str, simulator: Simulator, **settings: Any) -> AsyncIterator[System]:
    async with connector(simulator.system).open(opening(name, simulator, **settings)) as system:
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
