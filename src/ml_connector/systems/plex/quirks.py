"""What could not be declared: amounts in two currencies, taxes, releases as lines, statuses in a plant's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from typing import Any

from ml_connector.mappings import boolean, day_of_moment, decimal, moment, text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import InvoiceLine, InvoiceStatus, OrderLine, OrderStatus, Reference, join_key
from ml_connector.records.base import minor_unit
from ml_connector.systems.plex.documents import department_at
from ml_connector.systems.plex.settings import ORDER_STATUSES, PlexSettings

ZERO = Decimal(0)
INVOICE_STATUSES = {
    "approved": InvoiceStatus.APPROVED,
    **dict.fromkeys(("partially paid", "partly paid", "partial"), InvoiceStatus.PARTLY_PAID),
}
"""What the flags `booked` and `paid` do not say."""
ROUNDING = Decimal("0.02")
DECIMALS = 8
FIFTEEN_DIGITS = Context(prec=15)
"""What a double holds surely."""


def _text(row: Mapping[str, Any], *names: str) -> str:
    """The first of these values that is there."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return text(exact(value) if isinstance(value, Decimal) else value)
    return ""


def _flag(row: Mapping[str, Any], name: str) -> bool:
    """A bit, given as true, 1 or "True"; none is no."""
    value = row.get(name)
    return value is not None and value != "" and boolean(value)


def _number(row: Mapping[str, Any], name: str) -> Decimal | None:
    value = row.get(name)
    return None if value is None or value == "" else exact(value)


def exact(value: Any) -> Decimal:
    """An amount; the wrong last bit of a double (12.340000000000002) is taken off (FACTS 21)."""
    number = decimal(value)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS:
        number = FIFTEEN_DIGITS.create_decimal(number).normalize()
        exponent = -1
    if exponent == -1 and number == number.to_integral_value():  # a double writes 25 as 25.0
        return number.quantize(Decimal(1))
    return number


# Dates and statuses ------------------------------------------------------------------------------------------------


def day_of(*names: str) -> Any:
    """The day of the first of these times, in the plant's own calendar (FACTS 22)."""

    def read(row: Any, env: Env) -> date | None:
        value = _text(row, *names)
        if not value:
            return None
        where = env.knowledge["zone"]
        return day_of_moment(value) if where is None else moment(value).astimezone(where).date()

    return read


def posting_day(row: Any, env: Env) -> date:
    """The API gives the posting date alone (FACTS 34)."""
    found: date | None = day_of("transactionDate")(row, env)
    if found is None:
        raise MissingError("transactionDate is empty.", fix="Fill in the date in Plex.")
    return found


def paid_on(row: Any, env: Env) -> date:
    found: date | None = day_of("transactionDate", "checkDate", "createdDate")(row, env)
    if found is None:
        raise MissingError("transactionDate is empty.", fix="Fill in the date in Plex.")
    return found


def pcn(row: Any, env: Env) -> str:
    return str(env.knowledge["pcn"])


def currency(row: Any, env: Env) -> str:
    """The document's currency, else the plant's."""
    found = _text(row, "currencyCode") or env.knowledge["settings"].plant_currency
    if not found:
        raise MissingError(
            "currencyCode is empty.", fix="Fill it in in Plex, or give the plant's currency in plant_currency."
        )
    return str(found)


def supplier_active(row: Any, env: Env) -> bool:
    settings: PlexSettings = env.knowledge["settings"]
    status = _text(row, "status").strip().casefold()
    return status not in {each.casefold() for each in settings.inactive_supplier_statuses}


def order_status(row: Any, env: Env) -> OrderStatus:
    """The plant's word; an order of which nothing is released yet is planned, whatever it says (FACTS 29, 31)."""
    settings: PlexSettings = env.knowledge["settings"]
    if settings.is_cancelled(row.get("status")):
        return OrderStatus.CANCELLED
    word = _text(row, "status").strip().casefold()
    own = {name.strip().casefold(): status for name, status in settings.order_statuses.items()}
    closed = row.get("active") is False
    found = own.get(word) or ORDER_STATUSES.get(word) or (OrderStatus.CLOSED if closed else OrderStatus.RELEASED)
    if not row.get("releases") and found is not OrderStatus.CLOSED:
        return OrderStatus.PLANNED
    return found


