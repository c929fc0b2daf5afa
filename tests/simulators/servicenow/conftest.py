from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from ml_connector_simulators.servicenow import ServiceNowSimulator
from simulators.servicenow.servicenow_caller import Caller


@pytest_asyncio.fixture
async def snow() -> AsyncIterator[Caller]:
    async with (
        ServiceNowSimulator() as sim,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Caller(sim, session)
