"""The product's side: connectors, engine and store with everything on."""

from __future__ import annotations

from pathlib import Path

from benchmarks.documents import COMPANY
from benchmarks.meter import Meter
from benchmarks.target_columns import ERP_SOURCE
from benchmarks.task import Measured, Task
from ml_connector.connections import Connections, OpenEnds, run_to_end
from ml_connector.engine.in_process import InProcessEngine
from ml_connector.records import Entity
from ml_connector.store import configuration, secrets, setup
from ml_connector.store.store import DjangoStore
from ml_connector.store.workspace import Workspace
from ml_connector.sync.flow import Flow
from ml_connector.sync.report import Report, Silence
from ml_connector.sync.store import RunOptions

FLOW = "invoices"
PARENTS = (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.SUPPLIERS)


def measure(task: Task) -> Measured:
    """Run the task; what the invoices refer to is delivered before the clock runs."""
    home = Path(task.home)
    workspace = setup.open_workspace(task.database_url, home, secrets.load_keyring(home, {}))
    try:
        configuration.apply(workspace, _connections(task), [_flow()], actor="benchmark")
        flow = configuration.load_flow(workspace, FLOW)
        store = DjangoStore(workspace)
        if task.part == "load":
            _run(workspace, store, flow, PARENTS)
        meter = Meter()
        report = _run(workspace, store, flow, (Entity.INVOICES,))
        return _measured(meter, report)
    finally:
        workspace.close()


def _run(workspace: Workspace, store: DjangoStore, flow: Flow, entities: tuple[Entity, ...]) -> Report:
    systems = {flow.source: flow.source_system, flow.target: flow.target_system}
    engine = InProcessEngine(store, OpenEnds(Connections(workspace), systems))
    report: Report = run_to_end(engine.run(flow, RunOptions(entities=entities, actor="benchmark"), Silence()))
    if report.outcome != "complete":
        raise RuntimeError(f"the run ended {report.outcome}: {report.exceptions[:3]}")
    return report


def _measured(meter: Meter, report: Report) -> Measured:
    route = next(each for each in report.routes if each.route is Entity.INVOICES)
    done = route.counts["created"] + route.counts["updated"] + route.counts["unchanged"]
    requests = route.requests
    return meter.read(done, requests["source"], requests["target"], report.outcome)


def _connections(task: Task) -> list[configuration.ConnectionConfig]:
    credentials = {"client_id": "benchmark", "client_secret": "benchmark-secret"}
    return [
        configuration.ConnectionConfig(
            name="erp",
            system="ifs_cloud",
            base_url=task.source_url,
            settings={"realm": "benchmark", "companies": [COMPANY], "requests_per_minute": 1_000_000},
            auth_mode="oauth2_client_credentials",
            credentials=credentials,
        ),
        configuration.ConnectionConfig(
            name="procurement",
            system="servicenow",
            base_url=task.target_url,
            settings={
                "profile": task.profile,
                "erp_source": ERP_SOURCE,
                "max_in_flight": task.in_flight,
            },
            auth_mode="oauth2_client_credentials",
            credentials=credentials,
        ),
    ]


def _flow() -> configuration.FlowConfig:
    entities = (*PARENTS, Entity.INVOICES)
    return configuration.FlowConfig(
        name=FLOW,
        source="erp",
        target="procurement",
        routes=tuple(configuration.RouteEntry(entity=entity) for entity in entities),
    )
