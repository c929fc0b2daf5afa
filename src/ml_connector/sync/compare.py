"""Step 5: identity and fingerprint against what is known; most records of a second run end here."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.records import State
from ml_connector.sync.context import RouteContext
from ml_connector.sync.item import Item

SETTLED = frozenset({State.DELIVERED, State.LANDED, State.HELD, State.REJECTED, State.EXCLUDED, State.WAITING})


async def compare_versions(context: RouteContext, items: list[Item]) -> list[Item]:
    """Look the records up; those that the store has seen in this very version need not even be decoded.

    Returns the items that are worth going on with: an older version than the stored one is superseded and dropped.
    """
    run = context.run
    known = await run.call(run.store.known, context.config.id, [item.key for item in items])
    newest = {item.key: item for item in items}  # the later one of two versions in one batch
    kept = []
    for item in items:
        item.known = row = known.get(item.key)
        if newest[item.key] is not item:
            continue
        if row is not None:
            if item.origin == "resumed" and (row.raw.page, row.raw.index) > (item.ref.page, item.ref.index):
                continue
            if item.idle or (not item.force and row.version == item.raw.version != "" and row.state in SETTLED):
                item.unchanged()
        kept.append(item)
    return kept


def compare_values(context: RouteContext, items: Sequence[Item]) -> None:
    """A new version whose mapped values are the old ones is unchanged, unless the record was set aside or in doubt."""
    for item in items:
        row = item.known
        if item.verdict is None and row is not None and row.code in ("HELD_BY_PERSON", "EXCLUDED_BY_PERSON"):
            item.unchanged()
        if (
            item.verdict is None
            and row is not None
            and not item.force
            and row.fingerprint == item.fingerprint
            and row.state in (State.DELIVERED, State.LANDED)
            and all(part.status in ("done", "cancelled") for part in row.parts)
        ):
            item.unchanged()


async def suspect_duplicates(context: RouteContext, items: Sequence[Item]) -> None:
    """Hold a record whose natural key another record has; remark on one that shares number and creation date."""
    run, route = context.run, context.config.id
    open_items = [item for item in items if item.verdict is None and not item.released]
    naturals = [item.natural for item in open_items if item.natural is not None]
    warnings = [item.warning for item in open_items if item.warning is not None]
    same = await run.call(run.store.same_natural, route, naturals) if naturals else {}
    alike = await run.call(run.store.same_warning, route, warnings) if warnings else {}
    for item in open_items:
        natural = item.natural
        if natural is not None:
            others = [key for key in same.get(natural, ()) if key != item.key]
            first = context.names_under_way.setdefault(natural, item.key)
            if first != item.key:
                others.append(first)
            if others and not _was_there_first(item):
                _suspect(context, item, others[0])
        if item.warning is not None:
            others = [key for key in alike.get(item.warning, ()) if key != item.key]
            if others:
                item.remarks.append(f"Number and creation date are those of {others[0]}, too.")


def _was_there_first(item: Item) -> bool:
    """Of two alike the one that was judged first goes its way; it is not held later because of the second."""
    known = item.known
    return known is not None and known.natural == item.natural and known.code != "DUPLICATE_SUSPECT"


def _suspect(context: RouteContext, item: Item, other: str) -> None:
    message = f"{context.entity.singular.capitalize()} {other} has the same supplier, series, type and number."
    if context.config.duplicates == "warn":
        item.remarks.append(message)
    else:
        item.set_aside("DUPLICATE_SUSPECT", message)
