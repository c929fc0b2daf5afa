"""Vendors: groups, creating, changing (fact sheet sections 3 and 6). Neither name nor external_id is unique."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .database import Database
from .forms import Form
from .listing import Where
from .schema import VENDOR_CARD, VENDOR_OTHER, VENDOR_PREFERRED, VENDOR_REGULAR
from .tables import Row

TYPES = range(1, 8)
_TEXTS = {
    "addressLineOne": 300, "addressLineTwo": 300, "postalCode": 20, "city": 50, "state_province": 40, "country": 80,
    "phoneOne": 20, "phoneTwo": 20, "fax": 20, "comments": 2000, "contact": 50, "url": 200, "external_id": 100,
}  # fmt: skip
_JSON = ("payment_term_ref", "shipping_term_ref", "payment_method_ref", "shipping_method_ref")

GROUPS: Mapping[str, Where] = {
    "": lambda row: bool(row["active"]),
    "all": lambda row: True,
    "default": lambda row: bool(row["active"]),
    "preferred": lambda row: row["active"] and row["type"] == VENDOR_PREFERRED,
    "requestable": lambda row: row["active"] and row["type"] == VENDOR_PREFERRED,
    "purchasable": lambda row: row["active"] and row["type"] in (VENDOR_PREFERRED, VENDOR_REGULAR),
    "other": lambda row: row["active"] and row["type"] == VENDOR_OTHER,
    "credit_card_providers": lambda row: row["active"] and row["type"] == VENDOR_CARD,
}


def create(database: Database, body: Any) -> Row:
    """Adds a vendor. Raises RefusedError."""
    return database.insert("vendors", _values(database, body, partial=False))


def change(database: Database, row: Row, body: Any, *, partial: bool) -> None:
    """PATCH changes what was sent, PUT replaces all; both move `dateModified`, even where nothing was sent."""
    database.change("vendors", row, _values(database, body, partial=partial))


def _values(database: Database, body: Any, *, partial: bool) -> Row:
    form = Form(database, body, partial=partial)
    form.text("name", 150, required=True)
    form.whole("type", TYPES, required=True)
    form.decimal("overall_score", 2, required=True, nullable=True)
    _email(form)
    for name, longest in _TEXTS.items():
        form.text(name, longest)
    form.flag("active", default=True)
    form.flag("is_auto_email_po_enabled", default=False)
    form.flag("is_1099_eligible")
    form.text("po_pdf_labels", 255, default="")
    form.reference("currency", "currencies")
    form.whole("tax")
    form.whole("default_payment_method")
    for name in _JSON:
        value = form.take(name)
        if value is not None:
            form.values[name] = value
    return form.check()


def _email(form: Form) -> None:
    """A text, a list of texts, or null."""
    value = form.take("email", required=True)
    if value is None:
        return
    addresses = value if isinstance(value, list) else [value]
    if all(isinstance(address, str) and (address == "" or "@" in address) for address in addresses):
        form.values["email"] = value
    else:
        form.refuse("email", "Enter a valid email address.", "invalid")
