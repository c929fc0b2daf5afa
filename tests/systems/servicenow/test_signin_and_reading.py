"""Three ways to sign in, and reading that neither stops at a short page nor believes a dropped condition."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.errors import AuthenticationError, ConfigurationError
from ml_connector.records import Entity
from ml_connector.systems.base import Opening, Ports, Receipt
from ml_connector.systems.servicenow import CONNECTOR
from ml_connector.systems.servicenow.instance import Instance, Page, value_queries
from ml_connector.systems.servicenow.settings import Settings, credentials_of
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.memory import Memory
from systems.servicenow.connections import Connect
from systems.servicenow.documents import prepared, shape, supplier, write_records


@pytest.mark.parametrize("mode", ["credentials", "basic_credentials", "refresh_credentials"])
async def test_each_way_to_sign_in(connect: Connect, sim: ServiceNowSimulator, mode: str) -> None:
    target = await prepared(await connect(credentials=getattr(sim, mode)()), Entity.SUPPLIERS)
    [[answer]] = await write_records(target, [supplier()])
    assert isinstance(answer, Receipt)


async def test_rotated_refresh_token_is_kept(connect: Connect, sim: ServiceNowSimulator) -> None:
    tokens = Memory()
    credentials = sim.refresh_credentials()
    for _ in range(2):
        sim.grant({"expire_tokens": True}) if tokens.document else None
        await prepared(
            await connect(credentials=credentials, ports=Ports(memory=lambda name: tokens)), Entity.SUPPLIERS
        )
    assert tokens.document is not None
    assert tokens.document["version"] >= 1


async def test_wrong_secret_is_refused_once(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = (await connect(credentials={**sim.credentials(), "client_secret": "wrong-secret"})).target(
        Entity.SUPPLIERS
    )
    with pytest.raises(AuthenticationError) as raised:
        await target.prepare()
    assert sim.journal.counts().total == 1
    assert "wrong-secret" not in str(raised.value)


def test_credentials_that_are_missing_are_named() -> None:
    with pytest.raises(ConfigurationError, match="client_secret missing"):
        credentials_of("oauth2_client_credentials", {"client_id": "x"})
    with pytest.raises(ConfigurationError, match="oauth2_refresh_token"):
        credentials_of("magic", {})


async def test_a_connection_needs_an_address() -> None:
    with pytest.raises(ConfigurationError):
        async with CONNECTOR.open(Opening("snow", "", Settings(), "basic", {"username": "a", "password": "b"})):
            pass


async def test_no_cookie_is_kept(connect: Connect, sim: ServiceNowSimulator) -> None:
    await prepared(await connect(), Entity.SUPPLIERS)
    assert not any("Cookie" in entry.headers for entry in sim.journal.entries)


async def test_short_pages_are_not_the_end(connect: Connect, sim: ServiceNowSimulator) -> None:
    """The limit counts before access rules hide rows, so that pages come short or empty."""
    ids = sorted(sim.insert("core_company", {"name": f"N{n}", "vendor": "true"})["sys_id"] for n in range(40))
    sim.tables["core_company"].hidden.update(ids[:17])
    target = await prepared(await connect(page_size=5), Entity.SUPPLIERS)
    assert set(await target.read("core_company", ids)) == set(ids[17:])


async def test_an_instance_may_give_fewer_rows_than_asked_for(
    connect: Connect, sim: ServiceNowSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It caps the limit and says nothing; the count of all is right."""
    page = Instance.page

    async def capped(*args: Any, limit: int = 1, **named: Any) -> Page:
        return await page(*args, limit=min(limit, 7), **named)

    monkeypatch.setattr(Instance, "page", capped)
    ids = sorted(sim.insert("core_company", {"name": f"N{n}", "vendor": "true"})["sys_id"] for n in range(40))
    target = await prepared(await connect(), Entity.SUPPLIERS)
    assert set(await target.read("core_company", ids)) == set(ids)


@pytest.mark.parametrize("returns_no_rows", [True, False])
async def test_rows_are_compared_with_what_was_asked_for(
    connect: Connect, sim: ServiceNowSimulator, returns_no_rows: bool
) -> None:
    """A row that came although it was not asked for is not taken."""
    sim.set_switches(invalid_query_returns_no_rows=returns_no_rows)
    sim.insert("core_company", {"name": "Acme GmbH", "vendor": "true", "correlation_id": "v1"})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    assert await target.by_code(["V1"]) == {}


def test_queries_stay_short_and_hold_no_divider() -> None:
    queries = list(value_queries(["number", "correlation_id"], [*(f"{n:030d}" for n in range(500)), "a^b", "c,d", " "]))
    assert all(len(query) <= 10_000 for query in queries)
    assert "number=c,d^ORcorrelation_id=c,d" in queries
    assert not any("a^b" in query for query in queries)
    assert not list(value_queries(["number"], ["javascript:gs.sleep(1)"]))


async def test_stockroom_by_name_or_id_or_because_it_is_the_only_one(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    sim.insert("alm_stockroom", {"name": "Second Hall"})
    room = sim.tables["alm_stockroom"].find(name="Central Receiving")[0]["sys_id"]
    for setting in ("Central Receiving", room):
        await prepared(await connect(ship_to_stockroom=setting), Entity.PURCHASE_ORDERS)
    with pytest.raises(ConfigurationError, match="Central Receiving"):
        await prepared(await connect(ship_to_stockroom=""), Entity.PURCHASE_ORDERS)
    for row in list(sim.tables["alm_stockroom"]):
        if row["sys_id"] != room:
            sim.delete("alm_stockroom", {"sys_id": row["sys_id"]})
    await prepared(await connect(ship_to_stockroom=""), Entity.PURCHASE_ORDERS)


async def test_getting_ready_takes_a_handful_of_requests(connect: Connect, sim: ServiceNowSimulator) -> None:
    """A run without changes may make ten requests a route."""
    system = await connect()
    for entity in (Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.SUPPLIERS, Entity.PURCHASE_ORDERS, Entity.INVOICES):
        before = system.requests
        await prepared(system, entity)
        assert system.requests - before <= 6, entity


async def test_mapping_version_follows_profile_and_settings(connect: Connect, sim: ServiceNowSimulator) -> None:
    versions = {
        (await prepared(await connect(**settings), Entity.INVOICES)).mapping_version
        for settings in (
            {},
            {"page_size": 7},
            {"erp_source": "IFS", "profile": "s2p_staging"},
            {"invoice_status": {"posted": "matched"}},
        )
    }
    assert len(versions) == 3


async def test_ids_are_the_same_for_ever(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    assert shape(target, supplier()).parts[0].external_id == shape(target, supplier(name="Other")).parts[0].external_id
