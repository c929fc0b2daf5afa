"""Reading by time: slices that shrink and grow, and a server that ignores what it is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from conformance.reading import read
from ml_connector.errors import ContractError, RemoteFaultError
from ml_connector.records import Entity
from ml_connector.systems.plex.settings import PATHS
from ml_connector.systems.plex.slices import write_moment
from scripted_server import Reply
from systems.plex.plex_plant import Plant, connected, guid

SERVER_NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def supplier(number: int, modified: str | None, **more: Any) -> dict[str, Any]:
    return {"id": guid(number), "code": f"S{number}", "name": f"S{number}", "modifiedDate": modified, **more}


def at(hours_ago: float) -> str:
    return write_moment(SERVER_NOW - timedelta(hours=hours_ago))


async def keys(plant: Plant, entity: Entity = Entity.SUPPLIERS, **settings: Any) -> list[str]:
    async with connected(plant.server, **settings) as system:
        return (await read(system, entity)).keys


@pytest.fixture
def suppliers(plant: Plant) -> Plant:
    for number, ago in enumerate((0.01, 1, 24, 24.5, 30, 72, 72, 2000, 90000)):
        plant.put("suppliers", supplier(number, at(ago)), addresses=[])
    return plant


async def test_every_row_comes_once_also_at_the_edges_of_slices(suppliers: Plant) -> None:
    assert sorted(await keys(suppliers)) == [guid(number) for number in range(9)]


async def test_slices_grow_over_times_with_few_rows(suppliers: Plant) -> None:
    await keys(suppliers)
    assert len(suppliers.asked("suppliers")) < 20


async def test_times_are_utc_with_a_z_and_never_a_date_alone(suppliers: Plant) -> None:
    await keys(suppliers)
    asked = [target for target in suppliers.asked("suppliers") if "Begin" in target]
    assert asked[0].endswith("?modifiedDateBegin=2026-03-01T12:00:00Z&modifiedDateEnd=2999-12-31T23:59:59Z")
    assert all("T" in target.split("Begin=")[1].split("&")[0] for target in asked)
    assert not any("limit" in target for target in asked)


async def test_too_many_rows_are_asked_for_in_smaller_slices(suppliers: Plant) -> None:
    assert sorted(await keys(suppliers, max_rows=2)) == [guid(number) for number in range(9)]


async def test_too_many_bytes_are_asked_for_in_smaller_slices(suppliers: Plant) -> None:
    for row in suppliers.rows["suppliers"]:
        row["note"] = "x" * 500
    assert sorted(await keys(suppliers, max_bytes=1500)) == [guid(number) for number in range(9)]


async def test_more_rows_in_a_second_than_allowed_stop_with_the_setting(plant: Plant) -> None:
    for number in range(5):
        plant.put("suppliers", supplier(number, at(1)), addresses=[])
    with pytest.raises(ContractError, match="max_rows"):
        await keys(plant, max_rows=4)


async def test_what_takes_too_long_is_repeated_once_and_then_halved(plant: Plant) -> None:
    plant.put("suppliers", supplier(1, at(1)), addresses=[])
    widths: list[float] = []

    def answer(request: web.Request) -> Reply:
        begin = request.query.get("modifiedDateBegin")
        if begin is not None and "2999" in request.query["modifiedDateEnd"]:
            widths.append((SERVER_NOW - datetime.fromisoformat(begin)).total_seconds() / 3600)
            if widths[-1] > 10:
                return Reply(body=[], fault="stall")
        return plant.listed("suppliers", request)

    plant.serve(f"/api{PATHS['suppliers']}", answer)
    assert await keys(plant, read_timeout_s=0.05) == [guid(1)]
    assert widths == [24, 24, 12, 12, 6]


async def test_a_server_that_is_late_whatever_is_asked_stops_the_route(plant: Plant) -> None:
    plant.serve(f"/api{PATHS['suppliers']}", lambda request: Reply(504, headers={"Date": plant.now}))
    with pytest.raises(RemoteFaultError):
        await keys(plant)
    assert len(plant.asked("suppliers")) <= 7 * 6


async def test_a_list_that_has_no_times_stops_when_it_takes_too_long(plant: Plant) -> None:
    plant.serve(f"/api{PATHS['gl_accounts']}", lambda request: Reply(body=[], fault="stall"))
    with pytest.raises(RemoteFaultError, match="in time"):
        await keys(plant, Entity.GL_ACCOUNTS, read_timeout_s=0.05)


async def test_a_server_that_knows_no_filter_by_creation_does_no_harm(suppliers: Plant) -> None:
    suppliers.known = ("id", "modifiedDate")
    assert sorted(await keys(suppliers)) == [guid(number) for number in range(9)]


@pytest.mark.parametrize("known", [("id", "createdDate"), ("id",)])
async def test_a_server_that_ignores_the_filter_is_noticed(suppliers: Plant, known: tuple[str, ...]) -> None:
    suppliers.known = known
    with pytest.raises(ContractError, match="modifiedDateBegin and modifiedDateEnd") as caught:
        await keys(suppliers)
    assert "filter_param_map" in caught.value.fix


async def test_rows_that_were_never_modified_are_found_by_their_creation(plant: Plant) -> None:
    plant.put("suppliers", supplier(1, None, createdDate=at(5)), addresses=[])
    plant.put("suppliers", supplier(2, at(3), createdDate=at(5)), addresses=[])
    assert sorted(await keys(plant)) == [guid(1), guid(2)]


async def test_a_server_without_a_clock_is_refused(plant: Plant) -> None:
    plant.now = ""
    plant.serve("/api/mdm/v1/tenants", lambda request: Reply(body=[], headers={"Date": "once upon a time"}))
    with pytest.raises(ContractError, match="Date header"):
        await keys(plant)


@pytest.mark.parametrize("active_known", [True, False])
async def test_active_and_inactive_rows_are_merged(plant: Plant, active_known: bool) -> None:
    for number, active in ((1, True), (2, False)):
        row = {"id": guid(number), "accountNumber": f"6{number}00-20-00", "name": "x", "active": active}
        plant.put("gl_accounts", row)
    if not active_known:
        plant.known = ("id",)
    assert sorted(await keys(plant, Entity.GL_ACCOUNTS)) == [guid(1), guid(2)]
    assert {target.partition("?")[2] for target in plant.asked("gl_accounts")} == {"active=true", "active=false"}


async def test_the_watermark_is_the_servers_clock(suppliers: Plant) -> None:
    async with connected(suppliers.server) as system:
        first = await read(system, Entity.SUPPLIERS)
        assert first.cursor is not None and first.cursor["until"] == "2026-03-02T12:00:00Z"
        suppliers.now = "Mon, 02 Mar 2026 18:00:00 GMT"
        await system.api.rows(PATHS["tenants"])
        seen = len(suppliers.asked("suppliers"))
        second = await read(system, Entity.SUPPLIERS, first.cursor)
    assert second.cursor is not None and second.cursor["until"] == "2026-03-02T18:00:00Z"
    assert "modifiedDateBegin=2026-03-02T11:55:00Z" in suppliers.asked("suppliers")[seen]
