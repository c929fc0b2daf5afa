"""What could not be declared: accounts and cost centers of lines, orders behind invoices, states out of balances."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records import InvoiceStatus, OrderStatus, Reference, join_key
from ml_connector.systems.syspro import amounts
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

VERSION = "1"
"""Raise it when something here gives other values for the same rows."""

Knowledge = Mapping[str, Any]
Document = dict[str, Any]
ENTRY = ("TrnYear", "TrnMonth", "Journal", "EntryNumber")
COMMENT, MISCELLANEOUS, FREIGHT = "6", "5", "4"
PRICE_DIGITS = Decimal("0.00001")
ORDER_STATUSES = {"*": OrderStatus.CANCELLED, "9": OrderStatus.CLOSED, "0": OrderStatus.PLANNED}
ACCOUNT_TYPES = {
    "A": "asset",
    "L": "liability",
    "C": "capital",
    "R": "revenue",
    "E": "expense",
    "S": "statistical",
}
UNDISTRIBUTED = "No distribution in SYSPRO: coded with the supplier's merchandise account."


def nothing(document: Document, knowledge: Knowledge) -> None:
    """Nothing has to be computed."""


def as_is(value: Any) -> Any:
    """A value that was computed here."""
    return value


# Keys and references -----------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def refer(company: str, *key: str) -> Reference:
    """To a record of the same company; people see its last part without blanks."""
    return Reference(join_key(company, *key), key[-1].strip())


def account_of(company: str, code: str) -> Reference | None:
    return refer(company, code) if code.strip() else None


def supplier(row: Any, env: Env) -> Reference:
    key = key_text(row.get("Supplier"))
    if not key.strip():
        raise ValueError("Supplier is empty")
    return refer(env.knowledge["company"], key)


def segment(code: str, pattern: re.Pattern[str]) -> str:
    """The cost center in a GL code; "" where there is none."""
    found = pattern.search(code)
    return (found.group(1) or "").strip() if found else ""


def cost_center_key(row: Any, env: Env) -> str:
    """Category and type belong to the key of an analysis code; a segment of GL codes stands for itself."""
    names = ("AnalysisCode",) if env.knowledge["segment"] else ("AnalysisCategory", "AnalysisType", "AnalysisCode")
    texts = [key_text(row.get(name)) for name in names]
    if len(texts) > 1:
        texts[1] = texts[1].strip()  # a number, which e.net pads
    return join_key(env.knowledge["company"], *texts)


def account_kind(row: Any, env: Env) -> str:
    kind = words(row, "AccountType")
    return ACCOUNT_TYPES.get(kind, kind)


def not_on_hold(row: Any, env: Env) -> bool:
    """AccOnHoldFlag of accounts and OnHold of suppliers (FACTS 26)."""
    return not (is_set(row, "AccOnHoldFlag") or is_set(row, "OnHold"))


# Suppliers ---------------------------------------------------------------------------------------------------------


def prepare_supplier(document: Document, knowledge: Knowledge) -> None:
    """SYSPRO has free address lines: which of them is the city is nobody's knowledge."""
    head = document["head"]
    rows = document.get("address", ())
    found = [_address(rows[0], each) for each in ("Sup", "Remit")] if rows else []
    head["addresses"] = [each for each in found if each["line1"] or each["line2"] or each["postal_code"]]
    head["email"] = words(head, "Email") or words(head, "RemitEmail")


def _address(row: Values, kind: str) -> dict[str, str]:
    lines = [text for number in range(1, 6) if (text := words(row, f"{kind}Addr{number}"))]
    return {
        "id": "main" if kind == "Sup" else "remit",
        "name": words(row, "RemitName") if kind == "Remit" else "",
        "line1": lines[0] if lines else "",
        "line2": ", ".join(lines[1:]),
        "postal_code": words(row, f"{kind}PostalCode"),
    }


# Purchase orders ---------------------------------------------------------------------------------------------------


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
        "cost_center": _segment_center(code, knowledge),
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


# Invoices ----------------------------------------------------------------------------------------------------------


def prepare_invoice(document: Document, knowledge: Knowledge) -> None:
    """Lines out of the distribution, amounts in the invoice's currency, the state out of the balances."""
    head = document["head"]
    currency = head["currency"] = words(head, "Currency") or knowledge["stated_currency"]
    lines = document["lines"] or [_undistributed(document)]
    money = amounts.settle(head, lines, currency, knowledge["tax_types"])
    total = money.gross
    head["net"], head["tax"], head["gross"] = total - money.tax, money.tax, total
    receipts = _Receipts(document["receipts"], knowledge["company"])
    head["lines"] = _coded(document, money, currency, knowledge, receipts)
    head["purchase_order"] = receipts.only_order()
    head["document_type"] = "credit_memo" if total < 0 else "invoice"
    head["exchange_rate"] = local_per_unit(amount(head, "ConvRate"), words(head, "MulDiv"))
    head["open_amount"] = money.open_amount
    head["status"] = _invoice_status(head, money)
    year, month = words(head, "InvoiceYear"), words(head, "InvoiceMonth")
    head["period"] = f"{year}-{month.zfill(2)}" if year.strip("0") and month else ""


