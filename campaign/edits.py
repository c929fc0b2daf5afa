"""What people change at the source, before a run or between a kill and the next run."""

from __future__ import annotations

import random
from decimal import Decimal

from campaign.plant import Plant

A_WHILE_S = 3600.0
"""Between what a run has read and the edits: longer than a reading goes back behind the last."""


def edit(plant: Plant, seed: int, turn: int) -> None:
    """A day's work in the ERP. `turn` 2 changes again what turn 1 of the same seed changed, and more."""
    plant.pass_time(A_WHILE_S)
    desk, choice = plant.desk, random.Random(seed)
    orders = choice.sample(range(desk.orders), desk.orders)
    invoices = choice.sample(range(desk.invoices), desk.invoices)
    suppliers = choice.sample(range(desk.suppliers), desk.suppliers)
    for position in range(2 if turn == 1 else 3):
        desk.raise_invoice(invoices[position], Decimal(turn) + Decimal("0.25"))
        desk.describe_order_line(orders[position], f"Described anew, {seed}.{turn}")
        desk.order_more(orders[position], turn)
        desk.rename_supplier(suppliers[position], f"Renamed {seed}.{turn}.{position} & Co.")
    desk.correct_invoice_date(invoices[(4 + turn) % desk.invoices], f"2026-10-{10 + turn}")
    desk.cancel_order(orders[(3 + turn) % desk.orders])
    desk.add_order_line(orders[(5 + turn) % desk.orders], 90 + turn)
    desk.enter_order(f"7770{seed}{turn}", orders[0])
    desk.enter_invoice(77710 + 10 * seed + turn, invoices[0])
    desk.rename_account(f"Account {seed}.{turn}")
    desk.rename_center(f"Center {seed}.{turn}")
    plant.edited()
