"""Fact sheet sections 3 and 6: vendors and dimensions, and how a write is refused."""

import pytest

from simulators.procurify.procurify_caller import VENDOR


async def test_a_vendor_is_created_and_counted(procurify):
    reply = await procurify.post("v3/vendors/", {**VENDOR, "external_id": "plex:1:a", "bunk": 1})
    assert reply.status == 201 and "bunk" not in reply.data
    assert (reply.data["external_id"], reply.data["active"], reply.data["overall_score"]) == ("plex:1:a", True, None)
    assert (await procurify.get(f"v3/vendors/{reply.data['id']}/")).data == reply.data
    assert (procurify.sim.counts.writes, procurify.sim.counts.writes_by_set) == (1, {"vendors": 1})


async def test_neither_name_nor_external_id_is_unique(procurify):
    first, second = [await procurify.vendor(external_id="plex:1:a") for _ in range(2)]
    assert await procurify.ids("v3/vendors/all/", external_id="plex:1:a") == [first["id"], second["id"]]


async def test_patch_keeps_and_put_replaces_what_was_not_sent(procurify):
    made = await procurify.vendor(city="Oslo", external_id="plex:1:a", type=4)
    path = f"/api/v3/vendors/{made['id']}/"
    patched = (await procurify.send("PATCH", path, json={"name": "Acme AS", "active": False})).data
    assert (patched["name"], patched["city"], patched["active"], patched["type"]) == ("Acme AS", "Oslo", False, 4)
    assert (await procurify.send("PUT", path, json={"name": "X"})).status == 400
    put = (await procurify.send("PUT", path, json=VENDOR)).data
    assert (put["name"], put["city"], put["active"], put["external_id"]) == ("Acme", None, True, None)


async def test_an_empty_patch_moves_the_date(procurify):
    made = await procurify.vendor()
    procurify.sim.clock.advance(60)
    after = (await procurify.send("PATCH", f"/api/v3/vendors/{made['id']}/", json={})).data
    assert after["dateModified"] > made["dateModified"]
    assert {**after, "dateModified": ""} == {**made, "dateModified": ""}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"name": None}, "name", "null"),
        ({"name": "x" * 151}, "name", "max_length"),
        ({"external_id": "x" * 101}, "external_id", "max_length"),
        ({"type": 9}, "type", "invalid_choice"),
        ({"type": "x"}, "type", "invalid"),
        ({"email": "nobody"}, "email", "invalid"),
        ({"active": "yes"}, "active", "invalid"),
        ({"currency": 99}, "currency", "does_not_exist"),
    ],
)
async def test_a_wrong_value_is_refused(procurify, change, field, code):
    assert (await procurify.post("v3/vendors/", {**VENDOR, **change})).problem == (400, field, code)


@pytest.mark.parametrize("field", ["name", "email", "type", "overall_score"])
async def test_required_fields_must_be_sent(procurify, field):
    sent = {name: value for name, value in VENDOR.items() if name != field}
    assert (await procurify.post("v3/vendors/", sent)).problem == (400, field, "required")


async def test_an_email_may_be_a_list(procurify):
    assert (await procurify.vendor(email=["a@b.example", "c@d.example"]))["email"] == ["a@b.example", "c@d.example"]


async def test_errors_may_come_in_the_style_of_the_framework(procurify):
    procurify.sim.set_switches(error_style="drf")
    reply = await procurify.requisition({}, {"vendor_name": "Nobody", "quantity": "0"}, required_date="soon")
    assert (reply.status, reply.body) == (
        400,
        {
            "required_date": ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],
            "line_items": [
                {},
                {
                    "vendor_name": ["Vendor 'Nobody' does not exist."],
                    "quantity": ["Ensure this value is greater than 0."],
                },
            ],
        },
    )


async def test_what_belongs_to_no_field_is_called_null(procurify):
    assert (await procurify.post("v3/vendors/", [])).body["errors"]["null"]["code"] == "invalid"
    procurify.sim.set_switches(error_style="drf")
    assert "non_field_errors" in (await procurify.post("v3/vendors/", [])).body


async def test_a_body_must_be_json(procurify):
    path = "/api/v3/vendors/"
    assert (await procurify.send("POST", path, data={"name": "x"})).status == 415
    reply = await procurify.send("POST", path, data=b"{", headers={"Content-Type": "application/json"})
    assert reply.status == 400 and reply.body["detail"].startswith("JSON parse error")


