"""A session: sign-in, limits and retries around one request, and the truth about writes."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.errors import (
    AuthenticationError,
    ContractError,
    LeaseLostError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    RemoteFaultError,
    StaleVersionError,
)
from ml_connector.protocols.auth import BasicAuth, NoAuth
from ml_connector.protocols.http import PIECE_BYTES, Http, HttpSettings, Repeat, Request
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials
from ml_connector.protocols.rate_limit import RateBudget
from ml_connector.protocols.retry import RetryBudget, RetryPolicy
from ml_connector.protocols.session import Counts, Session
from scripted_server import Reply, ScriptedServer


def read(server: ScriptedServer) -> Request:
    return Request("GET", server.url("/rows"))


def write(server: ScriptedServer, repeat: Repeat = Repeat.NEVER) -> Request:
    return Request("POST", server.url("/rows"), {}, b"{}", repeat, "order P1")


async def test_a_good_answer_is_returned_and_counted(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body={"a": 1}))
    session = Session(http, NoAuth())
    assert (await session.send(read(server))).json() == {"a": 1}
    await session.send(write(server))
    assert session.counts == Counts(reads=1, writes=1, tokens=0, retries=0)


@pytest.mark.parametrize("reply", [Reply(500), Reply(503), Reply(202), Reply(fault="drop"), Reply(body=b'{"a":')])
async def test_a_read_is_repeated_until_it_succeeds(server: ScriptedServer, http: Http, reply: Reply) -> None:
    server.script(reply, reply, Reply(body={}))
    session = Session(http, NoAuth())
    await session.send(read(server))
    assert session.counts.retries == 2


async def test_a_read_gives_up_with_the_last_error(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(503))
    with pytest.raises(RemoteFaultError, match="503") as caught:
        await Session(http, NoAuth()).send(read(server))
    assert caught.value.fields["attempts"] == len(server.seen) == 6


@pytest.mark.parametrize("reply", [Reply(500), Reply(202), Reply(504), Reply(fault="drop"), Reply(fault="stall")])
async def test_an_unclear_write_is_sent_once(server: ScriptedServer, impatient: Http, reply: Reply) -> None:
    server.script(reply)
    with pytest.raises(OutcomeUnknownError):
        await Session(impatient, NoAuth()).send(write(server))
    assert len(server.seen) == 1


async def test_an_unclear_identified_write_is_repeated(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(500), Reply(fault="drop"), Reply(201, {}))
    assert (await Session(http, NoAuth()).send(write(server, Repeat.IDENTIFIED))).status == 201


async def test_doubt_remains_when_later_attempts_settle_nothing(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(fault="drop"), Reply(429, headers={"Retry-After": "5000"}))
    with pytest.raises(OutcomeUnknownError, match="earlier attempt was unclear"):
        await Session(http, NoAuth()).send(write(server, Repeat.IDENTIFIED))


async def test_a_definite_answer_after_doubt_tells_of_the_doubt(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(fault="drop"), Reply(412))
    with pytest.raises(StaleVersionError) as caught:
        await Session(http, NoAuth()).send(write(server, Repeat.IDENTIFIED))
    assert caught.value.fields["after_unclear_attempt"]


async def test_a_rate_limited_write_was_not_done_and_is_repeated(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(429, headers={"Retry-After": "7"}), Reply(201, {}))
    await Session(http, NoAuth()).send(write(server))
    assert clock.monotonic() >= 7


async def test_a_rate_limit_makes_everybody_wait(server: ScriptedServer, http: Http, manual_clock: ManualClock) -> None:
    budget = RateBudget(1000)
    server.script(
        Reply(429, headers={"Retry-After": "2000"}), Reply(429, headers={"Retry-After": "40"}), Reply(body={})
    )
    with pytest.raises(RateLimitedError):
        await Session(http, NoAuth(), budget).send(read(server))
    await Session(http, NoAuth(), budget).send(read(server))
    assert manual_clock.monotonic() >= 40
    assert budget._paused_until >= 40


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
async def test_a_rate_limit_without_a_time_backs_off(
    server: ScriptedServer, http: Http, headers: dict[str, str]
) -> None:
    server.script(Reply(429, headers=headers), Reply(429, headers=headers), Reply(body={}))
    await Session(http, NoAuth(), retry=RetryPolicy(draw=lambda: 0.5)).send(read(server))
    assert clock.monotonic() == 0.5 + 1


async def test_an_exhausted_retry_budget_stops_the_hammering(server: ScriptedServer, http: Http) -> None:
    session = Session(http, NoAuth(), retry=RetryPolicy(budget=RetryBudget(size=3, floor_per_minute=0)))
    server.script(Reply(500))
    for _ in range(10):
        with pytest.raises(RemoteFaultError):
            await session.send(read(server))
    assert len(server.seen) <= 10 + 3 + 2


async def test_a_refusal_is_not_repeated(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(400, {"error": {"message": "Supplier blocked"}}))
    with pytest.raises(RefusedError, match="Supplier blocked"):
        await Session(http, NoAuth()).send(write(server))
    assert len(server.seen) == 1


async def test_a_redirect_is_refused(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(302, headers={"Location": "https://evil.example"}))
    with pytest.raises(ContractError, match="another address"):
        await Session(http, NoAuth()).send(read(server))


def token_routes(server: ScriptedServer, life: int) -> None:
    """A token endpoint, and rows that accept a token for `life` requests."""
    issued = 0
    used = 0

    def grant(request: web.Request) -> Reply:
        nonlocal issued, used
        issued, used = issued + 1, 0
        return Reply(body={"access_token": f"token-{issued}", "expires_in": 3600})

    def rows(request: web.Request) -> Reply:
        nonlocal used
        if request.headers.get("Authorization") != f"Bearer token-{issued}" or used >= life:
            return Reply(401)
        used += 1
        return Reply(body={})

    server.routes = {"/token": grant, "/rows": rows}


async def test_a_token_that_ends_midway_is_renewed_once_and_the_request_repeated(
    server: ScriptedServer, http: Http
) -> None:
    token_routes(server, life=5)
    session = Session(http, OAuth2ClientCredentials(http, server.url("/token"), "id", "client-word"))
    for _ in range(8):
        await session.send(write(server))
    assert session.counts == Counts(reads=0, writes=9, tokens=2, retries=1)


async def test_a_token_rejected_twice_is_an_authentication_error_without_a_loop(
    server: ScriptedServer, http: Http
) -> None:
    token_routes(server, life=0)
    session = Session(http, OAuth2ClientCredentials(http, server.url("/token"), "id", "client-word"))
    with pytest.raises(AuthenticationError, match="401"):
        await session.send(read(server))
    assert (session.counts.reads, session.counts.tokens) == (2, 2)


async def test_twenty_callers_with_an_ended_token_make_one_renewal(server: ScriptedServer) -> None:
    token_routes(server, life=40)
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_in_flight=8)) as http:
        session = Session(http, OAuth2ClientCredentials(http, server.url("/token"), "id", "client-word"))
        await asyncio.gather(*(session.send(read(server)) for _ in range(40)))
        await asyncio.gather(*(session.send(read(server)) for _ in range(20)))
    assert session.counts.tokens == 2


async def test_one_slot_is_enough_to_renew(server: ScriptedServer) -> None:
    token_routes(server, life=1)
    async with Http(HttpSettings(allowed_origins=(server.url(),), max_in_flight=1)) as http:
        session = Session(http, OAuth2ClientCredentials(http, server.url("/token"), "id", "client-word"))
        await asyncio.gather(*(session.send(read(server)) for _ in range(3)))


async def test_a_wrong_password_is_tried_once(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(401))
    with pytest.raises(AuthenticationError):
        await Session(http, BasicAuth("anna", "wrong-word")).send(read(server))
    assert len(server.seen) == 1


async def test_the_check_runs_before_every_attempt_of_a_write_only(server: ScriptedServer, http: Http) -> None:
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if len(server.seen) == 2:
            raise LeaseLostError("lost")

    server.script(Reply(429), Reply(429), Reply(201, {}))
    session = Session(http, NoAuth(), before_send=check)
    with pytest.raises(LeaseLostError):
        await session.send(write(server))
    assert len(server.seen) == 2
    before = checks
    server.script(Reply(body={}))
    await session.send(read(server))
    assert checks == before


async def test_every_attempt_is_told_to_the_journal_without_credentials(server: ScriptedServer, http: Http) -> None:
    told: list[tuple[str, str]] = []
    server.script(Reply(500), Reply(fault="drop"), Reply(body={}))
    session = Session(
        http,
        BasicAuth("anna", "pass-word"),
        on_exchange=lambda request, outcome, elapsed_s: told.append((str(request), type(outcome).__name__)),
    )
    await session.send(read(server))
    assert [outcome for _, outcome in told] == ["Response", "RemoteFaultError", "Response"]
    assert not any("Basic" in text for text, _ in told)


async def test_body_is_withheld_when_the_check_fails_in_the_middle_of_it(server: ScriptedServer, http: Http) -> None:
    """A process that was frozen while it sent does not finish the request when it wakes up."""
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise LeaseLostError("the lease is lost")

    server.script(Reply(), Reply())
    body = b"x" * (PIECE_BYTES * 4)
    with pytest.raises(LeaseLostError):
        await Session(http, NoAuth(), before_send=check).send(
            Request("POST", server.url("/rows"), {}, body, Repeat.IDENTIFIED, "order P1")
        )
    assert calls == 3
    assert server.seen == []
