"""Purchase orders: statuses, prices and discounts of lines."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records import OrderStatus
from ml_connector.systems.syspro.quirks.references import Document, Knowledge, account_of, segment_center
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import (
    NONE,
    Values,
    amount,
    day,
    in_document_currency,
    is_set,
    local_per_unit,
    rounded,
    words,
)

COMMENT, MISCELLANEOUS, FREIGHT = "6", "5", "4"
PRICE_DIGITS = Decimal("0.00001")
ORDER_STATUSES = {"*": OrderStatus.CANCELLED, "9": OrderStatus.CLOSED, "0": OrderStatus.PLANNED}


def prepare_order(document: Document, knowledge: Knowledge) -> None:
    """Lines with their value; the header has none of its own."""
    head = document["head"]
    currency = head["currency"] = words(head, "Currency") or knowledge["stated_currency"]
    rows = [row for row in document["lines"] if words(row, "LineType") != COMMENT]
    lines = head["lines"] = [_order_line(row, head, currency, knowledge) for row in rows]
    head["net"] = sum((line["net"] for line in lines), NONE)
    head["exchange_rate"] = local_per_unit(amount(head, "ExchangeRate"), words(head, "MulDiv"))


def order_status(row: Any, env: Env) -> OrderStatus:
    """A blank, `/`, `\\` or a number between 0 and 9 is open (FACTS 24)."""
    if is_set(row, "CancelledFlag"):
        return OrderStatus.CANCELLED
    return ORDER_STATUSES.get(words(row, "OrderStatus"), OrderStatus.RELEASED)


def _order_line(row: Values, head: Values, currency: str, knowledge: Knowledge) -> dict[str, Any]:
    code = key_text(row.get("MGlCode"))
    line: dict[str, Any] = {
        "number": key_text(row.get("Line")).strip(),
        "item": words(row, "MStockCode"),
        "description": words(row, "MStockDes") or words(row, "NComment"),
        "unit": words(row, "MOrderUom"),
        "tax_code": words(row, "MTaxCode"),
        "quantity_received": amount(row, "MReceivedQty"),
        "wanted_on": day(row.get("MOrigDueDate")) or day(row.get("MLatestDueDate")),
        "promised_on": day(row.get("MLatestDueDate")),
        "gl_account": account_of(knowledge["company"], code),
        "cost_center": segment_center(code, knowledge),
    }
    charge = amount(row, "NMscChargeValue")
    if words(row, "LineType") in (MISCELLANEOUS, FREIGHT) and charge:
        value = rounded(charge, currency)
        return line | {"kind": "charge", "quantity": Decimal(1), "unit_price": charge, "net": value}
    quantity = amount(row, "MOrderQty")
    price = _price(row, head)
    value = _discounted(quantity * price, row, head)
    if quantity and value != quantity * price:
        price = (value / quantity).quantize(PRICE_DIGITS, ROUND_HALF_UP)
    return line | {"kind": "item", "quantity": quantity, "unit_price": price, "net": rounded(value, currency)}


def _price(row: Values, head: Values) -> Decimal:
    """Of one ordering unit in the order's currency: MForeignPrice is in it, MPrice in the company's (FACTS 25)."""
    price = amount(row, "MForeignPrice")
    if not price:
        rate, local = amount(head, "ExchangeRate"), amount(row, "MPrice")
        price = in_document_currency(local, rate, words(head, "MulDiv"))
        price = price if price == local else price.quantize(PRICE_DIGITS)
    factor = amount(row, "MConvFactPrcUm")
    if not factor or factor == 1 or words(row, "MPriceUom") in ("", words(row, "MOrderUom")):
        return price
    return price / factor if words(row, "MMulDivPrc") == "D" else price * factor


def _discounted(value: Decimal, row: Values, head: Values) -> Decimal:
    """Percentages of the line one after another, else its value; then those of the header."""
    percentages = [amount(row, f"MDiscPct{number}") for number in (1, 2, 3)]
    if not any(percentages):
        value -= amount(row, "MDiscValue")
    for percentage in (*percentages, *(amount(head, f"DiscPct{number}") for number in (1, 2, 3))):
        value -= value * percentage / 100
    return value
