"""What is read for reconciliation and never written: postings of the general ledger, and payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from ml_connector.records.base import Entity, Record, Reference


class GLPosting(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a journal; `amount` is positive for debit, in `currency`."""

    entity: ClassVar[Entity] = Entity.GL_POSTINGS
    REFERENCES: ClassVar[dict[str, Entity]] = {
        "gl_account": Entity.GL_ACCOUNTS,
        "cost_center": Entity.COST_CENTERS,
    }

    journal: str
    line: str
    company: str = ""
    posting_date: date
    entry_date: date | None = None
    fiscal_period: str = ""
    gl_account: Reference | None = None
    cost_center: Reference | None = None
    currency: str
    amount: Decimal
    text: str = ""
    invoice: Reference | None = None

    def document_date(self) -> date | None:
        return self.posting_date


class Payment(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Money paid to a supplier."""

    entity: ClassVar[Entity] = Entity.PAYMENTS
    REFERENCES: ClassVar[dict[str, Entity]] = {"supplier": Entity.SUPPLIERS, "invoice": Entity.INVOICES}

    number: str
    company: str = ""
    supplier: Reference | None = None
    invoice: Reference | None = None
    paid_on: date
    currency: str
    amount: Decimal
    method: str = ""

    def document_date(self) -> date | None:
        return self.paid_on
