"""A supplier (elsewhere: vendor) with its addresses."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import msgspec

from ml_connector.records.base import Entity, Record


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One postal address of a supplier."""

    REFERENCES: ClassVar[dict[str, Entity]] = {}

    id: str
    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    """ISO 3166 alpha-2, as the source gives it."""


class Supplier(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who sells to us. Names are not unique."""

    entity: ClassVar[Entity] = Entity.SUPPLIERS

    code: str
    """What people call it in the ERP."""
    name: str
    tax_id: str = ""
    country: str = ""
    currency: str = ""
    payment_terms: str = ""
    email: str = ""
    phone: str = ""
    website: str = ""
    active: bool = True
    created_on: date | None = None
    addresses: tuple[Address, ...] = ()

    def label(self) -> str:
        return f"{self.code} {self.name}".strip()
