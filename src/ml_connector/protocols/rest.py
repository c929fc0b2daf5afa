"""JSON over HTTP: addresses, parameters and bodies, encoded once and exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote

import msgspec

from ml_connector.protocols.http import Repeat, Request, Response
from ml_connector.protocols.session import Session

Scalar = str | int | Decimal | bool | date | datetime
Parameters = Mapping[str, Scalar | None] | Iterable[tuple[str, Scalar | None]]

_UNRESERVED_IN_QUERY = "$'(),:/!*@~"
"""Signs that a query may hold as they are (RFC 3986, 3.4) and that mean nothing in a form; never `+ & = ; # %`."""

_ENCODERS = {
    "number": msgspec.json.Encoder(decimal_format="number"),
    "string": msgspec.json.Encoder(decimal_format="string"),
}


def encode_parameters(parameters: Parameters) -> str:
    """`a=1&b=x%20y` in the order given; None leaves a parameter out.

    Floats are refused (TypeError): they are neither an amount nor a key.
    """
    pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
    return "&".join(
        f"{quote(name, safe=_UNRESERVED_IN_QUERY)}={quote(parameter_text(value), safe=_UNRESERVED_IN_QUERY)}"
        for name, value in pairs
        if value is not None
    )


def parameter_text(value: Scalar) -> str:
    """One value as text: `true`, `12.50`, `2026-02-01`, `2026-02-01T08:30:00Z`."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("a moment without its zone cannot be sent")
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be a parameter")


def encode_segment(text: str) -> str:
    """One segment of a path; nothing in it can leave the segment."""
    if text in (".", ".."):
        raise ValueError("a path segment must not be a dot or two")
    return quote(text, safe="$'(),:!*@~=")


class RequestOptions(TypedDict, total=False):
    """The fields of a `Request` that a caller may set besides what is asked."""

    repeat: Repeat
    label: str
    expect: frozenset[int]
    headers: Mapping[str, str]


class RestClient:
    """JSON requests below one base address."""

    def __init__(
        self,
        session: Session,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        decimals: Literal["number", "string"] = "number",
    ) -> None:
        """`decimals`: how amounts are written in bodies, as an exact JSON number or as text."""
        self.session = session
        self.base_url = base_url.rstrip("/")
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._body_headers = {**self._headers, "Content-Type": "application/json"}
        self._encoder = _ENCODERS[decimals]

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        parameters: Parameters = (),
        **options: Unpack[RequestOptions],
    ) -> Request:
        """A request as it will be sent; `path` is below the base address and already encoded, a body of None is none.

        Without `repeat` it counts as a read.
        """
        query = encode_parameters(parameters)
        url = f"{self.base_url}/{path.lstrip('/')}"
        headers = self._headers if body is None else self._body_headers
        more = options.get("headers")
        return Request(
            method,
            f"{url}{'&' if '?' in url else '?'}{query}" if query else url,
            {**headers, **more} if more else headers,
            None if body is None else self._encoder.encode(body),
            options.get("repeat", Repeat.SAFE),
            options.get("label", ""),
            options.get("expect"),
        )

    async def get(self, path: str, parameters: Parameters = (), **options: Unpack[RequestOptions]) -> Response:
        """Read."""
        return await self.session.send(self.request("GET", path, None, parameters, **options))

    async def post(
        self, path: str, body: Any, parameters: Parameters = (), **options: Unpack[RequestOptions]
    ) -> Response:
        """Create; `Repeat.IDENTIFIED` when the body carries its own id, `SAFE` when the POST only asks."""
        return await self.write("POST", path, body, parameters, **options)

    async def patch(
        self, path: str, body: Any, parameters: Parameters = (), **options: Unpack[RequestOptions]
    ) -> Response:
        """Change."""
        return await self.write("PATCH", path, body, parameters, **options)

    async def write(
        self, method: str, path: str, body: Any, parameters: Parameters = (), **options: Unpack[RequestOptions]
    ) -> Response:
        """Any method with a body; without `repeat` an unclear one is never sent again."""
        options.setdefault("repeat", Repeat.NEVER)
        return await self.session.send(self.request(method, path, body, parameters, **options))
