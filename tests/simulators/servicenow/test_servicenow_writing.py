"""Fact sheet sections 2 and 7: what a write does, and what it does silently."""

import pytest

from simulators.servicenow.servicenow_caller import Caller

ID = "5b1e77d0c2a94f6e8d3304aa91be60f2"


def stockroom(snow: Caller) -> str:
    return snow.sim.tables["alm_stockroom"].find(name="Central Receiving")[0]["sys_id"]


async def order(snow: Caller, **values: str) -> dict[str, str]:
    return (await snow.post("proc_po", {"ship_to": stockroom(snow), **values})).result


async def test_post_answers_201_with_the_row(snow):
    reply = await snow.post("core_company", {"name": "Acme", "vendor": True})
    assert reply.status == 201
    row = reply.result
    assert (row["name"], row["vendor"], row["sys_mod_count"]) == ("Acme", "true", "0")
    assert row["sys_created_by"] == row["sys_updated_by"] == "ml.connector"
    assert row["sys_created_on"] == row["sys_updated_on"]


async def test_put_and_patch_keep_what_was_not_sent(snow):
    row = (await snow.post("core_company", {"name": "Acme", "city": "Oslo"})).result
    path = f"/api/now/table/core_company/{row['sys_id']}"
    for method in ("PUT", "PATCH"):
        reply = await snow.send(method, path, json={"name": f"Acme {method}"})
        assert (reply.status, reply.result["name"], reply.result["city"]) == (200, f"Acme {method}", "Oslo")
    assert reply.result["sys_mod_count"] == "2"


async def test_a_patch_that_changes_nothing_moves_no_stamp(snow):
    row = (await snow.post("core_company", {"name": "Acme"})).result
    snow.sim.clock.advance(5)
    again = (await snow.patch("core_company", row["sys_id"], {"name": "Acme"})).result
    assert (again["sys_mod_count"], again["sys_updated_on"]) == ("0", row["sys_updated_on"])
    assert snow.sim.writes == 2


async def test_delete_answers_204(snow):
    row = (await snow.post("core_company", {"name": "Acme"})).result
    path = f"/api/now/table/core_company/{row['sys_id']}"
    reply = await snow.send("DELETE", path)
    assert (reply.status, reply.text) == (204, "")
    assert (await snow.send("DELETE", path)).status == 404


async def test_an_own_sys_id_is_honoured_and_repeating_it_is_refused(snow):
    assert (await snow.post("itfm_gl_accounts", {"sys_id": ID, "name": "Freight"})).result["sys_id"] == ID
    again = await snow.post("itfm_gl_accounts", {"sys_id": ID, "name": "Freight"})
    assert again.status == 403
    assert again.error == {
        "message": "Operation Failed",
        "detail": "Error during insert of itfm_gl_accounts (Freight)",
    }


async def test_an_own_sys_id_may_be_ignored(snow):
    snow.sim.set_switches(custom_sys_id=False)
    assert (await snow.post("itfm_gl_accounts", {"sys_id": ID})).result["sys_id"] != ID


async def test_a_text_that_is_no_sys_id_is_ignored(snow):
    assert len((await snow.post("itfm_gl_accounts", {"sys_id": "IFS-1"})).result["sys_id"]) == 32


async def test_a_refused_insert_names_the_number_it_would_have_had(snow):
    first = await order(snow, sys_id=ID)
    again = await snow.post("proc_po", {"sys_id": ID, "ship_to": stockroom(snow)})
    following = f"PO{int(first['number'][2:]) + 1:07d}"
    assert again.error["detail"] == f"Error during insert of proc_po ({following})"


async def test_numbers_are_automatic(snow):
    assert (await order(snow))["number"] == "PO0010001"


async def test_a_unique_column_is_guarded_letter_case_ignored(snow):
    snow.sim.set_switches(unique_columns={"itfm_gl_accounts": ["account_number"]})
    first = (await snow.post("itfm_gl_accounts", {"account_number": "ab1", "name": "A"})).result
    clash = await snow.post("itfm_gl_accounts", {"account_number": "AB1", "name": "B"})
    assert (clash.status, clash.error["detail"]) == (403, "Error during insert of itfm_gl_accounts (B)")
    assert (await snow.patch("itfm_gl_accounts", first["sys_id"], {"name": "C"})).status == 200


