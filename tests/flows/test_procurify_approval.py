"""What people in Procurify decide about requests, and what becomes of edits after they were sent."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from flows.plant import FLOW
from flows.procurify_domain import Domain


def test_approved_and_bought(domain: Domain) -> None:
    domain.run()
    key = domain.waiting()[0]
    domain.people("approve", key)
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert "a purchaser has yet to make the purchase order" in domain.story(key)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    number = domain.table("purchase_orders")[-1]["number"]
    assert f"became purchase order {number}" in domain.story(key)
    domain.forget_requests()
    domain.run(full=True)
    assert domain.writes == 0
    assert domain.state(key) == ("landed", "")


def test_bought_in_parts(domain: Domain) -> None:
    domain.run()
    key = next(key for key in domain.waiting() if len(domain.order(key)["order_items"]) > 2)
    domain.people("approve", key)
    domain.people("purchase", key, [0])
    domain.run()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    assert "partly bought" in domain.story(key)
    domain.people("purchase", key)
    domain.run()
    first, second = (row["number"] for row in domain.table("purchase_orders")[-2:])
    assert domain.state(key) == ("landed", "")
    assert f"became purchase order {first} and {second}" in domain.story(key)


def test_item_that_was_rejected_is_told(domain: Domain) -> None:
    domain.run()
    key = next(key for key in domain.waiting() if len(domain.order(key)["order_items"]) > 1)
    domain.people("approve", key)
    item = domain.order(key)["order_items"][0]
    domain.typed("order_items", {"id": item["id"]}, status=4)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    assert "1 item(s) were denied or rejected in Procurify" in domain.story(key)


def test_denied(domain: Domain) -> None:
    domain.run()
    key = domain.waiting()[0]
    domain.people("deny", key)
    for _ in range(2):
        domain.run()
        assert domain.state(key) == ("rejected", "DENIED_BY_APPROVER")
    domain.replay()
    domain.run(full=True)
    assert domain.state(key) == ("rejected", "DENIED_BY_APPROVER")
    assert len(domain.requests_of(key)) == 1


@pytest.mark.parametrize("bought", [False, True])
def test_edit_and_cancellation_after_sending_are_told(domain: Domain, bought: bool) -> None:
    domain.run()
    more, cancelled = domain.desk.order_more(1, 3), domain.desk.cancel_order(2)
    if bought:
        for key in (more, cancelled):
            domain.people("approve", key)
            domain.people("purchase", key)
    domain.pass_time(3600)
    domain.forget_requests()
    domain.run()
    assert domain.state(more) == domain.state(cancelled) == ("rejected", "TARGET_IMMUTABLE")
    lines = {row["key"]: row for row in domain.app.records(FLOW, route="purchase_orders")}
    assert "Change it in Procurify by hand" in json.dumps(lines[more], default=str)
    assert "Cancel it in Procurify by hand" in json.dumps(lines[cancelled], default=str)
    domain.run()
    assert domain.state(more) == ("rejected", "TARGET_IMMUTABLE")
    assert domain.writes == 0
    assert len(domain.requests_of(more)) == len(domain.requests_of(cancelled)) == 1


def test_edit_that_people_have_made_in_procurify_too(domain: Domain) -> None:
    domain.run()
    key = domain.desk.order_more(1, 3)
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("rejected", "TARGET_IMMUTABLE")
    item = domain.order(key)["order_items"][0]
    domain.typed("order_items", {"id": item["id"]}, quantity=Decimal(str(item["quantity"])) + 3)
    domain.replay()
    assert domain.state(key) == ("waiting", "WAITING_APPROVAL")
    domain.people("approve", key)
    domain.people("purchase", key)
    domain.run()
    assert domain.state(key) == ("landed", "")
    assert domain.disagreements() == []


def test_cancellation_that_people_have_made_in_procurify_too(domain: Domain) -> None:
    domain.run()
    key = domain.desk.cancel_order(2)
    domain.pass_time(3600)
    domain.run()
    assert domain.state(key) == ("rejected", "TARGET_IMMUTABLE")
    domain.people("deny", key)
    domain.replay()
    assert domain.state(key) == ("landed", "")
