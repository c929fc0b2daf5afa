"""Columns are proved by the dictionary, else by a row, else by the echo; nothing unproved is filtered by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ml_connector.errors import ModuleMissingError, RecordError
from ml_connector.records import Entity
from ml_connector.systems.base import Receipt
from ml_connector_simulators.servicenow.simulator import ServiceNowSimulator
from systems.servicenow.connections import Connect
from systems.servicenow.documents import (
    candidate,
    create,
    invoice,
    order,
    order_line,
    prepared,
    refs,
    shape,
    supplier,
    write_records,
)


@pytest.mark.parametrize("metadata", ["open", "forbidden"])
async def test_order_lines_without_columns_for_coding_arrive_uncoded(
    connect: Connect, sim: ServiceNowSimulator, metadata: str
) -> None:
    """GL account and cost center of order lines have no standard column; nobody asked for ours."""
    sim.set_switches(gl_columns_on_po_line=False, metadata=metadata)
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    [answers] = await write_records(target, [order(lines=1)])
    assert all(isinstance(answer, Receipt) for answer in answers), answers


ASKED_FOR = {"proc_po_item": {"gl_account": "u_account"}}


async def test_missing_column_that_was_asked_for_is_named(connect: Connect, sim: ServiceNowSimulator) -> None:
    with pytest.raises(ModuleMissingError, match=r"proc_po_item\.u_account"):
        await prepared(await connect(extra_columns=ASKED_FOR), Entity.PURCHASE_ORDERS)


async def test_missing_column_that_was_asked_for_shows_in_the_echo_where_the_dictionary_is_hidden(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    sim.set_switches(metadata="forbidden")
    target = await prepared(await connect(extra_columns=ASKED_FOR), Entity.PURCHASE_ORDERS)
    [[_, line, *_]] = await write_records(target, [order(lines=1)])
    assert isinstance(line, RecordError)
    assert line.code == "VALUE_NOT_STORED"
    assert "u_account" in line.message


async def test_columns_under_other_names(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.grant({"give_column": "u_account", "table": "proc_po_item", "kind": "reference"})
    sim.grant({"give_column": "u_erp_key", "table": "proc_po"})
    target = await prepared(
        await connect(
            extra_columns={"proc_po_item": {"gl_account": "u_account"}, "proc_po": {"buyer": "terms"}},
            erp_key_columns={"proc_po": "u_erp_key"},
        ),
        Entity.PURCHASE_ORDERS,
    )
    [answers] = await write_records(target, [order(lines=1, buyer="JANE")])
    assert all(isinstance(answer, Receipt) for answer in answers), answers
    row = sim.tables["proc_po"].find(u_erp_key="P1001")[0]
    assert row["terms"] == "JANE"
    assert sim.tables["proc_po_item"].find(purchase_order=row["sys_id"])[0]["u_account"] == "b" * 32


async def test_without_key_column_the_id_alone_finds_the_row(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(correlation_id={"core_company": False})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    [[answer]] = await write_records(target, [supplier()])
    assert isinstance(answer, Receipt)
    again = await prepared(await connect(), Entity.SUPPLIERS)
    [found] = await again.find([candidate(again, supplier(name="Renamed"))])
    assert [row.external_id for row in found] == [answer.external_id]


@pytest.mark.parametrize("metadata", ["open", "hidden_rows", "forbidden"])
async def test_an_unproved_column_is_never_filtered_by(
    connect: Connect, sim: ServiceNowSimulator, metadata: str
) -> None:
    """A dropped condition would give all rows; the key column is not there."""
    sim.set_switches(metadata=metadata, correlation_id={"core_company": False})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await target.write([create(shape(target, supplier(f"V{n}", f"Name {n}")).parts[0]) for n in range(30)])
    again = await prepared(await connect(), Entity.SUPPLIERS)
    sim.journal.reset()
    assert await again.find([candidate(again, supplier("V999", "Nobody"))]) == [[]]
    assert await again.by_code(["V3"]) == {}
    queries = [entry.target.partition("sysparm_query=")[2].partition("&")[0] for entry in sim.journal.entries]
    assert not any("correlation_id" in query for query in queries)


async def test_hidden_dictionary_is_made_up_for_by_a_row(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Second rung: a row that was read shows its columns."""
    target = await prepared(await connect(), Entity.SUPPLIERS)
    await write_records(target, [supplier()])
    sim.set_switches(metadata="forbidden")
    again = await prepared(await connect(), Entity.SUPPLIERS)
    assert await again.by_code(["V1"]) == {"V1": [shape(again, supplier()).parts[0].external_id]}


