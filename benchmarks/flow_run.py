"""The product's side of a whole flow: the program as its users run it, on SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.flow_task import FlowTask
from benchmarks.meter import Meter
from benchmarks.recording import Recorder
from benchmarks.task import Measured
from ml_connector.app import Application, Environment
from ml_connector.sync.report import Silence

FLOW = "flow"
SETTINGS: dict[str, dict[str, Any]] = {
    "plex": {"max_calls_per_minute": 1_000_000},
    "sage_x3": {"requests_per_minute": 1_000_000},
    "ifs_cloud": {"requests_per_minute": 1_000_000},
    "servicenow": {"profile": "pages"},
}
"""Beside those that the simulator names: no limits, and documents, not rows of staging tables."""


def measure(task: FlowTask) -> Measured:
    """Run the flow once."""
    with Application(Environment(Path(task.home)), actor="benchmark") as app:
        app.apply(_configuration(task), file="ml-connector.yaml")
        recorder = Recorder(task.urls) if task.recording else None
        meter = Meter()
        report = app.run(FLOW, Silence())
        measured = meter.read(
            sum(route.read for route in report.routes),
            sum(route.requests["source"] for route in report.routes),
            sum(route.requests["target"] for route in report.routes),
            report.outcome,
        )
        if recorder:
            recorder.keep(Path(task.recording))
    if not report.outcome.startswith("complete"):
        raise RuntimeError(f"the run ended {report.outcome}: {report.exceptions[:3]}")
    return measured


def _configuration(task: FlowTask) -> str:
    connections = [
        {
            "name": name,
            "system": found["system"],
            "base_url": found["url"],
            "settings": {**found["settings"], **SETTINGS.get(found["system"], {})},
            "credentials": found["credentials"],
        }
        for name, found in task.ends.items()
    ]
    flow = {"name": FLOW, "source": "source", "target": "target", "start_from": "all"}
    return yaml.safe_dump({"connections": connections, "flows": [flow]})
