"""Between shape and plan: parts whose last write had no clear answer are looked up, once no late write can happen."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from ml_connector import clock
from ml_connector.records.base import fingerprint
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.shape import done
from ml_connector.sync.store import PartState
from ml_connector.systems.base import Part, Row

IN_DOUBT = "A write left and no clear answer came back; the target is asked again later."


async def settle_doubts(context: RouteContext, items: list[Item]) -> None:
    """Turn every doubtful part into one that is there, or into one that is to be written again.

    Parts that the target was still working on are read back as well.

    A create under an id of our own may be sent again at once: it cannot make a second row. Everything else waits
    until the target's window for late writes is over, since an older look-up proves nothing.
    """
    asked: dict[str, list[tuple[Item, PartState, Part]]] = defaultdict(list)
    searched: list[tuple[Item, PartState, Part]] = []
    for item in items:
        if item.verdict is not None or item.shaped is None:
            continue
        if not context.target.sends_updates:
            _take_back_updates(item)
        doubtful = [state for state in item.parts.values() if state.status == "doubt"]
        due = max((_due(context, state) for state in doubtful), default=0.0)
        if due > clock.now().timestamp():
            _wait(item, due)
            continue
        parts = {part.name: part for part in item.shaped.parts}
        for state in doubtful:
            part = parts.get(state.name)
            if state.action == "create" and context.target.chooses_ids:
                del item.parts[state.name]
            elif part is None:
                item.parts[state.name] = done(state, fingerprint=b"")
            elif state.external_id:
                asked[state.table].append((item, state, part))
            else:
                searched.append((item, state, part))
        for state in [part for part in item.parts.values() if part.status == "done" and not part.landed]:
            if state.name in parts:
                asked[state.table].append((item, state, parts[state.name]))
    await _ask(context, asked)
    await _search(context, searched)


def _take_back_updates(item: Item) -> None:
    """Updates that were certainly not made: the part is as it was before."""
    for state in item.parts.values():
        if state.status == "doubt" and state.action == "update":
            item.parts[state.name] = done(state, fingerprint=state.before)


def _due(context: RouteContext, state: PartState) -> float:
    if state.action == "create" and context.target.chooses_ids:
        return 0.0
    return state.sent_at + context.target.late_write_window_s


def _wait(item: Item, due: float) -> None:
    item.set_aside("OUTCOME_UNKNOWN", IN_DOUBT, due_at=due)


async def _ask(context: RouteContext, asked: dict[str, list[tuple[Item, PartState, Part]]]) -> None:
    for table, some in asked.items():
        rows = await context.target.read(table, [state.external_id for _, state, _ in some])
        for item, state, part in some:
            row = rows.get(state.external_id)
            if state.pending and state.status == "done":
                item.parts[state.name] = _as_decided(context, item, state, part, row)
                continue
            if row is None:
                del item.parts[state.name]
                continue
            found = as_found(context, state, part, row)
            if state.status == "doubt" or found.landed:
                item.parts[state.name] = found


def _as_decided(context: RouteContext, item: Item, state: PartState, part: Part, row: Row | None) -> PartState:
    """What people have made of a part that is theirs to finish. One that is not seen goes on waiting: it is never made
    a second time."""
    if row is None:
        return state
    if row.note and (row.pending != state.pending or row.version != state.version):
        item.answers.append((part.name, "read", part.table, row.external_id, row.note))
    if not row.pending and (differing := context.target.differences(part.payload, row)):
        item.remarks.append(f"People changed {', '.join(differing)} on the target.")
    return msgspec.structs.replace(state, pending=row.pending, landed=not row.pending, version=row.version)


async def _search(context: RouteContext, searched: list[tuple[Item, PartState, Part]]) -> None:
    if not searched:
        return
    hits = await context.target.find_parts([part for _, _, part in searched])
    for (item, state, part), rows in zip(searched, hits, strict=True):
        if not rows:
            del item.parts[state.name]
        elif len(rows) == 1:
            item.parts[state.name] = as_found(context, state, part, rows[0])
        else:
            item.set_aside("ADOPTION_AMBIGUOUS", f"{len(rows)} rows of {part.table} carry the key of {part.name}.")


def as_found(context: RouteContext, state: PartState, part: Part, row: Row) -> PartState:
    """The part as it is on the target; its fingerprint is the wanted one only when nothing differs."""
    equal = not context.target.differences(part.payload, row)
    wanted = fingerprint(part.payload) if equal else b""
    landed = equal and not row.pending
    return done(
        state,
        external_id=row.external_id,
        fingerprint=wanted,
        version=row.version,
        landed=landed,
        pending=row.pending,
    )
