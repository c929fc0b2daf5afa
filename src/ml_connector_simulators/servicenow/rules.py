"""The business rules of ITAM Procurement (fact sheet section 6.1, "proc_po rules").

A change to a line recomputes the line's and the order's total; the order's status cascades to its lines;
delivery dates propagate; a receiving slip makes the order read-only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from .columns import amount_of, currency_of, plain
from .messages import acl_failed
from .tables import Row, Table

if TYPE_CHECKING:
    from .instance import Instance

LINE_INPUTS = frozenset({"ordered_quantity", "received_quantity", "cost", "list_price"})
CASCADING = frozenset({"status", "expected_delivery"})


def before_insert(instance: Instance, table: Table, row: Row) -> None:
    """Refuses a line of a received order, and computes what a line costs."""
    if table.name == "proc_po_item":
        if is_received(instance, row.get("purchase_order", "")):
            raise acl_failed("Insert")
        row.update(line_totals(row))


def after_insert(instance: Instance, table: Table, row: Row) -> None:
    """Brings the order up to date with a new line."""
    if table.name == "proc_po_item":
        _total_order(instance, row.get("purchase_order", ""))


def before_update(instance: Instance, table: Table, after: Row, changes: Row) -> None:
    """Guards a received order, and adds what follows from the changes to them."""
    order = {"proc_po": after["sys_id"], "proc_po_item": after.get("purchase_order", "")}.get(table.name, "")
    if order and is_received(instance, order):
        if instance.switches.received_po == "forbidden":
            raise acl_failed("Update")
        changes.clear()
    elif table.name == "proc_po_item" and LINE_INPUTS & changes.keys():
        changes.update(line_totals(after))


def after_update(instance: Instance, table: Table, row: Row, before: Row) -> None:
    """Carries an order's status and delivery date to its lines, and a line's costs to its order."""
    if table.name == "proc_po_item":
        if LINE_INPUTS & before.keys() or "purchase_order" in before:
            for order in {row.get("purchase_order", ""), before.get("purchase_order", "")}:
                _total_order(instance, order)
    elif table.name == "proc_po" and (cascading := CASCADING & before.keys()):
        values = {name: row.get(name, "") for name in cascading if row.get(name)}
        lines = instance.tables["proc_po_item"]
        for line in list(lines.having("purchase_order", row["sys_id"])):
            touch(instance, lines, line, values)


def before_delete(instance: Instance, table: Table, row: Row) -> None:
    """Guards a received order."""
    order = {"proc_po": row["sys_id"], "proc_po_item": row.get("purchase_order", "")}.get(table.name, "")
    if order and is_received(instance, order):
        raise acl_failed("Delete")


def after_delete(instance: Instance, table: Table, row: Row) -> None:
    """Brings the order up to date after a line went."""
    if table.name == "proc_po_item":
        _total_order(instance, row.get("purchase_order", ""))


def is_received(instance: Instance, order: str) -> bool:
    """Whether an order has a receiving slip."""
    slips = instance.tables["proc_rec_slip"]
    return bool(slips.rows) and bool(order) and bool(slips.having("purchase_order", order))


def touch(instance: Instance, table: Table, row: Row, values: Row) -> None:
    """Changes a row on behalf of the instance: stamp and counter move, rules do not run again."""
    changes = {name: value for name, value in values.items() if value != row.get(name, "")}
    if changes:
        changes["sys_updated_on"] = instance.stamp()
        changes["sys_updated_by"] = "system"
        changes["sys_mod_count"] = str(int(row.get("sys_mod_count") or 0) + 1)
        table.change(row, changes)


def line_totals(line: Row) -> Row:
    """Returns the computed columns of an order line."""
    ordered = Decimal(line.get("ordered_quantity") or 0)
    received = Decimal(line.get("received_quantity") or 0)
    return {
        "remaining_quantity": plain(ordered - received),
        "total_cost": _times(line.get("cost", ""), ordered),
        "total_list_price": _times(line.get("list_price", ""), ordered),
    }


def _times(money: str, quantity: Decimal) -> str:
    return f"{currency_of(money)};{plain(amount_of(money) * quantity)}" if money else ""


def _total_order(instance: Instance, order: str) -> None:
    orders = instance.tables["proc_po"]
    row = orders.rows.get(order)
    if row is None:
        return
    totals = [line.get("total_cost", "") for line in instance.tables["proc_po_item"].having("purchase_order", order)]
    money = [one for one in totals if one]
    currency = currency_of(money[0]) if money else ""
    total = f"{currency};{plain(sum(map(amount_of, money), Decimal(0)))}" if money else ""
    touch(instance, orders, row, {"total_cost": total})
