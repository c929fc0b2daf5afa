"""Fact sheet sections 3 and 6.2: staging tables, transform maps, jobs."""

import pytest

from simulators.servicenow.servicenow_caller import Caller

INVOICE = "sn_spend_intg_imp_invoice"


def money(snow: Caller, sys_id: str) -> tuple[str, str]:
    row = snow.sim.tables["fx_currency2_instance"][sys_id]
    return row["currency"], row["amount"]


async def line(snow: Caller, number: str = "IFS-1", **values: str):
    given = {
        "u_external_invoice_number": number,
        "u_external_invoice_source": "IFS",
        "u_erp_source": "IFS",
        "u_line_description": "Repair",
        "u_line_quantity": "2.5",
        "u_line_unit_price": "10",
        "u_subtotal": "25",
        "u_currency": "EUR",
    }
    return await snow.stage("sn_spend_intg_imp_invoice_line", **{**given, **values})


async def test_a_row_is_transformed_at_once(snow):
    reply = await snow.supplier("4471", "Acme")
    assert reply.status == 201 and reply.body["staging_table"] == "sn_fcms_intg_imp_supplier"
    assert reply.body["import_set"].startswith("ISET")
    entry = reply.result[0]
    assert entry | {"sys_id": "", "record_link": ""} == {
        "transform_map": "Supplier import",
        "table": "sn_fin_supplier",
        "display_name": "name",
        "display_value": "Acme",
        "record_link": "",
        "status": "inserted",
        "sys_id": "",
    }
    assert entry["record_link"] == f"{snow.sim.url}/api/now/table/sn_fin_supplier/{entry['sys_id']}"


async def test_coalesce_updates_ignores_and_knows_no_letter_case(snow):
    await snow.supplier("ab1", "Acme")
    assert (await snow.supplier("AB1", "Acme North")).result[0]["status"] == "updated"
    again = (await snow.supplier("AB1", "Acme North")).result[0]
    assert again["status"] == "ignored" and "status_message" in again
    assert len(snow.sim.tables["sn_fin_supplier"].find(name="Acme North")) == 1


async def test_without_coalesce_a_row_posted_twice_is_two(snow):
    snow.sim.set_switches(coalesce={"sn_fcms_intg_imp_supplier": False})
    await snow.supplier("1", "Acme")
    await snow.supplier("1", "Acme")
    assert len(snow.sim.tables["sn_fin_supplier"].find(name="Acme")) == 2


async def test_an_unknown_supplier_is_an_error_in_a_201(snow):
    reply = await snow.invoice("IFS-90017")
    assert reply.status == 201
    assert reply.result == [
        {
            "transform_map": "Invoice import",
            "table": "sn_shop_invoice",
            "status": "error",
            "error_message": "Supplier not found",
        }
    ]
    assert (await snow.rows("sn_spend_intg_import_error"))[0]["message"] == "Supplier not found"


@pytest.mark.parametrize(("action", "status"), [("reject", "skipped"), ("ignore", "inserted"), ("create", "inserted")])
async def test_choice_actions(snow, action, status):
    snow.sim.set_switches(choice_actions={f"{INVOICE}.u_supplier": action})
    assert (await snow.invoice("1")).result[0]["status"] == status
    assert bool(snow.sim.tables["sn_fin_supplier"].find(erp_number="4471")) == (action == "create")


async def test_an_invoice_lands_in_draft_with_its_amounts(snow):
    await snow.supplier("4471")
    sys_id = (await snow.invoice("IFS-1", u_amount_invoiced="587.86")).result[0]["sys_id"]
    row = snow.sim.tables["sn_shop_invoice"][sys_id]
    assert (row["state"], row["external_invoice_number"], row["invoice_date"]) == ("draft", "IFS-1", "2026-02-02")
    assert money(snow, row["invoice_amount"]) == ("EUR", "587.86")
    walked = await snow.rows("sn_shop_invoice", f"sys_id={sys_id}", sysparm_fields="subtotal.amount,supplier.name")
    assert walked == [{"subtotal.amount": "494", "supplier.name": "Acme"}]


async def test_a_job_advances_invoices_every_half_hour(snow):
    await snow.supplier("4471")
    sys_id = (await snow.invoice("IFS-1")).result[0]["sys_id"]
    lost = (await snow.invoice("IFS-2", u_purchase_order="P-404")).result[0]["sys_id"]
    snow.sim.clock.advance(1801)
    rows = {row["sys_id"]: row["state"] for row in await snow.rows("sn_shop_invoice")}
    assert (rows[sys_id], rows[lost]) == ("matched", "exception")


