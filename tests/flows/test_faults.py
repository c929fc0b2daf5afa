"""A whole flow while answers get lost: whatever happens on the wire, every document is there once."""

from __future__ import annotations

from typing import Any

import pytest

from flows.plant import Plant
from flows.repeated import run_often
from ml_connector import clock

FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "every 7th answer of the target dropped after processing": ({"every": 7}, {"do": "drop_after"}),
    "every 3rd write dropped before processing": ({"every": 3, "match": {"kind": "write"}}, {"do": "drop_before"}),
    "every 3rd write answered 503 after processing": ({"every": 3, "match": {"kind": "write"}}, {"do": "html_after"}),
    "every 5th answer 429": ({"every": 5}, {"do": "status", "status": 429, "retry_after_s": 1}),
    "every 4th answer cut off": ({"every": 4}, {"do": "truncate"}),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_every_document_arrives_once(plant: Plant, fault: str) -> None:
    rule, action = FAULTS[fault]
    with clock.use(clock.ManualClock()) as manual:
        plant.loop.call(lambda: plant.target.add_fault(**rule, action=action))
        run_often(plant, manual, 6, 120)
        plant.loop.call(plant.target.faults.clear)
        report = run_often(plant, manual, 4, 120)
    assert report.outcome in ("complete", "complete_with_exceptions")
    assert plant.disagreements() == []


def test_source_faults_lose_nothing(plant: Plant) -> None:
    with clock.use(clock.ManualClock()) as manual:
        for number, do in ((5, "drop_after"), (7, "truncate"), (11, "html")):
            plant.loop.call(lambda n=number, d=do: plant.source.add_fault(every=n, action={"do": d}))  # type: ignore[misc]
        run_often(plant, manual, 4, 120)
        plant.loop.call(plant.source.faults.clear)
        plant.run()
    assert plant.disagreements() == []
