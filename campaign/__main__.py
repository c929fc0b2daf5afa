"""`python -m campaign`: kill the product everywhere, in every pair, on both databases, and print what went wrong."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from campaign.databases import postgresql_server
from campaign.pairs import BY_NAME, MAIN, lacking
from campaign.plans import FULL, FULL_MAIN, Extent, moments, plan
from campaign.sample import few, sample, takeovers
from campaign.scenario import DATABASES, PROFILES, Scenario
from campaign.totals import Totals
from campaign.workers import play_all, play_alone, shared_references, survey_all

WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    asked.pair = asked.pair or ([] if asked.sample else list(BY_NAME))
    for name in asked.pair:
        for what in lacking(BY_NAME[name]):
            print(f"{name} cannot be played: there is not {what}", file=sys.stderr)
            return 2
    with shared_references():
        scenarios = [each for each in _scenarios(asked) if asked.only in each.name]
        totals = Totals(scenarios, asked.seed)
        kills = sum(len(each.kills) for each in scenarios)
        print(f"{len(scenarios)} scenarios, {kills} kills; seed {asked.seed}", flush=True)
        with _server_for(scenarios) as url:
            _play(scenarios, url, asked.workers, totals)
    totals.show()
    return 1 if totals.failed or not scenarios else 0


def _scenarios(asked: argparse.Namespace) -> list[Scenario]:
    """In an order that mixes cheap and dear ones."""
    if asked.sample:
        return [*sample(), *takeovers()]
    if asked.round == "small":
        return [each for name in asked.pair for each in few(BY_NAME[name])]
    databases = DATABASES if asked.database == "both" else (asked.database,)
    lossy = asked.faults == "lossy"
    extents = {BY_NAME[name]: _extent(name, asked) for name in asked.pair}
    wanted = [moment for pair, extent in extents.items() for moment in moments(pair, extent)]
    print(f"{len(wanted)} runs without a kill, to learn at which moments they can be killed ...", flush=True)
    found = survey_all(wanted, asked.workers)
    made = [
        each
        for pair, extent in extents.items()
        for each in plan(found, pair, extent, databases=databases, seed=asked.seed, lossy=lossy)
    ]
    random.Random(asked.seed).shuffle(made)
    return made


def _extent(name: str, asked: argparse.Namespace) -> Extent:
    extent = FULL_MAIN if BY_NAME[name] == MAIN else FULL
    if asked.profile != "both" and BY_NAME[name][1] == "servicenow":
        extent = replace(extent, profiles=(asked.profile,))
    return extent if asked.kills is None else replace(extent, random=asked.kills)


def _play(scenarios: Sequence[Scenario], url: str, workers: int, totals: Totals) -> None:
    """Those that mostly wait go together, twice as many at a time."""
    if len(scenarios) == 1:
        totals.add(play_alone(scenarios[0], url))
        return
    for waiting in (False, True):
        some = [each for each in scenarios if each.waits is waiting]
        if some:
            for played in play_all(some, url, workers * 2 if waiting else workers):
                totals.add(played)


@contextmanager
def _server_for(scenarios: Sequence[Scenario]) -> Iterator[str]:
    if not any(each.database == "postgresql" for each in scenarios):
        yield ""
        return
    with postgresql_server() as url:
        yield url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m campaign", description=__doc__)
    parser.add_argument(
        "--pair", action="append", choices=tuple(BY_NAME), help="only this one; may be given again (default: all)"
    )
    parser.add_argument(
        "--round", choices=("full", "small"), default="full", help="small: eight kills a pair, for a quick proof"
    )
    parser.add_argument("--kills", type=int, help="kills at random requests a pair")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--profile", choices=(*PROFILES, "both"), default="both", help="of ServiceNow")
    parser.add_argument(
        "--faults", choices=("none", "lossy"), default="none", help="lossy: answers of the target are lost"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sample", action="store_true", help="the kills that the test suite plays")
    parser.add_argument("--only", default="", metavar="SCENARIO", help="those with this in their name")
    parser.add_argument("--workers", type=int, default=WORKERS, help="processes that play")
    return parser


if __name__ == "__main__":
    sys.exit(main())
