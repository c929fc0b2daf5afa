"""GL accounts, cost centers, and what is on hold."""

from __future__ import annotations

from typing import Any

from ml_connector.mappings.words import Env
from ml_connector.records import join_key
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import is_set, words

ACCOUNT_TYPES = {
    "A": "asset",
    "L": "liability",
    "C": "capital",
    "R": "revenue",
    "E": "expense",
    "S": "statistical",
}


def cost_center_key(row: Any, env: Env) -> str:
    """Category and type belong to the key of an analysis code; a segment of GL codes stands for itself."""
    names = ("AnalysisCode",) if env.knowledge["segment"] else ("AnalysisCategory", "AnalysisType", "AnalysisCode")
    texts = [key_text(row.get(name)) for name in names]
    if len(texts) > 1:
        texts[1] = texts[1].strip()  # a number, which e.net pads
    return join_key(env.knowledge["company"], *texts)


def account_kind(row: Any, env: Env) -> str:
    kind = words(row, "AccountType")
    return ACCOUNT_TYPES.get(kind, kind)


def not_on_hold(row: Any, env: Env) -> bool:
    """AccOnHoldFlag of accounts and OnHold of suppliers (FACTS 26)."""
    return not (is_set(row, "AccOnHoldFlag") or is_set(row, "OnHold"))
