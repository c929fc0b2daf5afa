"""`check`: all that the fact sheet names is found, and each thing that is missing is named."""

from __future__ import annotations

import pytest

from conformance.probing import findings, missing
from conformance.subject import Absence, Subject
from ml_connector.systems.base import Verdict


async def test_discovery_finds_all_of_the_fact_sheet(subject: Subject) -> None:
    """Every operation on every entity is green on a system set up by the book."""
    found = await findings(subject)
    assert [each for each in found if each.verdict is Verdict.MISSING] == []
    named = {word for each in found for word in (each.subject, each.message)}
    for need in subject.needs():
        assert any(need.entity.value in text for text in named), need.entity


@pytest.mark.inside
async def test_discovery_names_what_is_missing(subject: Subject, absence: Absence) -> None:
    """The administrator reads what is not there, what to do, and who can do it."""
    _take(subject, absence)
    found = missing(await findings(subject, absence.entity, **absence.settings))
    said = "\n".join(" ".join((each.subject, each.message, each.fix, each.who)) for each in found)
    assert [word for word in absence.words if word not in said] == []
    assert all(each.fix and each.who for each in found)


def _take(subject: Subject, absence: Absence) -> None:
    subject.switch(**absence.switches)
    if absence.change:
        subject.simulator.grant(absence.change)
