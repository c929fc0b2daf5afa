"""What a path below a service means: a set, a row by its key, a navigation, an action (fact sheet §2, §3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from . import values
from .refusals import bad_request, not_found
from .rows import Key
from .schema import Property, Table

_SERVICE = re.compile(
    r"/(?P<entrance>main|int|b2b)/ifsapplications/(?P<family>projection|entity)/v1/(?P<name>\w+)\.svc(?P<rest>/.*)?"
)
_SEGMENT = re.compile(r"(?P<name>[\w.$]+)(?:\((?P<key>.*)\))?", re.DOTALL)
_KEY_PART = re.compile(r"(?:(?P<name>\w+)=)?(?P<value>IfsApp\.\w+\.\w+'(?:[^']|'')*'|'(?:[^']|'')*'|[^,'()]+)(?:,|$)")


@dataclass(frozen=True)
class Segment:
    """One part of a path, decoded: `PurchaseOrderSet(OrderNo='P1')` has a key text, `PurchaseOrderSet` none."""

    name: str
    key_text: str | None


@dataclass(frozen=True)
class Address:
    """`root` is the service's path with a slash at its end, as it was requested."""

    entrance: str
    family: str
    service: str
    root: str
    segments: tuple[Segment, ...]


def parse_address(path: str) -> Address:
    """Takes a percent-encoded path apart. Raises RefusedError 404 for what is no service."""
    found = _SERVICE.fullmatch(path)
    if not found or (found["family"] == "entity" and found["entrance"] != "int"):
        raise not_found(f"No service at {unquote(path)}.")
    rest = (found["rest"] or "").strip("/")
    root = path[: found.end("name")] + ".svc/"
    segments = tuple(_segment(unquote(text)) for text in rest.split("/")) if rest else ()
    return Address(found["entrance"], found["family"], found["name"], root, segments)


def _segment(text: str) -> Segment:
    found = _SEGMENT.fullmatch(text)
    if not found:
        raise bad_request(f"'{text}' is not a valid part of an address.")
    return Segment(found["name"], found["key"])


def parse_key(text: str, table: Table, projection: str) -> Key:
    """The key in the table's order. All its properties must be named; a single one may go without its name.

    A further property of the row (such as PartyType) is tolerated and not compared.
    """
    given = _key_parts(text)
    if set(given) == {""} and len(table.keys) == 1:
        given = {table.keys[0]: given[""]}
    known: Mapping[str, Property] = {p.name: p for p in table.properties}
    read: dict[str, Any] = {}
    for name, token in given.items():
        if name not in known:
            raise bad_request(f"The key property '{name}' does not exist.")
        read[name] = values.stored(known[name], values.literal(known[name], token, projection))
    if not set(table.keys) <= set(read):
        raise bad_request(f"The key needs {', '.join(table.keys)}.")
    return tuple(read[name] for name in table.keys)


def _key_parts(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    at = 0
    while at < len(text):
        found = _KEY_PART.match(text, at)
        if not found:
            raise bad_request(f"The key '({text})' is not valid.")
        given[found["name"] or ""] = found["value"].strip()
        at = found.end()
    return given
