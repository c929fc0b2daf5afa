"""Empty is not none: what may be hidden by the role is told from what is not there (FACTS 33)."""

from __future__ import annotations

from collections.abc import Collection

from ml_connector.errors import ModuleMissingError, PermissionMissingError
from ml_connector.systems.procurify.answers import ADMIN
from ml_connector.systems.procurify.api import Api
from ml_connector.systems.procurify.surroundings import CURRENCIES, DEPARTMENTS, LOCATIONS
from ml_connector.systems.procurify.vendors import ALL_VENDORS

ALWAYS_THERE = (LOCATIONS, DEPARTMENTS, CURRENCIES, ALL_VENDORS)
"""No domain in use is without any of these."""


def hidden(path: str, why: str) -> PermissionMissingError:
    return PermissionMissingError(
        f"List {path} {why}: a permission is missing. Nothing was skipped; the next run reads from the same place.",
        fix="Give the role of the user who made the application the sight of these rows (Settings, Roles & "
        "Permissions). If they were really deleted, run once with --full, and with smallest_share 0.",
        who=ADMIN,
    )


async def believe_nothing(api: Api, path: str) -> None:
    """A list is empty: believed when anything else of the domain is to be seen. Raises otherwise."""
    for other in ALWAYS_THERE:
        if other != path and await _shows(api, other):
            return
    raise hidden(path, "is empty, and so is everything else")


async def _shows(api: Api, path: str) -> bool:
    try:
        return bool(await api.listed(path))
    except (PermissionMissingError, ModuleMissingError):
        return False


def believe_missing(path: str, known: Collection[str], found: Collection[str], share: float) -> None:
    """Rows of these lists are never deleted: raises when a list has lost too many of those it had."""
    still = len(set(known) & set(found))
    if still < len(known) * share:
        raise hidden(path, f"shows {still} of the {len(known)} rows that it showed on an earlier run")
