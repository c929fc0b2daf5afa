"""A seventh system needs a folder, a line in the registry and a flow file; nothing of the core changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_connector.app import Application, Environment
from ml_connector.flows import PAIRS
from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute
from ml_connector.sync.report import Silence
from ml_connector.systems import registry
from tiny.connector import WORLDS
from tiny.world import World

PAIR = Pair(
    source="tiny",
    target="tiny",
    routes=tuple(PairRoute(Entity(name)) for name in ("gl_accounts", "cost_centers", "suppliers", "purchase_orders")),
)
CONFIGURATION = """
connections:
  - {name: left, system: tiny, base_url: "http://127.0.0.1:1", credentials: {username: anna}}
  - {name: right, system: tiny, base_url: "http://127.0.0.1:1", credentials: {username: anna}}
flows:
  - {name: left-to-right, source: left, target: right, start_from: all}
"""


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> Application:
    monkeypatch.setitem(registry.MODULES, "tiny", "tiny")
    monkeypatch.setitem(PAIRS, ("tiny", "tiny"), PAIR)
    monkeypatch.setitem(WORLDS, "http://127.0.0.1:1", world)
    application = Application(Environment(tmp_path / "home"), actor="test")
    application.apply(CONFIGURATION, file="tiny.yaml")
    return application


def test_it_runs_checks_and_tells_its_records(application: Application, world: World) -> None:
    with application:
        assert application.run("left-to-right", Silence()).outcome == "complete"
        assert len(world.target["purchase_orders_lines"]) == 2
        assert [row["state"] for row in application.records("left-to-right", route="purchase_orders")] == ["landed"]
        assert application.record("left-to-right", "purchase_orders", "P1")
        assert not any(checked.missing for checked in application.check())
