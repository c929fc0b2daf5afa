"""A first load is exactly what the tenant holds, however its pages come."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.records import Entity, join_key
from ml_connector_simulators import ifs_cloud
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import ALL, connected, read_anew, rows
from systems.simulated import read

HEADS = {
    Entity.SUPPLIERS: ("SupplierInfoGeneralSet", ("SupplierId",)),
    Entity.PURCHASE_ORDERS: ("PurchaseOrderSet", ("OrderNo",)),
    Entity.INVOICES: ("PostingProposalHeadSet", ("Company", "InvoiceId")),
    Entity.GL_ACCOUNTS: ("AccountSet", ("Company", "Account")),
}
LINES = {
    Entity.SUPPLIERS: ("SupplierInfoAddresses", 1),
    Entity.PURCHASE_ORDERS: ("PurchaseOrderLineSet", 1),
    Entity.INVOICES: ("PostingProposalLineSet", 2),
}


def true_keys(tenant: IfsCloudSimulator, entity: Entity, companies: set[str]) -> list[str]:
    if entity is Entity.COST_CENTERS:
        parts = {company.number: company.cost_center_part for company in tenant.story.companies}
        found = [
            join_key(row["Company"], row[f"Code{part}"])
            for company, part in parts.items()
            for row in tenant.truth()[f"Code{part}Set"]
            if row["Company"] == company and company in companies
        ]
        return sorted(found)
    name, key = HEADS[entity]
    table = tenant.truth()[name]
    return sorted(join_key(*(str(row[k]) for k in key)) for row in table if row.get("Company", "") in {*companies, ""})


def true_lines(tenant: IfsCloudSimulator, entity: Entity) -> dict[str, int]:
    name, length = LINES[entity]
    counts: dict[str, int] = {}
    for row in tenant.truth()[name]:
        key = join_key(*(str(value) for value in list(row.values())[:length]))
        counts[key] = counts.get(key, 0) + 1
    return counts


async def assert_everything(tenant: IfsCloudSimulator, entity: Entity, **settings: Any) -> None:
    reading = await read_anew(tenant, entity, **settings)
    companies = set(settings.get("companies", ["10", "20"]))
    assert sorted(reading.keys) == true_keys(tenant, entity, companies)
    assert reading.window.first_load
    if entity in LINES:
        truth = true_lines(tenant, entity)
        lines = {record.key: len(rows(record)["lines"]) for record in reading.records}
        assert lines == {key: truth.get(key, 0) for key in reading.keys}


@pytest.mark.parametrize("entity", ALL)
async def test_everything_is_read_once(tenant: IfsCloudSimulator, entity: Entity) -> None:
    await assert_everything(tenant, entity)


@pytest.mark.parametrize("next_link", ["absolute", "relative", "none"])
@pytest.mark.parametrize("entity", ALL)
async def test_small_pages_with_and_without_links(tenant: IfsCloudSimulator, entity: Entity, next_link: str) -> None:
    tenant.set_switches(page_limit=7, next_link=next_link, order_without_orderby="per_page", count="never")
    await assert_everything(tenant, entity)


@pytest.mark.parametrize("entity", ALL)
async def test_pages_of_our_own_size(tenant: IfsCloudSimulator, entity: Entity) -> None:
    await assert_everything(tenant, entity, page_size=10)


@pytest.mark.parametrize("entity", [Entity.PURCHASE_ORDERS, Entity.INVOICES, Entity.COST_CENTERS])
async def test_only_the_configured_companies(tenant: IfsCloudSimulator, entity: Entity) -> None:
    await assert_everything(tenant, entity, companies=["20"])


async def test_many_companies_are_picked_out_here(tenant: IfsCloudSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter holds at most 40 terms (FACTS 8)."""
    monkeypatch.setattr("ml_connector.systems.ifs_cloud.reading.MOST_COMPANIES", 0)
    for entity in ALL:
        await assert_everything(tenant, entity, companies=["20"])
    targets = [entry.target for entry in tenant.journal.entries]
    assert not [target for target in targets if "Company%20eq" in target and "%20gt%20" not in target]


async def test_part_lines_come_from_the_entity_service_where_the_projection_lacks_them(
    tenant: IfsCloudSimulator,
) -> None:
    tenant.set_switches(part_lines="int")
    await assert_everything(tenant, Entity.PURCHASE_ORDERS)
    assert tenant.journal.counts().by_entity["read PurchaseOrderLineSet"] > 0


