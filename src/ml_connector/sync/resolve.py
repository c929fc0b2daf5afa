"""Step 7: what a record refers to -> the target's ids, each checked at the source and for presence on the target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from ml_connector.errors import Issue
from ml_connector.mappings import Refs
from ml_connector.records import REASONS, Entity, Invoice, Record, Reference, State
from ml_connector.sync.context import Judgement, RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.store import RecordRow
from ml_connector.systems.base import Facts

DIMENSIONS = frozenset({Entity.GL_ACCOUNTS, Entity.COST_CENTERS, Entity.DEPARTMENTS, Entity.LOCATIONS})
CHECKED_ON_TARGET = DIMENSIONS | {Entity.SUPPLIERS}
REMEMBERED = 50_000
"""So many judgements are kept at a time; more than the dimensions of a mid-sized manufacturer."""

Wanted = dict[tuple[Entity, str], Reference]
Referred = tuple[str, Entity, Reference]
"""(path of the field, what it refers to, by what)."""


async def resolve(context: RouteContext, items: list[Item]) -> None:
    """Fill in `refs`, or set the record aside for everything that it refers to in vain.

    What the pair does not move at all (a cost center where the target has none) is no concern of the target's.
    """
    moved = {route.entity for route in context.run.flow.routes}
    open_items = [
        (item, item.record, [one for one in item.record.references() if one[1] in moved])
        for item in items
        if item.verdict is None and item.record is not None
    ]
    wanted: Wanted = {}
    judged = context.judged
    if len(judged) > REMEMBERED:
        judged.clear()
        context.ids.clear()
    for _, _, references in open_items:
        for _, entity, reference in references:
            if (entity, reference.key) not in judged:
                wanted[entity, reference.key] = reference
    if wanted:
        await _judge(context, wanted)
    refs = Refs(context.ids, _codes(context))
    for item, record, references in open_items:
        _judge_item(context, item, record, references, refs)


def _codes(context: RouteContext) -> dict[tuple[str, str], str]:
    """The flow's value maps by field name, as payloads ask for them."""
    maps = context.run.flow.value_maps
    fields = {Entity.GL_ACCOUNTS: "gl_account", Entity.COST_CENTERS: "cost_center", Entity.DEPARTMENTS: "department"}
    return {
        (name, source): target
        for entity, name in fields.items()
        for source, target in maps.get(entity.value, {}).items()
    }


async def _judge(context: RouteContext, wanted: Wanted) -> None:
    rows = await _rows(context, wanted)
    absent = defaultdict(list)
    for entity, key in wanted:
        row = rows.get((entity, key))
        deferred = entity in context.run.deferred
        if (
            not deferred
            and context.run.flow.route(entity)
            and (row is None or (row.code == "BEFORE_CUTOVER" and not row.parts))
        ):
            absent[entity].append(key)
    if absent:
        for entity, keys in absent.items():
            await context.pull(entity, keys)
        rows |= await _rows(context, {k: r for k, r in wanted.items() if k[1] in absent.get(k[0], ())})
    by_code = await _by_code(context, wanted)
    for (entity, key), reference in wanted.items():
        row = rows.get((entity, key))
        found = by_code.get((entity, reference.code))
        if found is not None:
            judgement = _of_code(entity, reference, found)
        elif row is None and entity in context.run.deferred:
            judgement = Judgement(
                issue=Issue("PARENT_NOT_DELIVERED", f"{_named(entity, reference)} comes with the next run.")
            )
        else:
            judgement = _of_row(entity, reference, row)
        context.judged[entity, key] = judgement
        if row is not None and entity is Entity.PURCHASE_ORDERS:
            _remember_lines(context, key, row)
    await _ask_target(context, wanted)


