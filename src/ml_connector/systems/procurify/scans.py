"""Lists without dates: read in full and compared with the last time (FACTS 35)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import msgspec

from ml_connector.records import split_key
from ml_connector.systems.base import Json, Page, RawRecord, Window
from ml_connector.systems.procurify.cursors import ListCursor, read_cursor, window_since
from ml_connector.systems.procurify.documents import Documents
from ml_connector.systems.procurify.drops import Drops
from ml_connector.systems.procurify.lookup import matching
from ml_connector.systems.procurify.visibility import believe_missing, believe_nothing

PER_PAGE = 500


class ScanStream:
    """A whole list, of which only what is new or different is passed on."""

    def __init__(self, documents: Documents, path: str, single: str, share: float, drops: Drops) -> None:
        """`single`: the address below which one row is read by its id; "" where there is none."""
        self.documents = documents
        self.api = documents.api
        self.entity = documents.entity
        self.mapping_version: str = documents.mapping.version
        self.normalize = documents.normalize
        self._path = path
        self._single = single
        self._share = share
        self._drops = drops

    async def window(self, cursor: Json | None) -> Window:
        """All of it; what the cursor knows is not passed on."""
        now = await self.api.server_now()
        return window_since(cursor, ListCursor, self.documents.domain(), now)

    async def extract(self, window: Window, position: Json | None) -> AsyncGenerator[Page, None]:
        """The pages of the window from `position` on, by key."""
        bounds = window.bounds
        domain = await self.documents.learn_domain()
        known = read_cursor(bounds["cursor"], ListCursor, domain).known if "cursor" in bounds else {}
        records = await self._all(known)
        after = position["after"] if position else ""
        changed = [raw for raw in records if known.get(raw.key) != raw.version and raw.key > after]
        for at in range(0, len(changed), PER_PAGE):
            some = changed[at : at + PER_PAGE]
            yield Page(some, {"after": some[-1].key})
        made = ListCursor(domain, bounds["until"], {raw.key: raw.version for raw in records})
        yield Page([], None, msgspec.to_builtins(made))

    async def _all(self, known: dict[str, str]) -> list[RawRecord]:
        """Every record, by key. Raises where the list is not believed."""
        found = {raw.key: raw for raw in await self.documents.records(await self.api.listed(self._path))}
        if known:
            believe_missing(self._path, known, found, self._share)
        elif not found:
            await believe_nothing(self.api, self._path)
        return [found[key] for key in sorted(found)]

    async def fetch(self, keys: Sequence[str]) -> list[RawRecord]:
        """The records with these keys as they are now."""
        await self.documents.learn_domain()
        if self._single:
            ids = [parts[0] for key in keys if len(parts := split_key(key)) == 1 and parts[0].isdecimal()]
            rows = await matching(self.api, self._path, ids=ids, single=self._single)
        else:
            rows = await self.api.listed(self._path)
        wanted = set(keys)
        return await self.documents.records([row for row in rows if self.documents.key(row) in wanted])

    async def sweep(self) -> AsyncGenerator[list[tuple[str, str]], None]:
        """(key, version) of every record; raises where the list has lost too many since it was last looked at."""
        await self._drops.look_at(self._path)
        await self.documents.learn_domain()
        records = await self._all({})
        yield [(raw.key, raw.version) for raw in records]
