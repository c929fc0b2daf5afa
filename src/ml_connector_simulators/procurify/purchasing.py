"""What people do with a requisition: approve or deny it, take it up, buy it; and purchase orders (section 6).

The vendor documents no call for any of it but those on existing purchase orders; `POST /_sim/orders/{uuid}/...` and
the switch `auto_advance_seconds` stand for the people.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from .database import Database
from .forms import Form
from .listing import Where
from .refusals import RefusedError, invalid
from .schema import (
    ITEM_BOUGHT,
    ITEM_DENIED,
    ITEM_PENDING,
    ITEM_TAKEN,
    LOG_APPROVED,
    LOG_CLOSED,
    LOG_DENIED,
    LOG_PURCHASED,
    ORDER_APPROVED,
    ORDER_DENIED,
    ORDER_PENDING,
    ORDER_PURCHASED,
    PO_CANCELLED,
    PO_CLOSED,
    PO_PAID,
    PO_PURCHASED,
    PO_REOPENED,
)
from .tables import Row

# a PUT of a purchase order needs the whole document; these are the fields whose absence is noticed
_WHOLE_DOCUMENT = (
    "uuid", "number", "PO_Num", "promise_date", "pref_vendor", "payment_terms", "shipping_terms", "shipping_method",
    "freight", "other", "tax", "discount", "purchased_currency", "comment", "order_items",
)  # fmt: skip
_OPEN_STATES = (PO_PURCHASED, PO_REOPENED)


class Purchasing:
    """Moves orders on; `approver` and `purchaser` are the users who do it. Raises RefusedError (409) out of turn."""

    def __init__(self, database: Database, approver: int, purchaser: int) -> None:
        self._database = database
        self._approver = approver
        self._purchaser = purchaser
        self._due: list[tuple[datetime, int]] = []

    # By itself --------------------------------------------------------------------------------------------

    def expect(self, order: Row, since: datetime) -> None:
        """Notes that the order moves on after `auto_advance_seconds`, if that is set."""
        seconds = self._database.switches.auto_advance_seconds
        if seconds is not None and order["status"] in (ORDER_PENDING, ORDER_APPROVED):
            heapq.heappush(self._due, (since + timedelta(seconds=seconds), order["id"]))

    def expect_all(self) -> None:
        """Begins anew with every order that is not at its end; called when the switch was turned."""
        self._due.clear()
        if self._database.switches.auto_advance_seconds is not None:
            for order in self._database["orders"]:
                self.expect(order, self._database.now())

    def catch_up(self) -> None:
        """Does what is due by now, each at its own moment."""
        now = self._database.now()
        while self._due and self._due[0][0] <= now:
            at, key = heapq.heappop(self._due)
            order = self._database["orders"].get(key)
            if order and order["status"] == ORDER_PENDING:
                self.approve(order, at)
                self.expect(order, at)
            elif order and order["status"] == ORDER_APPROVED:
                self.purchase(order, at=at)

    # By hand ----------------------------------------------------------------------------------------------

    def approve(self, order: Row, at: datetime | None = None) -> None:
        """Gives the final approval; the items still wait to be bought."""
        self._expect_status(order, ORDER_PENDING)
        at = at or self._database.now()
        for item in self._items(order, ITEM_PENDING):
            values = {
                "approved_quantity": item["quantity"],
                "approved_price": item["price"],
                "approved_datetime": at,
            }
            self._database.change("order_items", item, values, at)
        self._log(order, LOG_APPROVED, self._approver, at, status=ORDER_APPROVED, next_approver=None)

    def deny(self, order: Row, at: datetime | None = None) -> None:
        """Refuses the requisition for good."""
        self._expect_status(order, ORDER_PENDING)
        at = at or self._database.now()
        for item in self._items(order, ITEM_PENDING):
            self._database.change("order_items", item, {"status": ITEM_DENIED}, at)
        self._log(order, LOG_DENIED, self._approver, at, status=ORDER_DENIED, next_approver=None)

    def take(self, order: Row, at: datetime | None = None) -> None:
        """A purchaser has the items in use; the order itself shows nothing of it, not even by its stamp."""
        self._expect_status(order, ORDER_APPROVED)
        for item in self._items(order, ITEM_PENDING):
            self._database.change("order_items", item, {"status": ITEM_TAKEN, "purchaser": self._purchaser}, at)

    def purchase(
        self, order: Row, only: Collection[int] = (), *, at: datetime | None = None, po_num: str | None = None
    ) -> list[Row]:
        """Buys the approved items, or those of the ids `only`: a purchase order per vendor and currency."""
        self._expect_status(order, ORDER_APPROVED)
        at = at or self._database.now()
        groups: dict[tuple[int, int], list[Row]] = {}
        for item in self._items(order, ITEM_PENDING, ITEM_TAKEN):
            if not only or item["id"] in only:
                groups.setdefault((item["pref_vendor"], item["currency"]), []).append(item)
        made = [self._buy(order, items, at, po_num) for items in groups.values()]
        left = self._items(order, ITEM_PENDING, ITEM_TAKEN)
        status = ORDER_APPROVED if left else ORDER_PURCHASED
        self._log(order, LOG_PURCHASED, self._purchaser, at, status=status)
        return made

    def _buy(self, order: Row, items: list[Row], at: datetime, po_num: str | None) -> Row:
        database = self._database
        vendor = database["vendors"].get(items[0]["pref_vendor"]) or {}
        buyer = database["users"].rows[self._purchaser]
        location = database["locations"].get(order["branch"]) or {}
        total = sum((item["total_cost"] for item in items), Decimal(0))
        bought = database.insert(
            "purchase_orders",
            {
                "PO_Num": po_num,
                "promise_date": order["dateRequired"],
                "recorded_date": at,
                "purchaser": self._purchaser,
                "buyer_name": f"{buyer['firstName']} {buyer['lastName']}",
                "buyer_email": buyer["email"],
                "receiver_name": location.get("name", ""),
                "vendor_name": vendor.get("name", ""),
                "vendor_address": vendor.get("addressLineOne") or "",
                "pref_vendor": items[0]["pref_vendor"],
                "subtotal": total,
                "total": total,
                "purchased_currency": items[0]["currency"],
                "item_count": len(items),
            },
            at,
        )
        for number, item in enumerate(items, 1):
            values = {
                "status": ITEM_BOUGHT,
                "purchaser": self._purchaser,
                "purchase_order": bought["procurify_PO"],
                "PO_line_num": number,
                "po_created_date": at,
                "purchased_date": at,
            }
            database.change("order_items", item, values, at)
        return bought

    # Purchase orders --------------------------------------------------------------------------------------

    def close(self, bought: Row) -> None:
        """Closes a purchase order."""
        if bought["state"] not in _OPEN_STATES:
            raise invalid("", "The purchase order is not open.")
        at = self._database.now()
        self._database.change("purchase_orders", bought, {"state": PO_CLOSED, "closed_date": at}, at)
        for key in {item["order_id"] for item in self._database["order_items"].find(purchase_order=_key(bought))}:
            order = self._database["orders"].get(key)
            if order:
                self._log(order, LOG_CLOSED, self._purchaser, at)

    def reopen(self, bought: Row) -> None:
        """Opens a closed purchase order again."""
        if bought["state"] != PO_CLOSED:
            raise invalid("", "The purchase order is not closed.")
        self._database.change("purchase_orders", bought, {"state": PO_REOPENED, "closed_date": None})

    def replace(self, bought: Row, body: Any) -> None:
        """PUT: the whole document with its present version. Only texts are taken over: number, terms, comment."""
        form = Form(self._database, body)
        version = form.whole("version", required=True)
        for name in _WHOLE_DOCUMENT:
            form.take(name, required=True)
        if version is not None and version != bought["version"]:
            form.refuse("version", "The purchase order has been changed since it was read.", "stale")
        if bought["state"] in (PO_CANCELLED, PO_PAID):
            form.refuse("", "The purchase order can no longer be changed.", "invalid")
        form.check()
        form = Form(self._database, body)
        form.text("PO_Num", 100)
        form.text("comment", 2000)
        for name in ("payment_terms", "shipping_terms", "shipping_method"):
            form.text(name, 100, default="")
        self._database.change("purchase_orders", bought, form.check())

    # Parts of it ------------------------------------------------------------------------------------------

    def _items(self, order: Row, *statuses: int) -> list[Row]:
        items = self._database["order_items"].find(order_id=order["id"])
        return [item for item in items if item["status"] in statuses]

    def _expect_status(self, order: Row, status: int) -> None:
        if order["status"] != status:
            raise RefusedError(409, f"The order is in status {order['status']}, not {status}.")

    def _log(self, order: Row, action: int, user: int, at: datetime, **values: Any) -> None:
        person = self._database["users"].rows[user]
        who = {name: person[name] for name in ("id", "firstName", "lastName", "email")}
        logs = [*order["logs"], {"action": action, "user": who, "dateTime": at}]
        self._database.change("orders", order, {**values, "logs": logs}, at)


def _key(bought: Row) -> int:
    return int(bought["procurify_PO"])


def po_group(role: str, status: str) -> Where | None:
    """Which purchase orders `/{role}/{status}/` lists; None for an unknown word."""
    roles: dict[str, Where] = {
        "purchased": lambda row: True,
        "receivable": lambda row: row["state"] in _OPEN_STATES and row["fulfilment_status"] != "full",
    }
    statuses: dict[str, Where] = {
        "all": lambda row: True,
        "open": lambda row: row["state"] in _OPEN_STATES,
        "partial": lambda row: bool(row["fulfilment_status"] == "partial"),
        "closed": lambda row: bool(row["state"] == PO_CLOSED),
        "cancelled": lambda row: bool(row["state"] == PO_CANCELLED),
        "paid": lambda row: bool(row["state"] == PO_PAID),
    }
    if role not in roles or status not in statuses:
        return None
    return lambda row: roles[role](row) and statuses[status](row)
