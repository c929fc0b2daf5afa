"""A simulated instance, a way to connect to it, and a clock that waits for nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from ml_connector import clock
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect


@pytest.fixture(autouse=True)
def quick_clock() -> Iterator[clock.ManualClock]:
    """Pauses between tries cost nothing."""
    with clock.use(clock.ManualClock()) as manual:
        yield manual


@pytest.fixture
async def sim() -> AsyncIterator[ServiceNowSimulator]:
    async with ServiceNowSimulator(size="small", seed=1) as running:
        yield running


@pytest.fixture
async def connect(sim: ServiceNowSimulator) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:
        yield Connect(sim, stack)
