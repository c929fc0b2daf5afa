"""Which scenarios a campaign plays: the same seed gives the same ones, so that each can be played again alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from campaign.commands import COMMANDS
from campaign.kills import Kill, RequestKill, StoreKill
from campaign.pairs import MAIN, Pair, name_of, setup_of
from campaign.plant import Setup
from campaign.play import LATE_S
from campaign.points import IN_A_RUN, WHEN
from campaign.scenario import DATABASES, PROFILES, Scenario, Stage
from campaign.survey import Moment, Survey

When = Literal["before", "after"]
WHENS: tuple[When, ...] = ("before", "after")
SEEDS = (1, 2, 3)
"""Of the edits; each costs a few runs that nobody kills."""
IN_A_ROW = 3
"""Kills of one world; a run that was taken over more often is parked."""
EVERY_TIME = ("acquire", "interrupted_run", "start_run", "finish_run", "release", "permits")
"""Transactions of every run, whatever is left to do."""
FEWEST_REQUESTS = {"source": 8, "target": 6}
LOSSY_WINDOW_S = 6.0


@dataclass(frozen=True)
class Extent:
    """How much of a pair is played."""

    profiles: tuple[str, ...] = ("pages",)
    stages: tuple[Stage, ...] = ("first", "changes")
    seeds: tuple[int, ...] = (1,)
    occurrences: int = 2
    """Of a kind of transaction that a first load makes often."""
    random: int = 20
    """Kills at random requests, on both databases together."""
    takeovers: int = 2
    lossy: int = 4
    everywhere: bool = False
    """All on each database; else what is played on one is not played on the other."""
    commands: bool = False


FULL = Extent()
FULL_MAIN = Extent(PROFILES, ("first", "changes", "company"), SEEDS, 3, 100, 10, 40, True, True)
"""Of `pairs.MAIN`."""

Surveys = Mapping[Moment, Survey]


def batch_sizes(target: str) -> tuple[int, ...]:
    """Few large calls, and many small ones."""
    return (200, 7) if target == "servicenow" else (200,)


def moments(pair: Pair, extent: Extent) -> list[Moment]:
    """What has to be surveyed for the plan."""
    return [
        (setup_of(pair, profile=profile, batch_size=size), stage)
        for profile in extent.profiles
        for size in batch_sizes(pair[1])
        for stage in extent.stages
    ]


def plan(
    found: Surveys, pair: Pair, extent: Extent, *, databases: Sequence[str], seed: int, lossy: bool
) -> list[Scenario]:
    """All scenarios of a pair."""
    scenarios: list[Scenario] = []
    for profile in extent.profiles:
        share = 1 / len(extent.profiles)
        for turn, database in enumerate(databases):
            choice = random.Random(f"{seed} {pair} {database if extent.everywhere else ''} {profile}")
            maker = _Maker(found, pair, extent, database, profile, choice)
            made = maker.all_lossy(share) if lossy else maker.all(share)
            scenarios += made if extent.everywhere else made[turn :: len(databases)]
    if extent.commands and not lossy:
        scenarios += [each for database in databases for each in _commands(database, extent.profiles)]
    return scenarios


class _Maker:
    """Scenarios for one database and one profile."""

    def __init__(
        self, found: Surveys, pair: Pair, extent: Extent, database: str, profile: str, choice: random.Random
    ) -> None:
        self.found, self.pair, self.extent = found, pair, extent
        self.database, self.profile, self.choice = database, profile, choice
        self.sizes = batch_sizes(pair[1])

    def all(self, share: float) -> list[Scenario]:
        """`share` of the random ones and the take-overs."""
        extent = self.extent
        databases = len(DATABASES) if extent.everywhere else 1
        return [
            *self.transactions(),
            *self.writes(),
            *self.random(round(extent.random * share / databases)),
            *self.takeovers(-(-round(extent.takeovers * share) // databases)),
        ]

    def all_lossy(self, share: float) -> list[Scenario]:
        databases = len(DATABASES) if self.extent.everywhere else 1
        return list(self.lossy(round(self.extent.lossy * share / databases)))

    def _setup(self, size: int) -> Setup:
        return setup_of(self.pair, profile=self.profile, batch_size=size)

    def _survey(self, size: int, stage: Stage) -> Survey:
        return self.found[self._setup(size), stage]

    def _scenario(self, group: str, what: str, size: int, stage: Stage, *kills: Kill, edited: bool) -> Scenario:
        place = (name_of(self.pair), self.database, self.profile) if len(self.extent.profiles) > 1 else (
            name_of(self.pair), self.database
        )  # fmt: skip
        return Scenario(
            "/".join((*place, group, stage, what)).replace(" ", "-"),
            group,  # type: ignore[arg-type]
            self.database,
            self._setup(size),
            stage,
            kills,
            self.choice.choice(self.extent.seeds),
            edited and stage != "company",
        )

    def transactions(self) -> Iterator[Scenario]:
        """Before and after every kind."""
        for stage in self.extent.stages:
            points = self._survey(self.sizes[0], stage).points
            names = ("note",) if stage == "company" else [name for name in IN_A_RUN if name != "note"]
            kills = [
                StoreKill(f"{name}:{when}", nth)
                for name in names
                for when in WHEN
                for nth in _occurrences(points[f"{name}:{when}"], self.extent.occurrences if stage == "first" else 1)
            ]
            always = [kill for kill in kills if kill.text.partition(":")[0] in EVERY_TIME]
            for chain in _chains([kill for kill in kills if kill not in always], always):
                what = "+".join(kill.text.replace(":", ".") for kill in chain)
                yield self._scenario("transactions", what, self.sizes[0], stage, *chain, edited=self._coin())

    def writes(self) -> Iterator[Scenario]:
        """Before and after every kind of write at the target, and some at the last request of that kind."""
        size = self.sizes[-1]
        for stage in ("first", "changes"):
            writes = self._survey(size, stage).writes
            for first in WHENS:
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
                    when = self.choice.choice(WHENS)
                    kill = RequestKill("target", count, when, write.match, write.name)
                    what = f"{write.name}.{when}.last"
                    yield self._scenario("writes", what, size, stage, kill, edited=self._coin())

    def random(self, count: int) -> Iterator[Scenario]:
        """At any request to either end; most are killed again in the next run or the next two."""
        number = 0
        while count > 0:
            number += 1
            stage = self.choice.choice(self.extent.stages)
            size = self.choice.choice(self.sizes)
            again = min(self.choice.randint(0, IN_A_ROW - 1), count - 1)
            kills = [self._random_kill(stage, size), *(self._early_kill() for _ in range(again))]
            count -= len(kills)
            yield self._scenario("random", f"{number:03}", size, stage, *kills, edited=self._coin())

    def _coin(self) -> bool:
        return self.choice.random() < 0.5

    def _random_kill(self, stage: Stage, size: int) -> RequestKill:
        requests = self._survey(size, stage).requests
        end: Literal["source", "target"] = self.choice.choice(("source", "target", "target"))
        return RequestKill(end, self.choice.randint(1, requests[end]), self.choice.choice(WHENS))

    def _early_kill(self) -> RequestKill:
        """At a request that also a run with little left to do makes."""
        end: Literal["source", "target"] = self.choice.choice(("source", "target"))
        return RequestKill(end, self.choice.randint(1, FEWEST_REQUESTS[end]), self.choice.choice(WHENS))

    def takeovers(self, count: int) -> Iterator[Scenario]:
        for number in range(count):
            stage = self.extent.stages[number % 2]
            requests = self._survey(self.sizes[-1], stage).requests["target"]
            freeze = RequestKill("target", self.choice.randint(requests // 4, requests))
            made = self._scenario("takeover", f"{number}", self.sizes[-1], stage, freeze, edited=number % 2 == 0)
            yield replace(made, thawed="during" if number % 2 else "after")

    def lossy(self, count: int) -> Iterator[Scenario]:
        """Kills while answers get lost and writes come late; every third dies with its write still to come."""
        for number in range(1, count + 1):
            stage = self.extent.stages[number % 2]
            size = self.choice.choice(self.sizes)
            kill = self._random_kill(stage, size)
            if number % 3 == 0:
                writes = self._survey(size, stage).writes.total()
                kill = RequestKill("target", self.choice.randint(1, writes), match={"kind": "write"}, late_s=LATE_S)
            edited = self.choice.random() < 0.5
            made = self._scenario("lossy", f"{number:03}", size, stage, kill, edited=edited)
            yield replace(made, lossy=True, setup=replace(made.setup, window_s=LOSSY_WINDOW_S))


def _occurrences(count: int, wanted: int) -> list[int]:
    """The middle one of so many; the first and the last; or all three."""
    if not count:
        return []
    middle = (count + 1) // 2
    return sorted(set({1: (middle,), 2: (1, count)}.get(wanted, (1, middle, count))))


def _chains(firsts: Sequence[StoreKill], always: Sequence[StoreKill]) -> Iterator[list[StoreKill]]:
    """Each of `firsts` begins a world; those that come in every run are spread over them, killed next."""
    chains = [[kill] for kill in firsts]
    for position, kill in enumerate(always):
        chains[position % len(chains)].append(kill)
    yield from chains


def _alternating(first: When) -> Iterator[When]:
    second: When = "after" if first == "before" else "before"
    while True:
        yield first
        yield second


def _commands(database: str, profiles: Sequence[str]) -> Iterator[Scenario]:
    """What is not part of every run, once before and once after its commit."""
    for number, command in enumerate(COMMANDS):
        signed = "refresh" if command == "memory" else "client"
        setup = setup_of(MAIN, profile=profiles[number % len(profiles)], signed=signed)
        whens = [(when,) for when in WHEN] if command == "open_workspace" else [WHEN]
        for some in whens:
            name = f"{name_of(MAIN)}/{database}/commands/{command}.{'+'.join(some)}"
            kills = tuple(StoreKill(f"{command}:{when}") for when in some)
            yield Scenario(name, "commands", database, setup, "first", kills, command=command)
