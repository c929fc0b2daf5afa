"""Records of several ERPs or companies that meet on one target."""

from __future__ import annotations

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


async def test_target_with_one_row_for_all_shares_it(lab: Lab, monkeypatch: object) -> None:
    lab.world.chooses_ids = False
    lab.world.shared.add("gl_accounts")
    of_another(lab, "6100", monkeypatch)
    await lab.run()
    row = lab.row(GL, "6100")
    assert (row.state, row.target_id) == (State.LANDED, "there")
    assert lab.world.table("gl_accounts") == {"there": {"number": "6100", "name": "of another"}}
    assert lab.row(Entity.INVOICES, "I1").state is State.LANDED
