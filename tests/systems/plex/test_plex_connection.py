"""Who signs in how, for which plant, and what a refusal means."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs

import msgspec
import pytest
from aiohttp import web

from conformance.reading import read
from ml_connector.errors import (
    AuthenticationError,
    ContractError,
    ModuleMissingError,
    PermissionMissingError,
)
from ml_connector.records import Entity
from ml_connector.systems.plex import CONNECTOR
from ml_connector.systems.plex.settings import PATHS, PlexSettings, api_base, token_url
from scripted_server import Reply, ScriptedServer
from systems.plex.plex_plant import KEY, NOW, OAUTH, PCN, UNAUTHENTICATED, Plant, connected, guid

ACCOUNT = {"id": guid(1), "accountNumber": "6100-20-00", "name": "Parts", "active": True}


@pytest.mark.parametrize("given", [{}, {"pcn": ""}, {"pcn": "  "}, {"pcn": "1\r\nX-Plex-Connect-Tenant-Id: 2"}])
def test_a_missing_pcn_is_refused_before_the_first_call(given: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError, match="pcn"):
        msgspec.convert(given, CONNECTOR.settings)


@pytest.mark.parametrize("mode", ["oauth2", "connect_key"])
async def test_the_pcn_goes_with_every_call(plant: Plant, mode: str) -> None:
    plant.put("gl_accounts", ACCOUNT)
    plant.put(
        "suppliers", {"id": guid(2), "code": "A", "name": "A", "modifiedDate": "2026-03-01T00:00:00Z"}, addresses=[]
    )
    async with connected(plant.server, mode) as system:
        await read(system, Entity.GL_ACCOUNTS)
        await read(system, Entity.SUPPLIERS)
    assert {call.headers.get("X-Plex-Connect-Customer-Id") for call in plant.calls} == {PCN}
    assert len(plant.calls) > 5


async def test_the_tenant_header_carries_the_guid_and_records_the_pcn(plant: Plant) -> None:
    plant.put("gl_accounts", ACCOUNT)
    header = "X-Plex-Connect-Tenant-Id"
    async with connected(plant.server, pcn_header=header, tenant_id=guid(9)) as system:
        found = await read(system, Entity.GL_ACCOUNTS)
    assert {call.headers.get(header) for call in plant.calls} == {guid(9)}
    assert "X-Plex-Connect-Customer-Id" not in plant.calls[0].headers
    assert {raw.scope for raw in found.records} == {PCN}
    with pytest.raises(msgspec.ValidationError, match="tenant_id"):
        msgspec.convert({"pcn": PCN, "pcn_header": header}, CONNECTOR.settings)


async def test_a_key_goes_in_headers_and_never_in_the_address(plant: Plant) -> None:
    plant.put("gl_accounts", ACCOUNT)
    async with connected(plant.server, "connect_key") as system:
        await read(system, Entity.GL_ACCOUNTS)
    for call in plant.server.seen:
        assert call.headers["X-Plex-Connect-Api-Key"] == KEY["api_key"]
        assert call.headers["X-Plex-Connect-Api-Secret"] == KEY["api_secret"]
        assert "Authorization" not in call.headers
        assert KEY["api_key"] not in call.target


@pytest.mark.parametrize("place", ["body", "basic"])
async def test_client_and_scope_of_the_token_request(plant: Plant, place: str) -> None:
    async with connected(plant.server, client_auth=place, scope="erp.read") as system:
        await system.api.session.auth.headers()
    (request,) = plant.server.seen
    form = parse_qs(request.body.decode())
    assert form["grant_type"] == ["client_credentials"] and form["scope"] == ["erp.read"]
    pair = base64.b64encode(f"{OAUTH['client_id']}:{OAUTH['client_secret']}".encode()).decode()
    assert ("client_secret" in form) == (place == "body")
    assert (request.headers.get("Authorization") == f"Basic {pair}") == (place == "basic")


async def test_the_token_endpoint_may_be_looked_up(plant: Plant) -> None:
    found = {"token_endpoint": plant.server.url("/elsewhere/token")}
    plant.serve("/.well-known/openid-configuration", lambda request: Reply(body=found))
    plant.serve("/elsewhere/token", lambda request: Reply(body={"access_token": "t", "expires_in": 60}))
    async with connected(plant.server, discover_token_url=True) as system:
        assert (await system.api.session.auth.headers())["Authorization"] == "Bearer t"


async def test_a_discovered_token_endpoint_elsewhere_is_not_believed(plant: Plant) -> None:
    found = {"token_endpoint": "https://evil.example/token"}
    plant.serve("/.well-known/openid-configuration", lambda request: Reply(body=found))
    async with connected(plant.server, discover_token_url=True) as system:
        with pytest.raises(AuthenticationError, match="another host"):
            await system.api.session.auth.headers()


@pytest.mark.parametrize(
    ("base_url", "root", "found"),
    [
        ("https://cloud.plex.com", "auto", "https://cloud.plex.com/api"),
        ("https://cloud.plex.com/api/", "auto", "https://cloud.plex.com/api"),
        ("https://connect.plex.com", "auto", "https://connect.plex.com"),
        ("https://test.connect.plex.com", "auto", "https://test.connect.plex.com"),
        ("http://127.0.0.1:9101", "auto", "http://127.0.0.1:9101/api"),
        ("http://127.0.0.1:9101", "", "http://127.0.0.1:9101"),
        ("http://127.0.0.1:9101", "/v9/", "http://127.0.0.1:9101/v9"),
    ],
)
def test_where_the_api_is(base_url: str, root: str, found: str) -> None:
    assert api_base(PlexSettings(pcn=PCN, api_root=root), base_url) == found


@pytest.mark.parametrize(
    ("base_url", "given", "found"),
    [
        ("https://cloud.plex.com", "", "https://accounts.plex.com/oauth2/token"),
        ("https://test.connect.plex.com", "", "https://accounts.plex.com/oauth2/token"),
        ("http://127.0.0.1:9101", "", "http://127.0.0.1:9101/oauth2/token"),
        ("https://notplex.com", "", "https://notplex.com/oauth2/token"),
        ("https://cloud.plex.com", "https://id.acme.com/t", "https://id.acme.com/t"),
    ],
)
def test_where_tokens_come_from(base_url: str, given: str, found: str) -> None:
    assert token_url(PlexSettings(pcn=PCN, token_url=given), base_url) == found


async def test_a_401_is_renewed_once_and_then_stops(plant: Plant) -> None:
    plant.refuse("gl_accounts", 401)
    plant.refuse("tenants", 401)
    async with connected(plant.server) as system:
        with pytest.raises(AuthenticationError, match=f"PCN {PCN}") as caught:
            await system.api.rows(PATHS["gl_accounts"])
    assert len(plant.asked("gl_accounts")) == 2
    assert caught.value.fix and caught.value.who


@pytest.mark.parametrize("mode", ["oauth2", "connect_key"])
async def test_some_401_mean_that_a_product_is_not_subscribed(plant: Plant, mode: str) -> None:
    plant.refuse("ap_invoices", 401)
    async with connected(plant.server, mode) as system:
        with pytest.raises(ModuleMissingError, match=r"Accounting.*not subscribed"):
            await read(system, Entity.INVOICES)
    assert len(plant.asked("ap_invoices")) == (2 if mode == "oauth2" else 1)


async def test_a_key_that_expires_amid_reading_is_not_taken_for_a_missing_product(plant: Plant) -> None:
    plant.put("gl_accounts", ACCOUNT)
    async with connected(plant.server, "connect_key") as system:
        await read(system, Entity.GL_ACCOUNTS)
        for name in PATHS:
            plant.refuse(name, 401)
        plant.server.script(Reply(401, UNAUTHENTICATED))
        with pytest.raises(AuthenticationError, match="expired"):
            await system.api.rows(PATHS["suppliers"])


async def test_a_403_is_asked_once_and_names_role_and_quota(plant: Plant) -> None:
    plant.refuse("ap_invoices", 403)
    async with connected(plant.server) as system:
        with pytest.raises(PermissionMissingError) as caught:
            await read(system, Entity.INVOICES)
    assert len(plant.asked("ap_invoices")) == 1
    assert "role" in caught.value.fix and "quota" in caught.value.fix


@pytest.mark.parametrize("body", [{"value": []}, {"code": "X"}, "<html>maintenance</html>", [7], [{"code": "no id"}]])
async def test_something_else_than_a_list_of_rows_is_never_nothing(plant: Plant, body: object) -> None:
    plant.serve(f"/api{PATHS['suppliers']}", lambda request: Reply(body=body, headers={"Date": NOW}))
    async with connected(plant.server) as system:
        with pytest.raises(ContractError):
            await read(system, Entity.SUPPLIERS)


async def test_calls_of_all_connections_to_a_plant_share_two_places(server: ScriptedServer) -> None:
    async with connected(server) as one, connected(server) as two, connected(server, pcn="200002") as other:
        assert one.api.session.http.slots is two.api.session.http.slots
        assert one.api.session.http.slots is not other.api.session.http.slots
        assert one.api.session.budget is two.api.session.budget is other.api.session.budget


async def test_the_words_of_plex_are_in_the_error(plant: Plant) -> None:
    said = {
        "code": "REQUEST_VALIDATION_FAILED",
        "message": "Validation failed.",
        "errors": [{"code": "ARGUMENT_INVALID", "message": "modifiedDateBegin is no time."}],
    }
    plant.serve(f"/api{PATHS['suppliers']}", lambda request: Reply(400, said, {"Date": NOW}))
    async with connected(plant.server) as system:
        with pytest.raises(ContractError, match="modifiedDateBegin is no time"):
            await read(system, Entity.SUPPLIERS)


async def test_parameters_may_have_other_names(plant: Plant) -> None:
    def answer(request: web.Request) -> Reply:
        assert "modified_from" in request.query or "createdDateBegin" in request.query
        return plant.reply([])

    plant.put("gl_accounts", ACCOUNT)
    plant.serve("/api/mdm/v9/vendors", answer)
    names = {"modifiedDateBegin": "modified_from"}
    async with connected(plant.server, filter_param_map=names, paths={"suppliers": "mdm/v9/vendors"}) as system:
        assert (await read(system, Entity.SUPPLIERS)).records == []
