"""A company of the simulator as an operator would have configured it, and what people enter in it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from ml_connector_simulators.syspro import SysproSimulator
from systems import simulated

opening = partial(simulated.opening, "syspro")


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
