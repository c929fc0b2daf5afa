"""Batch calls: many writes in one request, sized by what they took, each answered by itself (FACTS 17).

A Batch is not atomic, and its items come back in any order: they are matched by id. What does not come back at all has
no known outcome; what is listed as unserviced is sent again.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ml_connector.errors import OutcomeUnknownError
from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.retry import retry_after_s

PATH = "/api/now/v1/batch"
FIRST_SIZE = 20
LARGEST_BODY = 5 * 1024 * 1024
"""Bytes of one call."""
SLOWEST_SHARE = 0.8
"""Of the time aimed at, so that a slow moment does not exceed it."""

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
_INNER_HEADERS = msgspec.Raw(msgspec.json.encode([{"name": name, "value": value} for name, value in _HEADERS.items()]))
_EXPECTED = frozenset({200, 400, 403, 404, 405, 413})
_ENCODER = msgspec.json.Encoder()


class Inner(msgspec.Struct):
    """One request of a Batch call; `body` is written in base64."""

    id: str
    method: str
    url: str
    headers: msgspec.Raw
    body: bytes


class Call(msgspec.Struct):
    """A Batch call."""

    batch_request_id: str
    rest_requests: list[Inner]


class Served(msgspec.Struct):
    """The answer to one inner request."""

    id: str | int
    status_code: int | str = 0
    body: str | None = None
    headers: msgspec.Raw = msgspec.Raw(b"[]")
    execution_time: int | float | str | None = None
    error_message: str | None = None


class Reply(msgspec.Struct):
    """The answer to a Batch call."""

    serviced_requests: list[Served] = []
    unserviced_requests: list[str | int] = []


_DECODER = msgspec.json.Decoder(Reply)


@dataclass(slots=True)
class Inside:
    """What one inner request was answered."""

    status: int
    body: bytes
    retry_after_s: float | None = None


def request(base_url: str, bodies: Sequence[tuple[str, str, str, bytes]], number: int) -> Request:
    """A Batch call of (id, method, relative url, body) items."""
    inner = [Inner(name, method, url, _INNER_HEADERS, body) for name, method, url, body in bodies]
    body = _ENCODER.encode(Call(str(number), inner))
    label = f"batch of {len(inner)} writes"
    return Request("POST", base_url + PATH, _HEADERS, body, Repeat.NEVER, label, _EXPECTED)


def is_unavailable(response: Response) -> bool:
    """Whether the instance does not let us use Batch at all."""
    if response.status in (403, 404, 405):
        return True
    return response.status == 400 and b"does not represent any resource" in response.body


LONGEST_CERTAIN_S = 20.0
"""A call that took no longer was not cut at 30 s: what it did not come to was too much for it by number."""


@dataclass(slots=True)
class Answers:
    """What a Batch call brought back; items that are in neither have no known outcome."""

    by_id: dict[str, Inside]
    unserviced: frozenset[str]
    worked_s: float
    """By the instance's own word."""


def read(response: Response) -> Answers:
    """The answers by id; OutcomeUnknownError when unreadable."""
    reply = response.decode(_DECODER)
    answers: dict[str, Inside] = {}
    worked_ms = 0.0
    for served in reply.serviced_requests:
        try:
            body = binascii.a2b_base64(served.body or "")
            status = int(served.status_code)
        except (binascii.Error, ValueError):
            continue
        worked_ms += _milliseconds(served.execution_time)
        pause_s = _pause_s(served.headers) if status == 429 else None
        answers[str(served.id)] = Inside(status, body, pause_s)
    if not reply.serviced_requests and not reply.unserviced_requests:
        raise OutcomeUnknownError(
            f"{response.request.name}: the answer lists no request.", request_id=response.request_id
        )
    unserviced = frozenset(map(str, reply.unserviced_requests)) - answers.keys()
    return Answers(answers, unserviced, worked_ms / 1000)


def _milliseconds(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0


def _pause_s(headers: msgspec.Raw) -> float | None:
    try:
        listed = msgspec.json.decode(headers)
    except msgspec.DecodeError:
        return None
    if isinstance(listed, dict):
        listed = [{"name": name, "value": value} for name, value in listed.items()]
    found = {str(one.get("name", "")).title(): str(one.get("value", "")) for one in listed if isinstance(one, dict)}
    return retry_after_s(found)


@dataclass
class Sizing:
    """How many writes of one kind go into a call, so that it takes at most `target_s`."""

    target_s: float
    cap: int
    size: int = FIRST_SIZE
    _each_s: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        self.size = max(1, min(self.size, self.cap))

    def learn(self, items: int, took_s: float) -> None:
        """A call of `items` took this long: grow at most fourfold, shrink at once."""
        each_s = took_s / max(1, items)
        self._each_s = each_s if not self._each_s else 0.5 * self._each_s + 0.5 * each_s
        slowest = max(self._each_s, each_s)
        fitting = int(self.target_s * SLOWEST_SHARE / slowest) if slowest > 0 else self.cap
        if items >= self.size or fitting < self.size:
            self.size = max(1, min(self.cap, fitting, self.size * 4))

    def shrink(self) -> None:
        """A call was lost or too large."""
        self.size = max(1, self.size // 4)

    def limit(self, items: int) -> None:
        """The instance takes no more than so many in a call."""
        self.cap = max(1, items)
        self.size = min(self.size, self.cap)
