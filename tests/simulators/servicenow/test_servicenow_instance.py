"""What the instance starts with, how it is controlled, and the page for people."""

import json
import subprocess
import sys

from simulators.servicenow.servicenow_caller import Caller


async def test_business_tables_are_empty_but_for_rows_keyed_by_hand(snow):
    assert {row["correlation_id"] for row in await snow.rows("core_company")} == {""}
    assert {row["name"] for row in await snow.rows("core_company")} == {
        "Handschrift Werkzeuge GmbH",
        "Doppelt & Gemoppelt OHG",
    }
    assert len(snow.sim.tables["core_company"]) == 3
    orders = sorted(row["number"] for row in await snow.rows("proc_po"))
    assert orders == ["P9005", "P9006", "P9007", "P9007"]
    invoices = await snow.rows("sn_apo_invoice", "vendor.name=Handschrift Werkzeuge GmbH")
    assert [row["supplier_invoice_number"] for row in invoices] == ["AW-9031"]
    assert snow.sim.writes == 0 and not snow.sim.tables["itfm_gl_accounts"].rows


async def test_the_control_surface_edits_and_reads(snow):
    edit = {"set": "itfm_gl_accounts", "values": {"account_number": "4010", "name": "Parts"}}
    assert (await snow.send("POST", "/_control/insert", json=edit)).status == 200
    state = (await snow.send("GET", "/_control/state", {"set": "itfm_gl_accounts"})).body["sets"]
    assert state["itfm_gl_accounts"][0]["account_number"] == "4010"
    gone = {"set": "itfm_gl_accounts", "key": {"account_number": "4010"}}
    assert (await snow.send("POST", "/_control/delete", json=gone)).status == 200
    assert (await snow.send("POST", "/_control/delete", json=gone)).status == 404


async def test_switches_and_grants_over_http(snow):
    assert (await snow.send("POST", "/_control/switches", json={"stats": "forbidden"})).body["stats"] == "forbidden"
    assert (await snow.send("POST", "/_control/switches", json={"bunk": 1})).status == 400
    rights = (await snow.send("POST", "/_control/grants", json={"take_plugin": "com.sn_fin"})).body
    assert "com.sn_fin" not in rights["plugins"]
    assert (await snow.send("POST", "/_control/grants", json={"bunk": 1})).status == 400


async def test_an_ap_clerk_can_read_the_page(snow: Caller):
    page = (await snow.send("GET", "/", user=None)).text
    for text in ("Handschrift Werkzeuge GmbH", "AW-9031", "119.00 EUR", "Supplier invoices", "Cost centers"):
        assert text in page
    assert "AW-9031" not in (await snow.send("GET", "/", {"find": "nobody"}, user=None)).text
    assert "P9005" in (await snow.send("GET", "/", {"set": "proc_po"}, user=None)).text


async def test_every_table_is_shown_as_stored(snow: Caller):
    for name in snow.sim.tables:
        assert (await snow.send("GET", "/", {"set": name}, user=None)).status == 200


def test_the_simulator_is_a_program():
    command = [sys.executable, "-m", "ml_connector_simulators", "servicenow", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
    assert ready["system"] == "servicenow" and ready["credentials"]["client_id"] == "mlc"
