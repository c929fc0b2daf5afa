"""More referenced records than a run remembers at a time."""

from __future__ import annotations

import pytest

from ml_connector.records import Entity, State
from ml_connector.sync import pipeline, resolve
from tiny.lab import Lab, invoice, order


async def test_what_was_forgotten_is_judged_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BATCH", 1)
    monkeypatch.setattr(resolve, "REMEMBERED", 0)
    for number in ("2", "3"):  # each refers to an order of its own and to the same supplier
        order(lab.world, f"P{number}")
        invoice(lab.world, f"I{number}", order=f"P{number}")
    report = await lab.run()
    assert report.outcome == "complete"
    assert {lab.row(Entity.INVOICES, key).state for key in ("I1", "I2", "I3")} == {State.LANDED}
