"""Fact sheet Plex §1, §5, §6: sign-in, plants, rights and the limit of calls."""

import base64

import pytest

from ml_connector_simulators.plex import PlexSimulator
from ml_connector_simulators.plex.access import API_KEY, API_SECRET
from ml_connector_simulators.plex.reading import tenant_guid
from simulators.plex.plex_caller import (
    CUSTOMER,
    HOME,
    INVOICES,
    ORDERS,
    OTHER,
    REFUSED,
    SUPPLIERS,
    TENANT,
    Caller,
    Reply,
)

TENANTS = "/mdm/v1/tenants"


async def test_token_answer(caller: Caller) -> None:
    reply = await caller.sign_in(scope="read")
    assert {**reply.json, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "read",
    }


async def test_the_client_may_come_in_a_basic_header(caller: Caller, plex: PlexSimulator) -> None:
    given = plex.credentials()
    basic = base64.b64encode(f"{given['client_id']}:{given['client_secret']}".encode()).decode()

    async def sign_in() -> Reply:
        headers = {"Authorization": f"Basic {basic}"}
        return await caller.send("POST", "/oauth2/token", headers, data={"grant_type": "client_credentials"})

    assert (await sign_in()).status == 200
    plex.set_switches(client_auth="body")
    assert (await sign_in()).status == 401
    plex.set_switches(client_auth="basic")
    assert (await caller.sign_in()).status == 401


async def test_token_errors(caller: Caller, plex: PlexSimulator) -> None:
    wrong = await caller.sign_in(client_secret="wrong")
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    grant = await caller.sign_in(grant_type="password")
    assert (grant.status, grant.json["error"]) == (400, "unsupported_grant_type")
    none = await caller.sign_in(grant_type="")
    assert (none.status, none.json["error"]) == (400, "invalid_request")
    as_json = await caller.send("POST", "/oauth2/token", {}, json={"grant_type": "client_credentials"})
    assert (as_json.status, as_json.json["error"]) == (400, "invalid_request")
    plex.grant({"client": "mlc", "granted": False})
    assert (await caller.sign_in()).json["error"] == "invalid_client"


async def test_discovery_names_the_token_endpoint(caller: Caller, plex: PlexSimulator) -> None:
    reply = await caller.send("GET", "/.well-known/openid-configuration", {})
    assert reply.json["token_endpoint"] == f"{plex.url}/oauth2/token"


async def test_expired_and_revoked_tokens(caller: Caller, plex: PlexSimulator) -> None:
    plex.clock.advance(3599)
    assert (await caller.get(TENANTS)).status == 200
    plex.clock.advance(1)
    reply = await caller.get(TENANTS)
    assert (reply.status, reply.json) == (401, REFUSED)
    await caller.sign_in()
    plex.grant({"tokens": "revoke"})
    assert (await caller.get(TENANTS)).status == 401


async def by_key(caller: Caller, key: str = API_KEY, secret: str = API_SECRET, **parameters: str) -> Reply:
    headers = {CUSTOMER: HOME, "X-Plex-Connect-Api-Key": key, "X-Plex-Connect-Api-Secret": secret}
    return await caller.send("GET", SUPPLIERS, {n: v for n, v in headers.items() if v}, params=parameters)


async def test_a_key_needs_no_token(caller: Caller, plex: PlexSimulator) -> None:
    assert (await by_key(caller)).status == 200
    assert (await by_key(caller, secret="wrong")).json == REFUSED
    assert (await by_key(caller, key="wrong")).json == REFUSED
    assert (await by_key(caller, secret="")).status == 401
    plex.set_switches(secret_required=False)
    assert (await by_key(caller, secret="")).status == 200
    assert plex.key_credentials() == {"auth_mode": "connect_key", "api_key": API_KEY, "api_secret": API_SECRET}


async def test_a_key_in_the_address_is_no_key(caller: Caller) -> None:
    assert (await by_key(caller, key="", **{"X-Plex-Connect-Api-Key": API_KEY})).status == 401


async def test_a_key_ends_after_31_days(caller: Caller, plex: PlexSimulator) -> None:
    plex.clock.advance(31 * 86400)
    assert (await by_key(caller)).status == 401
    plex.grant({"key": "renew"})
    assert (await by_key(caller)).status == 200


async def test_without_a_header_the_other_plant_answers(caller: Caller, plex: PlexSimulator) -> None:
    assert (await caller.get(INVOICES, "")).json == (await caller.get(INVOICES, OTHER)).json
    assert (await caller.get(INVOICES, "")).json != (await caller.get(INVOICES, HOME)).json
    plex.set_switches(default_pcn=HOME)
    assert (await caller.get(INVOICES, "")).json == (await caller.get(INVOICES, HOME)).json
    with pytest.raises(ValueError, match="no plant"):
        plex.set_switches(default_pcn="1")


