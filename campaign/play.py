"""Plays a scenario: prepare, kill, check, edit, run again until nothing is left to do, judge."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign.judge import Findings, judge_states, judge_store, judge_target, standing
from campaign.plant import Ended, Plant
from campaign.preparing import edit_between, prepare
from campaign.references import reference
from campaign.scenario import Played, Scenario
from flows.plant import Loop

MOST_RUNS = 8
MOST_LOSSY_RUNS = 15
LOSSY = {"servicenow": (7, 50, 11), "procurify": (37, 150, 11)}
"""By target: every such answer is dropped after processing, every such is 429, every such write is finished late.

Procurify takes one write at a time, so that a load makes ten times as many requests there.
"""
LATE_S = 5.0


Act = Callable[[Plant, Scenario, Played], None]
"""What is done to the product before it runs to its end."""


def play(act: Act, loop: Loop, scenario: Scenario, folder: Path, database_url: str) -> Played:
    """From an empty world to the judgement."""
    played, started = Played(scenario.name, scenario.group), time.monotonic()
    plant = Plant(loop, scenario.setup, folder / "home", database_url)
    try:
        act(plant, scenario, played)
        _run_to_end(plant, scenario, played.findings)
        _judge(plant, scenario, played.findings)
    finally:
        played.runs, played.took_s = plant.runs, time.monotonic() - started
        plant.close()
    return played


def kill_runs(plant: Plant, scenario: Scenario, played: Played) -> None:
    """A run for each kill, on a lossy target where that is wanted."""
    prepare(plant, scenario.stage, scenario.seed)
    if scenario.lossy:
        _make_lossy(plant)
    _kill(plant, scenario, played)


def _make_lossy(plant: Plant) -> None:
    dropped, busy, late = LOSSY[plant.setup.target]
    rules: list[dict[str, Any]] = [
        {"every": dropped, "action": {"do": "drop_after"}},
        {"every": busy, "action": {"do": "status", "status": 429, "retry_after_s": 1}},
        {"every": late, "match": {"kind": "write"}, "action": {"do": "process_late", "seconds": LATE_S}},
    ]
    for rule in rules:
        plant.call(functools.partial(plant.target.add_fault, **rule))


def _kill(plant: Plant, scenario: Scenario, played: Played) -> None:
    for position, kill in enumerate(scenario.kills):
        ended = plant.run(kill)
        played.kills += ended.killed
        played.missed += not ended.killed
        if not ended.killed and not _acceptable(ended, scenario):
            played.findings.add("run", _told(ended))
        check(plant, scenario, played.findings)
        plant.books.let_locks_expire()
        if position == 0 and scenario.edited:
            edit_between(plant, scenario.stage, scenario.seed)


def _acceptable(ended: Ended, scenario: Scenario) -> bool:
    """Incomplete is no fault; with a lossy target a route may also give up for now."""
    return ended.status in ((0, 1, 3, 4) if scenario.lossy else (0, 3, 4))


def _told(ended: Ended) -> str:
    lines = ended.said.strip().splitlines()
    stopped = [line for line in (ended.report or {}).get("exceptions", ()) if not line["key"]]
    return f"exit status {ended.status}: {stopped or lines[-6:]}"


def _run_to_end(plant: Plant, scenario: Scenario, findings: Findings) -> None:
    """Run until nothing is incomplete any more, with the target's window between."""
    most = MOST_LOSSY_RUNS if scenario.lossy else MOST_RUNS
    for _ in range(most):
        ended = plant.run()
        if not _acceptable(ended, scenario):
            findings.add("run", _told(ended))
        if ended.finished:
            return
        time.sleep(plant.setup.window_s)
    findings.add("run", f"still not at its end after {most} runs: {_told(ended)}")


def _judge(plant: Plant, scenario: Scenario, findings: Findings) -> None:
    """Everything is there once and as it should be, and a further run has nothing to do."""
    if scenario.lossy:
        time.sleep(LATE_S + 0.5)  # whatever the target finishes late
        plant.call(plant.target.faults.clear)
    check(plant, scenario, findings)
    plant.forget_requests()
    for _ in range(2):  # staging rows are read back once more
        plant.run_here()
    if plant.writes:
        findings.add("write", f"a further run wrote {plant.writes} rows")
    check(plant, scenario, findings)
    references = reference(plant.loop, scenario)
    found = standing(plant)
    judge_target(found, references, findings)
    judge_states(found, references, findings)


def check(plant: Plant, scenario: Scenario, findings: Findings) -> None:
    """What has to hold at any moment."""
    judge_store(plant, findings, functools.partial(reference, plant.loop, scenario))
