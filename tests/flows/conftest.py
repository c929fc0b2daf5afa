"""A plant per test; whole-flow tests run in both ServiceNow profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.plant import Plant


@pytest.fixture(params=["pages", "s2p_staging"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plant(tmp_path: Path, profile: str) -> Iterator[Plant]:
    plant = Plant(tmp_path, profile)
    yield plant
    plant.close()


@pytest.fixture
def make_plant(tmp_path: Path) -> Iterator[Callable[..., Plant]]:
    """Plants of another kind: a profile, a window for late writes, a database."""
    made: list[Plant] = []

    def make(**options: object) -> Plant:
        made.append(Plant(tmp_path / str(len(made)), **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for plant in made:
        plant.close()