def invoice_status(row: Any, env: Env) -> InvoiceStatus:
    settings: PlexSettings = env.knowledge["settings"]
    if settings.is_cancelled(row.get("status")):
        return InvoiceStatus.CANCELLED
    if _flag(row, "paid"):
        return InvoiceStatus.PAID
    word = INVOICE_STATUSES.get(_text(row, "status").strip().casefold())
    if not _flag(row, "booked"):
        return word if word is InvoiceStatus.APPROVED else InvoiceStatus.RECEIVED
    amount, balance = _number(row, "amount"), _number(row, "balance")
    partly = amount is not None and balance is not None and ZERO < abs(balance) < abs(amount)
    return InvoiceStatus.PARTLY_PAID if partly or word is InvoiceStatus.PARTLY_PAID else InvoiceStatus.POSTED


# References --------------------------------------------------------------------------------------------------------


def segment_of(number: str, settings: PlexSettings) -> str:
    """The cost center in an account number; "" where it has none (FACTS 36)."""
    segments = number.split(settings.cost_center_separator)
    position = settings.cost_center_position
    return segments[position - 1] if len(segments) >= position else ""


def supplier(row: Any, env: Env) -> Reference:
    """By id; an order names no code, which the connector has asked for (FACTS 26)."""
    ident = _text(row, "supplierId") or env.knowledge.get("supplier", "")
    if not ident:
        raise MissingError("supplierId is empty.", fix="Fill in the supplier in Plex.")
    code, name = env.knowledge.get("suppliers", {}).get(ident, ("", ""))
    return Reference(join_key(ident), code or _text(row, "supplierCode") or ident, name)


def payment_supplier(row: Any, env: Env) -> Reference | None:
    ident = _text(row, "supplierId")
    return Reference(join_key(ident), _text(row, "supplierCode") or ident) if ident else None


def purchase_order(row: Any, env: Env) -> Reference | None:
    number = _text(row, "poNumber")
    ident = _text(row, "poId") or env.knowledge.get("orders", {}).get(number, "")
    return Reference(join_key(ident), number or ident) if ident else None


def account(row: Mapping[str, Any], env: Env) -> Reference | None:
    """The account by its id, or by its number where the row names that alone."""
    numbers: Mapping[str, str] = env.knowledge.get("accounts", {})
    ident, number = _text(row, "accountId"), _text(row, "accountNumber")
    if not ident and number:
        ident = next((i for i, n in numbers.items() if n == number), number)
    return Reference(join_key(ident), number or numbers.get(ident) or ident) if ident else None


def cost_center(row: Mapping[str, Any], env: Env) -> Reference | None:
    """The segment that the row names, else the one in its account's number."""
    settings: PlexSettings = env.knowledge["settings"]
    code = _text(row, "costCenterSegment")
    if not code and settings.cost_center_source == "segment":
        number = _text(row, "accountNumber") or env.knowledge.get("accounts", {}).get(_text(row, "accountId"), "")
        code = segment_of(number, settings)
    return Reference(join_key(code), code) if code else None


def building(*rows_and_names: tuple[Mapping[str, Any], str], env: Env) -> Reference | None:
    """The first building that is named; one that Plex does not list is left out (FACTS 37)."""
    known = env.knowledge.get("buildings", {})
    for row, name in rows_and_names:
        if (value := _text(row, name)) in known:
            ident, code, label = known[value]
            return Reference(join_key(ident), code or ident, label)
    return None


def order_location(row: Any, env: Env) -> Reference | None:
    return building((row, "building"), env=env)


def department(code: object, place: str, env: Env) -> Reference | None:
    """A department that Plex does not list is left out: the document is readable without (FACTS 35)."""
    found = env.knowledge.get("departments", {}).get(department_at(code, place))
    return Reference(*found) if found else None


# Order lines -------------------------------------------------------------------------------------------------------


