"""Whatever happens to a write: one row, never two, and never a doubt that is not one."""

from __future__ import annotations

import pytest

from ml_connector.errors import LeaseLostError, PermissionMissingError, RateLimitedError, RecordError
from ml_connector.records import Entity, Record
from ml_connector.systems.base import Doubt, Ports, Receipt, Target
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import (
    account,
    cost_center,
    create,
    invoice,
    order,
    prepared,
    shape,
    supplier,
    update,
    write_records,
)

RECORDS: list[tuple[Entity, Record]] = [
    (Entity.SUPPLIERS, supplier()),
    (Entity.GL_ACCOUNTS, account()),
    (Entity.COST_CENTERS, cost_center()),
    (Entity.PURCHASE_ORDERS, order()),
    (Entity.INVOICES, invoice()),
]
KINDS = [pytest.param(entity, record, id=entity.value) for entity, record in RECORDS]
UNCLEAR = {
    "dropped before": {"do": "drop_before"},
    "dropped after": {"do": "drop_after"},
    "500": {"do": "status", "status": 500},
    "503": {"do": "status", "status": 503},
    "202": {"do": "status", "status": 202},
    "html": {"do": "html"},
    "html after": {"do": "html_after"},
    "truncated": {"do": "truncate"},
    "garbage": {"do": "garbage"},
}
FAULTS = [pytest.param(action, id=name) for name, action in UNCLEAR.items()]


def rows(sim: ServiceNowSimulator) -> dict[str, int]:
    """Business rows under ids of ours."""
    names = ("core_company", "itfm_gl_accounts", "cmn_cost_center", "proc_po", "proc_po_item")
    return {
        name: sum(row["sys_created_by"] == sim.user_name for row in sim.tables[name])
        for name in (*names, "sn_apo_invoice", "sn_apo_invoice_line")
    }


async def deliver(target: Target, record: Record) -> list[object]:
    [answers] = await write_records(target, [record])
    return list(answers)


@pytest.mark.parametrize(("entity", "record"), KINDS)
@pytest.mark.parametrize("action", FAULTS)
async def test_create_survives_an_unclear_answer(
    connect: Connect, sim: ServiceNowSimulator, entity: Entity, record: Record, action: dict[str, object]
) -> None:
    """A create carries its id, so it is sent again at once and makes one row."""
    expected = await _clean_run(connect, entity, record)
    target = await prepared(await connect(), entity)
    sim.add_fault(match={"kind": "write"}, nth=1, action=action)
    answers = await deliver(target, record)
    assert all(isinstance(answer, Receipt) and answer.landed for answer in answers), answers
    assert rows(sim) == expected


async def _clean_run(connect: Connect, entity: Entity, record: Record) -> dict[str, int]:
    async with ServiceNowSimulator(size="small", seed=1) as other:
        target = await prepared(await Connect(other, connect.stack)(), entity)
        await deliver(target, record)
        return rows(other)


@pytest.mark.parametrize("action", FAULTS)
async def test_update_with_an_unclear_answer_is_in_doubt_and_never_repeated(
    connect: Connect, sim: ServiceNowSimulator, action: dict[str, object]
) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier())
    header = shape(target, supplier(name="Acme AG")).parts[0]
    sim.add_fault(match={"kind": "write"}, nth=1, action=action)
    sim.journal.reset()
    [answer] = await target.write([update(header)])
    assert isinstance(answer, Doubt), answer
    assert sim.journal.counts().total == 1


