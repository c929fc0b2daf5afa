"""Every connector answers every case, and answers no case that there is not."""

from __future__ import annotations

import pytest

from conformance.quality import GROUPS, answer, answers, cases
from conformance.subjects import subjects
from ml_connector.records import Entity
from ml_connector.systems.registry import MODULES


@pytest.mark.parametrize("system", sorted(MODULES))
def test_every_case_is_answered(system: str) -> None:
    assert [case for case, marks in cases().items() if answer(system, case, marks) is None] == []


@pytest.mark.parametrize("system", sorted(MODULES))
def test_no_other_case_is_answered(system: str) -> None:
    assert answers(system).keys() - {*cases(), *GROUPS} == set()


@pytest.mark.parametrize("system", sorted(subjects()))
def test_exemptions_are_for_what_there_is(system: str) -> None:
    variants = {variant.name for variant in subjects()[system].variants}
    known = {*variants, *Entity, *(f"{variant}-{entity}" for variant in variants for entity in Entity)}
    named = {name for answer in answers(system).values() for name, _ in answer.exempt_for}
    assert named - known == set()


def test_every_connector_has_a_subject() -> None:
    assert subjects().keys() == MODULES.keys()
