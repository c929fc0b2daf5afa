"""What is read of Procurify: values and references of each record, and lists that are not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from conformance.reading import Pass, read
from ml_connector.configuration import read as configured
from ml_connector.errors import ConfigurationError, ContractError, PermissionMissingError, RecordError
from ml_connector.flows import PAIRS
from ml_connector.records import Entity, Invoice, InvoiceStatus, Payment, Reference, Supplier
from ml_connector.systems.base import Need, Ports, Verdict
from ml_connector.systems.procurify import CONNECTOR
from ml_connector.systems.procurify.bill_lines import shares
from ml_connector.systems.procurify.connection import Procurify
from ml_connector.systems.procurify.cursors import write_moment
from ml_connector.systems.procurify.spans import EPOCH
from scripted_server import Reply
from systems.memory import Memory
from systems.procurify.domain import Connect, Domain

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""By the domain's clock."""
UUID = "0a3f51c2-6d2e-4f4b-9b53-0c1d2e3f{:04x}"
SLOW = Reply(504, "<html><body>Gateway time-out</body></html>")
BUDGET = {"account_code": {"id": 61, "code": "6100-20"}, "department": {"id": 21, "name": "Maintenance"}}
OTHER = {"account_code": {"id": 62, "code": "6200-20"}, "department": {"id": 22, "name": "Toolroom"}}


def bill(number: int = 1, **values: Any) -> dict[str, Any]:
    """As a list and a single reading give it, in one."""
    return {
        "id": number,
        "uuid": UUID.format(number),
        "version": 1,
        "vendor": {"id": 501, "name": "Northfield Tooling"},
        "currency": {"id": 1, "name": "USD", "rate": "1.0"},
        "invoice_number": f"INV-{number}",
        "invoice_date": "2026-02-20T00:00:00-08:00",
        "last_modified_datetime": "2026-02-25T10:00:00Z",
        "total_cost_with_tax": 108.25,
        "tax_amount": 8.25,
        "status": 2,
        "items": [901],
        "lines": [line()],
        **values,
    }


def line(**values: Any) -> dict[str, Any]:
    return {
        "description": "Bearing 6204",
        "quantity": "40.00000",
        "unit_cost": 2.5,
        "tax_amount": 8.25,
        "total_cost": 100,
        "cost_allocations": [{"amount": "100.00", "budget": BUDGET}],
        **values,
    }


async def invoice(domain: Domain, connect: Connect, **values: Any) -> Invoice:
    domain.rows["bills"].append(bill(**values))
    found = await read(await connect(), Entity.INVOICES)
    record = found.record(UUID.format(1))
    assert isinstance(record, Invoice)
    assert sum((each.amount for each in record.lines), Decimal(0)) == record.net
    return record


# --- bills -------------------------------------------------------------------------------------------------------


async def test_bill_becomes_an_invoice(domain: Domain, connect: Connect) -> None:
    record = await invoice(domain, connect)
    assert (record.scope, record.company, record.number) == ("127.0.0.1", "127.0.0.1", "INV-1")
    assert record.supplier == Reference("501", "501", "Northfield Tooling")
    assert (record.net, record.tax, record.gross) == (Decimal("100.00"), Decimal("8.25"), Decimal("108.25"))
    (only,) = record.lines
    assert (only.id, only.number, only.amount, only.unit_price) == ("901", "901", Decimal("100.00"), Decimal("2.5"))
    assert only.gl_account == Reference("61", "6100-20")
    assert only.department == Reference("21", "Maintenance", "Maintenance")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (1, InvoiceStatus.RECEIVED),
        (2, InvoiceStatus.APPROVED),
        (3, InvoiceStatus.CANCELLED),
        (4, InvoiceStatus.PAID),
        (5, InvoiceStatus.CANCELLED),
        (6, InvoiceStatus.PAID),
        (7, InvoiceStatus.APPROVED),
        (8, InvoiceStatus.APPROVED),
    ],
)
async def test_status_of_a_bill(domain: Domain, connect: Connect, status: int, wanted: InvoiceStatus) -> None:
    assert (await invoice(domain, connect, status=status)).status is wanted


