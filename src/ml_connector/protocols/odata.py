"""Reads and writes an OData v4 service: pages that lose nothing, rows with their ETag, metadata.

Paging trusts nobody. A `nextLink` is followed only inside the service it came from; where a full page has none, or a
page may have been cut by a limit nobody announced, reading goes on behind the last key until the server has no more.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote, unquote, urljoin, urlsplit

import msgspec

from ml_connector.errors import ConfigurationError, ContractError
from ml_connector.protocols.http import Repeat, Request, Response, origin_of
from ml_connector.protocols.odata_metadata import parse_metadata
from ml_connector.protocols.odata_syntax import (
    MOST_TERMS,
    EnumValue,
    Field,
    Filter,
    Kind,
    Value,
    Verbatim,
    after,
    all_of,
    any_of,
    checked_name,
    chunked,
    eq,
    ge,
    gt,
    key_predicate,
    le,
    literal,
    lt,
    ne,
    one_of,
)
from ml_connector.protocols.rest import RestClient, encode_parameters
from ml_connector.protocols.session import Session
from ml_connector.protocols.status import plain_explanation

__all__ = [
    "MOST_TERMS",
    "EnumValue",
    "Field",
    "Filter",
    "Kind",
    "ODataClient",
    "ODataFault",
    "ODataPage",
    "ODataRow",
    "Value",
    "Verbatim",
    "after",
    "all_of",
    "any_of",
    "chunked",
    "eq",
    "explain",
    "ge",
    "gt",
    "key_predicate",
    "le",
    "literal",
    "lt",
    "ne",
    "one_of",
    "parse_fault",
]

Key = Mapping[str, Value]

_NOT_IN_URLS = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")


@dataclass(frozen=True, slots=True)
class ODataPage:
    """One answer of a set."""

    rows: list[msgspec.Raw]
    """Each row as it came. A row kept longer than its page must be copied (`bytes(row)`), or it keeps the page."""
    next: str | None
    """Where reading goes on, absolute; None after the last page. `pages(start=...)` takes it up again."""
    server_date: datetime | None
    """The server's clock when it answered, UTC."""
    request_id: str


@dataclass(frozen=True, slots=True)
class ODataRow:
    """One row with its version."""

    raw: msgspec.Raw
    etag: str | None
    """From the header, else from the row; to be compared for equality only."""
    server_date: datetime | None

    def json(self) -> dict[str, Any]:
        """Decoded, fractions as exact Decimal."""
        row: dict[str, Any] = _ROW.decode(self.raw)
        return row


class _Envelope(msgspec.Struct):
    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    next_link_401: str | None = msgspec.field(name="@nextLink", default=None)


class _Tagged(msgspec.Struct):
    etag: str | None = msgspec.field(name="@odata.etag", default=None)


class _SetName(msgspec.Struct):
    name: str
    kind: str = "EntitySet"


class _ServiceDocument(msgspec.Struct):
    value: list[_SetName]


_PAGE = msgspec.json.Decoder(_Envelope)
_TAG = msgspec.json.Decoder(_Tagged)
_ROW = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_SERVICE = msgspec.json.Decoder(_ServiceDocument)
_ANY = msgspec.json.Decoder()


@dataclass
class _Limits:
    """What was learnt about the page limit of one set."""

    proven: int = 0
    """A page of so many rows was complete: the limit is not lower, but may be just that."""
    linked: int | None = None
    """Rows of the largest page that came with a link: this server announces what it holds back."""

    def may_hold_back(self, rows: int, asked: int, confirm: bool) -> bool:
        """Could there be more behind a page of so many rows that came without a link?"""
        if rows == 0:
            return False
        if rows >= asked or (self.linked is not None and rows >= self.linked):
            return True
        return confirm and self.linked is None and rows >= self.proven


class PageOptions(TypedDict, total=False):
    """What a read of pages may be told besides what to read."""

    select: Sequence[str] | None
    page_size: int
    confirm_end: bool
    start: str | None
    behind: Callable[[list[msgspec.Raw]], Filter]
    label: str


@dataclass
class _Reading:
    """A read of one set: what was asked, and where it has been."""

    entity_set: str
    filter: Filter | None
    order: tuple[Field, ...]
    select: Sequence[str] | None
    page_size: int
    visited: set[str] = field(default_factory=set)

    def url(self, root: str, position: list[tuple[str, Value]] | None = None) -> str:
        """Of the first page, or of the rows behind `position`."""
        behind = after(position) if position else None
        terms = [term for term in (self.filter, behind) if term is not None]
        query = encode_parameters(
            {
                "$filter": str(all_of(*terms)) if terms else None,
                "$orderby": ",".join(each.name for each in self.order),
                "$select": ",".join(map(checked_name, self.select)) if self.select else None,
            }
        )
        return f"{root}/{self.entity_set}?{query}"

    def visit(self, url: str) -> None:
        """`ContractError` when the server leads us in a circle."""
        if url in self.visited:
            raise ContractError(f"{self.entity_set}: the service sent us to the same page twice.")
        self.visited.add(url)

    def position(self, last: msgspec.Raw) -> list[tuple[str, Value]]:
        row = _ROW.decode(last)
        return [(each.name, each.value_of(row)) for each in self.order]


