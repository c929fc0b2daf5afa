"""One request and one answer as plain values, so that a batch's inner requests are served like outer ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from multidict import CIMultiDict, CIMultiDictProxy

from . import exact_json

Kind = Literal["token", "read", "write"]


@dataclass(frozen=True)
class Call:
    """A request as it came over the wire; `path` and `query` are still percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: CIMultiDict[str] | CIMultiDictProxy[str] = field(default_factory=CIMultiDict)
    body: bytes = b""
    inner: bool = False  # True for a request inside a batch

    @property
    def target(self) -> str:
        """Path and query as sent."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def decoded_path(self) -> str:
        return unquote(self.path)

    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded once (`+` is a blank); of a repeated name the last one."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def form(self) -> dict[str, str]:
        """The body read as application/x-www-form-urlencoded."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """The body read as JSON, numbers as Decimal. Raises msgspec.DecodeError."""
        return exact_json.load(self.body)

    def header(self, name: str, default: str = "") -> str:
        return self.headers.get(name, default)


@dataclass
class Answer:
    """What goes back; `headers` may hold a name several times."""

    status: int = 200
    body: bytes = b""
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict)

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> Answer:
        """An exact JSON answer; `headers` are written with `_` for `-`."""
        return cls.of(exact_json.dump(value), "application/json", status, **headers)

    @classmethod
    def of(cls, body: bytes, content_type: str, status: int = 200, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(status, body, CIMultiDict({"Content-Type": content_type, **named}))


@dataclass(frozen=True)
class Label:
    """What a request is for: its kind, and the entity set or table it touches ("" for none)."""

    kind: Kind
    entity: str = ""