async def test_status_that_nobody_knows_is_refused(domain: Domain, connect: Connect) -> None:
    with pytest.raises(RecordError, match="status 9"):
        await invoice(domain, connect, status=9)


async def test_drafts_are_no_documents(domain: Domain, connect: Connect) -> None:
    domain.rows["bills"] += [bill(1), bill(2, status=0, invoice_number="")]
    system = await connect()
    stream = system.stream(Entity.INVOICES)
    assert (await read(system, Entity.INVOICES)).keys == [UUID.format(1)]
    assert await stream.fetch([UUID.format(2)]) == []
    assert [key async for some in stream.sweep() for key, _ in some] == [UUID.format(1)]


@pytest.mark.parametrize(
    ("changes", "amounts"),
    [
        ({"lines": [line(total_cost=108.25)]}, [Decimal("100.00")]),
        ({"lines": [line(tax_amount=None, total_cost=None)]}, [Decimal("100.00")]),
        ({"lines": [line(), line()], "items": [1, 2], "total_cost_with_tax": 208.25}, [Decimal(100), Decimal(100)]),
        ({"shipping_amount": 12, "total_cost_with_tax": 120.25}, [Decimal(100), Decimal(12)]),
        ({"shipping_amount": 12, "total_cost_with_tax": 121.25}, [Decimal(100), Decimal(12), Decimal(1)]),
        ({"total_cost_with_tax": 98.25}, [Decimal(100), Decimal(-10)]),
        ({"lines": []}, [Decimal(100)]),
    ],
)
async def test_lines_add_up_to_the_net(
    domain: Domain, connect: Connect, changes: dict[str, Any], amounts: list[Decimal]
) -> None:
    """Tax that lines include is taken out; shipping and what else is charged are lines, coded like the first."""
    record = await invoice(domain, connect, **changes)
    assert [each.amount for each in record.lines] == amounts
    assert len({each.gl_account for each in record.lines}) == 1


async def test_line_is_shared_out_over_its_allocations(domain: Domain, connect: Connect) -> None:
    parts = [{"amount": "70.00", "budget": BUDGET}, {"amount": "30.00", "budget": OTHER}]
    record = await invoice(domain, connect, lines=[line(cost_allocations=parts)])
    assert [(each.id, each.amount, each.tax) for each in record.lines] == [
        ("901/1", Decimal(70), Decimal("5.78")),
        ("901/2", Decimal(30), Decimal("2.47")),
    ]
    assert [each.gl_account.code for each in record.lines if each.gl_account] == ["6100-20", "6200-20"]


def test_allocations_that_do_not_add_up_count_by_their_proportions() -> None:
    ones = [Decimal(1)] * 3
    assert shares(Decimal(100), ones, "USD") == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]
    assert shares(Decimal(100), ones, "JPY") == [Decimal(33), Decimal(33), Decimal(34)]
    assert shares(Decimal(-3), ones, "USD") == [Decimal(-1)] * 3
    assert shares(Decimal(5), [Decimal(0), Decimal(0)], "USD") == [Decimal(5), Decimal(0)]


@pytest.mark.parametrize(
    ("budget", "account", "department"),
    [
        ({"account_code": {"code": "6100-20"}, "department": {"name": "Toolroom"}}, "61", "22"),
        ({"account_code": 61, "department": 22}, "61", "22"),
        ({"account_code": "6100-20", "department": "Toolroom"}, "61", "22"),
        ({"account_code": {"code": "nobody's"}, "department": {"name": "Twins"}}, "code/nobody's", None),
        (None, None, None),
    ],
)
async def test_account_code_and_department_without_ids_are_looked_up(
    domain: Domain, connect: Connect, budget: Any, account: str | None, department: str | None
) -> None:
    """A department whose name two rows have is none of them."""
    domain.rows["departments"] += [{"id": 31, "name": "Twins"}, {"id": 32, "name": "Twins"}]
    parts = [{"amount": "100.00", "budget": budget}]
    (only,) = (await invoice(domain, connect, lines=[line(cost_allocations=parts)])).lines
    assert (only.gl_account and only.gl_account.key, only.department and only.department.key) == (account, department)


