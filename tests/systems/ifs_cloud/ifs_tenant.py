"""What the tests of this folder share: a connection to a simulated tenant, and reading over one of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from ml_connector.records import Entity
from ml_connector.systems.base import Json, RawRecord
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems import simulated
from systems.simulated import Reading, read

ALL = (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES)
opening = partial(simulated.opening, "ifs")
connected = partial(simulated.connected, "ifs")


async def read_anew(
    simulator: IfsCloudSimulator, entity: Entity, cursor: Json | None = None, **settings: Any
) -> Reading:
    """One window over a connection of its own, as the next run does it."""
    async with connected(simulator, **settings) as system:
        return await read(system, entity, cursor)


def rows(record: RawRecord) -> dict[str, Any]:
    """A raw record's document."""
    document: dict[str, Any] = msgspec.json.decode(record.payload)
    return document