async def _rows(context: RouteContext, wanted: Iterable[tuple[Entity, str]]) -> dict[tuple[Entity, str], RecordRow]:
    """The parents' rows as the store knows them, one look-up an entity."""
    keys = defaultdict(list)
    for entity, key in wanted:
        keys[entity].append(key)
    rows: dict[tuple[Entity, str], RecordRow] = {}
    run = context.run
    for entity, some in keys.items():
        route = run.flow.route(entity)
        if route is not None:
            found = await run.call(run.store.known, route.id, some)
            rows |= {(entity, key): row for key, row in found.items()}
    return rows


async def _by_code(context: RouteContext, wanted: Wanted) -> dict[tuple[Entity, str], list[str]]:
    """Where a route is off, what it would have delivered is looked up on the target by its code."""
    codes = defaultdict(set)
    maps = context.run.flow.value_maps
    for (entity, _), reference in wanted.items():
        if context.run.flow.route(entity) is None:
            codes[entity].add(maps.get(entity.value, {}).get(reference.code, reference.code))
    found: dict[tuple[Entity, str], list[str]] = {}
    for entity, some in codes.items():
        target = await context.run.prepared_target(entity)
        ids = await target.by_code(sorted(some))
        found |= {(entity, code): ids.get(code, []) for code in some}
    back = {
        (entity, reference.code): found[entity, mapped]
        for (entity, _), reference in wanted.items()
        if (entity, mapped := maps.get(entity.value, {}).get(reference.code, reference.code)) in found
    }
    return back


def _of_code(entity: Entity, reference: Reference, ids: list[str]) -> Judgement:
    if len(ids) == 1:
        return Judgement(ids[0])
    code = "DIMENSION_MISSING_ON_TARGET" if entity in DIMENSIONS else "REFERENCE_MISSING_ON_TARGET"
    many = "is there more than once" if ids else "does not exist"
    return Judgement(issue=Issue(code, f"{_named(entity, reference)} {many} on the target."))


def _of_row(entity: Entity, reference: Reference, row: RecordRow | None) -> Judgement:
    named = _named(entity, reference)
    if row is None:
        code = "DIMENSION_MISSING" if entity in DIMENSIONS else "REFERENCE_MISSING"
        return Judgement(issue=Issue(code, f"{named} does not exist at the source."))
    facts = row.facts or {}
    if entity in DIMENSIONS and facts.get("active") is False:
        return Judgement(row.target_id, Issue("DIMENSION_INACTIVE", f"{named} is blocked or inactive at the source."))
    if not _is_complete(row):
        return Judgement(issue=_absent(entity, named, row))
    spans: tuple[tuple[date | None, date | None, str, str], ...] = ()
    if facts.get("valid_from") or facts.get("valid_to"):
        span = (_date(facts.get("valid_from")), _date(facts.get("valid_to")))
        spans = ((*span, "DIMENSION_OUT_OF_VALIDITY", "at the source"),)
    return Judgement(row.target_id, None, spans, facts.get("name", ""))


def _is_complete(row: RecordRow) -> bool:
    """All of it is on the target: what refers to it may refer to any of its lines, and is not sent a second time."""
    certain = row.state is not State.IN_DOUBT and all(part.status != "doubt" for part in row.parts)
    return certain and bool(row.target_id) and row.parts[0].status == "done"


def _absent(entity: Entity, named: str, row: RecordRow) -> Issue:
    if row.state is State.EXCLUDED and row.code == "NOT_RELEASED":
        return Issue("PARENT_NOT_RELEASED", f"{named} is not released at the source yet.")
    if row.state is State.EXCLUDED:
        meaning = REASONS[row.code].meaning if row.code in REASONS else "It is excluded."
        return Issue("PARENT_OUT_OF_SCOPE", f"{named} is not moved by this flow: {meaning}")
    return Issue(
        "PARENT_NOT_DELIVERED", f"{named} is not on the target yet: it is {row.state.value.replace('_', ' ')}."
    )


def _remember_lines(context: RouteContext, key: str, row: RecordRow) -> None:
    for part in row.parts:
        if part.name.startswith("line:") and part.status == "done":
            context.ids["purchase_order_line", f"{key}:{part.name[5:]}"] = part.external_id


