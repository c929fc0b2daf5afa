"""Runs over and over while time passes."""

from __future__ import annotations

from flows.plant import Plant
from ml_connector.clock import ManualClock
from ml_connector.sync.report import Report


def run_often(plant: Plant, manual: ManualClock, times: int, pause_s: float) -> Report:
    """So many runs, each with a pause after it; what the last one reports."""
    for _ in range(times):
        report = plant.run()
        manual.advance(pause_s)
    return report