def _undistributed(document: Document) -> dict[str, Any]:
    """SYSPRO knows no distribution: one line over the whole, with the supplier's merchandise account, if any."""
    supplier_row: Values = next(iter(document.get("supplier", ())), {})
    entry: Values = next(iter(document["entries"]), {})
    return {
        **{name: entry.get(name) for name in ENTRY},
        "SubEntry": 1,
        "AnalysisEntry": entry.get("AnalysisEntry"),
        "ExpenseGlCode": supplier_row.get("MerchGlCode") or "",
        "DistrValue": document["head"].get("OrigInvValue"),
        "Reference": UNDISTRIBUTED,
        "undistributed": True,
    }


def _invoice_status(head: Values, money: amounts.Money) -> InvoiceStatus:
    """Balances decide, because the statuses are little known (FACTS 22)."""
    if words(head, "InvoiceStatus") == "*":
        return InvoiceStatus.CANCELLED
    original, adjustments = amount(head, "OrigInvValue"), amount(head, "TotalAdjustments")
    if not money.open_amount:
        if original and adjustments == -original:
            return InvoiceStatus.CANCELLED
        settled = bool(original) or words(head, "InvoiceStatus") == "9"
        return InvoiceStatus.PAID if settled else InvoiceStatus.POSTED
    return InvoiceStatus.PARTLY_PAID if abs(money.open_amount) < abs(money.gross) else InvoiceStatus.POSTED


def _coded(
    document: Document, money: amounts.Money, currency: str, knowledge: Knowledge, receipts: _Receipts
) -> list[dict[str, Any]]:
    """The lines with their account, cost centers and order; one that is split over cost centers becomes several.

    Tax is told in the head alone, as every other ERP tells it: a line of it has no cost center.
    """
    company = knowledge["company"]
    shares = _shares(document, money.lines, knowledge)
    found: list[dict[str, Any]] = []
    for index, (row, value) in enumerate(zip(money.lines, money.amounts, strict=True)):
        if words(row, "ExpenseType") in knowledge["tax_types"]:
            continue
        code = key_text(row.get("ExpenseGlCode"))
        place = [words(row, name) or "0" for name in (*ENTRY, "SubEntry")]
        order, order_line = receipts.of(row)
        base: dict[str, Any] = {
            "id": "undistributed" if row.get("undistributed") else join_key(*place),
            "number": place[-1],
            "description": words(row, "Reference"),
            "gl_account": account_of(company, code),
            "purchase_order": order,
            "purchase_order_line": order_line,
        }
        if knowledge["segment"] is not None:
            found.append(base | {"amount": value, "cost_center": _segment_center(code, knowledge)})
            continue
        parts = shares.get(index, {})
        if len(parts) < 2:
            found.append(base | {"amount": value, "cost_center": next(iter(parts), None)})
            continue
        for center, part in sorted(amounts.divided(value, parts, currency).items(), key=lambda each: each[0].key):
            ident = f"{base['id']}/{center.key}"
            number = f"{base['number']}-{center.code}"
            found.append(base | {"id": ident, "number": number, "amount": part, "cost_center": center})
    return found


def _segment_center(code: str, knowledge: Knowledge) -> Reference | None:
    if knowledge["segment"] is None:
        return None
    center = segment(code, knowledge["segment"])
    return refer(knowledge["company"], center) if center else None


Shares = dict[Reference, Decimal]


