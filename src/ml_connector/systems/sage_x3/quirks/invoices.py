"""Invoices: kinds, signed totals, and the order that all lines agree on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector.mappings import decimal, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import InvoiceStatus, Reference, join_key
from ml_connector.systems.sage_x3.quirks.invoice_lines import invoice_lines, sign, signed
from ml_connector.systems.sage_x3.quirks.rows import Knowledge, Row, amount, menu, supplier_of, values

DOCUMENT_TYPES = {1: "invoice", 2: "credit_memo", 3: "debit_memo", 4: "credit_memo", 5: "pro_forma"}


def prepared_invoice(document: Row, knowledge: Knowledge) -> Row:
    head: Row = document["head"]
    head["lines"] = invoice_lines(document, knowledge)
    return head


def document_type(row: Any, env: Env) -> str:
    kind = menu(row.get("INVTYP"), 1)
    if kind not in DOCUMENT_TYPES:
        raise ValueError(f"INVTYP {kind} is not a known kind of invoice")
    return DOCUMENT_TYPES[kind]


def invoice_status(row: Any, env: Env) -> InvoiceStatus:
    """Validated is posted; X3 says nothing here about payment (FACTS 24)."""
    return InvoiceStatus.POSTED if menu(row.get("STA"), 3) >= 3 else InvoiceStatus.RECEIVED


def invoice_supplier(row: Any, env: Env) -> Reference:
    return supplier_of(row, "BPR")


def _total(row: Row, name: str) -> Decimal | None:
    return signed(amount(row, name), sign(row))


def invoice_net(row: Any, env: Env) -> Decimal:
    found = _total(row, "AMTNOT")
    if found is None:
        raise MissingError("AMTNOT is empty.", fix="Fill in AMTNOT at the source.")
    return decimal(found)


def invoice_gross(row: Any, env: Env) -> Decimal | None:
    return _total(row, "AMTATI")


def invoice_tax(row: Any, env: Env) -> Decimal | None:
    """The difference of the totals, else the sum of AMTTAX[]."""
    net, gross = _total(row, "AMTNOT"), _total(row, "AMTATI")
    if net is not None and gross is not None:
        return decimal(gross - net)
    taxes = [decimal(each) for each in values(row, "AMTTAX") if each not in (None, "")]
    return sum(taxes, Decimal(0)) * sign(row) if taxes else None


def exchange_rate(row: Any, env: Env) -> Decimal | None:
    found = next((each for each in values(row, "RATMLT") if each not in (None, "", 0)), None)
    return None if found is None else decimal(found)


def invoice_order(row: Any, env: Env) -> Reference | None:
    """The order that all lines agree on."""
    numbers = {line.get("POHNUM") for line in row["lines"]} - {None, ""}
    if len(numbers) != 1:
        return None
    number = text(numbers.pop())
    return Reference(join_key(number), number)
