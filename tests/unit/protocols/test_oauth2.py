"""Token brokers: one renewal at a time, ahead of expiry, never twice what was refused, nothing secret shown."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.errors import AuthenticationError, RemoteFaultError
from ml_connector.protocols.http import Http
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials, OAuth2RefreshToken, StoredToken
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.token_broker import renewal_lead_s
from scripted_server import Reply, ScriptedServer

SECRET = "very+secret/value"


def token(number: int, expires_in: Any = 3600, **more: Any) -> Reply:
    return Reply(body={"access_token": f"token-{number}", "expires_in": expires_in, "token_type": "Bearer", **more})


def client(server: ScriptedServer, http: Http, **options: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials(http, server.url("/token"), "sync-client", SECRET, "openid a", **options)


async def test_the_form_of_the_request(server: ScriptedServer, http: Http) -> None:
    server.script(token(1))
    assert await client(server, http).headers() == {"Authorization": "Bearer token-1"}
    assert dict(parse_qsl(server.seen[0].body.decode())) == {
        "grant_type": "client_credentials",
        "scope": "openid a",
        "client_id": "sync-client",
        "client_secret": SECRET,
    }
    assert b"+" not in server.seen[0].body


async def test_the_client_in_a_basic_header(server: ScriptedServer, http: Http) -> None:
    server.script(token(1))
    await client(server, http, client_in_basic=True).headers()
    encoded = server.seen[0].headers["Authorization"].removeprefix("Basic ")
    assert base64.b64decode(encoded) == b"sync-client:very%2Bsecret%2Fvalue"
    assert b"client" not in server.seen[0].body.replace(b"client_credentials", b"")


async def test_a_json_body_with_further_fields(server: ScriptedServer, http: Http) -> None:
    server.script(token(1))
    await client(server, http, body="json", extra={"audience": "api"}).headers()
    assert server.seen[0].headers["Content-Type"] == "application/json"
    assert b'"audience":"api"' in server.seen[0].body


async def test_twenty_callers_make_one_renewal(server: ScriptedServer, http: Http) -> None:
    server.script(token(1), token(2))
    auth = client(server, http)
    first = await asyncio.gather(*(auth.headers() for _ in range(20)))
    await asyncio.gather(*(auth.renew(headers) for headers in first))
    assert await auth.headers() == {"Authorization": "Bearer token-2"}
    assert auth.token_requests == len(server.seen) == 2


async def test_tokens_of_the_past_are_not_remembered(server: ScriptedServer, http: Http) -> None:
    server.script(token(1), token(2))
    auth = client(server, http)
    await auth.renew(await auth.headers())
    assert redact("token-1, token-2") == "token-1, ***"
    del auth
    gc.collect()
    assert redact("token-1, token-2") == "token-1, token-2"


async def test_renewal_ahead_of_expiry(server: ScriptedServer, http: Http, manual_clock: ManualClock) -> None:
    server.script(token(1, 180), token(2, 180))
    auth = client(server, http)
    await auth.headers()
    manual_clock.advance(149)
    assert (await auth.headers())["Authorization"] == "Bearer token-1"
    manual_clock.advance(2)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"


@pytest.mark.parametrize(("ttl", "lead"), [(3600, 360), (180, 30), (10, 5)])
def test_the_lead_is_thirty_seconds_or_a_tenth_but_never_the_whole_life(ttl: float, lead: float) -> None:
    assert renewal_lead_s(ttl) == lead


@pytest.mark.parametrize("expires_in", [None, "soon"])
async def test_without_a_lifetime_the_fallback_counts(
    server: ScriptedServer, http: Http, manual_clock: ManualClock, expires_in: Any
) -> None:
    server.script(token(1, expires_in), token(2))
    auth = client(server, http, fallback_ttl_s=100)
    await auth.headers()
    manual_clock.advance(69)
    await auth.headers()
    assert len(server.seen) == 1
    manual_clock.advance(2)
    await auth.headers()
    assert len(server.seen) == 2


async def test_the_same_token_with_its_remainder_is_used_to_its_end(
    server: ScriptedServer, http: Http, manual_clock: ManualClock
) -> None:
    server.script(token(1, "1800"), token(1, 180), token(2))
    auth = client(server, http)
    await auth.headers()
    manual_clock.advance(1620)
    for _ in range(17):
        manual_clock.advance(10)
        assert (await auth.headers())["Authorization"] == "Bearer token-1"
    manual_clock.advance(20)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"
    assert auth.token_requests == 3


async def test_an_old_rejection_does_not_renew_again(server: ScriptedServer, http: Http) -> None:
    server.script(token(1), token(2))
    auth = client(server, http)
    old = await auth.headers()
    await auth.renew(old)
    await auth.renew(old)
    assert auth.token_requests == 2


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, {"error": "invalid_client"}, "client secret"),
        (401, {"error": "server_error", "error_description": "access_denied"}, "user is assigned"),
        (400, {"error": "unsupported_grant_type"}, "Switch this kind of grant on"),
        (400, {"error": "unauthorized_client"}, "Allow this kind of grant"),
        (404, {"error": "Realm does not exist"}, "realm"),
        (302, None, "moved"),
        (200, "<html>Welcome</html>", "some other page"),
        (200, {"token": "x"}, "some other page"),
    ],
)
async def test_a_refusal_says_what_to_do_and_is_not_asked_again(
    server: ScriptedServer, http: Http, manual_clock: ManualClock, status: int, body: Any, advice: str
) -> None:
    server.script(Reply(status, body))
    auth = client(server, http)
    for _ in range(3):
        with pytest.raises(AuthenticationError, match=advice):
            await auth.headers()
    assert len(server.seen) == 1
    manual_clock.advance(61)
    with pytest.raises(AuthenticationError):
        await auth.headers()
    assert len(server.seen) == 2


@pytest.mark.parametrize("reply", [Reply(503), Reply(429, headers={"Retry-After": "3"}), Reply(fault="drop")])
async def test_a_passing_trouble_of_the_token_endpoint_is_retried(
    server: ScriptedServer, http: Http, reply: Reply
) -> None:
    server.script(reply, reply, token(1))
    assert (await client(server, http).headers())["Authorization"] == "Bearer token-1"


async def test_a_lasting_trouble_is_transient(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(500))
    with pytest.raises(RemoteFaultError):
        await client(server, http).headers()
    assert len(server.seen) == 4


async def test_a_living_token_outlasts_a_trouble_of_the_endpoint(
    server: ScriptedServer, http: Http, manual_clock: ManualClock
) -> None:
    server.script(token(1, 1000), Reply(500), Reply(500), Reply(500), Reply(500), token(2))
    auth = client(server, http)
    await auth.headers()
    manual_clock.advance(905)
    assert (await auth.headers())["Authorization"] == "Bearer token-1"
    manual_clock.advance(11)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"


async def test_a_cancelled_caller_does_not_take_the_renewal_along(server: ScriptedServer, http: Http) -> None:
    server.script(token(1))
    auth = client(server, http)
    caller = asyncio.create_task(auth.headers())
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    assert (await auth.headers())["Authorization"] == "Bearer token-1"
    assert auth.token_requests == 1


async def test_secrets_are_nowhere_to_be_seen(
    server: ScriptedServer, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(Reply(401, {"error": "invalid_client", "error_description": f"bad secret {SECRET}"}))
    auth = client(server, http)
    with pytest.raises(AuthenticationError) as caught:
        await auth.headers()
    endpoint = auth._endpoint
    for text in (str(caught.value), repr(caught.value.fields), repr(endpoint), repr(auth), caplog.text):
        assert SECRET not in text
    server.script(token(1))
    accepted = client(server, http)
    await accepted.headers()
    assert "token-1" not in repr(accepted._token)
    assert accepted.redact(f"x token-1 {SECRET}") == "x *** ***"


class MemoryStore:
    """A token store that remembers the order of events and can fail once."""

    def __init__(self, stored: StoredToken | None) -> None:
        self.stored = stored
        self.fail_next = False
        self.swaps = 0

    async def load(self) -> StoredToken | None:
        return self.stored

    async def compare_and_swap(self, expected: StoredToken, new: StoredToken) -> bool:
        if self.fail_next:
            self.fail_next = False
            raise OSError("disk full")
        if self.stored is None or self.stored.version != expected.version:
            return False
        self.stored = new
        self.swaps += 1
        return True


def rotating(server: ScriptedServer, http: Http, store: MemoryStore) -> OAuth2RefreshToken:
    return OAuth2RefreshToken(http, server.url("/token"), "app", SECRET, store)


async def test_the_next_refresh_token_is_stored_before_the_access_token_is_used(
    server: ScriptedServer, http: Http
) -> None:
    store = MemoryStore(StoredToken("refresh-0"))
    server.script(token(1, refresh_token="refresh-1"), token(2, refresh_token="refresh-2"))
    auth = rotating(server, http, store)
    headers = await auth.headers()
    assert store.stored is not None
    assert (store.stored.refresh_token, store.stored.access_token, store.stored.version) == ("refresh-1", "token-1", 1)
    await auth.renew(headers)
    sent = [dict(parse_qsl(seen.body.decode()))["refresh_token"] for seen in server.seen]
    assert sent == ["refresh-0", "refresh-1"]
    assert "refresh-2" not in auth.redact("refresh-2")


async def test_a_token_that_another_process_renewed_is_taken_over(server: ScriptedServer, http: Http) -> None:
    fresh = StoredToken("refresh-9", "token-9", clock.now() + timedelta(seconds=900), 9)
    auth = rotating(server, http, MemoryStore(fresh))
    assert (await auth.headers())["Authorization"] == "Bearer token-9"
    assert server.seen == []


async def test_when_the_store_fails_the_new_refresh_token_is_not_lost(server: ScriptedServer, http: Http) -> None:
    store = MemoryStore(StoredToken("refresh-0"))
    store.fail_next = True
    server.script(token(1, refresh_token="refresh-1"))
    auth = rotating(server, http, store)
    with pytest.raises(OSError, match="disk full"):
        await auth.headers()
    assert (await auth.headers())["Authorization"] == "Bearer token-1"
    assert len(server.seen) == 1
    assert store.swaps == 1


def overtaken(store: MemoryStore, status: int) -> Callable[[web.Request], Reply]:
    def answer(request: web.Request) -> Reply:
        store.stored = StoredToken("refresh-7", "token-7", clock.now() + timedelta(seconds=900), 7)
        return Reply(status, {"error": "invalid_grant"}) if status != 200 else token(1, refresh_token="refresh-1")

    return answer


@pytest.mark.parametrize("status", [200, 400])
async def test_whoever_stored_first_wins(server: ScriptedServer, http: Http, status: int) -> None:
    store = MemoryStore(StoredToken("refresh-0"))
    server.routes["/token"] = overtaken(store, status)
    assert (await rotating(server, http, store).headers())["Authorization"] == "Bearer token-7"


async def test_a_dead_refresh_token_asks_for_a_new_sign_in(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(400, {"error": "invalid_grant"}))
    with pytest.raises(AuthenticationError, match="connect again"):
        await rotating(server, http, MemoryStore(StoredToken("refresh-0"))).headers()
    with pytest.raises(AuthenticationError, match="Nobody has signed in"):
        await rotating(server, http, MemoryStore(None)).headers()


@pytest.mark.parametrize(
    "body",
    [
        {"accessToken": "token-1", "expiresIn": 300, "refreshToken": "refresh-1"},
        {"access_token": "token-1", "expires_in": "300", "refreshToken": "refresh-1"},
    ],
)
async def test_names_in_camel_case_are_read(server: ScriptedServer, http: Http, body: Any) -> None:
    store = MemoryStore(StoredToken("refresh-0"))
    server.script(Reply(body=body))
    assert await rotating(server, http, store).headers() == {"Authorization": "Bearer token-1"}
    assert store.stored == StoredToken("refresh-1", "token-1", clock.now() + timedelta(seconds=300), 1)
