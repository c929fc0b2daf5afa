"""Positions, filters and watermarks in the small."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import msgspec
import pytest

from ml_connector.errors import ContractError
from ml_connector.records import Entity
from ml_connector.systems.cursors import Unbelievable
from ml_connector.systems.ifs_cloud import cursors
from ml_connector.systems.ifs_cloud.cursors import (
    FieldCursor,
    Progress,
    Watermark,
    check_cursor,
    lower_bound,
)
from ml_connector.systems.ifs_cloud.reading import key_chains
from ml_connector.systems.ifs_cloud.schema import INVOICE_LINES, INVOICES, PURCHASE_ORDERS
from ml_connector.systems.ifs_cloud.sets import EntitySet, Row, ServerClock, line_order
from ml_connector.systems.ifs_cloud.settings import IfsCloudSettings
from ml_connector_simulators.ifs_cloud import IfsCloudSimulator
from systems.ifs_cloud.ifs_tenant import connected, read_anew
from systems.simulated import read

SETTINGS = IfsCloudSettings(realm="demo", companies=["10"])
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLOCK = ServerClock("UTC")


def row(key: str, stamp: str = "2026-03-02T08:00:00Z", content: str = "{}") -> Row:
    return Row(msgspec.Raw(content.encode()), (key,), "W/1", stamp, "10", "", "", False)


def test_keys_are_asked_for_in_chains_of_forty_terms() -> None:
    heads = EntitySet(INVOICES, SETTINGS)
    found = key_chains(heads, [("10", number) for number in range(100)] + [("20", 7)])
    assert [str(each.filter).count(" eq ") for each in found] == [40, 40, 23, 2]
    assert str(found[-1].filter) == "Company eq '20' and InvoiceId eq 7"


async def test_a_full_page_without_a_link_leaves_the_chains_at_forty_terms(tenant: IfsCloudSimulator) -> None:
    """Reading goes on behind the last row, which takes terms of its own."""
    tenant.set_switches(page_limit=20, next_link="none")
    async with connected(tenant) as system:
        everything = await read(system, Entity.PURCHASE_ORDERS)
        records = await system.stream(Entity.PURCHASE_ORDERS).fetch(everything.keys)
    assert sorted(record.key for record in records) == sorted(everything.keys)
    filters = [unquote(entry.target) for entry in tenant.journal.entries if "filter" in entry.target]
    terms = [len(re.findall(r" (?:eq|gt|ge) ", each)) for each in filters]
    assert 30 < max(terms) <= 40


def test_lines_are_asked_for_by_the_key_of_their_head() -> None:
    lines = EntitySet(INVOICE_LINES, SETTINGS)
    (found,) = key_chains(lines, [("10", 5), ("10", 6), ("10", 5)])
    assert str(found.filter) == "Company eq '10' and (InvoiceId eq 5 or InvoiceId eq 6)"


def test_a_quote_in_a_key_is_doubled() -> None:
    (found,) = key_chains(EntitySet(PURCHASE_ORDERS, SETTINGS), [("P'1",)])
    assert str(found.filter) == "OrderNo eq 'P''1'"


def test_a_row_without_its_key_is_a_broken_contract() -> None:
    decode = EntitySet(INVOICES, SETTINGS).decode
    with pytest.raises(ContractError, match=r"no readable key .*InvoiceId"):
        decode(msgspec.Raw(b'{"Company":"10"}'))
    with pytest.raises(ContractError, match="no readable key"):
        decode(msgspec.Raw(b'{"Company":"10","InvoiceId":"x"}'))


def test_lines_count_like_people() -> None:
    lines = [Row(msgspec.Raw(b"{}"), ("P1", number, "1"), "", "", "", "", "", False) for number in ("10", "2", "1A")]
    assert [line.key[1] for line in sorted(lines, key=line_order)] == ["2", "10", "1A"]


def test_a_row_changed_just_now_is_fresh() -> None:
    entity_set = EntitySet(PURCHASE_ORDERS, SETTINGS)

    def fresh(stamp: str) -> bool:
        raw = msgspec.Raw(b'{"OrderNo":"P1","Rowversion":"%s"}' % stamp.encode())
        return CLOCK.rows(entity_set, [raw], NOON)[0].fresh

    assert [fresh(f"2026-03-02T{time}Z") for time in ("11:59:57", "11:59:58", "12:00:00", "12:00:30", "12:30:00")] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_the_watermark_is_the_largest_value_received_that_is_not_in_the_future() -> None:
    progress = Progress(CLOCK, timedelta(seconds=120), "2026-03-02T07:00:00Z")
    progress.note([row("A", "2026-03-02T08:00:00Z"), row("B", "2099-01-01T00:00:00Z")], NOON)
    assert progress.watermark(2, NOON) == Watermark(
        "2026-03-02T08:00:00Z", {"A": row("A").digest(), "B": row("B").digest()}, 2
    )


def test_only_rows_within_the_overlap_are_remembered() -> None:
    progress = Progress(CLOCK, timedelta(seconds=120), "")
    progress.note([row("A", "2026-03-02T07:57:59Z"), row("B", "2026-03-02T07:58:00Z"), row("C")], NOON)
    assert sorted(progress.watermark(3, NOON).seen) == ["B", "C"]


def test_a_watermark_taken_before_the_load_stays() -> None:
    progress = Progress(CLOCK, timedelta(seconds=120), "2026-03-02T07:00:00Z", fixed=True)
    progress.note([row("A", "2026-03-02T06:00:00Z"), row("B", "2026-03-02T08:00:00Z")], NOON)
    assert progress.watermark(2, NOON).stamp == "2026-03-02T07:00:00Z"
    assert list(progress.watermark(2, NOON).seen) == ["B"]


def test_too_many_rows_of_one_stamp_are_closed_once_a_day_has_passed() -> None:
    def watermark(now: datetime) -> Watermark:
        progress = Progress(CLOCK, timedelta(seconds=120), "")
        progress.note([row(str(number)) for number in range(3 * cursors.MOST_SEEN)], now)
        return progress.watermark(5000, now)

    soon, later = watermark(NOON), watermark(NOON + timedelta(days=2))
    assert (len(soon.seen), soon.closed) == (cursors.MOST_SEEN, False)
    assert (len(later.seen), later.closed, later.stamp) == (0, True, "2026-03-02T08:00:00Z")


async def test_a_closed_watermark_reads_strictly_behind(
    tenant: IfsCloudSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursors, "MOST_SEEN", 5)
    stamp = tenant.clock.now() - timedelta(days=3)
    for row_ in list(tenant.truth()["SupplierInfoGeneralSet"]):
        tenant.update("SupplierInfoGeneralSet", {"SupplierId": row_["SupplierId"]}, {"Country": "DE"}, stamp=stamp)
    first = await read_anew(tenant, Entity.SUPPLIERS)
    assert first.cursor is not None and first.cursor["sets"]["suppliers"]["closed"] is True
    second = await read_anew(tenant, Entity.SUPPLIERS, first.cursor)
    assert second.keys == [] and second.cursor == first.cursor
    tenant.update("SupplierInfoGeneralSet", {"SupplierId": "V9001"}, {"Country": "AT"})
    third = await read_anew(tenant, Entity.SUPPLIERS, second.cursor)
    assert third.keys == ["V9001"]


def test_the_lower_bound_is_written_as_the_server_writes() -> None:
    assert lower_bound("2026-03-02T08:00:00.5Z", timedelta(seconds=120)) == "2026-03-02T07:58:00Z"
    assert lower_bound("2026-03-02T08:00:00+02:00", timedelta(0)) == "2026-03-02T06:00:00Z"


def test_server_time_is_wall_clock_of_its_zone() -> None:
    stockholm = ServerClock("Europe/Stockholm")
    assert not stockholm.is_future("2026-03-02T13:00:00Z", NOON)
    assert stockholm.is_future("2026-03-02T13:00:01Z", NOON)
    assert str(ServerClock("Asia/Tokyo").today(datetime(2026, 3, 2, 20, tzinfo=UTC))) == "2026-03-03"


def test_a_cursor_of_the_first_of_two_equal_hours_is_believed() -> None:
    """In autumn ten to three comes twice: seen from five past two it is not the future."""
    berlin = ServerClock("Europe/Berlin")
    cursor = FieldCursor({"invoices": Watermark("2026-10-25T02:50:00Z")}, ["10"], "Rowversion")
    five_past_two_again = datetime(2026, 10, 25, 1, 5, tzinfo=UTC)
    check_cursor(cursor, ["10"], berlin, five_past_two_again)
    with pytest.raises(Unbelievable, match="lies in the future"):
        check_cursor(cursor, ["10"], berlin, five_past_two_again - timedelta(hours=1))
    cursor = FieldCursor({"invoices": Watermark("2026-10-25T04:00:00Z")}, ["10"], "Rowversion")
    with pytest.raises(Unbelievable, match="lies in the future"):
        check_cursor(cursor, ["10"], berlin, five_past_two_again)
