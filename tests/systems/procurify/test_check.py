"""`check` says as whom we act, and names what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.procurify.connection import TARGETS
from scripted_server import Reply
from systems.procurify.domain import Connect, Domain

ALL = [Need(entity, write=True) for entity in TARGETS]


async def missing(connect: Connect, **settings: Any) -> list[Finding]:
    found = await (await connect(**settings)).check(ALL)
    return [each for each in found if each.verdict is Verdict.MISSING]


async def test_domain_set_up_by_the_book(connect: Connect) -> None:
    found = await (await connect()).check(ALL)
    assert [each for each in found if each.verdict is Verdict.MISSING] == []
    assert "ML Service <ml@acme.example>, role Buyer" in found[0].message


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"location": "Nowhere"}, "Plant 1"),
        ({"department": "Nobody"}, "Toolroom"),
        ({"po_ref_custom_field": "ERP order"}, "ERP order"),
    ],
)
async def test_names_of_the_settings_that_are_not_there(connect: Connect, settings: dict[str, str], word: str) -> None:
    (found,) = await missing(connect, **settings)
    assert word in f"{found.message} {found.fix}"
    assert found.who


async def test_required_custom_field_that_nobody_fills(domain: Domain, connect: Connect) -> None:
    domain.rows["custom_fields"].append({"id": 6, "name": "Project", "is_required": True, "is_active": True})
    (found,) = await missing(connect)
    assert "Project" in found.message


async def test_missing_permission_is_named(domain: Domain, connect: Connect) -> None:
    forbidden = Reply(403, {"detail": "You do not have permission to perform this action."})
    domain.trouble("GET", "account-codes", forbidden)
    (found,) = await missing(connect)
    assert "account codes" in found.fix
    assert found.who == "Procurify administrator"
    assert Entity.GL_ACCOUNTS.value in found.subject