async def test_fraction_for_an_integer_column_is_rejected_unsent(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    with pytest.raises(RecordError) as raised:
        shape(target, order(lines=(order_line(1), order_line(2, "2.5"))))
    assert [(issue.code, issue.field) for issue in raised.value.issues] == [
        ("VALUE_WOULD_BE_CUT", "lines[2].ordered_quantity")
    ]


async def test_fraction_goes_into_a_decimal_column(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(integer_quantities=False)
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    [answers] = await write_records(target, [order(lines=(order_line(1, "2.5"),))])
    assert all(isinstance(answer, Receipt) for answer in answers), answers


async def test_fraction_waits_for_proof_of_the_column_s_type(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(metadata="forbidden", integer_quantities=False)
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    with pytest.raises(RecordError) as raised:
        shape(target, order(lines=(order_line(1, "2.5"),)))
    assert raised.value.code == "VALUE_WOULD_BE_CUT"
    told = {"proc_po_item": {"ordered_quantity": "decimal"}}
    target = await prepared(await connect(column_types=told), Entity.PURCHASE_ORDERS)
    assert shape(target, order(lines=(order_line(1, "2.5"),))).parts[1].payload["ordered_quantity"] == "2.5"


async def test_too_long_key_and_cut_text(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    with pytest.raises(RecordError) as raised:
        shape(target, invoice("R" * 41))
    assert {issue.code for issue in raised.value.issues} == {"VALUE_TOO_LONG"}
    orders = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    shaped = shape(orders, order(note="x" * 5000))
    assert shaped.warnings == ("description was cut from 5000 to 4000 characters.",)


@pytest.mark.parametrize("currency_echo", ["amount", "code_and_amount"])
@pytest.mark.parametrize("metadata", ["open", "forbidden"])
async def test_currency_columns_keep_the_currency(
    connect: Connect, sim: ServiceNowSimulator, currency_echo: str, metadata: str
) -> None:
    sim.set_switches(currency_echo=currency_echo, metadata=metadata)
    target = await prepared(await connect(), Entity.INVOICES)
    records = [
        invoice("R-EUR"),
        invoice("R-JPY", currency="JPY", net=Decimal(12345), tax=Decimal(0)),
        invoice("R-KWD", currency="KWD", net=Decimal("12345678.905"), tax=Decimal("0.001")),
    ]
    for answers in await write_records(target, records):
        assert all(isinstance(answer, Receipt) for answer in answers), answers
    stored = {row["supplier_invoice_number"]: row["subtotal"] for row in sim.tables["sn_apo_invoice"]}
    assert stored["R-JPY"] == "JPY;12345"
    assert stored["R-KWD"] == "KWD;12345678.905"


async def test_unproved_amount_column_that_is_no_currency_gets_plain_amounts(
    connect: Connect, sim: ServiceNowSimulator
) -> None:
    """Last rung: the first write's echo is empty, so the row is corrected and the rest goes plain."""
    sim.set_switches(metadata="forbidden")
    for name in ("cost", "list_price"):
        sim.grant({"give_column": name, "table": "proc_po_item", "kind": "decimal"})
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    for answers in await write_records(target, [order("P1"), order("P2")]):
        assert all(isinstance(answer, Receipt) for answer in answers), answers
    assert {row["cost"] for row in sim.tables["proc_po_item"] if row["sys_created_by"] == sim.user_name} == {"12.35"}


async def test_value_that_is_not_stored_is_reported_with_its_column(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Access rules on columns drop values without a word."""
    sim.grant({"lock_column": "website", "table": "core_company"})
    target = await prepared(await connect(), Entity.SUPPLIERS)
    [[answer]] = await write_records(target, [supplier(website="https://acme.example")])
    assert isinstance(answer, RecordError)
    assert answer.code == "VALUE_NOT_STORED"
    assert "website" in answer.message


async def test_rounded_amount_is_not_taken_for_stored(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.set_switches(decimal_places=2)
    target = await prepared(await connect(), Entity.INVOICES)
    [answers] = await write_records(target, [invoice(net=Decimal("1.005"), tax=Decimal(0), lines=0)])
    assert isinstance(answers[0], RecordError)
    assert answers[0].code == "VALUE_NOT_STORED"


async def test_dates_follow_the_column_s_type(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    payload = shape(target, order(wanted_on=date(2026, 3, 1))).parts[0].payload
    assert (payload["po_date"], payload["due_by"]) == ("2026-01-15 00:00:00", "2026-03-01")


async def test_text_column_for_a_dimension_gets_its_code(connect: Connect, sim: ServiceNowSimulator) -> None:
    sim.grant({"give_column": "u_cost_center", "table": "proc_po_item", "kind": "string"})
    target = await prepared(await connect(), Entity.PURCHASE_ORDERS)
    assert shape(target, order()).parts[1].payload["u_cost_center"] == "CC1"


async def test_statuses_that_the_choice_list_lacks_are_not_sent(connect: Connect, sim: ServiceNowSimulator) -> None:
    """Those of invoices are our guess."""
    target = await prepared(await connect(draft_status={"sn_apo_invoice": "parked"}), Entity.INVOICES)
    header = shape(target, invoice()).parts[0]
    assert header.draft is None
    assert "status" not in header.payload


async def test_unresolved_reference_is_an_issue_of_the_record(connect: Connect, sim: ServiceNowSimulator) -> None:
    target = await prepared(await connect(), Entity.INVOICES)
    with pytest.raises(RecordError) as raised:
        shape(target, invoice(), type(refs())({}))
    assert {issue.code for issue in raised.value.issues} == {"REFERENCE_MISSING_ON_TARGET"}
    assert len(raised.value.issues) == 5
