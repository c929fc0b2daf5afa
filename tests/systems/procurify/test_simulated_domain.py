"""Creates that cannot be changed later (requisitions, locations) under every trouble, and an order's whole way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from ml_connector import clock
from ml_connector.clock import ManualClock
from ml_connector.errors import RecordError
from ml_connector.mappings import Refs
from ml_connector.records import Entity, Record
from ml_connector.systems.base import Answer, Doubt, Opening, Receipt, Row, Target
from ml_connector.systems.procurify import CONNECTOR
from ml_connector.systems.procurify.connection import Procurify
from ml_connector_simulators.procurify import ProcurifySimulator
from systems.procurify.documents import GUID, line, location, order, supplier
from systems.procurify.domain import create, find, ready, shape

SETTINGS = {"breaker_timeouts": 1000, "create_locations": True, "location_phone": "+49 711 5550100"}
TROUBLES: list[tuple[str, dict[str, Any]]] = [
    ("drop_after", {}),
    ("drop_before", {}),
    ("process_late", {"seconds": 0.02}),
    ("html_after", {}),
    ("truncate", {}),
    ("status", {"status": 500}),
    ("status", {"status": 504}),
    ("status", {"status": 429, "retry_after_s": 17}),
    ("status", {"status": 429}),
]


@pytest.fixture
async def sim() -> AsyncIterator[ProcurifySimulator]:
    async with ProcurifySimulator(size="small", seed=1) as running:
        yield running


@asynccontextmanager
async def connected(sim: ProcurifySimulator, **settings: Any) -> AsyncIterator[Procurify]:
    credentials = {name: str(value) for name, value in sim.credentials().items() if name != "auth_mode"}
    given = msgspec.convert({**sim.settings(), **SETTINGS, **settings}, CONNECTOR.settings)
    async with CONNECTOR.open(Opening("pro", sim.url, given, "oauth2", credentials)) as system:
        assert isinstance(system, Procurify)
        yield system


async def parents(system: Procurify) -> Refs:
    """A vendor, and an account code and a department that are there."""
    vendor = await create(await ready(system, Entity.SUPPLIERS), supplier())
    assert isinstance(vendor, Receipt)
    codes = await (await ready(system, Entity.GL_ACCOUNTS)).by_code(["4010"])
    return Refs({("supplier", GUID): vendor.external_id, ("gl_account", "a1"): codes["4010"][0]})


async def made_certain(sim: ProcurifySimulator, target: Target, record: Record, refs: Refs) -> Receipt | Row:
    """As a run does it: a doubt is looked up after the window, and only then is it sent again."""
    for _ in range(3):
        answer: Answer = await create(target, record, refs)
        if not isinstance(answer, Doubt):
            assert isinstance(answer, Receipt), answer
            return answer
        await clock.sleep(target.late_write_window_s + 1)
        await asyncio.gather(*sim._late)
        (rows,) = await target.find_parts([shape(target, record, refs).parts[0]])
        if rows:
            return rows[0]
    raise AssertionError("it never became clear")


@pytest.mark.parametrize(("trouble", "more"), TROUBLES)
async def test_requisition_is_there_once_whatever_became_of_its_request(
    sim: ProcurifySimulator, trouble: str, more: dict[str, Any]
) -> None:
    async with connected(sim) as system:
        refs = await parents(system)
        target = await ready(system, Entity.PURCHASE_ORDERS)
        before = len(sim.truth()["orders"])
        sim.add_fault(match={"kind": "write"}, action={"do": trouble, **more}, nth=1)
        found = await made_certain(sim, target, order(currency="EUR"), refs)
        part = shape(target, order(currency="EUR"), refs).parts[0]
        (row,) = await find(target, order(currency="EUR"), refs)
    orders = sim.truth()["orders"]
    assert len(orders) == before + 1
    assert found.external_id == row.external_id == str(orders[-1]["uuid"])
    assert target.differences(part.payload, row) == []
    (item,) = orders[-1]["order_items"]
    assert item["name"] == "104455:P-20417/1 Bearing 6204"
    assert [each["value"] for each in item["custom_fields"]] == ["P-20417"]


@pytest.mark.parametrize(("trouble", "more"), TROUBLES)
async def test_location_is_there_once_whatever_became_of_its_request(
    sim: ProcurifySimulator, trouble: str, more: dict[str, Any]
) -> None:
    place = location(line1="1 Mill Road", postal_code="45402", country="US", region="OH")
    async with connected(sim) as system:
        target = await ready(system, Entity.LOCATIONS)
        before = len(sim.truth()["locations"])
        sim.add_fault(match={"kind": "write"}, action={"do": trouble, **more}, nth=1)
        await made_certain(sim, target, place, Refs({}))
    assert len(sim.truth()["locations"]) == before + 1


async def test_way_of_an_order(sim: ProcurifySimulator, quick_clock: ManualClock) -> None:
    """Approved, bought in part, bought; one that is denied."""
    async with connected(sim) as system:
        refs = await parents(system)
        target = await ready(system, Entity.PURCHASE_ORDERS)
        both = order(line("1"), line("2", "1", id="2/1"), currency="EUR")
        answer = await create(target, both, refs)
        other = await create(target, order(number="P-2", currency="EUR"), refs)
        assert isinstance(answer, Receipt) and isinstance(other, Receipt)

        async def look(uuid: str) -> tuple[str, str]:
            row = (await target.read("requisitions", [uuid]))[uuid]
            assert target.differences(shape(target, both, refs).parts[0].payload, row) == [] or row.note == ""
            return row.pending, row.note

        assert await look(answer.external_id) == ("WAITING_APPROVAL", "")
        sim.move(answer.external_id, "approve")
        assert (await look(answer.external_id))[1].startswith("approved")
        items = sim.truth()["orders"][-2]["order_items"]
        sim.move(answer.external_id, "purchase", {"items": [items[0]["id"]]})
        assert (await look(answer.external_id))[1].startswith("partly bought")
        sim.move(answer.external_id, "purchase")
        pending, note = await look(answer.external_id)
        assert pending == ""
        numbers = [str(row["number"]) for row in sim.truth()["purchase_orders"]][-2:]
        assert note == f"became purchase order {' and '.join(numbers)}"
        sim.move(other.external_id, "deny")
        assert (await look(other.external_id))[0] == "DENIED_BY_APPROVER"


async def test_requisition_that_is_bought_under_our_number_by_hand_is_found(sim: ProcurifySimulator) -> None:
    """The story's hand-keyed orders: those bought carry the number on their purchase order."""
    bought = [row for row in sim.truth()["purchase_orders"] if row["PO_Num"]]
    assert bought
    async with connected(sim) as system:
        refs = Refs({("supplier", GUID): str(bought[0]["pref_vendor"]), ("gl_account", "a1"): "1"})
        target = await ready(system, Entity.PURCHASE_ORDERS)
        (row,) = await find(target, order(number=bought[0]["PO_Num"], currency="EUR"), refs)
    assert row.columns["item_name"] == ""
    assert row.external_id in {str(each["uuid"]) for each in sim.truth()["orders"]}


async def test_text_of_a_line_is_there_as_it_is_or_remarked_on(sim: ProcurifySimulator) -> None:
    async with connected(sim) as system:
        refs = await parents(system)
        target = await ready(system, Entity.PURCHASE_ORDERS)
        texts = ['O\'Brien & Sons "P"', "東京精密", "☀️ é", "behind   ", "<b>&amp;</b>", "w" * 5000]
        for number, text in enumerate(texts):
            record = order(line(description=text, item=""), number=f"T-{number}", currency="EUR")
            answer = await create(target, record, refs)
            assert not isinstance(answer, RecordError)
            name = sim.truth()["orders"][-1]["order_items"][0]["name"]
            assert name.endswith(f" {text}") or shape(target, record, refs).warnings


async def test_requests_never_overlap(sim: ProcurifySimulator) -> None:
    async with connected(sim) as one, connected(sim) as other:
        await asyncio.gather(*(parents(system) for system in (one, other, one)))
    assert sim.counts.overlapping == 0
