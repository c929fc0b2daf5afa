"""Finds rows by values: one small request for each, or the whole list where that is fewer requests."""

from __future__ import annotations

from collections.abc import Sequence

from ml_connector.systems.procurify.api import Api, RowDict, key_of

FEW = 3
"""So many values are asked for without looking how long the list is."""


async def matching(
    api: Api, path: str, asks: Sequence[tuple[str, str]] = (), *, ids: Sequence[str] = (), single: str = ""
) -> list[RowDict]:
    """Rows of a list that the filters `asks` or the `ids` pick, perhaps among others: the caller compares exactly.

    `single` is the address below which one row is read by its id.
    """
    wanted, rows_by_id = list(dict.fromkeys(asks)), list(dict.fromkeys(ids))
    if len(wanted) + len(rows_by_id) > FEW:
        pages = -(-await api.count(path) // api.settings.page_size)
        if pages < len(wanted) + len(rows_by_id):
            return await api.listed(path)
    rows: dict[object, RowDict] = {}
    for name, value in wanted:
        rows |= {key_of(row): row for row in await api.listed(path, {name: value})}
    for each in rows_by_id:
        row = await api.one(f"{single}{each}/", f"{single}{each}/") if each.isdecimal() else None
        if row is not None:
            rows[key_of(row)] = row
    return list(rows.values())
