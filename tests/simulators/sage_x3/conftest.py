"""A small Sage X3 folder per test, and a client that is signed in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from simulators.sage_x3.sage_caller import Caller


@pytest.fixture
async def sage() -> AsyncIterator[SageX3Simulator]:
    async with SageX3Simulator(start=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as simulator:
        yield simulator


@pytest.fixture
async def caller(sage: SageX3Simulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(sage.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        caller = Caller(sage, session)
        await caller.sign_in()
        yield caller
