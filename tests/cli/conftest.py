"""The commands, run in this process on a data folder of their own, with the tiny system at both ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ml_connector import flows
from ml_connector.cli import main
from ml_connector.records import Entity
from ml_connector.sync.flow import Pair, PairRoute
from ml_connector.systems import registry
from tiny.connector import WORLDS
from tiny.lab import world
from tiny.world import World

__all__ = ["world"]

URL = "http://tiny.example"
FILE = f"""\
connections:
  - name: books
    system: tiny
    base_url: {URL}
    credentials: {{username: clerk, password: "${{TINY_PASSWORD}}"}}
  - name: shop
    system: tiny
    base_url: {URL}
    credentials: {{username: clerk, password: "${{TINY_PASSWORD}}"}}
flows:
  - name: books-to-shop
    source: books
    target: shop
    start_from: 2026-01-01
    schedule: {{default: "0 * * * *", invoices: never}}
"""
PAIR = Pair(
    source="tiny",
    target="tiny",
    routes=tuple(
        PairRoute(entity)
        for entity in (
            Entity.GL_ACCOUNTS,
            Entity.COST_CENTERS,
            Entity.SUPPLIERS,
            Entity.PURCHASE_ORDERS,
            Entity.INVOICES,
        )
    ),
)


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a configuration file; the data folder is `home` in it."""
    for name in ("ML_CONNECTOR_DATABASE_URL", "ML_CONNECTOR_SECRET_KEY", "ML_CONNECTOR_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ML_CONNECTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TINY_PASSWORD", "pass-word-1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ml-connector.yaml").write_text(FILE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(folder: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command: `run("status", "--json")`."""
    monkeypatch.setitem(registry.MODULES, "tiny", "cli.signed_in")
    monkeypatch.setitem(flows.PAIRS, ("tiny", "tiny"), PAIR)
    monkeypatch.setitem(WORLDS, URL, world)

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        status = main(arguments)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run


@pytest.fixture
def applied(run: Run) -> Run:
    """The same with the file applied."""
    assert run("apply").status == 0
    return run
