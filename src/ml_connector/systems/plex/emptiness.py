"""An empty answer may mean that there is nothing, or that a role is missing (FACTS 6): who asks, finds out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from ml_connector.errors import (
    ContractError,
    ModuleMissingError,
    PermissionMissingError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.protocols.together import together
from ml_connector.systems.plex.api import ADMINISTRATOR, PlexApi, is_too_much
from ml_connector.systems.plex.slices import ACTIVE, write_moment

SAMPLE = 3
LOOK_BACK = timedelta(days=366)
_LISTS = ("gl_accounts", "buildings")
_BY_TIME = ("suppliers", "purchase_orders", "ap_invoices", "ap_payments")


def nothing_visible(api: PlexApi, collection: str) -> PermissionMissingError:
    pcn = api.settings.pcn
    return PermissionMissingError(
        f"{collection}: Plex answers with nothing for PCN {pcn}, although there should be something: a role is "
        f"missing, or {pcn} is the wrong PCN. Nothing was skipped; the next run reads from the same place.",
        fix=f"Give the integration user the Plex roles that read {collection}, and compare PCN {pcn} with the one that "
        "Plex shows. If the records were really deleted, run once with --full.",
        who=ADMINISTRATOR,
    )


async def believe_nothing(api: PlexApi, collection: str, now: datetime) -> None:
    """A first load gave nothing: believed when anything else of this PCN can be seen. Raises otherwise."""
    if not await sees_anything(api, collection, now):
        raise nothing_visible(api, collection)


async def believe_no_changes(api: PlexApi, collection: str, witnesses: Sequence[str], *, actives: bool) -> None:
    """Changes gave nothing: believed when a record that was there last time is still listed. Raises otherwise."""
    path = api.settings.path(collection)
    named = [("id", ident) for ident in witnesses]
    if not await _listed(api, path, named, actives=actives):
        raise nothing_visible(api, collection)


async def _listed(api: PlexApi, path: str, named: list[tuple[str, str]], *, actives: bool) -> bool:
    try:
        both = await together(api.rows(path, [*named, *kind]) for kind in (ACTIVE if actives else ((),)))
    except (TransientError, ContractError) as error:
        if is_too_much(error):  # the filter is unknown there, and everything came
            return True
        raise
    return any(both)


async def believe_missing(api: PlexApi, collection: str, known: Collection[str], found: Collection[str]) -> None:
    """A list lacks records that it had: some are asked for by themselves. Raises when the list was incomplete."""
    missing = sorted(set(known) - set(found))
    if not missing:
        return
    path = api.settings.path(collection)
    for ident in missing[:SAMPLE]:
        if await api.row(path, ident) is not None:
            raise RemoteFaultError(f"{path}: the list lacks {ident}, which is there: it is incomplete.")
    if not found:
        raise nothing_visible(api, collection)


async def shows_releases(api: PlexApi) -> bool:
    """Whether any release of the last year is to be seen."""
    now = await api.server_now()
    since = [("createdDateBegin", write_moment(now - LOOK_BACK)), ("createdDateEnd", write_moment(now))]
    return await _shows(api, "releases", since)


async def sees_anything(api: PlexApi, besides: str, now: datetime) -> bool:
    """Whether any other collection shows anything of this PCN."""
    since = [("createdDateBegin", write_moment(now - LOOK_BACK)), ("createdDateEnd", write_moment(now))]
    for collection in (*_LISTS, *_BY_TIME):
        if collection != besides and await _shows(api, collection, since if collection in _BY_TIME else []):
            return True
    return False


async def _shows(api: PlexApi, collection: str, parameters: list[tuple[str, str]]) -> bool:
    try:
        return bool(await api.rows(api.settings.path(collection), parameters))
    except (ModuleMissingError, PermissionMissingError):
        return False
    except (TransientError, ContractError) as error:
        if is_too_much(error):
            return True
        raise
