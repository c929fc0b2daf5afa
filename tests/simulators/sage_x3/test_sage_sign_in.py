"""Fact sheet Sage X3 §2: tokens and their renewal, signed JWTs, Basic, and how each is turned away."""

import asyncio
import base64

import pytest

from ml_connector_simulators.sage_x3 import SageX3Simulator
from ml_connector_simulators.sage_x3.tokens import AUTHORIZATION_CODE, REFRESH_TOKEN, signed
from simulators.sage_x3.sage_caller import Caller


async def test_token_answer(caller: Caller) -> None:
    reply = await caller.sign_in()
    assert set(reply.json) == {"access_token", "refresh_token", "token_type", "expires_in", "refresh_expires_in"}
    assert (reply.json["token_type"], reply.json["expires_in"]) == ("Bearer", 300)
    assert reply.json["refresh_expires_in"] == 2592000


async def test_token_answer_may_be_in_camel_case_or_lack_a_refresh_token(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(token_answer="camelCase")
    assert set((await caller.token(grant_type="client_credentials")).json) == {
        "accessToken", "refreshToken", "tokenType", "expiresIn", "refreshExpiresIn",
    }  # fmt: skip
    sage.set_switches(token_answer="snake_case", refresh_token_in_answer=False)
    assert "refresh_token" not in (await caller.token(grant_type="client_credentials")).json


async def test_a_renewal_without_a_new_refresh_token_leaves_the_old_one_alive(
    caller: Caller, sage: SageX3Simulator
) -> None:
    sage.set_switches(refresh_token_in_answer=False)
    for _ in range(2):
        reply = await caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
        assert reply.status == 200


async def test_token_errors(caller: Caller, sage: SageX3Simulator) -> None:
    bad = await caller.token(grant_type="client_credentials", client_secret="wrong")
    assert (bad.status, bad.json) == (401, {"error": "invalid_client"})
    other = await caller.token(grant_type="password")
    assert (other.status, other.json) == (400, {"error": "unsupported_grant_type"})
    unknown = await caller.token(grant_type="refresh_token", refresh_token="never issued")
    assert (unknown.status, unknown.json) == (400, {"error": "invalid_grant"})
    form = await caller.send("POST", "/token", data={"grant_type": "client_credentials"})
    assert (form.status, form.json) == (400, {"error": "invalid_request"})
    assert (await caller.send("GET", "/token")).status == 405
    sage.grant({"client": "mlc", "granted": False})
    disabled = await caller.token(grant_type="client_credentials")
    assert (disabled.status, disabled.json) == (401, {"error": "invalid_client"})


async def test_an_access_token_lives_five_minutes(caller: Caller, sage: SageX3Simulator) -> None:
    sage.clock.freeze()
    await caller.sign_in()
    sage.clock.advance(299)
    assert (await caller.query("PORDER")).status == 200
    sage.clock.advance(1)
    reply = await caller.query("PORDER")
    assert (reply.status, reply.message) == (401, "Not authenticated")


async def test_a_renewal_kills_the_old_refresh_token(caller: Caller, sage: SageX3Simulator) -> None:
    first = await caller.sign_in()
    second = await caller.token(grant_type="refresh_token", refresh_token=first.json["refresh_token"])
    assert second.json["refresh_token"] != first.json["refresh_token"]
    again = await caller.token(grant_type="refresh_token", refresh_token=first.json["refresh_token"])
    assert (again.status, again.json) == (400, {"error": "invalid_grant"})
    assert (sage.tokens.counts.renewals, sage.tokens.counts.reused) == (2, 1)
    third = await caller.token(grant_type="refresh_token", refresh_token=second.json["refresh_token"])
    assert third.status == 200
    assert sage.journal.counts().by_entity["token refresh_token"] == 3


async def test_reuse_may_end_the_whole_pair(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(reuse_ends_pair=True)
    first = await caller.sign_in()
    second = await caller.token(grant_type="refresh_token", refresh_token=first.json["refresh_token"])
    caller.authorization = f"Bearer {second.json['access_token']}"
    assert (await caller.query("PORDER")).status == 200
    await caller.token(grant_type="refresh_token", refresh_token=first.json["refresh_token"])
    assert (await caller.query("PORDER")).status == 401
    newest = await caller.token(grant_type="refresh_token", refresh_token=second.json["refresh_token"])
    assert newest.json == {"error": "invalid_grant"}


async def test_parallel_renewals_are_counted(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(token_pause_s=0.05)
    renewals = [caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN) for _ in range(3)]
    replies = await asyncio.gather(*renewals)
    assert sorted(reply.status for reply in replies) == [200, 400, 400]
    assert (sage.tokens.counts.parallel, sage.tokens.counts.reused) == (2, 2)


async def test_a_refresh_token_lives_thirty_days(caller: Caller, sage: SageX3Simulator) -> None:
    sage.clock.advance(30 * 86400 - 60)
    reply = await caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert reply.status == 200
    sage.clock.advance(30 * 86400)
    late = await caller.token(grant_type="refresh_token", refresh_token=reply.json["refresh_token"])
    assert late.json == {"error": "invalid_grant"}


async def test_revoked_refresh_tokens_need_a_new_approval(caller: Caller, sage: SageX3Simulator) -> None:
    sage.grant({"refresh_tokens": "revoke"})
    reply = await caller.token(grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert reply.json == {"error": "invalid_grant"}


async def test_an_authorization_code_is_good_once(caller: Caller) -> None:
    body = {"grant_type": "authorization_code", "code": AUTHORIZATION_CODE, "redirect_uri": "https://mlc.example/cb"}
    assert (await caller.token(**body)).status == 200
    assert (await caller.token(**body)).json == {"error": "invalid_grant"}


async def test_revoked_access_tokens(caller: Caller, sage: SageX3Simulator) -> None:
    sage.grant({"tokens": "revoke"})
    assert (await caller.query("PORDER")).status == 401


async def test_basic(caller: Caller, sage: SageX3Simulator) -> None:
    given = sage.credentials("basic")
    caller.authorization = _basic(f"{given['username']}:{given['password']}")
    assert (await caller.query("PORDER")).status == 200
    caller.authorization = _basic(f"{given['username']}:wrong")
    assert (await caller.query("PORDER")).status == 401
    sage.set_switches(auth_modes=["oauth2"])
    caller.authorization = _basic(f"{given['username']}:{given['password']}")
    assert (await caller.query("PORDER")).status == 401


def _basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def _jwt(sage: SageX3Simulator, **changes: object) -> str:
    given = sage.credentials("signed_jwt")
    now = int(sage.clock.now().timestamp())
    claims = {
        "iss": given["client_id"],
        "sub": given["user"],
        "aud": given["audience"],
        "iat": now - 30,
        "exp": now + 270,
    }
    return f"Bearer {signed({**claims, **changes}, str(given['client_secret']).encode())}"


async def test_signed_jwt(caller: Caller, sage: SageX3Simulator) -> None:
    caller.authorization = _jwt(sage)
    assert (await caller.query("PORDER")).status == 200


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"iss": "other"}, 41),
        ({"sub": "other"}, 42),
        ({"aud": "http://x3.example:8124/path/"}, 45),
        ({"exp": 1}, 50),
        ({"iat": 9999999999}, 50),
        ({"exp": 9999999999}, 50),
    ],
)
async def test_a_jwt_is_refused_in_plain_text(
    caller: Caller, sage: SageX3Simulator, changes: dict[str, object], number: int
) -> None:
    caller.authorization = _jwt(sage, **changes)
    reply = await caller.query("PORDER")
    assert (reply.status, reply.text) == (401, f"Error {number}: Invalid token")
    assert reply.headers["Content-Type"].startswith("text/plain")