async def test_unknown_fields_are_ignored_with_201(snow):
    reply = await snow.post("core_company", {"name": "Acme", "bunk_field": "x"})
    assert reply.status == 201 and "bunk_field" not in reply.result


async def test_unwritable_fields_are_dropped(snow):
    snow.sim.grant({"lock_column": "city", "table": "core_company"})
    sent = {"name": "Acme", "city": "Oslo", "sys_created_by": "me", "sys_updated_on": "2001-01-01 00:00:00"}
    row = (await snow.post("core_company", sent)).result
    assert row["city"] == "" and row["sys_created_by"] == "ml.connector" and row["sys_updated_on"] > "2020"


async def test_long_texts_are_cut(snow):
    assert len((await snow.post("core_company", {"name": "x" * 300})).result["name"]) == 80


async def test_reference_targets_are_not_checked(snow):
    assert (await order(snow, vendor=ID))["vendor"] == ID


async def test_unknown_choices_are_stored_empty(snow):
    assert (await order(snow, status="posted"))["status"] == ""
    snow.sim.set_switches(allow_non_existing_choice=True)
    assert (await order(snow, status="posted"))["status"] == "posted"


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-01-31 08:00:00", "2026-01-31 08:00:00"),
        ("2026-01-31", "2026-01-31 00:00:00"),
        ("2026-01-31T08:00:00Z", ""),
        ("2026-02-31 08:00:00", ""),
    ],
)
async def test_date_times_in_another_form_are_stored_empty(snow, sent, stored):
    assert (await order(snow, po_date=sent))["po_date"] == stored


async def test_integers_lose_their_decimals(snow):
    line = (await snow.post("proc_po_item", {"ordered_quantity": "2.5", "cost": "EUR;10"})).result
    assert (line["ordered_quantity"], line["total_cost"]) == ("2", "20")
    snow.sim.set_switches(integer_quantities=False)
    line = (await snow.post("proc_po_item", {"ordered_quantity": "2.5", "cost": "EUR;10"})).result
    assert (line["ordered_quantity"], line["total_cost"]) == ("2.5", "25")


@pytest.mark.parametrize(
    ("sent", "echo", "stored"),
    [
        ("EUR;12.35", "12.35", "EUR;12.35"),
        ("KWD;12345678.905", "12345678.905", "KWD;12345678.905"),
        ("12.30", "12.3", "USD;12.3"),
        ("EUR;1,234.5", "1234.5", "EUR;1234.5"),
        ("JPY;0", "0", "JPY;0"),
        ("EUR;-5", "-5", "EUR;-5"),
        ("12,35 EUR", "", ""),
    ],
)
async def test_currency_columns_parse_code_and_amount(snow, sent, echo, stored):
    reply = await snow.post("sn_apo_invoice", {"sys_id": ID, "total_amount": sent})
    assert reply.result["total_amount"] == echo
    assert snow.sim.tables["sn_apo_invoice"][ID].get("total_amount", "") == stored


async def test_currency_columns_may_echo_their_code(snow):
    snow.sim.set_switches(currency_echo="code_and_amount")
    assert (await snow.post("sn_apo_invoice", {"subtotal": "EUR;1.5"})).result["subtotal"] == "EUR;1.5"


async def test_json_numbers_are_taken_exactly(snow):
    line = (await snow.post("sn_apo_invoice_line", {"quantity": 0.1, "unit_price": 12345678.905})).result
    assert (line["quantity"], line["unit_price"]) == ("0.1", "12345678.905")


async def test_display_values_are_looked_up_where_asked(snow):
    values = {"ship_to": "Central Receiving", "vendor": "handschrift werkzeuge gmbh"}
    row = (await snow.post("proc_po", values, sysparm_input_display_value="true")).result
    assert row["ship_to"] == stockroom(snow) and len(row["vendor"]) == 32


async def test_mandatory_columns_are_a_data_policy(snow):
    reply = await snow.post("proc_po", {"status": "ordered"})
    assert (reply.status, reply.error["message"]) == (403, "Operation Failed")
    assert reply.error["detail"] == "Data Policy Exception: The following fields are mandatory: Ship to"


