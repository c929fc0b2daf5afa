"""A simulated folder per test, and a clock that stands still, so that waiting costs nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ml_connector import clock
from ml_connector_simulators.sage_x3 import SageX3Simulator


@pytest.fixture(autouse=True)
def manual_clock() -> Iterator[clock.ManualClock]:
    with clock.use(clock.ManualClock()) as manual:
        yield manual


@pytest.fixture
async def folder() -> AsyncIterator[SageX3Simulator]:
    async with SageX3Simulator(size="small", seed=1) as simulator:
        yield simulator
