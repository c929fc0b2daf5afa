"""Several calls at a time: answers in order, and none under way after a failure."""

from __future__ import annotations

import asyncio

import pytest

from ml_connector.protocols.together import together


async def _answer(value: int, after_s: float = 0.0) -> int:
    await asyncio.sleep(after_s)
    return value


async def test_answers_come_in_the_order_of_the_calls() -> None:
    assert await together([_answer(1, 0.02), _answer(2), _answer(3, 0.01)]) == [1, 2, 3]


@pytest.mark.parametrize("count", [0, 1])
async def test_none_and_a_single_one(count: int) -> None:
    assert await together(_answer(number) for number in range(count)) == list(range(count))


async def test_a_failure_ends_the_others_before_it_is_raised() -> None:
    ended = []

    async def waits() -> int:
        try:
            return await _answer(1, 60)
        finally:
            await asyncio.sleep(0.01)
            ended.append("waits")

    async def fails() -> int:
        await asyncio.sleep(0.01)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await together([waits(), fails()])
    assert ended == ["waits"]
