"""A company of the simulator as an operator would have configured it, and what people enter in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.systems.base import Opening, Ports
from ml_connector.systems.syspro.settings import SysproSettings
from ml_connector_simulators.syspro import SysproSimulator


def opening(
    plant: SysproSimulator, credentials: Mapping[str, str] | None = None, ports: Ports | None = None, **settings: Any
) -> Opening:
    given = {name: str(value) for name, value in plant.credentials().items()} | dict(credentials or {})
    mode = given.pop("auth_mode")
    made = msgspec.convert({**plant.settings(), **settings}, SysproSettings)
    return Opening("syspro", plant.url, made, mode, given, ports or Ports())


def enter_invoice(plant: SysproSimulator, number: str, *, dated: date, entered: date, **values: Any) -> str:
    """An invoice of V9010 over 100.00 EUR on one account and cost center; its key."""
    amount = values.pop("amount", Decimal("100.00"))
    journal = 60000 + len(plant.truth()["ApInvoice"])
    place = {"TrnYear": entered.year, "TrnMonth": entered.month, "Journal": journal, "EntryNumber": 1}
    key = {"Supplier": "V9010", "Invoice": number}
    line = {**place, "SubEntry": 1, "AnalysisEntry": journal, "ExpenseGlCode": "4010", "DistrValue": amount}
    period = {"GlYear": entered.year, "GlPeriod": entered.month}
    plant.insert("ApJnlSummary", {**place, **key, "TrnDate": entered, "InvoiceValue": amount})
    plant.insert("ApJnlDistrib", line)
    plant.insert("GenAnalysisTrn", {**period, "AnalysisEntry": journal, "AnalysisCode1": "100", "EntryValue": amount})
    head = {**key, "Journal": journal, "EntryNumber": 1, "JournalDate": entered, "InvoiceDate": dated}
    plant.insert("ApInvoice", {**head, "OrigInvValue": amount, **values})
    return f"EDU1/V9010/{number}"
