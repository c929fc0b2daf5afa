"""Fact sheet section 1."""

import pytest

NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}
INVALID = {"detail": "Invalid token."}


async def test_a_json_body_gets_a_token_for_a_day(procurify):
    reply = await procurify.token()
    assert reply.status == 200
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 86400)
    assert reply.body["scope"].startswith("urn:procurify-api:domain:halvorsen urn:procurify-api:email:")


async def test_a_form_is_no_json_body(procurify):
    form = {"client_id": "mlc", "client_secret": "x", "audience": "y", "grant_type": "client_credentials"}
    reply = await procurify.send("POST", "/oauth/token", data=form)
    assert (reply.status, reply.body["error"]) == (400, "invalid_request")
    procurify.sim.set_switches(token_body="form")
    assert (await procurify.send("POST", "/oauth/token", data=form)).status == 401
    assert (await procurify.token()).status == 400


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"audience": None}, 400, "invalid_request"),
        ({"audience": "https://elsewhere/"}, 403, "access_denied"),
    ],
)
async def test_a_wrong_token_request_says_what_is_wrong(procurify, change, status, error):
    reply = await procurify.token(**change)
    assert (reply.status, reply.body["error"]) == (status, error)


async def test_the_token_address_has_no_slash_at_its_end(procurify):
    assert (await procurify.send("POST", "/oauth/token/", json={})).status == 404


async def test_an_expired_or_unknown_token_is_invalid(procurify):
    procurify.sim.clock.advance(86401)
    reply = await procurify.get("v3/users/me/")
    assert (reply.status, reply.body, reply.headers["WWW-Authenticate"]) == (401, INVALID, "Bearer")
    await procurify.sign_in()
    assert (await procurify.get("v3/users/me/")).status == 200
    procurify.sim.grant({"tokens": "expire"})
    assert (await procurify.get("v3/users/me/")).body == INVALID


@pytest.mark.parametrize("value", [None, "web"])
async def test_every_call_needs_the_client_header(procurify, value):
    reply = await procurify.send("GET", "/api/v3/users/me/", headers={"X-Procurify-Client": value})
    assert (reply.status, reply.body, reply.headers["WWW-Authenticate"]) == (401, NOT_PROVIDED, "Bearer")
    procurify.sim.set_switches(missing_client_header_status=403)
    reply = await procurify.send("GET", "/api/v3/users/me/", headers={"X-Procurify-Client": value})
    assert (reply.status, reply.body) == (403, NOT_PROVIDED)


async def test_a_call_without_a_token_is_not_authenticated(procurify):
    reply = await procurify.send("GET", "/api/v3/users/me/", headers={"Authorization": None})
    assert (reply.status, reply.body) == (401, NOT_PROVIDED)


async def test_a_revoked_application_gets_tokens_that_open_nothing(procurify):
    procurify.sim.grant({"application": "revoked"})
    await procurify.sign_in()
    assert (await procurify.get("v3/users/me/")).body == INVALID


async def test_an_application_dies_with_its_user(procurify):
    procurify.sim.grant({"application": "user_gone"})
    assert (await procurify.token()).status == 403
    assert (await procurify.get("v3/users/me/")).status == 401
    procurify.sim.grant({"application": "active"})
    assert (await procurify.get("v3/users/me/")).status == 200


async def test_the_application_acts_as_its_user(procurify):
    user = (await procurify.get("v3/users/me/")).data
    assert (user["email"], user["role"]["name"]) == ("ml.connector@halvorsen.example", "Integration")
