"""What lines are coded with: GL accounts, cost centers, departments, locations."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from ml_connector.records.base import Entity, Record, Reference


class Dimension(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A value that lines are coded with; valid from and to inclusive, None without limit."""

    code: str
    """What people call it: the account number."""
    name: str = ""
    company: str = ""
    active: bool = True
    valid_from: date | None = None
    valid_to: date | None = None

    def label(self) -> str:
        return f"{self.code} {self.name}".strip()


class GLAccount(Dimension, frozen=True, kw_only=True, omit_defaults=True):
    """An account of the general ledger, in one company's chart."""

    entity: ClassVar[Entity] = Entity.GL_ACCOUNTS

    kind: str = ""
    """asset, liability, cost, revenue ..., as the source calls it."""
    group: str = ""
    currency: str = ""


class CostCenter(Dimension, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a cost is charged to."""

    entity: ClassVar[Entity] = Entity.COST_CENTERS


class Department(Dimension, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the organisation."""

    entity: ClassVar[Entity] = Entity.DEPARTMENTS
    REFERENCES: ClassVar[dict[str, Entity]] = {"cost_center": Entity.COST_CENTERS}

    cost_center: Reference | None = None


class Location(Dimension, frozen=True, kw_only=True, omit_defaults=True):
    """A place: a plant, a building, a site."""

    entity: ClassVar[Entity] = Entity.LOCATIONS

    line1: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
