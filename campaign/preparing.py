"""What goes before the run in question, and what people do after its kill."""

from __future__ import annotations

from dataclasses import replace

from campaign.edits import edit
from campaign.plant import Plant
from campaign.scenario import Stage

FIRST_COMPANY = ("10",)


def prepare(plant: Plant, stage: Stage, seed: int) -> None:
    """All that goes before the run in question."""
    if stage == "company":
        first = replace(plant.setup, companies=FIRST_COMPANY)
        plant.apply(first)
        plant.run_here()
    plant.apply()
    if stage == "changes":
        plant.run_here()
        edit(plant, seed, 1)


def edit_between(plant: Plant, stage: Stage, seed: int) -> None:
    """What people change after the kill: for the most part what has just been on its way."""
    edit(plant, seed, 2 if stage == "changes" else 1)
