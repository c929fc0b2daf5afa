"""Canonical records to be written: one of every entity, coherent with one another, as many as a case wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml_connector.records import (
    Address,
    CostCenter,
    Department,
    Entity,
    GLAccount,
    GLPosting,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
    Location,
    OrderLine,
    OrderStatus,
    PurchaseOrder,
    Record,
    Reference,
    Supplier,
    join_key,
)

SCOPE = "10"
ACCOUNT = Reference(join_key(SCOPE, "6100"), "6100")
CENTER = Reference(join_key(SCOPE, "CC1"), "CC1")
HOUSE = Reference("S1", "S1", "Acme Pumps")


def sample(entity: Entity, number: int = 1, **values: Any) -> Record:
    """A record of its own for every number; `values` replace fields."""
    return msgspec.structs.replace(_MADE[entity](number), **values)


def parents_of(entity: Entity) -> list[Record]:
    """What has to be on the target before a sample of this entity; parents first."""
    dimensions: list[Record] = [_account(0, "6100"), _center(0, "CC1")]
    supplier = _supplier(0, "S1", "Acme Pumps")
    if entity is Entity.DEPARTMENTS:
        return dimensions[1:]
    if entity is Entity.PURCHASE_ORDERS:
        return [*dimensions, supplier]
    if entity is Entity.INVOICES:
        return [*dimensions, supplier, _order(0, "P1")]
    return []


def changed(record: Record) -> Record:
    """The next version: another text, and on a document another amount of the first line."""
    match record:
        case PurchaseOrder():
            first = msgspec.structs.replace(record.lines[0], unit_price=Decimal("12.35"), net=Decimal("24.70"))
            return msgspec.structs.replace(record, note="changed", lines=(first, *record.lines[1:]))
        case Invoice():
            charged = msgspec.structs.replace(record.lines[0], amount=Decimal("11.11"))
            lines = (charged, *record.lines[1:])
            net = sum((line.amount for line in lines), Decimal(0))
            return msgspec.structs.replace(record, net=net, gross=net, due_date=date(2026, 5, 1), lines=lines)
        case GLPosting():
            return msgspec.structs.replace(record, text="changed")
    return msgspec.structs.replace(record, name=f"{record.name} changed")  # type: ignore[attr-defined]


def cancelled(record: Record) -> Record:
    """The document as it is after it was cancelled."""
    status = OrderStatus.CANCELLED if isinstance(record, PurchaseOrder) else InvoiceStatus.CANCELLED
    return msgspec.structs.replace(record, status=status)


def with_amount(record: Record, currency: str, amount: Decimal) -> Record:
    """The document with a single line of that amount."""
    assert isinstance(record, PurchaseOrder | Invoice)
    of_line: Any = {"amount": amount}
    if isinstance(record, PurchaseOrder):
        of_line = {"quantity": Decimal(1), "unit_price": amount, "net": amount}
    line: Any = msgspec.structs.replace(record.lines[0], **of_line)
    return msgspec.structs.replace(record, currency=currency, lines=(line,), net=amount, gross=amount, tax=Decimal(0))


@dataclass(frozen=True)
class Text:
    """A record with a text that people read, and the part that has to show it."""

    record: Record
    part: str
    value: str


def with_text(entity: Entity, number: int, value: str) -> Text:
    """In the name, or in the first line's description of a document."""
    record = sample(entity, number)
    if isinstance(record, GLPosting):
        return Text(msgspec.structs.replace(record, text=value), "header", value)
    if not isinstance(record, PurchaseOrder | Invoice):
        return Text(msgspec.structs.replace(record, name=value), "header", value)
    first = msgspec.structs.replace(record.lines[0], description=value)
    lines: Any = (first, *record.lines[1:])
    return Text(msgspec.structs.replace(record, lines=lines), f"line:{first.id}", value)


def with_code(record: Record, code: str) -> Record:
    """The record under another code or number, which is its key, too."""
    if isinstance(record, GLPosting):
        return msgspec.structs.replace(record, key=join_key(SCOPE, code), journal=code)
    if record.entity is Entity.INVOICES:
        return msgspec.structs.replace(record, key=join_key(SCOPE, f"id {code}"), number=code)
    name = "number" if record.entity is Entity.PURCHASE_ORDERS else "code"
    scoped = record.entity not in (Entity.PURCHASE_ORDERS, Entity.SUPPLIERS)
    return msgspec.structs.replace(record, key=join_key(SCOPE, code) if scoped else join_key(code), **{name: code})