async def test_a_plant_is_named_by_number_or_guid(caller: Caller) -> None:
    tenants = (await caller.get(TENANTS)).json
    assert tenants == [{"id": tenant_guid(pcn), "code": pcn} for pcn in (HOME, OTHER)]
    by_guid = await caller.ask(SUPPLIERS, {TENANT: tenants[1]["id"]})
    assert by_guid.json == (await caller.get(SUPPLIERS, OTHER)).json
    agreeing = await caller.ask(SUPPLIERS, {TENANT: tenants[1]["id"], CUSTOMER: OTHER})
    assert agreeing.status == 200
    disagreeing = await caller.ask(SUPPLIERS, {TENANT: tenants[1]["id"], CUSTOMER: HOME})
    assert (disagreeing.status, disagreeing.json) == (401, REFUSED)


async def test_unknown_and_forbidden_plants_are_401(caller: Caller, plex: PlexSimulator) -> None:
    assert (await caller.get(SUPPLIERS, "999999")).json == REFUSED
    assert (await caller.ask(SUPPLIERS, {TENANT: "no guid"})).status == 401
    plex.grant({"pcn": OTHER, "granted": False})
    assert (await caller.get(SUPPLIERS, OTHER)).json == REFUSED
    assert [t["code"] for t in (await caller.get(TENANTS)).json] == [HOME]


async def test_an_unsubscribed_product_looks_like_a_bad_key(caller: Caller, plex: PlexSimulator) -> None:
    plex.grant({"product": "accounting", "granted": False})
    reply = await caller.get(INVOICES)
    assert (reply.status, reply.json) == (401, REFUSED)
    assert (await caller.get(ORDERS)).status == 200
    plex.grant({"product": "accounting", "granted": True})
    assert (await caller.get(INVOICES)).status == 200


async def test_a_missing_role_is_403_or_nothing(caller: Caller, plex: PlexSimulator) -> None:
    one = (await caller.get(ORDERS)).json[0]["id"]
    plex.grant({"role": "purchase-orders", "granted": False})
    reply = await caller.get(ORDERS)
    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    plex.set_switches(role_missing="empty")
    assert (await caller.get(ORDERS)).json == []
    assert (await caller.get(f"{ORDERS}/{one}")).status == 404
    with pytest.raises(KeyError):
        plex.grant({"role": "everything"})


@pytest.mark.parametrize("status", ["401", "404"])
async def test_departments_may_have_no_endpoint(caller: Caller, plex: PlexSimulator, status: str) -> None:
    assert (await caller.get("/mdm/v1/departments")).status == 200
    plex.set_switches(departments=status)
    assert (await caller.get("/mdm/v1/departments")).status == int(status)


async def test_the_limit_of_calls(caller: Caller, plex: PlexSimulator) -> None:
    plex.set_switches(calls_per_minute=200)
    for _ in range(200):
        assert (await caller.get(TENANTS, OTHER)).status == 200
    plex.clock.advance(20)
    reply = await caller.get(ORDERS)
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (429, "TOO_MANY_REQUESTS", "40")
    plex.set_switches(over_limit="403")
    assert (await caller.get(ORDERS)).code == "FORBIDDEN"
    plex.set_switches(calls_counted_by="product")
    assert (await caller.get(ORDERS)).status == 200
    plex.set_switches(calls_counted_by="credential")
    plex.clock.advance(40)
    assert (await caller.get(ORDERS)).status == 200


async def test_forms_of_retry_after(caller: Caller, plex: PlexSimulator) -> None:
    plex.set_switches(calls_per_minute=1, retry_after="date")
    await caller.get(TENANTS)
    assert (await caller.get(TENANTS)).headers["Retry-After"] == "Fri, 20 Nov 2026 12:01:00 GMT"
    plex.set_switches(retry_after="absent")
    assert "Retry-After" not in (await caller.get(TENANTS)).headers
    plex.set_switches(calls_per_minute=0)
    assert (await caller.get(TENANTS)).status == 200


async def test_writes_are_not_possible(caller: Caller) -> None:
    headers = {CUSTOMER: HOME, "X-Plex-Connect-Api-Key": API_KEY, "X-Plex-Connect-Api-Secret": API_SECRET}
    reply = await caller.send("POST", SUPPLIERS, headers, json={"code": "A"})
    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


async def test_forms_of_the_error_body(caller: Caller, plex: PlexSimulator) -> None:
    ask = {"modifiedDateBegin": "2026-03-01"}
    full = (await caller.get(ORDERS, **ask)).json
    message = "The value '2026-03-01' of 'modifiedDateBegin' is not valid."
    assert full == {
        "code": "ARGUMENT_INVALID",
        "message": message,
        "errors": [{"code": "ARGUMENT_INVALID", "message": message}],
    }
    plex.set_switches(error_body="short")
    assert (await caller.get(ORDERS, **ask)).json == {"code": "ARGUMENT_INVALID", "message": message}
    plex.set_switches(error_body="text")
    assert (await caller.get(ORDERS, **ask)).text == message


async def test_counts_of_requests_by_set(caller: Caller, plex: PlexSimulator) -> None:
    plex.journal.reset()
    await caller.lines("P9012")
    await caller.sign_in()
    counts = plex.journal.counts()
    assert counts.by_entity == {"read purchase-orders": 1, "read line-items": 1, "token": 1}
