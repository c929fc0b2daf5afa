"""One request at a time, politely: pauses, the circuit breaker, and pages that are halved after a time-out.

The vendor suspends clients whose requests time out (FACTS 12), so that the very same request is never sent again after
one: a list is asked for in smaller pages, then in shorter windows of dates, and what cannot be made smaller stops.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import msgspec

from ml_connector import clock
from ml_connector.errors import (
    ContractError,
    MLConnectorError,
    OutcomeUnknownError,
    RateLimitedError,
    RemoteFaultError,
    TransientError,
)
from ml_connector.protocols.exclusive import Locks, exclusive
from ml_connector.protocols.http import Repeat, Request, Response, origin_of
from ml_connector.protocols.rest import Parameters, RequestOptions, RestClient, Scalar
from ml_connector.protocols.retry import RetryPolicy
from ml_connector.protocols.session import Session
from ml_connector.systems.procurify.breaker import Breaker, BreakerOpenError
from ml_connector.systems.procurify.settings import Settings

log = logging.getLogger(__name__)
RowDict = dict[str, Any]

USER = "/api/v3/users/me/"
TRIES = 5
LONGEST_PAUSE_S = 120.0
LOCK_WAIT_S = 900.0
"""Another process may be waiting for a rate limit to pass."""
LOCK_KEEP_S = 0.5
"""Who asks again within so long is not made to ask the store for his turn."""


def is_time_out(error: MLConnectorError) -> bool:
    """Whether Procurify (or a gateway before it) gave no answer in time."""
    return bool(error.fields.get("timed_out")) or error.fields.get("status") in (408, 504)


class PoliteRetry(RetryPolicy):
    """Only reads are tried again, never after a time-out.

    Where no pause was asked for: 4, 8, 16 and 32 s, together the minute that limits are mostly counted by (FACTS 13).
    """

    def delay_s(self, error: TransientError, attempt: int, repeat: Repeat) -> float | None:
        if attempt >= self.tries or repeat is not Repeat.SAFE or is_time_out(error):
            return None
        return self.pause_s(error, attempt)

    def pause_s(self, error: TransientError, attempt: int) -> float | None:
        """How long to wait after failed attempt number `attempt`; None: longer than we wait."""
        asked = error.retry_after_s if isinstance(error, RateLimitedError) else error.fields.get("retry_after_s")
        if asked is not None and asked > self.retry_after_cap_s:
            return None
        growing = min(LONGEST_PAUSE_S, 2.0 * 2.0**attempt)
        return float(growing if asked is None else asked) + self.draw()


@dataclass(frozen=True, slots=True)
class Window:
    """A pair `<name>_0`, `<name>_1` of days, both inclusive."""

    name: str
    start: date
    end: date
    suffixes: tuple[str, str] = ("_0", "_1")
    as_times: bool = False
    """The pair takes points in time instead of days."""

    @property
    def parameters(self) -> dict[str, str]:
        times = ("T00:00:00Z", "T23:59:59Z") if self.as_times else ("", "")
        return {
            self.name + self.suffixes[0]: self.start.isoformat() + times[0],
            self.name + self.suffixes[1]: self.end.isoformat() + times[1],
        }

    def halves(self) -> tuple[Window, Window] | None:
        """Two shorter ones; None for a single day."""
        days = (self.end - self.start).days
        if days < 1:
            return None
        middle = self.start + timedelta(days=days // 2)
        return (
            Window(self.name, self.start, middle, self.suffixes, self.as_times),
            Window(self.name, middle + timedelta(days=1), self.end, self.suffixes, self.as_times),
        )


class Period(Protocol):
    """What a list is asked for beside its filters: days, or moments."""

    @property
    def parameters(self) -> dict[str, str]: ...

    def halves(self) -> tuple[Period, Period] | None: ...


class RawRow(RowDict):
    """A row that remembers how it came."""

    raw: bytes = b""


@dataclass
class Listing:
    """A list as far as it was read."""

    path: str
    parameters: Mapping[str, Scalar | None]
    size: int
    rows: dict[object, RowDict] = field(default_factory=dict)
    offset: int = 0
    """Rows before the next page."""
    link: str = ""
    """Path and query of the next page, as the last answer gave it."""
    seen: set[str] = field(default_factory=set)
    count: int | None = None
    shrunk: bool = False
    """It lost rows while it was read: those behind them moved up, perhaps onto a page that was read already."""
    done: bool = False

    @property
    def target(self) -> str:
        """Path and query to ask for next."""
        return self.link

    def smaller(self) -> bool:
        """Go on in pages of half the size; False when they are of one row."""
        if self.size < 2:
            return False
        self.size //= 2
        self.link = ""
        return True

    def take(self, rows: Sequence[RowDict], paging: Mapping[str, Any]) -> None:
        """A page has come; rows move between pages, so that one may come twice."""
        for row in rows:
            self.rows[key_of(row)] = row
        count, size, page = paging.get("count"), paging.get("page_size"), paging.get("current_page")
        before, self.count = self.count, count if isinstance(count, int) else None
        self.shrunk = self.shrunk or (before is not None and self.count is not None and self.count < before)
        self.offset = page * size if isinstance(page, int) and isinstance(size, int) else self.offset + len(rows)
        self.link = _path_and_query(paging.get("next"))
        self.done = not self.link
        if self.link in self.seen:
            raise ContractError(f"List {self.path}: its next page is one that was read already.")
        self.seen.add(self.link)


def key_of(row: RowDict) -> object:
    """What tells a row of a list from another."""
    return next((row[name] for name in ("id", "procurify_PO", "uuid", "num") if row.get(name) is not None), id(row))


class Api:
    """The requests of one connection."""

    def __init__(
        self, session: Session, base_url: str, settings: Settings, breaker: Breaker, locks: Locks | None
    ) -> None:
        self.session = session
        self.settings = settings
        self.breaker = breaker
        self.locks = locks
        self.lock_name = f"procurify {origin_of(base_url)}"
        """Of the domain, since its limits are for all who use it."""
        self.policy = session.retry
        self._client = RestClient(session, base_url, headers={"X-Procurify-Client": settings.client_header})
        self._finished = float("-inf")
        self._today: date | None = None
        self.asked = False
        """Something was answered, so that we know as whom we are signed in."""

    # --- single requests -----------------------------------------------------------------------------------------

    async def get(self, path: str, parameters: Parameters = (), **options: Any) -> Response:
        """Read; tried again where that is allowed."""
        return await self._send(self._client.request("GET", path, None, parameters, **options))

    async def today(self) -> date:
        """By the server's clock, as its last answer told; ours where it tells none."""
        if self._today is None:
            await self.get(USER, label="acting user", expect=frozenset({200, 403, 404}))
        return self._today or clock.now().date()

    async def server_now(self) -> datetime:
        """The server's clock, asked for; ours where it tells none."""
        response = await self.get(USER, label="acting user", expect=frozenset({200, 403, 404}))
        return response.server_date or clock.now()

    async def one(self, path: str, label: str) -> RowDict | None:
        """What is at a single address; None where nothing is."""
        response = await self.get(path, label=label, expect=frozenset({200, 404}))
        return None if response.status == 404 else _raw_row(response)

    async def write(self, method: str, path: str, body: RowDict, label: str) -> RowDict:
        """Create or change, sent once; what Procurify answered.

        OutcomeUnknownError where no clear answer came, RateLimitedError where it was surely not done.
        """
        options: RequestOptions = {"repeat": Repeat.NEVER, "label": label, "expect": frozenset({200, 201})}
        found: RowDict = _data(await self._send(self._client.request(method, path, body, **options)), dict)
        return found

    async def pause(self, error: RateLimitedError, attempt: int) -> bool:
        """Wait as the answer to a write asked for; False when that is too long."""
        pause_s = self.policy.pause_s(error, attempt) if isinstance(self.policy, PoliteRetry) else None
        if pause_s is None:
            return False
        async with exclusive(self.locks, self.lock_name, wait_s=LOCK_WAIT_S):
            await clock.sleep(pause_s)
        return True

    async def _send(self, request: Request) -> Response:
        async with exclusive(self.locks, self.lock_name, wait_s=LOCK_WAIT_S, keep_s=LOCK_KEEP_S) as others_asked:
            await self.breaker.check()
            await self._keep_apart(others_asked)
            try:
                response = await self.session.send(request)
            except MLConnectorError as error:
                log.warning("%s (request id %s)", error.message, error.fields.get("request_id", "unknown"))
                if is_time_out(error):
                    await self._time_out(request, error)
                raise
            finally:
                self._finished = clock.monotonic()
        self.asked = True
        if response.server_date is not None:
            self._today = response.server_date.date()
        return response

    async def _keep_apart(self, others_asked: bool) -> None:
        """Keep the distance from the last request, which may be another process's of a moment ago."""
        interval_s = self.settings.min_interval_ms / 1000
        since_s = 0.0 if others_asked else clock.monotonic() - self._finished
        if since_s < interval_s:
            await clock.sleep(interval_s - since_s)

    async def _time_out(self, request: Request, error: MLConnectorError) -> None:
        try:
            await self.breaker.note(request.name)
        except TransientError as opened:
            if not request.is_write:
                raise
            unclear = OutcomeUnknownError(f"{error.message} {opened.message}", **error.fields)
            raise unclear from error

    # --- lists ---------------------------------------------------------------------------------------------------

    async def listed(
        self, path: str, parameters: Mapping[str, Scalar | None] | None = None, window: Period | None = None
    ) -> list[RowDict]:
        """Every row of a list; read a second time when it moved so that fewer came than it said."""
        await self.breaker.check()
        size = min(self.settings.page_size, self.breaker.page_size(path) or self.settings.page_size)
        listing = Listing(path, {**(parameters or {}), **(window.parameters if window else {})}, size)
        for _ in range(2):
            listing.offset, listing.link, listing.done = 0, "", False
            listing.shrunk, listing.count = False, None
            listing.seen = set()
            while not listing.done:
                try:
                    await self._next(listing)
                except TransientError as error:
                    if not is_time_out(error):
                        raise
                    smaller = listing.smaller()
                    await self.breaker.keep_page_size(path, listing.size)
                    if isinstance(error, BreakerOpenError):
                        raise
                    if not smaller:
                        return await self._in_halves(path, parameters, window, error)
            if listing.shrunk:
                continue
            if listing.count is None or len(listing.rows) >= listing.count:
                return list(listing.rows.values())
        if listing.shrunk and len(listing.rows) >= (listing.count or 0):
            return list(listing.rows.values())  # what both readings have shown together
        raise RemoteFaultError(
            f"List {path}: it says that it has {listing.count} rows and showed {len(listing.rows)}, twice.",
            fix="Rows may be hidden from the user of the application (its role), or people change many just now.",
        )

    async def count(self, path: str, window: Period | None = None) -> int:
        """How many rows a list has by its own account."""
        parameters: dict[str, Scalar | None] = {"page": 1, "page_size": 1, **(window.parameters if window else {})}
        response = await self.get(path, parameters, label=f"list {path}")
        return int(_paging(response.json()).get("count") or 0)

    async def _next(self, listing: Listing) -> None:
        label = f"list {listing.path}"
        expect = frozenset({200, 404}) if listing.offset else None
        if listing.link:
            response = await self.get(listing.link, label=label, expect=expect)
        else:
            page = listing.offset // listing.size + 1
            parameters = {**listing.parameters, "order_by": "id", "page": page, "page_size": listing.size}
            response = await self.get(listing.path, parameters, label=label, expect=expect)
        if response.status == 404:
            listing.done = True  # fewer pages than a moment ago
            return
        rows = _raw_rows(response)
        listing.take(rows, _paging(response.json()))

    async def _in_halves(
        self,
        path: str,
        parameters: Mapping[str, Scalar | None] | None,
        window: Period | None,
        error: TransientError,
    ) -> list[RowDict]:
        halves = window.halves() if window else None
        if halves is None:
            raise TransientError(
                f"List {path} timed out in pages of one row; the same request is not sent again.",
                fix="Tell Procurify's support, with the request id; it is tried again on the next run.",
                who="ml-connector operator",
                request_id=error.fields.get("request_id"),
            ) from error
        rows: dict[object, RowDict] = {}
        for half in halves:
            rows |= {key_of(row): row for row in await self.listed(path, parameters, half)}
        return list(rows.values())


