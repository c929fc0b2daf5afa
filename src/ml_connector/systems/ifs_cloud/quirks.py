"""What could not be declared: which column is the cost center, what a sign means, how far an order has got."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ml_connector.mappings import boolean, decimal, moment, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import OrderStatus, Reference, join_key

ORDER_STATES: dict[str, OrderStatus] = {
    "Planned": OrderStatus.PLANNED,
    "Released": OrderStatus.RELEASED,
    "Confirmed": OrderStatus.CONFIRMED,
    "Arrived": OrderStatus.PARTLY_RECEIVED,
    "Received": OrderStatus.RECEIVED,
    "Invoiced": OrderStatus.INVOICED,
    "Closed": OrderStatus.CLOSED,
    "Cancelled": OrderStatus.CANCELLED,
}
"""In the order in which an order goes through them (FACTS 21)."""
_ORDER_STATE_NAMES = tuple(ORDER_STATES)


@lru_cache(maxsize=20_000)
def _dimension(company: str, code: str) -> Reference:
    """The same few thousand accounts and cost centers stand on every line."""
    return Reference(join_key(company, code), text(code))


@lru_cache(maxsize=2_000)
def _order(number: str) -> Reference:
    """The lines of an invoice mostly name one order."""
    return Reference(join_key(number), number)


@lru_cache(maxsize=5_000)
def _order_line(line: str, release: str | None) -> str:
    return join_key(line, release) if release else join_key(line)


def order_status(row: Any, env: Env) -> OrderStatus:
    """The status, but planned for an order that has not reached `stage_from`: it must not leave IFS yet."""
    state = row.get("Objstate")
    if state is None or state == "":
        raise MissingError("Objstate is empty.", fix="Report it: IFS gives every order a state.")
    if state not in ORDER_STATES:
        raise ValueError(f"Objstate {state!r} is not a known state of an order")
    first = env.knowledge.get("stage_from", "Released")
    if _ORDER_STATE_NAMES.index(state) < _ORDER_STATE_NAMES.index(first):
        return OrderStatus.PLANNED
    return ORDER_STATES[state]


def document_type(row: Any, env: Env) -> str:
    """An invoice with a negative amount is a credit memo: IFS has no other mark for it (FACTS 24)."""
    for name in ("GrossCurrAmount", "NetCurrAmount"):
        value = row.get(name)
        if value is not None and value != "" and (amount := decimal(value)):
            return "credit_memo" if amount < 0 else "invoice"
    return "invoice"


def gross(row: Any, env: Env) -> Decimal | None:
    """GrossCurrAmount is not on every head set; net and tax give it then."""
    value = row.get("GrossCurrAmount")
    if value is not None and value != "":
        return decimal(value)
    net, tax = row.get("NetCurrAmount"), row.get("VatCurrAmount")
    if net in (None, "") or tax in (None, ""):
        return None
    return decimal(net) + decimal(tax)


def exchange_rate(row: Any, env: Env) -> Decimal | None:
    """CurrRate counts for DivFactor units of the currency (FACTS 24)."""
    rate = row.get("CurrRate")
    if rate is None or rate == "":
        return None
    factor = row.get("DivFactor")
    value = decimal(rate)
    return value / decimal(factor) if factor not in (None, "", 0, "0") and decimal(factor) != 1 else value


def cost_center(row: Any, env: Env) -> Reference | None:
    """Each company keeps its cost centers in a code part of its own (FACTS 28); the raw record says which."""
    code = row.get(env.knowledge["cost_center_column"])
    return _dimension(env.knowledge["company"], code) if code else None


def account(row: Any, env: Env) -> Reference | None:
    """The account in the chart of the document's company; order lines do not name the company themselves."""
    code = row.get("CodeA")
    return _dimension(env.knowledge["company"], code) if code else None


def line_order(row: Any, env: Env) -> Reference | None:
    """The order that an invoice line is for; the head's PoRefNumber where the line names none."""
    number = row.get("PoOrderNo") or (env.parent or {}).get("PoRefNumber")
    return _order(number) if number else None


def head_order(row: Any, env: Env) -> Reference | None:
    """The order of the whole invoice: PoRefNumber, or what its lines agree on."""
    number = row.get("PoRefNumber")
    if not number:
        numbers = {line.get("PoOrderNo") for line in row["lines"]} - {None, ""}
        number = numbers.pop() if len(numbers) == 1 else None
    return _order(number) if number else None


def order_line_id(row: Any, env: Env) -> str:
    """`OrderLine.id` of the invoiced order line; empty where the line names none."""
    line, release = row.get("PoLineNo"), row.get("PoReleaseNo")
    if not row.get("PoOrderNo") or not line:
        return ""
    return _order_line(line, release)


def line_cancelled(row: Any, env: Env) -> bool:
    return bool(row.get("Objstate") == "Cancelled")


def server_moment(row: Any, env: Env) -> datetime | None:
    """DateEntered is the server's wall clock although a `Z` ends it (FACTS 33)."""
    value = row.get("DateEntered")
    if value is None or value == "":
        return None
    where = env.knowledge.get("zone")
    return moment(value) if where is None else moment(value).replace(tzinfo=where).astimezone(UTC)


def not_blocked(row: Any, env: Env) -> bool:
    """BlockedForPosting may be a boolean or an enumeration text (FACTS 44)."""
    value = row.get("BlockedForPosting")
    return value is None or not boolean(value)


def cost_center_code(row: Any, env: Env) -> str:
    """The key of a row of CodeBSet..CodeJSet is named after the code part."""
    value = row.get(env.knowledge["cost_center_column"])
    if value is None or value == "":
        raise MissingError(f"{env.knowledge['cost_center_column']} is empty.")
    return text(value)


def cost_center_key(row: Any, env: Env) -> str:
    return join_key(text(row["Company"]), cost_center_code(row, env))