@pytest.mark.parametrize("kind", ["drop_202", "cancelled_500"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_inner_answers_are_read_like_outer_ones(
    connect: Connect, sim: ServiceNowSimulator, kind: str, method: str
) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    if method == "PATCH":
        await deliver(target, supplier())
    sim.set_switches(traps=[{"kind": kind, "method": method, "path": "core_company", "times": 1}])
    header = shape(target, supplier(name="Acme AG")).parts[0]
    [answer] = await target.write([update(header) if method == "PATCH" else create(header)])
    assert isinstance(answer, Doubt if method == "PATCH" else Receipt), answer


async def test_a_create_that_had_arrived_is_recognised(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Replay: 403 on the insert, the row is there and equal."""
    target = await prepared(await connect(), Entity.SUPPLIERS)
    header = shape(target, supplier()).parts[0]
    [first] = await target.write([create(header)])
    [second] = await target.write([create(header)])
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert second.existed
    assert len(sim.tables["core_company"].find(correlation_id="V1")) == 1


async def test_a_create_that_had_arrived_with_older_values_is_brought_up_to_date(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier())
    [answer] = await target.write([create(shape(target, supplier(name="Acme AG")).parts[0])])
    assert isinstance(answer, Receipt)
    assert sim.tables["core_company"][answer.external_id]["name"] == "Acme AG"


async def test_a_released_document_is_not_made_a_draft_again(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    await deliver(target, invoice())
    answers = await deliver(target, invoice())
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert [row["status"] for row in sim.tables["sn_apo_invoice"].find(supplier_invoice_number="R-1")] == ["submitted"]


async def test_hidden_row_is_said_and_not_tried_for_ever(connect: Connect, sim: ServiceNowSimulator) -> None:
    """403 on the insert and 404 on the read."""
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier())
    sim.grant({"hide_rows": "core_company", "query": "correlation_id=V1"})
    sim.journal.reset()
    [answer] = await target.write([create(shape(target, supplier()).parts[0])])
    assert isinstance(answer, RecordError)
    assert answer.code == "HIDDEN_BY_ACCESS_RULES"
    assert sim.journal.counts().total == 2


async def test_poison_does_not_spoil_the_others(connect: Connect, sim: ServiceNowSimulator) -> None:
    """One row kills every call that it is in; the others arrive."""
    target = await prepared(await connect(), Entity.SUPPLIERS)
    poison = shape(target, supplier("V7")).parts[0]
    good = [shape(target, supplier(f"V{n}")).parts[0] for n in range(20) if n != 7]
    import base64

    marker = base64.b64encode(b'{"sys_id":"' + poison.external_id.encode())[:40].decode()
    sim.add_fault(match={"path": "batch", "body": marker.replace("+", r"\+")}, action={"do": "drop_before"})
    answers = await target.write([create(part) for part in [*good[:9], poison, *good[9:]]])
    assert isinstance(answers[9], Doubt)
    assert all(isinstance(answer, Receipt) for n, answer in enumerate(answers) if n != 9)


async def test_refused_rows_do_not_spoil_the_others(connect: Connect, sim: ServiceNowSimulator) -> None:
    """The data policy of one row, in the instance's words."""
    sim.grant({"give_column": "u_class", "table": "core_company", "mandatory": True})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    parts = [shape(target, supplier(f"V{n}")).parts[0] for n in range(3)]
    writes = [create(part) for part in parts]
    writes[0].payload["u_class"] = writes[2].payload["u_class"] = "A"
    answers = await target.write(writes)
    assert [type(answer).__name__ for answer in answers] == ["Receipt", "RefusedError", "Receipt"]
    assert "mandatory: Class" in str(answers[1])


async def test_late_items_of_a_long_call_are_sent_again(connect: Connect, sim: ServiceNowSimulator) -> None:
    """The instance cuts a Batch call after 30 s and lists what it did not get to."""
    sim.set_switches(table_cost_ms={"core_company": 4000.0})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    parts = [shape(target, supplier(f"V{n}")).parts[0] for n in range(20)]
    answers = await target.write([create(part) for part in parts])
    assert all(isinstance(answer, Receipt) for answer in answers)
    sim.set_switches(table_cost_ms={"core_company": 20_000.0})
    changed = [shape(target, supplier(f"V{n}", name="Changed")).parts[0] for n in range(8)]
    sim.journal.reset()
    answers = await target.write([update(part) for part in changed])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert all(sim.tables["core_company"][part.external_id]["name"] == "Changed" for part in changed)


async def test_batch_calls_grow_and_shrink_with_what_they_take(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Aimed at 10 s a call: with 1 ms a row up to the cap, with 500 ms a row some 16."""
    target = await prepared(await connect(max_in_flight=1), Entity.SUPPLIERS)
    sim.set_switches(write_cost_ms=1.0)
    await target.write([create(shape(target, supplier(f"A{n}")).parts[0]) for n in range(700)])
    assert 5 <= sim.journal.counts().by_entity.get("batch", sim.journal.counts().total) <= 12
    sim.set_switches(write_cost_ms=500.0)
    await target.write([create(shape(target, supplier(f"B{n}")).parts[0]) for n in range(240)])
    sim.journal.reset()
    await target.write([create(shape(target, supplier(f"C{n}")).parts[0]) for n in range(64)])
    assert sim.journal.counts().total == 4


async def test_429_inside_a_batch_is_heeded(connect: Connect, sim: ServiceNowSimulator, quick_clock: object) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    too_many = {"do": "status", "status": 429, "retry_after_s": 7}
    sim.add_fault(match={"kind": "write", "inner": True}, times=2, action=too_many)
    answers = await target.write([create(shape(target, supplier(f"V{n}")).parts[0]) for n in range(4)])
    assert all(isinstance(answer, Receipt) and not answer.existed for answer in answers)
    assert 7 in quick_clock.slept  # type: ignore[attr-defined]


async def test_429_for_good_is_raised_and_nothing_is_in_doubt(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    sim.add_fault(match={"kind": "write"}, action={"do": "status", "status": 429})
    with pytest.raises(RateLimitedError):
        await target.write([create(shape(target, supplier()).parts[0])])


async def test_role_revoked_is_named(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Every row of a call refused by access rules: it is the role."""
    target = await prepared(await connect(), Entity.INVOICES)
    await deliver(target, invoice("R-1"))
    sim.grant({"take_role": "sn_apay.apo_user"})
    sim.grant({"take_role": "sn_ap_apm.accounts_payable_specialist"})
    parts = [shape(target, invoice(f"R-{n}")).parts[0] for n in range(2, 5)]
    with pytest.raises(PermissionMissingError, match=r"sn_apay\.apo_user"):
        await target.write([create(part) for part in parts])


async def test_one_row_refused_by_an_access_rule_is_that_row_s_trouble(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier("V1"))
    sim.add_fault(
        match={"kind": "write", "inner": True, "body": "V2"},
        action={
            "do": "status",
            "status": 403,
            "body": {
                "error": {
                    "message": "Operation Failed",
                    "detail": "ACL Exception Insert Failed due to security constraints",
                },
                "status": "failure",
            },
        },
    )
    answers = await target.write([create(shape(target, supplier(f"V{n}")).parts[0]) for n in (2, 3)])
    assert [type(answer).__name__ for answer in answers] == ["RefusedError", "Receipt"]


async def test_removed_row_is_not_made_anew_by_an_update(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier())
    header = shape(target, supplier(name="Acme AG")).parts[0]
    sim.delete("core_company", {"sys_id": header.external_id})
    [answer] = await target.write([update(header)])
    assert isinstance(answer, RecordError)
    assert answer.code == "REFERENCE_MISSING_ON_TARGET"


@pytest.mark.parametrize("received_po", ["forbidden", "dropped"])
@pytest.mark.parametrize("part", [0, 1])
async def test_received_order_is_locked(
    connect: Connect, sim: ServiceNowSimulator, received_po: str, part: int
) -> None:
    """A receiving slip makes the order read-only; the instance says no, or nothing at all."""
    sim.set_switches(received_po=received_po)
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    [answers] = await write_records(target, [order()])
    assert isinstance(answers[0], Receipt)
    sim.grant({"receive": answers[0].external_id})
    changed = shape(target, order(note="More", lines=2, payment_terms="30 days")).parts[part]
    columns = {"ordered_quantity": "41", "purchase_order": answers[0].external_id} if part else changed.payload
    [answer] = await target.write([update(changed, **columns)])
    assert isinstance(answer, RecordError)
    assert answer.code == "TARGET_LOCKED"


@pytest.mark.parametrize("status", [403, 404])
async def test_without_batch_rows_go_one_by_one(connect: Connect, sim: ServiceNowSimulator, status: int) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    refusal = {"error": {"message": "Not for you", "detail": None}, "status": "failure"}
    sim.add_fault(match={"path": "/batch"}, action={"do": "status", "status": status, "body": refusal})
    answers = await deliver(target, invoice(lines=3))
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert sim.journal.counts().total > 5


async def test_single_requests_survive_faults_too(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(batch_size=0), Entity.SUPPLIERS)
    sim.add_fault(match={"kind": "write"}, every=3, action={"do": "drop_after"})
    answers = await target.write([create(shape(target, supplier(f"V{n}")).parts[0]) for n in range(20)])
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert rows(sim)["core_company"] == 20


async def test_expired_token_in_the_middle_is_renewed(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await deliver(target, supplier("V1"))
    sim.grant({"expire_tokens": True})
    assert isinstance((await deliver(target, supplier("V2")))[0], Receipt)


async def test_lost_lease_stops_before_anything_leaves(connect: Connect, sim: ServiceNowSimulator) -> None:
    def lost() -> None:
        raise LeaseLostError("Another process runs this flow now.")

    target = await prepared(await connect(ports=Ports(before_write=lost)), Entity.SUPPLIERS)
    with pytest.raises(LeaseLostError):
        await target.write([create(shape(target, supplier()).parts[0])])
    assert rows(sim)["core_company"] == 0


async def test_instance_that_ignores_our_ids_gives_its_own(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Then ids are the target's: nothing is repeated blindly any more, and parts are found by the ERP's key."""
    sim.set_switches(custom_sys_id=False)
    target = await prepared(await connect(), Entity.SUPPLIERS)
    header = shape(target, supplier()).parts[0]
    [answer] = await target.write([create(header)])
    assert isinstance(answer, Receipt)
    assert answer.external_id != header.external_id
    assert not target.chooses_ids
    [found] = await target.find_parts([header])
    assert [row.external_id for row in found] == [answer.external_id]


async def test_truncated_answer_to_a_read_is_repeated(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    [[receipt]] = await write_records(target, [supplier()])
    assert isinstance(receipt, Receipt)
    sim.add_fault(match={"kind": "read"}, nth=1, action={"do": "truncate"})
    assert set(await target.read("core_company", [receipt.external_id])) == {receipt.external_id}


@pytest.mark.parametrize("kind", ["error_in_200", "torn_200"])
async def test_error_in_a_200_halves_the_page(connect: Connect, sim: ServiceNowSimulator, kind: str) -> None:
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await target.write([create(shape(target, supplier(f"V{n}")).parts[0]) for n in range(30)])
    ids = [row["sys_id"] for row in sim.tables["core_company"] if row["sys_created_by"] == sim.user_name]
    sim.set_switches(traps=[{"kind": kind, "path": "core_company", "times": 2}])
    assert set(await target.read("core_company", ids)) == set(ids)


async def test_a_call_that_takes_few_items_only(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Its time was not up, so that even a create without an id may be sent again; and the next calls are smaller."""
    sim.set_switches(custom_sys_id=False, batch_limit_ms=70.0, table_cost_ms={"core_company": 10.0})
    target = await prepared(await connect(max_in_flight=1), Entity.SUPPLIERS)
    parts = [shape(target, supplier(f"V{n}")).parts[0] for n in range(31)]
    await target.write([create(parts[0])])
    assert not target.chooses_ids
    sim.journal.reset()
    answers = await target.write([create(part) for part in parts[1:]])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert sim.journal.counts().total == 5