async def test_invoice_lines_find_their_invoice_and_dimensions(snow):
    await snow.supplier("4471")
    invoice = (await snow.invoice("IFS-1")).result[0]["sys_id"]
    await snow.stage("sn_fcms_intg_gl_account_stage", u_erp_source="IFS", u_gl_account="4010", u_account_name="Parts")
    await snow.stage("sn_fcms_intg_imp_cost_center", u_erp_source="IFS", u_account_number="220", u_name="Foundry")
    sys_id = (await line(snow, u_gl_account="4010", u_cost_center="220")).result[0]["sys_id"]
    row = snow.sim.tables["sn_shop_invoice_line"][sys_id]
    assert (row["invoice"], row["quantity"], money(snow, row["unit_price"])) == (invoice, "2.5", ("EUR", "10"))
    assert snow.sim.tables["sn_fin_gl_account"][row["gl_account"]]["gl_account"] == "4010"
    assert snow.sim.tables["cmn_cost_center"][row["cost_center"]]["account_number"] == "220"


async def test_an_invoice_line_has_no_upsert_key(snow):
    await snow.supplier("4471")
    await snow.invoice("IFS-1")
    await line(snow)
    await line(snow)
    assert len(snow.sim.tables["sn_shop_invoice_line"]) == 2


async def test_an_order_line_before_its_order_waits_for_the_job(snow):
    await snow.supplier("4471")
    order_line = {"u_erp_source": "IFS", "u_erp_po_number": "P1", "u_erp_po_line_number": "1", "u_quantity": "2.5"}
    early = await snow.stage("sn_fcms_intg_imp_order_line", **order_line)
    assert early.result[0]["error_message"] == "Purchase order not found"
    order = {
        "u_erp_source": "IFS",
        "u_erp_po_number": "P1",
        "u_supplier_company_name": "4471",
        "u_po_status": "ordered",
    }
    assert (await snow.stage("sn_fcms_intg_imp_order", **order)).result[0]["status"] == "inserted"
    snow.sim.grant({"run_jobs": True})
    row = snow.sim.tables["sn_shop_purchase_order_line"].find(erp_number="P1/1")[0]
    assert (row["line_number"], row["quantity"]) == ("1", "2.5")
    assert (await snow.stage("sn_fcms_intg_imp_order_line", **order_line)).result[0]["status"] == "ignored"


async def test_mandatory_staging_columns(snow):
    reply = await snow.stage("sn_fcms_intg_imp_supplier", u_erp_source="IFS", u_legal_name="Acme")
    assert reply.result[0]["error_message"] == "Mandatory fields are empty: ERP company code"


async def test_an_outcome_can_be_read_again_until_the_clean_up(snow):
    reply = await snow.supplier("1")
    path = reply.headers["Location"].removeprefix(snow.sim.url)
    assert (await snow.send("GET", path)).result[0]["status"] == "inserted"
    snow.sim.grant({"clean_up_import_sets": True})
    assert (await snow.send("GET", path)).status == 404


async def test_a_table_api_post_to_a_staging_table_transforms_too(snow):
    values = {"u_erp_source": "IFS", "u_erp_company_code": "7", "u_legal_name": "Acme"}
    row = (await snow.post("sn_fcms_intg_imp_supplier", values)).result
    assert (row["sys_import_state"], row["sys_target_table"]) == ("inserted", "sn_fin_supplier")
    assert row["sys_target_sys_id"] in snow.sim.tables["sn_fin_supplier"].rows


async def multiple(snow: Caller, *records: dict[str, str]):
    path = "/api/now/import/sn_fcms_intg_imp_supplier/insertMultiple"
    return await snow.send("POST", path, json={"records": list(records)})


async def test_insert_multiple_takes_labels_and_works_later(snow):
    reply = await multiple(
        snow,
        {"ERP source": "IFS", "ERP company code": "1", "Legal name": "Acme"},
        {"ERP source": "IFS", "Legal name": "No code"},
    )
    assert reply.status == 201 and reply.body.keys() == {"import_set_id", "multi_import_set_id"}
    query = f"sys_import_set={reply.body['import_set_id']}"
    rows = await snow.rows("sn_fcms_intg_imp_supplier", query)
    assert [row["sys_import_state"] for row in rows] == ["pending", "pending"]
    snow.sim.clock.advance(2)
    rows = await snow.rows("sn_fcms_intg_imp_supplier", query)
    assert [row["sys_import_state"] for row in rows] == ["inserted", "error"]
    assert rows[1]["sys_import_state_comment"] == "Mandatory fields are empty: ERP company code"
    assert rows[0]["sys_target_sys_id"] in snow.sim.tables["sn_fin_supplier"].rows
    assert snow.sim.writes == 2


