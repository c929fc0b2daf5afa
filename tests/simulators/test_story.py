"""The story hangs together, and its awkward records are as awkward as they say."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from ml_connector_simulators.story import MINOR_DIGITS, Story, build_story
from ml_connector_simulators.story_awkward import CUT_OVER

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
HEADER_DIFFERS = {"P9015", 9026}


@pytest.fixture(scope="module", params=["small", "medium"])
def story(request: pytest.FixtureRequest) -> Story:
    return build_story(request.param, 1, NOW)


@pytest.fixture(scope="module")
def small() -> Story:
    return build_story("small", 1, NOW)


def test_small_is_small(small: Story) -> None:
    assert 35 <= len(small.suppliers) <= 50
    assert 55 <= len(small.orders) <= 70
    assert 140 <= sum(len(o.lines) for o in small.orders) <= 180
    assert 110 <= len(small.invoices) <= 130
    assert 270 <= sum(len(i.lines) for i in small.invoices) <= 330
    assert (len(small.accounts), len(small.cost_centers)) == (41, 20)


def test_same_day_and_seed_give_the_same_story(small: Story) -> None:
    assert build_story("small", 1, NOW + timedelta(minutes=5)) == small
    assert build_story("small", 2, NOW) != small


def test_headers_are_the_sum_of_their_lines(story: Story) -> None:
    for order in story.orders:
        if order.number not in HEADER_DIFFERS:
            assert order.net == sum((x.net for x in order.lines), Decimal(0)), order.number
            assert order.tax == sum((x.tax for x in order.lines), Decimal(0)), order.number
    for invoice in story.invoices:
        if invoice.id not in HEADER_DIFFERS:
            assert invoice.net == sum((x.amount for x in invoice.lines), Decimal(0)), invoice.id


def test_lines_are_quantity_times_price_in_the_currency(story: Story) -> None:
    for order in story.orders:
        digits = MINOR_DIGITS.get(order.currency or "EUR", 2)
        for line in order.lines:
            assert abs(line.net - line.quantity * line.unit_price) <= Decimal(1).scaleb(-digits)
            assert line.net == round(line.net, digits)


def test_every_reference_of_an_ordinary_document_exists(story: Story) -> None:
    suppliers = {s.number for s in story.suppliers}
    orders = {o.number: o for o in story.orders}
    accounts = {(a.company, a.number) for a in story.accounts}
    centers = {(c.company, c.number) for c in story.cost_centers}
    awkward = {int(i.split("/")[1]) for a in story.awkward if a.entity == "invoices" for i in a.ids}
    for order in story.orders:
        assert order.supplier in suppliers
        assert all((order.company, x.account) in accounts for x in order.lines)
        assert all((order.company, x.cost_center) in centers for x in order.lines)
    for invoice in story.invoices:
        assert invoice.supplier in suppliers
        if invoice.id in awkward:
            continue
        assert all((invoice.company, x.account) in accounts for x in invoice.lines)
        assert all((invoice.company, x.cost_center) in centers for x in invoice.lines)
        if invoice.order:
            order = orders[invoice.order]
            assert (order.company, order.supplier) == (invoice.company, invoice.supplier)


def test_keys_are_unique(story: Story) -> None:
    assert len({s.number for s in story.suppliers}) == len(story.suppliers)
    assert len({o.number for o in story.orders}) == len(story.orders)
    assert len({(i.company, i.id) for i in story.invoices}) == len(story.invoices)
    assert len({a.key for a in story.awkward}) == len(story.awkward)


def test_stamps_are_spread_and_older_than_an_hour(story: Story) -> None:
    stamps = [x.changed_at for x in (*story.suppliers, *story.orders, *story.invoices, *story.accounts)]
    stamps += [line.changed_at for order in story.orders for line in order.lines]
    assert max(stamps) <= NOW - timedelta(hours=1)
    assert all(o.entered_at <= o.changed_at for o in story.orders)
    assert len({s.date() for s in stamps}) > 60


def test_only_deliberate_names_are_shared(story: Story) -> None:
    shared = [name for name, count in Counter(s.name for s in story.suppliers).items() if count > 1]
    assert shared == ["Schmidt Industriebedarf GmbH"]


def test_awkward_ids_exist_and_are_explained(small: Story) -> None:
    known = {s.number for s in small.suppliers} | {o.number for o in small.orders}
    known |= {f"{i.company}/{i.id}" for i in small.invoices}
    known |= {f"{x.company}/{x.number}" for x in (*small.accounts, *small.cost_centers)}
    for awkward in small.awkward:
        assert set(awkward.ids) <= known, awkward.key
        assert awkward.what.endswith(".")


def test_numbers_that_repeat(small: Story) -> None:
    one, other = (small.invoice("10", n) for n in (9001, 9002))
    assert (one.number, one.invoice_date) == (other.number, other.invoice_date)
    assert one.supplier != other.supplier
    first, same, series = (small.invoice("10", n) for n in (9003, 9004, 9005))
    assert (first.supplier, first.series, first.number) == (same.supplier, same.series, same.number)
    assert (first.number, first.invoice_date) == (series.number, series.invoice_date)
    assert first.series != series.series


def test_credit_memos_are_negative(story: Story) -> None:
    assert all((i.kind == "credit_memo") == (i.net < 0) for i in story.invoices)
    assert {small.kind for small in story.invoices if small.number == "RC-500"} == {"invoice", "credit_memo"}


def test_amounts_of_unusual_currencies(small: Story) -> None:
    assert small.invoice("10", 9009).net == Decimal("12345678.905")
    assert small.invoice("10", 9010).net == Decimal("1010.000")
    assert small.order("P9010").net == Decimal("52800")
    assert [x.quantity for x in small.order("P9008").lines] == [Decimal("0.1"), Decimal("0.2")]
    assert small.order("P9008").net == Decimal("0.30")


def test_coding_that_is_not_valid_on_the_document_date(small: Story) -> None:
    accounts = {a.number: a for a in small.accounts if a.company == "10"}
    centers = {c.number: c for c in small.cost_centers if c.company == "10"}

    def coding(number: int) -> tuple[str, str, date]:
        invoice = small.invoice("10", number)
        return invoice.lines[0].account, invoice.lines[0].cost_center, invoice.invoice_date

    assert coding(9017)[0] not in accounts
    assert accounts[coding(9018)[0]].blocked
    assert accounts[coding(9019)[0]].valid_until == coding(9019)[2] - timedelta(days=1)
    assert accounts[coding(9023)[0]].valid_until == coding(9023)[2]
    assert coding(9020)[1] not in centers
    assert centers[coding(9021)[1]].valid_until < coding(9021)[2]
    assert centers[coding(9022)[1]].valid_from > coding(9022)[2]


def test_orders_that_invoices_point_at(small: Story) -> None:
    assert small.order("P9003").status == "planned"
    assert small.invoice("10", 9012).order == "P9003"
    assert small.invoice("10", 9013).order not in {o.number for o in small.orders}
    closed = small.order("P9004")
    assert (closed.status, closed.ordered_on < CUT_OVER) == ("closed", True)
    assert small.invoice("10", 9014).order == "P9004"
    assert small.invoice("10", 9014).invoice_date >= CUT_OVER


def test_the_cut_over_separates_paid_and_open(small: Story) -> None:
    assert small.invoice("10", 9015).status == "paid"
    assert small.invoice("10", 9016).status == "posted"
    assert all(small.invoice("10", n).invoice_date < CUT_OVER for n in (9015, 9016))


def test_what_people_had_keyed_by_hand(small: Story) -> None:
    by_hand = small.hand_keyed
    assert by_hand.orders[0] == small.order("P9005")
    assert by_hand.orders[1].lines != small.order("P9006").lines
    assert by_hand.orders[2] == by_hand.orders[3] == small.order("P9007")
    assert [s.name for s in by_hand.suppliers].count("Doppelt & Gemoppelt OHG") == 2
    assert by_hand.invoices[0] == small.invoice("10", 9031)