def order_lines(row: Any, env: Env) -> tuple[OrderLine, ...]:
    """A line per release; a line of which nothing is released is not ordered yet and left out (FACTS 28, 29)."""
    lines = {_text(line, "id"): line for line in row.get("lines") or ()}
    by_number = {_text(line, "lineItemNumber"): line for line in lines.values()}
    found: dict[str, OrderLine] = {}
    for release in sorted(row.get("releases") or (), key=_release_order):
        line = lines.get(_text(release, "poLineItemId")) or by_number.get(_text(release, "lineItemNo"))
        made = _order_line(row, line or {}, release, line is None, found, env)
        found[made.id] = made
    return tuple(sorted(found.values(), key=_line_order))


def _release_order(release: Mapping[str, Any]) -> tuple[str, str]:
    return _text(release, "createdDate"), _text(release, "id")


def _line_order(line: OrderLine) -> tuple[int, str, int, str]:
    def number(value: str) -> int:
        return int(value) if value.isascii() and value.isdigit() else 10**9

    return number(line.number), line.number, number(line.release), line.release


def _order_line(
    head: Mapping[str, Any],
    line: Mapping[str, Any],
    release: Mapping[str, Any],
    orphan: bool,
    others: Mapping[str, OrderLine],
    env: Env,
) -> OrderLine:
    settings: PlexSettings = env.knowledge["settings"]
    number = _text(line, "lineItemNumber") or _text(release, "lineItemNo")
    name = _text(release, "releaseLineNumber") or _text(release, "id")
    if join_key(number, name) in others:  # a number that was given twice
        name = _text(release, "id")
    price, quantity = _number(line, "unitPrice") or ZERO, _number(release, "quantity") or ZERO
    place = _text(line, "building") or _text(head, "building")
    coded = line if _text(line, "department") else head
    coded_at = place if coded is line else _text(head, "building")
    return OrderLine(
        id=join_key(number, name),
        number=number,
        release=name,
        item=_text(release, "partNumber"),
        description=_text(line, "description"),
        quantity=quantity,
        unit=_text(line, "unit", "orderUnit"),
        unit_price=price,
        net=_money(price * quantity, head, env),
        tax_code=_text(line, "taxCode"),
        wanted_on=day_of("dueDate", "dueDateTime")(release, env),
        gl_account=account(line, env),
        cost_center=cost_center(line, env),
        department=department(coded.get("department"), coded_at, env),
        location=building(
            (release, "buildingId"), (release, "buildingCode"), (line, "building"), (head, "building"), env=env
        ),
        cancelled=orphan or settings.is_cancelled(release.get("status")) or settings.is_cancelled(line.get("status")),
    )


def _money(amount: Decimal, head: Mapping[str, Any], env: Env) -> Decimal:
    """Rounded to the currency's smallest unit where the product has more digits than it."""
    unit = minor_unit(_text(head, "currencyCode") or env.knowledge["settings"].plant_currency)
    return amount.quantize(unit) if amount != amount.quantize(unit) else amount


def order_net(row: Any, env: Env) -> Decimal | None:
    """The header's total; what is not released yet is in it, so then the released lines give it (FACTS 29)."""
    lines = order_lines(row, env)
    released = {_text(release, "poLineItemId") for release in row.get("releases") or ()}
    whole = all(_text(line, "id") in released for line in row.get("lines") or ())
    total = _number(row, "lineItemTotal")
    if total is not None and whole and not row.get("blanketOrder"):
        return total
    return sum((line.net or ZERO for line in lines if not line.cancelled), ZERO)


# Invoice amounts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Amounts:
    """An invoice in its own currency: lines without tax, tax and total (FACTS 33)."""

    lines: tuple[tuple[Mapping[str, Any], Decimal], ...]
    taxes: tuple[tuple[Mapping[str, Any], Decimal], ...]
    gross: Decimal | None

    @property
    def tax(self) -> Decimal:
        return sum((amount for _, amount in self.taxes), ZERO)

    @property
    def sum_of_lines(self) -> Decimal:
        return sum((amount for _, amount in self.lines), ZERO)


