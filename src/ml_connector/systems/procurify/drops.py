"""Empty is not none: a list that shows far fewer rows than on an earlier run is not believed (FACTS 33)."""

from __future__ import annotations

import asyncio

from ml_connector.errors import PermissionMissingError
from ml_connector.systems.base import Memory
from ml_connector.systems.procurify.answers import ADMIN
from ml_connector.systems.procurify.api import Api

TRIES = 20


class Drops:
    """Remembers how long lists were. Rows of these lists are never deleted in Procurify, so they only grow."""

    def __init__(self, api: Api, memory: Memory | None, smallest_share: float) -> None:
        self._api = api
        self._memory = memory
        self._share = smallest_share

    async def look_at(self, path: str) -> None:
        """Raises PermissionMissingError when the list has lost too many of its rows; else remembers its length."""
        if self._memory is None:
            return
        count = await self._api.count(path)
        for _ in range(TRIES):
            before = await asyncio.to_thread(self._memory.load)
            known = int((before or {}).get(path, 0))
            if count < known * self._share:
                raise PermissionMissingError(
                    f"List {path} shows {count} rows and showed {known} on an earlier run.",
                    fix="The role of the user who made the application may hide them now (Settings, Roles "
                    "& Permissions). If they are really gone, set smallest_share to 0 for one run.",
                    who=ADMIN,
                )
            if count == known or await asyncio.to_thread(
                self._memory.compare_and_swap, before, {**(before or {}), path: count}
            ):
                return
