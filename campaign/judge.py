"""What is wrong after a scenario: each finding under its name, and none of them is allowed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from campaign.plant import Plant
from campaign.rows import Flat, business_rows
from flows.compare_simulators import disagreements

KINDS = ("duplicate", "missing", "stale", "half", "cursor", "ledger", "state", "write", "run")
"""The last three: another state than without the kill; a write although nothing is new; a run that ended badly."""
COUNTED = re.compile(r": (\d+) on the target, (\d+) wanted")


@dataclass
class Findings:
    """What went wrong, by kind."""

    found: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, kind: str, text: str) -> None:
        self.found[kind].append(text)

    def __bool__(self) -> bool:
        return any(self.found.values())

    def lines(self) -> Iterator[str]:
        for kind, texts in self.found.items():
            yield from (f"{kind}: {text}" for text in texts)


@dataclass
class Standing:
    """How both ends and the records stand once a flow has nothing left to do."""

    rows: Counter[Flat]
    """Business rows of the target, ids and stamps left out."""
    states: dict[tuple[str, str], tuple[str, str]]
    disagreements: set[str]
    unseen: set[tuple[str, str]]
    """Records that were edited in a way that only a later sweep of the whole source can see."""


def standing(plant: Plant) -> Standing:
    ends = ((plant.target.system, plant.target.url), (plant.source.system, plant.source.url))
    books = plant.books
    return Standing(
        business_rows(plant.target.system, plant.truth(plant.target)),
        books.states(),
        set(disagreements(*ends)),
        {(problem.entity, problem.key) for problem in books.problems(plant.promises)},
    )


def judge_target(found: Standing, references: tuple[Standing, ...], findings: Findings) -> None:
    """Held against runs that nobody killed; where edits fell in between, either order of things is right."""
    allowed = set().union(*(each.disagreements for each in references))
    for text in sorted(found.disagreements - allowed):
        findings.add(_kind_of(text), text)
    surplus, lack = Counter[Flat](), Counter[Flat]()
    for row in found.rows.keys() | set().union(*(each.rows for each in references)):
        counts = [each.rows[row] for each in references]
        if found.rows[row] > max(counts):
            surplus[row] = found.rows[row] - max(counts)
        elif found.rows[row] < min(counts):
            lack[row] = min(counts) - found.rows[row]
    _sort_rows(surplus, lack, findings)


def _kind_of(text: str) -> str:
    if match := COUNTED.search(text):
        have, want = int(match[1]), int(match[2])
        return "missing" if have < want else "duplicate" if want else "stale"
    signs = {"rows": "duplicate", "missing": "missing", "draft": "half", "lines": "half"}
    return next((kind for sign, kind in signs.items() if sign in text), "stale")


def _sort_rows(surplus: Counter[Flat], lack: Counter[Flat], findings: Findings) -> None:
    """In a table, rows that are as many as they should be but differ are stale; others are too many or too few."""
    for table in sorted({table for table, _ in surplus | lack}):
        more = [values for name, values in surplus.elements() if name == table]
        less = [values for name, values in lack.elements() if name == table]
        while more and less:
            here = more.pop()
            wanted = max(less, key=lambda values: len(values & here))
            less.remove(wanted)
            findings.add("stale", f"{table}: {sorted(here - wanted)} instead of {sorted(wanted - here)}")
        for values in more:
            findings.add("duplicate", f"{table}: row too many: {sorted(values)}")
        for values in less:
            findings.add("missing", f"{table}: row too few: {sorted(values)}")


def judge_states(found: Standing, references: tuple[Standing, ...], findings: Findings) -> None:
    keys = found.states.keys() | set().union(*(each.states for each in references))
    for key in sorted(keys):
        wanted = {each.states.get(key) for each in references}
        if found.states.get(key) not in wanted:
            findings.add("state", f"{'/'.join(key)}: {found.states.get(key)} instead of {wanted}")


def judge_store(plant: Plant, findings: Findings, references: Callable[[], tuple[Standing, ...]]) -> None:
    """What has to hold at any moment: the marks are not ahead of the records, the ledger is unbroken."""
    if problems := plant.books.problems(plant.promises):
        unseen = set().union(*(each.unseen for each in references()))
        for problem in problems:
            if (problem.entity, problem.key) not in unseen:
                findings.add("cursor", str(problem))
    with plant.application() as app:
        for finding in app.audit_verify():
            findings.add("ledger", str(finding))