async def test_orders_are_pointed_to_by_their_uuid(domain: Domain, connect: Connect) -> None:
    po = {"id": 15, "number": "PF15", "uuid": "70"}
    record = await invoice(domain, connect, lines=[line(po=po, orderitem={"id": 77, "unit": "each"})])
    assert record.purchase_order == record.lines[0].purchase_order == Reference("70", "PF15")
    assert (record.lines[0].purchase_order_line, record.lines[0].unit) == ("77", "each")


async def test_unknown_fields_and_rates_change_nothing(domain: Domain, connect: Connect) -> None:
    domain.rows["bills"].append(bill())
    system = await connect()
    before = await read(system, Entity.INVOICES)
    domain.rows["bills"][0] |= {"nobody_knows": {"nested": ["Ω"]}, "currency": {"id": 1, "name": "USD", "rate": "9"}}
    assert (await read(system, Entity.INVOICES, before.cursor)).records == []
    after = await read(system, Entity.INVOICES)
    assert after.record(UUID.format(1)) == before.record(UUID.format(1))
    assert b"nobody_knows" in after.records[0].payload


# --- payments, vendors -------------------------------------------------------------------------------------------


async def test_payments_that_were_made(domain: Domain, connect: Connect) -> None:
    """They name their vendor; a name of two vendors is nobody's."""
    domain.rows["vendors"] += [{"id": 1, "name": "Alone"}, {"id": 2, "name": "Twin"}, {"id": 3, "name": "Twin"}]
    given = {"amount": "12.50", "currency": {"id": 1, "name": "USD"}, "updated_at": "2026-02-25T10:00:00Z"}
    domain.rows["payments"] += [
        {"id": 1, "vendor_name": "Alone", "status": "paid", "posted_date": "2026-02-24", **given},
        {"id": 2, "vendor_name": "Twin", "status": "paid", "posted_date": None, **given},
        {"id": 3, "vendor_name": "Alone", "status": "scheduled", "posted_date": None, **given},
    ]
    system = await connect()
    found = await read(system, Entity.PAYMENTS)
    assert found.keys == ["1", "2"]
    records = [found.record(key) for key in found.keys]
    assert all(isinstance(each, Payment) for each in records)
    assert [(each.supplier, str(each.paid_on), each.amount) for each in records if isinstance(each, Payment)] == [
        (Reference("1", "1", "Alone"), "2026-02-24", Decimal("12.50")),
        (None, "2026-02-25", Decimal("12.50")),
    ]
    assert [raw.key for raw in await system.stream(Entity.PAYMENTS).fetch(["2", "3", "9"])] == ["2"]


async def test_vendor_with_lists_and_objects(domain: Domain, connect: Connect) -> None:
    domain.rows["vendors"].append(
        {"id": 7, "name": "Northfield", "email": ["a@b.example", "c@d.example"], "payment_term_ref": {"id": 1,
         "name": "Net 30"}, "addressLineOne": "Road 1", "postalCode": "0815", "active": False}
    )  # fmt: skip
    record = (await read(await connect(), Entity.SUPPLIERS)).record("7")
    assert isinstance(record, Supplier)
    assert (record.email, record.payment_terms, record.active) == ("a@b.example", "Net 30", False)
    assert [(each.line1, each.postal_code) for each in record.addresses] == [("Road 1", "0815")]


async def test_empty_change_of_a_vendor_is_none(domain: Domain, connect: Connect) -> None:
    """It moves the date alone."""
    domain.rows["vendors"].append({"id": 7, "name": "Northfield", "dateModified": "2026-02-25T10:00:00Z"})
    system = await connect()
    first = await read(system, Entity.SUPPLIERS)
    domain.rows["vendors"][0]["dateModified"] = "2026-02-26T10:00:00Z"
    assert (await read(system, Entity.SUPPLIERS, first.cursor)).records == []


# --- what is believed --------------------------------------------------------------------------------------------


async def vendors(domain: Domain, system: Procurify, count: int) -> Pass:
    domain.rows["vendors"] += [{"id": number, "name": f"Vendor {number}"} for number in range(1, count + 1)]
    return await read(system, Entity.SUPPLIERS)


