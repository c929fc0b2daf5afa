"""A scripted plant per test; waiting for a retry costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ml_connector import clock
from scripted_server import ScriptedServer
from systems.plex.plex_plant import Plant


@pytest.fixture(autouse=True)
def manual_clock() -> Iterator[clock.ManualClock]:
    with clock.use(clock.ManualClock()) as manual:
        yield manual


@pytest.fixture
def plant(server: ScriptedServer) -> Plant:
    return Plant(server)