def amounts(row: Mapping[str, Any]) -> Amounts:
    """Lines are in the invoice's currency where they say so, else the plant's; the control account is no line."""
    lines = [line for line in row.get("lines") or () if not _flag(line, "offset")]
    foreign = _number(row, "foreignCurrencyAmount")
    plant = _number(row, "amount")
    in_plant = [(line, _balance(line, "debit", "credit") or ZERO) for line in lines]
    in_own = [(line, _balance(line, "currencyDebit", "currencyCredit")) for line in lines]
    own = [(line, amount) for line, amount in in_own if amount is not None]
    blank = not any(amount for _, amount in own) and any(amount for _, amount in in_plant)
    if not foreign and plant:  # not given, or filled with nought
        foreign = None
    if len(own) < len(lines) or blank:
        if foreign is not None and plant is not None and foreign != plant:
            raise ValueError("lines have no amount in the invoice's currency")
        return _taxed(row, in_plant, plant if plant is not None else foreign)
    return _taxed(row, own, foreign if foreign is not None else plant)


def amounts_of(row: Mapping[str, Any], env: Env) -> Amounts:
    """The same for all fields of one invoice."""
    known: dict[str, Any] = env.knowledge  # type: ignore[assignment]  # made for this record alone
    if "amounts" not in known:
        known["amounts"] = amounts(row)
    found: Amounts = known["amounts"]
    return found


def _balance(line: Mapping[str, Any], debit: str, credit: str) -> Decimal | None:
    charged, credited = _number(line, debit), _number(line, credit)
    return None if charged is None and credited is None else (charged or ZERO) - (credited or ZERO)


Amounted = Sequence[tuple[Mapping[str, Any], Decimal]]


def _taxed(row: Mapping[str, Any], lines: Amounted, gross: Decimal | None) -> Amounts:
    """Taxes stand beside the lines, or among them, too: the header's total, which includes tax, tells."""
    rows = [*(row.get("taxes") or ()), *(tax for line, _ in lines for tax in line.get("taxes") or ())]
    taxes = [(tax, amount) for tax in rows if (amount := _number(tax, "taxAmount"))]
    total = sum((amount for _, amount in lines), ZERO)
    tax = sum((amount for _, amount in taxes), ZERO)
    if (
        gross is not None and gross * (total + tax) < 0 and abs(gross + total + tax) <= ROUNDING
    ):  # a memo with a header of the other sign
        gross = -gross
    if gross is None or not taxes or abs(gross - total - tax) <= ROUNDING:
        return Amounts(tuple(lines), tuple(taxes), gross)
    if abs(gross - total) <= ROUNDING:
        return _tax_taken_out(lines, taxes, gross)
    if tax:
        owed = gross - total
        rate = owed / tax
        scaled = [(each, (amount * rate).quantize(minor_unit(_text(row, "currencyCode")))) for each, amount in taxes]
        plant, total_plant = _number(row, "amount"), _sum_in_plant(row)
        if plant is not None and abs(plant - total_plant - tax) <= ROUNDING:  # taxes are in the plant's currency
            last, amount = scaled[-1]
            scaled[-1] = (last, amount + owed - sum((amount for _, amount in scaled), ZERO))
            return Amounts(tuple(lines), tuple(scaled), gross)
    return Amounts(tuple(lines), tuple(taxes), gross)


def _sum_in_plant(row: Mapping[str, Any]) -> Decimal:
    lines = [line for line in row.get("lines") or () if not _flag(line, "offset")]
    return sum((_balance(line, "debit", "credit") or ZERO for line in lines), ZERO)


def _tax_taken_out(lines: Amounted, taxes: Amounted, gross: Decimal) -> Amounts:
    """Lines that already include the tax: its own postings are left out, or each line is lessened by its tax."""
    rest, open_taxes = list(lines), []
    for tax, amount in taxes:
        posting = next((each for each in rest if each[1] == amount and _same_account(each[0], tax)), None)
        if posting is None:
            open_taxes.append((tax, amount))
        else:
            rest.remove(posting)
    for tax, amount in open_taxes:
        at = next((i for i, each in enumerate(rest) if _text(each[0], "lineId") == _text(tax, "lineId")), None)
        if at is None:
            return Amounts(tuple(lines), (), gross)
        rest[at] = (rest[at][0], rest[at][1] - amount)
    return Amounts(tuple(rest), tuple(taxes), gross)


