"""Vendors, account codes, departments, locations: matched first, created one by one, changed where the API can."""

from __future__ import annotations

import pytest

from ml_connector.errors import ConfigurationError, RecordError
from ml_connector.records import Entity
from ml_connector.systems.base import Facts, Ports, Receipt
from scripted_server import Reply
from systems.procurify.documents import EXTERNAL_ID, GUID, account, center, location, supplier, vendor_row
from systems.procurify.domain import Connect, Domain, Locks, change, create, creation, find, ready, shape


async def test_vendor_is_created_whole(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    assert await find(target, supplier()) == []
    answer = await create(target, supplier())
    assert isinstance(answer, Receipt)
    assert domain.rows["vendors"] == [
        {
            "id": int(answer.external_id),
            "type": 3,
            "overall_score": None,
            "email": "sales@northfield.example",
            "name": "Northfield Tooling",
            "active": True,
            "addressLineOne": "1 Mill Road",
            "city": "Dayton",
            "state_province": "OH",
            "postalCode": "45402",
            "country": "US",
            "phoneOne": "+1 555 0100",
            "external_id": EXTERNAL_ID,
        }
    ]
    asked = [one for one in domain.api_requests if one.startswith("GET")]
    assert any("/api/v3/vendors/all/?external_id=plex:104455:0b7c9c1e" in one for one in asked)


async def test_vendor_is_found_by_external_id_else_by_exact_name(domain: Domain, connect: Connect) -> None:
    domain.rows["vendors"] += [
        vendor_row(id=1, external_id=None),
        vendor_row(id=2, external_id="", active=False),
        vendor_row(id=3, external_id=None, type=5),
        vendor_row(id=4, external_id=None, name="Northfield Tooling Ltd"),
    ]
    target = await ready(await connect(), Entity.SUPPLIERS)
    rows = await find(target, supplier())
    assert [(row.external_id, row.columns["external_id"]) for row in rows] == [("1", ""), ("2", "")]
    domain.rows["vendors"].append(vendor_row(id=9, name="Old Name"))
    assert [row.external_id for row in await find(target, supplier())] == ["9"]


async def test_vendor_of_another_plant_is_shared_and_left_as_that_keeps_it(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    first = await create(target, supplier())
    other = supplier(key="other-guid", scope="104456", phone="+1 555 0199")
    second = await create(target, other)
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert (second.external_id, second.existed) == (first.external_id, True)
    renamed = shape(target, supplier(key="other-guid", scope="104456", name="Northfield")).parts[0]
    await target.write([change(renamed, second.external_id)])
    (row,) = domain.rows["vendors"]
    assert (row["external_id"], row["name"], row["phoneOne"]) == (EXTERNAL_ID, "Northfield Tooling", "+1 555 0100")


async def test_suppliers_of_one_plant_that_share_a_name_are_two_vendors(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    for key in ("one", "two"):
        await create(target, supplier(key=key))
    assert len(domain.rows["vendors"]) == 2


async def test_only_what_differs_is_patched(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    answer = await create(target, supplier())
    assert isinstance(answer, Receipt)
    same, renamed = (shape(target, one).parts[0] for one in (supplier(), supplier(name="New", active=False)))
    (unchanged,) = await target.write([change(same, answer.external_id)])
    assert isinstance(unchanged, Receipt)
    assert unchanged.existed
    await target.write([change(renamed, answer.external_id)])
    assert domain.writes[1:] == [(f"PATCH /api/v3/vendors/{answer.external_id}/", {"name": "New", "active": False})]
    rows = await target.read("vendors", [answer.external_id])
    assert target.differences(renamed.payload, rows[answer.external_id]) == []
    assert target.differences(same.payload, rows[answer.external_id]) == ["name", "active"]
    assert await target.facts([answer.external_id, "77"]) == {answer.external_id: Facts(active=False)}


async def test_texts_of_a_vendor_that_do_not_fit(connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    shaped = shape(target, supplier(phone="5" * 21, name=" Blanks "))
    assert "phoneOne" not in shaped.parts[0].payload
    assert shaped.parts[0].payload["name"] == "Blanks"
    assert len(shaped.warnings) == 2
    with pytest.raises(RecordError) as caught:
        shape(target, supplier(name="n" * 151, key="k" * 100))
    assert [issue.code for issue in caught.value.issues] == ["VALUE_TOO_LONG", "VALUE_TOO_LONG"]


async def test_many_vendors_are_found_by_reading_the_list_once(domain: Domain, connect: Connect) -> None:
    domain.rows["vendors"] += [vendor_row(id=number, external_id=f"plex:104455:k{number}") for number in range(30)]
    target = await ready(await connect(), Entity.SUPPLIERS)
    parts = [shape(target, supplier(key=f"k{number}")).parts[0] for number in range(20)]
    found = await target.find_parts(parts)
    assert [[row.external_id for row in rows] for rows in found] == [[str(number)] for number in range(20)]
    assert len(domain.api_requests) == 2


async def test_vendor_stored_otherwise_is_not_taken_for_stored(domain: Domain, connect: Connect) -> None:
    stored = vendor_row(id=8, name="Northfield T")
    domain.trouble("POST", "vendors", Reply(201, {"data": stored, "metadata": {}}))
    target = await ready(await connect(), Entity.SUPPLIERS)
    answer = await create(target, supplier())
    assert isinstance(answer, RecordError)
    assert answer.code == "VALUE_NOT_STORED"


async def test_account_code_gets_a_budget_in_every_department_of_the_location(domain: Domain, connect: Connect) -> None:
    domain.rows["departments"].append({"id": 31, "name": "Far", "branch": {"id": 12}, "active": True})
    target = await ready(await connect(), Entity.GL_ACCOUNTS)
    assert isinstance(await create(target, account()), Receipt)
    assert domain.writes[0][1] == {
        "code": "7200",
        "description": "Tooling",
        "account_type": 2,
        "active": True,
        "departments": [21, 22],
    }


async def test_account_code_is_matched_by_code_and_its_description_put(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.GL_ACCOUNTS)
    spares = account(code="6100-20", name="Spare parts", kind="", active=False)
    (row,) = await find(target, spares)
    part = shape(target, spares).parts[0]
    assert row.columns["code"] == part.lookup["code"]
    assert target.differences(part.payload, row) == ["description"]
    assert "cannot deactivate" in shape(target, spares).warnings[0]
    (answer,) = await target.write([change(part, row.external_id)])
    assert isinstance(answer, Receipt)
    put = {"code": "6100-20", "description": "Spare parts", "account_type": 2}
    assert domain.writes == [("PUT /api/v3/account-codes/61/", put)]


async def test_department_is_made_in_the_configured_location(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.COST_CENTERS)
    assert await find(target, center()) == []
    answer = await create(target, center())
    assert isinstance(answer, Receipt)
    external_id = "plex:104455:cost_center:cc1"
    assert domain.writes[0][1] == {"name": "Press Shop", "external_id": external_id, "active": True, "branch": 11}
    part = shape(target, center(name="Presses")).parts[0]
    await target.write([change(part, answer.external_id)])
    assert domain.writes[1] == (
        f"PUT /api/v3/departments/{answer.external_id}/",
        {"name": "Presses", "external_id": external_id, "active": True, "branch": 11},
    )


async def test_department_of_that_name_is_found_here_and_not_elsewhere(domain: Domain, connect: Connect) -> None:
    domain.rows["departments"].append({"id": 31, "name": "Toolroom", "branch": {"id": 12}, "active": True})
    target = await ready(await connect(), Entity.COST_CENTERS)
    assert [row.external_id for row in await find(target, center(name="Toolroom"))] == ["22"]


async def test_departments_of_one_name_are_one_row(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.COST_CENTERS)
    first = await create(target, center())
    second = await create(target, center(key="cc2", code="PR2"))
    assert isinstance(first, Receipt) and isinstance(second, Receipt)
    assert (second.external_id, second.existed, len(domain.writes)) == (first.external_id, True, 1)
    part = shape(target, center(key="cc2", code="PR2", name="Other")).parts[0]
    (answer,) = await target.write([change(part, second.external_id)])
    assert isinstance(answer, RecordError)
    assert len(domain.writes) == 1
    target = await ready(await connect(department_names="code_and_name"), Entity.COST_CENTERS)
    third = await create(target, center(key="cc2", code="PR2"))
    assert isinstance(third, Receipt)
    assert domain.writes[1][1]["name"] == "PR2 Press Shop"


async def test_two_departments_of_one_name_are_a_matter_for_people(domain: Domain, connect: Connect) -> None:
    domain.rows["departments"].append({**domain.rows["departments"][0], "id": 23})
    target = await ready(await connect(), Entity.COST_CENTERS)
    answer = await create(target, center(name="Maintenance"))
    assert isinstance(answer, RecordError)
    assert "department_names" in answer.fix


async def test_code_that_two_companies_use_is_made_once(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.GL_ACCOUNTS)
    both = [account(), account(key="b2", scope="99")]
    answers = await target.write([creation(shape(target, each), each) for each in both])
    assert [isinstance(each, Receipt) and each.external_id for each in answers] == [answers[0].external_id] * 2  # type: ignore[union-attr]
    assert len(domain.writes) == 1


async def test_what_another_process_has_made_meanwhile_is_not_made_again(domain: Domain, connect: Connect) -> None:
    """Creates go one by one, each after a look."""
    target = await ready(await connect(ports=Ports(locks=Locks())), Entity.SUPPLIERS)
    assert await find(target, supplier()) == []
    domain.rows["vendors"].append(vendor_row(name="Old name"))
    answer = await create(target, supplier())
    assert isinstance(answer, Receipt)
    assert answer.external_id == "501"
    assert [method for method, _ in domain.writes] == ["PATCH /api/v3/vendors/501/"]


async def test_location_that_is_missing_is_left_to_people(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.LOCATIONS)
    answer = await create(target, location())
    assert isinstance(answer, RecordError)
    assert "Plant 2" in answer.fix
    assert domain.writes == []
    assert [row.external_id for row in await find(target, location(name="Plant 1"))] == ["11"]
    part = shape(target, location(name="Renamed")).parts[0]
    (answer,) = await target.write([change(part, "11")])
    assert isinstance(answer, RecordError)
    assert answer.code == "TARGET_IMMUTABLE"


async def test_location_is_created_where_that_is_wanted(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(create_locations=True, location_phone="+1 555"), Entity.LOCATIONS)
    assert isinstance(await create(target, location()), Receipt)
    body = domain.writes[0][1]
    assert (body["name"], body["currency"], body["external_id"]) == ("Plant 2", "USD", "plex:104455:b1")
    assert body["shipping_addresses"][0]["city"] == "Dayton"


async def test_location_setting_that_names_nothing_stops_with_the_names(connect: Connect) -> None:
    system = await connect(location="Nowhere")
    with pytest.raises(ConfigurationError, match="Plant 1"):
        await ready(system, Entity.DEPARTMENTS)


async def test_codes_that_people_use(domain: Domain, connect: Connect) -> None:
    domain.rows["vendors"].append(vendor_row())
    system = await connect()
    assert await (await ready(system, Entity.GL_ACCOUNTS)).by_code(["6100-20", "1"]) == {"6100-20": ["61"]}
    assert await (await ready(system, Entity.DEPARTMENTS)).by_code(["Toolroom"]) == {"Toolroom": ["22"]}
    assert await (await ready(system, Entity.LOCATIONS)).by_code(["Plant 1"]) == {"Plant 1": ["11"]}
    vendors = await ready(system, Entity.SUPPLIERS)
    assert await vendors.by_code(["Northfield Tooling", "X"]) == {"Northfield Tooling": ["501"]}
    assert GUID in EXTERNAL_ID
