"""How long and how often: Retry-After in both forms, full jitter, the budget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_connector.clock import ManualClock
from ml_connector.errors import OutcomeUnknownError, RateLimitedError, RemoteFaultError, UnreachableError
from ml_connector.protocols.http import Repeat
from ml_connector.protocols.retry import RetryBudget, RetryPolicy, retry_after_s

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


@given(st.integers(0, 10**6))
def test_retry_after_in_seconds(seconds: int) -> None:
    assert retry_after_s({"Retry-After": f" {seconds} "}) == seconds


@given(st.integers(-5000, 5000), st.integers(-(10**6), 10**6))
def test_retry_after_as_a_date_is_measured_by_the_servers_own_clock(wait_s: int, skew_s: int) -> None:
    server_now = NOW + timedelta(seconds=skew_s)
    headers = {"Retry-After": http_date(server_now + timedelta(seconds=wait_s)), "Date": http_date(server_now)}
    assert retry_after_s(headers, NOW) == max(0, wait_s)


def test_retry_after_as_a_date_without_the_servers_clock_uses_ours() -> None:
    assert retry_after_s({"Retry-After": http_date(NOW + timedelta(seconds=7))}, NOW) == 7


@given(st.text())
def test_retry_after_of_any_text_is_none_or_not_negative(text: str) -> None:
    seconds = retry_after_s({"Retry-After": text}, NOW)
    assert seconds is None or seconds >= 0


def test_no_header_means_none() -> None:
    assert retry_after_s({}) is None


@given(st.integers(1, 30), st.floats(0, 1, exclude_max=True))
def test_full_jitter_stays_between_zero_and_the_doubled_base(attempt: int, drawn: float) -> None:
    policy = RetryPolicy(tries=100, draw=lambda: drawn)
    delay = policy.delay_s(RemoteFaultError("x"), attempt, Repeat.SAFE)
    assert delay is not None
    assert 0 <= delay <= min(60, 2 ** (attempt - 1))


def test_a_requested_pause_is_kept_and_a_little_more() -> None:
    policy = RetryPolicy(draw=lambda: 0.5)
    assert policy.delay_s(RateLimitedError("x", retry_after_s=30), 1, Repeat.NEVER) == 30.5
    assert policy.delay_s(RemoteFaultError("x", retry_after_s=30), 1, Repeat.SAFE) == 30.5


def test_too_long_a_pause_is_for_the_next_run() -> None:
    assert RetryPolicy().delay_s(RateLimitedError("x", retry_after_s=901), 1, Repeat.SAFE) is None


def test_the_tries_end() -> None:
    policy = RetryPolicy(tries=3)
    assert policy.delay_s(UnreachableError("x"), 2, Repeat.SAFE) is not None
    assert policy.delay_s(UnreachableError("x"), 3, Repeat.SAFE) is None


@pytest.mark.parametrize(("repeat", "again"), [(Repeat.NEVER, False), (Repeat.IDENTIFIED, True)])
def test_an_unclear_write_is_repeated_only_when_it_is_identified(repeat: Repeat, again: bool) -> None:
    assert (RetryPolicy().delay_s(OutcomeUnknownError("x"), 1, repeat) is not None) is again


def test_what_was_surely_not_sent_may_always_be_sent_again() -> None:
    assert RetryPolicy().delay_s(UnreachableError("x"), 1, Repeat.NEVER) is not None


def test_the_budget_keeps_retries_to_a_share_of_the_requests(manual_clock: ManualClock) -> None:
    budget = RetryBudget(share=0.2, floor_per_minute=0, size=5)
    while budget.withdraw():
        pass
    for _ in range(20):
        budget.deposit()
    granted = sum(budget.withdraw() for _ in range(20))
    assert granted in (3, 4)


def test_the_budget_leaves_a_floor_for_quiet_times(manual_clock: ManualClock) -> None:
    budget = RetryBudget(floor_per_minute=6, size=5)
    while budget.withdraw():
        pass
    manual_clock.advance(10)
    assert [budget.withdraw(), budget.withdraw()] == [True, False]


def test_an_empty_budget_ends_retries_but_not_waiting_for_a_rate_limit() -> None:
    policy = RetryPolicy(budget=RetryBudget(size=0, floor_per_minute=0))
    assert policy.delay_s(RemoteFaultError("x"), 1, Repeat.SAFE) is None
    assert policy.delay_s(RateLimitedError("x"), 1, Repeat.SAFE) is not None
