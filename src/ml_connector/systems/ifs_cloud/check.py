"""The permission doctor: signs in, reads one row of every set, and compares companies and fields with the needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ml_connector.errors import AuthenticationError, MLConnectorError, UnreachableError
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.findings import attempt, missing, of_error
from ml_connector.systems.ifs_cloud.assembly import hidden_companies
from ml_connector.systems.ifs_cloud.sets import EntitySet

if TYPE_CHECKING:
    from ml_connector.systems.ifs_cloud.connection import IfsCloud

ADMINISTRATOR = "IFS administrator"
_missing = partial(missing, who=ADMINISTRATOR)
_of_error = partial(of_error, who=ADMINISTRATOR)
_try = partial(attempt, who=ADMINISTRATOR)

_ORDER_LINE = ("BuyQtyDue", "BuyUnitMeas", "BuyUnitPrice", "NetAmtCurr", "Description", "Objstate")
_INVOICE = ("SeriesId", "InvoiceNo", "Identity", "InvoiceDate", "CreationDate", "Currency", "NetCurrAmount", "Objstate")
NEEDED: Mapping[str, tuple[str, ...]] = {
    "suppliers": ("Name",),
    "supplier_addresses": ("Address1", "ZipCode", "City", "Country"),
    "purchase_orders": ("Company", "VendorNo", "CurrencyCode", "OrderDate", "DateEntered", "Objstate"),
    "purchase_order_part_lines": (*_ORDER_LINE, "PartNo"),
    "purchase_order_nopart_lines": _ORDER_LINE,
    "purchase_order_lines_int": (*_ORDER_LINE, "PartNo"),
    "invoices": _INVOICE,
    "manual_invoices": _INVOICE,
    "invoice_lines": ("CodeA", "CurrAmount"),
    "gl_accounts": ("Description", "ValidFrom", "ValidUntil", "BlockedForPosting"),
    "cost_centers": ("Description", "ValidFrom", "ValidUntil"),
    "code_parts": ("LogicalCodePart",),
    "companies": (),
}
"""Properties beside the key without which records would be wrong or incomplete (FACTS 20-28)."""


async def check(system: IfsCloud, needs: Sequence[Need]) -> list[Finding]:
    """One finding per operation and subject; never raises for what it finds."""
    findings = [await _sign_in(system)]
    if findings[0].verdict is not Verdict.OK:
        return findings
    entities = list(dict.fromkeys(need.entity for need in needs))
    findings += [_no_writes(need.entity) for need in needs if need.write]
    checked: dict[str, None] = {}
    for entity in entities:
        for each in await _sets_of(system, entity, findings):
            if each.path not in checked:
                checked[each.path] = None
                findings += await _set(system, each, entity)
    findings += await _companies(system, entities)
    return findings


async def _sign_in(system: IfsCloud) -> Finding:
    subject = system.reader.base_url
    try:
        await system.session.auth.headers()
    except AuthenticationError as error:
        if error.fields.get("status") == 404:
            realm = system.settings.realm
            return _missing(
                "sign in",
                subject,
                f"The realm {realm!r} does not exist there: {error.message}",
                "Put the realm of the token address into `realm`; it often differs from the tenant's name.",
            )
        return _missing(
            "sign in",
            subject,
            error.message,
            f"{error.fix} The client is on the page IAM Clients of IFS Cloud.",
        )
    except UnreachableError as error:
        return Finding(
            Verdict.MISSING,
            "sign in",
            subject,
            error.message,
            "Check base_url, proxy and firewall.",
            "network operator",
        )
    except MLConnectorError as error:
        return Finding(Verdict.UNVERIFIED, "sign in", subject, error.message, error.fix, error.who)
    return Finding(Verdict.OK, "sign in", subject, f"Signed in to realm {system.settings.realm}.")


def _no_writes(entity: Entity) -> Finding:
    return Finding(
        Verdict.MISSING,
        "write",
        entity.value,
        "IFS Cloud is read only here: postings are not written back.",
        "Let the flow go from IFS Cloud to the other system.",
        "ml-connector operator",
    )


async def _sets_of(system: IfsCloud, entity: Entity, findings: list[Finding]) -> list[EntitySet]:
    """All sets that a stream needs; what stands in the way of finding them out becomes a finding."""
    from ml_connector.systems.ifs_cloud.streams import STREAMS, IfsStream

    if entity not in STREAMS:
        findings.append(_missing("read", entity.value, "IFS Cloud is not read for this.", "Take the route out."))
        return []
    declared = STREAMS[entity]
    stream = IfsStream(system, declared)
    helpers = [system.entity_set("code_parts")] if declared.coded else []
    try:
        return [*helpers, *(await stream.shape()).sets]
    except MLConnectorError as error:
        findings.append(_of_error("discover", entity.value, error))
        return helpers


async def _set(system: IfsCloud, entity_set: EntitySet, entity: Entity) -> list[Finding]:
    subject = f"{entity.value}: {entity_set.service}/{entity_set.entity_set}"
    answered = await _try("read", subject, system.reader.one_row(entity_set))
    if answered is not None:
        return [answered]
    return [Finding(Verdict.OK, "read", subject, "One row was asked for and the set answered."), *await _fields(
        system, entity_set, subject
    )]  # fmt: skip


async def _fields(system: IfsCloud, entity_set: EntitySet, subject: str) -> list[Finding]:
    """Compare the metadata with the properties that are needed."""
    try:
        properties = await system.properties(entity_set)
    except MLConnectorError as error:
        return [Finding(Verdict.UNVERIFIED, "metadata", subject, error.message, error.fix, error.who)]
    names = [each.name for each in entity_set.key]
    names += [entity_set.property(name) for name in NEEDED.get(entity_set.collection.name, ())]
    missing = [name for name in dict.fromkeys(names) if name not in properties]
    found = [
        _missing(
            "metadata",
            f"{entity_set.service}/{entity_set.entity_set}.{name}",
            f"{entity_set.entity_set} has no property {name}.",
            f"If this release calls it differently, put `{entity_set.collection.name}.{name}: <name>` into `fields`; "
            f"otherwise the administrator adds it to projection {entity_set.service}.",
        )
        for name in missing
    ]
    found += _change_field(system, entity_set, subject, properties)
    return found or [Finding(Verdict.OK, "metadata", subject, "Every property that is needed is there.")]


def _change_field(
    system: IfsCloud, entity_set: EntitySet, subject: str, properties: Mapping[str, str]
) -> list[Finding]:
    name, strategy = entity_set.change.name, system.settings.change_strategy
    if name in properties or strategy == "sweep" or entity_set.collection.name == "code_parts":
        return []
    if strategy == "field":
        return [
            _missing(
                "changes",
                subject,
                f"{entity_set.entity_set} has no property {name}, by which changes are to be found.",
                "Name the right property in `change_field`, or set `change_strategy` to auto.",
            )
        ]
    days = system.settings.sweep_days
    return [
        Finding(
            Verdict.OK,
            "changes",
            subject,
            f"There is no {name}: changes are found by comparing ETags of the last {days} days.",
        )
    ]


async def _companies(system: IfsCloud, entities: Sequence[Entity]) -> list[Finding]:
    """Every configured company has to be among those that the service user may see."""
    if not set(entities) - {Entity.SUPPLIERS}:
        return []
    try:
        visible = await system.visible_companies()
    except MLConnectorError as error:
        return [_of_error("read", "companies", error)]
    findings = []
    for company in system.settings.companies:
        if company in visible:
            findings.append(Finding(Verdict.OK, "read", f"company {company}", f"Company {company} is visible."))
        else:
            hidden = hidden_companies([company])
            findings.append(_missing("read", f"company {company}", hidden.message, hidden.fix))
    return findings