@pytest.mark.parametrize("operation", ["Insert", "Update", "Delete"])
async def test_write_access_rules_per_table(snow, operation):
    sys_id = (await snow.post("core_company", {"name": "Acme"})).result["sys_id"]
    snow.sim.grant({"deny_write": "core_company", "operations": [operation]})
    path = f"/api/now/table/core_company/{sys_id}"
    reply = {
        "Insert": lambda: snow.post("core_company", {"name": "B"}),
        "Update": lambda: snow.patch("core_company", sys_id, {"name": "B"}),
        "Delete": lambda: snow.send("DELETE", path),
    }[operation]
    refused = await reply()
    assert (refused.status, refused.error["message"]) == (403, "Operation Failed")
    assert refused.error["detail"] == f"ACL Exception {operation} Failed due to security constraints"
    snow.sim.grant({"allow_write": "core_company"})
    assert (await reply()).status < 300


async def test_a_reader_may_not_write(snow):
    snow.sim.instance.set_roles(snow.sim.user_name, {"sn_ap_apm.reader"})
    assert (await snow.send("GET", "/api/now/table/sn_apo_invoice")).status == 200
    reply = await snow.post("sn_apo_invoice", {})
    assert reply.error["detail"] == "ACL Exception Insert Failed due to security constraints"


async def test_a_body_that_is_no_json(snow):
    reply = await snow.send("POST", "/api/now/table/proc_po", data=b"{x", headers={"Content-Type": "application/json"})
    assert (reply.status, reply.error["message"]) == (400, "Exception while reading request")


async def test_a_body_over_10_mb(snow):
    body = b'{"name":"' + b"x" * 10_485_760 + b'"}'
    headers = {"Content-Type": "application/json"}
    reply = await snow.send("POST", "/api/now/table/core_company", data=body, headers=headers)
    assert reply.status == 400
    assert reply.error["message"] == (
        f"Rejected large REST payload with content-length = {len(body)} bytes. Max allowed: 10485760 bytes."
    )


async def test_202_is_not_done(snow):
    snow.sim.set_switches(traps=[{"kind": "drop_202", "method": "POST"}])
    before = len(snow.sim.tables["core_company"])
    assert (await snow.post("core_company", {"name": "Acme"})).status == 202
    assert len(snow.sim.tables["core_company"]) == before


async def test_a_cancelled_transaction_may_have_written(snow):
    snow.sim.set_switches(traps=[{"kind": "cancelled_500", "after": 1}])
    assert (await snow.post("core_company", {"name": "Acme"})).status == 201
    reply = await snow.post("core_company", {"name": "Bolt"})
    assert reply.status == 500 and "maximum execution time" in reply.error["message"]
    assert snow.sim.tables["core_company"].find(name="Bolt")


async def test_a_late_commit_carries_an_older_stamp(snow):
    from datetime import timedelta

    stamp = snow.sim.clock.now() - timedelta(seconds=90)
    row = snow.sim.insert("core_company", {"name": "Late"}, stamp=stamp)
    assert row["sys_updated_on"] == stamp.strftime("%Y-%m-%d %H:%M:%S")


async def test_an_edit_by_a_person(snow):
    row = (await snow.post("core_company", {"name": "Acme"})).result
    snow.sim.update("core_company", {"sys_id": row["sys_id"]}, {"city": "Oslo"})
    now = (await snow.rows("core_company", f"sys_id={row['sys_id']}"))[0]
    assert (now["city"], now["sys_updated_by"], now["sys_mod_count"]) == ("Oslo", "erika.sample", "1")


async def test_writes_are_counted_whatever_their_outcome(snow):
    await snow.post("core_company", {"name": "Acme"})
    await snow.post("proc_po", {})
    await snow.send("GET", "/api/now/table/proc_po")
    counts = (await snow.send("GET", "/_control/requests", {"entries": "0"})).body["counts"]
    assert (counts["writes"], counts["writes_by_table"]) == (2, {"core_company": 1, "proc_po": 1})
    await snow.send("POST", "/_control/requests/reset")
    assert snow.sim.writes == 0
