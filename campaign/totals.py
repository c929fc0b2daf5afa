"""What a campaign prints: how far it is, each failure as it happens, and the totals."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from campaign.judge import KINDS
from campaign.scenario import Played, Scenario

EVERY_S = 15.0
LONGEST_LINE = 400
COLUMNS = ("scenarios", "kills", "missed", "runs", *KINDS)


class Totals:
    """Counts what was played, by group."""

    def __init__(self, scenarios: Sequence[Scenario], seed: int) -> None:
        self._planned = sum(max(1, len(each.kills)) for each in scenarios)
        self._places = {each.name: (each.pair, f"{each.group} {each.database}") for each in scenarios}
        self._seed = seed
        self._rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._started = self._told = time.monotonic()
        self._done = 0
        self.failed: list[str] = []

    def add(self, played: Played) -> None:
        row = self._rows[self._places[played.name]]
        row.update(scenarios=1, kills=played.kills, missed=played.missed, runs=played.runs)
        row.update({kind: len(texts) for kind, texts in played.findings.found.items()})
        self._done += played.kills + played.missed or 1
        if played.findings:
            self.failed.append(played.name)
            print(f"FAILED {played.name} (play it again: --seed {self._seed} --only {played.name})", flush=True)
            for line in list(played.findings.lines())[:10]:
                print(f"    {line[:LONGEST_LINE]}", flush=True)
        if time.monotonic() - self._told > EVERY_S:
            self._told = time.monotonic()
            self._tell()

    def _tell(self) -> None:
        took = time.monotonic() - self._started
        share = min(1.0, self._done / max(1, self._planned))
        left = took / share - took if share else 0.0
        print(f"{self._done}/{self._planned} kills, {len(self.failed)} failed, {left / 60:.0f} min left", flush=True)

    def show(self) -> None:
        """A table of pairs and one of groups, then a line for each pair and one for all."""
        pairs, groups = self._summed(0), self._summed(1)
        total = sum(pairs.values(), Counter[str]())
        width = max(map(len, (*pairs, *groups, "all")))
        print(f"\n{'':{width}}  {'  '.join(f'{name:>9}' for name in COLUMNS)}")
        for name, row in (*sorted(pairs.items()), ("", None), *sorted(groups.items()), ("all", total)):
            print(f"{name:{width}}  {'  '.join(f'{row[column]:>9}' for column in COLUMNS)}" if row else "")
        print()
        for name, row in (*sorted(pairs.items()), ("all", total)):
            print(f"{name}: {row['kills']} kills; {', '.join(f'{kind} {row[kind]}' for kind in KINDS)}")
        took = (time.monotonic() - self._started) / 60
        print(f"\n{len(self.failed)} of {total['scenarios']} scenarios failed; seed {self._seed}, {took:.0f} min")

    def _summed(self, place: int) -> dict[str, Counter[str]]:
        """The counts by pair (0) or by group (1)."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for names, row in self._rows.items():
            found[names[place]].update(row)
        return found
