"""Values of rows that are read and could not be declared, each with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings.converters import day_of_moment, decimal, text
from ml_connector.records import Address, InvoiceStatus, Reference, join_key
from ml_connector.systems.procurify.surroundings import text_id

ADDRESS = ("addressLineOne", "addressLineTwo", "city", "state_province", "postalCode", "country")
STATUSES = {
    0: InvoiceStatus.RECEIVED,
    1: InvoiceStatus.RECEIVED,
    2: InvoiceStatus.APPROVED,
    3: InvoiceStatus.CANCELLED,
    4: InvoiceStatus.PAID,
    5: InvoiceStatus.CANCELLED,
    6: InvoiceStatus.PAID,
    7: InvoiceStatus.APPROVED,
    8: InvoiceStatus.APPROVED,
}
"""Draft, confirmed, approved, denied, paid, withdrawn, payment confirmed, approved, limbo (FACTS 37)."""
KINDS = ("asset", "liability", "expense", "income", "equity", "other")


def domain(row: Any, env: Any) -> str:
    """The tenant is not in the rows; it is the connection's."""
    return str(env.knowledge["domain"])


def said(row: Any, name: str) -> str:
    """A text, or nothing."""
    value = row.get(name) if isinstance(row, dict) else None
    return "" if value is None else text(value)


def number(row: Any, name: str) -> Decimal | None:
    """Decimals come as texts, some totals as numbers (FACTS 40)."""
    value = row.get(name)
    return None if value in (None, "") else decimal(value)


# --- vendors, dimensions -----------------------------------------------------------------------------------------


def email(row: Any, env: Any) -> str:
    """A text, or a list of them: the first."""
    value = row.get("email")
    if isinstance(value, list):
        value = next(iter(value), None)
    return "" if value is None else text(value)


def payment_terms(row: Any, env: Any) -> str:
    """An object with a name, or nothing."""
    return said(row.get("payment_term_ref"), "name")


def vendor_addresses(row: Any, env: Any) -> tuple[Address, ...]:
    """A vendor has one address, in columns of its own."""
    line1, line2, city, region, postal_code, country = (said(row, name) for name in ADDRESS)
    if not any((line1, line2, city, region, postal_code, country)):
        return ()
    return (
        Address(id="1", line1=line1, line2=line2, city=city, region=region, postal_code=postal_code, country=country),
    )


def of_address(name: str) -> Callable[[Any, Any], str]:
    """Of a location's first address; what addresses look like is documented for `shipping_addresses` alone."""

    def read(row: Any, env: Any) -> str:
        listed = row.get("shipping_addresses")
        candidates = [row.get("primary_shipping_address"), *(listed if isinstance(listed, list) else ())]
        found: dict[str, Any] = next((each for each in candidates if isinstance(each, dict)), {})
        return said(found, name)

    return read


def account_kind(row: Any, env: Any) -> str:
    """A number stands for the kind (FACTS 24)."""
    kind = row.get("account_type")
    return KINDS[kind] if isinstance(kind, int) and 0 <= kind < len(KINDS) else ""


# --- documents ---------------------------------------------------------------------------------------------------


def bill_status(row: Any, env: Any) -> InvoiceStatus:
    """One that nobody knows is refused: it might be a cancelled one."""
    status = row.get("status")
    if status not in STATUSES:
        raise ValueError(f"status {status!r} is not a known value")
    return STATUSES[status]


def supplier(row: Any, env: Any) -> Reference:
    """`{id, name}`."""
    vendor = row.get("vendor")
    if not text_id(vendor):
        raise ValueError("vendor is empty")
    return Reference(join_key(text_id(vendor)), text_id(vendor), said(vendor, "name"))


def payer_of(row: Any, env: Any) -> Reference | None:
    """The vendor of that name, where there is exactly one (FACTS 39)."""
    vendor = env.knowledge.get("vendor")
    return None if vendor is None else Reference(join_key(text_id(vendor)), text_id(vendor), said(vendor, "name"))


def currency(row: Any, env: Any) -> str:
    """`{id, name}`, or the code alone."""
    value = row.get("currency")
    code = said(value, "name") if isinstance(value, dict) else value
    if not isinstance(code, str) or not code:
        raise ValueError("currency is empty")
    return code


def paid_on(row: Any, env: Any) -> date:
    """When it was posted, else processed, else last changed."""
    for name in ("posted_date", "processing_date", "updated_at"):
        if row.get(name):
            return day_of_moment(row[name])
    raise ValueError("posted_date is empty")


def amount(row: Any, env: Any) -> Decimal:
    """A decimal that has to be there."""
    found = number(row, "amount")
    if found is None:
        raise ValueError("amount is empty")
    return found
