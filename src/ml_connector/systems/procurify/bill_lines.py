"""The amounts of a bill: lines shared out over their allocations, so that they add up to its net (FACTS 37, 38)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ml_connector.records import InvoiceLine, Reference, join_key
from ml_connector.records.base import minor_unit
from ml_connector.systems.procurify.rows import currency, number, said
from ml_connector.systems.procurify.surroundings import text_id

ZERO = Decimal(0)
Row = dict[str, Any]


@dataclass(frozen=True)
class Amounts:
    """Of one bill, in its own currency."""

    gross: Decimal
    tax: Decimal
    net: Decimal
    lines: tuple[tuple[Row, Decimal, Decimal | None], ...]
    """Each line with its amount without tax, and its tax."""
    more: tuple[tuple[str, Decimal], ...]
    """What is charged beside the lines."""


def amounts_of(bill: Any, env: Any) -> Amounts:
    """The same for all fields of one bill."""
    if "amounts" not in env.knowledge:
        env.knowledge["amounts"] = amounts(bill)
    found: Amounts = env.knowledge["amounts"]
    return found


def amounts(bill: Row) -> Amounts:
    """Raises ValueError where the total is missing, for then nothing can be compared with it."""
    gross = number(bill, "total_cost_with_tax")
    if gross is None:
        raise ValueError("total_cost_with_tax is empty")
    rows: Sequence[Row] = bill.get("lines") or ()
    taxes = [number(row, "tax_amount") for row in rows]
    own = [_amount(row) for row in rows]
    of_lines = sum((each for each in taxes if each), ZERO)
    stated = number(bill, "tax_amount")
    tax = of_lines if stated is None else stated
    net = gross - tax if tax else gross
    if tax and of_lines == tax and sum(own, ZERO) == gross:  # the lines' totals include their tax
        own = [amount - (each or ZERO) for amount, each in zip(own, taxes, strict=True)]
    rest = net - sum(own, ZERO)
    shipping = number(bill, "shipping_amount") or ZERO
    more = [("Shipping", shipping), ("Other costs", rest - shipping)] if rest else []
    lines = tuple(zip(rows, own, taxes, strict=True))
    return Amounts(gross, tax, net, lines, tuple(each for each in more if each[1]))


def _amount(row: Row) -> Decimal:
    total = number(row, "total_cost")
    if total is None:
        total = (number(row, "quantity") or ZERO) * (number(row, "unit_cost") or ZERO)
    return total


def gross(bill: Any, env: Any) -> Decimal:
    """A total that the list shows, too."""
    return amounts_of(bill, env).gross


def tax(bill: Any, env: Any) -> Decimal:
    """The head's, else that of the lines."""
    return amounts_of(bill, env).tax


def net(bill: Any, env: Any) -> Decimal:
    """`subtotal_cost` may leave shipping and costs out, so that the total without tax counts."""
    return amounts_of(bill, env).net


def document_type(bill: Any, env: Any) -> str:
    """Nothing but the sign tells a credit."""
    return "credit_memo" if amounts_of(bill, env).gross < 0 else "invoice"


# --- lines -------------------------------------------------------------------------------------------------------


def lines(bill: Any, env: Any) -> tuple[InvoiceLine, ...]:
    """One for each allocation of each line, then what is charged beside them, coded like the first."""
    found, code = amounts_of(bill, env), currency(bill, env)
    made: list[InvoiceLine] = []
    for at, (row, amount, tax) in enumerate(found.lines):
        made += _shared_out(row, _line_id(bill, row, at), amount, tax, code, env)
    first = made[0] if made else None
    for name, amount in found.more:
        made.append(
            InvoiceLine(
                id=join_key(name.lower()),
                number=str(len(found.lines) + 1),
                kind="charge",
                description=name,
                amount=amount,
                gl_account=first.gl_account if first else None,
                department=first.department if first else None,
            )
        )
    return tuple(made)


