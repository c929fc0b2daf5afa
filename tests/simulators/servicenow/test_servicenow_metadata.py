"""Fact sheet section 5: what a pre-flight can learn."""

import pytest

from simulators.servicenow.servicenow_caller import Caller


async def elements(snow: Caller, table: str) -> set[str]:
    return {row["element"] for row in await snow.rows("sys_dictionary", f"name={table}")}


async def test_the_dictionary_describes_columns(snow):
    row = (await snow.rows("sys_dictionary", "name=proc_po_item^element=ordered_quantity"))[0]
    assert (row["internal_type"], row["column_label"], row["mandatory"]) == ("integer", "Ordered quantity", "false")
    row = (await snow.rows("sys_dictionary", "name=proc_po^element=ship_to"))[0]
    assert (row["internal_type"], row["reference"], row["mandatory"]) == ("reference", "alm_stockroom", "true")


async def test_inherited_columns_sit_under_the_parent(snow):
    assert "correlation_id" not in await elements(snow, "sn_apo_invoice")
    assert {"correlation_id", "number", "sys_id"} <= await elements(snow, "task")
    table = (await snow.rows("sys_db_object", "name=sn_apo_invoice"))[0]
    parent = (await snow.rows("sys_db_object", f"sys_id={table['super_class']}"))[0]
    assert parent["name"] == "task"
    assert (await snow.post("sn_apo_invoice", {"correlation_id": "x"})).result["correlation_id"] == "x"


@pytest.mark.parametrize("table", ["proc_po", "core_company", "cmn_cost_center", "sn_apo_invoice"])
async def test_correlation_id_may_be_missing(snow, table):
    snow.sim.set_switches(correlation_id={table: False}, erp_key_column="u_erp_key")
    columns = await elements(snow, table)
    assert "u_erp_key" in columns and "correlation_id" not in columns
    assert len(await snow.rows(table, "correlation_id=none")) == len(snow.sim.tables[table])


async def test_a_column_taken_away_vanishes(snow):
    snow.sim.grant({"take_column": "city", "table": "core_company"})
    assert "city" not in (await snow.post("core_company", {"city": "Oslo"})).result
    assert "city" not in await elements(snow, "core_company")


async def test_a_column_can_be_added(snow):
    snow.sim.grant({"give_column": "u_erp", "table": "core_company", "max_length": 5})
    assert (await snow.post("core_company", {"u_erp": "1234567"})).result["u_erp"] == "12345"
    assert len(await snow.rows("core_company", "u_erp=12345")) == 1
    assert "u_erp" in await elements(snow, "core_company")


async def test_choices_are_listed(snow):
    rows = await snow.rows("sys_choice", "name=proc_po^element=status")
    assert [row["value"] for row in rows] == ["requested", "ordered", "pending_delivery", "received", "canceled"]


async def test_plugins_and_their_state(snow):
    assert (await snow.rows("v_plugin", "id=com.snc.procurement"))[0]["active"] == "active"
    snow.sim.grant({"take_plugin": "com.snc.procurement"})
    assert (await snow.rows("v_plugin", "id=com.snc.procurement"))[0]["active"] == "inactive"
    assert await snow.rows("sys_db_object", "name=proc_po") == []


async def test_roles_of_a_user(snow):
    query = f"user.user_name={snow.sim.user_name}^role.name=procurement_user"
    assert len(await snow.rows("sys_user_has_role", query)) == 1
    snow.sim.grant({"take_role": "procurement_user"})
    assert await snow.rows("sys_user_has_role", query) == []


async def test_metadata_may_be_hidden(snow):
    snow.sim.set_switches(metadata="hidden_rows")
    reply = await snow.send("GET", "/api/now/table/sys_dictionary", {"name": "proc_po"})
    assert reply.result == [] and int(reply.headers["X-Total-Count"]) > 0
    snow.sim.set_switches(metadata="forbidden")
    assert (await snow.send("GET", "/api/now/table/sys_dictionary")).status == 403


async def test_staging_labels_and_names(snow):
    rows = await snow.rows("sys_dictionary", "name=sn_fcms_intg_imp_order_line^elementSTARTSWITHu_erp")
    assert {row["element"]: row["column_label"] for row in rows} == {
        "u_erp_source": "ERP source",
        "u_erp_po_number": "ERP PO number",
        "u_erp_po_line_number": "ERP PO line number",
    }
