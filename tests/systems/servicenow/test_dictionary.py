"""Inherited columns stand under the parent, which is named in one of several ways, or hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ml_connector.errors import PermissionMissingError
from ml_connector.systems.servicenow.dictionary import Dictionary, Proof

TASK = "d" * 32
COLUMNS = [
    {"name": "sn_apo_invoice", "element": "vendor", "internal_type": "reference"},
    {"name": "task", "element": "correlation_id", "internal_type": "string", "max_length": "100"},
    {"name": "core_company", "element": "name", "internal_type": "string"},
    {"name": "core_company", "element": "sys_created_on", "internal_type": "glide_date_time"},
]
COMPANY = {"name": "core_company", "super_class": ""}
PARENTS: dict[str, list[dict[str, Any]] | None] = {
    "dot-walked": [COMPANY, {"name": "sn_apo_invoice", "super_class": TASK, "super_class.name": "task"}],
    "by id": [COMPANY, {"name": "sn_apo_invoice", "super_class": TASK}],
    "by link": [COMPANY, {"name": "sn_apo_invoice", "super_class": {"link": "https://x/y", "value": TASK}}],
    "by name": [COMPANY, {"name": "sn_apo_invoice", "super_class": "task"}],
    "hidden": None,
}


class Answers:
    """Stands in for an instance."""

    def __init__(self, parents: list[dict[str, Any]] | None) -> None:
        self.parents = parents

    async def rows(self, table: str, query: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        if table == "sys_dictionary":
            return COLUMNS
        if self.parents is None:
            raise PermissionMissingError("Insufficient rights")
        return [{"sys_id": TASK, "name": "task", "super_class": ""}] if TASK in query else self.parents


async def learnt(parents: list[dict[str, Any]] | None) -> Dictionary:
    dictionary = Dictionary(Answers(parents), {})  # type: ignore[arg-type]
    await dictionary.learn(["sn_apo_invoice", "core_company"])
    return dictionary


@pytest.mark.parametrize("way", ["dot-walked", "by id", "by link", "by name"])
async def test_inherited_column_is_proved(way: str) -> None:
    dictionary = await learnt(PARENTS[way])
    assert dictionary.proof("sn_apo_invoice", "correlation_id") is Proof.PROVED
    assert dictionary.type_of("sn_apo_invoice", "correlation_id").max_length == 100
    assert dictionary.proof("sn_apo_invoice", "u_nothing") is Proof.MISSING
    assert dictionary.proof("core_company", "correlation_id") is Proof.MISSING


async def test_without_parents_only_a_base_table_is_known_completely() -> None:
    dictionary = await learnt(PARENTS["hidden"])
    assert dictionary.proof("sn_apo_invoice", "correlation_id") is Proof.UNVERIFIED
    assert dictionary.proof("core_company", "correlation_id") is Proof.MISSING


async def test_a_row_proves_what_the_dictionary_hides() -> None:
    dictionary = await learnt(PARENTS["hidden"])
    dictionary.see("sn_apo_invoice", {"correlation_id": ""})
    assert dictionary.proof("sn_apo_invoice", "correlation_id") is Proof.PROVED
