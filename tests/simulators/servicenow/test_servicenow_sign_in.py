"""Fact sheet section 1."""

import asyncio

from simulators.servicenow.servicenow_caller import Caller, Reply

DENIED = {"error_description": "access_denied", "error": "server_error"}
UNAUTHENTICATED = {
    "error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"},
    "status": "failure",
}


async def token(snow: Caller, **form: str) -> Reply:
    given = {
        "grant_type": "client_credentials",
        "client_id": snow.sim.client_id,
        "client_secret": snow.sim.client_secret,
        **form,
    }
    return await snow.send("POST", "/oauth_token.do", data=given, user=None)


async def with_token(snow: Caller, value: str) -> Reply:
    return await snow.send("GET", "/api/now/table/proc_po", user=None, headers={"Authorization": f"Bearer {value}"})


async def test_client_credentials_open_the_api(snow):
    reply = await token(snow)
    assert reply.status == 200
    assert (reply.body["token_type"], reply.body["scope"]) == ("Bearer", "useraccount")
    assert "refresh_token" not in reply.body
    assert (await with_token(snow, reply.body["access_token"])).status == 200


async def test_a_second_request_gets_the_same_token_and_what_is_left_of_its_life(snow):
    first = (await token(snow)).body
    snow.sim.clock.advance(600)
    second = (await token(snow)).body
    assert second["access_token"] == first["access_token"]
    assert 1195 <= second["expires_in"] <= 1200 and first["expires_in"] >= 1795


async def test_an_expired_token_looks_like_a_missing_one(snow):
    value = (await token(snow)).body["access_token"]
    snow.sim.clock.advance(1801)
    reply = await with_token(snow, value)
    assert (reply.status, reply.body) == (401, UNAUTHENTICATED)
    assert (await snow.send("GET", "/api/now/table/proc_po", user=None)).body == UNAUTHENTICATED
    assert (await token(snow)).body["access_token"] != value


async def test_a_wrong_secret_is_denied(snow):
    reply = await token(snow, client_secret="wrong")
    assert (reply.status, reply.body) == (401, DENIED)


async def test_a_disabled_grant_is_denied(snow):
    snow.sim.set_switches(grant_enabled=False)
    assert (await token(snow)).body == DENIED


async def test_a_client_without_application_user_is_denied(snow):
    snow.sim.set_switches(application_user=False)
    assert (await token(snow)).body == DENIED


async def test_before_washington_the_next_call_fails(snow):
    snow.sim.set_switches(tokens_map_to_guest=True)
    reply = await token(snow)
    assert reply.status == 200
    assert (await with_token(snow, reply.body["access_token"])).status == 401


async def test_parameters_count_in_the_form_only(snow):
    form = {"grant_type": "client_credentials", "client_id": "mlc", "client_secret": snow.sim.client_secret}
    assert (await snow.send("POST", "/oauth_token.do", json=form, user=None)).status == 401
    assert (await snow.send("POST", "/oauth_token.do", form, user=None)).status == 401


async def test_the_client_may_be_taken_from_a_basic_header(snow):
    user = ("mlc", snow.sim.client_secret)
    form = {"grant_type": "client_credentials"}
    assert (await snow.send("POST", "/oauth_token.do", data=form, user=user)).status == 401
    snow.sim.set_switches(token_in_basic_header=True)
    assert (await snow.send("POST", "/oauth_token.do", data=form, user=user)).status == 200


async def test_a_refresh_token_gets_an_access_token(snow):
    refresh = snow.sim.refresh_credentials()["refresh_token"]
    reply = await token(snow, grant_type="refresh_token", refresh_token=refresh)
    assert (await with_token(snow, reply.body["access_token"])).status == 200


async def test_a_refresh_token_dies_after_100_days(snow):
    refresh = snow.sim.refresh_credentials()["refresh_token"]
    snow.sim.clock.advance(101 * 86400)
    assert (await token(snow, grant_type="refresh_token", refresh_token=refresh)).body == DENIED


async def test_an_authorization_code_gets_both_tokens(snow):
    asked = {"response_type": "code", "client_id": "mlc", "redirect_uri": "http://x/y", "state": "s"}
    reply = await snow.send("GET", "/oauth_auth.do", asked, user=None, allow_redirects=False)
    code = reply.headers["Location"].split("code=")[1].split("&")[0]
    body = (await token(snow, grant_type="authorization_code", code=code)).body
    assert {"access_token", "refresh_token"} <= body.keys()


async def test_a_revoked_token_is_dead(snow):
    value = (await token(snow)).body["access_token"]
    await snow.send("GET", "/oauth_revoke_token.do", {"token": value}, user=None)
    assert (await with_token(snow, value)).status == 401


async def test_basic_credentials_open_the_api_and_wrong_ones_do_not(snow):
    assert (await snow.send("GET", "/api/now/table/proc_po")).status == 200
    wrong = (snow.sim.user_name, "wrong")
    assert (await snow.send("GET", "/api/now/table/proc_po", user=wrong)).body == UNAUTHENTICATED


async def test_past_ten_queued_requests_of_a_session_are_dropped_with_202(snow):
    snow.sim.set_switches(sleep_for_cost=True, read_cost_ms=20)
    cookie = (await snow.send("GET", "/api/now/table/proc_po")).headers["Set-Cookie"].split(";")[0]
    ask = [snow.send("GET", "/api/now/table/proc_po", headers={"Cookie": cookie}) for _ in range(15)]
    statuses = [reply.status for reply in await asyncio.gather(*ask)]
    assert sorted(set(statuses)) == [200, 202] and statuses.count(202) == 4


async def test_requests_without_cookies_are_not_queued(snow):
    snow.sim.set_switches(sleep_for_cost=True, read_cost_ms=20)
    replies = await asyncio.gather(*(snow.send("GET", "/api/now/table/proc_po") for _ in range(15)))
    assert {reply.status for reply in replies} == {200}
