"""Between shape and plan, for records new to us: is there a row on the target already, ours or keyed by hand?"""

from __future__ import annotations

import uuid
from collections import defaultdict

from ml_connector.records.base import fingerprint
from ml_connector.sync.context import RouteContext
from ml_connector.sync.doubt import as_found
from ml_connector.sync.item import Item
from ml_connector.sync.store import Linked, PartState
from ml_connector.systems.base import Candidate, Part, Row, Shaped

Found = list[tuple[Item, Row]]


async def adopt(context: RouteContext, items: list[Item]) -> None:
    """Link records to the rows that they have on the target already, so that nothing is entered twice.

    Our own row (an earlier installation, a lost store) is linked by its id or key, whatever it holds. One that people
    keyed is adopted when supplier and number lead to exactly one; its lines have to match one to one.
    """
    new = [item for item in items if item.verdict is None and item.shaped is not None and not item.parts]
    if not new:
        return
    candidates = [Candidate(item.record, item.refs, item.shaped) for item in new]  # type: ignore[arg-type]
    hits = await context.target.find(candidates)
    taken = await taken_rows(context, hits)
    ours: Found = []
    keyed: Found = []
    for item, rows in zip(new, hits, strict=True):
        mine = next((row for row in rows if _is_ours(context, header_of(item), row)), None)
        me = identity(context, item)
        anothers = mine if mine is not None and taken.get(mine.external_id, me) != me else None
        if context.target.shares_rows:
            anothers = anothers or next((row for row in rows if taken.get(row.external_id, me) != me), None)
        if mine is not None and mine is not anothers:
            ours.append((item, mine))
            taken[mine.external_id] = me
        elif anothers is not None:
            _share(context, item, anothers, taken[anothers.external_id])
    linked = {item.key for item, _ in ours}
    for item, rows in zip(new, hits, strict=True):
        if item.key not in linked and item.verdict is None and not item.parts:
            _sort(context, item, rows, taken, keyed)
    await _relink(context, ours)
    for item, row in keyed:
        await _adopt(context, item, row)
    for item in new:
        if item.verdict is None and item.parts:
            item.adopted = True
        context.ids_under_way.add(header_of(item).external_id)


def _share(context: RouteContext, item: Item, row: Row, owner: Linked) -> None:
    """A row that is another record's: one for both where the target has it so, else a matter for people."""
    if not context.target.shares_rows:
        item.set_aside("KEY_OF_ANOTHER", f"Row {row.external_id} carries its key and belongs to {_named(owner)}.")
        return
    header = header_of(item)
    item.parts["header"] = _state(header, row.external_id, fingerprint(header.payload), row.version)
    item.remarks.append(f"The target has one row for this and for {_named(owner)}.")


async def taken_rows(context: RouteContext, hits: list[list[Row]]) -> dict[str, Linked]:
    """Which of the rows are some record's already, and whose."""
    ids = [row.external_id for rows in hits for row in rows]
    if not ids:
        return {}
    run = context.run
    taken = await run.call(run.store.linked, context.config.id, ids)
    return taken | dict.fromkeys(context.ids_under_way.intersection(ids), Linked("", "", "another record"))


def identity(context: RouteContext, item: Item) -> Linked:
    """Whose row it would be."""
    return Linked(context.run.flow.source_system, item.raw.scope, item.key)


def _named(owner: Linked) -> str:
    return " ".join(filter(None, (owner.system, owner.scope, owner.key)))


def _sort(context: RouteContext, item: Item, rows: list[Row], taken: dict[str, Linked], keyed: Found) -> None:
    """Of the rows that are nobody's yet, exactly one may be this record's, keyed by hand."""
    header = header_of(item)
    free = [row for row in rows if row.external_id not in taken and not _is_anothers(header, row)]
    if len(free) > 1 or any(_made_by_us(row) for row in free):
        item.set_aside("ADOPTION_AMBIGUOUS", f"{len(free)} row(s) of {header.table} look like it, none clearly is.")
    elif free:
        taken[free[0].external_id] = identity(context, item)
        keyed.append((item, free[0]))