async def test_a_jwt_with_a_wrong_signature(caller: Caller, sage: SageX3Simulator) -> None:
    caller.authorization = _jwt(sage)[:-4] + "AAAA"
    assert (await caller.query("PORDER")).text == "Error 50: Invalid token"


async def test_the_token_checkers_clock_may_run_behind(caller: Caller, sage: SageX3Simulator) -> None:
    sage.set_switches(jwt_clock_behind_s=20)
    caller.authorization = _jwt(sage)
    assert (await caller.query("PORDER")).status == 200
    caller.authorization = _jwt(sage, iat=int(sage.clock.now().timestamp()))
    assert (await caller.query("PORDER")).text == "Error 50: Invalid token"


async def test_no_sign_in_may_lead_to_the_login_page(caller: Caller, sage: SageX3Simulator) -> None:
    caller.authorization = ""
    assert (await caller.query("PORDER")).status == 401
    sage.set_switches(unauthorized="redirect")
    reply = await caller.query("PORDER")
    assert (reply.status, reply.headers["Location"]) == (302, "/auth/login/page")
    assert "<form>" in (await caller.get(reply.headers["Location"])).text


async def test_connection_names_what_opens_the_folder(sage: SageX3Simulator) -> None:
    assert sage.settings() == {
        "folder": "SEED",
        "chart_code": "COR",
        "cost_center_dimension": "CCT",
        "token_url": f"{sage.url}/token",
    }
    assert sage.credentials()["auth_mode"] == "oauth2_client_credentials"
    assert sage.credentials("oauth2_authorization_code")["refresh_token"] == REFRESH_TOKEN
