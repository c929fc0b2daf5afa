"""Account codes, departments, locations and the choices of custom fields (fact sheet sections 3 and 6)."""

from __future__ import annotations

from typing import Any

from .database import Database
from .forms import Form
from .tables import Row

ACCOUNT_TYPES = range(6)
_ADDRESS = ("name", "addressLineOne", "city", "postalCode", "country")


def create_account_code(database: Database, body: Any) -> Row:
    """Adds an account code, and an account (budget) in each of its departments. Raises RefusedError."""
    form = Form(database, body)
    _read_account_code(form)
    form.reference("parent", "account_codes")
    departments = _departments(form)
    _refuse_known_code(form, None)
    values = {**form.check(), "active": True, "departments": departments}
    row = database.insert("account_codes", values)
    if not departments and database.switches.accounts_without_departments:
        departments = [department["id"] for department in database["departments"]]
    for department in departments:
        database.insert("accounts", {"account_code": row["id"], "department": department})
    return row


def change_account_code(database: Database, row: Row, body: Any) -> None:
    """Takes code, description and type only: a PUT can neither deactivate it nor give it a budget."""
    form = Form(database, body)
    _read_account_code(form)
    _refuse_known_code(form, row)
    database.change("account_codes", row, form.check())


def _read_account_code(form: Form) -> None:
    form.text("code", 50, required=True)
    form.text("description", 200, required=True)
    form.whole("account_type", ACCOUNT_TYPES, nullable=False, default=2)


def _refuse_known_code(form: Form, own: Row | None) -> None:
    database, code = form.database, form.values.get("code")
    if database.switches.unique_account_codes and code:
        others = [row for row in database["account_codes"].find(code=code) if row is not own]
        if others:
            form.refuse("code", f"Account code '{code}' already exists.", "unique")


def _departments(form: Form) -> list[int]:
    wanted = form.items("departments")
    for key in wanted:
        if not isinstance(key, int) or form.database["departments"].get(key) is None:
            form.refuse("departments", f'Invalid pk "{key}" - object does not exist.', "does_not_exist")
    return list(dict.fromkeys(wanted)) if not form.problems else []


def create_department(database: Database, body: Any) -> Row:
    """Adds a department; its name may be another one's, even in the same location."""
    return database.insert("departments", _department(database, body))


def change_department(database: Database, row: Row, body: Any) -> None:
    """Replaces a department."""
    database.change("departments", row, _department(database, body))


def _department(database: Database, body: Any) -> Row:
    form = Form(database, body)
    form.text("name", 150, required=True)
    form.reference("branch", "locations", required=True)
    form.text("external_id", 100)
    form.flag("active", default=True)
    return form.check()


def create_location(database: Database, body: Any) -> Row:
    """Adds a location. There is no way to change one."""
    form = Form(database, body)
    form.text("name", 150, required=True)
    _currency(form)
    form.text("phoneOne", 20, required=True)
    for name in ("primary_billing_address", "primary_shipping_address"):
        value = form.take(name, required=True, nullable=False)
        if value is not None:
            form.values[name] = value
    for number, address in enumerate(form.items("shipping_addresses", required=True, empty=False)):
        part = Form(database, address, ("shipping_addresses", number))
        for name in _ADDRESS:
            part.text(name, 300, required=True)
        form.problems += part.problems
    form.text("external_id", 100)
    return database.insert("locations", form.check())


def _currency(form: Form) -> None:
    """Its ISO code or its id; the switch says which."""
    currencies = form.database["currencies"]
    if form.database.switches.location_currency == "id":
        row = form.reference("currency", "currencies", required=True)
    else:
        code = form.text("currency", 3, required=True)
        row = next(iter(currencies.find(name=code)), None)
        if code and row is None:
            form.refuse("currency", f"Currency '{code}' does not exist.", "does_not_exist")
    if row:
        form.values["currency"] = row["name"]


def change_custom_field(database: Database, row: Row, body: Any) -> None:
    """Sets the choices of a dropdown."""
    form = Form(database, body)
    form.items("field_choices", required=True)
    database.change("custom_fields", row, form.check())
