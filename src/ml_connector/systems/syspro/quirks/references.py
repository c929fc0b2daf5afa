"""What rows refer to, by company: accounts, suppliers, and the cost centers in GL codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records import Reference, join_key
from ml_connector.systems.syspro.reading import key_text

Knowledge = Mapping[str, Any]
Document = dict[str, Any]


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


def segment_center(code: str, knowledge: Knowledge) -> Reference | None:
    if knowledge["segment"] is None:
        return None
    center = segment(code, knowledge["segment"])
    return refer(knowledge["company"], center) if center else None
