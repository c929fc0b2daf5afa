"""A domain that was written down, a way to connect to it, and a clock that waits for nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from ml_connector import clock
from scripted_server import ScriptedServer
from systems.procurify.domain import Connect, Domain


@pytest.fixture(autouse=True)
def quick_clock() -> Iterator[clock.ManualClock]:
    """Pauses cost nothing."""
    with clock.use(clock.ManualClock()) as manual:
        yield manual


@pytest.fixture
def domain(server: ScriptedServer) -> Domain:
    return Domain(server)


@pytest.fixture
async def connect(domain: Domain) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:
        yield Connect(domain, stack)
