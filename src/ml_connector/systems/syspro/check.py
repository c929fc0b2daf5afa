"""The permission doctor: signs in to OData and e.net, reads a row of every table, compares columns with the needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ml_connector.errors import (
    AuthenticationError,
    ContractError,
    MLConnectorError,
    ModuleMissingError,
    PermissionMissingError,
    UnreachableError,
)
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.findings import attempt, missing, of_error
from ml_connector.systems.syspro import tables
from ml_connector.systems.syspro.streams import GL_POSTINGS, STREAMS
from ml_connector.systems.syspro.tables import STAMP, Table

if TYPE_CHECKING:
    from ml_connector.systems.syspro.connection import Syspro

ADMINISTRATOR = "SYSPRO administrator"
_missing = partial(missing, who=ADMINISTRATOR)
_of_error = partial(of_error, who=ADMINISTRATOR)
_try = partial(attempt, who=ADMINISTRATOR)

ONLY_SEGMENTS = frozenset({"GenAnalysisTrn", "GenAnalysisCode"})
"""Tables that are not read where cost centers are parts of GL codes."""


async def check(system: Syspro, needs: Sequence[Need]) -> list[Finding]:
    """One finding per operation and subject; never raises for what it finds."""
    by_enet = system.reader.transport is not system.odata
    findings = await _enet(system) if by_enet else [await _sign_in(system)]
    if findings[0].verdict is not Verdict.OK:
        return findings
    if not by_enet:
        findings += await _enet(system)
    findings += [_no_writes(need.entity) for need in needs if need.write]
    entities = list(dict.fromkeys(need.entity for need in needs))
    findings += [
        _missing("read", each.value, "SYSPRO is not read for this.", "Take the route out.")
        for each in entities
        if each not in STREAMS
    ]
    for table, entity in _tables(system, entities).items():
        findings += await _table(system, table, entity)
    findings += await _company(system, entities)
    return findings


def _no_writes(entity: Entity) -> Finding:
    return _missing(
        "write", entity.value, "SYSPRO is read only: nothing is written back yet.", "Turn the route's direction round."
    )


def _tables(system: Syspro, entities: Sequence[Entity]) -> dict[Table, Entity]:
    """Every table that the entities are read from, with the first that needs it."""
    segmented = system.settings.cost_center_source == "gl_segment"
    found: dict[Table, Entity] = {}
    for entity in entities:
        if entity in STREAMS:
            declared = STREAMS[entity]
            for table in (declared.head, *declared.parts.values()):
                if segmented and table.name in ONLY_SEGMENTS:
                    continue
                found.setdefault(table, entity)
            if segmented and entity is Entity.COST_CENTERS:
                found.setdefault(tables.ACCOUNT, entity)
    return found


async def _sign_in(system: Syspro) -> Finding:
    """OData without the company's metadata or service document still counts, if it lets us in."""
    subject = system.odata.root
    try:
        await _knock(system)
    except AuthenticationError as error:
        return _missing(
            "sign in",
            subject,
            error.message,
            "Check username and password, that the operator is enabled for OData, and restart the OData service after "
            "a new operator or password: it loads them when it starts.",
        )
    except UnreachableError as error:
        return Finding(Verdict.UNVERIFIED, "sign in", subject, error.message, error.fix, ADMINISTRATOR)
    except MLConnectorError as error:
        return _of_error("sign in", subject, error)
    return Finding(Verdict.OK, "sign in", subject, "The OData service let us in.")


async def _knock(system: Syspro) -> None:
    """Ask for the service document; where there is none, GL accounts that answer prove the same."""
    try:
        await system.odata.client.service_document()
        await system.reader.learn()
    except (ModuleMissingError, PermissionMissingError, ContractError):
        if await _try("sign in", system.odata.root, system.reader.top(tables.ACCOUNT, ())):
            raise


async def _enet(system: Syspro) -> list[Finding]:
    """Signs in, asks for the profile and for one account, and logs off."""
    settings = system.settings
    if not settings.enet_url:
        return []
    subject = f"e.net {settings.enet_root}"
    if system.enet is None:
        return [
            Finding(
                Verdict.UNVERIFIED,
                "sign in",
                subject,
                "There are no credentials for e.net.",
                "Give `operator` and `operator_password`, or take `enet_url` out.",
            )
        ]
    try:
        profile = await system.enet.profile()
    except MLConnectorError as error:
        return [_of_error("sign in", subject, error)]
    name = profile.get("companyname", "").strip()
    signed_in = f"e.net let us in to company {settings.company_id} {name}".strip()
    one_account = "<Query><TableName>GenMaster</TableName><ReturnRows>1</ReturnRows><Columns><Column>GlCode</Column>"
    one_account += "</Columns><OrderBy><Column>GlCode</Column></OrderBy></Query>"
    failed = await _try("read", subject, system.enet.query("COMFND", one_account, "e.net: read one GL account"))
    await system.enet.close()
    return [
        Finding(Verdict.OK, "sign in", subject, f"{signed_in}."),
        failed or Finding(Verdict.OK, "read", subject, "COMFND gave one GL account."),
        Finding(Verdict.OK, "write", "reference data", "Nothing is written to SYSPRO by this version."),
    ]


async def _table(system: Syspro, table: Table, entity: Entity) -> list[Finding]:
    """Its columns by the metadata, then one row."""
    reader = system.reader
    subject = f"{entity.value}: {system.settings.set_name(table.name)}"
    known = reader.known(table)
    findings = []
    if known is not None:
        missing = [name for name in (*table.key, *table.columns, STAMP) if not reader.has(table, name)]
        findings = [
            _column(system, table, name, subject, fatal=name not in table.optional and name != STAMP)
            for name in missing
        ]
    if any(each.verdict is Verdict.MISSING for each in findings):
        return findings
    failed = await _try("read", subject, reader.top(table, table.columns))
    return [*findings, failed or Finding(Verdict.OK, "read", subject, "One row was asked for and the table answered.")]


def _column(system: Syspro, table: Table, name: str, subject: str, *, fatal: bool) -> Finding:
    here = system.settings.column_name(table.name, name)
    message = f"{system.settings.set_name(table.name)} has no column {here}."
    if not fatal:
        why = "Changes are found by comparing contents instead." if name == STAMP else "It is done without."
        return Finding(Verdict.OK, "metadata", f"{subject}.{here}", f"{message} {why}")
    fix = f"If it is called differently there, put `{table.name}.{name}: <name>` into `fields`."
    return _missing("metadata", f"{subject}.{here}", message, fix)


async def _company(system: Syspro, entities: Sequence[Entity]) -> list[Finding]:
    """Is this the company, and what must be known about it beside its tables."""
    subject = f"company {system.settings.company_id}"
    findings = []
    failed = await _try("read", subject, system.believe_empty(tables.ACCOUNT))
    findings.append(failed or Finding(Verdict.OK, "read", subject, "The company has GL accounts."))
    if GL_POSTINGS.entity in entities:
        failed = await _try("read", f"{subject}: local currency", system.local_currency(needed=True))
        findings += [failed] if failed else []
    return findings
