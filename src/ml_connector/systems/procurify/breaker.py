"""The circuit breaker: several time-outs within an hour stop all requests for a while, in every process (FACTS 12)."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from ml_connector import clock
from ml_connector.errors import TransientError
from ml_connector.systems.base import Json, Memory

log = logging.getLogger(__name__)
SPAN = timedelta(hours=1)
KEPT = timedelta(days=1)
"""How long pages stay halved."""
TRIES = 20


class BreakerOpenError(TransientError):
    """No request leaves until the pause is over."""

    who = "ml-connector operator"


class Breaker:
    """Counts time-outs in the connection's memory, so that all processes stop together."""

    def __init__(self, memory: Memory | None, timeouts: int, minutes: int) -> None:
        self._memory = memory
        self._timeouts = timeouts
        self._pause = timedelta(minutes=minutes)
        self._here: Json | None = None
        """Where nothing lasts: what this process remembers."""
        self._read: Json | None = None

    async def check(self) -> None:
        """Raises BreakerOpenError while requests are stopped."""
        until = _moment((await self._load() or {}).get("open_until"))
        if until is not None and until > clock.now():
            raise self._open(until)

    async def open_until(self) -> datetime | None:
        """When requests may leave again; None: now."""
        until = _moment((await self._load() or {}).get("open_until"))
        return until if until is not None and until > clock.now() else None

    async def note(self, what: str) -> None:
        """A request timed out. Raises BreakerOpenError (with the field timed_out) when it was one too many."""
        for _ in range(TRIES):
            before = await self._load()
            now = clock.now()
            recent = [at for at in (before or {}).get("timeouts", ()) if (_moment(at) or now) > now - SPAN]
            recent.append(now.isoformat())
            until = now + self._pause if len(recent) >= self._timeouts else None
            after: Json = {
                **(before or {}),
                "timeouts": [] if until else recent,
                "open_until": until.isoformat() if until else "",
            }
            if await self._swap(before, after):
                break
        if until is not None:
            log.error("%s timed out, number %d within an hour: no requests until %s.", what, len(recent), until)
            raise self._open(until, timed_out=True)

    def page_size(self, path: str) -> int | None:
        """The size to which pages of a list were halved within the last day, as far as this process has read."""
        size, since = (self._read or {}).get("pages", {}).get(path, (None, ""))
        return size if size and (_moment(since) or clock.now()) > clock.now() - KEPT else None

    async def keep_page_size(self, path: str, size: int) -> None:
        """A list timed out in larger pages: the same request is not sent again, by nobody, for a day."""
        for _ in range(TRIES):
            before = await self._load()
            pages = {**(before or {}).get("pages", {}), path: [size, clock.now().isoformat()]}
            if await self._swap(before, {**(before or {}), "pages": pages}):
                await self._load()
                return

    def _open(self, until: datetime, timed_out: bool | None = None) -> BreakerOpenError:
        return BreakerOpenError(
            f"Procurify timed out {self._timeouts} times within an hour, so no requests are sent until "
            f"{until:%Y-%m-%d %H:%M} UTC: the vendor suspends clients whose requests go on timing out.",
            fix="Tell Procurify's support about the time-outs. It goes on by itself after the pause; if it happens "
            "again, make page_size smaller.",
            timed_out=timed_out,
        )

    async def _load(self) -> Json | None:
        self._read = self._here if self._memory is None else await asyncio.to_thread(self._memory.load)
        return self._read

    async def _swap(self, before: Json | None, after: Json) -> bool:
        if self._memory is None:
            self._here = after
            return True
        return await asyncio.to_thread(self._memory.compare_and_swap, before, after)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