def _line_id(bill: Row, row: Row, at: int) -> str:
    """Its own; else the one that the bill lists in its place."""
    listed = bill.get("items")
    own = text_id(row)
    if not own and isinstance(listed, list) and len(listed) == len(bill.get("lines") or ()):
        own = text_id(listed[at])
    return own or f"line {at + 1}"


def _shared_out(row: Row, ident: str, amount: Decimal, tax: Decimal | None, code: str, env: Any) -> list[InvoiceLine]:
    item: Row = row.get("orderitem") if isinstance(row.get("orderitem"), dict) else {}  # type: ignore[assignment]
    budgets = [part.get("budget") for part in row.get("cost_allocations") or ()] or [item.get("account")]
    given = [number(part, "amount") or ZERO for part in row.get("cost_allocations") or ()] or [amount]
    single = len(budgets) == 1
    made = []
    parts = zip(budgets, shares(amount, given, code), shares(tax or ZERO, given, code), strict=True)
    for at, (budget, share, tax_share) in enumerate(parts, 1):
        made.append(
            InvoiceLine(
                id=join_key(ident) if single else join_key(ident, str(at)),
                number=ident,
                description=said(row, "description"),
                item=said(row, "sku"),
                quantity=number(row, "quantity") if single else None,
                unit=said(item, "unit"),
                unit_price=number(row, "unit_cost") if single else None,
                amount=share,
                tax=None if tax is None else tax_share,
                gl_account=_account(budget, env),
                department=_department(budget, env),
                purchase_order=_purchase_order(row.get("po")),
                purchase_order_line=join_key(text_id(item)) if text_id(item) else "",
            )
        )
    return made


def shares(amount: Decimal, given: Sequence[Decimal], code: str) -> list[Decimal]:
    """The amount in the proportions of the allocations, the last one taking what rounding leaves."""
    total = sum(given, ZERO)
    if total == amount:
        return list(given)
    if not total:
        return [amount, *[ZERO] * (len(given) - 1)]
    found = [(amount * each / total).quantize(minor_unit(code)) for each in given[:-1]]
    return [*found, amount - sum(found, ZERO)]


# --- references --------------------------------------------------------------------------------------------------


def _resolved(budget: Any, name: str, column: str, env: Any) -> tuple[str, str]:
    """Id and code (or name) of what a budget names by an object, an id or a text; "" for what is not known."""
    value = budget.get(name) if isinstance(budget, dict) else None
    if value is None:
        return "", ""
    held: Row = value if isinstance(value, dict) else {"id" if isinstance(value, int) else column: value}
    known = env.knowledge.get(name, {}).get(text_id(held) or said(held, column), {})
    return text_id(held) or text_id(known), said(held, column) or said(known, column)


def _account(budget: Any, env: Any) -> Reference | None:
    """A code that the account codes do not show, or show twice, is passed on as a code alone (FACTS 38)."""
    ident, code = _resolved(budget, "account_code", "code", env)
    if not ident and not code:
        return None
    return Reference(join_key(ident) if ident else join_key("code", code), code or ident)


def _department(budget: Any, env: Any) -> Reference | None:
    """Names repeat across locations: one that does not tell which department it is, is left out."""
    ident, name = _resolved(budget, "department", "name", env)
    return Reference(join_key(ident), name or ident, name) if ident else None


def _purchase_order(po: Any) -> Reference | None:
    """Keyed by its uuid, for its `id` need not be the number by which it is read."""
    if not isinstance(po, dict) or not (po.get("uuid") or text_id(po)):
        return None
    return Reference(join_key(str(po.get("uuid") or text_id(po))), said(po, "number") or text_id(po))


def only_purchase_order(bill: Any, env: Any) -> Reference | None:
    """Of a bill for one order alone."""
    found = {each.key: each for each in (_purchase_order(row.get("po")) for row in bill.get("lines") or ()) if each}
    return next(iter(found.values())) if len(found) == 1 else None
