"""What a simulator was asked: counts that a test may compare, and the latest requests themselves."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime

import msgspec

from .exchange import Answer, Call, Label

KEPT_REQUESTS = 5000
KEPT_BODY_CHARACTERS = 4000
_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-plex-connect-api-key",
        "x-plex-connect-api-secret",
    }
)


class Entry(msgspec.Struct):
    """One request; `status` 0 means that no answer was given. Secrets in headers are left out."""

    number: int
    at: datetime
    kind: str
    entity: str
    method: str
    target: str
    headers: dict[str, str]
    body: str
    inner: bool
    status: int = 0
    fault: str = ""
    answer: str = ""


class Counts(msgspec.Struct):
    """Requests since the last reset; control requests and the human page are never counted."""

    total: int = 0  # outer requests, token requests included
    by_kind: dict[str, int] = {}  # outer requests: token, read, write
    by_entity: dict[str, int] = {}  # outer requests, "read PurchaseOrderSet"
    by_status: dict[str, int] = {}  # "0" = no answer
    inner_total: int = 0  # requests inside batches
    inner_by_entity: dict[str, int] = {}


class Journal:
    """Keeps counts and the latest KEPT_REQUESTS requests."""

    def __init__(self) -> None:
        self._number = 0
        self.reset()

    def reset(self) -> None:
        """Sets all counts to zero and forgets the kept requests; numbers go on."""
        self.entries: deque[Entry] = deque(maxlen=KEPT_REQUESTS)
        self._total = self._inner_total = 0
        self._by_kind: Counter[str] = Counter()
        self._by_entity: Counter[str] = Counter()
        self._by_status: Counter[str] = Counter()
        self._inner_by_entity: Counter[str] = Counter()

    def open(self, call: Call, label: Label, at: datetime) -> Entry:
        """Counts a request that has just come in."""
        self._number += 1
        name = f"{label.kind} {label.entity}".strip()
        if call.inner:
            self._inner_total += 1
            self._inner_by_entity[name] += 1
        else:
            self._total += 1
            self._by_kind[label.kind] += 1
            self._by_entity[name] += 1
        entry = Entry(
            self._number,
            at,
            label.kind,
            label.entity,
            call.method,
            call.target,
            {k: v for k, v in call.headers.items() if k.lower() not in _SECRET_HEADERS},
            "" if label.kind == "token" else _excerpt(call.body),
            call.inner,
        )
        self.entries.append(entry)
        return entry

    def close(self, entry: Entry, answer: Answer | None, fault: str = "") -> None:
        """Notes the outcome; `answer` None means that the caller got none."""
        entry.status = answer.status if answer else 0
        entry.fault = fault
        if answer and entry.kind != "token":
            entry.answer = _excerpt(answer.body)
        if not entry.inner:
            self._by_status[str(entry.status)] += 1

    def counts(self) -> Counts:
        """A copy of the counts."""
        return Counts(
            self._total,
            dict(self._by_kind),
            dict(self._by_entity),
            dict(self._by_status),
            self._inner_total,
            dict(self._inner_by_entity),
        )


def _excerpt(body: bytes) -> str:
    return body[:KEPT_BODY_CHARACTERS].decode("utf-8", "replace")
