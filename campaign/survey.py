"""Runs a flow once without killing anything, to learn how often each moment worth dying at comes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest import mock

from campaign.plant import Plant, Setup
from campaign.preparing import prepare
from campaign.scenario import Stage
from flows.plant import Loop
from ml_connector.store import database
from ml_connector_simulators.journal import Entry

WRITE_IN_BATCH = re.compile(r'"method":"(\w+)","url":"/api/now/(?:table|import)/(\w+)')
WRITE_ALONE = re.compile(r"/api/now/(?:table|import)/(\w+)")


@dataclass(frozen=True)
class Write:
    """A kind of write request to the target."""

    method: str
    table: str
    where: Literal["alone", "batch", "set"]
    """In ServiceNow of a table, in a call of its own or in a Batch call; in Procurify of a set."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.table}"

    @property
    def match(self) -> Mapping[str, Any]:
        """What a simulator's order matches it by."""
        where = f"/api/now/(table|import)/{self.table}"
        match self.where:
            case "alone":
                return {"method": self.method, "path": rf"{where}[/?]"}
            case "batch":
                return {"path": "/batch", "body": rf'"method":"{self.method}","url":"{where}[/?"]'}
            case "set":
                return {"method": self.method, "kind": "write", "entity": self.table}


@dataclass(frozen=True)
class Survey:
    """How often each moment comes in one run."""

    points: Counter[str]
    requests: Mapping[str, int]
    """By end: source, target."""
    writes: Counter[Write]


Moment = tuple[Setup, Stage]
"""What is surveyed."""


def survey(loop: Loop, setup: Setup, stage: Stage, folder: Path, seed: int = 1) -> Survey:
    plant = Plant(loop, setup, folder)
    try:
        prepare(plant, stage, seed)
        plant.forget_requests()
        with _counted() as points:
            plant.run_here()
        entries = list(plant.target.journal.entries)
        writes = Counter(found for entry in entries if (found := _write_of(setup.target, entry)))
        requests = {"source": plant.source.journal.counts().total, "target": plant.target.journal.counts().total}
        return Survey(points, requests, writes)
    finally:
        plant.close()


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Counts the store's points instead of dying at one."""
    counts: Counter[str] = Counter()
    with mock.patch.object(database, "point", lambda name: counts.update([name])):
        yield counts


def _write_of(system: str, entry: Entry) -> Write | None:
    if entry.kind != "write" or entry.inner:
        return None
    if system != "servicenow":
        return Write(entry.method, entry.entity, "set")
    if entry.entity == "batch":
        inside = WRITE_IN_BATCH.search(entry.body)
        return Write(inside[1], inside[2], "batch") if inside else None
    alone = WRITE_ALONE.search(entry.target)
    return Write(entry.method, alone[1], "alone") if alone else None
