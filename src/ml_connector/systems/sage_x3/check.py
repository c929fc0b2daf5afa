"""The permission doctor: signs in, reads a row of every class, and compares facets and lines with what is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ml_connector.errors import AuthenticationError, MLConnectorError, TransientError, UnreachableError
from ml_connector.records import Entity
from ml_connector.systems.base import Finding, Need, Verdict
from ml_connector.systems.findings import missing, of_error
from ml_connector.systems.sage_x3.answers import ADMINISTRATOR
from ml_connector.systems.sage_x3.api1 import ROW
from ml_connector.systems.sage_x3.classes import CLASSES

if TYPE_CHECKING:
    from ml_connector.systems.sage_x3.connection import SageX3
    from ml_connector.systems.sage_x3.streams import X3Stream

_missing = partial(missing, who=ADMINISTRATOR)
_of_error = partial(of_error, who=ADMINISTRATOR)

LINE_ARRAYS: Mapping[Entity, tuple[str, ...]] = {
    Entity.PURCHASE_ORDERS: ("PORDERQ",),
    Entity.INVOICES: ("PINVOICED", "BPSINVLIG"),
    Entity.GL_POSTINGS: ("GACCENTRYD",),
}
"""One of these has to be in `$details`."""


async def check(system: SageX3, needs: Sequence[Need]) -> list[Finding]:
    """One finding per operation and subject; never raises for what it finds."""
    entities = list(dict.fromkeys(need.entity for need in needs))
    findings = [await _sign_in(system, entities)]
    if findings[0].verdict is not Verdict.OK:
        return findings
    for need in needs:
        if need.write:
            findings.append(
                _missing("write", need.entity.value, "Sage X3 is only read here.", "Let the flow go from Sage X3.")
            )
    for entity in entities:
        findings += await _entity(system, entity)
    return findings


async def _sign_in(system: SageX3, entities: Sequence[Entity]) -> Finding:
    """Basic and signed tokens are proved by a request only; any class will do."""
    from ml_connector.systems.sage_x3.streams import STREAMS

    subject = system.api.base_url
    head = next((STREAMS[each].head for each in entities if each in STREAMS), "suppliers")
    try:
        await system.session.auth.headers()
        await system.api.page(head, system.api.first_page(head, count=1))
    except AuthenticationError as error:
        return _missing("sign in", subject, error.message, error.fix)
    except UnreachableError as error:
        fix = "Check base_url (scheme, server and port), proxy and firewall."
        return Finding(Verdict.MISSING, "sign in", subject, error.message, fix, "network operator")
    except TransientError as error:
        return Finding(Verdict.UNVERIFIED, "sign in", subject, error.message, error.fix, error.who)
    except MLConnectorError:
        pass  # signed in, and refused for another reason, which is found again below
    return Finding(Verdict.OK, "sign in", subject, "Signed in.")


async def _entity(system: SageX3, entity: Entity) -> list[Finding]:
    from ml_connector.systems.sage_x3.streams import STREAMS, X3Stream

    if entity not in STREAMS:
        return [_missing("read", entity.value, "Sage X3 is not read for this.", "Take the route out.")]
    stream = X3Stream(system, STREAMS[entity])
    head, settings = stream.head, system.settings
    code = settings.class_of(head)
    subject = f"{entity.value}: {code}"
    try:
        page = await system.api.page(head, system.api.first_page(head, count=1))
        facet = await system.facet(head)
    except MLConnectorError as error:
        return [_of_error("read", subject, error)]
    found = [Finding(Verdict.OK, "read", subject, f"Class {code} answered.")]
    found.append(_changes(stream, facet.change))
    found += await _properties(stream, facet.properties)
    found += await _lines(stream, [ROW.decode(row) for row in page.rows])
    found += await _scope(stream)
    return found


def _changes(stream: X3Stream, change: str) -> Finding:
    head, settings = stream.head, stream.settings
    code, representation = settings.class_of(head), settings.representation_of(head)
    if change:
        return Finding(Verdict.OK, "changes", code, f"Changes are found by {change}.")
    wanted = settings.change_fields.get(head, "UPDDATTIM")
    return _missing(
        "changes",
        code,
        f"{wanted} is not on the query facet of representation {representation}: everything is read on each run.",
        f"Add {wanted} (or UPDDAT) to the query facet of {representation}, or name another in `change_fields`.",
    )


async def _properties(stream: X3Stream, listed: Mapping[str, str]) -> list[Finding]:
    """What is needed is either on the query facet or in the details."""
    head, settings = stream.head, stream.settings
    known = {*listed, *(await stream.system.details_properties(head) or ())}
    code = settings.class_of(head)
    if not known:
        return [
            Finding(Verdict.UNVERIFIED, "properties", code, f"{code} holds no row to compare with, and no metadata.")
        ]
    missing = [
        name
        for each in (*CLASSES[head].key, *CLASSES[head].needed)
        if (name := settings.property_name(head, each)) not in known
    ]
    found = [
        _missing(
            "properties",
            f"{code}.{name}",
            f"Representation {settings.representation_of(head)} has no property {name}.",
            f"Add {name} to the representation, or put `{head}.{name}: <name>` into `fields` if it is called "
            "differently.",
        )
        for name in missing
    ]
    return found or [Finding(Verdict.OK, "properties", code, "Every property that is needed is there.")]


async def _lines(stream: X3Stream, rows: Sequence[Mapping[str, object]]) -> list[Finding]:
    """One of the line arrays has to come with `$details`."""
    wanted = [stream.settings.array(each) for each in LINE_ARRAYS.get(stream.entity, ())]
    if not wanted:
        return []
    code = stream.settings.class_of(stream.head)
    known = set(await stream.system.details_properties(stream.head) or ())
    if not known & set(wanted) and rows:
        key = [str(rows[0].get(stream.settings.property_name(stream.head, each))) for each in CLASSES[stream.head].key]
        try:
            body = await stream.system.api.details(stream.head, key)
        except MLConnectorError as error:
            return [_of_error("lines", code, error)]
        known |= set(ROW.decode(body)) if body else set()
    if known & set(wanted):
        return [Finding(Verdict.OK, "lines", code, f"Lines come as {' or '.join(sorted(known & set(wanted)))}.")]
    if not known:
        return [Finding(Verdict.UNVERIFIED, "lines", code, f"{code} holds no record whose lines could be looked at.")]
    names = " or ".join(wanted)
    return [
        _missing(
            "lines",
            code,
            f"The details of {code} have no lines called {names}.",
            f"Add the lines to representation {stream.settings.representation_of(stream.head)}, or put their name into "
            "`arrays`.",
        )
    ]


async def _scope(stream: X3Stream) -> list[Finding]:
    """Chart and dimension type have to exist: the wrong one answers with nothing."""
    setting = {
        Entity.GL_ACCOUNTS: ("chart_code", stream.settings.chart_code),
        Entity.COST_CENTERS: ("cost_center_dimension", stream.settings.cost_center_dimension),
    }.get(stream.entity)
    if setting is None:
        return []
    name, value = setting
    api, head = stream.system.api, stream.head
    try:
        where = await stream.scope()
        if not where:
            return []
        page = await api.page(head, api.first_page(head, where, count=1))
    except MLConnectorError as error:
        return [_of_error("read", name, error)]
    if page.rows:
        return [Finding(Verdict.OK, "read", name, f"{value} has entries.")]
    code = stream.settings.class_of(head)
    return [_missing("read", f"{name} {value}", f"{code} has nothing for {value}.", f"Correct `{name}`.")]
