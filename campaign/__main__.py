"""`python -m campaign`: kill the product everywhere, on both databases, and print what went wrong."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from campaign.databases import postgresql_server
from campaign.plans import plan, surveys
from campaign.sample import sample, takeovers
from campaign.scenario import DATABASES, PROFILES, Scenario
from campaign.totals import Totals
from campaign.workers import play_all, play_alone

WORKERS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    scenarios = [each for each in _scenarios(asked) if asked.only in each.name]
    totals = Totals(scenarios, asked.seed)
    kills = sum(len(each.kills) for each in scenarios)
    print(f"{len(scenarios)} scenarios, {kills} kills; seed {asked.seed}", flush=True)
    with _server_for(scenarios) as url:
        _play(scenarios, url, asked.workers, totals)
    totals.show()
    return 1 if totals.failed or not scenarios else 0


def _scenarios(asked: argparse.Namespace) -> list[Scenario]:
    if asked.sample:
        return [*sample(), *takeovers()]
    databases = DATABASES if asked.database == "both" else (asked.database,)
    profiles = PROFILES if asked.profile == "both" else (asked.profile,)
    print("Running each flow once unkilled, to learn at which moments it can be killed ...", flush=True)
    lossy = asked.faults == "lossy"
    found = surveys(profiles)
    return plan(found, databases=databases, profiles=profiles, kills=asked.kills, seed=asked.seed, lossy=lossy)


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
    parser.add_argument("--kills", type=int, default=200, help="kills at random requests a database")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument("--profile", choices=(*PROFILES, "both"), default="both")
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
