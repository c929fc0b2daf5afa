"""Suppliers: addresses out of free lines."""

from __future__ import annotations

from ml_connector.systems.syspro.quirks.references import Document, Knowledge
from ml_connector.systems.syspro.values import Values, words


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
