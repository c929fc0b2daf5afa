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
        """A request timed out. Raises BreakerOpenError when it was one too many."""
        for _ in range(TRIES):
            before = await self._load()
            now = clock.now()
            recent = [at for at in (before or {}).get("timeouts", ()) if (_moment(at) or now) > now - SPAN]
            recent.append(now.isoformat())
            until = now + self._pause if len(recent) >= self._timeouts else None
            after: Json = {"timeouts": [] if until else recent, "open_until": until.isoformat() if until else ""}
            if await self._swap(before, after):
                break
        if until is not None:
            log.error("%s timed out, number %d within an hour: no requests until %s.", what, len(recent), until)
            raise self._open(until)

    def _open(self, until: datetime) -> BreakerOpenError:
        return BreakerOpenError(
            f"Procurify timed out {self._timeouts} times within an hour, so no requests are sent until "
            f"{until:%Y-%m-%d %H:%M} UTC: the vendor suspends clients whose requests go on timing out.",
            fix="Tell Procurify's support about the time-outs. It goes on by itself after the pause; if it happens "
            "again, make page_size smaller.",
        )

    async def _load(self) -> Json | None:
        return self._here if self._memory is None else await asyncio.to_thread(self._memory.load)

    async def _swap(self, before: Json | None, after: Json) -> bool:
        if self._memory is None:
            self._here = after
            return True
        return await asyncio.to_thread(self._memory.compare_and_swap, before, after)


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
