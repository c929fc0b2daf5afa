"""What rows refer to: suppliers, orders, accounts, cost centers, buildings, and departments with their codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ml_connector.mappings.words import Env, MissingError
from ml_connector.records import Reference, join_key
from ml_connector.systems.plex.documents import department_at
from ml_connector.systems.plex.quirks.values import text_of
from ml_connector.systems.plex.settings import PlexSettings


def segment_of(number: str, settings: PlexSettings) -> str:
    """The cost center in an account number; "" where it has none (FACTS 36)."""
    segments = number.split(settings.cost_center_separator)
    position = settings.cost_center_position
    return segments[position - 1] if len(segments) >= position else ""


def supplier(row: Any, env: Env) -> Reference:
    """By id; an order names no code, which the connector has asked for (FACTS 26)."""
    ident = text_of(row, "supplierId") or env.knowledge.get("supplier", "")
    if not ident:
        raise MissingError("supplierId is empty.", fix="Fill in the supplier in Plex.")
    code, name = env.knowledge.get("suppliers", {}).get(ident, ("", ""))
    return Reference(join_key(ident), code or text_of(row, "supplierCode") or ident, name)


def purchase_order(row: Any, env: Env) -> Reference | None:
    number = text_of(row, "poNumber")
    ident = text_of(row, "poId") or env.knowledge.get("orders", {}).get(number, "")
    return Reference(join_key(ident), number or ident) if ident else None


def account(row: Mapping[str, Any], env: Env) -> Reference | None:
    """The account by its id, or by its number where the row names that alone."""
    numbers: Mapping[str, str] = env.knowledge.get("accounts", {})
    ident, number = text_of(row, "accountId"), text_of(row, "accountNumber")
    if not ident and number:
        ident = next((i for i, n in numbers.items() if n == number), number)
    return Reference(join_key(ident), number or numbers.get(ident) or ident) if ident else None


def cost_center(row: Mapping[str, Any], env: Env) -> Reference | None:
    """The segment that the row names, else the one in its account's number."""
    settings: PlexSettings = env.knowledge["settings"]
    code = text_of(row, "costCenterSegment")
    if not code and settings.cost_center_source == "segment":
        number = text_of(row, "accountNumber") or env.knowledge.get("accounts", {}).get(text_of(row, "accountId"), "")
        code = segment_of(number, settings)
    return Reference(join_key(code), code) if code else None


def building(*rows_and_names: tuple[Mapping[str, Any], str], env: Env) -> Reference | None:
    """The first building that is named; one that Plex does not list is left out (FACTS 37)."""
    known = env.knowledge.get("buildings", {})
    for row, name in rows_and_names:
        if (value := text_of(row, name)) in known:
            ident, code, label = known[value]
            return Reference(join_key(ident), code or ident, label)
    return None


def department(code: object, place: str, env: Env) -> Reference | None:
    """A department that Plex does not list is left out: the document is readable without (FACTS 35)."""
    found = env.knowledge.get("departments", {}).get(department_at(code, place))
    return Reference(*found) if found else None


def department_code(row: Any, env: Env) -> str:
    found = text_of(row, "departmentCode", "departmentNo")
    if not found:
        raise MissingError("departmentCode is empty.", fix="Fill it in in Plex.")
    return found
