"""A simulated installation per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ml_connector_simulators.syspro import SysproSimulator


@pytest.fixture
async def plant() -> AsyncIterator[SysproSimulator]:
    async with SysproSimulator(size="small", seed=1) as simulator:
        yield simulator
