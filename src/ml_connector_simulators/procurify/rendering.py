"""How a row looks in a list, and how it looks with everything it points at (fact sheet section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .database import Database
from .tables import Row

Shown = dict[str, Any]


class Renderer:
    """Lists give flat ids where the fact sheet says so, objects elsewhere."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listed: dict[str, Callable[[Row, Shown], None]] = {
            "accounts": self._account,
            "departments": self._department,
            "orders": self._order,
            "purchase_orders": self._purchase_order,
            "bills": self._bill,
            "bill_lines": self._bill_line,
            "payments": self._payment,
            "users": self._user,
        }

    def listed(self, name: str, row: Row) -> Shown:
        """The row as a list of its set gives it."""
        definition = self._database[name].definition
        shown = self._columns(name, row, definition.hidden)
        if name in self._listed:
            self._listed[name](row, shown)
        return shown

    def purchase_order(self, row: Row) -> Shown:
        """A purchase order with its items."""
        items = self._database["order_items"].find(purchase_order=row["procurify_PO"])
        currency = self._database["currencies"].get(row["purchased_currency"])
        rate = currency["rate"] if currency else 1
        given = self._database.style.given
        return {
            **self.listed("purchase_orders", row),
            "order_items": [self.nested_item(item) for item in items],
            "custom_fields": [],
            "cost_details": {
                "subtotal": given("amount", row["subtotal"]),
                "tax_amount": given("amount", row["total"] - row["subtotal"]),
                "total_cost": given("amount", row["total"]),
                "total_cost_in_base_currency": given("amount", row["total"] * rate),
            },
        }

    def bill(self, row: Row) -> Shown:
        """A bill with its lines."""
        shown = self._columns("bills", row, frozenset())
        self._bill(row, shown)
        lines = self._database["bill_lines"].find(bill=row["id"])
        return {**shown, "lines": [self.listed("bill_lines", line) for line in lines]}

    def nested_item(self, row: Row) -> Shown:
        """An order item as a purchase order or a bill holds it."""
        database = self._database
        shown = self.listed("order_items", row)
        account = database["accounts"].get(row["account"])
        vendor = database["vendors"].get(row["pref_vendor"])
        order = database["purchase_orders"].get(row["purchase_order"])
        return {
            **shown,
            "currency": self._currency(row["currency"]),
            "account": self.listed("accounts", account) if account else None,
            "pref_vendor": self.listed("vendors", vendor) if vendor else None,
            "requester": self._person(row["requester"]),
            "order_uuid": database.style.given("uuid", row["order_uuid"]),
            "purchase_order_number": order["number"] if order else None,
            "purchase_order_uuid": database.style.given("uuid", order["uuid"]) if order else None,
            "custom_fields": row["custom_fields"],
        }

    def _columns(self, name: str, row: Row, hidden: frozenset[str]) -> Shown:
        given = self._database.style.given
        columns = self._database[name].definition.columns
        return {column: given(kind, row[column]) for column, kind in columns.items() if column not in hidden}

    def _account(self, row: Row, shown: Shown) -> None:
        code = self._database["account_codes"].get(row["account_code"])
        department = self._database["departments"].get(row["department"])
        shown["account_code"] = self.listed("account_codes", code) if code else None
        shown["department"] = self.listed("departments", department) if department else None

    def _department(self, row: Row, shown: Shown) -> None:
        shown["branch"] = self._named("locations", row["branch"])

    def _order(self, row: Row, shown: Shown) -> None:
        shown["branch"] = self._named("locations", row["branch"])
        shown["department"] = self._named("departments", row["department"])
        shown["user"] = self._person(row["user"])
        shown["next_approver"] = self._person(row["next_approver"])
        shown["currency"] = self._currency(row["currency"])

    def _purchase_order(self, row: Row, shown: Shown) -> None:
        vendor = self._database["vendors"].get(row["pref_vendor"])
        currency = self._currency(row["purchased_currency"])
        shown["purchaser"] = self._person(row["purchaser"])
        shown["pref_vendor"] = self.listed("vendors", vendor) if vendor else None
        shown["purchased_currency"] = (
            {name: currency[name] for name in ("id", "name", "rate", "base")} if currency else None
        )

    def _bill(self, row: Row, shown: Shown) -> None:
        shown["vendor"] = self._named("vendors", row["vendor"])
        shown["currency"] = self._currency(row["currency"])

    def _bill_line(self, row: Row, shown: Shown) -> None:
        item = self._database["order_items"].get(row["orderitem"])
        shown["orderitem"] = self.nested_item(item) if item else None

    def _payment(self, row: Row, shown: Shown) -> None:
        shown["currency"] = self._currency(row["currency"])

    def _user(self, row: Row, shown: Shown) -> None:
        department = self._named("departments", row["department"])
        location = self._named("locations", row["location"])
        shown["department"] = {**department, "location": location} if department else None
        shown["location"] = location

    def _named(self, name: str, key: int | None) -> Shown | None:
        row = self._database[name].get(key)
        return {"id": key, "name": row["name"]} if row else None

    def _currency(self, key: int | None) -> Shown | None:
        row = self._database["currencies"].get(key)
        return self.listed("currencies", row) if row else None

    def _person(self, key: int | None) -> Shown | None:
        row = self._database["users"].get(key)
        return {name: row[name] for name in ("id", "firstName", "lastName", "email")} if row else None
