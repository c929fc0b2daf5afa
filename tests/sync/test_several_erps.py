"""Records of several ERPs or companies that meet on one target."""

from __future__ import annotations

from ml_connector.clock import ManualClock
from ml_connector.records import Entity, State
from ml_connector.sync.store import Linked
from tiny.lab import Lab

GL = Entity.GL_ACCOUNTS


def of_another(lab: Lab, number: str, monkeypatch: object) -> None:
    """The target has an account of that number, and it is linked to a record of another ERP."""
    lab.world.table("gl_accounts")["there"] = {"number": number, "name": "of another"}
    known = lab.store.linked

    def linked(route_id: int, ids: list[str]) -> dict[str, Linked]:
        return {**known(route_id, ids), **({"there": Linked("other", "X", number)} if "there" in ids else {})}

    monkeypatch.setattr(lab.store, "linked", linked)  # type: ignore[attr-defined]


async def test_key_that_is_anothers_is_a_matter_for_people(lab: Lab, monkeypatch: object) -> None:
    lab.world.chooses_ids = False
    of_another(lab, "6100", monkeypatch)
    await lab.run()
    row = lab.row(GL, "6100")
    assert (row.state, row.code) == (State.HELD, "KEY_OF_ANOTHER")
    assert "other X 6100" in row.issues[0].message
    assert lab.world.table("gl_accounts") == {"there": {"number": "6100", "name": "of another"}}


async def test_row_of_our_own_id_is_made_beside_anothers(lab: Lab, monkeypatch: object) -> None:
    of_another(lab, "6100", monkeypatch)
    await lab.run()
    assert lab.row(GL, "6100").state is State.LANDED
    assert len(lab.world.table("gl_accounts")) == 2


async def test_route_waits_while_what_it_needs_is_in_doubt(lab: Lab, manual_clock: ManualClock) -> None:
    """Account codes of Procurify get budgets in the departments that are there when they are made."""
    lab.world.chooses_ids = False
    lab.needs_all_of = {Entity.COST_CENTERS: (GL,)}
    lab.new_store()
    lab.world.on_write = lambda world, write: "dropped" if write.part.table == "gl_accounts" else ""
    report = await lab.run()
    assert report.outcome == "incomplete"
    assert not lab.world.table("cost_centers")
    assert lab.row(Entity.INVOICES, "I1").state is State.WAITING
    lab.world.on_write = lambda world, write: ""
    manual_clock.advance(61)
    report = await lab.run()
    assert report.outcome == "complete"
    assert len(lab.world.table("cost_centers")) == 1
    assert lab.row(Entity.INVOICES, "I1").state is State.LANDED


async def test_target_with_one_row_for_all_shares_it(lab: Lab, monkeypatch: object) -> None:
    lab.world.chooses_ids = False
    lab.world.shared.add("gl_accounts")
    of_another(lab, "6100", monkeypatch)
    await lab.run()
    row = lab.row(GL, "6100")
    assert (row.state, row.target_id) == (State.LANDED, "there")
    assert lab.world.table("gl_accounts") == {"there": {"number": "6100", "name": "of another"}}
    assert lab.row(Entity.INVOICES, "I1").state is State.LANDED
