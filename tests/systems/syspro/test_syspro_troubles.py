"""Refusals of the OData service, each with what to do, and without a secret."""

from __future__ import annotations

import traceback

import pytest

from conformance.reading import read
from ml_connector import clock
from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
)
from ml_connector.records import Entity
from ml_connector.systems.syspro import CONNECTOR
from ml_connector_simulators.syspro import SysproSimulator
from systems.syspro.syspro_company import opening


async def trouble(plant: SysproSimulator, password: str = "", **settings: object) -> MLConnectorError:
    given = {"password": password} if password else None
    with clock.use(clock.ManualClock()):
        async with CONNECTOR.open(opening(plant, given, **settings)) as system:
            with pytest.raises(MLConnectorError) as caught:
                await read(system, Entity.SUPPLIERS)
    return caught.value


async def test_what_each_refusal_means(plant: SysproSimulator) -> None:
    assert isinstance(await trouble(plant, "wrong-password"), AuthenticationError)
    company = await trouble(plant, company_id="NOPE")
    assert isinstance(company, ModuleMissingError) and "company_id" in company.fix
    plant.grant({"table": "ApSupplier", "granted": False})
    table = await trouble(plant)
    assert isinstance(table, PermissionMissingError) and "ApSupplier" in table.fix


async def test_a_request_that_is_not_understood_stops_the_flow(plant: SysproSimulator) -> None:
    plant.add_fault(match={"entity": "ApSupplier"}, action={"do": "status", "status": 400}, nth=None)
    found = await trouble(plant)
    assert isinstance(found, ConfigurationError) and "$metadata" in found.fix


async def test_a_database_that_is_too_slow_is_asked_for_less(plant: SysproSimulator) -> None:
    for nth in (1, 2, 3):
        plant.add_fault(match={"entity": "ApSupplier"}, action={"do": "status", "status": 500}, nth=nth)
    with clock.use(clock.ManualClock()):
        async with CONNECTOR.open(opening(plant)) as system:
            found = await read(system, Entity.SUPPLIERS)
    tops = [entry.target for entry in plant.journal.entries if "ApSupplier?" in entry.target]
    assert found.records
    assert ["top=1000" in each for each in tops[:3]] == [True] * 3 and "top=500" in tops[3]


@pytest.mark.parametrize("do", ["status", "drop_after", "html", "garbage", "truncate"])
async def test_no_secret_in_errors(plant: SysproSimulator, do: str) -> None:
    more = {"status": 500} if do == "status" else {}
    plant.add_fault(match={"kind": "read"}, action={"do": do, **more}, nth=None)
    error = await trouble(plant)
    said = "".join(traceback.format_exception(error)) + repr(error) + repr(error.fields)
    assert "password-of-the-simulator" not in said