async def test_list_that_lost_most_of_its_rows_is_not_believed(domain: Domain, connect: Connect) -> None:
    system = await connect()
    first = await vendors(domain, system, 10)
    del domain.rows["vendors"][4:]
    with pytest.raises(PermissionMissingError, match="4 of the 10"):
        await read(system, Entity.SUPPLIERS, first.cursor)
    relaxed = await connect(smallest_share=0)
    assert (await read(relaxed, Entity.SUPPLIERS, first.cursor)).records == []


async def test_sweep_of_a_list_that_lost_most_of_its_rows_is_not_believed(domain: Domain, connect: Connect) -> None:
    """Else what the role hides would count as deleted."""
    memory = Memory()
    stream = (await connect(ports=Ports(memory=lambda name: memory))).stream(Entity.SUPPLIERS)
    domain.rows["vendors"] += [{"id": number, "name": f"Vendor {number}"} for number in range(1, 11)]
    assert len([key async for some in stream.sweep() for key, _ in some]) == 10
    del domain.rows["vendors"][4:]
    with pytest.raises(PermissionMissingError, match="4 rows and showed 10"):
        assert [some async for some in stream.sweep()] == []


async def test_bill_without_uuid_is_not_passed_over(domain: Domain, connect: Connect) -> None:
    domain.rows["bills"].append(bill(uuid=None))
    with pytest.raises(ContractError, match="Bill 1 has no uuid"):
        await read(await connect(), Entity.INVOICES)


async def test_check_of_a_source_asks_for_reading_alone(domain: Domain, connect: Connect) -> None:
    """No location is needed, and nothing of writing is said."""
    domain.trouble("GET", "/payments/", Reply(403, {"detail": "You do not have permission to perform this action."}))
    found = await (await connect(location="Nowhere")).check([Need(entity, write=False) for entity in CONNECTOR.reads])
    assert {each.operation for each in found} == {"sign in", "circuit breaker", "read"}
    (missing,) = (each for each in found if each.verdict is Verdict.MISSING)
    assert missing.subject == "payments: /api/public/v1/payments/"
    assert "see payments" in missing.fix
    asked = next(one for one in domain.api_requests if "/payments/" in one)
    assert "updated_at_after=2026-03-02T00:00:00Z" in asked


async def test_bills_that_are_not_to_be_seen_any_more(domain: Domain, connect: Connect) -> None:
    """Quiet days are believed as long as the newest bill is still there."""
    domain.rows["bills"].append(bill())
    system = await connect()
    first = await read(system, Entity.INVOICES)
    assert (await read(system, Entity.INVOICES, first.cursor)).records == []
    domain.rows["bills"].clear()
    with pytest.raises(PermissionMissingError, match="2026-02-25 10:00"):
        await read(system, Entity.INVOICES, first.cursor)