class ODataClient:
    """One service (the part of the address that ends before the sets' names)."""

    def __init__(
        self,
        session: Session,
        service_root: str,
        *,
        page_size: int = 5000,
        prefer_page_size: bool = True,
        ieee754: bool = False,
        decimals: Literal["number", "string"] = "number",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`page_size` rows are asked for with `Prefer: odata.maxpagesize` unless `prefer_page_size` is off.

        `ieee754` asks for decimals as text; answers are understood in either form.
        """
        self.session = session
        self.root = service_root.rstrip("/")
        self.page_size = page_size
        accept = "application/json;IEEE754Compatible=true" if ieee754 else "application/json"
        self._prefer = prefer_page_size
        self._headers = {**(headers or {}), "Accept": accept}
        self._rest = RestClient(session, self.root, headers=self._headers, decimals=decimals)
        self._origin = origin_of(self.root)
        self._path = urlsplit(self.root).path
        self._limits: dict[str, _Limits] = {}

    async def pages(
        self,
        entity_set: str,
        filter: Filter | None = None,
        orderby: Sequence[Field | str] = (),
        key: Sequence[Field | str] = (),
        **options: Unpack[PageOptions],
    ) -> AsyncIterator[ODataPage]:
        """Every row of the set that meets `filter`, in ascending order of `orderby` and then `key`, page by page.

        `key` must be unique together with `orderby`; a name alone stands for a string. `start` takes up an earlier
        read at its `next`. A short page without a link is believed to be the last only after one more request behind it
        came back empty; unless a larger page of the set was seen to be complete, and not at all with
        `confirm_end=False`. `behind` gives the filter with which reading goes on behind these rows, where the position
        would make `filter` itself too long.
        """
        reading = self._reading(entity_set, filter, orderby, key, options)
        limits = self._limits.setdefault(entity_set, _Limits())
        start = options.get("start")
        url: str | None = self.resolve(start) if start else reading.url(self.root)
        behind = options.get("behind")
        proving = 0
        while url is not None:
            reading.visit(url)
            page = self._page(await self.session.send(self._page_request(url, reading, options.get("label", ""))), url)
            if proving and not page.rows and page.next is None:
                limits.proven = max(limits.proven, proving)
                return
            proving = 0
            count = len(page.rows)
            if page.next is not None:
                limits.linked = max(limits.linked or 0, count)
            elif limits.may_hold_back(count, reading.page_size, options.get("confirm_end", True)):
                proving = count
                if behind is not None:
                    reading.filter = behind(page.rows)
                page = replace(page, next=reading.url(self.root, reading.position(page.rows[-1])))
            url = page.next
            yield page

    def _reading(
        self,
        entity_set: str,
        filter: Filter | None,
        orderby: Sequence[Field | str],
        key: Sequence[Field | str],
        options: PageOptions,
    ) -> _Reading:
        if not key:
            raise ValueError("pages need the key of the set")
        order = {each.name: each for each in map(_field, (*orderby, *key))}
        return _Reading(
            checked_name(entity_set),
            filter,
            tuple(order.values()),
            options.get("select"),
            options.get("page_size", self.page_size),
        )

    def _page_request(self, url: str, reading: _Reading, label: str) -> Request:
        headers = self._headers
        if self._prefer:
            headers = {**headers, "Prefer": f"odata.maxpagesize={reading.page_size}"}
        return Request("GET", url, headers, label=label or f"read {reading.entity_set}")

    def _page(self, response: Response, url: str) -> ODataPage:
        envelope = response.decode(_PAGE)
        link = envelope.next_link or envelope.next_link_401
        return ODataPage(
            envelope.value,
            self.resolve(link, url) if link else None,
            response.server_date,
            response.request_id,
        )

    def resolve(self, link: str, current: str | None = None) -> str:
        """A link of the service as an absolute address; relative ones start at the service root.

        `ContractError` when it leads to another origin or out of this service.
        """
        encoded = _NOT_IN_URLS.sub(lambda sign: quote(sign.group()), link)
        base = current if current is not None and encoded.startswith("?") else f"{self.root}/"
        try:
            url = urljoin(base, encoded)
            parts = urlsplit(url)
            ours = origin_of(url) == self._origin and "@" not in parts.netloc
        except (ValueError, ConfigurationError):
            ours = False
        if not ours or not self._inside(parts.path):
            raise ContractError(f"The service at {self.root} sent a link that leads out of it; it was not followed.")
        return url

    def _inside(self, path: str) -> bool:
        segments = re.split(r"[/\\]", unquote(path))
        return path.startswith(f"{self._path}/") and not {".", ".."} & set(segments)

    async def get(self, entity_set: str, key: Key, *, label: str = "") -> ODataRow | None:
        """One row; None when the service has none of this key."""
        response = await self._rest.get(self._row_path(entity_set, key), label=label, expect=frozenset({200, 204, 404}))
        return _row(response) if response.status == 200 else None

    async def create(
        self, entity_set: str, body: Any, *, repeat: Repeat = Repeat.NEVER, label: str = ""
    ) -> ODataRow | None:
        """Add a row; None when the service does not show it (204)."""
        return _row(await self._rest.post(checked_name(entity_set), body, repeat=repeat, label=label))

    async def patch(
        self, entity_set: str, key: Key, body: Any, etag: str, *, repeat: Repeat = Repeat.NEVER, label: str = ""
    ) -> ODataRow | None:
        """Change a row as it was when it had this ETag; None when the service does not show the new one (204).

        `StaleVersionError` when somebody changed it meanwhile.
        """
        return _row(
            await self._rest.patch(
                self._row_path(entity_set, key), body, repeat=repeat, label=label, headers=_if_match(etag)
            )
        )

    async def action(
        self,
        entity_set: str,
        key: Key,
        name: str,
        body: Any,
        etag: str,
        *,
        repeat: Repeat = Repeat.NEVER,
        label: str = "",
    ) -> Response:
        """Call an action bound to a row, by its qualified name; as strict about the ETag as `patch`."""
        path = f"{self._row_path(entity_set, key)}/{checked_name(name)}"
        return await self._rest.post(path, body, repeat=repeat, label=label, headers=_if_match(etag))

    def _row_path(self, entity_set: str, key: Key) -> str:
        return f"{checked_name(entity_set)}{key_predicate(key)}"

    async def service_document(self) -> frozenset[str]:
        """The names of the sets that this service offers."""
        request = Request("GET", f"{self.root}/", self._headers, label="list the sets")
        document = (await self.session.send(request)).decode(_SERVICE)
        return frozenset(each.name for each in document.value if each.kind == "EntitySet")

    async def metadata(self) -> dict[str, dict[str, str]]:
        """`{set: {property: type}}`, types as `Edm.String`, `Edm.DateTimeOffset` ..."""
        request = Request("GET", f"{self.root}/$metadata", {"Accept": "application/xml"}, label="read the metadata")
        return parse_metadata((await self.session.send(request)).body)


def _field(given: Field | str) -> Field:
    return given if isinstance(given, Field) else Field(checked_name(given))


def _if_match(etag: str) -> dict[str, str]:
    if not etag or etag.strip() in ("", "*"):
        raise ContractError("A change without the row's own ETag could undo somebody's work; it was not sent.")
    return {"If-Match": etag}


def _row(response: Response) -> ODataRow | None:
    if response.status == 204:
        return None
    tagged = response.decode(_TAG)
    return ODataRow(msgspec.Raw(response.body), response.headers.get("ETag") or tagged.etag, response.server_date)


@dataclass(frozen=True, slots=True)
class ODataFault:
    """What a failed answer says."""

    code: str = ""
    message: str = ""
    details: tuple[str, ...] = ()
    """Often the useful part."""


def parse_fault(body: bytes) -> ODataFault | None:
    """The error object of an answer; None when there is none (empty, a page, another shape).

    `message` may be a text or `{"value": text}`.
    """
    try:
        document = _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return None
    details = error.get("details")
    texts = (_message(each) for each in details) if isinstance(details, list) else ()
    return ODataFault(str(error.get("code") or ""), _message(error), tuple(filter(None, texts)))


def _message(error: Any) -> str:
    message = error.get("message") if isinstance(error, dict) else None
    if isinstance(message, dict):
        message = message.get("value")
    return message.strip() if isinstance(message, str) else ""


def explain(response: Response) -> str:
    """The words of a failed answer for a `StatusTable`: code, message and details, or what a page says."""
    fault = parse_fault(response.body)
    if fault is None:
        return plain_explanation(response)
    words = " ".join(dict.fromkeys(filter(None, (fault.message, *fault.details))))
    return ": ".join(filter(None, (fault.code, words)))
