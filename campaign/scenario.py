"""What is played: how the world is set up, what went before, and where the product is killed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from campaign.judge import Findings
from campaign.kills import Kill
from campaign.plant import Setup

Stage = Literal["first", "changes", "company"]
"""What the killed run has to do: the first load, a day's changes, or everything again because a company was added."""
Group = Literal["transactions", "writes", "random", "commands", "takeover", "lossy", "few"]
DATABASES = ("sqlite", "postgresql")
PROFILES = ("pages", "s2p_staging")
"""Of ServiceNow."""


@dataclass(frozen=True)
class Scenario:
    """One world from its beginning to its judgement."""

    name: str
    group: Group
    database: str
    setup: Setup
    stage: Stage = "first"
    kills: tuple[Kill, ...] = ()
    """One after another, each in a run of its own."""
    seed: int = 1
    """Of the edits at the source."""
    edited: bool = False
    """People go on changing documents between the first kill and the next run."""
    lossy: bool = False
    command: str = ""
    """Of group `commands`: the transaction's name."""
    thawed: Literal["", "after", "during"] = ""
    """Of group `takeover`: when the frozen process goes on, seen from the one that took over."""

    @property
    def pair(self) -> str:
        return f"{self.setup.source}-{self.setup.target}"

    @property
    def waits(self) -> bool:
        """It spends most of its time waiting."""
        return self.lossy or self.group == "takeover"


@dataclass
class Played:
    """What became of a scenario."""

    name: str
    group: Group
    kills: int = 0
    missed: int = 0
    """Kills whose moment did not come in that run."""
    runs: int = 0
    took_s: float = 0.0
    findings: Findings = field(default_factory=Findings)
