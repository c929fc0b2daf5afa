"""What Plex fills in when a person enters a row: its GUID, defaults, and what follows from other rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ..story import money
from .accounts import account_fields
from .rows import Record
from .totals import Tables
from .values import CANCELLED_WORDS, guid

Values = dict[str, Any]
PLANT_CURRENCY = {"104455": "EUR", "104456": "USD"}
_DEFAULTS: dict[str, Values] = {
    "suppliers": {"status": "Active", "type": "Supplier"},
    "addresses": {"code": "MAIN", "main": False, "remit": False},
    "purchase-orders": {
        "status": "On Order",
        "type": "Standard",
        "active": True,
        "receive": True,
        "consignment": False,
        "blanketOrder": False,
    },
    "line-items": {"status": "On Order", "estimatedPrice": False},
    "releases": {"status": "Open", "type": "Firm", "quantity": 1},
    "ap-invoices": {
        "status": "Booked",
        "type": "Standard",
        "booked": True,
        "paid": False,
        "intercompany": 0,
        "discount": 0,
    },
    "ap-invoice-lines": {"offset": 0},
    "ap-invoice-taxes": {"tax": True, "taxCode": "19"},
    "ap-payments": {"booked": True, "void": False, "paymentType": "Wire", "status": "Printed"},
    "chart-of-accounts": {"categoryType": "Expense", "active": True},
    "departments": {"active": True},
    "buildings": {"buildingType": "Plant", "active": True},
    "parts": {"status": "Production"},
}


def entered(tables: Tables, pcn: str, name: str, given: Mapping[str, Any]) -> Values:
    """The whole row for what was typed. References may be typed as codes: supplierCode, poNumber, accountNumber,
    voucherNumber (for `invoiceId`). Raises KeyError for an order or invoice that is not there, ValueError for a row
    without its number."""
    values = {**_DEFAULTS.get(name, {}), **references(tables, pcn, name, given)}
    fill = _FILL.get(name)
    if fill:
        fill(tables, pcn, values)
    key = tables[name].table.key
    if values.get(key) is None:
        values[key] = guid(pcn, name, _number(name, values))
    return values


def _number(name: str, values: Values) -> str:
    """What tells a row from the others of its plant."""
    found = [values.get(field) for field in NUMBERS[name]]
    if None in found:
        raise ValueError(f"{name} needs {', '.join(NUMBERS[name])}")
    return "/".join(map(str, found))


# the fields that a row's GUID is made of; an invoice's lines are counted
NUMBERS = {
    "suppliers": ("code",),
    "addresses": ("supplierId", "code"),
    "financials": ("supplierId",),
    "purchasing-defaults": ("supplierId",),
    "purchase-orders": ("poNumber",),
    "line-items": ("poId", "lineItemNumber"),
    "releases": ("poId", "lineItemNo", "releaseLineNumber"),
    "ap-invoices": ("voucherNumber",),
    "ap-invoice-taxes": ("lineId",),
    "ap-payments": ("paymentNumber",),
    "chart-of-accounts": ("accountNumber",),
    "departments": ("departmentNo",),
    "buildings": ("buildingCode",),
    "parts": ("number",),
}


def references(tables: Tables, pcn: str, name: str, given: Mapping[str, Any]) -> Values:
    """The given values with the GUIDs of what is named by its code."""
    values = dict(given)
    fields = tables[name].table.fields
    code = values.get("supplierCode")
    if code is not None and "supplierId" in fields:
        values.setdefault("supplierId", guid(pcn, "suppliers", code))
        if "supplierCode" not in fields:
            del values["supplierCode"]
    number = values.get("poNumber")
    if number is not None and "poId" in fields:
        values.setdefault("poId", guid(pcn, "purchase-orders", number))
        if "poNumber" not in fields:
            del values["poNumber"]
    if values.get("accountNumber") is not None and "accountId" in fields:
        coded = account_fields(pcn, str(values["accountNumber"]))
        values |= {field: value for field, value in coded.items() if field in fields}
        if "accountNumber" not in fields:
            del values["accountNumber"]
    if "invoiceId" in fields and values.get("voucherNumber") is not None:
        values.setdefault("invoiceId", guid(pcn, "ap-invoices", values.pop("voucherNumber")))
    return values


def recoded(tables: Tables, pcn: str, name: str, given: Mapping[str, Any], record: Record) -> Values:
    """The changed values of an edit, with what follows from them: GUIDs of codes, amounts in plant currency, the
    flag of an order that ends, the balance of an invoice that is paid."""
    values = references(tables, pcn, name, given)
    if name == "ap-invoice-lines":
        _plant_amounts(tables, {"invoiceId": record.get("invoiceId")}, values, _LINE_AMOUNTS)
    elif name == "ap-invoice-taxes":
        _plant_amounts(tables, {"invoiceId": record.get("invoiceId")}, values, _TAX_AMOUNTS)
    elif name == "ap-invoices":
        rate = values.get("exchangeRate", record.get("exchangeRate"))
        _convert(pcn, rate, values, _HEAD_AMOUNTS)
        for typed, follows in _HEAD_AMOUNTS.items():
            if typed in values and values[typed] is None:
                values.setdefault(follows, None)
        if values.get("paid"):
            values = {"balance": None, "foreignCurrencyBalance": None, **values}
    elif name == "purchase-orders" and values.get("status") in ("Closed", *CANCELLED_WORDS):
        values.setdefault("active", False)
    return values


def _fill_order(tables: Tables, pcn: str, values: Values) -> None:
    values.setdefault("currencyCode", PLANT_CURRENCY[pcn])
    values.setdefault("poDate", values.get("orderedDate"))


def _fill_line(tables: Tables, pcn: str, values: Values) -> None:
    _parent(tables, "purchase-orders", values.get("poId"))
    if values.get("lineItemNumber") is None:
        numbers = [x.get("lineItemNumber") for x in tables["line-items"].indexed("poId", values["poId"])]
        values["lineItemNumber"] = max(numbers, default=0) + 1


def _fill_release(tables: Tables, pcn: str, values: Values) -> None:
    order = _parent(tables, "purchase-orders", values.get("poId"))
    values.setdefault("lineItemNo", 1)
    line_key = guid(pcn, "line-items", f"{order.key}/{values['lineItemNo']}")
    line = _parent(tables, "line-items", values.setdefault("poLineItemId", line_key))
    values["lineItemNo"] = line.get("lineItemNumber")
    values["poNumber"] = order.get("poNumber")
    values["supplierId"] = order.get("supplierId")
    supplier = tables["suppliers"].get(order.get("supplierId"))
    values.setdefault("supplierCode", supplier.get("code") if supplier else None)
    values.setdefault("partId", line.get("partId"))
    part = tables["parts"].get(values["partId"])
    if part:
        values.setdefault("partNumber", part.get("number"))
    numbers = [x.get("releaseLineNumber") for x in tables["releases"].indexed("poLineItemId", line.key)]
    values.setdefault("releaseLineNumber", max(numbers, default=0) + 1)
    values.setdefault("originalDueDate", values.get("dueDate"))


def _fill_invoice(tables: Tables, pcn: str, values: Values) -> None:
    if values.get("voucherNumber") is None:
        # vouchers entered by hand start where those of the story never come
        values["voucherNumber"] = str(500001 + len(tables["ap-invoices"]))
    values.setdefault("currencyCode", PLANT_CURRENCY[pcn])
    values.setdefault("exchangeRate", 1)
    values.setdefault("exchangeRateDate", values.get("transactionDate"))
    _convert(pcn, values["exchangeRate"], values, _HEAD_AMOUNTS)
    amount = values.get("foreignCurrencyAmount")
    values.setdefault("debitMemo", int(amount is not None and Decimal(str(amount)) < 0))


def _fill_invoice_line(tables: Tables, pcn: str, values: Values) -> None:
    invoice = _parent(tables, "ap-invoices", values.get("invoiceId"))
    rows = tables["ap-invoice-lines"]
    free = len(rows.indexed("invoiceId", invoice.key)) + 1
    while values.get("lineId") is None:
        key = guid(pcn, "ap-invoice-lines", f"{invoice.key}/{free}")
        values["lineId"] = None if rows.get(key) else key
        free += 1
    for name in ("currencyDebit", "currencyCredit"):
        values.setdefault(name, 0)
    _plant_amounts(tables, values, values, _LINE_AMOUNTS)


def _fill_tax(tables: Tables, pcn: str, values: Values) -> None:
    _parent(tables, "ap-invoices", values.get("invoiceId"))
    _plant_amounts(tables, values, values, _TAX_AMOUNTS)


_LINE_AMOUNTS = {"currencyDebit": "debit", "currencyCredit": "credit"}
_TAX_AMOUNTS = {"currencyTaxAmount": "taxAmount", "currencyTaxableAmount": "taxableAmount"}
_HEAD_AMOUNTS = {"foreignCurrencyAmount": "amount", "foreignCurrencyBalance": "balance"}


def _plant_amounts(tables: Tables, owner: Values, values: Values, pairs: Mapping[str, str]) -> None:
    invoice = _parent(tables, "ap-invoices", owner.get("invoiceId"))
    _convert(invoice.pcn, invoice.get("exchangeRate"), values, pairs)


def _convert(pcn: str, rate: Any, values: Values, pairs: Mapping[str, str]) -> None:
    """Where only the amount in the invoice's currency was typed, that in plant currency follows from the rate."""
    for typed, follows in pairs.items():
        if values.get(typed) is not None and values.get(follows) is None:
            exact = Decimal(str(values[typed])) * Decimal(str(rate or 1))
            values[follows] = money(exact, PLANT_CURRENCY[pcn])


def _parent(tables: Tables, name: str, key: Any) -> Record:
    record = tables[name].get(key)
    if record is None:
        raise KeyError(f"{name} {key}")
    return record


_FILL: dict[str, Callable[[Tables, str, Values], None]] = {
    "purchase-orders": _fill_order,
    "line-items": _fill_line,
    "releases": _fill_release,
    "ap-invoices": _fill_invoice,
    "ap-invoice-lines": _fill_invoice_line,
    "ap-invoice-taxes": _fill_tax,
}