async def _ask_target(context: RouteContext, wanted: Wanted) -> None:
    """Is it still there, active and valid on the target? Asked once a run for each row."""
    run, missing = context.run, defaultdict(list)
    for entity, key in wanted:
        found = context.judged[entity, key].target_id
        if found and entity in CHECKED_ON_TARGET and (entity, found) not in run.facts:
            missing[entity].append(found)
    for entity, ids in missing.items():
        target = await run.prepared_target(entity)
        facts = await target.facts(sorted(set(ids)))
        run.facts |= {(entity, found): facts.get(found) for found in ids}
    for (entity, key), reference in wanted.items():
        judgement = context.judged[entity, key]
        if judgement.target_id and judgement.issue is None and entity in CHECKED_ON_TARGET:
            _apply_facts(entity, reference, judgement, run.facts[entity, judgement.target_id])


def _apply_facts(entity: Entity, reference: Reference, judgement: Judgement, facts: Facts | None) -> None:
    named = _named(entity, reference)
    if facts is None:
        code = "DIMENSION_MISSING_ON_TARGET" if entity in DIMENSIONS else "REFERENCE_MISSING_ON_TARGET"
        judgement.issue = Issue(code, f"{named} is not on the target any more.")
    elif entity in DIMENSIONS:
        if not facts.active:
            judgement.issue = Issue("DIMENSION_INACTIVE_ON_TARGET", f"{named} is inactive on the target.")
        if facts.valid_from or facts.valid_to:
            span = (facts.valid_from, facts.valid_to, "DIMENSION_INACTIVE_ON_TARGET", "on the target")
            judgement.spans = (*judgement.spans, span)


def _judge_item(context: RouteContext, item: Item, record: Record, references: Sequence[Referred], refs: Refs) -> None:
    dated, judged, ids = record.document_date(), context.judged, context.ids
    issues: list[Issue] = []
    coding: list[Issue] = []
    waits_for = ""
    for path, entity, reference in references:
        judgement = judged[entity, reference.key]
        issue = judgement.issue or (_outside(entity, reference, judgement, dated) if judgement.spans else None)
        if judgement.target_id:
            ids[path.rpartition(".")[2], reference.key] = judgement.target_id
        if issue is not None:
            placed = Issue(issue.code, _at(path) + issue.message, issue.fix, path)
            (coding if entity in DIMENSIONS and not issue.code.startswith("PARENT") else issues).append(placed)
            waits_for = waits_for or f"{entity.value}:{reference.key}"
    if issues:
        item.set_aside_for((*issues, *coding), waits_for=waits_for)
    elif coding and not item.delivered_before:
        item.set_aside_for(tuple(coding))
    else:
        item.coding_issues = tuple(coding)
    item.refs = refs
    if isinstance(record, Invoice) and not record.supplier.name:
        item.record = _with_supplier_name(record, judged[Entity.SUPPLIERS, record.supplier.key].name)


def _with_supplier_name(invoice: Invoice, name: str) -> Record:
    supplier = msgspec.structs.replace(invoice.supplier, name=name)
    return msgspec.structs.replace(invoice, supplier=supplier)


def _outside(entity: Entity, reference: Reference, judgement: Judgement, dated: date | None) -> Issue | None:
    if dated is None:
        return None
    for start, end, code, where in judgement.spans:
        if (start and dated < start) or (end and dated > end):
            valid = f"{start or 'the beginning'} to {end or 'further notice'}"
            named = _named(entity, reference)
            return Issue(code, f"{named} is valid {where} from {valid}, the document is dated {dated}.")
    return None


def _at(path: str) -> str:
    return f"Line {path[6 : path.index(']')]}: " if path.startswith("lines[") else ""


def _named(entity: Entity, reference: Reference) -> str:
    word = entity.singular
    shown = reference.key if reference.code in reference.key else reference.code
    return f"{word[0].upper()}{word[1:]} {shown}"


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
