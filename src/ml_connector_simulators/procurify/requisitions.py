"""Creating a requisition: names and codes are looked up exactly and case-sensitively (fact sheet sections 3 and 6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .database import Database
from .filters import in_effect
from .forms import Form
from .schema import ORDER_PENDING, VENDOR_PREFERRED
from .tables import Row
from .values import plain


def create(database: Database, body: Any, user: int, approver: int) -> Row:
    """Adds an order that waits for approval, and its items. Raises RefusedError with everything that is wrong."""
    form = Form(database, body)
    form.day("required_date", required=True)
    location = _named(form, "location_name", "locations", "Location")
    department = _named(form, "department_name", "departments", "Department", location) if location else None
    if not location:
        form.text("department_name", 150, required=True)
    lines = form.items("line_items", required=True, empty=False)
    items = []
    for number, line in enumerate(lines):
        reader = _Line(database, line, ("line_items", number), department)
        items.append(reader.item)
        form.problems += reader.problems
    values = form.check()
    assert location is not None and department is not None
    return database.insert(
        "orders",
        {
            "branch": location["id"],
            "department": department["id"],
            "user": user,
            "next_approver": approver,
            "dateRequired": values["required_date"],
            "currency": items[0]["currency"],
            "totalPrice": plain(sum((item["quantity"] * item["price"] for item in items), Decimal(0))),
            "lineCount": len(items),
            "item_count": len(items),
            "status": ORDER_PENDING,
            "order_items": [{**item, "num": str(number)} for number, item in enumerate(items, 1)],
        },
    )


def _named(form: Form, field: str, table: str, what: str, location: Row | None = None) -> Row | None:
    """The active row of exactly that name; of several the lowest id."""
    name = form.text(field, 150, required=True)
    if not name:
        return None
    scope = {"branch": location["id"]} if location else {}
    row = next(iter(form.database[table].find(name=name, active=True, **scope)), None)
    if row is None:
        form.refuse(field, f"{what} '{name}' does not exist.", "does_not_exist")
    return row


class _Line:
    """Reads one line item into `item`."""

    def __init__(self, database: Database, body: Any, path: tuple[str | int, ...], department: Row | None) -> None:
        self._database = database
        self._path = path
        self._form = form = Form(database, body, path)
        name = form.text("item_name", 255, required=True)
        vendor = self._vendor(form.text("vendor_name", 150, required=True))
        code = form.text("account_code", 50, required=True)
        account = self._account(code, department) if department else None
        price = form.decimal("unit_price", 8, required=True)
        quantity = form.decimal("quantity", 5, required=True)
        if quantity is not None and quantity <= 0 and database.switches.positive_quantity:
            form.refuse("quantity", "Ensure this value is greater than 0.", "min_value")
        unit = form.text("unit", 30, required=True)
        currency = self._currency(form.text("currency_code", 3, required=True))
        custom_fields = self._custom_fields()
        self.problems = form.problems
        self.item: Row = {
            "name": name,
            "unit": unit,
            "quantity": quantity,
            "price": price,
            "currency": currency and currency["id"],
            "account": account and account["id"],
            "accountCode": code,
            "pref_vendor": vendor and vendor["id"],
            "vendor": vendor and vendor["name"],
            "custom_fields": custom_fields,
        }

    def _vendor(self, name: str) -> Row | None:
        """A vendor that requests may name; an inactive twin with a lower id wins unless the switch says otherwise."""
        if not name:
            return None
        found = self._database["vendors"].find(name=name, type=VENDOR_PREFERRED)
        if self._database.switches.vendor_name_lookup == "active_only":
            found = [row for row in found if row["active"]]
        if not found:
            self._form.refuse("vendor_name", f"Vendor '{name}' does not exist.", "does_not_exist")
        return found[0] if found else None

    def _account(self, code: str, department: Row) -> Row | None:
        """The budget of an account code in the department."""
        codes = self._database["account_codes"].find(code=code, active=True)
        if code and not codes:
            self._form.refuse("account_code", f"Account code '{code}' does not exist.", "does_not_exist")
        for row in codes:
            for account in self._database["accounts"].find(account_code=row["id"], department=department["id"]):
                if account["active"] and in_effect(self._database, account):
                    return account
        if codes:
            message = f"Account code '{code}' has no account in department '{department['name']}'."
            self._form.refuse("account_code", message, "invalid")
        return None

    def _currency(self, code: str) -> Row | None:
        found = self._database["currencies"].find(name=code, active=True)
        if code and not found:
            self._form.refuse("currency_code", f"Currency '{code}' does not exist.", "does_not_exist")
        return found[0] if found else None

    def _custom_fields(self) -> list[Row]:
        """What was given, as a nested item shows it: {id, field, value}."""
        read: list[Row] = []
        for number, given in enumerate(self._form.items("custom_fields", required=True)):
            form = Form(self._database, given, (*self._path, "custom_fields", number))
            name = form.text("custom_field_name", 255, required=True)
            value = form.take("custom_field_value", required=True)
            field = self._database.custom_field(name)
            if name and field is None:
                form.refuse("custom_field_name", f"Custom field '{name}' does not exist.", "does_not_exist")
            elif field and not _fits(field, value):
                form.refuse("custom_field_value", f"'{value}' is not valid for '{name}'.", "invalid")
            elif field:
                read.append({"id": field["id"], "field": name, "value": value})
            self._form.problems += form.problems
        self._refuse_missing(read)
        return read

    def _refuse_missing(self, read: list[Row]) -> None:
        filled = {one["field"] for one in read if one["value"] not in (None, "")}
        for field in self._database["custom_fields"].find(is_active=True, is_required=True):
            if field["name"] not in filled and self._database.custom_field(field["name"]):
                self._form.refuse("custom_fields", f"Custom field '{field['name']}' is required.", "required")


def _fits(field: Row, value: Any) -> bool:
    """Whether the value is one of the field's type."""
    if value in (None, ""):
        return True
    try:
        match field["field_type"]:
            case "a" | "i":
                int(value)
            case "f":
                Decimal(str(value))
            case "b":
                return str(value).lower() in ("true", "false")
            case "m":
                return value in (field["field_choices"] or ())
            case "d":
                date.fromisoformat(str(value))
    except (ValueError, TypeError, InvalidOperation):
        return False
    return True
