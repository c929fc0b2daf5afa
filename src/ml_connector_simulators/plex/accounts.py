"""Segmented GL account numbers, `<base>-<cost center>-<sub>`."""

from __future__ import annotations

from .values import guid

NO_CENTER, SUB = "000", "00"
PAYABLES, INPUT_TAX = "3300", "1571"


def account_number(base: str, center: str = NO_CENTER) -> str:
    return f"{base}-{center}-{SUB}"


def account_fields(pcn: str, number: str) -> dict[str, str | None]:
    """What stands on a line for an account number, whether the chart has it or not."""
    parts = [*number.split("-"), "", ""][:3]
    return {
        "accountId": guid(pcn, "chart-of-accounts", number),
        "accountNumber": number,
        "baseSegment": parts[0],
        "costCenterSegment": parts[1] or None,
        "subAccountSegment": parts[2] or None,
    }
