"""What is wrong after a scenario: each finding under its name, and none of them is allowed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.flows.compare_simulators import disagreements

from campaign.books import Books
from campaign.plant import Plant
from ml_connector_simulators.servicenow.instance import DEFINITIONS

Row = dict[str, Any]
Flat = tuple[str, frozenset[tuple[str, Any]]]
"""A row of a table as its values."""
KINDS = ("duplicate", "missing", "stale", "half", "cursor", "ledger", "state", "write", "run")
"""The last three: another state than without the kill; a write although nothing is new; a run that ended badly."""
SYS_ID = re.compile(r"[0-9a-f]{32}")
VOLATILE = ("sys_id", "sys_created_on", "sys_updated_on", "sys_updated_by", "sys_mod_count", "number")
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


def standing(plant: Plant) -> Standing:
    return Standing(
        _business_rows(plant.truth(plant.snow)),
        Books(plant.home, plant.database_url).states(),
        set(disagreements(plant.ifs.url, plant.snow.url)),
    )


def _business_rows(truth: Mapping[str, list[Row]]) -> Counter[Flat]:
    """Rows that an ERP sends, as texts in which a reference reads like the row it leads to."""
    rows = {row["sys_id"]: (name, row) for name, some in truth.items() for row in some}

    def shallow(sys_id: str) -> str:
        name, row = rows[sys_id]
        return f"{name}{sorted((k, v) for k, v in row.items() if k not in VOLATILE and not _is_id(v))}"

    def flat(name: str, row: Row) -> Flat:
        values = {k: shallow(v) if _is_id(v) and v in rows else v for k, v in row.items() if k not in VOLATILE and v}
        return name, frozenset(values.items())

    return Counter(flat(name, row) for name, some in truth.items() if _is_business(name) for row in some)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and SYS_ID.fullmatch(value) is not None


def _is_business(name: str) -> bool:
    return name in DEFINITIONS and DEFINITIONS[name].business


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


def judge_store(plant: Plant, findings: Findings) -> None:
    """What has to hold at any moment: the marks are not ahead of the records, the ledger is unbroken."""
    for problem in Books(plant.home, plant.database_url).problems(plant.truth(plant.ifs)):
        findings.add("cursor", problem)
    with plant.application() as app:
        for finding in app.audit_verify():
            findings.add("ledger", str(finding))