def _same_account(line: Mapping[str, Any], tax: Mapping[str, Any]) -> bool:
    account_id = _text(tax, "accountId", "accountNumber")
    return bool(account_id) and account_id in (_text(line, "accountId"), _text(line, "accountNumber"))


def invoice_lines(row: Any, env: Env) -> tuple[InvoiceLine, ...]:
    """The lines without the control account and without tax, which the header holds."""
    found = amounts_of(row, env)
    of_line: dict[str, list[tuple[Mapping[str, Any], Decimal]]] = {}
    for tax, amount in found.taxes:
        of_line.setdefault(_text(tax, "lineId"), []).append((tax, amount))
    order = purchase_order(row, env)
    place = _text(row, "buildingCode")
    where = building((row, "buildingCode"), env=env)
    who = department(row.get("department"), place, env)
    made = []
    for number, (line, amount) in enumerate(found.lines, 1):
        ident = _text(line, "lineId") or str(number)
        taxes = of_line.get(_text(line, "lineId")) if _text(line, "lineId") else None
        made.append(
            InvoiceLine(
                id=ident,
                number=str(number),
                description=_text(line, "description", "voucherDescription"),
                quantity=_number(line, "quantity"),
                unit=_text(line, "uoM"),
                unit_price=_number(line, "unitPrice"),
                amount=amount,
                tax=sum((each for _, each in taxes), ZERO) if taxes else None,
                tax_code=_text(line, "itemTaxCode") or (_text(taxes[0][0], "taxCode") if taxes else ""),
                project=_text(line, "projectCode"),
                gl_account=account(line, env),
                cost_center=cost_center(line, env),
                department=who,
                location=where,
                purchase_order=order,
            )
        )
    return tuple(made)


def invoice_tax(row: Any, env: Env) -> Decimal:
    return amounts_of(row, env).tax


def invoice_gross(row: Any, env: Env) -> Decimal:
    found = amounts_of(row, env)
    return found.gross if found.gross is not None else found.sum_of_lines + found.tax


def invoice_net(row: Any, env: Env) -> Decimal:
    """The total without tax, so that lines which do not add up to it are noticed."""
    return invoice_gross(row, env) - invoice_tax(row, env)


def open_amount(row: Any, env: Env) -> Decimal | None:
    foreign, plant = _number(row, "foreignCurrencyBalance"), _number(row, "balance")
    found = foreign if foreign is not None and (foreign or not plant) else plant
    return -found if found is not None and found * invoice_gross(row, env) < 0 else found


def document_type(row: Any, env: Env) -> str:
    """debitMemo says it; else a negative total is a credit memo (FACTS 33)."""
    if _flag(row, "debitMemo"):
        return "debit_memo"
    return "credit_memo" if invoice_gross(row, env) < 0 else "invoice"


def paid_amount(row: Any, env: Env) -> Decimal:
    """A voided payment counts for nothing."""
    amount = _number(row, "amount")
    if amount is None:
        raise MissingError("amount is empty.", fix="Fill it in in Plex.")
    if _flag(row, "void"):
        return ZERO
    rate = _number(row, "exchangeRate")
    if env.knowledge["settings"].payment_amounts == "plant" and rate:
        return (amount / rate).quantize(minor_unit(_text(row, "currencyCode")))
    return amount


# Addresses ---------------------------------------------------------------------------------------------------------


def main_address(row: Any) -> Mapping[str, Any]:
    addresses: Sequence[Mapping[str, Any]] = row.get("addresses") or ()
    return next((each for each in addresses if each.get("main") is True), addresses[0] if addresses else {})


def of_main_address(name: str) -> Any:
    def read(row: Any, env: Env) -> str:
        return _text(main_address(row), name)

    return read


def street(row: Any, env: Env) -> str:
    """The first line of an address of several."""
    return _text(row, "address").partition("\n")[0].strip()


def rest_of_street(row: Any, env: Env) -> str:
    return ", ".join(line.strip() for line in _text(row, "address").split("\n")[1:] if line.strip())


def department_code(row: Any, env: Env) -> str:
    found = _text(row, "departmentCode", "departmentNo")
    if not found:
        raise MissingError("departmentCode is empty.", fix="Fill it in in Plex.")
    return found