def _data(response: Response, kind: type) -> Any:
    """What the envelope holds (FACTS 6)."""
    document = response.json()
    data = document.get("data") if isinstance(document, dict) else None
    if isinstance(data, kind):
        return data
    message = f"{response.request.name}: the answer has no `data` of the documented kind."
    wrong = OutcomeUnknownError if response.request.is_write else ContractError
    raise wrong(message, status=response.status, request_id=response.request_id)


class _RawList(msgspec.Struct):
    data: list[msgspec.Raw]


class _RawSingle(msgspec.Struct):
    data: msgspec.Raw


_RAW_LIST, _RAW_SINGLE = msgspec.json.Decoder(_RawList), msgspec.json.Decoder(_RawSingle)


def _raw_rows(response: Response) -> list[RowDict]:
    """The rows of a list, each with its bytes."""
    found = _data(response, list)
    if not all(isinstance(row, dict) for row in found):
        raise ContractError(f"{response.request.name}: a row of the list is no object.", request_id=response.request_id)
    rows = [RawRow(row) for row in found]
    for row, raw in zip(rows, response.decode(_RAW_LIST).data, strict=True):
        row.raw = bytes(raw)
    return list[RowDict](rows)


def _raw_row(response: Response) -> RowDict:
    row = RawRow(_data(response, dict))
    row.raw = bytes(response.decode(_RAW_SINGLE).data)
    return row


def _paging(document: Any) -> Mapping[str, Any]:
    """`metadata.pagination`, or `pagination` at the top (FACTS 6); empty where a list has no pages."""
    metadata = document.get("metadata")
    found = metadata.get("pagination") if isinstance(metadata, dict) else None
    found = found or document.get("pagination")
    return found if isinstance(found, dict) else {}


def _path_and_query(link: Any) -> str:
    """Of the next page's address only these are believed (FACTS 7)."""
    if not isinstance(link, str) or not link:
        return ""
    parts = urlsplit(link)
    path, query = (quote(part, safe="/%:@!$&'()*+,;=~-._?") for part in (parts.path, parts.query))
    return f"{path}?{query}" if query else path
