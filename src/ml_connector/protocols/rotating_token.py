"""A rotating refresh token in the memory of its connection: it survives a crash and is shared by all processes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from ml_connector.protocols.oauth2 import StoredToken

Json = dict[str, Any]


class Memory(Protocol):
    """See `systems.base.Memory`."""

    def load(self) -> Json | None: ...
    def compare_and_swap(self, expected: Json | None, new: Json) -> bool: ...


class RotatingToken:
    """`oauth2.TokenStore` over a Memory; the configured refresh token is only its seed.

    A seed that was changed in the configuration replaces what is stored.
    """

    def __init__(self, memory: Memory | Callable[[], Memory] | None, seed: str, *, belongs_to: str = "") -> None:
        """`memory` may be a way to open it, which is gone through outside of the event loop's thread.

        `belongs_to`: who signs in, where the seed does not say so; another one begins anew.
        """
        self._given = ProcessMemory() if memory is None else memory
        self._seed = seed
        self._mark = hashlib.blake2b(f"{seed}{belongs_to}".encode(), digest_size=12).hexdigest()

    @property
    def _memory(self) -> Memory:
        if callable(self._given):
            self._given = self._given()
        return self._given

    async def load(self) -> StoredToken:
        held = await asyncio.to_thread(lambda: self._memory.load())
        if held is None or held.get("seed") != self._mark:
            return StoredToken(self._seed)
        return _token(held)

    async def compare_and_swap(self, expected: StoredToken, new: StoredToken) -> bool:
        def swap() -> bool:
            held = self._memory.load()
            known = _token(held) if held is not None and held.get("seed") == self._mark else StoredToken(self._seed)
            if known.version != expected.version or known.refresh_token != expected.refresh_token:
                return False
            return self._memory.compare_and_swap(held, self._document(new))

        return await asyncio.to_thread(swap)

    def _document(self, token: StoredToken) -> Json:
        return {
            "seed": self._mark,
            "refresh_token": token.refresh_token,
            "access_token": token.access_token,
            "expires_at": token.expires_at.isoformat() if token.expires_at else None,
            "version": token.version,
        }


def _token(held: Json) -> StoredToken:
    expires_at = held.get("expires_at")
    return StoredToken(
        held["refresh_token"],
        held.get("access_token") or "",
        datetime.fromisoformat(expires_at) if expires_at else None,
        int(held.get("version", 0)),
    )


class ProcessMemory:
    """A Memory for a connection without a store: it lasts as long as the process."""

    def __init__(self) -> None:
        self._held: Json | None = None

    def load(self) -> Json | None:
        return self._held

    def compare_and_swap(self, expected: Json | None, new: Json) -> bool:
        if self._held != expected:
            return False
        self._held = new
        return True