def _account(number: int, code: str = "") -> GLAccount:
    code = code or f"A{number:04}"
    return GLAccount(key=join_key(SCOPE, code), scope=SCOPE, code=code, name=f"Account {code}", company=SCOPE)


def _center(number: int, code: str = "") -> CostCenter:
    code = code or f"C{number:04}"
    return CostCenter(
        key=join_key(SCOPE, code), scope=SCOPE, code=code, name=f"Center {code}", company=SCOPE,
        valid_from=date(2020, 1, 1), valid_to=date(2049, 12, 31),
    )  # fmt: skip


def _department(number: int) -> Department:
    code = f"D{number:04}"
    return Department(key=join_key(SCOPE, code), scope=SCOPE, code=code, name=f"Department {code}", cost_center=CENTER)


def _location(number: int) -> Location:
    code = f"L{number:04}"
    return Location(
        key=join_key(SCOPE, code), scope=SCOPE, code=code, name=f"Plant {code}", line1="Road 1", city="Kassel",
        postal_code="34117", country="DE",
    )  # fmt: skip


def _supplier(number: int, code: str = "", name: str = "") -> Supplier:
    code = code or f"S{number:04}"
    address = Address(id="1", line1="Corner Street 1", city="Kassel", postal_code="34117", country="DE")
    return Supplier(key=join_key(code), code=code, name=name or f"Supplier {code}", country="DE", addresses=(address,))


def _order(number: int, code: str = "") -> PurchaseOrder:
    code = code or f"P{number:04}"
    lines = tuple(
        OrderLine(
            id=join_key(str(line), "1"), number=str(line), release="1", item=f"PMP-{line}", description=f"part {line}",
            quantity=Decimal(2), unit="PCS", unit_price=Decimal("12.34"), net=Decimal("24.68"),
            wanted_on=date(2026, 4, 1), gl_account=ACCOUNT, cost_center=CENTER,
        )
        for line in (1, 2)
    )  # fmt: skip
    return PurchaseOrder(
        key=join_key(code), scope=SCOPE, number=code, company=SCOPE, supplier=HOUSE, ordered_on=date(2026, 3, 2),
        currency="EUR", note="first", lines=lines, net=Decimal("49.36"), tax=Decimal(0), gross=Decimal("49.36"),
    )  # fmt: skip


def _invoice(number: int) -> Invoice:
    order = Reference("P1", "P1")
    lines = tuple(
        InvoiceLine(
            id=str(line), number=str(line), description=f"line {line}", amount=Decimal("10.05"), gl_account=ACCOUNT,
            cost_center=CENTER, purchase_order=order, purchase_order_line=join_key(str(line), "1"),
        )
        for line in (1, 2)
    )  # fmt: skip
    return Invoice(
        key=join_key(SCOPE, f"{7000 + number}"), scope=SCOPE, number=f"RE-{number:04}", series="SI", company=SCOPE,
        supplier=HOUSE, purchase_order=order, invoice_date=date(2026, 3, 5), due_date=date(2026, 4, 4), currency="EUR",
        status=InvoiceStatus.POSTED, lines=lines, net=Decimal("20.10"), tax=Decimal("3.82"), gross=Decimal("23.92"),
    )  # fmt: skip


def _posting(number: int) -> GLPosting:
    return GLPosting(
        key=join_key(SCOPE, "GL", f"{number:04}"), scope=SCOPE, journal=f"GL{number:04}", line="1", company=SCOPE,
        posting_date=date(2026, 3, 5), gl_account=ACCOUNT, cost_center=CENTER, currency="EUR", amount=Decimal("10.05"),
        text=f"posting {number}",
    )  # fmt: skip


_MADE: dict[Entity, Callable[[int], Record]] = {
    Entity.GL_ACCOUNTS: _account,
    Entity.COST_CENTERS: _center,
    Entity.DEPARTMENTS: _department,
    Entity.LOCATIONS: _location,
    Entity.SUPPLIERS: _supplier,
    Entity.PURCHASE_ORDERS: _order,
    Entity.INVOICES: _invoice,
    Entity.GL_POSTINGS: _posting,
}