async def test_an_entity_service_that_is_not_active_is_named(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(part_lines="int", entity_services=False)
    with pytest.raises(ModuleMissingError, match="PurchaseOrderLineEntity is not active") as caught:
        await read_anew(tenant, Entity.PURCHASE_ORDERS)
    assert caught.value.who == "IFS administrator" and "Activate" in caught.value.fix


async def test_order_lines_are_coded_from_the_pre_accounting(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(po_coding="pre_accounting")
    async with connected(tenant) as system:
        reading = await read(system, Entity.PURCHASE_ORDERS)
        record = next(r for r in reading.records if r.key == "P10001")
        order: Any = system.stream(Entity.PURCHASE_ORDERS).normalize(record)
    assert (order.lines[0].gl_account.key, order.lines[0].cost_center.key) == ("20/4010", "20/310")


async def test_reading_goes_on_behind_any_page(tenant: IfsCloudSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was killed after a page continues there and reads the rest."""
    monkeypatch.setattr("ml_connector.systems.ifs_cloud.assembly.batches.__defaults__", (20,))
    for entity in ALL:
        async with connected(tenant) as system:
            whole = await read(system, entity)
            stream = system.stream(entity)
            first: list[str] = []
            position: Any = None
            async for page in stream.extract(whole.window, None):
                first, position = [r.key for r in page.records], page.position
                break
        async with connected(tenant) as system:
            rest = [r.key async for page in system.stream(entity).extract(whole.window, position) for r in page.records]
        assert first + rest == whole.keys
        assert 0 < len(first) <= 20 and rest


async def test_a_server_that_sorts_otherwise_loses_no_line(
    tenant: IfsCloudSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its collation ignores case; keys that rise there do not rise here, so lines are fetched by key instead."""
    for number in ("b100", "B200", "b300"):
        tenant.insert("PurchaseOrderSet", {"OrderNo": number, "Company": "10", "VendorNo": "V1001"})
        tenant.insert("PurchaseOrderLineSet", {"OrderNo": number, "LineNo": "1", "ReleaseNo": "1", "PartNo": "X"})
    as_it_is = ifs_cloud.listing._comparable
    monkeypatch.setattr(ifs_cloud.listing, "_comparable", lambda value: as_it_is(_folded(value)))
    reading = await read_anew(tenant, Entity.PURCHASE_ORDERS)
    assert sorted(set(reading.keys)) == true_keys(tenant, Entity.PURCHASE_ORDERS, {"10", "20"})
    assert "by_key" in (reading.positions[-2] or {})
    truth = true_lines(tenant, Entity.PURCHASE_ORDERS)
    newest = {record.key: len(rows(record)["lines"]) for record in reading.records}
    assert newest == {key: truth.get(key, 0) for key in newest}


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


async def test_what_changes_during_the_load_comes_next(tenant: IfsCloudSimulator) -> None:
    async with connected(tenant) as system:
        stream = system.stream(Entity.INVOICES)
        window = await stream.window(None)
        tenant.update("PostingProposalLineSet", {"Company": "10", "InvoiceId": 9012, "RowId": 1}, {"CodeA": "4020"})
        cursor: Any = None
        async for page in stream.extract(window, None):
            cursor = page.cursor
    assert cursor["sets"]["invoice_lines"]["stamp"] < tenant.clock.now().strftime("%Y-%m-%dT")
    async with connected(tenant) as system:
        later = await read(system, Entity.INVOICES, cursor)
    assert set(later.keys) <= {"10/9012"}


async def test_a_company_that_is_not_allowed_is_named_instead_of_empty(tenant: IfsCloudSimulator) -> None:
    tenant.grant({"company": "20", "granted": False})
    for entity in (Entity.INVOICES, Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.PURCHASE_ORDERS):
        with pytest.raises(PermissionMissingError, match="company 20"):
            await read_anew(tenant, entity)


async def test_a_visible_company_without_rows_is_believed(tenant: IfsCloudSimulator) -> None:
    for row in list(tenant.truth()["PostingProposalHeadSet"]):
        if row["Company"] == "20":
            tenant.delete("PostingProposalHeadSet", {"Company": "20", "InvoiceId": row["InvoiceId"]})
    reading = await read_anew(tenant, Entity.INVOICES)
    assert {record.scope for record in reading.records} == {"10"}


async def test_a_missing_grant_is_named(tenant: IfsCloudSimulator) -> None:
    tenant.grant({"projection": "PostingProposalHandling", "granted": False})
    with pytest.raises(PermissionMissingError, match="PostingProposalHandling") as caught:
        await read_anew(tenant, Entity.INVOICES)
    assert "permission set" in caught.value.fix


async def test_the_alternative_head_of_invoices(tenant: IfsCloudSimulator) -> None:
    reading = await read_anew(tenant, Entity.INVOICES, invoice_source="manual")
    assert sorted(reading.keys) == true_keys(tenant, Entity.INVOICES, {"10", "20"})
    assert tenant.journal.counts().by_entity["read ManSuppInvoiceSet"] > 0


async def test_fetch_gives_what_is_there(tenant: IfsCloudSimulator) -> None:
    async with connected(tenant) as system:
        for entity in ALL:
            reading = await read(system, entity)
            wanted = reading.records[:45]
            fetched = await system.stream(entity).fetch([r.key for r in wanted] + ["nobody/1/2", "10/nobody", "nobody"])
            assert {r.key: (r.version, r.payload) for r in fetched} == {r.key: (r.version, r.payload) for r in wanted}


async def test_sweep_gives_the_versions_of_a_load(tenant: IfsCloudSimulator) -> None:
    async with connected(tenant) as system:
        for entity in ALL:
            reading = await read(system, entity)
            swept = [pair async for some in system.stream(entity).sweep() for pair in some]
            assert sorted(swept) == sorted((record.key, record.version) for record in reading.records)


async def test_sweep_does_without_select_where_it_is_refused(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(select_refused=["PostingProposalHandling"])
    async with connected(tenant) as system:
        swept = [key async for some in system.stream(Entity.INVOICES).sweep() for key, _ in some]
    assert sorted(swept) == true_keys(tenant, Entity.INVOICES, {"10", "20"})
