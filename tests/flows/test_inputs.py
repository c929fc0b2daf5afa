"""Holds docs/inputs.md: every awkward input ends in the state and with the reason code that the page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.plant import FLOW, Plant
from ml_connector import clock

PAGE = Path(__file__).parents[2] / "docs" / "inputs.md"
ROUTES = {
    "Suppliers": "suppliers",
    "Dimensions": "",
    "Purchase orders": "purchase_orders",
    "Invoices": "invoices",
}
CENTERS = ("10/980", "10/970")


def told() -> Iterator[tuple[str, str, str, str]]:
    """(route, key, state, reason code) of each row of the page's first four tables."""
    section = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if section in ROUTES and len(cells) == 4 and "`" in cells[1]:
            for key in re.findall(r"`([^`]+)`", cells[1]):
                route = ROUTES[section] or ("cost_centers" if key in CENTERS else "gl_accounts")
                yield route, key, cells[2].split(",")[0].split(";")[0], cells[3].strip("`")


def test_awkward_inputs_end_as_the_page_says(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant()
    plant.run()
    rows = {(row["entity"], row["key"]): row for row in plant.app.records(FLOW)}
    expected = {(route, key): (state, code) for route, key, state, code in told()}
    assert len(expected) > 60
    found = {key: (rows[key]["state"], rows[key]["code"]) if key in rows else None for key in expected}
    assert found == expected


def test_fractions_land_where_the_column_takes_decimals(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant()
    plant.loop.call(lambda: plant.target.set_switches(integer_quantities=False))
    plant.run()
    states = {key: plant.row("purchase_orders", key)["state"] for key in ("P9008", "P9009")}
    assert states == {"P9008": "landed", "P9009": "landed"}
    assert plant.row("invoices", "10/9011")["state"] == "landed"
    total = [row["subtotal"] for row in plant.table("sn_apo_invoice") if row.get("correlation_id") == "10/9011"]
    assert total == ["EUR;0.3"]
    assert plant.disagreements() == []


def touch(plant: Plant, invoice: int) -> None:
    """Change a line, so that the invoice is judged and sent again."""
    key = {"Company": "10", "InvoiceId": invoice, "RowId": 1}
    plant.edit("PostingProposalLineSet", key, CodeB="210")


EXPIRED = {"valid_to": "2020-01-01 00:00:00"}


@pytest.mark.parametrize(
    ("table", "column", "value", "changes", "code"),
    [
        ("itfm_gl_accounts", "account_number", "6310", None, "DIMENSION_MISSING_ON_TARGET"),
        ("itfm_gl_accounts", "account_number", "6310", {"active": "false"}, "DIMENSION_INACTIVE_ON_TARGET"),
        (
            "cmn_cost_center",
            "account_number",
            "210",
            {"valid_to": "2020-01-01 00:00:00"},
            "DIMENSION_INACTIVE_ON_TARGET",
        ),
        ("core_company", "correlation_id", "V9010", None, "REFERENCE_MISSING_ON_TARGET"),
    ],
)
def test_what_people_change_on_the_target_is_noticed(
    make_plant: Callable[..., Plant], table: str, column: str, value: str, changes: dict[str, str] | None, code: str
) -> None:
    plant = make_plant()
    plant.run()
    touch(plant, 9016)
    for row in plant.table(table):
        if row.get(column) == value:
            key = {"sys_id": row["sys_id"]}
            if changes is None:
                plant.loop.call(lambda k=key: plant.target.delete(table, k))  # type: ignore[misc]
            else:
                plant.loop.call(lambda k=key: plant.target.update(table, k, changes))  # type: ignore[misc]
    plant.run()
    assert plant.row("invoices", "10/9016")["code"] == code


def test_order_received_on_the_target_is_locked(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant()
    plant.run()
    header = next(row["sys_id"] for row in plant.table("proc_po") if row.get("correlation_id") == "P9013")
    plant.loop.call(lambda: plant.target.grant({"receive": header}))
    plant.edit("PurchaseOrderSet", {"OrderNo": "P9013"}, NoteText="Please hurry")
    plant.run()
    assert plant.row("purchase_orders", "P9013")["code"] == "TARGET_LOCKED"


def test_vanished_invoice_is_cancelled_after_two_sweeps(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant()
    key = {"Company": "10", "InvoiceId": 9016}
    with clock.use(clock.ManualClock()) as manual:
        plant.run()
        plant.loop.call(lambda: plant.source.delete("PostingProposalHeadSet", key))
        for _ in range(2):
            manual.advance(8 * 86_400)
            plant.run()
    status = [row["status"] for row in plant.table("sn_apo_invoice") if row.get("correlation_id") == "10/9016"]
    assert status == ["canceled"]


def test_cost_center_blocked_after_delivery_stops_changed_lines_only(make_plant: Callable[..., Plant]) -> None:
    plant = make_plant()
    plant.run()
    plant.edit("CodeBSet", {"Company": "10", "CodeB": "220"}, ValidUntil="2016-01-01")
    head = {"Company": "10", "InvoiceId": 9016}
    plant.edit("PostingProposalHeadSet", head, DueDate="2026-02-01")
    plant.run()
    assert plant.row("invoices", "10/9016")["state"] == "landed"
    plant.edit("PostingProposalLineSet", {**head, "RowId": 1}, CurrAmount="70")
    plant.edit("PostingProposalLineSet", {**head, "RowId": 2}, CurrAmount="30")
    plant.run()
    assert plant.row("invoices", "10/9016")["code"] == "DIMENSION_OUT_OF_VALIDITY"
