"""A small IFS Cloud per test, and a client that is signed in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import Caller


@pytest.fixture
async def ifs() -> AsyncIterator[IfsCloudSimulator]:
    async with IfsCloudSimulator(start=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as simulator:
        yield simulator


@pytest.fixture
async def caller(ifs: IfsCloudSimulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(ifs.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        caller = Caller(ifs, session)
        await caller.sign_in()
        yield caller
