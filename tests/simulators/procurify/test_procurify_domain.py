"""What the domain holds before anybody connects, and how people edit it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ml_connector_simulators.procurify import ProcurifySimulator
from ml_connector_simulators.story import build_story

NOW = datetime(2026, 3, 10, 15, tzinfo=UTC)


@pytest.fixture
def sim() -> ProcurifySimulator:
    return ProcurifySimulator(start=NOW)


def test_people_had_typed_vendors_by_name_only(sim):
    vendors = sim.truth()["vendors"]
    names = [vendor["name"] for vendor in vendors]
    story = build_story("small", 1, NOW, division="plex")
    assert {vendor["external_id"] for vendor in vendors} == {None}
    assert set(names) <= {supplier.name for supplier in story.suppliers}
    assert [names.count(name) for name in ("Handschrift Werkzeuge GmbH", "Doppelt & Gemoppelt OHG")] == [1, 2]


@pytest.mark.parametrize("size", ["small", "medium"])
def test_bills_are_the_storys_invoices_but_for_one_amount_and_some_absent(size):
    sim = ProcurifySimulator(size=size, start=NOW)
    story = build_story(size, 1, NOW, division="plex")
    names = {supplier.number: supplier.name for supplier in story.suppliers}
    known = {vendor["id"]: vendor["name"] for vendor in sim.truth()["vendors"]}
    bills = {(known[bill["vendor"]], bill["invoice_number"]): bill for bill in sim.truth()["bills"]}
    invoices = {
        (names[one.supplier], one.number): one
        for one in story.invoices
        if names[one.supplier] in known.values() and one.status != "cancelled"
    }
    assert bills.keys() < invoices.keys() and len(bills) == len(sim.truth()["bills"])
    differences = [bill["total_cost_with_tax"] - invoices[key].gross for key, bill in bills.items()]
    assert sorted(differences) == [0] * (len(bills) - 1) + [Decimal("10.00")]
    for bill in bills.values():
        assert sum(line["total_cost"] for line in bill["lines"]) == bill["subtotal_cost"]


def test_paid_bills_have_their_payment(sim):
    payments = {payment["uuid"]: payment for payment in sim.truth()["payments"]}
    paid = [bill for bill in sim.truth()["bills"] if bill["status"] == 4]
    assert paid and len(paid) == len(payments)
    for bill in paid:
        payment = payments[bill["payment_uuid"]]
        assert (payment["amount"], payment["bill_groups"]) == (bill["total_cost_with_tax"], [bill["id"]])


def test_people_had_typed_requisitions_one_of_them_bought(sim):
    orders = sim.truth()["orders"]
    numbers = [order["order_items"][0]["custom_fields"][0]["value"] for order in orders]
    assert numbers == ["P9005", "P9006", "P9007", "P9007"]
    assert [order["status"] for order in orders] == [3, 0, 0, 0]
    [bought] = sim.truth()["purchase_orders"]
    assert (bought["number"], bought["PO_Num"], bought["total"]) == ("PF1", "P9005", Decimal("300.00"))


def test_department_names_repeat_across_locations(sim):
    places = [row["branch"] for row in sim.truth()["departments"] if row["name"] == "Maintenance"]
    assert places == [1, 2]


def test_two_domains_of_the_same_day_and_seed_are_equal(sim):
    assert ProcurifySimulator(start=NOW + timedelta(hours=3)).truth() == sim.truth()


def test_what_a_product_is_told(sim):
    settings = sim.settings()
    [location] = [row for row in sim.truth()["locations"] if row["name"] == settings["location"]]
    assert any(
        (row["branch"], row["name"]) == (location["id"], settings["department"]) for row in sim.truth()["departments"]
    )
    assert settings["min_interval_ms"] == 0
    assert sim.credentials()["auth_mode"] == "oauth2"


@pytest.mark.parametrize(
    ("name", "values", "stamp"),
    [
        ("vendors", {"name": "Renamed"}, "dateModified"),
        ("bills", {"total_cost_with_tax": "1.00"}, "last_modified_datetime"),
        ("payments", {"amount": "1.00"}, "updated_at"),
        ("orders", {"description": "x"}, "dateModified"),
        ("order_items", {"quantity": "3"}, "last_modified"),
    ],
)
def test_an_edit_moves_the_sets_own_stamp(sim, name, values, stamp):
    before = dict(sim.truth()[name][0])
    after = sim.update(name, {"id": 1}, values)
    assert before[stamp] < NOW <= after[stamp]
    early = datetime(2020, 1, 1, tzinfo=UTC)
    assert sim.update(name, {"id": 1}, values, stamp=early)[stamp] == early


@pytest.mark.parametrize("name", ["account_codes", "accounts", "departments", "locations"])
def test_an_edit_of_a_dimension_moves_no_stamp(sim, name):
    before = dict(sim.truth()[name][0])
    assert {**sim.update(name, {"id": 1}, {"active": False}), "active": True} == before


def test_people_add_change_and_delete_documents_with_their_lines(sim):
    bill = sim.insert(
        "bills",
        {
            "vendor": 1,
            "currency": 1,
            "invoice_number": "X-1",
            "total_cost_with_tax": "119.00",
            "lines": [{"description": "a", "total_cost": "60.00"}, {"description": "b", "total_cost": "40.00"}],
        },
    )
    held = next(row for row in sim.truth()["bills"] if row["id"] == bill["id"])
    assert [line["total_cost"] for line in held["lines"]] == [Decimal("60.00"), Decimal("40.00")]
    assert held["items"] == [line["id"] for line in held["lines"]] and held["version"] == 1
    sim.update("bill_lines", {"id": held["items"][0]}, {"total_cost": "61.00"})
    assert sim.update("bills", {"invoice_number": "X-1"}, {"total_cost_with_tax": "120.00"})["version"] == 2
    sim.delete("bills", {"id": bill["id"]})
    assert not any(line["bill"] == bill["id"] for line in sim.truth()["bill_lines"])
    with pytest.raises(KeyError):
        sim.delete("bills", {"id": bill["id"]})


def test_unknown_columns_and_wrong_values_are_refused(sim):
    with pytest.raises(ValueError, match="no bunk"):
        sim.update("vendors", {"id": 1}, {"bunk": 1})
    with pytest.raises(ValueError, match="abc"):
        sim.update("bills", {"id": 1}, {"total_cost_with_tax": "abc"})
    with pytest.raises(ValueError, match="no time zone"):
        sim.set_switches(time_zone="Mars/Crater")


async def test_edits_come_over_the_control_surface(procurify):
    edit = {"set": "vendors", "key": {"id": 1}, "values": {"name": "Renamed"}}
    assert (await procurify.send("POST", "/_control/update", json=edit)).body["name"] == "Renamed"
    assert await procurify.ids("v3/vendors/", name="Renamed") == [1]
    state = (await procurify.send("GET", "/_control/state", {"set": "bills"})).body["sets"]["bills"][0]
    assert isinstance(state["total_cost_with_tax"], str) and state["lines"]
    page = await procurify.send("GET", "/?set=orders")
    assert page.status == 200 and "Orders (requisitions)" in page.body