def _is_ours(context: RouteContext, header: Part, row: Row) -> bool:
    if header.external_id and row.external_id == header.external_id:
        return True
    return not context.target.chooses_ids and bool(header.lookup) and _key_of(header, row) == _wanted_key(header)


def _is_anothers(header: Part, row: Row) -> bool:
    """A row that carries the ERP's key carries some record's; people who key by hand leave it empty."""
    key = _key_of(header, row)
    return bool(key) and all(key) and key != _wanted_key(header)


def _key_of(header: Part, row: Row) -> tuple[str, ...]:
    """The ERP's key on the row; "" where it is not filled."""
    return tuple(str(row.columns.get(column) or "") for column in header.lookup)


def _wanted_key(header: Part) -> tuple[str, ...]:
    return tuple(map(str, header.lookup.values()))


def _made_by_us(row: Row) -> bool:
    """Ids of our scheme are version-5 UUIDs; such a row belongs to another record of ours, or to chance (1 in 64)."""
    try:
        return uuid.UUID(hex=row.external_id).version == 5
    except ValueError:
        return False


def header_of(item: Item) -> Part:
    """The part that stands for the record on the target."""
    shaped: Shaped = item.shaped  # type: ignore[assignment]
    return shaped.parts[0]


async def _relink(context: RouteContext, ours: Found) -> None:
    """Link what is there of each document; what is not there is planned as a create."""
    lines: dict[str, list[tuple[Item, Part]]] = defaultdict(list)
    for item, row in ours:
        header = header_of(item)
        item.parts["header"] = as_found(context, _state(header, row.external_id), header, row)
        for part in item.shaped.parts[1:]:  # type: ignore[union-attr]
            lines[part.table].append((item, part))
    for table, some in lines.items():
        for (item, part), row_ in zip(some, await _line_rows(context, table, some), strict=True):
            if row_ is not None:
                item.parts[part.name] = as_found(context, _state(part, row_.external_id), part, row_)


async def _line_rows(context: RouteContext, table: str, some: list[tuple[Item, Part]]) -> list[Row | None]:
    if context.target.chooses_ids:
        rows = await context.target.read(table, [part.external_id for _, part in some])
        return [rows.get(part.external_id) for _, part in some]
    hits = await context.target.find_parts([part for _, part in some])
    return [found[0] if found else None for found in hits]


async def _adopt(context: RouteContext, item: Item, row: Row) -> None:
    """Documents are taken as people keyed them; so is everything where a change would need the row to carry our key."""
    header, *lines = item.shaped.parts  # type: ignore[union-attr]
    if context.entity.is_document or not context.target.writes_by_id:
        rows = await context.target.lines_of(header.table, row.external_id) if lines else []
        pairs = _pairs(context, lines, rows)
        if pairs is None:
            item.set_aside(
                "ADOPTION_DIFFERS", f"Row {row.external_id} of {header.table} was keyed by hand; its lines differ."
            )
            return
        parts = [(header, row), *pairs]
        item.parts = {p.name: _state(p, r.external_id, fingerprint(p.payload), r.version) for p, r in parts}
    else:
        item.parts["header"] = as_found(context, _state(header, row.external_id), header, row)
    item.remarks.append(f"Somebody had entered it on the target already; linked to row {row.external_id}.")


def _pairs(context: RouteContext, lines: list[Part], rows: list[Row]) -> list[tuple[Part, Row]] | None:
    """Each line with its row, one to one; None where they do not match."""
    left, pairs = list(rows), []
    for part in lines:
        match = next((row for row in left if context.target.alike(part, row)), None)
        if match is None:
            return None
        left.remove(match)
        pairs.append((part, match))
    return None if left else pairs


def _state(part: Part, external_id: str, wanted: bytes = b"", version: str = "") -> PartState:
    return PartState(part.name, part.table, external_id, wanted, "done", version=version)
