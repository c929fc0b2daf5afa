"""Kills in the transactions that commands make outside of runs, and in those of a run that take more to happen."""

from __future__ import annotations

import functools

from campaign.judge import Findings
from campaign.plant import KEYS, Plant
from campaign.play import Act, check
from campaign.preparing import prepare
from campaign.scenario import Played, Scenario
from flows.plant import FLOW

ROUTE = "invoices"
SETTLED = ("landed", "delivered")
ERASE = """
import os
from datetime import UTC, datetime
from ml_connector.app import Application, Environment
from ml_connector.store.retention import erase
with Application(Environment.of(os.environ)) as app:
    print(erase(app.workspace, datetime.now(UTC), actor="campaign"))
"""
SLOWLY_S = 0.1


def kill_command(plant: Plant, scenario: Scenario, played: Played) -> None:
    """Kill the command, repeat it, see that it took effect once."""
    COMMANDS[scenario.command](plant, scenario, played)
    check(plant, scenario, played.findings)


def _killed(plant: Plant, scenario: Scenario, played: Played, *arguments: str) -> None:
    """Once for each kill."""
    for kill in scenario.kills:
        ended = plant.run(kill, *arguments)
        played.kills += ended.killed
        played.missed += not ended.killed
        check(plant, scenario, played.findings)


def _again(plant: Plant, findings: Findings, *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    ended = plant.run(None, *arguments)
    if ended.status not in allowed:
        findings.add("run", f"{' '.join(arguments)[:60]}: {ended.status} {ended.said[-300:]}")


def _configure(plant: Plant, scenario: Scenario, played: Played) -> None:
    """open_workspace, apply: on an empty database."""
    plant.home.mkdir(parents=True)
    file = plant.home / "ml-connector.yaml"
    file.write_text(plant.configuration(), "utf-8")
    _killed(plant, scenario, played, "apply", "-f", str(file))
    _again(plant, played.findings, "apply", "-f", str(file))


def _rotate(plant: Plant, scenario: Scenario, played: Played) -> None:
    prepare(plant, scenario.stage, scenario.seed)
    plant.keys = (KEYS[1], KEYS[0])
    _killed(plant, scenario, played, "keys", "rotate")
    _again(plant, played.findings, "keys", "rotate")
    plant.keys = (KEYS[1],)


def _decide(decision: str, plant: Plant, scenario: Scenario, played: Played) -> None:
    """held, excluded, released: by a person, who says it again when the first time seems to have failed."""
    prepare(plant, scenario.stage, scenario.seed)
    plant.run_here()
    books = plant.books
    there = {key for (route, key), (state, _) in books.states().items() if route == ROUTE and state in SETTLED}
    key = min(there)
    arguments = (FLOW, ROUTE, key, "--reason", "looked at")
    if decision == "release":
        _again(plant, played.findings, "hold", *arguments)
    _killed(plant, scenario, played, decision, *arguments)
    _again(plant, played.findings, decision, *arguments, allowed=(0, 1, 2))
    wanted = {"hold": "held", "exclude": "excluded", "release": "received"}[decision]
    state, _ = books.states()[ROUTE, key]
    if state != wanted:
        played.findings.add("state", f"{ROUTE} {key} is {state} after {decision}")
    if decision != "release":
        _again(plant, played.findings, "release", *arguments)


def _erase(plant: Plant, scenario: Scenario, played: Played) -> None:
    prepare(plant, scenario.stage, scenario.seed)
    plant.run_here()
    _killed(plant, scenario, played, "-c", ERASE)
    _again(plant, played.findings, "-c", ERASE)


def _slow_run(plant: Plant, scenario: Scenario, played: Played) -> None:
    """renew, memory: a run that lasts long enough for its lease to be renewed, with a sign-in that is stored."""
    prepare(plant, scenario.stage, scenario.seed)
    plant.call(functools.partial(plant.target.add_fault, action={"do": "delay", "seconds": SLOWLY_S}))
    _killed(plant, scenario, played)
    plant.call(plant.target.faults.clear)


COMMANDS: dict[str, Act] = {
    "open_workspace": _configure,
    "apply": _configure,
    "rotate": _rotate,
    "held": functools.partial(_decide, "hold"),
    "excluded": functools.partial(_decide, "exclude"),
    "released": functools.partial(_decide, "release"),
    "erase": _erase,
    "renew": _slow_run,
    "memory": _slow_run,
}
"""By the name of the transaction."""
