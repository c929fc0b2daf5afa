"""Carries writes to the instance and brings back what each was answered, whatever happened to the call around it.

Writes go in Batch calls, at most `max_in_flight` at a time; where Batch is not allowed, one by one. A write that
carries its own id is sent again when its outcome is unclear; any other stays unclear at once, and somebody looks it up
later.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from ml_connector import clock
from ml_connector.errors import (
    AuthenticationError,
    MLConnectorError,
    OutcomeUnknownError,
    RateLimitedError,
    StoppedError,
)
from ml_connector.protocols.http import Repeat, Request
from ml_connector.protocols.session import Session
from ml_connector.systems.servicenow import batch
from ml_connector.systems.servicenow.answers import CANCELLED, Fault, fault_of
from ml_connector.systems.servicenow.settings import Settings

MOST_ROUNDS = 6
MOST_UNCLEAR = 4
"""How often an identified write is sent before its outcome is left unclear."""
SIZE_AFTER_UNCLEAR = (1000, 5, 1, 1)
"""Items in a call by how often they were unclear before, so that one that kills its call ends up alone."""
LONGEST_PAUSE_S = 900.0
RAW_SHARE = 0.7
"""Of the largest body, for what base64 and the envelope add."""
SINGLE = frozenset({200, 201, 204, 400, 403, 404, 405, 409, 413})

_DECODE = msgspec.json.Decoder().decode


@dataclass(slots=True)
class Job:
    """One write under way."""

    method: str
    path: str
    """Relative, as a Batch call wants it."""
    body: bytes
    identified: bool
    """It may be sent again without doing anything twice."""
    kind: str
    """Writes of one kind take about the same time: table and method."""
    part: str = ""
    """Header or line, for messages."""
    empty_is_answer: bool = False
    """An empty 201 says something here (an import without the role), instead of nothing."""

    status: int = 0
    document: Any = None
    unclear: str = ""
    """Why the outcome is unknown; "" when it was answered, or was surely not done."""
    times_unclear: int = 0
    unsent: bool = True
    """Surely nothing happened."""
    pause_s: float | None = None

    @property
    def answered(self) -> bool:
        return self.status != 0

    @property
    def fault(self) -> Fault:
        return fault_of(self.document)

    @property
    def row(self) -> dict[str, Any] | None:
        """The row of a successful answer."""
        document = self.document
        result = document.get("result") if isinstance(document, dict) else None
        if isinstance(result, dict):
            return result
        if isinstance(result, list) and len(result) == 1:
            result = result[0]
        return result if isinstance(result, dict) else None

    @property
    def again(self) -> bool:
        """Whether it should be sent once more."""
        if self.answered:
            return False
        return self.unsent or (self.identified and self.times_unclear < MOST_UNCLEAR)

    def take(self, status: int, body: bytes, pause_s: float | None = None) -> None:
        """An answer came; it may still say nothing about what was done."""
        self.pause_s = pause_s
        if status in (401, 429):
            self.status, self.unclear = 0, ""
            self.unsent, self.document = self.times_unclear == 0, status
            return
        reason, document = _read(status, body, self.empty_is_answer)
        if reason:
            self.lose(reason)
        else:
            self.status, self.document, self.unclear, self.unsent = status, document, "", False

    def skip(self, certain: bool) -> bool:
        """The instance says that it did not come to it; False where that had better not be believed.

        What it was at when its time was up may have been done, and a create without an id would be done twice; not so
        where it is `certain` that its time was not up.
        """
        if not (certain or self.identified or self.method == "PATCH"):
            return False
        self.status, self.document, self.unclear, self.unsent = 0, None, "", self.times_unclear == 0
        return True

    def lose(self, reason: str) -> None:
        """No clear answer came."""
        self.status, self.document, self.unclear, self.unsent = 0, None, reason, False
        self.times_unclear += 1


def _read(status: int, body: bytes, empty_is_answer: bool) -> tuple[str, Any]:
    """(why it is unclear, decoded body) of an answer (FACTS 7, 8)."""
    if status == 202:
        return "answered 202: accepted, which does not say that it was done", None
    if status in (0, 408) or status >= 500:
        return f"answered {status}", None
    if status == 204:
        return "", None
    if not body.strip():
        return ("", None) if empty_is_answer and status == 201 else (f"answered {status} with an empty body", None)
    try:
        document = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        what = "a web page" if body.lstrip()[:1] == b"<" else "a cut-off body"
        return (f"answered {status} with {what}", None) if status < 300 else ("", None)
    if status < 300:
        fault = fault_of(document)
        if fault.message or not isinstance(document, dict) or "result" not in document:
            return f"answered {status} with {fault if fault.message else 'no row'}", None
    elif CANCELLED in fault_of(document).text:
        return "cancelled by the instance for taking too long", None
    return "", document


@dataclass
class Courier:
    """Sends writes for one connection."""

    session: Session
    base_url: str
    settings: Settings
    batching: bool = True
    """Until the instance says that Batch is not for us."""
    _sizes: dict[str, batch.Sizing] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.batching = self.settings.batch_size > 0

    async def carry(self, jobs: Sequence[Job]) -> MLConnectorError | None:
        """Send them all, each until it is answered or must be left unclear.

        Returns what concerns the whole connection and kept some from being sent; StoppedError is raised.
        """
        pending = list(jobs)
        for round_number in itertools.count(1):
            trouble = await self._round(pending)
            if trouble is not None:
                return trouble
            clear = sum(job.answered for job in pending)
            limited = [job for job in pending if job.document == 429 and not job.answered]
            pending = sorted((job for job in pending if job.again), key=lambda job: job.times_unclear)
            if not pending:
                return None
            if any(job.document == 401 for job in pending) and round_number > 1:
                return AuthenticationError("The instance stopped accepting our sign-in in the middle of a Batch call.")
            if round_number >= MOST_ROUNDS or (round_number > 2 and not clear and not limited):
                return _rate_limited(limited) if limited else None
            await self._pause(limited, round_number)
        return None

    async def _pause(self, limited: list[Job], round_number: int) -> None:
        asked = max((job.pause_s or 0.0 for job in limited), default=0.0)
        pause_s = min(asked, LONGEST_PAUSE_S) or random.random() * 0.5 * 2**round_number
        if limited:
            self.session.budget.slow_down(clock.now() + timedelta(seconds=pause_s))
        await clock.sleep(pause_s)

    async def _round(self, jobs: Sequence[Job]) -> MLConnectorError | None:
        """Send each job once."""
        queue = deque(jobs)
        troubles: list[MLConnectorError] = []

        async def lane() -> None:
            while queue and not troubles:
                try:
                    await self._next(queue)
                except MLConnectorError as error:
                    troubles.append(error)

        await asyncio.gather(*(lane() for _ in range(self.settings.max_in_flight)))
        for error in troubles:
            if isinstance(error, StoppedError):
                raise error
        return troubles[0] if troubles else None

    async def _next(self, queue: deque[Job]) -> None:
        if self.batching:
            await self._batch(self._take(queue), queue)
        else:
            await self._single(queue.popleft())

    def _take(self, queue: deque[Job]) -> list[Job]:
        """The next jobs of one kind that fit into a call."""
        first = queue[0]
        most = min(self._sizing(first).size, SIZE_AFTER_UNCLEAR[min(first.times_unclear, 3)])
        taken: list[Job] = []
        space = batch.LARGEST_BODY * RAW_SHARE
        while queue and len(taken) < most and queue[0].kind == first.kind:
            space -= len(queue[0].body) + 200
            if (space < 0 and taken) or queue[0].times_unclear != first.times_unclear:
                break
            taken.append(queue.popleft())
        return taken

    def _sizing(self, job: Job) -> batch.Sizing:
        if job.kind not in self._sizes:
            self._sizes[job.kind] = batch.Sizing(self.settings.batch_target_s, self.settings.batch_size)
        return self._sizes[job.kind]

    async def _batch(self, jobs: list[Job], queue: deque[Job]) -> None:
        items = [(str(index), job.method, job.path, job.body) for index, job in enumerate(jobs)]
        request = batch.request(self.base_url, items, next(self._numbers))
        sizing = self._sizing(jobs[0])
        try:
            response = await self.session.send(request)
            if batch.is_unavailable(response):
                self.batching = False
                queue.extendleft(reversed(jobs))
                return
            if response.status != 200:
                self._too_large(response.status, response.body, jobs, queue, sizing)
                return
            answers = batch.read(response)
        except OutcomeUnknownError as error:
            sizing.shrink()
            for job in jobs:
                job.lose(error.message)
            return
        took_s = max(answers.worked_s, response.elapsed_s)
        by_number = took_s <= batch.LONGEST_CERTAIN_S
        sizing.learn(len(answers.by_id) or 1, took_s)
        if answers.unserviced and answers.by_id and by_number:
            sizing.limit(len(answers.by_id))
        for index, job in enumerate(jobs):
            answer = answers.by_id.get(str(index))
            if answer is not None:
                job.take(answer.status, answer.body, answer.retry_after_s)
            elif str(index) not in answers.unserviced or not job.skip(by_number):
                job.lose("the Batch call ended before it was serviced")

    def _too_large(self, status: int, body: bytes, jobs: list[Job], queue: deque[Job], sizing: batch.Sizing) -> None:
        """The call as a whole was refused: in smaller ones only what is wrong stays refused."""
        if len(jobs) == 1:
            jobs[0].take(status, body or b"{}")
            return
        sizing.size = max(1, len(jobs) // 2)
        queue.extendleft(reversed(jobs))

    async def _single(self, job: Job) -> None:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        label = f"{job.kind} {job.part}"
        request = Request(job.method, self.base_url + job.path, headers, job.body, Repeat.NEVER, label, SINGLE)
        try:
            response = await self.session.send(request)
        except OutcomeUnknownError as error:
            job.lose(error.message)
        else:
            job.take(response.status, response.body)


def _rate_limited(jobs: list[Job]) -> RateLimitedError:
    return RateLimitedError(
        f"The instance answered 429 to {len(jobs)} writes, again and again.", retry_after_s=jobs[0].pause_s
    )
