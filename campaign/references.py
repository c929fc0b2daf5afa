"""How a story ends when nobody is killed; kept, because many scenarios tell the same story."""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import tempfile
from pathlib import Path

from campaign.judge import Standing, standing
from campaign.plant import Plant, Setup
from campaign.preparing import edit_between, prepare
from campaign.scenario import Scenario, Stage
from flows.plant import Loop

FOLDER = "ML_CAMPAIGN_REFERENCES"
"""Of the environment: where the processes of one campaign share what they found."""


def reference(loop: Loop, scenario: Scenario) -> tuple[Standing, ...]:
    """With the edits in between after the run, and before it."""
    setup = scenario.setup
    return _reference(loop, setup.source, setup.target, setup.profile, scenario.stage, scenario.seed, scenario.edited)


@functools.lru_cache(maxsize=64)
def _reference(
    loop: Loop, source: str, target: str, profile: str, stage: Stage, seed: int, edited: bool
) -> tuple[Standing, ...]:
    orders = ("after", "before") if edited else ("never",)
    setup = Setup(source=source, target=target, profile=profile, window_s=0.0)
    return tuple(_shared(loop, setup, stage, seed, order) for order in orders)


def _shared(loop: Loop, setup: Setup, stage: Stage, seed: int, edits: str) -> Standing:
    if not os.environ.get(FOLDER):
        return _unkilled(loop, setup, stage, seed, edits)
    name = hashlib.sha256(repr((setup, stage, seed, edits)).encode()).hexdigest()
    file = Path(os.environ[FOLDER]) / name
    if file.exists():
        kept: Standing = pickle.loads(file.read_bytes())
        return kept
    made = _unkilled(loop, setup, stage, seed, edits)
    half = file.with_suffix(f".{os.getpid()}")
    half.write_bytes(pickle.dumps(made))
    half.replace(file)
    return made


def _unkilled(loop: Loop, setup: Setup, stage: Stage, seed: int, edits: str) -> Standing:
    with tempfile.TemporaryDirectory(prefix="mlc-reference-") as folder:
        plant = Plant(loop, setup, Path(folder) / "home")
        try:
            prepare(plant, stage, seed)
            if edits == "after":
                plant.run_here()
            if edits != "never":
                edit_between(plant, stage, seed)
            for _ in range(3):
                plant.run_here()
            return standing(plant)
        finally:
            plant.close()
