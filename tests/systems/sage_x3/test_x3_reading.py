"""Reading a whole folder, and then only what changed."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import pytest

from ml_connector.errors import RecordError
from ml_connector.records import Entity, Record
from ml_connector.systems.base import System
from ml_connector.systems.sage_x3.streams import STREAMS
from ml_connector_simulators.sage_x3 import SageX3Simulator
from systems.sage_x3.x3_folder import ALL, connected
from systems.simulated import Reading, read


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


async def test_pages_are_larger_than_the_default(folder: SageX3Simulator) -> None:
    """X3 gives twenty records unless it is asked for more."""
    async with connected(folder) as system:
        reading = await read(system, Entity.INVOICES)
    asked = [parse_qs(urlsplit(entry.target).query) for entry in folder.journal.entries if "$query" in entry.target]
    lists = [each["count"] for each in asked if each["representation"] == ["PINVOICE.$query"]]
    assert len(reading.keys) > 20
    assert lists == [["200"]]


@pytest.mark.parametrize("entity", ALL, ids=lambda entity: entity.value)
async def test_a_quiet_run_costs_a_handful_of_requests(folder: SageX3Simulator, entity: Entity) -> None:
    """A token that ended, the list of what moved, and the look whether there is still anything at all."""
    async with connected(folder) as system:
        reading = await read(system, entity)
        folder.clock.advance(86400)
        quiet = await read(system, entity, reading.cursor)
    assert quiet.keys == []
    assert quiet.requests <= 4 + len(STREAMS[entity].satellites)


async def test_a_class_of_lines_that_is_closed_again_does_not_stop_the_route(folder: SageX3Simulator) -> None:
    folder.set_switches(line_classes=True)
    async with connected(folder) as system:
        first = await read(system, Entity.PURCHASE_ORDERS)
    folder.set_switches(line_classes=False)
    async with connected(folder) as system:
        second = await read(system, Entity.PURCHASE_ORDERS, first.cursor)
    folder.set_switches(line_classes=True)
    async with connected(folder) as system:
        third = await read(system, Entity.PURCHASE_ORDERS, second.cursor)
    assert (second.keys, second.window.first_load) == ([], False)
    assert "purchase_order_lines can be asked for" in third.window.remark