async def test_insert_multiple_may_be_told_to_take_column_names(snow):
    record = {"u_erp_source": "IFS", "u_erp_company_code": "1", "u_legal_name": "Acme"}
    await multiple(snow, record)
    snow.sim.set_switches(insert_multiple_keys="column_name")
    await multiple(snow, record)
    snow.sim.grant({"run_jobs": True})
    states = [row["sys_import_state"] for row in snow.sim.tables["sn_fcms_intg_imp_supplier"]]
    assert states == ["error", "inserted"]


async def test_role_trouble_is_a_403_or_an_empty_201(snow):
    snow.sim.grant({"take_role": "sn_spend_intg.procurement_integrator", "user": snow.sim.user_name})
    reply = await snow.invoice("1")
    assert reply.error["detail"] == "ACL Exception Insert Failed due to security constraints"
    snow.sim.set_switches(import_role_trouble="empty_201")
    reply = await snow.invoice("1")
    assert (reply.status, reply.text) == (201, "")


async def test_without_import_transformer_nothing_is_transformed(snow):
    snow.sim.grant({"take_role": "import_transformer", "user": snow.sim.user_name})
    reply = await snow.supplier("1")
    assert (reply.status, reply.text, len(snow.sim.tables["sn_fin_supplier"].find(erp_number="1"))) == (201, "", 0)


async def test_an_import_may_answer_201_with_nothing_done(snow):
    snow.sim.set_switches(traps=[{"kind": "empty_201", "path": "/import/"}])
    reply = await snow.supplier("1")
    assert (reply.status, reply.text, len(snow.sim.tables["sn_fcms_intg_imp_supplier"])) == (201, "", 0)


async def test_an_own_key_column_is_carried_over(snow):
    snow.sim.set_switches(erp_key_column="u_erp_key")
    await snow.supplier("4471")
    await snow.invoice("IFS-1", u_erp_key="ifs/10/90017")
    assert len(await snow.rows("sn_shop_invoice", "u_erp_key=ifs/10/90017")) == 1


async def test_an_unknown_erp_source_is_an_error(snow):
    reply = await snow.stage("sn_fcms_intg_gl_account_stage", u_erp_source="Oracle", u_gl_account="1")
    assert reply.result[0]["error_message"] == "ERP source not found"


async def ap_invoices(snow: Caller, *invoices: dict[str, object]):
    path = "/api/sn_spend_intg/v1/ap_invoice/json"
    return await snow.send("POST", path, json={"invoices": list(invoices)}, headers={"Source-System": "IFS"})


def ap_invoice(number: str) -> dict[str, object]:
    line = {"line_description": "Repair", "line_quantity": "1", "line_unit_price": "100", "subtotal": "100"}
    return {
        "external_invoice_number": number,
        "external_invoice_source": "IFS",
        "erp_source": "IFS",
        "supplier": "4471",
        "invoice_date": "2026-02-02",
        "subtotal": "100",
        "currency": "EUR",
        "invoice_lines": [line],
    }


async def test_the_ap_invoice_api_accepts_now_and_logs_later(snow):
    reply = await ap_invoices(snow, ap_invoice("IFS-1"))
    assert reply.status == 202 and reply.body.keys() == {"batch_id", "message", "status"}
    snow.sim.clock.advance(2)
    query = f"batch_id={reply.body['batch_id']}"
    log = await snow.rows("sn_spend_intg_invoice_integration_log", query)
    assert (log[0]["status"], log[0]["message"]) == ("error", "Supplier not found")
    await snow.supplier("4471")
    await ap_invoices(snow, ap_invoice("IFS-1"))
    snow.sim.clock.advance(2)
    log = await snow.rows("sn_spend_intg_invoice_integration_log", "status=processed")
    assert len(snow.sim.tables["sn_shop_invoice_line"].find(invoice=log[0]["invoice"])) == 1


async def test_the_ap_invoice_api_has_limits(snow):
    assert (await ap_invoices(snow, *(ap_invoice(str(n)) for n in range(101)))).status == 400
    snow.sim.set_switches(ap_invoice_calls_per_hour=1)
    assert (await ap_invoices(snow, ap_invoice("1"))).status == 202
    assert (await ap_invoices(snow, ap_invoice("2"))).status == 429
