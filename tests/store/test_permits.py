"""Permits that processes share: never more in a minute than the limit, whoever asks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ml_connector.errors import ConfigurationError
from ml_connector.store import configuration
from ml_connector.store.permits import WINDOW_S, StoredPermits
from ml_connector.store.workspace import Workspace

from .scene import Scene


@pytest.fixture
def connection(workspace: Workspace) -> str:
    wanted = configuration.ConnectionConfig(name="erp", system="ifs_cloud", base_url="http://127.0.0.1:1")
    configuration.apply(workspace, [wanted], [], actor="test")
    return "erp"


def test_permits_are_handed_out_up_to_the_limit(workspace: Workspace, connection: str) -> None:
    permits = StoredPermits(workspace, connection)
    assert [permits.lease(10, 25)[0] for _ in range(4)] == [10, 10, 5, 0]
    assert 0 < permits.lease(10, 25)[1] <= WINDOW_S


def test_many_who_ask_at_once_get_no_more_than_the_limit(workspace: Workspace, connection: str) -> None:
    askers = [StoredPermits(workspace, connection) for _ in range(4)]

    def draw(permits: StoredPermits) -> int:
        return sum(permits.lease(7, 50)[0] for _ in range(5))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(draw, askers)) == 50


def test_permits_come_back_after_a_minute(workspace: Workspace, connection: str, scene: Scene) -> None:
    permits = StoredPermits(workspace, connection)
    permits.lease(5, 5)
    scene.execute(f"UPDATE store_permits SET used = '[[{1_000_000_000}, 5]]'")
    assert permits.lease(5, 5) == (5, 0.0)


def test_unknown_connection_is_refused(workspace: Workspace) -> None:
    with pytest.raises(ConfigurationError):
        StoredPermits(workspace, "nobody")
