"""Requests name their vendor: what happens when names change or lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.plant import FLOW
from flows.procurify_domain import Domain
from ml_connector_simulators.exchange import Call


def test_vendor_that_was_renamed_in_procurify(domain: Domain) -> None:
    """Orders go to the row, under the name that it has now; the ERP's name comes back with the ERP's next change."""
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    domain.typed("vendors", {"id": vendor["id"]}, name="As the buyers call it")
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}


def test_vendor_renamed_between_the_look_and_the_request(domain: Domain) -> None:
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    answer = domain.target.answer

    async def renamed_first(call: Call) -> Any:
        if call.path.endswith("/requisitions/"):
            domain.target.update("vendors", {"id": vendor["id"]}, {"name": "Renamed just now"})
        return await answer(call)

    domain.target.answer = renamed_first  # type: ignore[method-assign]
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key)[0] == "rejected"
    assert domain.requests_of(key) == []
    domain.target.answer = answer  # type: ignore[method-assign]
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}


def inactive_twin(domain: Domain, vendor: dict[str, Any]) -> None:
    """One of the lowest id."""
    first = min(domain.table("vendors"), key=lambda row: row["id"])
    domain.typed("vendors", {"id": first["id"]}, name=vendor["name"], active=False, external_id=None)


def active_twin(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.loop.call(lambda: domain.target.insert("vendors", {"name": vendor["name"]}))


def regular(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.typed("vendors", {"id": vendor["id"]}, type=4)


def inactive(domain: Domain, vendor: dict[str, Any]) -> None:
    domain.typed("vendors", {"id": vendor["id"]}, active=False)


def original(domain: Domain, vendor: dict[str, Any]) -> None:
    """All as it was, and no other row of its name."""
    values = {name: vendor[name] for name in ("name", "type", "active")}
    domain.typed("vendors", {"id": vendor["id"]}, **values)
    for row in domain.table("vendors"):
        if row["name"] == vendor["name"] and row["id"] != vendor["id"]:
            domain.typed("vendors", {"id": row["id"]}, name=f"Not {vendor['name']}")


@pytest.mark.thorough(4)
@pytest.mark.parametrize("lookup", ["lowest_id", "active_only"])
@pytest.mark.parametrize("trouble", [inactive_twin, active_twin, regular, inactive], ids=lambda f: f.__name__)
def test_vendor_that_a_request_could_miss(
    domain: Domain, trouble: Callable[[Domain, dict[str, Any]], None], lookup: str
) -> None:
    """Nothing is sent to a name that may lead elsewhere; it goes when people have put that right."""
    domain.loop.call(lambda: domain.target.set_switches(vendor_name_lookup=lookup))
    domain.run()
    key = domain.desk.enter_order("777001", 0)
    vendor = domain.vendor_of(key)
    trouble(domain, vendor)
    domain.pass_time(3600)
    domain.run()
    assert domain.requests_of(key) == []
    assert domain.state(key)[0] in ("rejected", "held")
    assert domain.row("purchase_orders", key)["message"]
    original(domain, vendor)
    domain.app.decide("release", FLOW, "purchase_orders", [key], "put right")
    domain.run()
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert {item["pref_vendor"] for item in domain.order(key)["order_items"]} == {vendor["id"]}
