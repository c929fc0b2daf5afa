"""A small Plex per test, and a client that is signed in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from ml_connector_simulators.plex import PlexSimulator
from simulators.plex.plex_caller import Caller


@pytest.fixture
async def plex() -> AsyncIterator[PlexSimulator]:
    async with PlexSimulator(start=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) as simulator:
        simulator.clock.freeze()
        yield simulator


@pytest.fixture
async def caller(plex: PlexSimulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(plex.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        caller = Caller(plex, session)
        await caller.sign_in()
        yield caller
