"""Runs every case for every connector: its variants, its entities, against its simulator or a foreign server.

A case asks for `subject` (each system and variant), or is marked `reads`, `writes` or `lined` and also gets `entity`.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from conformance.quality import answer
from conformance.subject import Foreign, Subject, Variant
from conformance.subjects import subjects
from ml_connector import clock
from ml_connector.records.base import DEPENDENCY_ORDER, Entity
from ml_connector.systems.registry import MODULES, connector

MARKS = {
    "reads": "once for every entity that the connector reads",
    "writes": "once for every entity that the connector writes",
    "lined": "with `reads`: only for entities whose lines are rows of their own",
    "documents": "only for purchase orders and invoices",
    "inside": "needs faults, the truth or somebody inside the system: not to be had of a foreign server",
}
UNANSWERED = "unanswered"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--conformance-system", help="Only this system.")
    group.addoption("--conformance-url", help="A server of that system instead of the simulator; it is only read.")


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def _foreign(config: pytest.Config) -> Foreign | None:
    url = config.getoption("conformance_url", None)
    if not url:
        return None
    environment = os.environ
    if not config.getoption("conformance_system", None):
        raise pytest.UsageError("--conformance-url needs --conformance-system.")
    return Foreign(
        url.rstrip("/"),
        json.loads(environment.get("CONFORMANCE_SETTINGS", "{}")),
        environment.get("CONFORMANCE_AUTH_MODE", "oauth2_client_credentials"),
        json.loads(environment.get("CONFORMANCE_CREDENTIALS", "{}")),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "subject" not in metafunc.fixturenames:
        return
    wanted = metafunc.config.getoption("conformance_system", None)
    foreign = _foreign(metafunc.config)
    params = [
        param
        for system in sorted(MODULES)
        if wanted in (None, system)
        for param in _params(metafunc, system, foreign)
    ]  # fmt: skip
    names = ["subject", *(name for name in ("entity", "absence") if name in metafunc.fixturenames)]
    rows = [pytest.param(*p.values[: len(names)], id=p.id, marks=p.marks) for p in params]
    metafunc.parametrize(",".join(names), rows, indirect=["subject"])


def _params(metafunc: pytest.Metafunc, system: str, foreign: Foreign | None) -> Iterator[Any]:
    """One per variant and entity, skipped with the reason that quality.toml gives."""
    case = metafunc.function.__name__.removeprefix("test_")
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    given = answer(system, case, marks)
    if given is None or system not in subjects():
        yield pytest.param((system, UNANSWERED), None, id=f"{system}-{UNANSWERED}")
        return
    if given.exempt:
        yield pytest.param((system, case), None, id=system, marks=pytest.mark.skip(reason=_said(system, given.exempt)))
        return
    variants = subjects()[system].variants
    for variant in variants[:1] if foreign else variants:
        for second in _seconds(metafunc, system, variant, marks):
            reason = given.exemption(*_names(variant, second))
            if foreign and "inside" in marks:
                reason = MARKS["inside"]
            skips = [pytest.mark.skip(reason=_said(system, reason))] if reason else []
            ident = "-".join(filter(None, (system, variant.name, getattr(second, "name", "").lower())))
            yield pytest.param((system, variant, foreign), second, id=ident, marks=skips)


def _names(variant: Variant, second: Any) -> tuple[str, ...]:
    """What an exemption may be given for."""
    if isinstance(second, Entity):
        return variant.name, second.value, f"{variant.name}-{second.value}"
    return (variant.name,)


def _said(system: str, reason: str) -> str:
    return f"{system}: {reason}"


LINED = (Entity.PURCHASE_ORDERS, Entity.INVOICES)


def _seconds(metafunc: pytest.Metafunc, system: str, variant: Variant, marks: set[str]) -> list[Any]:
    """What a case is repeated over beside the variants: entities, or what may be missing."""
    if "absence" in metafunc.fixturenames:
        absences = subjects()[system].absences
        return [each for each in absences if not each.variants or variant.name in each.variants]
    return _entities(system, marks)


def _entities(system: str, marks: set[str]) -> list[Any]:
    known = connector(system)
    if "reads" in marks:
        found = [entity for entity in DEPENDENCY_ORDER if entity in known.reads]
        if "lined" in marks:
            found = [entity for entity in found if entity in subjects()[system].with_lines]
    elif "writes" in marks:
        found = [entity for entity in DEPENDENCY_ORDER if entity in known.writes]
    else:
        return [None]
    return [entity for entity in found if entity in LINED] if "documents" in marks else found


@pytest.fixture(autouse=True)
def manual_clock() -> Iterator[clock.ManualClock]:
    """Waiting for a retry costs nothing; the simulators have clocks of their own."""
    with clock.use(clock.ManualClock()) as manual:
        yield manual


@pytest.fixture
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """The system under test, running."""
    system, *rest = request.param
    if rest == [UNANSWERED]:
        pytest.fail(f"{system} has no subject, or answers this case neither as done nor as exempt in quality.toml.")
    variant, foreign = rest
    assert isinstance(variant, Variant)
    async with subjects()[system](variant, foreign).run() as running:
        yield running
