"""`check` names what is missing and who grants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ml_connector import clock
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.ifs_cloud import CONNECTOR
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import ALL, opening

NEEDS = [Need(entity, write=False) for entity in ALL]


async def findings(tenant: IfsCloudSimulator, *needs: Need, secret: str = "", **settings: Any) -> list[Finding]:
    credentials = {"client_secret": secret} if secret else None
    async with CONNECTOR.open(opening(tenant, credentials, **settings)) as system:
        return await system.check(needs or NEEDS)


def red(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.verdict is not Verdict.OK]


async def test_all_is_well(tenant: IfsCloudSimulator) -> None:
    found = await findings(tenant)
    assert red(found) == []
    assert {finding.operation for finding in found} == {"sign in", "read", "metadata"}


async def test_sign_in_troubles_are_told_apart(tenant: IfsCloudSimulator) -> None:
    secret = (await findings(tenant, secret="wrong"))[0]
    realm = (await findings(tenant, realm="elsewhere"))[0]
    async with CONNECTOR.open(replace(opening(tenant), base_url="http://127.0.0.1:9")) as system:
        with clock.use(clock.ManualClock()):
            nowhere = (await system.check(NEEDS))[0]
    assert "secret" in secret.fix and "IAM Clients" in secret.fix
    assert "'elsewhere' does not exist" in realm.message and "realm" in realm.fix
    assert "cannot be reached" in nowhere.message and "base_url" in nowhere.fix
    assert {finding.verdict for finding in (secret, realm, nowhere)} == {Verdict.MISSING}


@pytest.mark.parametrize(
    ("projection", "entity"),
    [
        ("PostingProposalHandling", Entity.INVOICES),
        ("SupplierHandling", Entity.SUPPLIERS),
        ("PurchaseOrderHandling", Entity.PURCHASE_ORDERS),
        ("AccountsHandling", Entity.GL_ACCOUNTS),
        ("AccountingCodePartsHandling", Entity.COST_CENTERS),
        ("CodeCHandling", Entity.COST_CENTERS),
    ],
)
async def test_a_missing_grant_is_named(tenant: IfsCloudSimulator, projection: str, entity: Entity) -> None:
    tenant.grant({"projection": projection, "granted": False})
    found = red(await findings(tenant, Need(entity, write=False)))
    assert found and all(projection in f.message and projection in f.fix for f in found)
    assert {f.who for f in found} == {"IFS administrator"}


async def test_a_company_that_is_not_allowed_is_named(tenant: IfsCloudSimulator) -> None:
    tenant.grant({"company": "20", "granted": False})
    found = red(await findings(tenant))
    assert [(f.subject, f.who) for f in found] == [("company 20", "IFS administrator")]
    assert "allowed companies" in found[0].fix


async def test_an_entity_service_that_is_not_active_is_named(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(part_lines="int", entity_services=False)
    found = red(await findings(tenant, Need(Entity.PURCHASE_ORDERS, write=False)))
    assert "PurchaseOrderLineEntity is not active" in found[0].message and "Activate" in found[0].fix


async def test_a_missing_field_is_named(tenant: IfsCloudSimulator) -> None:
    need = Need(Entity.SUPPLIERS, write=False)
    found = red(await findings(tenant, need, fields={"suppliers.Name": "VendorName"}))
    assert [f.subject for f in found] == ["SupplierHandling/SupplierInfoGeneralSet.VendorName"]
    assert "`fields`" in found[0].fix


async def test_a_set_of_another_name_is_named(tenant: IfsCloudSimulator) -> None:
    settings = {"projections": {"suppliers": "SuppliersHandling.svc/SupplierInfoGeneralSet"}}
    found = red(await findings(tenant, Need(Entity.SUPPLIERS, write=False), **settings))
    assert "SuppliersHandling" in found[0].message and "`projections`" in found[0].fix


async def test_the_missing_time_stamp_is_told_with_its_remedy(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(rowversion=False)
    need = Need(Entity.INVOICES, write=False)
    auto = await findings(tenant, need)
    field = red(await findings(tenant, need, change_strategy="field"))
    assert red(auto) == [] and any("comparing ETags of the last 90 days" in f.message for f in auto)
    assert len(field) == 2 and all("change_strategy" in f.fix for f in field)


async def test_writing_is_refused_in_words(tenant: IfsCloudSimulator) -> None:
    found = red(await findings(tenant, Need(Entity.INVOICES, write=True)))
    assert [f.operation for f in found] == ["write"]


async def test_it_costs_few_requests(tenant: IfsCloudSimulator) -> None:
    await findings(tenant)
    assert tenant.journal.counts().total <= 30
