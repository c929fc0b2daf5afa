"""Keys, codes and amounts of the story in SYSPRO's form (fact sheet §4, §5)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .switches import SysproSwitches

NewRow = tuple[str, dict[str, Any]]  # table, values
COMPANY_IDS = {"10": "EDU1", "20": "EDU2"}
CATEGORY = "COSTCTR"
PROJECTS = (("P100", "New pump series"), ("P200", "Energy saving"))
KEYED_WITH_BLANK = "P9012"  # this order's key begins with a blank
_CENT = Decimal("0.01")
_NUMERIC = re.compile(r"[VP]([1-8]\d{3,4})|(\d{1,4})")
_QUOTED_THE_OTHER_WAY = ("JPY", "GBP")  # MulDiv D: units of the currency per unit of the company's


def supplier_key(number: str) -> str:
    """The key of a story's supplier: a numeric one is filled up with zeros (417, V3001), but not 000417."""
    return _padded(number)


def order_key(number: str) -> str:
    """The key of a story's order; one begins with a blank, as recorded (fact sheet §4)."""
    return f" {number}" if number == KEYED_WITH_BLANK else _padded(number)


def _padded(number: str) -> str:
    found = _NUMERIC.fullmatch(number)
    return (found[1] or found[2]).zfill(15) if found and number[0] != "0" else number


def gl_code(account: str, center: str, switches: SysproSwitches) -> str:
    """The account, or account and cost center where the code has segments."""
    return f"{account}-{center}" if switches.cost_centers == "gl_segment" and center else account


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def conversion(rate: Decimal, currency: str) -> tuple[Decimal, str]:
    """ConvRate and MulDiv; both are 1 and M in the company's own currency."""
    if currency in _QUOTED_THE_OTHER_WAY and rate != 1:
        return (1 / rate).quantize(Decimal("0.000001"), ROUND_HALF_UP), "D"
    return rate.quantize(Decimal("0.000001"), ROUND_HALF_UP), "M"


def to_local(amount: Decimal, rate: Decimal, mul_div: str) -> Decimal:
    """An amount of a document in the company's currency."""
    return rounded(amount * rate if mul_div == "M" else amount / rate)
