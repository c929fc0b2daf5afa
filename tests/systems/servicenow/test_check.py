"""`check` names the missing role, module, table or column, and who grants it."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.servicenow.settings import Settings
from ml_connector.systems.servicenow.surroundings import ErpSources
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect

NEEDS = [
    Need(entity, write=True)
    for entity in (
        Entity.GL_ACCOUNTS,
        Entity.COST_CENTERS,
        Entity.SUPPLIERS,
        Entity.PURCHASE_ORDERS,
        Entity.INVOICES,
    )
]


async def findings(connect: Connect, **settings: Any) -> list[Finding]:
    system = await connect(**{"service_user": "ml.connector", **settings})
    return await system.check(NEEDS)


def missing(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.verdict is Verdict.MISSING]


@pytest.mark.parametrize("profile", ["auto", "pages", "s2p_staging"])
async def test_all_is_well(connect: Connect, sim: ServiceNowSimulator, profile: str) -> None:
    found = await findings(connect, profile=profile, erp_source="IFS")
    assert missing(found) == []
    assert any(one.operation == "profile" and "Profile" in one.message for one in found)


@pytest.mark.parametrize(
    ("there", "verdict"), [([], Verdict.MISSING), (["IFS"], Verdict.OK), (["A", "B"], Verdict.UNVERIFIED)]
)
async def test_erp_source_that_nobody_named(
    connect: Connect, sim: ServiceNowSimulator, there: list[str], verdict: Verdict
) -> None:
    for row in list(sim.tables["sn_fin_erp_source"]):
        sim.delete("sn_fin_erp_source", {"sys_id": row["sys_id"]})
    for name in there:
        sim.insert("sn_fin_erp_source", {"name": name})
    [found] = [one for one in await findings(connect, profile="s2p_staging") if one.subject == "erp_source"]
    assert found.verdict is verdict
    assert verdict is Verdict.OK or "sn_fin_erp_source" in found.fix


@pytest.mark.parametrize("system", ["sage_x3", "ifs_cloud", "plex"])
def test_erp_sources_are_told_apart_by_letters_and_digits(system: str) -> None:
    sources = ErpSources(Settings(), {"IFS": "1", "IFS-PROD": "2", "PLEX": "3", "SAGE-X3": "4"})
    assert sources.name(system, "") == {"sage_x3": "SAGE-X3", "ifs_cloud": "IFS", "plex": "PLEX"}[system]


async def test_role_for_reading(connect: Connect, sim: ServiceNowSimulator) -> None:
    for role in ("procurement_user", "procurement_admin"):
        sim.grant({"take_role": role})
    found = missing(await findings(connect))
    assert {one.subject for one in found} >= {"purchase_orders: proc_po", "purchase_orders: proc_po_item"}
    assert any("procurement_user" in one.fix and one.who == "ServiceNow administrator" for one in found)


async def test_role_for_invoices(connect: Connect, sim: ServiceNowSimulator) -> None:
    for role in ("sn_apay.apo_user", "sn_ap_apm.accounts_payable_specialist"):
        sim.grant({"take_role": role})
    assert any("sn_apay.apo_user" in one.fix for one in missing(await findings(connect)))


async def test_role_for_writing(connect: Connect, sim: ServiceNowSimulator) -> None:
    """It may read invoices, as reader, and not write them."""
    for role in ("sn_apay.apo_user", "sn_ap_apm.accounts_payable_specialist"):
        sim.grant({"take_role": role})
    sim.grant({"give_role": "sn_ap_apm.reader"})
    found = missing(await findings(connect))
    assert {(one.operation, one.subject) for one in found} == {
        ("write", "invoices: sn_apo_invoice"),
        ("write", "invoices: sn_apo_invoice_line"),
    }


async def test_module(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.grant({"take_plugin": "com.snc.procurement"})
    found = missing(await findings(connect, profile="pages"))
    assert any("com.snc.procurement" in one.fix and "proc_po" in one.message for one in found)


async def test_key_column(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.grant({"take_column": "correlation_id", "table": "proc_po"})
    [found] = missing(await findings(connect))
    assert found.subject == "proc_po.correlation_id"
    assert "proc_po" in found.who


async def test_inherited_key_column_is_found_under_the_parent(connect: Connect, sim: ServiceNowSimulator) -> None:
    """sn_apo_invoice extends task, which has correlation_id."""
    assert not any(one.subject == "sn_apo_invoice.correlation_id" for one in await findings(connect))


async def test_coding_column(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(gl_columns_on_po_line=False)
    assert {one.subject for one in missing(await findings(connect))} == {
        "proc_po_item.u_gl_account",
        "proc_po_item.u_cost_center",
    }


@pytest.mark.parametrize("metadata", ["hidden_rows", "forbidden"])
async def test_hidden_metadata_is_unverified_not_missing(
    connect: Connect, sim: ServiceNowSimulator, metadata: str
) -> None:
    sim.set_switches(metadata=metadata)
    found = await findings(connect)
    assert missing(found) == []
    unverified = {one.operation for one in found if one.verdict is Verdict.UNVERIFIED}
    assert {"dictionary", "roles", "write", "column"} <= unverified


@pytest.mark.parametrize("stats", ["counts_hidden", "counts_visible", "forbidden"])
async def test_hidden_rows_are_told_from_an_empty_table(connect: Connect, sim: ServiceNowSimulator, stats: str) -> None:
    sim.set_switches(stats=stats)
    sim.grant({"hide_rows": "sn_apo_invoice"})
    [found] = [
        one for one in await findings(connect) if one.subject == "invoices: sn_apo_invoice" and one.operation == "read"
    ]
    assert found.verdict is Verdict.UNVERIFIED
    assert "hidden" in found.message


async def test_stockroom_candidates(connect: Connect, sim: ServiceNowSimulator) -> None:
    [found] = missing(await findings(connect, ship_to_stockroom="Nowhere"))
    assert found.operation == "setting"
    assert "Central Receiving" in found.message


async def test_staging_tables(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.grant({"take_plugin": "sn_fcms_intg"})
    found = missing(await findings(connect, profile="s2p_staging", erp_source="IFS"))
    assert any("sn_fcms_intg_imp_order" in one.message and "sn_fcms_intg" in one.fix for one in found)


@pytest.mark.parametrize("mode", ["wrong secret", "guest", "no application user", "wrong password", "grant disabled"])
async def test_refused_sign_in(connect: Connect, sim: ServiceNowSimulator, mode: str) -> None:
    credentials = dict(sim.credentials())
    if mode == "wrong secret":
        credentials["client_secret"] = "nonsense-secret"
    elif mode == "wrong password":
        credentials = {**sim.basic_credentials(), "password": "nonsense-secret"}
    else:
        switch = {"guest": "tokens_map_to_guest", "no application user": "application_user"}.get(mode, "grant_enabled")
        sim.set_switches(**{switch: mode == "guest"})
    system = await connect(credentials=credentials)
    [found] = await system.check(NEEDS)
    assert (found.verdict, found.operation) == (Verdict.MISSING, "sign in")
    assert "OAuth Application User" in found.fix
    assert "nonsense-secret" not in str(found)


async def test_rules_of_the_whole_take_no_probe_rows(connect: Connect, sim: ServiceNowSimulator) -> None:
    await findings(connect)
    assert sim.writes == 0
