"""Purchase orders: statuses in a plant's own words, and releases as lines."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records import OrderLine, OrderStatus, Reference, join_key
from ml_connector.records.base import minor_unit
from ml_connector.systems.plex.quirks.references import account, building, cost_center, department
from ml_connector.systems.plex.quirks.values import ZERO, day_of, number_of, text_of
from ml_connector.systems.plex.settings import ORDER_STATUSES, PlexSettings


def order_status(row: Any, env: Env) -> OrderStatus:
    """The plant's word; an order of which nothing is released yet is planned, whatever it says (FACTS 29, 31)."""
    settings: PlexSettings = env.knowledge["settings"]
    if settings.is_cancelled(row.get("status")):
        return OrderStatus.CANCELLED
    word = text_of(row, "status").strip().casefold()
    own = {name.strip().casefold(): status for name, status in settings.order_statuses.items()}
    closed = row.get("active") is False
    found = own.get(word) or ORDER_STATUSES.get(word) or (OrderStatus.CLOSED if closed else OrderStatus.RELEASED)
    if not row.get("releases") and found is not OrderStatus.CLOSED:
        return OrderStatus.PLANNED
    return found


def order_location(row: Any, env: Env) -> Reference | None:
    return building((row, "building"), env=env)


def order_lines(row: Any, env: Env) -> tuple[OrderLine, ...]:
    """A line per release; a line of which nothing is released is not ordered yet and left out (FACTS 28, 29)."""
    lines = {text_of(line, "id"): line for line in row.get("lines") or ()}
    by_number = {text_of(line, "lineItemNumber"): line for line in lines.values()}
    found: dict[str, OrderLine] = {}
    for release in sorted(row.get("releases") or (), key=_release_order):
        line = lines.get(text_of(release, "poLineItemId")) or by_number.get(text_of(release, "lineItemNo"))
        made = _order_line(row, line or {}, release, line is None, found, env)
        found[made.id] = made
    return tuple(sorted(found.values(), key=_line_order))


def _release_order(release: Mapping[str, Any]) -> tuple[str, str]:
    return text_of(release, "createdDate"), text_of(release, "id")


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
    number = text_of(line, "lineItemNumber") or text_of(release, "lineItemNo")
    name = text_of(release, "releaseLineNumber") or text_of(release, "id")
    if join_key(number, name) in others:  # a number that was given twice
        name = text_of(release, "id")
    price, quantity = number_of(line, "unitPrice") or ZERO, number_of(release, "quantity") or ZERO
    place = text_of(line, "building") or text_of(head, "building")
    coded = line if text_of(line, "department") else head
    coded_at = place if coded is line else text_of(head, "building")
    return OrderLine(
        id=join_key(number, name),
        number=number,
        release=name,
        item=text_of(release, "partNumber"),
        description=text_of(line, "description"),
        quantity=quantity,
        unit=text_of(line, "unit", "orderUnit"),
        unit_price=price,
        net=_money(price * quantity, head, env),
        tax_code=text_of(line, "taxCode"),
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
    unit = minor_unit(text_of(head, "currencyCode") or env.knowledge["settings"].plant_currency)
    return amount.quantize(unit) if amount != amount.quantize(unit) else amount


def order_net(row: Any, env: Env) -> Decimal | None:
    """The header's total; what is not released yet is in it, so then the released lines give it (FACTS 29)."""
    lines = order_lines(row, env)
    released = {text_of(release, "poLineItemId") for release in row.get("releases") or ()}
    whole = all(text_of(line, "id") in released for line in row.get("lines") or ())
    total = number_of(row, "lineItemTotal")
    if total is not None and whole and not row.get("blanketOrder"):
        return total
    return sum((line.net or ZERO for line in lines if not line.cancelled), ZERO)
