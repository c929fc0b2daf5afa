"""`check` tells apart: a wrong credential, a product not subscribed, a missing role, the wrong PCN."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.plex import CONNECTOR
from ml_connector.systems.plex.settings import PATHS
from scripted_server import Reply
from systems.plex.plex_plant import NOW, PCN, UNAUTHENTICATED, Plant, connected, guid

RECENT = "2026-03-02T11:00:00Z"
ALL = [Need(entity, write=False) for entity in sorted(CONNECTOR.reads)]


@pytest.fixture
def good(plant: Plant) -> Plant:
    for name in PATHS:
        row = {"id": guid(len(name)), "code": PCN, "active": True, "modifiedDate": RECENT, "createdDate": RECENT}
        plant.put(name, row, addresses=[], line_items=[])
    return plant


async def checked(plant: Plant, mode: str = "oauth2", needs: list[Need] = ALL, **settings: Any) -> list[Finding]:
    async with connected(plant.server, mode, **settings) as system:
        return await system.check(needs)


def missing(found: list[Finding]) -> list[str]:
    return [
        " ".join((each.subject, each.message, each.fix, each.who)) for each in found if each.verdict == Verdict.MISSING
    ]


@pytest.mark.parametrize("mode", ["oauth2", "connect_key"])
async def test_a_good_connection_is_green(good: Plant, mode: str) -> None:
    found = await checked(good, mode)
    assert {each.verdict for each in found} == {Verdict.OK}
    assert (found[0].operation, found[0].verdict) == ("sign in", Verdict.OK)


@pytest.mark.parametrize("mode", ["oauth2", "connect_key"])
async def test_all_401_is_the_credential_or_the_plant(good: Plant, mode: str) -> None:
    for name in PATHS:
        good.refuse(name, 401)
    (only,) = await checked(good, mode)
    assert (only.verdict, only.operation) == (Verdict.MISSING, "sign in")
    assert PCN in only.message
    assert ("issued a token" if mode == "oauth2" else "expired") in only.message


async def test_a_refused_client_is_asked_once(good: Plant) -> None:
    good.serve("/oauth2/token", lambda request: Reply(401, {"error": "invalid_client"}))
    (only,) = await checked(good)
    assert "client" in only.message and len(good.server.seen) == 1


async def test_some_401_is_a_product(good: Plant) -> None:
    good.refuse("ap_invoices", 401)
    (only,) = missing(await checked(good))
    assert "Accounting" in only and "not subscribed" in only and "developer portal" in only


async def test_403_is_a_role(good: Plant) -> None:
    good.refuse("ap_payments", 403)
    (only,) = missing(await checked(good))
    assert "/accounting/v1/ap-payments" in only and "role" in only


async def test_nothing_everywhere_is_a_role_or_the_wrong_plant(good: Plant) -> None:
    for name in PATHS:
        if name != "tenants":
            good.rows[name] = []
    (only,) = missing(await checked(good))
    assert "wrong PCN" in only and "roles" in only


async def test_nothing_of_one_kind_is_remarked_on(good: Plant) -> None:
    good.rows["ap_payments"] = []
    found = [each for each in await checked(good) if each.verdict != Verdict.OK]
    assert [(each.verdict, each.subject) for each in found] == [
        (Verdict.UNVERIFIED, "payments: /accounting/v1/ap-payments")
    ]


async def test_a_plant_that_the_credential_does_not_have_is_named(good: Plant) -> None:
    (only,) = missing(await checked(good, pcn="200002"))
    assert "200002" in only and PCN in only


async def test_tenants_with_other_codes_prove_nothing(good: Plant) -> None:
    good.rows["tenants"][0]["code"] = "Detroit"
    found = await checked(good)
    assert missing(found) == []
    assert [each.subject for each in found if each.verdict == Verdict.UNVERIFIED] == [f"PCN {PCN}"]


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize(("source", "verdict"), [("auto", "ok"), ("derive", "ok"), ("endpoint", "missing")])
async def test_departments_without_an_endpoint(good: Plant, status: int, source: str, verdict: str) -> None:
    good.refuse("departments", status)
    found = await checked(good, needs=[Need(Entity.DEPARTMENTS, write=False)], departments_source=source)
    (only,) = [each for each in found if each.subject.startswith("departments")]
    assert only.verdict == verdict


async def test_writing_is_said_not_to_be_offered(good: Plant) -> None:
    (only,) = missing(await checked(good, needs=[Need(Entity.SUPPLIERS, write=True)]))
    assert "read only" in only


async def test_trouble_is_no_missing_right(good: Plant) -> None:
    good.serve(f"/api{PATHS['releases']}", lambda request: Reply(500, UNAUTHENTICATED, {"Date": NOW}))
    found = await checked(good, needs=[Need(Entity.PURCHASE_ORDERS, write=False)])
    assert [each.verdict for each in found if "releases" in each.subject] == [Verdict.UNVERIFIED]
