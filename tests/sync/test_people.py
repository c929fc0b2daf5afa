"""Records that people on the target finish, or enter themselves."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.clock import ManualClock
from ml_connector.records import Entity, State
from tiny.lab import Lab, order

PO, INV = Entity.PURCHASE_ORDERS, Entity.INVOICES


@pytest.fixture
def approving(lab: Lab) -> Lab:
    lab.world.approved["purchase_orders"] = {}
    lab.world.chooses_ids = False
    return lab


def state(lab: Lab, entity: Entity, key: str) -> tuple[State, str]:
    row = lab.row(entity, key)
    return row.state, row.code


def decide(lab: Lab, reason: str) -> None:
    """Somebody on the target decides about every order."""
    lab.world.approved["purchase_orders"] = dict.fromkeys(lab.world.table("purchase_orders"), reason)


async def test_order_waits_for_approval_through_any_number_of_runs(approving: Lab) -> None:
    report = await approving.run()
    assert state(approving, PO, "P1") == (State.WAITING, "WAITING_APPROVAL")
    assert report.outcome == "complete"
    approving.world.writes.clear()
    for _ in range(2):
        await approving.run()
    assert not approving.world.writes
    assert state(approving, PO, "P1") == (State.WAITING, "WAITING_APPROVAL")


async def test_approved_order_lands_and_says_what_became_of_it(approving: Lab) -> None:
    await approving.run()
    decide(approving, "")
    await approving.run()
    assert state(approving, PO, "P1") == (State.LANDED, "")
    assert "decided: approved" in str(approving.story(PO, "P1"))


async def test_denied_order_is_rejected_and_never_sent_again(approving: Lab) -> None:
    await approving.run()
    decide(approving, "DENIED_BY_APPROVER")
    report = await approving.run()
    assert state(approving, PO, "P1") == (State.REJECTED, "DENIED_BY_APPROVER")
    assert report.outcome == "complete_with_exceptions"
    await approving.run(replay=True)
    assert state(approving, PO, "P1") == (State.REJECTED, "DENIED_BY_APPROVER")
    assert len(approving.world.table("purchase_orders")) == 1


@pytest.mark.parametrize("reason", ["WAITING_APPROVAL", ""])
async def test_edit_after_sending_is_told_to_people(approving: Lab, reason: str) -> None:
    await approving.run()
    decide(approving, reason)
    order(approving.world, "P1", status="closed")
    await approving.run()
    assert state(approving, PO, "P1") == (State.REJECTED, "TARGET_IMMUTABLE")


async def test_order_that_is_not_seen_any_more_goes_on_waiting(approving: Lab) -> None:
    await approving.run()
    approving.world.table("purchase_orders").clear()
    await approving.run()
    assert state(approving, PO, "P1") == (State.WAITING, "WAITING_APPROVAL")
    assert not approving.world.table("purchase_orders")


async def test_lost_answer_of_an_order_to_be_approved_makes_no_second_one(approving: Lab, manual_clock: Any) -> None:
    approving.world.on_write = lambda world, write: "lost" if write.part.table == "purchase_orders" else ""
    await approving.run()
    assert state(approving, PO, "P1") == (State.IN_DOUBT, "OUTCOME_UNKNOWN")
    approving.world.on_write = lambda world, write: ""
    manual_clock.advance(61)
    await approving.run()
    assert len(approving.world.table("purchase_orders")) == 1


async def test_edit_whose_answer_nobody_knows_is_told_all_the_same(approving: Lab, manual_clock: Any) -> None:
    await approving.run()
    order(approving.world, "P1", status="closed")
    approving.world.on_write = lambda world, write: "dropped"
    await approving.run()
    assert state(approving, PO, "P1") == (State.IN_DOUBT, "OUTCOME_UNKNOWN")
    approving.world.on_write = lambda world, write: ""
    await approving.run()
    assert state(approving, PO, "P1") == (State.REJECTED, "TARGET_IMMUTABLE")


@pytest.fixture
def comparing(lab: Lab) -> Lab:
    """A target on which people enter the invoices."""
    lab.world.keyed_by_people.add("invoices")
    lab.world.window_s = 0.0
    return lab


def bill(lab: Lab, **more: Any) -> None:
    """What somebody enters on the target for invoice I1."""
    supplier, order = next(iter(lab.world.table("suppliers"))), next(iter(lab.world.table("purchase_orders")))
    row = {"number": "I1", "supplier": supplier, "order": order, "status": "received", "net": "20.00", "key": "I1"}
    lab.world.table("invoices")[f"bill {len(lab.world.table('invoices'))}"] = {**row, **more}


async def test_invoice_that_nobody_entered_waits_and_is_never_written(comparing: Lab) -> None:
    report = await comparing.run()
    assert state(comparing, INV, "I1") == (State.WAITING, "NOT_YET_ON_TARGET")
    assert report.outcome == "complete"
    assert not comparing.world.table("invoices")


async def test_invoice_lands_once_somebody_entered_it_equal(comparing: Lab) -> None:
    await comparing.run()
    bill(comparing)
    await comparing.run()
    assert state(comparing, INV, "I1") == (State.LANDED, "")
    assert comparing.world.writes["invoices"] == 0


async def test_difference_is_reported_and_goes_away_by_replay(comparing: Lab) -> None:
    await comparing.run()
    bill(comparing, net="19.00")
    report = await comparing.run()
    assert state(comparing, INV, "I1") == (State.REJECTED, "DIFFERS_ON_TARGET")
    assert "net" in report.exceptions[0].message
    comparing.world.table("invoices")["bill 0"]["net"] = "20.00"
    await comparing.run(replay=True)
    assert state(comparing, INV, "I1") == (State.LANDED, "")


async def test_two_bills_for_one_invoice_are_for_people_to_sort_out(comparing: Lab) -> None:
    await comparing.run()
    bill(comparing)
    bill(comparing)
    await comparing.run()
    assert state(comparing, INV, "I1") == (State.HELD, "ADOPTION_AMBIGUOUS")


async def test_order_that_vanishes_while_it_waits_is_told_after_two_sweeps(
    approving: Lab, manual_clock: ManualClock
) -> None:
    """Each run takes up what waits; that does not mean that it was seen at the source."""
    await approving.run()
    approving.world.remove("purchase_orders", "P1")
    for _ in range(2):
        manual_clock.advance(8 * 86_400)
        await approving.run()
        await approving.run()
    assert approving.row(PO, "P1").missing_sweeps >= 2
    assert state(approving, PO, "P1")[1] != "WAITING_APPROVAL"
