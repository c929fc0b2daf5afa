from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from ml_connector_simulators.procurify import ProcurifySimulator
from simulators.procurify.procurify_caller import Caller


@pytest_asyncio.fixture
async def procurify() -> AsyncIterator[Caller]:
    async with ProcurifySimulator() as sim, aiohttp.ClientSession() as session:
        caller = Caller(sim, session)
        await caller.sign_in()
        sim.journal.reset()
        yield caller