async def test_blanks_may_be_taken_off(procurify):
    assert (await procurify.vendor(name="Acme  "))["name"] == "Acme  "
    procurify.sim.set_switches(trim_texts=True)
    assert (await procurify.vendor(name="Acme  "))["name"] == "Acme"


async def test_an_account_code_gets_a_budget_in_each_of_its_departments(procurify):
    sent = {"code": "6100-20", "description": "Tools", "departments": [1, 2]}
    reply = await procurify.post("v3/account-codes/", sent)
    assert reply.status == 201
    assert (reply.data["code"], reply.data["account_type"], reply.data["active"]) == ("6100-20", 2, True)
    rows = (await procurify.get("v3/accounts/", account_code=reply.data["id"])).data
    assert [row["department"]["id"] for row in rows] == [1, 2]


async def test_an_account_code_without_departments_has_no_budget_and_cannot_be_requested(procurify):
    sent = {"code": "6100-20", "description": "Tools"}
    made = (await procurify.post("v3/account-codes/", sent)).data
    assert await procurify.ids("v3/accounts/", account_code=made["id"]) == []
    assert (await procurify.requisition({"account_code": "6100-20"})).problem == (400, "account_code", "invalid")


async def test_an_account_code_without_departments_may_be_good_everywhere(procurify):
    procurify.sim.set_switches(accounts_without_departments=True)
    await procurify.post("v3/account-codes/", {"code": "6100-20", "description": "Tools"})
    assert (await procurify.requisition({"account_code": "6100-20"})).status == 201


async def test_a_put_of_an_account_code_neither_deactivates_nor_budgets_it(procurify):
    sent = {"code": "6310", "description": "Repairs", "account_type": 5, "active": False, "departments": []}
    row = (await procurify.send("PUT", "/api/v3/account-codes/3/", json=sent)).data
    assert (row["description"], row["account_type"], row["active"]) == ("Repairs", 5, True)
    assert row["departments"] == [1, 2, 3, 4]


async def test_account_codes_may_be_unique(procurify):
    sent = {"code": "6310", "description": "Again"}
    assert (await procurify.post("v3/account-codes/", sent)).status == 201
    procurify.sim.set_switches(unique_account_codes=True)
    assert (await procurify.post("v3/account-codes/", sent)).problem == (400, "code", "unique")


async def test_unknown_departments_of_an_account_code_are_refused(procurify):
    sent = {"code": "1", "description": "x", "departments": [1, 99]}
    assert (await procurify.post("v3/account-codes/", sent)).problem == (400, "departments", "does_not_exist")


async def test_departments_are_created_and_replaced(procurify):
    made = await procurify.post("v3/departments/", {"name": "Foundry", "branch": 1, "external_id": "plex:1:210"})
    assert (made.status, made.data["branch"]) == (201, {"id": 1, "name": "Plant Esslingen"})
    path = f"/api/v3/departments/{made.data['id']}/"
    row = (await procurify.send("PUT", path, json={"name": "Foundry 2", "branch": 2, "active": False})).data
    assert (row["name"], row["branch"]["id"], row["external_id"], row["active"]) == ("Foundry 2", 2, None, False)
    assert (await procurify.post("v3/departments/", {"name": "x"})).problem == (400, "branch", "required")


async def test_only_a_superuser_creates_locations(procurify):
    address = {
        "name": "Plant Jena", "addressLineOne": "1 Mill Lane", "city": "Jena", "postalCode": "07743", "country": "DE",
    }  # fmt: skip
    sent = {
        "name": "Plant Jena",
        "currency": "EUR",
        "phoneOne": "1",
        "primary_billing_address": address,
        "primary_shipping_address": address,
        "shipping_addresses": [address],
    }
    assert (await procurify.post("v2/locations/", sent)).data["currency"] == "EUR"
    assert (await procurify.post("v2/locations/", {**sent, "currency": "XXX"})).problem[1] == "currency"
    assert (await procurify.post("v2/locations/", {**sent, "shipping_addresses": []})).problem[2] == "empty"
    procurify.sim.set_switches(location_currency="id")
    assert (await procurify.post("v2/locations/", {**sent, "currency": 2})).data["currency"] == "USD"
    procurify.sim.grant({"superuser": False})
    assert (await procurify.post("v2/locations/", sent)).status == 403
