"""Runs a flow once without killing anything, to learn how often each moment worth dying at comes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.flows.plant import Loop

from campaign.plant import Plant, Setup
from campaign.play import prepare
from campaign.scenario import Stage
from ml_connector.store import database
from ml_connector_simulators.journal import Entry

WRITE_IN_BATCH = re.compile(r'"method":"(\w+)","url":"/api/now/(?:table|import)/(\w+)')
WRITE_ALONE = re.compile(r"/api/now/(?:table|import)/(\w+)")


@dataclass(frozen=True)
class Write:
    """A kind of write request to the target."""

    method: str
    table: str
    alone: bool
    """Not in a Batch call."""

    @property
    def name(self) -> str:
        return f"{self.method} {self.table}"

    @property
    def match(self) -> Mapping[str, Any]:
        """What a simulator's order matches it by."""
        where = f"/api/now/(table|import)/{self.table}"
        if self.alone:
            return {"method": self.method, "path": rf"{where}[/?]"}
        return {"path": "/batch", "body": rf'"method":"{self.method}","url":"{where}[/?"]'}


@dataclass(frozen=True)
class Survey:
    """How often each moment comes in one run."""

    points: Counter[str]
    requests: Mapping[str, int]
    """By end: source, target."""
    writes: Counter[Write]


def survey(loop: Loop, setup: Setup, stage: Stage, folder: Path, seed: int = 1) -> Survey:
    plant = Plant(loop, setup, folder)
    try:
        prepare(plant, stage, seed)
        plant.forget_requests()
        with _counted() as points:
            plant.run_here()
        writes = Counter(found for entry in list(plant.snow.journal.entries) if (found := _write_of(entry)))
        requests = {"source": plant.ifs.journal.counts().total, "target": plant.snow.journal.counts().total}
        return Survey(points, requests, writes)
    finally:
        plant.close()


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Counts the store's points instead of dying at one."""
    counts: Counter[str] = Counter()
    with mock.patch.object(database, "point", lambda name: counts.update([name])):
        yield counts


def _write_of(entry: Entry) -> Write | None:
    if entry.kind != "write" or entry.inner:
        return None
    if entry.entity == "batch":
        inside = WRITE_IN_BATCH.search(entry.body)
        return Write(inside[1], inside[2], False) if inside else None
    alone = WRITE_ALONE.search(entry.target)
    return Write(entry.method, alone[1], True) if alone else None
