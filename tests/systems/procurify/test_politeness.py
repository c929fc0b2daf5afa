"""Paging, pauses, time-outs that are never repeated, the circuit breaker, and signing in."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.clock import ManualClock
from ml_connector.errors import (
    AuthenticationError,
    ConfigurationError,
    ContractError,
    PermissionMissingError,
    RateLimitedError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.records import Entity
from ml_connector.systems.base import Doubt, Ports, Receipt
from ml_connector.systems.procurify.api import Window
from ml_connector.systems.procurify.breaker import BreakerOpenError
from ml_connector.systems.procurify.connection import Procurify
from scripted_server import Reply
from systems.memory import Memory
from systems.procurify.documents import supplier, vendor_row
from systems.procurify.domain import Connect, Domain, Locks, create, ready, shape

ALL = "/api/v3/vendors/all/"
SLOW = Reply(504, "<html><body>Gateway time-out</body></html>")


def fill(domain: Domain, count: int) -> list[int]:
    domain.rows["vendors"] += [vendor_row(id=number, external_id=None) for number in range(1, count + 1)]
    return list(range(1, count + 1))


async def ids(system: Procurify) -> list[int]:
    return sorted(row["id"] for row in await system.api.listed(ALL))


@pytest.mark.parametrize("largest", [100, 7])
async def test_every_page_is_read_by_the_path_and_query_of_next(domain: Domain, connect: Connect, largest: int) -> None:
    """The host of `next` is an internal one; the page may be smaller than asked for."""
    wanted = fill(domain, 33)
    domain.largest_page = largest
    assert await ids(await connect(page_size=10)) == wanted
    assert all("order_by=id" in one for one in domain.api_requests)


async def test_every_request_says_who_asks(domain: Domain, connect: Connect) -> None:
    system = await connect()
    await create(await ready(system, Entity.SUPPLIERS), supplier())
    api = [one for one in domain.server.seen if not one.target.startswith("/oauth")]
    assert {(one.headers["X-Procurify-Client"], one.headers["Authorization"]) for one in api} == {("api", "Bearer t1")}
    assert domain.server.seen[0].target == "/oauth/token"
    assert b'"audience":"https://api.procurify.com/"' in domain.server.seen[0].body


@pytest.mark.parametrize("at", ["page=1", "page=3"])
async def test_page_that_timed_out_is_asked_for_smaller(domain: Domain, connect: Connect, at: str) -> None:
    wanted = fill(domain, 45)
    domain.trouble("GET", at, SLOW)
    assert await ids(await connect(page_size=10)) == wanted
    assert len(domain.api_requests) == len(set(domain.api_requests))
    assert any("page_size=5" in one for one in domain.api_requests)


async def test_size_of_pages_that_timed_out_is_not_asked_for_again_for_a_day(
    domain: Domain, connect: Connect, quick_clock: ManualClock
) -> None:
    wanted = fill(domain, 45)
    memory = Memory()
    domain.trouble("GET", "page_size=10", SLOW)
    for _ in range(2):
        assert await ids(await connect(page_size=10, ports=Ports(memory=lambda name: memory))) == wanted
    assert sum("page_size=10" in one for one in domain.api_requests) == 1
    quick_clock.advance(86_401)
    assert await ids(await connect(page_size=10, ports=Ports(memory=lambda name: memory))) == wanted
    assert sum("page_size=10" in one for one in domain.api_requests) == 6


async def test_what_cannot_be_made_smaller_stops(domain: Domain, connect: Connect) -> None:
    fill(domain, 3)
    domain.trouble("GET", ALL, SLOW)
    with pytest.raises(TransientError, match="not sent again"):
        await (await connect(page_size=1)).api.listed(ALL)
    assert len(domain.api_requests) == 1


async def test_window_is_halved_when_pages_cannot_be(domain: Domain, connect: Connect) -> None:
    when = [{"uuid": f"u{day}", "num": day, "date": f"2026-02-{day:02}", "status": 0} for day in range(1, 11)]
    domain.rows["orders"] += [{**row, "dateModified": row["date"]} for row in when]
    domain.trouble("GET", "modified_date_1=2026-02-10", SLOW)
    system = await connect(page_size=1)
    window = Window("modified_date", *(_day(day) for day in (1, 10)))
    rows = await system.api.listed("/api/v2/global/orders/", {}, window)
    assert sorted(row["num"] for row in rows) == list(range(1, 11))
    assert any("modified_date_1=2026-02-05" in one for one in domain.api_requests)


def _day(day: int) -> Any:
    from datetime import date

    return date(2026, 2, day)


async def test_three_time_outs_open_the_breaker_for_everybody(
    domain: Domain, connect: Connect, quick_clock: ManualClock
) -> None:
    fill(domain, 3)
    memory = Memory()
    ports = Ports(memory=lambda name: memory)
    for _ in range(3):
        domain.trouble("GET", ALL, SLOW)
    with pytest.raises(BreakerOpenError, match="UTC"):
        await (await connect(ports=ports)).api.listed(ALL)
    asked = len(domain.api_requests)
    other = await connect(ports=ports)
    with pytest.raises(BreakerOpenError):
        await other.api.listed(ALL)
    (finding,) = await other.check([])
    assert (finding.operation, finding.verdict) == ("circuit breaker", "missing")
    assert len(domain.api_requests) == asked
    quick_clock.advance(3601)
    assert await ids(other) == [1, 2, 3]


async def test_time_outs_hours_apart_do_not_add_up(domain: Domain, connect: Connect, quick_clock: ManualClock) -> None:
    wanted = fill(domain, 3)
    system = await connect()
    for _ in range(4):
        domain.trouble("GET", ALL, SLOW)
        assert await ids(system) == wanted
        quick_clock.advance(2000)


async def test_time_out_of_a_write_is_a_doubt(domain: Domain, connect: Connect) -> None:
    domain.trouble("POST", "vendors", SLOW)
    target = await ready(await connect(breaker_timeouts=1), Entity.SUPPLIERS)
    answer = await create(target, supplier())
    assert isinstance(answer, Doubt)
    assert len(domain.writes) == 1


@pytest.mark.parametrize(("headers", "pause_s"), [({"Retry-After": "30"}, 30), ({}, 4)])
async def test_rate_limit_is_obeyed(
    domain: Domain, connect: Connect, quick_clock: ManualClock, headers: dict[str, str], pause_s: int
) -> None:
    wanted = fill(domain, 3)
    domain.trouble("GET", ALL, Reply(429, {"detail": "Request was throttled."}, headers))
    assert await ids(await connect()) == wanted
    assert pause_s <= max(quick_clock.slept) < pause_s + 1


async def test_rate_limit_that_does_not_end_stops_after_five_tries(
    domain: Domain, connect: Connect, quick_clock: ManualClock
) -> None:
    for _ in range(9):
        domain.trouble("GET", ALL, Reply(429, {"detail": "Request was throttled."}))
    with pytest.raises(RateLimitedError):
        await (await connect()).api.listed(ALL)
    assert len(domain.api_requests) == 5
    assert [int(pause) for pause in quick_clock.slept if pause >= 1] == [4, 8, 16, 32]


async def test_write_that_met_a_rate_limit_is_looked_up_and_sent_anew(
    domain: Domain, connect: Connect, quick_clock: ManualClock
) -> None:
    domain.trouble("POST", "vendors", Reply(429, {"detail": "Request was throttled."}, {"Retry-After": "20"}))
    target = await ready(await connect(), Entity.SUPPLIERS)
    assert isinstance(await create(target, supplier()), Receipt)
    assert len(domain.rows["vendors"]) == 1
    kinds = [one.split()[0] for one in domain.api_requests]
    assert kinds == ["GET", "POST", "GET", "GET", "POST"]  # its name, it, its key, its name, it
    assert max(quick_clock.slept) >= 20


async def test_reads_are_tried_again_and_writes_are_not(domain: Domain, connect: Connect) -> None:
    wanted = fill(domain, 3)
    for reply in (Reply(503, "<html>down</html>"), Reply(fault="drop")):
        domain.trouble("GET", ALL, reply)
        assert await ids(await connect()) == wanted
    domain.trouble("POST", "vendors", Reply(503, "<html>down</html>"))
    target = await ready(await connect(), Entity.SUPPLIERS)
    assert isinstance(await create(target, supplier(key="other")), Doubt)
    assert len(domain.writes) == 1


async def test_what_follows_a_trouble_of_the_whole_was_not_sent(domain: Domain, connect: Connect) -> None:
    target = await ready(await connect(), Entity.SUPPLIERS)
    from ml_connector.systems.base import Action, Write

    parts = [shape(target, supplier(key=key, name=key)).parts[0] for key in ("a", "b", "c")]
    writes = [Write(Action.CREATE, part, "", part.payload, part.payload["name"]) for part in parts]
    domain.trouble("POST", "nothing", SLOW)
    forbidden = Reply(403, {"detail": "You do not have permission to perform this action."})
    domain.trouble("POST", "vendors", forbidden)
    with pytest.raises(PermissionMissingError, match="create or change vendors"):
        await target.write(writes)
    assert len(domain.writes) == 1
    first = (await target.write(writes[:1]))[0]
    assert isinstance(first, Receipt)


async def test_requests_keep_their_distance(domain: Domain, connect: Connect, quick_clock: ManualClock) -> None:
    fill(domain, 3)
    await (await connect(min_interval_ms=500, page_size=1)).api.listed(ALL)
    assert quick_clock.slept == [0.5, 0.5]
    locks = Locks()
    quick_clock.slept.clear()
    await (await connect(min_interval_ms=500, page_size=1, ports=Ports(locks=locks))).api.listed(ALL)
    assert quick_clock.slept == [0.5, 0.5, 0.5]
    name = f"procurify {domain.server.url('')}"
    assert locks.taken == [name]  # for the three of them


async def test_list_that_shows_less_than_it_says_is_read_again_and_not_believed(
    domain: Domain, connect: Connect
) -> None:
    fill(domain, 2)
    short = {"data": [], "metadata": {"pagination": {"count": 2, "next": None, "page_size": 50, "current_page": 1}}}
    domain.trouble("GET", ALL, Reply(200, short))
    system = await connect()
    assert await ids(system) == [1, 2]
    domain.trouble("GET", ALL, Reply(200, short))
    domain.trouble("GET", ALL, Reply(200, short))
    with pytest.raises(RemoteFaultError, match="twice"):
        await system.api.listed(ALL)


async def test_list_that_lost_most_of_its_rows_is_not_believed(domain: Domain, connect: Connect) -> None:
    """A role that no longer sees the vendors must not lead to their being made anew."""
    fill(domain, 10)
    memories = {name: Memory() for name in ("breaker", "counts")}
    system = await connect(ports=Ports(memory=memories.__getitem__))
    await ready(system, Entity.SUPPLIERS)
    hidden, domain.rows["vendors"] = domain.rows["vendors"], []
    with pytest.raises(PermissionMissingError, match="0 rows and showed 10"):
        await ready(system, Entity.SUPPLIERS)
    domain.rows["vendors"] = hidden[:6]
    await ready(system, Entity.SUPPLIERS)
    domain.rows["vendors"] = []
    await ready(await connect(smallest_share=0, ports=Ports(memory=memories.__getitem__)), Entity.SUPPLIERS)


@pytest.mark.parametrize("body", ["<html>Maintenance</html>", {"results": []}, {"data": {}}])
async def test_something_else_with_status_200_is_no_list(domain: Domain, connect: Connect, body: Any) -> None:
    domain.trouble("GET", ALL, Reply(200, body))
    with pytest.raises(ContractError):
        await (await connect()).api.listed(ALL)


async def test_pagination_at_the_top_is_read_too(domain: Domain, connect: Connect) -> None:
    paging = {"count": 1, "next": None, "previous": None, "page_size": 50, "num_pages": 1, "current_page": 1}
    domain.trouble("GET", ALL, Reply(200, {"data": [vendor_row()], "pagination": paging}))
    assert await ids(await connect()) == [501]


# --- signing in ------------------------------------------------------------------------------------------------------

REFUSED = Reply(401, {"detail": "Invalid token."})
NO_HEADER = {"detail": "Authentication credentials were not provided."}


async def test_token_that_ended_is_renewed_once(domain: Domain, connect: Connect) -> None:
    wanted = fill(domain, 3)
    system = await connect()
    await ids(system)
    domain.trouble("GET", ALL, REFUSED)
    assert await ids(system) == wanted
    assert domain.tokens == 2


async def test_401_to_a_new_token_stops(domain: Domain, connect: Connect) -> None:
    domain.trouble("GET", ALL, REFUSED)
    system = await connect()
    with pytest.raises(AuthenticationError, match="X-Procurify-Client"):
        await system.api.listed(ALL)
    assert domain.tokens == 1


@pytest.mark.parametrize("status", [400, 403])
async def test_missing_header_is_told_from_a_missing_permission(domain: Domain, connect: Connect, status: int) -> None:
    domain.trouble("GET", "users/me", Reply(status, NO_HEADER))
    (found,) = await (await connect()).check([])
    assert (found.operation, found.verdict) == ("sign in", "missing")
    assert "X-Procurify-Client" in found.fix


async def test_refused_client_stops(domain: Domain, connect: Connect) -> None:
    domain.trouble("POST", "oauth", Reply(401, {"error": "invalid_client", "error_description": "no"}))
    system = await connect()
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="client id and client secret"):
            await system.api.listed(ALL)
    assert domain.tokens == 1
