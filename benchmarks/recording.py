"""What the product asked of both ends, so that a bare loop can ask it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from ml_connector.protocols.http import Http, Request, Response, origin_of

End = Literal["source", "target"]
ENDS: tuple[End, ...] = ("source", "target")


class Exchange(msgspec.Struct):
    """One request, in the order in which they were sent."""

    end: End
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    body: bytes | None
    beside: list[int] = []
    """Those of the same end that were under way when this one was sent."""
    status: int = 0
    token: str = ""
    """Which the answer gave us."""


class _Token(msgspec.Struct):
    access_token: str


class Recorder:
    """Listens to every exchange from when it is made."""

    def __init__(self, urls: dict[End, str]) -> None:
        self._origins = {origin_of(url): end for end, url in urls.items()}
        self._under_way: dict[End, list[int]] = {end: [] for end in urls}
        self.exchanges: list[Exchange] = []
        exchange = Http.exchange

        async def recorded(
            http: Http,
            request: Request,
            headers: Mapping[str, str] | None = None,
            check: Callable[[], None] | None = None,
        ) -> Response:
            number, noted = self._note(request, headers or {})
            try:
                response = await exchange(http, request, headers or {}, check)
            finally:
                self._under_way[noted.end].remove(number)
            noted.status = response.status
            noted.token = _token(response.body)
            return response

        Http.exchange = recorded  # type: ignore[method-assign, assignment]

    def _note(self, request: Request, headers: Mapping[str, str]) -> tuple[int, Exchange]:
        origin = origin_of(request.url)
        end, path = self._origins[origin], request.url[len(origin) :]
        number, under_way = len(self.exchanges), self._under_way[end]
        noted = Exchange(end, request.method, path, {**request.headers, **headers}, request.body, list(under_way))
        self.exchanges.append(noted)
        under_way.append(number)
        return number, noted

    def keep(self, file: Path) -> None:
        file.write_bytes(msgspec.msgpack.encode(self.exchanges))


def load(file: Path) -> list[Exchange]:
    """What a recorder kept."""
    return msgspec.msgpack.decode(file.read_bytes(), type=list[Exchange])


def _token(body: bytes) -> str:
    if b'"access_token"' not in body[:5000]:
        return ""
    try:
        return msgspec.json.decode(body, type=_Token).access_token
    except msgspec.DecodeError:
        return ""


def decoded(body: bytes) -> Any:
    """JSON as plain values; None for anything else."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
