"""Suppliers: which address counts, and what the business partner behind them says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ml_connector.mappings import text
from ml_connector.mappings.words import Env, MissingError
from ml_connector.systems.sage_x3.quirks.rows import Knowledge, Row, first, menu, partner_name, values


def prepared_supplier(document: Row, knowledge: Knowledge) -> Row:
    """The supplier with its addresses, the default one (BPAADD) first, and what its business partner says."""
    head: Row = document["head"]
    partner = (document.get("partner") or [{}])[0]
    for name in ("BPRNAM", *(f"BPRNAM{number}" for number in (1, 2)), "CRN", "EECNUM", "CRY", "LAN"):
        if head.get(name) in (None, "") and partner.get(name) not in (None, ""):
            head[name] = partner[name]
    addresses = head.get("BPAADDRESS") or document.get("addresses") or []
    mine = [each for each in addresses if each.get("BPAADD") and menu(each.get("BPATYP"), 1) == 1]
    head["addresses"] = sorted(mine, key=lambda each: bool(each["BPAADD"] != head.get("BPAADD")))
    return head


def supplier_name(row: Any, env: Env) -> str:
    """BPSNAM, which may be cut: the business partner has the whole name in two lines."""
    name, whole = text(row.get("BPSNAM") or ""), partner_name(row)
    if whole.startswith(name):
        name = whole or name
    if not name:
        raise MissingError("BPSNAM is empty.", fix="Fill in BPSNAM at the source.")
    return name


def _default_address(row: Row) -> Row:
    """BPAADD of the supplier names it; else the only one."""
    found: list[Row] = row.get("addresses") or []
    wanted = row.get("BPAADD")
    chosen = [each for each in found if each.get("BPAADD") == wanted]
    return (chosen or found[:1] or [{}])[0]


def supplier_country(row: Any, env: Env) -> str:
    return text(row.get("CRY") or _default_address(row).get("CRY") or "")


def supplier_tax_id(row: Any, env: Env) -> str:
    return text(row.get("EECNUM") or row.get("CRN") or "")


def supplier_phone(row: Any, env: Env) -> str:
    return first(_default_address(row), "TEL")


def _web(row: Row) -> list[str]:
    return [text(each) for each in values(_default_address(row), "WEB") if each not in (None, "")]


def supplier_email(row: Any, env: Env) -> str:
    """WEB holds addresses of mail on some installations, of a website on others."""
    return next((each for each in _web(row) if "@" in each), "")


def supplier_website(row: Any, env: Env) -> str:
    return next((each for each in _web(row) if "@" not in each), "")


def street(index: int) -> Callable[[Any, Env], str]:
    """One of the lines BPAADDLIG[3]; the third goes behind the second."""

    def line(row: Any, env: Env) -> str:
        found = [text(each) if each is not None else "" for each in values(row, "BPAADDLIG")] + [""] * 3
        return found[0] if index == 0 else ", ".join(filter(None, found[1:3]))

    line.__qualname__ = f"street.{index}"
    return line
