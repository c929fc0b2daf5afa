"""One at a time across processes: a named lock that is prolonged while it is held and ends by itself when we die."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol
from weakref import WeakKeyDictionary

from ml_connector import clock
from ml_connector.errors import UnreachableError

TTL_S = 15.0
"""A dead holder's lock is free again after so long."""
ASK_EVERY_S = 0.2


class Locks(Protocol):
    """What is asked of the store; see `systems.base.Locks`."""

    def take(self, name: str, owner: str, ttl_s: float) -> bool: ...
    def give_back(self, name: str, owner: str) -> None: ...


_here: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
"""By event loop and name: who waits in the same process does not ask the store."""


@asynccontextmanager
async def exclusive(locks: Locks | None, name: str, *, wait_s: float = 120.0) -> AsyncIterator[None]:
    """Hold the lock `name` for the body. Raises UnreachableError when others hold it for longer than `wait_s`.

    What the body did stands, even where the store fails to take the lock back: it ends by itself.
    """
    here = _here.setdefault(asyncio.get_running_loop(), {}).setdefault(name, asyncio.Lock())
    async with here:
        if locks is None:
            yield
            return
        owner = secrets.token_hex(8)
        await _take(locks, name, owner, wait_s)
        done = asyncio.Event()
        keeper = asyncio.create_task(_keep(locks, name, owner, done), name=f"lock {name}")
        try:
            yield
        finally:
            done.set()
            await asyncio.shield(keeper)


async def _take(locks: Locks, name: str, owner: str, wait_s: float) -> None:
    until = clock.monotonic() + wait_s
    while not await _taken(locks, name, owner):
        if clock.monotonic() >= until:
            raise UnreachableError(f"Another process has been busy with {name} for more than {wait_s:.0f} s.")
        await clock.sleep(ASK_EVERY_S)


async def _taken(locks: Locks, name: str, owner: str) -> bool:
    """Try once. Who is cancelled meanwhile gives back what the store grants all the same, or others had to wait."""
    asking = asyncio.ensure_future(asyncio.to_thread(locks.take, name, owner, TTL_S))
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        with suppress(Exception):
            if await asking:
                await asyncio.to_thread(locks.give_back, name, owner)
        raise


async def _keep(locks: Locks, name: str, owner: str, done: asyncio.Event) -> None:
    """Prolong well before the end, by real time, since the store counts by its own clock; give back when done.

    One task does both, so that no late prolonging takes the lock again. A store that is out of order for a moment ends
    neither this nor the body.
    """
    while not await _is_set_within(done, TTL_S / 3):
        with suppress(Exception):
            await asyncio.to_thread(locks.take, name, owner, TTL_S)
    with suppress(Exception):
        await asyncio.to_thread(locks.give_back, name, owner)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
