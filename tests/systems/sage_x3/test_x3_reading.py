"""Reading a whole folder, and then only what changed."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ml_connector.errors import RecordError
from ml_connector.records import Entity, Record
from ml_connector.systems.base import System
from ml_connector_simulators.sage_x3 import SageX3Simulator
from systems.sage_x3.x3_folder import ALL, Reading, connected, read


def normalized(system: System, entity: Entity, reading: Reading) -> list[Record]:
    stream, found = system.stream(entity), []
    for raw in reading.records:
        with suppress(RecordError):  # the story has one awkward record of each kind
            found.append(stream.normalize(raw))
    return found


@pytest.mark.parametrize("entity", ALL, ids=lambda entity: entity.value)
async def test_everything_comes_once_and_then_nothing(folder: SageX3Simulator, entity: Entity) -> None:
    async with connected(folder) as system:
        reading = await read(system, entity)
        quiet = await read(system, entity, reading.cursor)
        records = normalized(system, entity, reading)
    assert len(set(reading.keys)) == len(reading.keys) > 10
    assert len(records) >= len(reading.keys) - 2
    assert {record.scope for record in records} == {"SEED"}
    assert {record.key for record in records} <= set(reading.keys)
    assert quiet.keys == [] and not quiet.window.first_load
