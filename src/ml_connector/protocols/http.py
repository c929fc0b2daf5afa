"""One HTTP exchange: connection reuse, time-outs, size limits, strict JSON, and certainty about what was sent.

The question that everything above asks is whether a failed request may have reached the other side. So nothing here
repeats anything, follows a redirect or keeps a cookie, and a failure is one of two kinds: surely not sent
(`UnreachableError`) or perhaps sent (`RemoteFaultError` for a read, `OutcomeUnknownError` for a write).
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from ml_connector import clock
from ml_connector.errors import (
    ConfigurationError,
    ContractError,
    MLConnectorError,
    OutcomeUnknownError,
    RemoteFaultError,
    UnreachableError,
)
from ml_connector.protocols.redaction import redact

T = TypeVar("T")

_NO_HEADERS: Mapping[str, str] = {}
_ANY_JSON = msgspec.json.Decoder(float_hook=Decimal)
_REQUEST_ID_HEADERS = ("X-Request-Id", "X-Correlation-Id", "X-Transaction-Id")


PIECE_BYTES = 32 * 1024
"""Of a body that is sent under a check; small enough that the last piece is in the kernel at once."""


class Repeat(Enum):
    """May the very same request be sent again when its outcome is unclear?"""

    SAFE = "safe"
    """It only reads: yes."""
    IDENTIFIED = "identified"
    """A create that carries its own id, or a write that does nothing the second time: yes, at once."""
    NEVER = "never"
    """Unclear stays unclear: `OutcomeUnknownError`, and somebody looks it up later."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent; the same object is sent again when it is repeated."""

    method: str
    url: str
    """Absolute and already percent-encoded; sent as it stands."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    repeat: Repeat = Repeat.SAFE
    label: str = ""
    """What it is, for people: "purchase order P1001, line 2". Empty takes the method and the path."""
    expect: frozenset[int] | None = None
    """Statuses that are an answer rather than an error; None: 2xx, but for a write not 202."""

    @property
    def is_write(self) -> bool:
        return self.repeat is not Repeat.SAFE

    @property
    def name(self) -> str:
        """The label, or the method with the path; never the query, which may be long."""
        return self.label or f"{self.method} {urlsplit(self.url).path}"


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer, whatever its status."""

    status: int
    headers: CIMultiDictProxy[str]
    """Case-insensitive."""
    body: bytes
    url: str
    elapsed_s: float
    """Seconds from handing it over to the last byte of the answer."""
    request_id: str
    """What the other side called this request if it said so, else the id we sent along."""
    request: Request

    @property
    def server_date(self) -> datetime | None:
        """The other side's clock (`Date` header), UTC, whole seconds; None when it did not say."""
        return parse_http_date(self.headers.get("Date", ""))

    def json(self) -> Any:
        """The body as JSON, fractions as exact Decimal.

        Raises as `decode` does.
        """
        return self.decode(_ANY_JSON)

    def decode(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body through a decoder of the caller's.

        For a read: `RemoteFaultError` when it is empty or cut off, `ContractError` when it is anything but the JSON
        expected. For a write `OutcomeUnknownError` in every case, because nothing tells what was done.
        """
        try:
            return decoder.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse(error)

    def text(self, limit: int = 2000) -> str:
        """At most `limit` characters of the body, for people."""
        return self.body[: limit * 4].decode("utf-8", "replace")[:limit]

    def _refuse(self, error: Exception) -> NoReturn:
        cut_off = not self.body.strip() or "truncated" in str(error)
        what = "nothing" if not self.body.strip() else "a web page" if self.is_html else "something else"
        message = f"{self.request.name}: expected JSON and got {'a cut-off body' if cut_off and self.body else what}."
        kind: type[MLConnectorError] = ContractError
        if self.request.is_write:
            kind = OutcomeUnknownError
        elif cut_off:
            kind = RemoteFaultError
        detail = "" if isinstance(error, UnicodeDecodeError) else redact(str(error))
        raise kind(message, status=self.status, request_id=self.request_id, detail=detail) from error

    @property
    def is_html(self) -> bool:
        return self.body.lstrip()[:1] == b"<" or "html" in self.headers.get("Content-Type", "")


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """Where a connection may go, and how long and how much it may take."""

    allowed_origins: tuple[str, ...]
    """Scheme, host and port of the system and of its token endpoint; a whole base URL does as well. Any other origin is
    refused, so that an answer cannot send our token elsewhere."""
    connect_timeout_s: float = 10
    """Name, TCP and TLS together."""
    read_timeout_s: float = 75
    """Between two bytes of the answer, and until its first."""
    total_timeout_s: float = 900
    """For the whole exchange."""
    max_body_bytes: int = 64 * 1024 * 1024
    """Of one answer, after decompression."""
    max_in_flight: int = 4
    """Exchanges at a time."""
    keepalive_s: float = 15
    """How long an idle connection is kept."""
    verify_tls: bool = True
    ca_file: str | None = None
    """PEM file of authorities trusted besides those of the machine."""
    proxy: str | None = field(default=None, repr=False)
    """`http://[user:password@]host:port`; the environment's proxy variables are not read."""
    user_agent: str = "ml-connector"


class _DroppedError(aiohttp.ClientError):
    """The connection ended without an answer."""


async def _single_attempt(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating GET, PUT and DELETE by itself after a dropped connection."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _DroppedError("The connection was closed before an answer came.") from error


class Http:
    """The connections to one system; `async with` opens and closes them.

    `send` is what callers use; `slots` and `exchange` are for those who must do something between getting a slot and
    sending, or who may not wait for one (the token broker, whose caller already holds one).
    """

    def __init__(self, settings: HttpSettings) -> None:
        if not settings.allowed_origins:
            raise ConfigurationError("A connection needs the address of its system.")
        self.settings = settings
        self.slots = asyncio.Semaphore(settings.max_in_flight)
        self._origins = frozenset(map(origin_of, settings.allowed_origins))
        self._ids = itertools.count(1)
        self._prefix = uuid.uuid4().hex[:12]
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        settings = self.settings
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, ssl=_tls(settings), keepalive_timeout=settings.keepalive_s, ttl_dns_cache=60
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": settings.user_agent},
            timeout=aiohttp.ClientTimeout(
                total=settings.total_timeout_s,
                connect=settings.connect_timeout_s,
                sock_read=settings.read_timeout_s,
            ),
            trust_env=False,
            proxy=settings.proxy,
            middlewares=(_single_attempt,),
            read_bufsize=256 * 1024,
            max_field_size=32 * 1024,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def send(self, request: Request) -> Response:
        """One attempt, whatever the status; waits while `max_in_flight` others are under way.

        Raises `UnreachableError` when it was surely not sent; when it may have been, `RemoteFaultError` for a read and
        `OutcomeUnknownError` for a write. `ContractError` for an origin that is not ours, and for an answer to a read
        that is too big.
        """
        async with self.slots:
            return await self.exchange(request)

    async def exchange(
        self,
        request: Request,
        headers: Mapping[str, str] = _NO_HEADERS,
        check: Callable[[], None] | None = None,
    ) -> Response:
        """`send` without waiting for a slot, with further headers.

        `check` is called before each piece of the body leaves; what it raises ends the exchange, and the system, which
        never gets the whole body, does nothing.
        """
        if self._client is None:
            raise RuntimeError("Http is used outside its `async with` block.")
        url = self._bound(request)
        request_id = f"{self._prefix}-{next(self._ids):x}"
        all_headers = {"X-Request-Id": request_id, **request.headers, **headers}
        data: bytes | AsyncIterator[bytes] | None = request.body
        withheld: list[MLConnectorError] = []
        if check is not None and request.body:
            all_headers["Content-Length"] = str(len(request.body))
            data = _checked(request.body, check, withheld)
        started = clock.monotonic()
        try:
            async with self._client.request(
                request.method, url, data=data, headers=all_headers, allow_redirects=False
            ) as answer:
                body = await self._read(answer, request)
        except (aiohttp.ClientError, OSError) as error:
            if withheld:
                raise withheld[0] from None
            raise _failure(request, request_id, error) from _shown(error)
        return Response(
            answer.status,
            answer.headers,
            body,
            request.url,
            clock.monotonic() - started,
            _request_id(answer.headers) or request_id,
            request,
        )

    def _bound(self, request: Request) -> URL:
        """The URL, refused when it leaves the origins of this connection or carries a password."""
        try:
            url = URL(request.url, encoded=True)
            allowed = url.user is None and url.password is None and _origin(url) in self._origins
        except ValueError as error:
            raise ContractError(f"{request.method}: the address of the request cannot be read.") from error
        if not allowed:
            raise ContractError(
                f"{request.method}: refused to go to {url.host or 'nowhere'}, which is not this connection's system.",
                fix="If the system really uses several addresses, add this one to the connection.",
            )
        return url

    async def _read(self, answer: aiohttp.ClientResponse, request: Request) -> bytes:
        limit = self.settings.max_body_bytes
        if (answer.content_length or 0) > limit:
            raise self._too_big(request)
        chunks: list[bytes] = []
        size = 0
        async for chunk in answer.content.iter_any():
            size += len(chunk)
            if size > limit:
                raise self._too_big(request)
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _too_big(self, request: Request) -> MLConnectorError:
        kind = OutcomeUnknownError if request.is_write else ContractError
        return kind(
            f"{request.name}: the answer is larger than {self.settings.max_body_bytes:,} bytes.",
            fix="Make the page size of this stream smaller.",
            too_big=True,
        )


async def _checked(body: bytes, check: Callable[[], None], withheld: list[MLConnectorError]) -> AsyncIterator[bytes]:
    """The body in pieces, each after a check: a process that stood still in the middle of it does not finish it."""
    for start in range(0, len(body), PIECE_BYTES):
        try:
            check()
        except MLConnectorError as error:
            withheld.append(error)
            raise
        yield body[start : start + PIECE_BYTES]


def origin_of(url: str) -> str:
    """Scheme, host and port of `url` in one form; `ConfigurationError` when it is not an http(s) address."""
    try:
        parsed = URL(url)
        if parsed.scheme in ("http", "https") and parsed.host:
            return _origin(parsed)
    except ValueError:
        pass
    raise ConfigurationError(
        f"{redact(url)!r} is not an address.", fix="Write it as https://host, with a port if it is unusual."
    )


def _origin(url: URL) -> str:
    return f"{url.scheme}://{url.host}:{url.port}"


@lru_cache(maxsize=64)
def parse_http_date(text: str) -> datetime | None:
    """A date of the HTTP kind ("Sun, 06 Nov 1994 08:49:37 GMT"), aware, UTC; None when it is none."""
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except OverflowError:
        return None


def _request_id(headers: CIMultiDictProxy[str]) -> str:
    for name in _REQUEST_ID_HEADERS:
        if (value := headers.get(name)) is not None:
            return value[:100]
    return ""


def _tls(settings: HttpSettings) -> ssl.SSLContext | bool:
    if not settings.verify_tls:
        return False
    if settings.ca_file is None:
        return True
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(Path(settings.ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"The file of trusted authorities {settings.ca_file} cannot be used: {error}.",
            fix="Give the path of a readable PEM file.",
        ) from error
    return context


def _failure(request: Request, request_id: str, error: Exception) -> MLConnectorError:
    """What an exception of aiohttp means for us."""
    if (unsent := _unsent(request, error)) is not None:
        return unsent
    if isinstance(error, TimeoutError):
        what = "no complete answer in time"
    elif isinstance(error, aiohttp.ClientPayloadError):
        what = "the answer was cut off"
    elif isinstance(error, aiohttp.ClientResponseError):
        what = "the answer is not HTTP"
    else:
        what = "the connection was lost before the answer was complete"
    kind = OutcomeUnknownError if request.is_write else RemoteFaultError
    timed_out = True if isinstance(error, TimeoutError) else None
    return kind(f"{request.name}: {what}.", request_id=request_id, timed_out=timed_out)


def _unsent(request: Request, error: Exception) -> MLConnectorError | None:
    """The error for a request that surely never left; None when it may have."""
    host = urlsplit(request.url).hostname
    if isinstance(error, aiohttp.ClientHttpProxyError):
        if error.status == 407:
            return ConfigurationError("The proxy refused us.", fix="Check the proxy's user and password.")
        return UnreachableError(f"{host} cannot be reached: the proxy answered {error.status}.")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return UnreachableError(
            f"{host} cannot be reached: its certificate is not trusted ({_reason(error.certificate_error)}).",
            fix="Have the certificate corrected, or name its authority's file in the setting `ca_file`.",
        )
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UnreachableError(f"{host} cannot be reached: no connection in time.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return UnreachableError(f"{host} cannot be reached: its name is not known.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return UnreachableError(f"{host} cannot be reached: {_reason(error.os_error)}.")
    if isinstance(error, aiohttp.InvalidURL):
        return ContractError(f"{request.method}: the address of the request cannot be read.")
    return None


def _reason(error: Exception) -> str:
    return getattr(error, "verify_message", "") or getattr(error, "strerror", "") or type(error).__name__


def _shown(error: Exception) -> Exception | None:
    """The cause to chain; the proxy's is left out because it holds the request with its credentials."""
    return None if isinstance(error, aiohttp.ClientHttpProxyError) else error
