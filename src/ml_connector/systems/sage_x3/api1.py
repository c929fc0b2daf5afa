"""The api1 dialect: addresses, `where` literals, pages behind `$next`, and answers that fail with status 200."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import msgspec

from ml_connector import clock
from ml_connector.errors import ContractError, RemoteFaultError, TransientError
from ml_connector.protocols.http import Http, Repeat, Request, Response, origin_of
from ml_connector.protocols.redaction import redact
from ml_connector.protocols.retry import RetryPolicy
from ml_connector.protocols.session import Session
from ml_connector.systems.sage_x3 import answers
from ml_connector.systems.sage_x3.settings import SageX3Settings

Row = dict[str, Any]

LOCK_TRIES, LOCK_PAUSE_S = 3, 5.0
"""A locked record is asked for again three times, five seconds apart (FACTS 12)."""


class _Link(msgspec.Struct):
    url: str = msgspec.field(name="$url", default="")


class _Links(msgspec.Struct):
    next: _Link | None = msgspec.field(name="$next", default=None)


class _Envelope(msgspec.Struct):
    resources: list[msgspec.Raw] | None = msgspec.field(name="$resources", default=None)
    links: _Links | None = msgspec.field(name="$links", default=None)


_ENVELOPE = msgspec.json.Decoder(_Envelope)
ROW = msgspec.json.Decoder(Row, float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class RowPage:
    """Resources of one answer, byte for byte, and where the next page is."""

    rows: list[msgspec.Raw]
    next: str | None
    """Path and query on the same server; None after the last."""
    server_date: datetime | None


class X3Retry(RetryPolicy):
    """Pauses from 5 s to 120 s; a 500 is tried three times only (FACTS 12)."""

    def delay_s(self, error: TransientError, attempt: int, repeat: Repeat) -> float | None:
        if error.fields.get("status") == 500 and attempt >= 3:
            return None
        return RetryPolicy.delay_s(self, error, attempt, repeat)


class Api1:
    """Reads of one folder."""

    def __init__(self, session: Session, base_url: str, settings: SageX3Settings) -> None:
        self.session = session
        self.base_url = base_url
        self.settings = settings
        self._root = f"{base_url}/api1/x3/erp/{quote(settings.folder, safe='')}"

    @property
    def http(self) -> Http:
        return self.session.http

    # Requests ----------------------------------------------------------------------------------------------------

    def first_page(self, collection: str, where: str = "", order: str = "", count: int | None = None) -> str:
        """Address of the first page of a `$query`, below the server."""
        settings = self.settings
        code, representation = settings.class_of(collection), settings.representation_of(collection)
        query = f"representation={quote(representation, safe='')}.$query&count={count or settings.count}"
        if where:
            query += f"&where={quote(where, safe='')}"
        if order:
            query += f"&orderBy={quote(order, safe='')}"
        return f"{self._root}/{quote(code, safe='')}?{query}"[len(self.base_url) :]

    async def page(self, collection: str, address: str) -> RowPage:
        """One page of a `$query`."""
        response = await self._get(self.base_url + address, collection, "list")
        answers.raise_for_diagnoses(response)
        envelope = response.decode(_ENVELOPE)
        if envelope.resources is None:
            raise ContractError(f"{response.request.name}: the answer has no $resources.", status=response.status)
        link = envelope.links.next.url if envelope.links and envelope.links.next else ""
        return RowPage(envelope.resources, self._on_this_server(link, response), response.server_date)

    async def pages(self, collection: str, address: str | None) -> AsyncIterator[RowPage]:
        """This page and all behind it."""
        seen: set[str] = set()
        while address is not None:
            if address in seen:
                raise ContractError(f"{collection}: the link to the next page leads back to a page that was read.")
            seen.add(address)
            page = await self.page(collection, address)
            yield page
            address = page.next

    async def details(self, collection: str, key: Sequence[str]) -> bytes | None:
        """One record with its lines; None when it does not exist."""
        found = await self._details(collection, quoted("~".join(key)))
        if found is None and any("'" in part for part in key):  # nobody says that quotes are doubled in an address
            found = await self._details(collection, f"'{'~'.join(key)}'")
        return found

    async def _details(self, collection: str, literal: str) -> bytes | None:
        settings = self.settings
        code, representation = settings.class_of(collection), settings.representation_of(collection)
        url = f"{self._root}/{quote(code, safe='')}({quote(literal, safe='')})"
        url += f"?representation={quote(representation, safe='')}.$details"
        response = await self._get(url, collection, f"read {unquote(literal)}", frozenset({200, 404, 409}))
        if response.status == 404 or answers.is_missing(response):
            return None
        answers.raise_for_diagnoses(response)
        envelope = response.decode(_ENVELOPE)
        if envelope.resources is not None:
            return bytes(envelope.resources[0]) if envelope.resources else None
        return response.body

    async def prototype(self, collection: str, facet: str) -> dict[str, str] | None:
        """Property -> type of a facet (`$query`, `$details`), arrays among them; None where X3 does not say."""
        settings = self.settings
        code, representation = settings.class_of(collection), settings.representation_of(collection)
        literal = quote(f"'{representation}.{facet}'", safe="")
        url = f"{self._root}/{quote(code, safe='')}/$prototypes({literal})"
        response = await self._get(url, collection, "metadata", frozenset({200, 400, 403, 404, 405, 409, 500, 501}))
        if response.status != 200 or response.is_html or answers.errors(response):
            return None
        document = response.json()
        properties = document.get("$properties") if isinstance(document, dict) else None
        if isinstance(properties, dict):
            return {name: _type(each) for name, each in properties.items()}
        if isinstance(properties, list):
            return {str(each.get("$name") or each.get("name")): _type(each) for each in properties}
        return None

    async def _get(self, url: str, collection: str, what: str, expect: frozenset[int] | None = None) -> Response:
        """An answer in which nothing is locked."""
        label = f"{self.settings.class_of(collection)} {what}"
        accepted = (expect or frozenset({200})) | {409}
        request = Request("GET", url, {"Accept": "application/json"}, label=label, expect=accepted)
        for left in range(LOCK_TRIES, -1, -1):
            response = await self.session.send(request)
            if not answers.is_locked(response):
                return response
            if left:
                await clock.sleep(LOCK_PAUSE_S)
        raise RemoteFaultError(
            f"{label}: the record stays locked. It said: {redact(answers.explain(response))[:300]}",
            status=response.status,
            request_id=response.request_id,
        )

    def _on_this_server(self, link: str, response: Response) -> str | None:
        """Path and query of a link, which must not lead to another server."""
        if not link:
            return None
        url = urljoin(response.url, link)
        if origin_of(url) != origin_of(self.base_url):
            raise ContractError(
                f"{response.request.name}: the link to the next page leads to {urlsplit(url).hostname}.",
                fix="Check the address that Syracuse knows itself by; links must stay on the server of base_url.",
            )
        parts = urlsplit(url)
        return quote(parts.path, safe="/%'()$~@:,!*=+;&") + (f"?{_encoded(parts.query)}" if parts.query else "")

    # Literals ----------------------------------------------------------------------------------------------------

    def date_literal(self, text: str) -> str:
        """A day or a time stamp in a `where`."""
        return f"@{text}@" if self.settings.date_literal_style == "at" else f"'{text}'"


def _type(declared: Any) -> str:
    return str(declared.get("$type", "")) if isinstance(declared, dict) else str(declared)


def _encoded(query: str) -> str:
    """A query with whatever the server left unencoded in its link: blanks, quotes, stamps with a plus."""
    return quote(query, safe="%&=$'()~@:,!*/?-._+")


def quoted(text: str) -> str:
    """A text in a `where` or an address: in single quotes, those inside doubled."""
    return "'" + text.replace("'", "''") + "'"


def any_of(name: str, values: Iterable[str]) -> str:
    """`(F eq 'a' or F eq 'b')`."""
    return "(" + " or ".join(f"{name} eq {quoted(value)}" for value in values) + ")"


def all_of(*conditions: str) -> str:
    """The conditions joined by `and`; empty ones are left out."""
    return " and ".join(filter(None, conditions))
