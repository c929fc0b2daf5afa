"""Pages that lose nothing and lead nowhere else; rows with their ETag; errors in their own words."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from aiohttp import web

from ml_connector.errors import (
    ContractError,
    OutcomeUnknownError,
    PermissionMissingError,
    RemoteFaultError,
    StaleVersionError,
)
from ml_connector.protocols.auth import NoAuth
from ml_connector.protocols.http import Http, HttpSettings
from ml_connector.protocols.oauth2 import OAuth2ClientCredentials
from ml_connector.protocols.odata import Field, Filter, Kind, ODataClient, eq, explain, ge, parse_fault
from ml_connector.protocols.retry import RetryPolicy
from ml_connector.protocols.session import Session
from ml_connector.protocols.status import StatusTable
from scripted_server import Reply, ScriptedServer

ROOT = "/main/v1/Orders.svc"


@pytest.fixture
def client(server: ScriptedServer, http: Http) -> ODataClient:
    return ODataClient(Session(http, NoAuth(), status=StatusTable(explain=explain)), server.url(ROOT), page_size=3)


def serve(
    server: ScriptedServer, count: int, cap: int, link: Callable[[int, str], str] | None = None
) -> list[dict[str, Any]]:
    """A set of `count` rows that answers at most `cap`, with a `link` when there is more, or silently without."""
    rows = [{"OrderNo": f"P{number:04}", "Line": number % 2, "Amount": 1.5} for number in range(count)]

    def answer(request: web.Request) -> Reply:
        asked = unquote(request.raw_path)
        behind = re.search(r"OrderNo gt '(\w+)'", asked)
        start = int(behind.group(1)[1:]) + 1 if behind else int(request.query.get("$skiptoken", 0))
        body: dict[str, Any] = {"value": rows[start : start + cap]}
        if link is not None and start + cap < count:
            body["@odata.nextLink"] = link(start + cap, server.url(ROOT))
        return Reply(body=body)

    server.routes[f"{ROOT}/OrderSet"] = answer
    return rows


async def read(client: ODataClient, **options: Any) -> list[str]:
    return [
        msgspec.json.decode(row)["OrderNo"]
        async for page in client.pages("OrderSet", None, (), ["OrderNo"], **options)
        for row in page.rows
    ]


def numbers(rows: list[dict[str, Any]]) -> list[str]:
    return [row["OrderNo"] for row in rows]


@pytest.mark.parametrize(
    "link",
    [
        lambda start, root: f"{root}/OrderSet?$skiptoken={start}",
        lambda start, root: f"OrderSet?$skiptoken={start}",
        lambda start, root: f"{ROOT}/OrderSet?$skiptoken={start}",
        lambda start, root: f"?$skiptoken={start}",
        lambda start, root: f"{root}/OrderSet?$filter=Name eq 'Ä b'&$skiptoken={start}",
    ],
    ids=["absolute", "relative to the root", "absolute path", "query only", "not encoded"],
)
async def test_links_are_followed_to_the_end(
    server: ScriptedServer, client: ODataClient, link: Callable[[int, str], str]
) -> None:
    rows = serve(server, 8, 3, link)
    assert await read(client) == numbers(rows)
    assert len(server.seen) == 3


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6, 7])
async def test_full_pages_without_links_are_continued_behind_the_key(
    server: ScriptedServer, client: ODataClient, count: int
) -> None:
    rows = serve(server, count, 3)
    assert await read(client) == numbers(rows)


async def test_a_silent_page_cap_loses_nothing(server: ScriptedServer, client: ODataClient) -> None:
    rows = serve(server, 17, 5)
    assert await read(client, page_size=5000) == numbers(rows)


async def test_a_limit_once_learnt_is_not_asked_about_again(server: ScriptedServer, client: ODataClient) -> None:
    serve(server, 3, 5)
    await read(client, page_size=100)
    assert len(server.seen) == 2
    serve(server, 2, 5)
    await read(client, page_size=100)
    assert len(server.seen) == 3
    serve(server, 4, 5)
    await read(client, page_size=100, confirm_end=False)
    assert len(server.seen) == 4


async def test_a_page_as_large_as_the_largest_complete_one_is_not_believed(
    server: ScriptedServer, client: ODataClient
) -> None:
    """The last page of the first read is exactly full, which tells nothing about what follows a full page."""
    serve(server, 10, 5)
    await read(client, page_size=5000)
    rows = serve(server, 7, 5)
    assert await read(client, page_size=5000) == numbers(rows)


async def test_going_on_may_take_another_filter(server: ScriptedServer, client: ODataClient) -> None:
    rows = serve(server, 4, 3)
    passed: list[int] = []

    def behind(page: list[Any]) -> Filter:
        passed.append(len(page))
        return ge("OrderNo", "B")

    assert await read(client, page_size=3, behind=behind) == numbers(rows)
    first, second = (unquote(each.target) for each in server.seen[:2])
    assert passed == [3, 1] and "$filter" not in first and "$filter=OrderNo ge 'B' and OrderNo gt " in second


async def test_a_server_that_links_is_believed_at_its_last_page(server: ScriptedServer, client: ODataClient) -> None:
    rows = serve(server, 12, 5, lambda start, root: f"OrderSet?$skiptoken={start}")
    assert await read(client, page_size=100) == numbers(rows)
    assert len(server.seen) == 3


async def test_the_query_orders_by_the_key_and_asks_for_no_top(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(body={"value": []}))
    order = [Field("Rowversion", Kind.MOMENT)]
    condition = ge("Note", "a+b & c")
    async for _ in client.pages("OrderSet", condition, order, ["OrderNo"], select=["OrderNo"]):
        pass
    seen = server.seen[0]
    assert seen.target == (
        f"{ROOT}/OrderSet?$filter=Note%20ge%20'a%2Bb%20%26%20c'&$orderby=Rowversion,OrderNo&$select=OrderNo"
    )
    assert (seen.headers["Prefer"], seen.headers["Accept"]) == ("odata.maxpagesize=3", "application/json")


async def test_continuing_keeps_the_filter_and_uses_every_order_field(
    server: ScriptedServer, client: ODataClient
) -> None:
    row = {"Rowversion": "2026-03-02T08:15:00Z", "OrderNo": "P'1", "Line": "7"}
    server.script(Reply(body={"value": [row] * 3}), Reply(body={"value": []}))
    order = [Field("Rowversion", Kind.MOMENT)]
    async for _ in client.pages("OrderSet", eq("Company", "10"), order, ["OrderNo", Field("Line", Kind.INTEGER)]):
        pass
    assert "Company eq '10' and (Rowversion gt 2026-03-02T08:15:00Z or (Rowversion eq 2026-03-02T08:15:00Z and " in (
        unquote(server.seen[1].target)
    )
    assert "(OrderNo eq 'P''1' and Line gt 7)" not in unquote(server.seen[1].target)
    assert "OrderNo eq 'P''1' and Line gt 7)" in unquote(server.seen[1].target)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/main/v1/Orders.svc/OrderSet",
        "//evil.example/main/v1/Orders.svc/OrderSet",
        "http://127.0.0.1@evil.example/main/v1/Orders.svc/OrderSet",
        "/main/v1/Other.svc/OrderSet",
        "/main/v1/Orders.svcx/OrderSet",
        "../Other.svc/OrderSet",
        "/main/v1/Orders.svc/%2e%2e/Other.svc/OrderSet",
        "/main/v1/Orders.svc/..%2FOther.svc",
        "/main/v1/Orders.svc/..\\Other.svc",
        "file:///etc/passwd",
        "http://[x",
    ],
)
async def test_a_link_out_of_the_service_is_refused(server: ScriptedServer, client: ODataClient, link: str) -> None:
    server.script(Reply(body={"value": [], "@odata.nextLink": link}))
    with pytest.raises(ContractError, match="leads out"):
        await read(client)
    assert len(server.seen) == 1


async def test_a_circle_of_links_is_refused(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(body={"value": [], "@odata.nextLink": "OrderSet?$skiptoken=1"}))
    with pytest.raises(ContractError, match="twice"):
        await read(client)
    assert len(server.seen) == 2


async def test_a_position_that_does_not_move_is_refused(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(body={"value": [{"OrderNo": "P1"}] * 3}))
    with pytest.raises(ContractError, match="twice"):
        await read(client)


async def test_trouble_amid_paging_keeps_the_link(server: ScriptedServer) -> None:
    """The token ends and the rate limit strikes on the second page; nothing is read twice or left out."""
    rows = serve(server, 9, 3, lambda start, root: f"OrderSet?$skiptoken={start}")
    plain = server.routes[f"{ROOT}/OrderSet"]
    troubles: Iterator[Reply] = iter([Reply(401), Reply(429, headers={"Retry-After": "5"}), Reply(503)])

    def troubled(request: web.Request) -> Reply:
        return next(troubles, plain(request)) if "$skiptoken" in request.query else plain(request)

    server.routes[f"{ROOT}/OrderSet"] = troubled
    server.routes["/token"] = lambda request: Reply(body={"access_token": f"t{len(server.seen)}"})
    async with Http(HttpSettings(allowed_origins=(server.url(),))) as http:
        session = Session(http, OAuth2ClientCredentials(http, server.url("/token"), "id", "client-word"))
        assert await read(ODataClient(session, server.url(ROOT), page_size=3)) == numbers(rows)
    assert session.counts.tokens == 2


async def test_an_interrupted_read_is_taken_up_at_its_link(server: ScriptedServer, client: ODataClient) -> None:
    rows = serve(server, 8, 3, lambda start, root: f"OrderSet?$skiptoken={start}")
    page = await anext(client.pages("OrderSet", None, (), ["OrderNo"]))
    assert page.next == server.url(f"{ROOT}/OrderSet?$skiptoken=3")
    assert page.server_date is not None
    assert await read(client, start=page.next) == numbers(rows)[3:]


@pytest.mark.parametrize(
    ("body", "error"),
    [("<html>Sign in</html>", ContractError), ({"rows": []}, ContractError), (b'{"value":[{', RemoteFaultError)],
)
async def test_a_page_outside_the_shape_is_refused(
    server: ScriptedServer, http: Http, body: Any, error: type[Exception]
) -> None:
    server.script(Reply(body=body))
    session = Session(http, NoAuth(), retry=RetryPolicy(tries=1))
    with pytest.raises(error):
        await read(ODataClient(session, server.url(ROOT)))


async def test_a_hundred_thousand_rows_do_not_pile_up(server: ScriptedServer) -> None:
    serve(server, 100_000, 2500, lambda start, root: f"OrderSet?$skiptoken={start}")
    async with Http(HttpSettings(allowed_origins=(server.url(),))) as http:
        client = ODataClient(Session(http, NoAuth()), server.url(ROOT), page_size=2500)
        tracemalloc.start()
        count = 0
        async for page in client.pages("OrderSet", None, (), ["OrderNo"]):
            count += len(page.rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 100_000
    assert peak < 10_000_000


async def test_one_row_with_its_etag(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(body={"@odata.etag": 'W/"1"', "OrderNo": "P1"}), Reply(body={}, headers={"ETag": 'W/"2"'}))
    row = await client.get("OrderSet", {"OrderNo": "P/1"})
    assert row is not None
    assert (row.etag, row.json()["OrderNo"]) == ('W/"1"', "P1")
    assert server.seen[0].target == f"{ROOT}/OrderSet(OrderNo='P%2F1')"
    again = await client.get("OrderSet", {"OrderNo": "P1"})
    assert again is not None
    assert again.etag == 'W/"2"'


async def test_no_row_of_this_key_is_none(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(404, {"error": {"code": "X_NOT_FOUND"}}))
    assert await client.get("OrderSet", {"OrderNo": "P1"}) is None


async def test_a_change_carries_the_rows_own_etag(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(body={"@odata.etag": 'W/"2"'}), Reply(204), Reply(201, {"OrderNo": "P2"}), Reply(204))
    row = await client.patch("OrderSet", {"OrderNo": "P1"}, {"NoteText": "x"}, 'W/"1"')
    assert row is not None
    assert row.etag == 'W/"2"'
    assert server.seen[0].headers["If-Match"] == 'W/"1"'
    assert await client.patch("OrderSet", {"OrderNo": "P1"}, {}, 'W/"2"') is None
    assert await client.create("OrderSet", {"OrderNo": "P2"}) is not None
    await client.action("OrderSet", {"OrderNo": "P1"}, "App.Orders.Order_Close", {}, 'W/"3"')
    assert server.seen[3].target == f"{ROOT}/OrderSet(OrderNo='P1')/App.Orders.Order_Close"


@pytest.mark.parametrize("etag", ["", "*", " * "])
async def test_a_change_without_a_real_etag_is_not_sent(server: ScriptedServer, client: ODataClient, etag: str) -> None:
    with pytest.raises(ContractError, match="ETag"):
        await client.patch("OrderSet", {"OrderNo": "P1"}, {}, etag)
    with pytest.raises(ContractError, match="ETag"):
        await client.action("OrderSet", {"OrderNo": "P1"}, "A.B", {}, etag)
    assert server.seen == []


@pytest.mark.parametrize("status", [412, 428])
async def test_a_stale_etag_says_so_in_the_servers_words(
    server: ScriptedServer, client: ODataClient, status: int
) -> None:
    details = [{"code": "STALE", "message": "Read P1001 again."}]
    server.script(Reply(status, {"error": {"code": "X_STALE", "message": "Changed meanwhile.", "details": details}}))
    with pytest.raises(StaleVersionError, match=r"X_STALE: Changed meanwhile. Read P1001 again."):
        await client.patch("OrderSet", {"OrderNo": "P1"}, {}, 'W/"1"')


async def test_an_unclear_change_is_not_repeated(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(fault="drop"))
    with pytest.raises(OutcomeUnknownError):
        await client.patch("OrderSet", {"OrderNo": "P1"}, {}, 'W/"1"')
    assert len(server.seen) == 1


async def test_a_missing_grant_is_a_missing_permission(server: ScriptedServer, client: ODataClient) -> None:
    server.script(Reply(403, {"error": {"code": "X_FORBIDDEN", "message": {"value": "No grant"}}}))
    with pytest.raises(PermissionMissingError, match="X_FORBIDDEN: No grant"):
        await read(client)


@pytest.mark.parametrize("body", [b"", b"<html/>", b"[]", b'{"error":"text"}', b"\xff"])
def test_an_answer_without_an_error_object_has_no_fault(body: bytes) -> None:
    assert parse_fault(body) is None


async def test_the_service_document_lists_sets(server: ScriptedServer, client: ODataClient) -> None:
    server.script(
        Reply(body={"value": [{"name": "OrderSet"}, {"name": "Me", "kind": "Singleton"}], "@odata.context": "x"})
    )
    assert await client.service_document() == {"OrderSet"}
    assert server.seen[0].target == f"{ROOT}/"


async def test_metadata_is_asked_for_as_xml(server: ScriptedServer, client: ODataClient) -> None:
    document = '<a:Schema Namespace="N"><EntityType Name="T"/><EntitySet Name="S" EntityType="N.T"/></a:Schema>'
    server.script(Reply(body=document, headers={"Content-Type": "application/xml"}))
    assert await client.metadata() == {"S": {}}
    assert server.seen[0].target == f"{ROOT}/$metadata"


async def test_ieee754_asks_for_decimals_as_text(server: ScriptedServer, http: Http) -> None:
    server.script(Reply(body={"value": []}))
    await read(ODataClient(Session(http, NoAuth()), server.url(ROOT), ieee754=True))
    assert server.seen[0].headers["Accept"] == "application/json;IEEE754Compatible=true"
