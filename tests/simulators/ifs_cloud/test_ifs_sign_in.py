"""Fact sheet IFS §2: the token endpoint, rights and the rate limit."""

import base64
from email.utils import parsedate_to_datetime

import aiohttp

from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from simulators.ifs_cloud.ifs_caller import HEADS, ORDERS, TOKEN_PATH, Caller


async def test_token_answer(caller: Caller) -> None:
    reply = await caller.sign_in()
    assert reply.json["token_type"] == "Bearer"
    assert reply.json["expires_in"] == 3600
    assert reply.json["scope"] == "openid microprofile-jwt"
    assert "refresh_token" in reply.json


async def test_the_client_may_come_in_a_basic_header(ifs: IfsCloudSimulator) -> None:
    given = ifs.credentials()
    basic = base64.b64encode(f"{given['client_id']}:{given['client_secret']}".encode()).decode()
    async with aiohttp.ClientSession(ifs.url) as session:
        async with session.post(
            TOKEN_PATH, data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
        ) as answer:
            assert answer.status == 200


async def test_token_errors(caller: Caller, ifs: IfsCloudSimulator) -> None:
    wrong = await caller.sign_in(client_secret="wrong")
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    grant = await caller.sign_in(grant_type="password")
    assert (grant.status, grant.json["error"]) == (400, "unsupported_grant_type")
    none = await caller.sign_in(grant_type="")
    assert (none.status, none.json["error"]) == (400, "invalid_request")
    realm = await caller.send("POST", TOKEN_PATH.replace("demo", "other"))
    assert (realm.status, realm.json) == (404, {"error": "Realm does not exist"})
    ifs.grant({"client": "mlc", "granted": False})
    disabled = await caller.sign_in()
    assert (disabled.status, disabled.json["error"]) == (401, "unauthorized_client")


async def test_expired_or_missing_token_is_401_with_empty_body(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(token_life_s=180)
    await caller.sign_in()
    assert (await caller.get(ORDERS)).status == 200
    ifs.clock.advance(181)
    reply = await caller.get(ORDERS)
    assert (reply.status, reply.text) == (401, "")
    assert reply.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    await caller.sign_in()
    ifs.grant({"tokens": "revoke"})
    assert (await caller.get(ORDERS)).status == 401


async def test_a_company_that_is_not_allowed_is_200_and_empty(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.grant({"companies": ["20"]})
    assert {row["Company"] for row in (await caller.get(HEADS)).rows} == {"20"}
    ifs.grant({"company": "20", "granted": False})
    reply = await caller.get(HEADS)
    assert (reply.status, reply.rows) == (200, [])
    assert (await caller.get("CompanyHandling.svc/CompanySet")).rows == []


async def test_a_missing_grant_is_403(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.grant({"projection": "PostingProposalHandling", "granted": False})
    reply = await caller.get(HEADS)
    assert (reply.status, reply.code) == (403, "ODP_FORBIDDEN")
    assert (await caller.get(ORDERS)).status == 200


async def test_rate_limit_is_a_sliding_minute(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(requests_per_minute=3)
    assert [(await caller.get(ORDERS + "?$top=1")).status for _ in range(4)] == [200, 200, 200, 429]
    reply = await caller.get(ORDERS)
    assert reply.code == "TOO_MANY_REQUESTS"
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert (await caller.sign_in()).status == 200  # the token endpoint is not counted
    ifs.clock.advance(61)
    assert (await caller.get(ORDERS)).status == 200


async def test_retry_after_may_be_a_date_or_absent(caller: Caller, ifs: IfsCloudSimulator) -> None:
    ifs.set_switches(requests_per_minute=1, retry_after="date")
    await caller.get(ORDERS)
    assert parsedate_to_datetime((await caller.get(ORDERS)).headers["Retry-After"]) > ifs.clock.now()
    ifs.set_switches(retry_after="absent")
    assert "Retry-After" not in (await caller.get(ORDERS)).headers
