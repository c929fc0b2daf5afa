"""Domains of Procurify that differ: in their habits, and in what our user may do and see."""

from __future__ import annotations

from typing import Any

import pytest

from flows.procurify_domain import Domain
from flows.repeated import run_often
from ml_connector import clock

# Habits --------------------------------------------------------------------------------------------------------------

SWITCHES: list[dict[str, Any]] = [
    {"missing_client_header_status": 403},
    {"default_page_size": 50, "max_page_size": 20},
    {"next_link": "relative"},
    {"top_level_pagination": ("*",)},
    {"default_order": "shuffled"},
    {"uuids": "bare"},
    {"time_zone": "Pacific/Kiritimati"},
    {"time_zone": "Pacific/Pago_Pago"},
    {"vendor_name_filter": "contains"},
    {"requests_per_minute": 60},
    {"requests_per_minute": 60, "retry_after": "absent"},
    {"error_style": "drf"},
    {"vendor_name_lookup": "active_only"},
    {"accounts_without_departments": True},
    {"unique_account_codes": True},
    {"strict_dates": False, "positive_quantity": False},
    {"numbers_for_decimals": False},
    {"trim_texts": True},
    {"plex_po_number_field": False},
    {"auto_advance_seconds": 60.0},
]


class SharedTime(clock.ManualClock):
    """Moves the simulator's clock along."""

    def __init__(self, domain: Domain) -> None:
        super().__init__()
        self._domain = domain

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._domain.target.clock.advance(seconds)


@pytest.mark.thorough(6)
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(f"{k}={v}" for k, v in s.items()))
def test_domain_that_is_different(domain: Domain, switches: dict[str, Any]) -> None:
    """First load with lost answers, then runs that write nothing."""
    domain.switch(domain.target, **switches)
    with clock.use(SharedTime(domain)) as shared:
        domain.fault("drop_after", {"kind": "write"}, every=7)
        run_often(domain, shared, 3, 4000)
        domain.repair()
        report = run_often(domain, shared, 2, 4000)
        assert report.outcome in ("complete", "complete_with_exceptions")
        domain.forget_requests()
        domain.run()
        domain.run(full=True)
        assert domain.writes == 0
    assert domain.disagreements() == []


# Rights --------------------------------------------------------------------------------------------------------------


@pytest.mark.thorough(3)
@pytest.mark.parametrize("area", ["vendors", "orders", "order_items", "account_codes", "departments", "bills"])
def test_right_taken_away_and_given_back(domain: Domain, area: str) -> None:
    """The routes that need it stop and say whose turn it is; nothing is lost or made twice."""
    domain.run()
    domain.loop.call(lambda: domain.target.grant({"deny": area}))
    order, invoice = domain.desk.enter_order("777001", 0), domain.desk.enter_invoice(777002, 1)
    supplier = domain.desk.rename_supplier(1, "Renamed & Daughters")
    domain.pass_time(3600)
    report = domain.run()
    assert report.exit_status == 1
    told = [line for line in report.document()["exceptions"] if not line["key"]]
    assert any("403" in line["message"] and line["who"] == "Procurify administrator" for line in told), told
    domain.loop.call(lambda: domain.target.grant({"allow": area}))
    domain.run()
    assert domain.state(order) == ("waiting", "WAITING_APPROVAL")
    assert domain.state(invoice, "invoices")[0] in ("waiting", "landed")
    assert domain.state(supplier, "suppliers")[0] == "landed"
    assert domain.disagreements() == []


def test_orders_that_the_role_no_longer_sees(domain: Domain) -> None:
    """Requests that are hidden are not taken for missing ones."""
    domain.run()
    before = len(domain.table("orders"))
    domain.loop.call(lambda: domain.target.grant({"hide_rows": "orders", "key": {}}))
    domain.run()
    domain.run(full=True)
    assert len(domain.table("orders")) == before
    domain.loop.call(lambda: domain.target.grant({"show_rows": "orders"}))
    domain.run()
    assert domain.disagreements() == []
