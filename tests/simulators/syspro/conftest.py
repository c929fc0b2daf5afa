"""A small SYSPRO per test, and a client of both its surfaces."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from ml_connector_simulators.syspro import SysproSimulator
from simulators.syspro.syspro_caller import Caller


@pytest.fixture
async def syspro() -> AsyncIterator[SysproSimulator]:
    async with SysproSimulator(start=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as simulator:
        yield simulator


@pytest.fixture
async def caller(syspro: SysproSimulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(syspro.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Caller(syspro, session)
