"""What goes wrong on the way: expired tokens, throttling, refusals; and how it is told."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector import clock
from ml_connector.errors import AuthenticationError, ConfigurationError, RemoteFaultError, StaleVersionError
from ml_connector.protocols.odata import ODataClient
from ml_connector.records import Entity
from ml_connector.systems.ifs_cloud import CONNECTOR
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import connected, opening, read_anew
from systems.simulated import read

ORDERS_FOR_WRITING = "/int/ifsapplications/projection/v1/PurchaseOrderHandling.svc"


async def test_a_token_that_expires_amid_the_pages_is_renewed(tenant: IfsCloudSimulator) -> None:
    tenant.set_switches(page_limit=20)
    tenant.add_fault(match={"kind": "read"}, every=4, action={"do": "status", "status": 401})
    reading = await read_anew(tenant, Entity.INVOICES)
    assert len(set(reading.keys)) == len(tenant.truth()["PostingProposalHeadSet"])
    assert tenant.journal.counts().by_kind["token"] > 1


async def test_one_token_serves_many_requests(tenant: IfsCloudSimulator) -> None:
    await read_anew(tenant, Entity.INVOICES)
    assert tenant.journal.counts().by_kind["token"] == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_throttling_is_waited_out(tenant: IfsCloudSimulator, form: str) -> None:
    action = {"do": "status", "status": 429, "retry_after_s": 17, "retry_after_form": form}
    tenant.add_fault(match={"entity": "PostingProposalHeadSet"}, nth=2, action=action)
    with clock.use(clock.ManualClock()) as time:
        reading = await read_anew(tenant, Entity.INVOICES)
    assert len(reading.keys) == len(tenant.truth()["PostingProposalHeadSet"])
    assert any(15 <= slept <= 20 for slept in time.slept)


async def test_five_hundreds_and_lost_connections_are_tried_again(tenant: IfsCloudSimulator) -> None:
    tenant.add_fault(match={"kind": "read"}, nth=2, action={"do": "status", "status": 500})
    tenant.add_fault(match={"kind": "read"}, nth=4, action={"do": "drop_after"})
    tenant.add_fault(match={"kind": "read"}, nth=6, action={"do": "truncate"})
    with clock.use(clock.ManualClock()):
        reading = await read_anew(tenant, Entity.INVOICES)
    assert len(reading.keys) == len(tenant.truth()["PostingProposalHeadSet"])


async def test_a_system_that_stays_down_ends_the_reading(tenant: IfsCloudSimulator) -> None:
    tenant.add_fault(match={"entity": "PostingProposalLineSet"}, action={"do": "status", "status": 503})
    with clock.use(clock.ManualClock()), pytest.raises(RemoteFaultError):
        await read_anew(tenant, Entity.INVOICES)


async def test_a_wrong_secret_is_said_and_shown_nowhere(tenant: IfsCloudSimulator) -> None:
    with pytest.raises(AuthenticationError) as caught:
        async with CONNECTOR.open(opening(tenant, {"client_secret": "not-the-secret"})) as system:
            await read(system, Entity.SUPPLIERS)
    assert "not-the-secret" not in f"{caught.value} {caught.value.fields}"


async def test_client_and_secret_may_go_into_a_basic_header(tenant: IfsCloudSimulator) -> None:
    assert (await read_anew(tenant, Entity.SUPPLIERS, token_client_in_basic=True)).keys


async def test_requests_count_what_left(tenant: IfsCloudSimulator) -> None:
    async with connected(tenant) as system:
        await read(system, Entity.PURCHASE_ORDERS)
        assert system.requests == tenant.journal.counts().total


async def test_ifs_cloud_is_read_only(tenant: IfsCloudSimulator) -> None:
    assert CONNECTOR.writes == frozenset()
    async with connected(tenant) as system:
        with pytest.raises(ConfigurationError, match="read only"):
            system.target(Entity.INVOICES)
        with pytest.raises(ConfigurationError):
            system.stream(Entity.PAYMENTS)


async def test_a_change_would_carry_the_etag_that_was_read(tenant: IfsCloudSimulator) -> None:
    """The connector offers no writes; what it would write with never upserts and never says `*` (FACTS 15)."""
    async with connected(tenant) as system:
        client = ODataClient(_session(system), tenant.url + ORDERS_FOR_WRITING)
        key = {"OrderNo": "P9012"}
        row = await client.get("PurchaseOrderSet", key)
        assert row is not None and row.etag is not None
        changed = await client.patch("PurchaseOrderSet", key, {"NoteText": "checked"}, row.etag)
        assert changed is not None and changed.etag not in (None, row.etag)
        with pytest.raises(StaleVersionError):
            await client.patch("PurchaseOrderSet", key, {"NoteText": "again"}, row.etag)
    writes = [entry for entry in tenant.journal.entries if entry.kind == "write"]
    assert [entry.headers["If-Match"] for entry in writes] == [row.etag, row.etag]


def _session(system: Any) -> Any:
    return system.session


async def test_every_request_stays_within_the_rules_of_the_tenant(tenant: IfsCloudSimulator) -> None:
    """No $top while paging, no $expand, $count, `in`; every page ordered down to the key (FACTS 8-12)."""
    await read_anew(tenant, Entity.PURCHASE_ORDERS)
    reads = [entry for entry in tenant.journal.entries if "PurchaseOrderHandling.svc/PurchaseOrder" in entry.target]
    pages = [entry for entry in reads if "$top" not in entry.target]
    assert pages and all("$orderby=OrderNo" in entry.target for entry in pages)
    assert all(entry.headers["Prefer"] == "odata.maxpagesize=5000" for entry in pages)
    forbidden = ("$expand", "$count", "$skip=", "$apply", "%20in%20", "+")
    assert not [entry.target for entry in tenant.journal.entries for sign in forbidden if sign in entry.target]
