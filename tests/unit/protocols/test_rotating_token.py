"""The rotating token in a connection's memory, and the renewal of several brokers that share it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from aiohttp import web

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.errors import AuthenticationError
from ml_connector.protocols.exclusive import exclusive
from ml_connector.protocols.http import Http
from ml_connector.protocols.oauth2 import OAuth2RefreshToken, StoredToken
from ml_connector.protocols.rotating_token import ProcessMemory, RotatingToken
from scripted_server import Reply, ScriptedServer

AS_ITSELF = {"grant_type": "client_credentials"}


class Endpoint:
    """Rotates as Sage X3 does: a refresh token dies when it is used."""

    def __init__(self, server: ScriptedServer) -> None:
        self.alive = "refresh-0"
        self.grants: list[str] = []
        self.gives_refresh = True
        self.refuses = ""
        server.routes["/token"] = self.answer
        self.server = server

    def answer(self, request: web.Request) -> Reply:
        asked: Mapping[str, Any] = msgspec.json.decode(self.server.seen[-1].body)
        self.grants.append(asked["grant_type"])
        if self.refuses:
            return Reply(401, {"error": self.refuses})
        if asked["grant_type"] == "refresh_token" and asked["refresh_token"] != self.alive:
            return Reply(400, {"error": "invalid_grant"})
        number = len(self.grants)
        self.alive = f"refresh-{number}"
        more = {"refresh_token": self.alive} if self.gives_refresh else {}
        return Reply(body={"access_token": f"token-{number}", "expires_in": 300, **more})


@pytest.fixture
def endpoint(server: ScriptedServer) -> Endpoint:
    return Endpoint(server)


def broker(
    server: ScriptedServer, http: Http, store: RotatingToken, *, locks: Any = None, otherwise: Any = AS_ITSELF
) -> OAuth2RefreshToken:
    return OAuth2RefreshToken(
        http, server.url("/token"), "app", "secret-of-the-app", store, alone=partial(exclusive, locks, "token:x"),
        otherwise=otherwise, renew_before=lambda ttl_s: min(60.0, ttl_s / 2), body="json",
    )  # fmt: skip


async def test_without_a_refresh_token_the_other_grant_is_used_and_then_the_one_it_gave(
    server: ScriptedServer, http: Http, endpoint: Endpoint, manual_clock: ManualClock
) -> None:
    auth = broker(server, http, RotatingToken(None, ""))
    await auth.headers()
    manual_clock.advance(239)
    await auth.headers()
    assert endpoint.grants == ["client_credentials"]
    manual_clock.advance(2)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"
    assert endpoint.grants == ["client_credentials", "refresh_token"]


async def test_an_answer_without_a_refresh_token_asks_with_the_other_grant_again(
    server: ScriptedServer, http: Http, endpoint: Endpoint, manual_clock: ManualClock
) -> None:
    endpoint.gives_refresh = False
    auth = broker(server, http, RotatingToken(None, ""))
    for _ in range(3):
        await auth.headers()
        manual_clock.advance(250)
    assert endpoint.grants == ["client_credentials"] * 3


async def test_a_renewal_without_a_new_refresh_token_keeps_the_old_one(
    server: ScriptedServer, http: Http, endpoint: Endpoint
) -> None:
    store = RotatingToken(None, "refresh-0")
    endpoint.gives_refresh = False
    await broker(server, http, store, otherwise=None).headers()
    assert (await store.load()).refresh_token == "refresh-0"


async def test_one_that_was_idle_for_twenty_days_is_renewed_at_the_next_use(
    server: ScriptedServer, http: Http, endpoint: Endpoint, manual_clock: ManualClock
) -> None:
    auth = broker(server, http, RotatingToken(None, "refresh-0"), otherwise=None)
    await auth.headers()
    manual_clock.advance(20 * 86400)
    assert (await auth.headers())["Authorization"] == "Bearer token-2"
    assert endpoint.grants == ["refresh_token"] * 2


async def test_a_dead_refresh_token_falls_back_or_asks_to_sign_in_again(
    server: ScriptedServer, http: Http, endpoint: Endpoint
) -> None:
    endpoint.alive = "another"
    with pytest.raises(AuthenticationError, match="sign in and connect again"):
        await broker(server, http, RotatingToken(None, "refresh-0"), otherwise=None).headers()
    assert await broker(server, http, RotatingToken(None, "refresh-0")).headers()
    assert endpoint.grants == ["refresh_token", "refresh_token", "client_credentials"]


async def test_a_client_that_is_refused_is_not_asked_in_another_way(
    server: ScriptedServer, http: Http, endpoint: Endpoint
) -> None:
    endpoint.refuses = "invalid_client"
    with pytest.raises(AuthenticationError, match="client secret"):
        await broker(server, http, RotatingToken(None, "refresh-0")).headers()
    assert endpoint.grants == ["refresh_token"]


async def test_who_comes_late_takes_what_is_stored_instead_of_signing_in_anew(
    server: ScriptedServer, http: Http, endpoint: Endpoint
) -> None:
    """It read the store before somebody else renewed, and asked with a token that was dead by then."""
    memory = ProcessMemory()
    store, stale = RotatingToken(memory, "refresh-0"), RotatingToken(memory, "refresh-0")
    await broker(server, http, store).headers()
    loads = 0

    class Late(RotatingToken):
        async def load(self) -> StoredToken:
            nonlocal loads
            loads += 1
            return StoredToken("refresh-0") if loads <= 2 else await stale.load()

    assert (await broker(server, http, Late(memory, "refresh-0")).headers())["Authorization"] == "Bearer token-1"
    assert endpoint.grants == ["refresh_token", "refresh_token"]


async def test_twenty_brokers_that_share_a_memory_make_one_renewal(
    server: ScriptedServer, http: Http, endpoint: Endpoint, manual_clock: ManualClock
) -> None:
    memory = ProcessMemory()
    brokers = [broker(server, http, RotatingToken(memory, "")) for _ in range(20)]
    for expiry in range(1, 5):
        headers = await asyncio.gather(*(each.headers() for each in brokers))
        assert {each["Authorization"] for each in headers} == {f"Bearer token-{expiry}"}
        manual_clock.advance(241)
    assert endpoint.grants == ["client_credentials", "refresh_token", "refresh_token", "refresh_token"]


async def test_twenty_rejections_make_one_renewal(server: ScriptedServer, http: Http, endpoint: Endpoint) -> None:
    memory = ProcessMemory()
    brokers = [broker(server, http, RotatingToken(memory, "")) for _ in range(20)]
    headers = await asyncio.gather(*(each.headers() for each in brokers))
    await asyncio.gather(*(each.renew(old) for each, old in zip(brokers, headers, strict=True)))
    assert len(endpoint.grants) == 2


async def test_the_token_survives_the_process(server: ScriptedServer, http: Http, endpoint: Endpoint) -> None:
    memory = ProcessMemory()
    await broker(server, http, RotatingToken(memory, "")).headers()
    assert (await broker(server, http, RotatingToken(memory, "")).headers())["Authorization"] == "Bearer token-1"
    assert len(endpoint.grants) == 1


@pytest.mark.parametrize("other", [{"seed": "refresh-9"}, {"seed": "", "belongs_to": "somebody else"}])
async def test_another_seed_or_client_begins_anew(other: Any) -> None:
    memory = ProcessMemory()
    first = RotatingToken(memory, "", belongs_to="app")
    held = StoredToken("refresh-1", "token-1", clock.now() + timedelta(seconds=300), 1)
    assert await first.compare_and_swap(StoredToken(""), held)
    assert await first.load() == held
    second = RotatingToken(memory, **other)
    assert await second.load() == StoredToken(other["seed"])
    assert not await second.compare_and_swap(held, StoredToken("x"))
    assert await second.compare_and_swap(StoredToken(other["seed"]), held)
    assert await first.load() == StoredToken("")
