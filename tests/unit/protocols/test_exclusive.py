"""A named lock across processes: one at a time, kept while held, and never in the way of what was done under it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ml_connector import clock
from ml_connector.errors import UnreachableError
from ml_connector.protocols import exclusive as module
from ml_connector.protocols.exclusive import exclusive


class TestLocks:
    """Locks of a store that can be out of order."""

    __test__ = False

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.taken = 0
        self.fails = False
        self.wanted = False

    def take(self, name: str, owner: str, ttl_s: float) -> bool:
        if self.fails:
            raise OSError("the store is out of order")
        self.taken += 1
        return self.held.setdefault(name, owner) == owner

    def give_back(self, name: str, owner: str) -> bool:
        if self.fails:
            raise OSError("the store is out of order")
        if self.held.get(name) == owner:
            del self.held[name]
        wanted, self.wanted = self.wanted, False
        return wanted


async def test_one_at_a_time_and_given_back() -> None:
    locks, inside = TestLocks(), 0

    async def work() -> None:
        nonlocal inside
        async with exclusive(locks, "x"):
            inside += 1
            assert inside == 1 and locks.held
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(10)))
    assert locks.held == {}


async def test_another_process_is_waited_for_only_so_long() -> None:
    locks = TestLocks()
    locks.held["x"] = "somebody else"
    with pytest.raises(UnreachableError, match="busy with x"):
        async with exclusive(locks, "x", wait_s=3):
            pass
    assert locks.held == {"x": "somebody else"}
    assert locks.taken > 3


async def test_what_was_done_stands_although_the_store_fails_then() -> None:
    locks = TestLocks()
    async with exclusive(locks, "x"):
        locks.fails = True


async def test_a_failing_store_does_not_end_the_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TTL_S", 0.003)
    loop, again = asyncio.get_running_loop(), asyncio.Event()

    class Hiccup(TestLocks):
        def take(self, name: str, owner: str, ttl_s: float) -> bool:
            self.taken += 1
            if self.taken in (2, 3):
                raise OSError("the store is out of order")
            if self.taken > 3:
                loop.call_soon_threadsafe(again.set)
            return self.held.setdefault(name, owner) == owner

    locks = Hiccup()
    async with exclusive(locks, "x"):
        await again.wait()
    assert locks.held == {}


async def test_the_error_of_the_body_comes_through_and_frees_the_lock() -> None:
    locks = TestLocks()
    with pytest.raises(ValueError, match="mine"):
        async with exclusive(locks, "x"):
            raise ValueError("mine")
    assert locks.held == {}


def test_a_loop_that_ended_amid_a_body_leaves_nothing_behind_for_the_next() -> None:
    """Event loops are made and thrown away; a new one may stand where an old one stood."""

    async def hold_for_ever() -> None:
        async def body() -> None:
            async with exclusive(None, "x"):
                await asyncio.Event().wait()

        holder = asyncio.ensure_future(body())
        waiter = asyncio.ensure_future(body())
        await asyncio.sleep(0)
        assert not holder.done() and not waiter.done()

    async def enter() -> None:
        async with exclusive(None, "x"):
            pass

    for _ in range(20):
        asyncio.run(hold_for_ever())
        asyncio.run(enter())


async def test_who_is_cancelled_while_he_asks_leaves_no_lock() -> None:
    asked, answered = threading.Event(), threading.Event()

    class SlowLocks(TestLocks):
        def take(self, name: str, owner: str, ttl_s: float) -> bool:
            asked.set()
            answered.wait(10)
            return super().take(name, owner, ttl_s)

    locks = SlowLocks()

    async def work() -> None:
        async with exclusive(locks, "x"):
            raise AssertionError("cancelled before")

    task = asyncio.create_task(work())
    await asyncio.to_thread(asked.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    answered.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (locks.taken, locks.held) == (1, {})


# Kept from body to body


async def test_who_asks_often_asks_the_store_once() -> None:
    locks = TestLocks()
    taken = []
    for _ in range(5):
        async with exclusive(locks, "x", keep_s=60) as fresh:
            taken.append(fresh)
        assert locks.held
    assert (locks.taken, taken) == (1, [True, False, False, False, False])


async def test_a_body_that_does_not_keep_it_gives_back_what_was_kept() -> None:
    locks = TestLocks()
    async with exclusive(locks, "x", keep_s=60):
        pass
    async with exclusive(locks, "x"):
        pass
    assert (locks.taken, locks.held) == (1, {})


async def test_given_back_when_nobody_asks_again() -> None:
    given_back = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Told(TestLocks):
        def give_back(self, name: str, owner: str) -> bool:
            loop.call_soon_threadsafe(given_back.set)
            return super().give_back(name, owner)

    locks = Told()
    async with exclusive(locks, "x", keep_s=0.001):
        pass
    await given_back.wait()
    async with exclusive(locks, "x", keep_s=60) as fresh:
        assert fresh
    assert locks.taken == 2


async def test_after_a_while_it_is_the_turn_of_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEEP_AT_MOST_S", 0.0)
    locks = TestLocks()
    with clock.use(clock.ManualClock()) as manual:
        async with exclusive(locks, "x", keep_s=60):
            locks.wanted = True
        assert (locks.held, manual.monotonic()) == ({}, 0)  # who does not ask again does not wait
        async with exclusive(locks, "x", keep_s=60):
            assert manual.monotonic() >= 2 * module.ASK_EVERY_S  # long enough for the other to see it free
        before = manual.monotonic()
        async with exclusive(locks, "x", keep_s=60):
            assert manual.monotonic() == before  # nobody waited


async def test_what_is_kept_is_not_trusted_after_a_freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    locks = TestLocks()
    async with exclusive(locks, "x", keep_s=60):
        pass
    monkeypatch.setattr(module, "TTL_S", 0.0)  # so much time has passed
    async with exclusive(locks, "x", keep_s=60) as fresh:
        assert fresh
    assert locks.taken >= 2


async def test_another_store_is_asked_for_itself() -> None:
    one, other = TestLocks(), TestLocks()
    async with exclusive(one, "x", keep_s=60):
        pass
    async with exclusive(other, "x", keep_s=60):
        assert one.held == {} and other.held


def test_the_end_of_the_loop_gives_back_what_is_kept() -> None:
    locks = TestLocks()

    async def work() -> None:
        async with exclusive(locks, "x", keep_s=60):
            pass

    asyncio.run(work())
    assert locks.held == {}
