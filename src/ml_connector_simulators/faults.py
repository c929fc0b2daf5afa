"""Faults on order: which request is hit, and what then goes wrong."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from typing import Literal

import msgspec

from .clock import SimulatedClock
from .exact_json import dump
from .exchange import Answer, Call, Label

Trouble = Literal[
    "status",  # answer with `status`, `body`, `headers`, without processing
    "drop_before",  # close the connection without processing
    "drop_after",  # process, then close the connection without an answer
    "process_late",  # close the connection at once, process `seconds` later
    "delay",  # wait `seconds`, then go on as usual (combines with another rule)
    "truncate",  # process, announce the full length, send half, close
    "slow",  # process, send the body in small pieces over `seconds`
    "html",  # answer 200 with an HTML page, without processing
    "html_after",  # process, then answer 200 with an HTML page
    "garbage",  # answer 200 with broken JSON, without processing
]


class Match(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every given condition must hold; `path` and `body` are regular expressions searched for."""

    method: str | None = None
    path: str | None = None  # searched in the decoded path with its query as sent
    body: str | None = None
    kind: Literal["token", "read", "write"] | None = None
    entity: str | None = None  # the whole name
    inner: bool = False  # True: requests inside batches instead of outer ones (do: status only)

    def fits(self, call: Call, label: Label) -> bool:
        if call.inner != self.inner:
            return False
        if self.method is not None and self.method.upper() != call.method:
            return False
        if self.kind is not None and self.kind != label.kind:
            return False
        if self.entity is not None and self.entity != label.entity:
            return False
        if self.path is not None and not re.search(self.path, f"{call.decoded_path}?{call.query}"):
            return False
        return self.body is None or bool(re.search(self.body, call.body.decode("utf-8", "replace")))


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong; which further field matters is said at `Trouble`."""

    do: Trouble
    status: int = 503
    body: str | dict[str, object] | None = None
    headers: dict[str, str] = {}
    retry_after_s: int | None = None
    retry_after_form: Literal["seconds", "date"] = "seconds"
    seconds: float = 1.0

    def answer(self, clock: SimulatedClock) -> Answer:
        """The prepared answer of the troubles that give one."""
        if self.do in ("html", "html_after"):
            page = b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"
            return Answer.of(page, "text/html; charset=utf-8")
        if self.do == "garbage":
            return Answer.of(b'{"value":[{"broken":', "application/json")
        answer = self._plain_answer()
        answer.headers.update(self.headers)
        if self.retry_after_s is not None:
            as_date = self.retry_after_form == "date"
            after = clock.http_date(self.retry_after_s) if as_date else str(self.retry_after_s)
            answer.headers["Retry-After"] = after
        return answer

    def _plain_answer(self) -> Answer:
        if self.body is None:
            return Answer(self.status)
        if isinstance(self.body, str):
            return Answer.of(self.body.encode(), "text/plain; charset=utf-8", self.status)
        return Answer.of(dump(self.body), "application/json", self.status)


class FaultRule(msgspec.Struct, forbid_unknown_fields=True):
    """Of the matching requests, skips the first `after`, then hits the `nth`, or every `every`-th, at most `times`.

    Without any of these every matching request is hit.
    """

    action: Action
    match: Match = Match()
    after: int = 0
    nth: int | None = None
    every: int = 1
    times: int | None = None
    seen: int = 0
    fired: int = 0

    def counts(self, call: Call, label: Label) -> bool:
        """Counts the request if it matches; True if the rule wants to hit it."""
        if not self.match.fits(call, label):
            return False
        self.seen += 1
        position = self.seen - self.after
        if position <= 0 or position % self.every:
            return False
        if self.nth is not None and position != self.nth:
            return False
        return self.times is None or self.fired < self.times


class FaultPlan:
    """The rules in force. Delays add up; of the others the first rule that hits decides."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def add(self, rule: FaultRule) -> None:
        self.rules.append(rule)

    def clear(self) -> None:
        self.rules.clear()

    def pick(self, call: Call, label: Label) -> tuple[float, Action | None]:
        """Seconds to wait, and the trouble that hits this request (None: none). Every rule counts every request."""
        wait, chosen = 0.0, None
        for rule in self.rules:
            if not rule.counts(call, label):
                continue
            if rule.action.do == "delay":
                wait += rule.action.seconds
            elif chosen is None:
                chosen = rule.action
            else:
                continue
            rule.fired += 1
        return wait, chosen


class KillOrder(msgspec.Struct, forbid_unknown_fields=True):
    """SIGKILLs `pid` at the `nth` request from now on (control requests not counted).

    `before`: the request is not processed at all. `after`: it is processed, its answer is never sent.
    """

    pid: int
    nth: int
    when: Literal["before", "after"] = "before"
    match: Match | None = None
    seen: int = 0
    done: bool = False

    def due(self, call: Call, label: Label) -> bool:
        """Counts the request; True if this is the one."""
        if self.done or (self.match is not None and not self.match.fits(call, label)):
            return False
        self.seen += 1
        self.done = self.seen == self.nth
        return self.done

    def carry_out(self) -> None:
        if self.pid <= 1 or self.pid == os.getpid():
            raise ValueError(f"refusing to kill process {self.pid}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
