"""Purchase orders: prices from a second array, and statuses from several flags."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ml_connector.mappings import text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import OrderStatus, Reference, join_key
from ml_connector.systems.sage_x3.quirks.rows import YES, Knowledge, Row, amount, menu, supplier_of


def prepared_order(document: Row, knowledge: Knowledge) -> Row:
    """The order with its lines; prices come from a second array where the first has none (FACTS 23)."""
    head: Row = document["head"]
    prices = {(each.get("POPLIN"), each.get("POPSEQ")): each for each in head.get("PORDERP") or ()}
    by_line = {key[0]: each for key, each in prices.items()}

    def price(line: Row) -> Row:
        sequence = line.get("POPSEQ", line.get("POQSEQ"))
        return prices.get((line.get("POPLIN"), sequence)) or by_line.get(line.get("POPLIN")) or {}

    head["lines"] = [{**price(line), **line} for line in head.get("PORDERQ") or ()]
    return head


def _moved(row: Row, flag: str, lines: str) -> bool:
    """Whether something was received or invoiced, by the order's flag or by its lines."""
    if menu(row.get(flag)) in (2, 3):
        return True
    return any((amount(line, lines) or 0) > 0 for line in row.get("lines") or ())


def order_status(row: Any, env: Env) -> OrderStatus:
    """X3 has no cancelled order: closed with nothing received and nothing invoiced is one (FACTS 23)."""
    received, invoiced = _moved(row, "RCPFLG", "RCPQTYPUU"), _moved(row, "INVFLG", "INVQTYPUU")
    if menu(row.get("CLEFLG"), 1) == YES:
        return OrderStatus.CLOSED if received or invoiced else OrderStatus.CANCELLED
    if env.knowledge["need_approval"] and menu(row.get("APPFLG"), 3) in (1, 2):
        return OrderStatus.PLANNED
    if menu(row.get("INVFLG")) == 3:
        return OrderStatus.INVOICED
    if menu(row.get("RCPFLG")) == 3:
        return OrderStatus.RECEIVED
    return OrderStatus.PARTLY_RECEIVED if received else OrderStatus.RELEASED


def order_kind(row: Any, env: Env) -> str:
    return "contract" if menu(row.get("POHTYP"), 1) == 2 else "purchase_order"


def order_supplier(row: Any, env: Env) -> Reference:
    return supplier_of(row, "BPSNUM")


def order_line_id(row: Any, env: Env) -> str:
    """POPLIN and POQSEQ; invoice lines name the order's line in the same way."""
    line, sequence = row.get("POPLIN"), row.get("POQSEQ")
    if line is None or line == "":
        raise MissingError("POPLIN is empty.", fix="Report it: X3 numbers every line of an order.")
    return join_key(text(line), text(sequence)) if sequence not in (None, "") else join_key(text(line))


def quantity(row: Any, env: Env) -> Decimal | None:
    """In purchase units, as prices and received quantities are; else in order units."""
    found = amount(row, "QTYPUU")
    return amount(row, "QTYUOM") if found is None else found


def unit(row: Any, env: Env) -> str:
    return text((row.get("UOM") if amount(row, "QTYPUU") is None else row.get("PUU") or row.get("UOM")) or "")


def unit_price(row: Any, env: Env) -> Decimal | None:
    found = amount(row, "NETPRI")
    return amount(row, "GROPRI") if found is None else found


def order_line_cancelled(row: Any, env: Env) -> bool:
    """Closed with nothing received and nothing invoiced."""
    if menu(row.get("LINCLEFLG"), 1) != YES:
        return False
    return not (amount(row, "RCPQTYPUU") or 0) and not (amount(row, "INVQTYPUU") or 0)
