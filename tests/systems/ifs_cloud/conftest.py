"""A simulated tenant per test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator


@pytest.fixture
async def tenant() -> AsyncIterator[IfsCloudSimulator]:
    async with IfsCloudSimulator(size="small", seed=1) as simulator:
        yield simulator
