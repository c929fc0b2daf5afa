"""One at a time across processes: a named lock that is prolonged while it is held and ends by itself when we die."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

from ml_connector import clock
from ml_connector.errors import UnreachableError

TTL_S = 15.0
"""A dead holder's lock is free again after so long."""
ASK_EVERY_S = 0.2
KEEP_AT_MOST_S = 2.0
"""So long, roughly, a lock is kept from body to body; then whoever waits gets his turn."""


class Locks(Protocol):
    """What is asked of the store; see `systems.base.Locks`."""

    def take(self, name: str, owner: str, ttl_s: float) -> bool: ...
    def give_back(self, name: str, owner: str) -> bool: ...


@dataclass
class _Held:
    """A lock that the store has granted, and the task that keeps it."""

    locks: Locks
    keeper: asyncio.Task[bool]
    done: asyncio.Event
    taken_at: float
    """By the event loop's time, which goes on while the process is frozen."""

    def is_certain(self, locks: Locks) -> bool:
        """Whether `locks` count it as ours still."""
        fresh = asyncio.get_running_loop().time() < self.taken_at + TTL_S / 3
        return fresh and self.locks is locks and not self.done.is_set()


class _Here:
    """One name in one event loop: who waits in the same process does not ask the store."""

    def __init__(self) -> None:
        self.alone = asyncio.Lock()
        self._held: _Held | None = None
        self._end: asyncio.TimerHandle | None = None
        self._not_before = float("-inf")
        """By our clock; until then it is the turn of others."""

    async def take(self, locks: Locks, name: str, wait_s: float) -> bool:
        """Take it from the store unless it is kept still; whether it had to be taken."""
        if self._end is not None:
            self._end.cancel()
        if self._held is not None and self._held.is_certain(locks):
            return False
        await self._give_back()
        if (pause_s := self._not_before - clock.monotonic()) > 0:
            await clock.sleep(pause_s)
        owner = secrets.token_hex(8)
        await _take(locks, name, owner, wait_s)
        done = asyncio.Event()
        keeper = asyncio.create_task(_keep(locks, name, owner, done), name=f"lock {name}")
        self._held = _Held(locks, keeper, done, asyncio.get_running_loop().time())
        return True

    async def leave(self, keep_s: float) -> None:
        """Give it back, or keep it for `keep_s` in case that somebody here asks again."""
        assert self._held is not None
        loop = asyncio.get_running_loop()
        if keep_s and loop.time() < self._held.taken_at + KEEP_AT_MOST_S:
            self._end = loop.call_later(keep_s, self._held.done.set)
        elif await self._give_back():
            self._not_before = clock.monotonic() + 2 * ASK_EVERY_S  # so that the others see it free

    async def _give_back(self) -> bool:
        held, self._held = self._held, None
        if held is None:
            return False
        held.done.set()
        return await asyncio.shield(held.keeper)


_here: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Here]] = WeakKeyDictionary()


@asynccontextmanager
async def exclusive(
    locks: Locks | None, name: str, *, wait_s: float = 120.0, keep_s: float = 0.0
) -> AsyncIterator[bool]:
    """Hold the lock `name` for the body. Raises UnreachableError when others hold it for longer than `wait_s`.

    `keep_s`: it is given back only when nobody here has asked for so long, or when it is others' turn; whoever asks
    often asks the store but rarely. Yields whether another process may have held it since the last body.
    What the body did stands, even where the store fails to take the lock back: it ends by itself.
    """
    here = _here.setdefault(asyncio.get_running_loop(), {}).setdefault(name, _Here())
    async with here.alone:
        if locks is None:
            yield False
            return
        taken = await here.take(locks, name, wait_s)
        try:
            yield taken
        finally:
            await here.leave(keep_s)


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


async def _keep(locks: Locks, name: str, owner: str, done: asyncio.Event) -> bool:
    """Prolong well before the end, by real time, since the store counts by its own clock; give back when done.

    One task does both, so that no late prolonging takes the lock again. A store that is out of order for a moment ends
    neither this nor the body. Returns whether somebody waits.
    """
    waited_for = False
    try:
        while not await _is_set_within(done, TTL_S / 3):
            with suppress(Exception):
                await asyncio.to_thread(locks.take, name, owner, TTL_S)
    finally:  # also when the loop ends
        with suppress(Exception):
            waited_for = await asyncio.to_thread(locks.give_back, name, owner)
    return waited_for


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
