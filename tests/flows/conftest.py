"""A plant per test; whole-flow tests run in both ServiceNow profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flows.plant import Plant
from flows.procurify_domain import Domain


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Plants of any kind, given as class and options, each in a folder of its own; closed after the test."""
    made: list[Plant] = []

    def build(kind: Callable[..., Plant], **options: Any) -> Plant:
        made.append(kind(tmp_path / str(len(made)), **options))
        return made[-1]

    yield build
    for plant in made:
        plant.close()


@pytest.fixture(params=["pages", "s2p_staging"])
def profile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def plant(make_plant: Callable[..., Plant], profile: str) -> Plant:
    return make_plant(profile=profile)


@pytest.fixture
def make_plant(build: Callable[..., Any]) -> Callable[..., Plant]:
    """Plants of another kind: other ends, a profile, a window for late writes, a database."""
    return partial(build, Plant)


@pytest.fixture
def make_domain(build: Callable[..., Any]) -> Callable[..., Domain]:
    """Plex into Procurify, with further settings of the connection to Procurify."""
    return partial(build, Domain)


@pytest.fixture
def domain(make_domain: Callable[..., Domain]) -> Domain:
    return make_domain()
