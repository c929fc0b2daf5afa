"""An opened workspace with one configured flow, and short words for what a run does with it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from ml_connector.errors import Issue
from ml_connector.records import Entity, State
from ml_connector.store import configuration
from ml_connector.store.configuration import ConnectionConfig, FlowConfig, RouteEntry
from ml_connector.store.store import DjangoStore
from ml_connector.store.workspace import Workspace
from ml_connector.sync.store import (
    Event,
    IntendedDocument,
    IntendedWrite,
    Intent,
    Lease,
    PartState,
    RawRef,
    RecordRow,
    Run,
    RunOptions,
    Settlement,
)
from ml_connector.systems.base import RawRecord

_owners = itertools.count(1)

IFS = ConnectionConfig(
    name="ifs",
    system="ifs_cloud",
    base_url="http://ifs.example",
    settings={"companies": ["10"]},
    auth_mode="oauth2",
    credentials={"client_id": "mlc", "client_secret": "open sesame"},
)
SNOW = ConnectionConfig(name="snow", system="servicenow", base_url="http://snow.example")
FLOW = FlowConfig(
    name="ifs-to-snow",
    source="ifs",
    target="snow",
    routes=(
        RouteEntry(entity=Entity.SUPPLIERS, schedule="0 * * * *"),
        RouteEntry(entity=Entity.INVOICES, duplicates="warn"),
    ),
    value_maps={"gl_accounts": {"6100": "61"}},
)


def raw(key: str, version: str = "1") -> RawRecord:
    return RawRecord(key, "10", version, "2026-01-01T00:00:00Z", b'{"header":{"No":"%s"}}' % key.encode())


def record(key: str, state: State = State.LANDED, code: str = "", **fields: Any) -> RecordRow:
    return RecordRow(key=key, scope="10", state=state, code=code, **{"raw": RawRef(0, 0), **fields})


def part(name: str = "header", status: str = "done") -> PartState:
    return PartState(name, "u_invoice", "f" * 32, b"p" * 16, status, "create", 5.0, "3", before=b"b")


def document(key: str) -> IntendedDocument:
    return IntendedDocument(key, (IntendedWrite("header", "u_invoice", "f" * 32, "create", {"number": key}, b"p"),))


ISSUE = Issue("DIMENSION_MISSING", "Cost center 200 does not exist.", "Create it.", "lines[1].cost_center")


@dataclass
class Scene:
    """A flow in a workspace, run by one process."""

    workspace: Workspace
    store: DjangoStore = field(init=False)
    lease: Lease = field(init=False)
    run: Run = field(init=False)

    def __post_init__(self) -> None:
        self.store = DjangoStore(self.workspace)
        configuration.apply(self.workspace, [IFS, SNOW], [FLOW], actor="anna")
        self.flow = configuration.load_flow(self.workspace, FLOW.name)
        self.route = self.flow.routes[1].id
        self.take()
        self.run = self.store.start_run(self.lease, RunOptions())

    def take(self, owner: str = "", ttl_s: float = 60) -> Lease:
        """Take the flow, whose holder before has stopped renewing."""
        self.execute("UPDATE store_lease SET expires_at = 0")
        self.lease = self.store.acquire(self.flow.id, owner or f"host/1/{next(_owners)}", ttl_s)
        return self.lease

    def page(self, *records: RawRecord, **fields: Any) -> int:
        fields = {"read_mark": {"position": 1}, "cursor": {"at": 1}, **fields}
        return self.store.keep_page(self.lease, self.run, self.route, records, **fields)

    def intend(self, *keys: str, rows: tuple[RecordRow, ...] = ()) -> int:
        documents = tuple(document(key) for key in keys)
        return self.store.intend(self.lease, self.run, Intent(0, self.route, self.lease.epoch, 100.0, documents, rows))

    def settle(self, *rows: RecordRow, **fields: Any) -> None:
        events = [Event("judged", self.route, row.key) for row in rows]
        settlement = {"route_id": self.route, "rows": list(rows), "events": events, **fields}
        self.store.settle(self.lease, self.run, Settlement(**settlement))

    def known(self, *keys: str) -> dict[str, RecordRow]:
        return self.store.known(self.route, keys)

    def states(self, *keys: str) -> list[tuple[State, str]]:
        found = self.known(*keys)
        return [(found[key].state, found[key].code) for key in keys]

    def finish(self, outcome: str = "complete", **report: Any) -> None:
        self.store.finish_run(self.lease, self.run, outcome, report)

    def execute(self, sql: str, parameters: Any = None) -> list[Any]:
        """SQL as somebody with a database client would type it."""
        with self.workspace.database.connection().cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []
