"""Limits and troubles on the way to an answer: waited for, tried again, and never taken for "nothing there"."""

from __future__ import annotations

import pytest

from conformance.probing import ask, whole
from conformance.subject import Subject
from ml_connector.clock import ManualClock
from ml_connector.errors import MLConnectorError, TransientError

pytestmark = pytest.mark.inside
ANY_READ = {"kind": "read"}
PAUSE_S = 17


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_rate_limit_says_how_long(subject: Subject, manual_clock: ManualClock, form: str) -> None:
    """429 with Retry-After, in either form: that long, then everything."""
    subject.fault("status", match=ANY_READ, nth=2, status=429, retry_after_s=PAUSE_S, retry_after_form=form)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth
    assert PAUSE_S - 1 <= max(manual_clock.slept) <= PAUSE_S + 5


async def test_rate_limit_does_not_say_how_long(subject: Subject, manual_clock: ManualClock) -> None:
    """429 without a header: a growing pause of our own, then everything."""
    subject.fault("status", match=ANY_READ, nth=2, status=429)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth
    assert manual_clock.slept


async def test_rate_limit_that_does_not_end(subject: Subject, manual_clock: ManualClock) -> None:
    """429 for ever: the route stops until the next run, after a bounded number of tries."""
    subject.fault("status", match=ANY_READ, status=429, retry_after_s=PAUSE_S)
    async with subject.connect() as system:
        with pytest.raises(TransientError):
            await ask(subject, system)
    assert subject.requests("read") <= 30


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_trouble(subject: Subject, status: int) -> None:
    """A 5xx to a read is tried again."""
    subject.fault("status", match=ANY_READ, nth=2, status=status)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth


async def test_server_trouble_that_does_not_end(subject: Subject) -> None:
    """503 for ever: the route stops until the next run, after a bounded number of tries."""
    subject.fault("status", match=ANY_READ, status=503)
    async with subject.connect() as system:
        with pytest.raises(TransientError):
            await ask(subject, system)
    assert subject.requests("read") <= 30


@pytest.mark.parametrize("moment", ["drop_before", "drop_after"])
async def test_lost_connection(subject: Subject, moment: str) -> None:
    """A read whose connection is lost is tried again."""
    subject.fault(moment, match=ANY_READ, nth=2)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth


async def test_time_out(subject: Subject) -> None:
    """An answer that does not come in time is asked for again."""
    subject.fault("delay", match=ANY_READ, nth=2, seconds=0.5)
    async with subject.connect(**subject.impatient) as system:
        found, truth = await whole(subject, system)
    assert found == truth
    assert _repeated(subject)


async def test_slow_body(subject: Subject) -> None:
    """An answer that trickles in, longer than the time-out but never silent for so long, is read to its end."""
    subject.fault("slow", match=ANY_READ, nth=2, seconds=0.5)
    async with subject.connect(**subject.impatient) as system:
        found, truth = await whole(subject, system)
    assert found == truth
    assert not _repeated(subject)


async def test_truncated_body(subject: Subject) -> None:
    """An answer that breaks off is asked for again; its first half is not taken for all."""
    subject.fault("truncate", match=ANY_READ, nth=2)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth
    assert _repeated(subject)


@pytest.mark.parametrize("what", ["html", "garbage"])
@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_something_else_with_status_200(subject: Subject, what: str, nth: int) -> None:
    """A web page or broken JSON is no answer: it is asked for again, or it stops the route; it is never "nothing"."""
    subject.fault(what, match=ANY_READ, nth=nth)
    async with subject.connect() as system:
        try:
            found, truth = await whole(subject, system)
        except MLConnectorError as error:
            assert error.fix
        else:
            assert found == truth


async def test_token_endpoint_in_trouble(subject: Subject) -> None:
    """A token endpoint that answers 503 is asked again."""
    subject.fault("status", match={"kind": "token"}, nth=1, status=503)
    async with subject.connect() as system:
        found, truth = await whole(subject, system)
    assert found == truth


def _repeated(subject: Subject) -> bool:
    """Whether the request after the second was the second again."""
    reads = [entry.target for entry in subject.simulator.journal.entries if entry.kind == "read"]
    return reads.count(reads[1]) > 1
