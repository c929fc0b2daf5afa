"""Whole runs over the tiny system: each rule of the promise, one test."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ml_connector.clock import ManualClock
from ml_connector.records import Entity, State
from tiny.lab import Lab, invoice, order
from tiny.world import World

PO, INV, SUP, GL = Entity.PURCHASE_ORDERS, Entity.INVOICES, Entity.SUPPLIERS, Entity.GL_ACCOUNTS


def counts(report: Any, entity: Entity) -> dict[str, int]:
    """The outcomes of a route that are not zero."""
    found = next(route for route in report.routes if route.route is entity)
    assert found.read == sum(found.counts[o] for o in ("from_source", "resumed", "replayed"))
    outcomes = {name: n for name, n in found.counts.items() if n and name not in ("from_source", "resumed", "replayed")}
    assert found.read == sum(outcomes.values())
    return outcomes


async def test_first_load_delivers_everything_once(lab: Lab) -> None:
    report = await lab.run()
    assert report.outcome == "complete"
    assert counts(report, INV) == {"created": 1}
    assert {t: len(rows) for t, rows in lab.world.target.items()} == {
        "gl_accounts": 1,
        "cost_centers": 1,
        "suppliers": 1,
        "purchase_orders": 1,
        "purchase_orders_lines": 2,
        "invoices": 1,
        "invoices_lines": 2,
    }
    header = next(iter(lab.world.target["purchase_orders"].values()))
    assert header["status"] == "released"  # no longer a draft
    assert lab.row(INV, "I1").state is State.LANDED


async def test_second_run_writes_nothing(lab: Lab) -> None:
    await lab.run()
    lab.world.writes.clear()
    report = await lab.run()
    assert not lab.world.writes
    assert report.outcome == "complete"


async def test_full_run_judges_everything_and_writes_nothing(lab: Lab) -> None:
    await lab.run()
    lab.world.writes.clear()
    report = await lab.run(full=True)
    assert counts(report, INV) == {"unchanged": 1}
    assert not lab.world.writes


async def test_four_first_loads_from_empty_stores_make_one_row_each(lab: Lab) -> None:
    for _ in range(4):
        await lab.run()
        lab.new_store()
    assert len(lab.world.target["invoices"]) == 1
    assert len(lab.world.target["purchase_orders_lines"]) == 2


async def test_target_with_ids_of_its_own_gets_one_row_each_as_well(lab: Lab) -> None:
    lab.world.chooses_ids = False
    for _ in range(3):
        await lab.run()
        lab.new_store()
    assert len(lab.world.target["invoices"]) == 1
    assert len(lab.world.target["invoices_lines"]) == 2


async def test_changed_line_sends_only_that_line(lab: Lab) -> None:
    await lab.run()
    lab.world.writes.clear()
    row = lab.world.source["purchase_orders"][0]
    row["lines"][1]["text"] = "another part"
    lab.world.put(**{"entity": "purchase_orders", **row})
    report = await lab.run()
    assert counts(report, PO) == {"updated": 1}
    assert lab.world.writes == {"purchase_orders_lines": 1}


async def test_vanished_line_is_zeroed_not_deleted(lab: Lab) -> None:
    await lab.run()
    order(lab.world, "P1", lines=1)
    await lab.run()
    lines = lab.world.target["purchase_orders_lines"].values()
    assert sorted(line["quantity"] for line in lines) == ["0", "1"]


async def test_missing_cost_center_is_rejected_then_replayed(lab: Lab) -> None:
    invoice(lab.world, "I2", lines=1)
    row = lab.world.source["invoices"][-1]
    row["lines"][0]["center"] = "CC9"
    report = await lab.run()
    assert counts(report, INV) == {"created": 1, "rejected": 1}
    assert report.exit_status == 3
    assert report.exceptions[0].code == "DIMENSION_MISSING"
    assert "CC9" in report.exceptions[0].message
    lab.world.put("cost_centers", id="CC9", name="New")
    assert counts(await lab.run(), INV) == {}
    report = await lab.run(replay=True, replay_state=State.REJECTED)
    assert counts(report, INV) == {"created": 1}
    assert lab.row(INV, "I2").state is State.LANDED


async def test_pro_forma_invoice_is_not_moved(lab: Lab) -> None:
    invoice(lab.world, "I2", type="pro_forma")
    await lab.run()
    row = lab.row(INV, "I2")
    assert (row.state, row.code) == (State.EXCLUDED, "OUT_OF_SCOPE")
    assert len(lab.world.table("invoices")) == 1


async def test_all_issues_of_a_record_are_told_at_once(lab: Lab) -> None:
    invoice(lab.world, "I2", lines=2)
    lines = lab.world.source["invoices"][-1]["lines"]
    lines[0]["center"], lines[1]["account"] = "CC9", "9999"
    await lab.run()
    row = lab.row(INV, "I2")
    assert [issue.code for issue in row.issues] == ["DIMENSION_MISSING", "DIMENSION_MISSING"]


async def test_invoice_waits_for_a_planned_order_and_goes_by_itself(lab: Lab) -> None:
    order(lab.world, "P2", status="planned")
    invoice(lab.world, "I2", order="P2")
    report = await lab.run()
    assert counts(report, INV) == {"created": 1, "waiting": 1}
    assert report.outcome == "complete"
    order(lab.world, "P2")
    report = await lab.run()
    assert counts(report, INV) == {"created": 1}


async def test_unknown_order_is_rejected(lab: Lab) -> None:
    invoice(lab.world, "I2", order="P404")
    await lab.run()
    assert lab.row(INV, "I2").code == "REFERENCE_MISSING"


async def test_parent_that_came_after_its_route_is_fetched_by_key(lab: Lab) -> None:
    await lab.run()
    order(lab.world, "P2")
    invoice(lab.world, "I2", order="P2")
    report = await lab.run(entities=(INV,))
    assert counts(report, INV) == {"created": 1}
    assert counts(report, PO) == {"created": 1}
    assert counts(await lab.run(), PO) == {"unchanged": 1}


async def test_same_natural_key_is_held_and_released(lab: Lab) -> None:
    invoice(lab.world, "I2", number="I1")
    report = await lab.run()
    assert counts(report, INV) == {"created": 1, "held": 1}
    lab.decide("release", INV, "I2")
    report = await lab.run()
    assert counts(report, INV) == {"created": 1}


async def test_of_two_alike_the_first_is_not_held_for_the_second(lab: Lab) -> None:
    order(lab.world, "P2", status="planned")
    invoice(lab.world, "I2", order="P2")
    invoice(lab.world, "I3", number="I2")
    await lab.run()
    await lab.run()
    await lab.run(full=True)
    assert [lab.row(INV, key).state for key in ("I2", "I3")] == [State.WAITING, State.HELD]
    order(lab.world, "P2")
    await lab.run()
    assert [lab.row(INV, key).state for key in ("I2", "I3")] == [State.LANDED, State.HELD]


async def test_cutover_excludes_old_closed_documents_unless_wanted(world: World, tmp_path: Any) -> None:
    order(world, "OLD", status="closed", date="2025-05-05")
    order(world, "OLD2", status="closed", date="2025-05-05")
    invoice(world, "PAID", status="paid", date="2025-06-01")
    invoice(world, "OPEN", date="2025-06-01")
    invoice(world, "NEW", order="OLD2")
    lab = Lab(world, tmp_path, start_from=date(2026, 1, 1))
    await lab.run()
    assert (lab.row(PO, "OLD").state, lab.row(PO, "OLD").code) == (State.EXCLUDED, "BEFORE_CUTOVER")
    assert lab.row(PO, "OLD2").state is State.LANDED
    assert lab.row(INV, "PAID").state is State.EXCLUDED
    assert lab.row(INV, "OPEN").state is State.LANDED
    assert lab.row(INV, "NEW").state is State.LANDED


@pytest.mark.parametrize("chooses_ids", [True, False])
async def test_lost_answers_never_make_a_second_row(lab: Lab, manual_clock: ManualClock, chooses_ids: bool) -> None:
    lab.world.chooses_ids = chooses_ids
    lab.world.on_write = lambda world, write: "lost"
    for _ in range(12):
        await lab.run()
        manual_clock.advance(61)
    lab.world.on_write = lambda world, write: ""
    report = await lab.run()
    assert report.outcome == "complete"
    assert {t: len(rows) for t, rows in lab.world.target.items()} == {
        "gl_accounts": 1,
        "cost_centers": 1,
        "suppliers": 1,
        "purchase_orders": 1,
        "purchase_orders_lines": 2,
        "invoices": 1,
        "invoices_lines": 2,
    }
    assert all(row["status"] != "draft" for row in lab.world.target["invoices"].values())


@pytest.mark.parametrize("chooses_ids", [True, False])
async def test_invoice_waits_while_a_line_of_its_order_is_in_doubt(
    lab: Lab, manual_clock: ManualClock, chooses_ids: bool
) -> None:
    lab.world.chooses_ids = chooses_ids
    await lab.run()
    order(lab.world, "P1", lines=3)
    invoice(lab.world, "I2", order="P1")
    lab.world.on_write = lambda world, write: "dropped" if write.part.name == "line:3" else ""
    await lab.run()
    assert lab.row(PO, "P1").state is State.IN_DOUBT
    assert lab.row(INV, "I2").code == "PARENT_NOT_DELIVERED"
    lab.world.on_write = lambda world, write: ""
    manual_clock.advance(61)
    await lab.run()
    assert lab.row(INV, "I2").state is State.LANDED


async def test_window_of_a_late_write_counts_from_when_it_may_have_left(lab: Lab, manual_clock: ManualClock) -> None:
    """A batch may take longer than the window, row by row: the last of it was sent only at its end."""
    lab.world.chooses_ids = False

    def slowly(world: World, write: Any) -> str:
        manual_clock.advance(100)
        return "late" if write.part.table == "invoices" else ""

    lab.world.on_write = slowly
    await lab.run()
    lab.world.on_write = lambda world, write: ""
    manual_clock.advance(30)
    await lab.run()
    assert lab.row(INV, "I1").state is State.IN_DOUBT
    lab.world.finish_late()
    manual_clock.advance(40)
    await lab.run()
    assert len(lab.world.table("invoices")) == 1


async def test_update_in_doubt_is_not_sent_again_before_the_window_is_over(lab: Lab, manual_clock: ManualClock) -> None:
    await lab.run()
    lab.world.put("suppliers", id="S1", name="Acme Ltd")
    lab.world.on_write = lambda world, write: "late"
    report = await lab.run()
    assert (report.outcome, report.exit_status) == ("incomplete", 4)
    lab.world.on_write = lambda world, write: ""
    assert (await lab.run()).outcome == "incomplete"  # no run is complete while a write is in doubt
    lab.world.writes.clear()
    await lab.run()
    assert not lab.world.writes
    lab.world.finish_late()
    manual_clock.advance(61)
    report = await lab.run()
    assert report.outcome == "complete"
    assert lab.row(SUP, "S1").state is State.LANDED
    assert lab.world.writes == {"suppliers": 1}


async def test_refused_line_keeps_the_header_a_draft_until_replay(lab: Lab) -> None:
    lab.world.on_write = lambda world, write: "no such part" if write.part.name == "line:2" else ""
    await lab.run()
    header = next(iter(lab.world.target["purchase_orders"].values()))
    assert header["status"] == "draft"
    assert lab.row(PO, "P1").code == "REFUSED_BY_TARGET"
    lab.world.on_write = lambda world, write: ""
    report = await lab.run(replay=True)
    assert counts(report, PO) == {"updated": 1} or counts(report, PO) == {"created": 1}
    header = next(iter(lab.world.target["purchase_orders"].values()))
    assert header["status"] == "released"
    assert len(lab.world.target["purchase_orders_lines"]) == 2


async def test_hand_keyed_order_is_adopted(lab: Lab) -> None:
    lab.world.table("suppliers")["x1"] = {"number": "S1", "name": "Acme"}
    lab.world.table("purchase_orders")["x2"] = {"number": "P1", "supplier": "x1", "status": "new"}
    for n in (1, 2):
        lab.world.table("purchase_orders_lines")[f"x{n + 2}"] = {"of": "x2", "quantity": "1", "text": f"part {n}"}
    report = await lab.run()
    assert counts(report, SUP) == {"adopted": 1}
    assert counts(report, PO) == {"adopted": 1}
    assert len(lab.world.target["purchase_orders"]) == 1
    assert next(iter(lab.world.target["invoices"].values()))["order"] == "x2"


async def test_hand_keyed_order_with_other_lines_is_held(lab: Lab) -> None:
    lab.world.table("suppliers")["x1"] = {"number": "S1", "name": "Acme"}
    lab.world.table("purchase_orders")["x2"] = {"number": "P1", "supplier": "x1", "status": "new"}
    await lab.run()
    assert lab.row(PO, "P1").code == "ADOPTION_DIFFERS"


async def test_held_record_stays_held_through_new_versions(lab: Lab) -> None:
    await lab.run()
    lab.decide("hold", SUP, "S1")
    lab.world.put("suppliers", id="S1", name="Acme Ltd")
    lab.world.writes.clear()
    await lab.run()
    assert not lab.world.writes
    lab.decide("release", SUP, "S1")
    await lab.run()
    assert lab.world.writes == {"suppliers": 1}


async def test_two_sweeps_take_a_deleted_record_back(lab: Lab, manual_clock: ManualClock) -> None:
    await lab.run()
    lab.world.remove("invoices", "I1")
    for _ in range(2):
        manual_clock.advance(8 * 86_400)
        await lab.run()
    assert next(iter(lab.world.target["invoices"].values()))["status"] == "cancelled"


async def test_sweep_finds_a_change_that_moved_no_stamp(lab: Lab, manual_clock: ManualClock) -> None:
    await lab.run()
    lab.world.source["suppliers"][0].update(name="Acme Ltd", changed=0.5)
    manual_clock.advance(8 * 86_400)
    await lab.run()
    assert next(iter(lab.world.target["suppliers"].values()))["name"] == "Acme Ltd"


async def test_dry_run_leaves_no_trace(lab: Lab) -> None:
    report = await lab.run(dry_run=True)
    assert not lab.world.writes
    assert counts(report, INV) == {"created": 1}
    assert {w.route for w in report.would_write} == {e.value for e in (GL, Entity.COST_CENTERS, SUP, PO, INV)}
    assert counts(await lab.run(), INV) == {"created": 1}


async def test_limit_takes_so_many_records_a_route_and_moves_no_cursor(lab: Lab) -> None:
    for n in range(2, 9):
        invoice(lab.world, f"I{n}")
    report = await lab.run(limit=2)
    assert counts(report, INV) == {"created": 2}
    assert counts(await lab.run(), INV)["created"] == 6


async def test_value_map_turns_a_code_into_the_targets(world: World, tmp_path: Any) -> None:
    lab = Lab(world, tmp_path, value_maps={"gl_accounts": {"6100": "610000"}})
    await lab.run()
    assert [row["number"] for row in world.target["gl_accounts"].values()] == ["610000"]
