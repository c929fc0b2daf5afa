"""The same tests on SQLite and on PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml_connector.store.keyring import Keyring
from ml_connector.store.setup import open_workspace
from ml_connector.store.workspace import Workspace

from .postgres import drop_database, fresh_database
from .scene import Scene

KEYRING = Keyring([b"k" * 32], "test")
_aliases = itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite://{tmp_path / 'store.sqlite3'}"
        return
    url = fresh_database()
    yield url
    drop_database(url)


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """An empty PostgreSQL database, for what concerns it alone; a test that takes it is marked `postgres`."""
    url = fresh_database()
    yield url
    drop_database(url)


@pytest.fixture
def alias() -> str:
    """A name of its own for the test's database connection."""
    return f"test-{next(_aliases)}"


@pytest.fixture
def workspace(database_url: str, alias: str, tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(database_url, tmp_path, KEYRING, alias=alias)
    yield opened
    opened.close()


@pytest.fixture
def scene(workspace: Workspace) -> Scene:
    return Scene(workspace)