async def test_many_bills_are_read_in_shorter_times(
    domain: Domain, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, although the pieces meet; no piece holds more than fits into memory."""
    monkeypatch.setattr("ml_connector.systems.procurify.spans.MOST_ROWS", 20)
    for number in range(1, 121):
        stamp = f"2026-01-{number % 28 + 1:02}T00:00:00Z"
        domain.rows["bills"].append(bill(number, last_modified_datetime=stamp))
    found = await read(await connect(page_size=10), Entity.INVOICES)
    assert sorted(found.keys) == sorted(UUID.format(number) for number in range(1, 121))
    assert not any("&page=4" in one for one in domain.api_requests)


async def test_reading_goes_on_at_any_piece_of_time(
    domain: Domain, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_connector.systems.procurify.spans.MOST_ROWS", 4)
    for number in range(1, 21):
        domain.rows["bills"].append(bill(number, last_modified_datetime=f"20{number + 4:02}-01-01T00:00:00Z"))
    stream = (await connect()).stream(Entity.INVOICES)
    window = await stream.window(None)
    pages = [page async for page in stream.extract(window, None)]
    assert len(pages) > 5
    for at, page in enumerate(pages[:-1]):
        behind = {raw.key for later in pages[at + 1 :] for raw in later.records}
        again = {raw.key async for rest in stream.extract(window, page.position) for raw in rest.records}
        assert behind <= again


async def test_bill_on_the_edge_of_two_pieces_comes_once(
    domain: Domain, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_connector.systems.procurify.spans.MOST_ROWS", 2)
    edge = EPOCH + (NOW - EPOCH) / 2
    for number, stamp in enumerate((edge - timedelta(days=9), edge, edge + timedelta(days=9)), 1):
        domain.rows["bills"].append(bill(number, last_modified_datetime=write_moment(stamp)))
    assert (await read(await connect(), Entity.INVOICES)).keys == [UUID.format(number) for number in (1, 2, 3)]
    pieces = [one for one in domain.api_requests if "page_size=50" in one and write_moment(edge)[:10] in one]
    assert len(pieces) == 2


async def test_time_that_cannot_be_counted_in_time_is_halved(domain: Domain, connect: Connect) -> None:
    """The same request is not sent again."""
    domain.rows["bills"].append(bill())
    domain.trouble("GET", "page_size=1&", SLOW)
    domain.trouble("GET", "page_size=50", SLOW)
    found = await read(await connect(), Entity.INVOICES)
    assert found.keys == [UUID.format(1)]
    assert len(domain.api_requests) == len(set(domain.api_requests))


async def test_list_that_shrinks_while_it_is_read_is_read_again(domain: Domain, connect: Connect) -> None:
    """The rows behind move up onto a page that was read already."""
    domain.rows["vendors"] += [{"id": number, "name": f"Vendor {number}"} for number in range(1, 8)]
    system = await connect(page_size=3)
    take, asked = domain.answer, 0

    def answer(request: Any) -> Reply:
        nonlocal asked
        reply = take(request)
        asked += "/vendors/all/" in request.path
        if asked == 1 and "/vendors/all/" in request.path:
            del domain.rows["vendors"][0]
        return reply

    domain.answer = answer  # type: ignore[method-assign]
    assert {"2", "3", "4", "5", "6", "7"} <= set((await read(system, Entity.SUPPLIERS)).keys)


# --- whose records they are --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "scope", "wanted"),
    [
        ({}, "urn:procurify-api:domain:acme urn:procurify-api:email:ml@acme.example", "acme"),
        ({}, None, "127.0.0.1"),
        ({"domain": "ours"}, "urn:procurify-api:domain:acme", "ours"),
    ],
)
async def test_domain_tells_records_apart(
    domain: Domain, connect: Connect, settings: dict[str, Any], scope: str | None, wanted: str
) -> None:
    token = {"access_token": "t", "expires_in": 86400, "token_type": "Bearer", "scope": scope}
    domain.trouble("POST", "/oauth/token", Reply(body=token))
    found = await read(await connect(**settings), Entity.LOCATIONS)
    assert {raw.scope for raw in found.records} == {wanted}


async def test_cursor_of_another_domain_is_not_believed(domain: Domain, connect: Connect) -> None:
    first = await read(await connect(domain="one"), Entity.LOCATIONS)
    second = await read(await connect(domain="other"), Entity.LOCATIONS, first.cursor)
    assert second.first_load
    assert "of domain one" in second.remark


async def test_each_entity_that_is_declared_can_be_read_and_no_other(connect: Connect) -> None:
    system = await connect()
    assert {system.stream(entity).entity for entity in CONNECTOR.reads} == CONNECTOR.reads
    with pytest.raises(Exception, match="not read for purchase_orders"):
        system.stream(Entity.PURCHASE_ORDERS)


@pytest.mark.parametrize("source", sorted(pair.source for pair in PAIRS.values() if pair.target == "procurify"))
def test_reading_it_makes_no_pair_two_way(source: str) -> None:
    """What would go back cannot be written to the ERP."""
    text = f"""
connections:
  - {{name: erp, system: {source}}}
  - {{name: pro, system: procurify}}
flows:
  - name: books
    source: erp
    target: pro
    routes: {{suppliers: {{direction: both}}, invoices: {{direction: both}}}}
"""
    with pytest.raises(ConfigurationError) as caught:
        configured(text, {}, file="ml-connector.yaml")
    said = str(caught.value)
    assert "suppliers cannot be written to" in said
    assert "invoices cannot be written to" in said
