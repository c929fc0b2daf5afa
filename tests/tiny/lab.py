"""A flow from the tiny system into itself, on a store of its own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ml_connector import clock
from ml_connector.engine.in_process import InProcessEngine
from ml_connector.records import Entity
from ml_connector.store import configuration, decisions, queries, secrets, setup
from ml_connector.store.store import DjangoStore
from ml_connector.sync.report import Report, Silence
from ml_connector.sync.store import RecordRow, RunOptions
from ml_connector.systems.base import Opening, Ports, System
from tiny.connector import CONNECTOR, WORLDS
from tiny.world import World

ROUTES = (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES)


@dataclass
class Lab:
    """A world, a store, and the flow between them."""

    world: World
    home: Path
    start_from: date | None = None
    value_maps: dict[str, dict[str, str]] = field(default_factory=dict)
    needs_all_of: dict[Entity, tuple[Entity, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.new_store()

    def new_store(self) -> None:
        """An empty store with the same configuration: a second installation."""
        self.aside(self._new_store)

    def aside(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the store outside of the event loop's thread."""
        return self.thread.submit(function, *args, **kwargs).result()

    def _new_store(self) -> None:
        folder = self.home / uuid.uuid4().hex
        folder.mkdir()
        alias = f"lab{folder.name}"
        setup.configure("", folder, alias=alias)
        self.workspace = setup.open_workspace("", folder, secrets.load_keyring(folder, {}), alias=alias)
        self.store = DjangoStore(self.workspace)
        configuration.apply(self.workspace, self._connections(), [self._flow()], actor="test")
        self.flow = configuration.load_flow(self.workspace, "tiny")

    def _connections(self) -> list[configuration.ConnectionConfig]:
        return [
            configuration.ConnectionConfig(name=name, system="tiny", base_url="tiny://world") for name in ("from", "to")
        ]

    def _flow(self) -> configuration.FlowConfig:
        return configuration.FlowConfig(
            name="tiny",
            source="from",
            target="to",
            start_from=self.start_from,
            routes=tuple(
                configuration.RouteEntry(entity=entity, needs_all_of=self.needs_all_of.get(entity, ()))
                for entity in ROUTES
            ),
            value_maps=self.value_maps,
        )

    async def run(self, *, dry_run: bool = False, **options: Any) -> Report:
        WORLDS["tiny://world"] = self.world
        engine = InProcessEngine(self.store, self.open, lease_s=5.0)
        return await engine.run(self.flow, RunOptions(**options), Silence(), dry_run=dry_run)

    @asynccontextmanager
    async def open(self, name: str, before_write: Callable[[], None]) -> AsyncIterator[System]:
        opening = Opening(name, "tiny://world", CONNECTOR.settings(), "basic", {}, Ports(before_write))
        async with CONNECTOR.open(opening) as system:
            yield system

    def row(self, entity: Entity, key: str) -> RecordRow:
        route = self.flow.route(entity)
        assert route is not None
        found: RecordRow = self.aside(self.store.known, route.id, [key])[key]
        return found

    def decide(self, what: str, entity: Entity, *keys: str) -> None:
        decide = getattr(decisions, what)
        self.aside(decide, self.workspace, "tiny", entity.value, keys, reason="because", actor="clerk")

    def story(self, entity: Entity, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.aside(queries.story, self.workspace, "tiny", entity.value, key)
        return found


@pytest.fixture
def world() -> World:
    """A coherent little manufacturer: an account, a cost center, a supplier, an order of two lines, its invoice."""
    world = World()
    world.put("gl_accounts", id="6100", name="Material")
    world.put("cost_centers", id="CC1", name="Plant")
    world.put("suppliers", id="S1", name="Acme")
    order(world, "P1")
    invoice(world, "I1", order="P1")
    return world


def order(world: World, key: str, lines: int = 2, **more: Any) -> None:
    """Put an order of so many lines of 10 EUR."""
    rows = [
        {"no": str(n), "text": f"part {n}", "account": "6100", "center": "CC1", "quantity": "1", "net": "10.00"}
        for n in range(1, lines + 1)
    ]
    base = {"supplier": "S1", "date": "2026-03-01", "currency": "EUR", "net": f"{10 * lines}.00", "lines": rows}
    world.put("purchase_orders", id=key, **{**base, **more})


def invoice(world: World, key: str, lines: int = 2, **more: Any) -> None:
    """Put an invoice of so many lines of 10 EUR."""
    rows = [
        {"no": str(n), "text": f"part {n}", "account": "6100", "center": "CC1", "net": "10.00"}
        for n in range(1, lines + 1)
    ]
    base = {"number": key, "supplier": "S1", "date": "2026-03-02", "currency": "EUR", "net": f"{10 * lines}.00"}
    world.put("invoices", id=key, **{**base, "lines": rows, **more})


@pytest.fixture
def lab(world: World, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(world, tmp_path)
    yield lab
    lab.aside(lab.workspace.close)


@pytest.fixture
def manual_clock() -> Iterator[clock.ManualClock]:
    with clock.use(clock.ManualClock()) as manual:
        yield manual
