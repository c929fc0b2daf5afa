"""What is read: late and edited documents, odd keys, and rows that change while they are read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from conformance.reading import Pass, read
from ml_connector.errors import ConfigurationError
from ml_connector.records import CostCenter, Entity, GLPosting, Invoice, PurchaseOrder, Supplier
from ml_connector.sync.validate import issues_of
from ml_connector.systems.base import System
from ml_connector.systems.syspro import CONNECTOR
from ml_connector_simulators.syspro import SysproSimulator
from systems.syspro.syspro_company import enter_invoice, opening


async def reading(plant: SysproSimulator, entity: Entity, cursor: Any = None, **settings: Any) -> Pass:
    async with CONNECTOR.open(opening(plant, **settings)) as system:
        return await read(system, entity, cursor)


async def test_an_invoice_entered_today_with_last_months_date_arrives(plant: SysproSimulator) -> None:
    first = await reading(plant, Entity.INVOICES)
    today = plant.clock.now().date()
    late = enter_invoice(plant, "LATE", dated=today - timedelta(days=400), entered=today)
    second = await reading(plant, Entity.INVOICES, first.cursor)
    assert second.keys == [late]


async def test_an_edited_invoice_is_updated(plant: SysproSimulator) -> None:
    """The edit moves no date; within the days to look back it is found at once, later by the sweep."""
    today = plant.clock.now().date()
    key = enter_invoice(plant, "EDIT", dated=today, entered=today - timedelta(days=44))
    old = enter_invoice(plant, "OLD", dated=today - timedelta(days=60), entered=today - timedelta(days=60))
    first = await reading(plant, Entity.INVOICES)
    for number in ("EDIT", "OLD"):
        plant.update("ApInvoice", {"Supplier": "V9010", "Invoice": number}, {"DueDate": today})
    async with CONNECTOR.open(opening(plant)) as system:
        second = await read(system, Entity.INVOICES, first.cursor)
        swept = {k: v async for some in system.stream(Entity.INVOICES).sweep() for k, v in some}
    assert second.keys == [key]
    assert {k for k, v in swept.items() if v != first.latest[k].version} == {key, old}


async def test_the_look_back_is_a_setting(plant: SysproSimulator) -> None:
    today = plant.clock.now().date()
    first = await reading(plant, Entity.INVOICES)
    enter_invoice(plant, "PAST", dated=today - timedelta(days=10), entered=today - timedelta(days=10))
    assert (await reading(plant, Entity.INVOICES, first.cursor, look_back_days=9)).keys == []
    assert (await reading(plant, Entity.INVOICES, first.cursor, look_back_days=10)).keys == ["EDU1/V9010/PAST"]


async def test_a_head_that_changes_while_its_lines_are_read_is_read_again(plant: SysproSimulator) -> None:
    """Head and line are edited between the two requests: what comes is one state, not half of each."""
    first = await reading(plant, Entity.PURCHASE_ORDERS)
    key = {"PurchaseOrder": " 00001"}

    answer, done = plant.answer, []

    async def meddled(call: Any) -> Any:
        found = await answer(call)
        if plant.classify(call).entity == "PorMasterHdr" and "Buyer" in call.target and not done:
            done.append(True)
            plant.update("PorMasterHdr", key, {"Buyer": "NEW"})
        return found

    plant.answer = meddled  # type: ignore[method-assign]
    second = await reading(plant, Entity.PURCHASE_ORDERS)
    order = second.record('EDU1/" 00001"')
    before = first.record('EDU1/" 00001"')
    assert isinstance(order, PurchaseOrder) and isinstance(before, PurchaseOrder)
    assert (before.buyer, order.buyer) == ("AMEYER", "NEW")
    assert second.repeated() == []


async def test_keys_keep_blanks_and_zeros(plant: SysproSimulator) -> None:
    for code in ("000731", "731", "  731", "N'1", "N/3", "N&9", "N%8", "N+7"):
        plant.insert("ApSupplier", {"Supplier": code, "SupplierName": f"Name of {code}", "Currency": "EUR"})
    async with CONNECTOR.open(opening(plant)) as system:
        found = await read(system, Entity.SUPPLIERS)
        keys = ["EDU1/000731", "EDU1/731", 'EDU1/"  731"', "EDU1/N'1", 'EDU1/"N/3"', "EDU1/N&9", "EDU1/N%8", "EDU1/N+7"]
        fetched = await system.stream(Entity.SUPPLIERS).fetch(keys)
    assert sorted(raw.key for raw in fetched) == sorted(keys)
    assert set(keys) <= set(found.keys)
    assert [getattr(found.record(key), "code") for key in keys[:3]] == ["000731", "731", "731"]  # noqa: B009


async def test_columns_filled_with_blanks_change_nothing(plant: SysproSimulator) -> None:
    plain = await reading(plant, Entity.SUPPLIERS)
    plant.set_switches(trailing_blanks=True)
    padded = await reading(plant, Entity.SUPPLIERS)
    assert padded.keys == plain.keys
    for key in plain.keys:
        if key != "EDU1/V9008":  # has no name
            assert padded.record(key) == plain.record(key)


async def test_companies_are_kept_apart(plant: SysproSimulator) -> None:
    one = await reading(plant, Entity.INVOICES)
    two = await reading(plant, Entity.INVOICES, company_id="EDU2")
    assert {raw.scope for raw in two.records} == {"EDU2"}
    assert not set(one.keys) & set(two.keys)
    again = await reading(plant, Entity.INVOICES, one.cursor, company_id="EDU2")
    assert again.first_load and "company EDU1" in again.remark


async def test_an_invoice_without_distribution_gets_one_flagged_line(plant: SysproSimulator) -> None:
    found = await reading(plant, Entity.INVOICES)
    record = found.record("EDU1/V9010/SY-NODIST")
    assert isinstance(record, Invoice)
    (line,) = record.lines
    assert line.gl_account is not None
    assert (line.amount, line.gl_account.code, line.description[:15]) == (Decimal("45.10"), "4010", "No distribution")


async def test_an_entry_split_over_cost_centers_becomes_lines(plant: SysproSimulator) -> None:
    record = (await reading(plant, Entity.INVOICES)).record("EDU1/V9010/SY-SPLIT")
    assert isinstance(record, Invoice)
    assert [(line.cost_center and line.cost_center.code, line.amount) for line in record.lines] == [
        ("210", Decimal("30.00")),
        ("220", Decimal("60.00")),
    ]
    assert list(issues_of(record)) == []


@pytest.mark.parametrize("analysis_per", ["line", "invoice"])
@pytest.mark.parametrize("invoice_value", ["local", "invoice"])
@pytest.mark.parametrize("transport", ["odata", "enet"])
async def test_every_ordinary_invoice_is_sound(
    plant: SysproSimulator, analysis_per: str, invoice_value: str, transport: str
) -> None:
    plant.set_switches(analysis_per=analysis_per, invoice_value=invoice_value)
    found = await reading(plant, Entity.INVOICES, read_transport=transport)
    unsound = {key for key in found.keys if list(issues_of(found.record(key)))}
    assert unsound == {"EDU1/V9010/AW-9026", "EDU1/V9010/SY-NODIST"}


async def test_projects_are_no_cost_centers(plant: SysproSimulator) -> None:
    plant.set_switches(second_analysis=True)
    centers = await reading(plant, Entity.COST_CENTERS)
    both = await reading(plant, Entity.COST_CENTERS, analysis_type=0)
    assert all(key.startswith("EDU1/COSTCTR/1/") for key in centers.keys)
    assert len(both.keys) == len(centers.keys) + 2


async def test_cost_centers_inside_gl_codes(plant: SysproSimulator) -> None:
    plant.set_switches(cost_centers="gl_segment")
    settings = {"cost_center_source": "gl_segment", "gl_segment": "^[0-9]+-([0-9]+)$"}
    centers = await reading(plant, Entity.COST_CENTERS, **settings)
    invoices = await reading(plant, Entity.INVOICES, **settings)
    assert centers.repeated() == [] and "EDU1/220" in centers.keys
    used = {
        line.cost_center.key
        for key in invoices.keys
        for line in getattr(invoices.record(key), "lines")  # noqa: B009
        if line.cost_center
    }
    assert used - set(centers.keys) == {"EDU1/666", "EDU1/667"}  # awkward ones that nobody ever set up
    assert isinstance(centers.record("EDU1/220"), CostCenter)


async def test_only_posted_journals_come(plant: SysproSimulator) -> None:
    found = await reading(plant, Entity.GL_POSTINGS)
    posted = {row["GlJournal"] for row in plant.truth()["GenJournalCtl"] if row["PostDate"]}
    journals = {str(getattr(found.record(key), "journal")) for key in found.keys}  # noqa: B009
    assert journals <= {str(number) for number in posted}
    record = found.record(found.keys[0])
    assert isinstance(record, GLPosting) and record.currency == "EUR"


async def test_foreign_names_of_sets_and_columns(plant: SysproSimulator) -> None:
    names = {"sets": {"ApSupplier": "Vendors"}, "fields": {"ApSupplier.SupplierName": "VendorName"}}
    plant.set_switches(set_names=names["sets"], property_names=names["fields"])
    found = await reading(plant, Entity.SUPPLIERS, **names)
    record = found.record("EDU1/V9010")
    assert isinstance(record, Supplier) and record.name


async def test_an_empty_company_is_not_believed(plant: SysproSimulator) -> None:
    for table in plant.companies["EDU1"].tables.values():
        for row in list(table):
            table.remove(row)
    with pytest.raises(ConfigurationError, match="shows neither"):
        await reading(plant, Entity.SUPPLIERS)


async def _requests(system: System, entity: Entity) -> int:
    before = system.requests
    await read(system, entity)
    return system.requests - before


async def test_lines_come_in_bulk(plant: SysproSimulator) -> None:
    """Two requests for heads, one for their lines: not one per order."""
    async with CONNECTOR.open(opening(plant)) as system:
        await read(system, Entity.COST_CENTERS)
        assert await _requests(system, Entity.PURCHASE_ORDERS) <= 6
        assert await _requests(system, Entity.SUPPLIERS) <= 4
