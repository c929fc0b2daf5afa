"""Between shape and settle, for targets where people enter the records: find each there and compare. Writes nothing."""

from __future__ import annotations

from ml_connector.records.base import fingerprint
from ml_connector.sync.adopt import header_of, identity, taken_rows
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item
from ml_connector.sync.store import PartState
from ml_connector.systems.base import Candidate, Row


async def match(context: RouteContext, items: list[Item]) -> None:
    """Link every record to the one row that is it, and say where the two differ.

    A record that nobody entered yet waits and is looked for on each run; several rows are a person's to sort out.
    """
    open_items = [item for item in items if item.verdict is None and item.shaped is not None]
    if not open_items:
        return
    candidates = [Candidate(item.record, item.refs, item.shaped) for item in open_items]  # type: ignore[arg-type]
    hits = await context.target.find(candidates)
    taken = await taken_rows(context, hits)
    for item, rows in zip(open_items, hits, strict=True):
        mine = identity(context, item)
        free = [row for row in rows if taken.get(row.external_id, mine) == mine]
        if len(free) == 1:
            taken[free[0].external_id] = mine
            _compare(context, item, free[0])
        elif free:
            table = header_of(item).table
            item.set_aside("ADOPTION_AMBIGUOUS", f"{len(free)} rows of {table} look like it, none clearly is.")
        else:
            item.parts.clear()
            item.set_aside("NOT_YET_ON_TARGET", "Nobody has entered it on the target yet.")


def _compare(context: RouteContext, item: Item, row: Row) -> None:
    header = header_of(item)
    item.adopted = "header" not in item.parts
    item.parts["header"] = PartState(
        "header", header.table, row.external_id, fingerprint(header.payload), "done", version=row.version
    )
    if differing := context.target.differences(header.payload, row):
        item.set_aside("DIFFERS_ON_TARGET", f"On the target, row {row.external_id}: {'; '.join(differing)}.")
