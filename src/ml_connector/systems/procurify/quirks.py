"""What could not be declared, each with its reason."""

from __future__ import annotations

from typing import Any

from ml_connector.records import Address, GLAccount, Supplier

# A vendor has one address; the ERP's first is taken.


def _address(supplier: Supplier) -> Address:
    return supplier.addresses[0] if supplier.addresses else Address(id="")


def line1(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).line1 or None


def line2(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).line2 or None


def postal_code(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).postal_code or None


def city(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).city or None


def region(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).region or None


def country(supplier: Supplier, env: Any) -> str | None:
    return _address(supplier).country or supplier.country or None


ACCOUNT_TYPES = (("asset", 0), ("liab", 1), ("expen", 2), ("cost", 2), ("reven", 3), ("income", 3), ("equity", 4))


def account_type(account: GLAccount, env: Any) -> int | None:
    """ERPs name the kinds of accounts in their own words; None where the kind says nothing (FACTS 24)."""
    kind = account.kind.lower()
    return next((number for word, number in ACCOUNT_TYPES if word in kind), None)
