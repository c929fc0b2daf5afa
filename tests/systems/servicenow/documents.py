"""Records as an ERP would give them, and how the tests write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ml_connector.mappings import Refs
from ml_connector.records import (
    Address,
    CostCenter,
    Entity,
    GLAccount,
    Invoice,
    InvoiceLine,
    OrderLine,
    PurchaseOrder,
    Record,
    Reference,
    Supplier,
)
from ml_connector.records.base import Identity
from ml_connector.systems.base import Action, Answer, Candidate, Part, Shaped, Target, Write

SUPPLIER_ID, GL_ID, CC_ID = "a" * 32, "b" * 32, "c" * 32
SUPPLIER = Reference("V1", "V1", "Acme GmbH")
GL, CC = Reference("10/6100", "6100"), Reference("10/CC1", "CC1")


def refs(**more: str) -> Refs:
    """The usual references resolved; further ones as field__key=id."""
    ids = {("supplier", "V1"): SUPPLIER_ID, ("gl_account", GL.key): GL_ID, ("cost_center", CC.key): CC_ID}
    return Refs(ids | {tuple(name.split("__")): found for name, found in more.items()})  # type: ignore[misc]


def supplier(key: str = "V1", name: str = "Acme GmbH", **more: Any) -> Supplier:
    home = Address(id="1", line1="Hauptstr. 1", city="Berlin", postal_code="10115", country="DE")
    return Supplier(key=key, code=key, name=name, addresses=(home,), **more)


def account(key: str = "10/6100", **more: Any) -> GLAccount:
    return GLAccount(key=key, code=key.rpartition("/")[2], name="Office supplies", **more)


def cost_center(key: str = "10/CC1", **more: Any) -> CostCenter:
    return CostCenter(key=key, code=key.rpartition("/")[2], name="Assembly", **more)


def invoice_line(number: int, amount: str = "100.00", **more: Any) -> InvoiceLine:
    values = {"quantity": Decimal(4), "unit_price": Decimal(amount) / 4, "gl_account": GL, "cost_center": CC, **more}
    return InvoiceLine(
        id=str(number), number=str(number), description=f"Part {number}", amount=Decimal(amount), **values
    )


def invoice(number: str = "R-1", lines: int | tuple[InvoiceLine, ...] = 2, **more: Any) -> Invoice:
    given = tuple(invoice_line(n + 1) for n in range(lines)) if isinstance(lines, int) else lines
    values: dict[str, Any] = {
        "key": f"10/{number}",
        "number": number,
        "supplier": SUPPLIER,
        "invoice_date": date(2026, 2, 2),
        "due_date": date(2026, 3, 4),
        "currency": "EUR",
        "net": sum((line.amount for line in given), Decimal(0)),
        "tax": Decimal(19) * len(given),
        "lines": given,
        **more,
    }
    return Invoice(**values)


def order_line(number: int, quantity: str = "40", price: str = "12.35", **more: Any) -> OrderLine:
    values = {"gl_account": GL, "cost_center": CC, "promised_on": date(2026, 3, 1), **more}
    return OrderLine(
        id=f"{number}/1",
        number=str(number),
        release="1",
        description=f"Bolt {number}",
        item=f"B-{number}",
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        **values,
    )


def order(number: str = "P1001", lines: int | tuple[OrderLine, ...] = 2, **more: Any) -> PurchaseOrder:
    given = tuple(order_line(n + 1) for n in range(lines)) if isinstance(lines, int) else lines
    values: dict[str, Any] = {
        "key": number,
        "number": number,
        "supplier": SUPPLIER,
        "ordered_on": date(2026, 1, 15),
        "currency": "EUR",
        "lines": given,
        **more,
    }
    return PurchaseOrder(**values)


def identity(record: Record) -> Identity:
    return Identity("ifs_cloud", record.scope, record.entity, record.key)


def shape(target: Target, record: Record, resolved: Refs | None = None) -> Shaped:
    return target.shape(record, identity(record), resolved or refs())


def candidate(target: Target, record: Record, resolved: Refs | None = None) -> Candidate:
    resolved = resolved or refs()
    return Candidate(record, resolved, shape(target, record, resolved))


def create(part: Part, header_id: str = "") -> Write:
    """A part's first write; `header_id` is what sync fills in."""
    payload = (
        {**part.payload, part.header_id_column: header_id} if part.header_id_column and header_id else part.payload
    )
    return Write(Action.CREATE, part, part.external_id, payload)


def update(part: Part, external_id: str = "", **columns: Any) -> Write:
    return Write(Action.UPDATE, part, external_id or part.external_id, columns or part.payload)


async def write_records(target: Target, records: Sequence[Record], resolved: Refs | None = None) -> list[list[Answer]]:
    """Headers, lines and releases in waves, as sync writes them; each record's answers, header first."""
    shaped = [shape(target, record, resolved) for record in records]
    headers = [one.parts[0] for one in shaped]
    drafts = [Write(Action.CREATE, h, h.external_id, {**h.payload, **(h.draft or {})}) for h in headers]
    first = await target.write(drafts)
    ids = [getattr(answer, "external_id", "") for answer in first]
    lines = [(n, create(part, ids[n])) for n, one in enumerate(shaped) for part in one.parts[1:]]
    second = await target.write([write for _, write in lines]) if lines else []
    releases = [
        Write(Action.UPDATE, h, found, {column: h.payload[column] for column in h.draft})
        for h, found in zip(headers, ids, strict=True)
        if h.draft and found
    ]
    third = await target.write(releases) if releases else []
    answers: list[list[Answer]] = [[answer] for answer in first]
    for (position, _), answer in zip(lines, second, strict=True):
        answers[position].append(answer)
    for position, answer in enumerate(third):
        answers[position].append(answer)
    return answers


async def prepared(system: Any, entity: Entity) -> Target:
    """The target of an entity, ready."""
    target: Target = system.target(entity)
    await target.prepare()
    return target
