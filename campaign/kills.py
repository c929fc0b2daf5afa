"""Moments to die at: in a transaction of the store, or at a request to one of the simulators."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ml_connector_simulators.exchange import Call, Label
from ml_connector_simulators.faults import KillOrder, Match


@dataclass(frozen=True)
class StoreKill:
    """When the process comes to a point of `store.faults` for the n-th time."""

    point: str
    """`settle:before_commit`"""
    nth: int = 1

    @property
    def text(self) -> str:
        return f"{self.point}:{self.nth}"


@dataclass(frozen=True)
class RequestKill:
    """When a simulator receives its n-th request of some kind."""

    end: Literal["source", "target"]
    nth: int = 1
    when: Literal["before", "after"] = "before"
    """It is processed."""
    match: Mapping[str, Any] = field(default_factory=dict)
    name: str = "request"
    late_s: float = 0.0
    """The request is processed so long after the sender died."""

    @property
    def text(self) -> str:
        when = f"late {self.late_s:g} s" if self.late_s else self.when
        return f"{self.end} {self.name}:{when}:{self.nth}"

    def order(self, pid: int) -> KillOrder:
        return KillOrder(pid, self.nth, self.when, msgspec.convert(self.match, Match))


Kill = StoreKill | RequestKill


class Strike:
    """Takes a kill order's place: sends a signal at the n-th request, which goes on as if nothing had happened."""

    when = "before"

    def __init__(self, pid: int, nth: int, match: Mapping[str, Any], number: int = signal.SIGKILL) -> None:
        self._pid, self._left, self._number = pid, nth, number
        self._match = msgspec.convert(match, Match)
        self.done = False

    def due(self, call: Call, label: Label) -> bool:
        """Never: nothing is left to carry out."""
        if not self.done and self._match.fits(call, label):
            self._left -= 1
            self.done = self._left == 0
            if self.done:
                with suppress(ProcessLookupError):
                    os.kill(self._pid, self._number)
        return False
