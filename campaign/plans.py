"""Which scenarios a campaign plays: the same seed gives the same ones, so that each can be played again alone."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from tests.flows.plant import Loop

from campaign.commands import COMMANDS
from campaign.kills import Kill, RequestKill, StoreKill
from campaign.plant import Setup
from campaign.play import LATE_S
from campaign.points import IN_A_RUN, WHEN
from campaign.scenario import Scenario, Stage
from campaign.survey import Survey, survey

Moment = Literal["before", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "after")
STAGES: tuple[Stage, ...] = ("first", "changes", "company")
BATCH_SIZES = (200, 7)
SEEDS = (1, 2, 3)
"""Of the edits; each costs a few runs that nobody kills."""
FROZEN = 5
"""Take-overs a database."""
IN_A_ROW = 3
"""Kills of one world; a run that was taken over more often is parked."""
EVERY_TIME = ("acquire", "interrupted_run", "start_run", "finish_run", "release", "permits")
"""Transactions of every run, whatever is left to do."""
FEWEST_REQUESTS = {"source": 12, "target": 8}
LOSSY_WINDOW_S = 6.0
LOSSY = 20
"""Lossy scenarios a database."""

Surveys = Mapping[tuple[str, int, Stage], Survey]


def surveys(profiles: Iterable[str]) -> dict[tuple[str, int, Stage], Survey]:
    """What a run does when nobody kills it, by profile, batch size and stage."""
    loop = Loop()
    try:
        with tempfile.TemporaryDirectory(prefix="mlc-survey-") as folder:
            return {
                (profile, size, stage): survey(
                    loop, Setup(profile=profile, batch_size=size), stage, Path(folder) / f"{profile}-{size}-{stage}"
                )
                for profile in profiles
                for size in BATCH_SIZES
                for stage in STAGES
            }
    finally:
        loop.close()


def plan(
    found: Surveys, *, databases: Sequence[str], profiles: Sequence[str], kills: int, seed: int, lossy: bool
) -> list[Scenario]:
    """All scenarios, in an order that mixes cheap and dear ones."""
    scenarios: list[Scenario] = []
    for database in databases:
        for profile in profiles:
            maker = _Maker(found, database, profile, random.Random(f"{seed} {database} {profile}"))
            if lossy:
                scenarios += maker.lossy(LOSSY // len(profiles))
            else:
                scenarios += [*maker.transactions(), *maker.writes(), *maker.random(kills // len(profiles))]
                scenarios += maker.takeovers(-(-FROZEN // len(profiles)))
        if not lossy:
            scenarios += _commands(database, profiles)
    random.Random(seed).shuffle(scenarios)
    return scenarios


class _Maker:
    """Scenarios for one database and one profile."""

    def __init__(self, found: Surveys, database: str, profile: str, choice: random.Random) -> None:
        self.found, self.database, self.profile, self.choice = found, database, profile, choice

    def _scenario(self, group: str, what: str, size: int, stage: Stage, *kills: Kill, edited: bool) -> Scenario:
        return Scenario(
            f"{self.database}/{self.profile}/{group}/{stage}/{what}".replace(" ", "-"),
            group,  # type: ignore[arg-type]
            self.database,
            Setup(profile=self.profile, batch_size=size),
            stage,
            kills,
            self.choice.choice(SEEDS),
            edited and stage != "company",
        )

    def transactions(self) -> Iterator[Scenario]:
        """Before and after every kind."""
        for stage in STAGES:
            points = self.found[self.profile, BATCH_SIZES[0], stage].points
            names = ("note",) if stage == "company" else [name for name in IN_A_RUN if name != "note"]
            kills = [
                StoreKill(f"{name}:{when}", nth)
                for name in names
                for when in WHEN
                for nth in _occurrences(points[f"{name}:{when}"], stage)
            ]
            always = [kill for kill in kills if kill.text.partition(":")[0] in EVERY_TIME]
            for chain in _chains([kill for kill in kills if kill not in always], always):
                what = "+".join(kill.text.replace(":", ".") for kill in chain)
                yield self._scenario("transactions", what, BATCH_SIZES[0], stage, *chain, edited=self._coin())

    def writes(self) -> Iterator[Scenario]:
        """Before and after every kind of write at the target, and some at the last request of that kind."""
        size = BATCH_SIZES[1]
        for stage in STAGES[:2]:
            writes = self.found[self.profile, size, stage].writes
            for first in MOMENTS:
                kills = [
                    RequestKill("target", 1, when, write.match, write.name)
                    for write, when in zip(writes, _alternating(first), strict=False)
                ]
                for start in range(0, len(kills), IN_A_ROW):
                    chain = kills[start : start + IN_A_ROW]
                    what = "+".join(f"{kill.name}.{kill.when}" for kill in chain)
                    yield self._scenario("writes", what, size, stage, *chain, edited=self._coin())
            for write, count in writes.items():
                if count > 1:
                    when = self.choice.choice(MOMENTS)
                    kill = RequestKill("target", count, when, write.match, write.name)
                    what = f"{write.name}.{when}.last"
                    yield self._scenario("writes", what, size, stage, kill, edited=self._coin())

    def random(self, count: int) -> Iterator[Scenario]:
        """At any request to either end; most are killed again in the next run or the next two."""
        number = 0
        while count > 0:
            number += 1
            stage = self.choice.choice(STAGES)
            size = self.choice.choice(BATCH_SIZES)
            again = min(self.choice.randint(0, IN_A_ROW - 1), count - 1)
            kills = [self._random_kill(stage, size), *(self._early_kill() for _ in range(again))]
            count -= len(kills)
            yield self._scenario("random", f"{number:03}", size, stage, *kills, edited=self._coin())

    def _coin(self) -> bool:
        return self.choice.random() < 0.5

    def _random_kill(self, stage: Stage, size: int) -> RequestKill:
        requests = self.found[self.profile, size, stage].requests
        end: Literal["source", "target"] = self.choice.choice(("source", "target", "target"))
        return RequestKill(end, self.choice.randint(1, requests[end]), self.choice.choice(MOMENTS))

    def _early_kill(self) -> RequestKill:
        """At a request that also a run with little left to do makes."""
        end: Literal["source", "target"] = self.choice.choice(("source", "target"))
        return RequestKill(end, self.choice.randint(1, FEWEST_REQUESTS[end]), self.choice.choice(MOMENTS))

    def takeovers(self, count: int) -> Iterator[Scenario]:
        for number in range(count):
            stage = STAGES[number % 2]
            requests = self.found[self.profile, BATCH_SIZES[1], stage].requests["target"]
            freeze = RequestKill("target", self.choice.randint(requests // 4, requests))
            made = self._scenario("takeover", f"{number}", BATCH_SIZES[1], stage, freeze, edited=number % 2 == 0)
            yield replace(made, thawed="during" if number % 2 else "after")

    def lossy(self, count: int) -> Iterator[Scenario]:
        """Kills while answers get lost and writes come late; every third dies with its write still to come."""
        for number in range(1, count + 1):
            stage = STAGES[number % 2]
            size = self.choice.choice(BATCH_SIZES)
            kill = self._random_kill(stage, size)
            if number % 3 == 0:
                writes = self.found[self.profile, size, stage].writes.total()
                kill = RequestKill("target", self.choice.randint(1, writes), match={"kind": "write"}, late_s=LATE_S)
            edited = self.choice.random() < 0.5
            made = self._scenario("lossy", f"{number:03}", size, stage, kill, edited=edited)
            yield replace(made, lossy=True, setup=replace(made.setup, window_s=LOSSY_WINDOW_S))


def _occurrences(count: int, stage: Stage) -> list[int]:
    """First, middle and last of so many in a first load; only the middle one where there is less to do."""
    if not count:
        return []
    middle = (count + 1) // 2
    return sorted({1, middle, count}) if stage == "first" else [middle]


def _chains(firsts: Sequence[StoreKill], always: Sequence[StoreKill]) -> Iterator[list[StoreKill]]:
    """Each of `firsts` begins a world; those that come in every run are spread over them, killed next."""
    chains = [[kill] for kill in firsts]
    for position, kill in enumerate(always):
        chains[position % len(chains)].append(kill)
    yield from chains


def _alternating(first: Moment) -> Iterator[Moment]:
    second: Moment = "after" if first == "before" else "before"
    while True:
        yield first
        yield second


def _commands(database: str, profiles: Sequence[str]) -> Iterator[Scenario]:
    """What is not part of every run, once before and once after its commit."""
    for number, command in enumerate(COMMANDS):
        setup = Setup(profile=profiles[number % len(profiles)], signed="refresh" if command == "memory" else "client")
        whens = [(when,) for when in WHEN] if command == "open_workspace" else [WHEN]
        for some in whens:
            name = f"{database}/commands/{command}.{'+'.join(some)}"
            kills = tuple(StoreKill(f"{command}:{when}") for when in some)
            yield Scenario(name, "commands", database, setup, "first", kills, command=command)
