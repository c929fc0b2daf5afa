"""A process of its own that uses the connection of a workspace when told; the test moves its clock."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from ml_connector import clock
from ml_connector.connections import Connections
from ml_connector.protocols.rotating_token import RotatingToken
from ml_connector.store.keyring import Keyring
from ml_connector.store.locks import StoredLocks
from ml_connector.store.setup import open_workspace
from ml_connector.systems.base import Opening
from ml_connector.systems.sage_x3 import CONNECTOR

KEYRING = Keyring([b"k" * 32], "test")
Order = tuple[Literal["use", "die_after_storing", "die_holding_the_lock", "end"], float]
"""What to do, and at how many seconds after the start."""


class MovedClock:
    """Stands at the moment that the test says; waiting for another process takes real time, but little."""

    def __init__(self, start: datetime) -> None:
        self.start, self.offset = start, 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.offset)

    def monotonic(self) -> float:
        return self.offset

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


def serve(orders: Connection, database_url: str, folder: str, start: datetime) -> None:
    """Opens the connection as a run does, and answers each order with the access token that was used."""
    workspace = open_workspace(database_url, Path(folder), KEYRING, alias=f"worker-{os.getpid()}")
    opening = Connections(workspace).opening("x3")
    with clock.use(MovedClock(start)) as moved:
        asyncio.run(_serve(orders, opening, moved))


async def _serve(orders: Connection, opening: Opening, moved: MovedClock) -> None:
    async with CONNECTOR.open(opening) as system:
        orders.send("ready")
        while True:
            what, moved.offset = await asyncio.to_thread(orders.recv)
            if what == "end":
                return
            if what == "die_after_storing":
                _die_after_storing()
            elif what == "die_holding_the_lock":
                _die_holding_the_lock()
            orders.send(await _use(system))


async def _use(system: Any) -> str:
    """One request of X3 and the token it was signed with."""
    page = await system.api.page("gl_accounts", system.api.first_page("gl_accounts", count=1))
    assert page.rows
    found: str = (await system.session.auth.headers())["Authorization"]
    return found


def _die_after_storing() -> None:
    """The renewal was answered and stored; the token was not used yet."""
    swap = RotatingToken.compare_and_swap

    async def swap_and_die(self: RotatingToken, expected: Any, new: Any) -> bool:
        assert await swap(self, expected, new)
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    RotatingToken.compare_and_swap = swap_and_die  # type: ignore[method-assign]


def _die_holding_the_lock() -> None:
    take = StoredLocks.take

    def take_and_die(self: StoredLocks, name: str, owner: str, ttl_s: float) -> bool:
        assert take(self, name, owner, ttl_s)
        os.kill(os.getpid(), signal.SIGKILL)
        return True

    StoredLocks.take = take_and_die  # type: ignore[method-assign]
