"""A connection to the scripted server, and a clock that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ml_connector import clock
from ml_connector.protocols.http import Http, HttpSettings
from scripted_server import ScriptedServer


@pytest.fixture
async def http(server: ScriptedServer) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_origins=(server.url(""),))) as opened:
        yield opened


@pytest.fixture
async def impatient(server: ScriptedServer) -> AsyncIterator[Http]:
    """Gives up on an answer before a stalling server comes to it."""
    async with Http(HttpSettings(allowed_origins=(server.url(""),), read_timeout_s=0.05)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def manual_clock() -> Iterator[clock.ManualClock]:
    with clock.use(clock.ManualClock()) as manual:
        yield manual
