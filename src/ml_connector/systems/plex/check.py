"""The permission doctor: signs in, reads a little of every collection, and tells apart why one says nothing.

All calls 401: the credential (or the PCN). Some 401: a product is not subscribed. 403: a role. Empty everywhere: a role
or the wrong PCN (FACTS 6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ml_connector.errors import (
    AuthenticationError,
    MLConnectorError,
    ModuleMissingError,
    UnreachableError,
)
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.findings import missing, of_error
from ml_connector.systems.plex.api import ADMINISTRATOR, PlexApi, refused, unsubscribed
from ml_connector.systems.plex.emptiness import LOOK_BACK
from ml_connector.systems.plex.rows import Row
from ml_connector.systems.plex.slices import write_moment

if TYPE_CHECKING:
    from ml_connector.systems.plex.connection import Plex

_missing = partial(missing, who=ADMINISTRATOR)
_of_error = partial(of_error, who=ADMINISTRATOR)

COLLECTIONS: Mapping[Entity, tuple[str, ...]] = {
    Entity.GL_ACCOUNTS: ("gl_accounts",),
    Entity.COST_CENTERS: ("gl_accounts",),
    Entity.DEPARTMENTS: ("departments",),
    Entity.LOCATIONS: ("buildings",),
    Entity.SUPPLIERS: ("suppliers", "suppliers/addresses"),
    Entity.PURCHASE_ORDERS: ("purchase_orders", "purchase_orders/line-items", "releases", "gl_accounts", "suppliers"),
    Entity.INVOICES: ("ap_invoices", "gl_accounts"),
    Entity.PAYMENTS: ("ap_payments",),
}
"""What each stream reads; `a/b` is what hangs on a row of a."""
_BY_TIME = {
    "suppliers": "modifiedDate",
    "purchase_orders": "modifiedDate",
    "releases": "modifiedDate",
    "ap_invoices": "modifiedDate",
    "ap_payments": "createdDate",
}

Outcome = list[Row] | MLConnectorError | None
"""Rows, what stood in the way, or None: there was no row to look below."""


@dataclass
class _Probes:
    """What the collections said, each asked once."""

    api: PlexApi
    found: dict[str, Outcome] = field(default_factory=dict)

    async def ask(self, collection: str) -> None:
        if collection not in self.found:
            self.found[collection] = await self._outcome(collection)

    async def _outcome(self, collection: str) -> Outcome:
        parent, _, below = collection.partition("/")
        path = self.api.settings.path(parent)
        try:
            if not below:
                return await self._rows(collection, path)
            await self.ask(parent)
            heads = self.found[parent]
            if not isinstance(heads, list):
                return None
            return await self.api.probe(f"{path}/{heads[0].id}/{below}") if heads else None
        except MLConnectorError as error:
            return error

    async def _rows(self, collection: str, path: str) -> list[Row]:
        """A day's changes, or a year's where there are none."""
        by = _BY_TIME.get(collection)
        if by is None:
            return await self.api.probe(path)
        now = await self.api.server_now()
        rows: list[Row] = []
        for back in (timedelta(days=1), LOOK_BACK):
            times = [(f"{by}Begin", write_moment(now - back)), (f"{by}End", write_moment(now + timedelta(days=1)))]
            rows = rows or await self.api.probe(path, times)
        return rows

    @property
    def rejected(self) -> list[AuthenticationError]:
        return [each for each in self.found.values() if _is_401(each)]  # type: ignore[misc]

    @property
    def answered(self) -> bool:
        """Whether any call was accepted; a refusal for a reason of its own shows that the credential was."""
        return any(
            isinstance(each, list)
            or (isinstance(each, MLConnectorError) and each.fields.get("status") in (400, 403, 404, 429))
            for each in self.found.values()
        )


def _is_401(outcome: Outcome) -> bool:
    return isinstance(outcome, AuthenticationError)


async def check(system: Plex, needs: Sequence[Need]) -> list[Finding]:
    """One finding per operation and subject; never raises for what it finds."""
    probes = _Probes(system.api)
    if (failure := await _token(system)) is not None:
        return [failure]
    entities = [entity for entity in dict.fromkeys(need.entity for need in needs) if entity in COLLECTIONS]
    await probes.ask("tenants")
    first = probes.found["tenants"]
    if isinstance(first, UnreachableError):
        return [_unreachable(system, first)]
    for entity in entities:
        for collection in COLLECTIONS[entity]:
            await probes.ask(collection)
            if isinstance(outcome := probes.found[collection], AuthenticationError) and not _rejected_call(outcome):
                return [_of_error("sign in", system.api.base_url, outcome)]
    if probes.rejected and not probes.answered:
        error = refused(system.api.settings, probes.rejected[0], signed_in=system.api.signed_in)
        return [_of_error("sign in", system.api.base_url, error)]
    findings = [Finding(Verdict.OK, "sign in", system.api.base_url, f"Signed in ({system.auth_mode}).")]
    findings += [_not_offered(need) for need in needs if need.write or need.entity not in COLLECTIONS]
    findings.append(_pcn(system.api, probes, entities))
    findings += [finding for entity in entities for finding in _entity(system.api, entity, probes)]
    return findings


def _rejected_call(error: AuthenticationError) -> bool:
    return bool(error.fields.get("rejected_call"))


async def _token(system: Plex) -> Finding | None:
    """Why no token is to be had; None when one is."""
    try:
        await system.api.session.auth.headers()
    except UnreachableError as error:
        return _unreachable(system, error)
    except MLConnectorError as error:
        return _of_error("sign in", system.api.base_url, error)
    return None


def _unreachable(system: Plex, error: UnreachableError) -> Finding:
    return Finding(
        Verdict.MISSING,
        "sign in",
        system.api.base_url,
        error.message,
        "Check base_url, token_url, proxy and firewall.",
        "network operator",
    )


def _pcn(api: PlexApi, probes: _Probes, entities: Sequence[Entity]) -> Finding:
    """Whether it is the right PCN: from the list of tenants, and from whether anything is to be seen at all."""
    pcn, subject = api.settings.pcn, f"PCN {api.settings.pcn}"
    tenants = probes.found["tenants"]
    codes = [row.text("code") for row in tenants] if isinstance(tenants, list) else []
    ids = [row.text("id").casefold() for row in tenants] if isinstance(tenants, list) else []
    known = pcn in codes or pcn.casefold() in ids or (api.settings.tenant_id or "-").casefold() in ids
    if not known and codes and pcn.isdecimal() and all(code.isdecimal() for code in codes):
        return _missing(
            "read",
            subject,
            f"PCN {pcn} is not among those that this credential may use: {', '.join(sorted(codes)[:10])}.",
            "Put the right Plex Customer Number into `pcn`, or have the application allowed for this one.",
        )
    read = [probes.found[name] for entity in entities for name in COLLECTIONS[entity] if "/" not in name]
    answers = [each for each in read if isinstance(each, list)]
    if answers and not any(answers):
        return _missing(
            "read",
            subject,
            f"Every collection answers with nothing for PCN {pcn}: the integration user lacks its roles, or {pcn} is "
            "the wrong PCN.",
            "Give the integration user the Plex roles that read these data, and compare the PCN with the one that "
            "Plex shows.",
        )
    if known:
        return Finding(Verdict.OK, "read", subject, f"PCN {pcn} is among those that this credential may use.")
    return Finding(
        Verdict.UNVERIFIED,
        "read",
        subject,
        f"The list of tenants does not show PCN {pcn}; whether it is the right one could not be verified.",
        "Compare a few records with what Plex shows.",
        "ml-connector operator",
    )


def _entity(api: PlexApi, entity: Entity, probes: _Probes) -> list[Finding]:
    return [_collection(api, entity, name, probes.found[name]) for name in COLLECTIONS[entity]]


def _collection(api: PlexApi, entity: Entity, collection: str, outcome: Outcome) -> Finding:
    parent, _, below = collection.partition("/")
    path = api.settings.path(parent) + (f"/{{id}}/{below}" if below else "")
    subject = f"{entity.value}: {path}"
    if collection == "departments" and (derived := _departments(api, subject, outcome)) is not None:
        return derived
    if isinstance(outcome, AuthenticationError):
        return _of_error("read", subject, unsubscribed(path, outcome))
    if isinstance(outcome, MLConnectorError):
        return _of_error("read", subject, outcome)
    if outcome or below:
        said = "There was no row to look below." if outcome is None else f"It answered with {len(outcome)} rows."
        return Finding(Verdict.UNVERIFIED if outcome is None else Verdict.OK, "read", subject, said)
    return Finding(
        Verdict.UNVERIFIED,
        "read",
        subject,
        f"{path} answered with nothing: there may be nothing, or a role may be missing.",
        f"If Plex shows such records of the last year, give the integration user the role that reads {path}.",
        ADMINISTRATOR,
    )


def _departments(api: PlexApi, subject: str, outcome: Outcome) -> Finding | None:
    source = api.settings.departments_source
    absent = isinstance(outcome, AuthenticationError | ModuleMissingError)
    if source == "derive" or (source == "auto" and absent):
        return Finding(Verdict.OK, "read", subject, "Departments are derived from the values on orders and invoices.")
    return None


def _not_offered(need: Need) -> Finding:
    return Finding(
        Verdict.MISSING,
        "write" if need.write else "read",
        need.entity.value,
        "Plex is read only here." if need.write else "Plex is not read for this.",
        "Let the flow go from Plex to the other system." if need.write else "Take the route out.",
        "ml-connector operator",
    )
