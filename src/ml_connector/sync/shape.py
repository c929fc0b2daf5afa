"""Step 8: canonical record -> parts in the target's form, and which of them have to be written."""

from __future__ import annotations

import msgspec

from ml_connector.errors import RecordError
from ml_connector.records import REASONS
from ml_connector.records.base import fingerprint
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item, Planned
from ml_connector.sync.store import PartState
from ml_connector.systems.base import Action, Part


def shape(context: RouteContext, items: list[Item]) -> None:
    """Fill in `shaped`; what does not fit the target is rejected."""
    for item in items:
        if item.verdict is not None or item.record is None:
            continue
        try:
            item.shaped = context.target.shape(item.record, context.identity(item.key, item.raw.scope), item.refs)
        except RecordError as error:
            if item.coding_issues:
                item.set_aside_for(item.coding_issues)
            else:
                item.reject(error)
            continue
        item.remarks.extend(item.shaped.warnings)
        if item.known is not None:
            item.parts = {part.name: part for part in item.known.parts}


def plan(context: RouteContext, items: list[Item]) -> None:
    """Fill in `plan` with the parts that are not on the target as they should be; none: unchanged."""
    for item in items:
        if item.verdict is None and item.shaped is not None:
            _plan(context, item)


def _plan(context: RouteContext, item: Item) -> None:
    assert item.shaped is not None
    wanted = {part.name for part in item.shaped.parts}
    for part in item.shaped.parts:
        planned = _planned(part, item.parts.get(part.name), fingerprint(part.payload))
        if planned is not None:
            item.plan.append(planned)
    for state in item.parts.values():
        if state.name not in wanted and state.status != "cancelled":
            _plan_taking_back(context, item, state)
    if item.coding_issues and any(planned.part.name != "header" for planned in item.plan):
        item.plan.clear()
        item.set_aside_for(item.coding_issues)
    elif not item.plan and item.pending:
        item.set_aside(item.pending, REASONS[item.pending].meaning)


def _planned(part: Part, state: PartState | None, wanted: bytes) -> Planned | None:
    if state is None:
        return Planned(Action.CREATE, part, part.external_id, part.payload, wanted)
    if state.fingerprint == wanted and state.status == "done":
        return None
    return Planned(Action.UPDATE, part, state.external_id, part.payload, wanted, before=state.fingerprint)


def _plan_taking_back(context: RouteContext, item: Item, state: PartState) -> None:
    columns = context.target.cancelled(state.table, state.name)
    if columns is None:
        return
    part = Part(state.name, state.table, state.external_id, columns)
    taken = Planned(Action.UPDATE, part, state.external_id, columns, fingerprint(columns), state.fingerprint, True)
    item.plan.append(taken)


def done(state: PartState, **changes: object) -> PartState:
    """A part that is there as it should be."""
    return msgspec.structs.replace(state, status="done", sent_at=0.0, **changes)