def _shares(document: Document, lines: list[dict[str, Any]], knowledge: Knowledge) -> dict[int, Shares]:
    """By line the cost centers that bear it, each with its weight.

    An entry without a split counts whole, whatever its value says. Where several lines share an entry whose values are
    theirs, each line has its own; otherwise every line is split alike (FACTS 28).
    """
    by_place = {tuple(words(row, name) for name in ENTRY): row for row in document["entries"]}
    sharing: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(lines):
        if words(row, "ExpenseType") not in knowledge["tax_types"]:
            place = tuple(words(row, name) for name in ENTRY)
            entry = amount(row, "AnalysisEntry") or amount(by_place.get(place, {}), "AnalysisEntry")
            if entry:
                sharing[key_text(entry)].append(index)
    found: dict[int, Shares] = {}
    for name, indexes in sharing.items():
        centers = _centers(
            [row for row in document["analysis"] if words(row, "AnalysisEntry") == name], lines, knowledge
        )
        own = [amount(lines[index], "DistrValue") for index in indexes]
        if len(indexes) > 1 and Counter(own) == Counter(value for _, value in centers):
            left = list(centers)
            for index, value in zip(indexes, own, strict=True):
                at = next(at for at, (_, each) in enumerate(left) if each == value)
                found[index] = {left.pop(at)[0]: Decimal(1)}
            continue
        weights: Shares = defaultdict(Decimal)
        for center, value in centers:
            weights[center] += value
        for index in indexes:
            found[index] = dict(weights)
    return found


def _centers(
    rows: list[dict[str, Any]], lines: list[dict[str, Any]], knowledge: Knowledge
) -> list[tuple[Reference, Decimal]]:
    """Cost center and value of the rows of one analysis entry; of the line's own period where numbers repeat."""
    periods = {(words(line, "TrnYear"), words(line, "TrnMonth")) for line in lines}
    same = [row for row in rows if (words(row, "GlYear"), words(row, "GlPeriod")) in periods]
    found = []
    for row in same or rows:
        center = _center(row, knowledge)
        if center is not None:
            found.append((center, amount(row, "EntryValue")))
    return found


def _center(row: Values, knowledge: Knowledge) -> Reference | None:
    """The analysis code that stands for the cost center: of the type that is set, else the first given."""
    category = key_text(row.get("AnalysisCategory"))
    if knowledge["category"] and category.strip() != knowledge["category"]:
        return None
    for kind in (knowledge["type"],) if knowledge["type"] else range(1, 6):
        code = key_text(row.get(f"AnalysisCode{kind}"))
        if code.strip():
            return refer(knowledge["company"], category, str(kind), code)
    return None


class _Receipts:
    """The order lines that were matched to an invoice (FACTS 23)."""

    def __init__(self, rows: list[dict[str, Any]], company: str) -> None:
        self._rows = [row for row in rows if key_text(row.get("PurchaseOrder")).strip()]
        self._company = company

    def only_order(self) -> Reference | None:
        """The one order behind the whole invoice."""
        numbers = {key_text(row.get("PurchaseOrder")) for row in self._rows}
        return refer(self._company, numbers.pop()) if len(numbers) == 1 else None

    def of(self, line: Values) -> tuple[Reference | None, str]:
        """Order and order line of a distribution line: same account and value, else same account, if that is clear."""
        code = key_text(line.get("ExpenseGlCode"))
        mine = [row for row in self._rows if key_text(row.get("DebitRecGlCode")) == code]
        value = amount(line, "DistrValue")
        same = [row for row in mine if amount(row, "MatchedValue") == value]
        for rows in (same, mine):
            found = {(key_text(row.get("PurchaseOrder")), words(row, "PurchaseOrderLin")) for row in rows}
            if len(found) == 1:
                number, order_line = found.pop()
                return refer(self._company, number), order_line
        return self.only_order(), ""


# Postings ----------------------------------------------------------------------------------------------------------


def prepare_posting(document: Document, knowledge: Knowledge) -> None:
    """One line of a journal, with what only the journal knows."""
    journal, line = document["head"], document["line"][0]
    code = key_text(line.get("GlCode"))
    if knowledge["segment"] is not None:
        center = _segment_center(code, knowledge)
    else:
        period = [{"TrnYear": line.get("GlYear"), "TrnMonth": line.get("GlPeriod")}]
        given = _centers(document["analysis"], period, knowledge)
        mine = [each for each in given if each[1] == amount(line, "EntryValue")]  # several lines may share an entry
        found = [{each for each, _ in some} for some in (given, mine)]
        center = next((next(iter(some)) for some in found if len(some) == 1), None)
    names = ("GlYear", "GlPeriod", "Journal", "EntryNumber")
    journal |= {
        "key": join_key(knowledge["company"], *(key_text(line.get(name)).strip() for name in names)),
        "journal": words(journal, "GlJournal"),
        "line": words(line, "EntryNumber"),
        "posting_date": day(journal.get("PostDate")),
        "entry_date": day(line.get("EntryDate")) or day(journal.get("JournalDate")),
        "period": f"{words(line, 'GlYear')}-{words(line, 'GlPeriod').zfill(2)}",
        "gl_account": account_of(knowledge["company"], code),
        "cost_center": center,
        "currency": knowledge["currency"],
        "amount": amount(line, "EntryValue"),
        "text": words(line, "Comment") or words(line, "Reference"),
    }
