"""Reading a set: which rows, in which order, which page (fact sheet §3 and §9)."""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec

from ..exchange import Call
from ..expressions import Test
from .filters import Reading, compile_filter
from .refusals import bad_request, not_implemented
from .rows import Record, Rows
from .schema import Property

_KNOWN = {"$filter", "$select", "$orderby", "$top", "$skip", "$count", "$expand", "$format", "$skiptoken"}
_REFUSED = {"$apply", "$search", "$compute", "$deltatoken"}
_PAGE_SIZE = re.compile(r"odata\.maxpagesize\s*=\s*(\d+)", re.IGNORECASE)
_KEPT_RESULTS = 24


class Continuation(msgspec.Struct, array_like=True):
    """What a `$skiptoken` stands for: where to go on, in which shuffle, of which frozen result (0: none)."""

    offset: int
    shuffle: int
    snapshot: int = 0

    def token(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


@dataclass(frozen=True)
class Options:
    """The system options of a request, read once."""

    filter: str
    select: tuple[str, ...]
    order: tuple[tuple[str, bool], ...]  # (property, descending)
    top: int | None
    skip: int
    count: bool
    expand: tuple[str, ...]
    going_on: Continuation | None
    page_size: int | None  # from the header Prefer
    others: tuple[tuple[str, str], ...]  # everything a next link repeats

    def next_query(self, going_on: Continuation) -> str:
        pairs = (*self.others, ("$skiptoken", going_on.token()))
        return "&".join(f"{quote(n, safe='$')}={quote(v, safe=_SAFE)}" for n, v in pairs)


_SAFE = "$'(),:*@/"


def read_options(call: Call, properties: Mapping[str, Property]) -> Options:
    """Reads the query; a raw `+` is a blank. Raises RefusedError."""
    pairs = parse_qsl(call.query, keep_blank_values=True)
    given = dict(pairs)
    for name in given:
        if name in _REFUSED:
            raise not_implemented(f"The system query option '{name}' is not supported.")
        if name.startswith("$") and name not in _KNOWN:
            raise bad_request(f"The system query option '{name}' is not defined.")
    preferred = _PAGE_SIZE.search(call.header("Prefer"))
    return Options(
        filter=given.get("$filter", ""),
        select=_names(given.get("$select", ""), properties),
        order=_order(given.get("$orderby", ""), properties),
        top=_whole(given, "$top"),
        skip=_whole(given, "$skip") or 0,
        count=_yes(given, "$count"),
        expand=tuple(_split(given.get("$expand", ""))),
        going_on=_continuation(given["$skiptoken"]) if "$skiptoken" in given else None,
        page_size=int(preferred[1]) if preferred else None,
        others=tuple((n, v) for n, v in pairs if n != "$skiptoken"),
    )


@dataclass(frozen=True)
class Question:
    """Which rows somebody may see of one set, and how they look to a filter."""

    name: str  # what tells this question from others in the cache
    rows: Rows
    only: Callable[[Mapping[str, Any]], bool] | None
    companies: frozenset[str]
    plain: Callable[[Record], Mapping[str, Any]]
    reading: Reading


@dataclass(frozen=True)
class Page:
    """One page of a result; `going_on` None on the last one. `total` counts all rows of the filter."""

    records: Sequence[Record]
    total: int
    going_on: Continuation | None


class Reader:
    """Answers questions; keeps the latest results as long as their table does not change."""

    def __init__(self) -> None:
        self._results: OrderedDict[object, tuple[int, list[Record]]] = OrderedDict()
        self._snapshots: OrderedDict[int, list[Record]] = OrderedDict()
        self._queries = 0

    def forget(self) -> None:
        self._results.clear()

    def page(self, question: Question, options: Options, limit: int, habit: str, frozen: bool) -> Page:
        """`habit` is the order without `$orderby`, `frozen` whether later pages come from the first one's result."""
        going_on = options.going_on
        if going_on is None or habit == "per_page":
            self._queries += 1
        shuffle = self._shuffle(question, options, habit)
        if going_on is not None and habit != "per_page":
            shuffle = going_on.shuffle
        snapshot = going_on.snapshot if going_on else 0
        if snapshot in self._snapshots:
            found = self._snapshots[snapshot]
        else:
            found = self._ordered(question, options, shuffle)
        if frozen and going_on is None:
            snapshot = self._freeze(found)
        return _cut(found, options, limit, shuffle, snapshot)

    def _shuffle(self, question: Question, options: Options, habit: str) -> int:
        """0: the order is fully given by the key; else the seed of the disorder."""
        named = {name for name, _ in options.order}
        whole_key = set(question.rows.table.keys) <= named
        return 0 if whole_key or habit == "key" else self._queries

    def _freeze(self, found: list[Record]) -> int:
        self._snapshots[self._queries] = found
        while len(self._snapshots) > _KEPT_RESULTS:
            self._snapshots.popitem(last=False)
        return self._queries

    def _ordered(self, question: Question, options: Options, shuffle: int) -> list[Record]:
        name = (question.name, question.companies, options.filter, options.order, shuffle)
        kept = self._kept(name, question.rows.version)
        if kept is not None:
            return kept
        found = self._matching(question, options)
        if shuffle:
            found = Random(shuffle).sample(found, len(found))
        else:
            found = sorted(found, key=lambda r: question.rows.key(r.values))
        for prop, descending in reversed(options.order):
            found.sort(key=lambda r: _comparable(question.plain(r).get(prop)), reverse=descending)
        self._keep(name, question.rows.version, found)
        return found

    def _matching(self, question: Question, options: Options) -> list[Record]:
        name = (question.name, question.companies, options.filter)
        kept = self._kept(name, question.rows.version)
        if kept is not None:
            return kept
        test = compile_filter(options.filter, question.reading) if options.filter.strip() else None
        found = [r for r in question.rows if _visible(r, question, test)]
        self._keep(name, question.rows.version, found)
        return found

    def _kept(self, name: object, version: int) -> list[Record] | None:
        kept = self._results.get(name)
        if kept is None or kept[0] != version:
            return None
        self._results.move_to_end(name)
        return kept[1]

    def _keep(self, name: object, version: int, found: list[Record]) -> None:
        self._results[name] = (version, found)
        while len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)


def _visible(record: Record, question: Question, test: Test | None) -> bool:
    if record.company and record.company not in question.companies:
        return False
    if question.only is None and test is None:
        return True
    plain = question.plain(record)
    return (question.only is None or question.only(plain)) and (test is None or test(plain))


def _cut(found: list[Record], options: Options, limit: int, shuffle: int, snapshot: int) -> Page:
    start = options.going_on.offset if options.going_on else options.skip
    end = len(found) if options.top is None else min(len(found), options.skip + options.top)
    size = min(limit, options.page_size or limit)
    stop = min(end, start + size)
    going_on = Continuation(stop, shuffle, snapshot) if stop < end else None
    return Page(found[start:stop], len(found), going_on)


def _comparable(value: Any) -> tuple[bool, Any]:
    """Null comes last, as the database sorts it."""
    return (value is None, 0 if value is None else value)


def _names(text: str, properties: Mapping[str, Property]) -> tuple[str, ...]:
    names = tuple(n for n in _split(text) if n != "*")
    for name in names:
        if name not in properties:
            raise bad_request(f"The property '{name}' in $select does not exist.")
    return names


def _order(text: str, properties: Mapping[str, Property]) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in _split(text):
        name, _, direction = part.partition(" ")
        if name not in properties or direction.strip() not in ("", "asc", "desc"):
            raise bad_request(f"'{part}' in $orderby is not valid.")
        found.append((name, direction.strip() == "desc"))
    return tuple(found)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _whole(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not given[name].isdigit():
        raise bad_request(f"'{name}' must be a number from 0.")
    return int(given[name])


def _yes(given: Mapping[str, str], name: str) -> bool:
    if given.get(name, "false") not in ("true", "false"):
        raise bad_request(f"'{name}' must be true or false.")
    return given.get(name) == "true"


def _continuation(token: str) -> Continuation:
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=Continuation)
    except (ValueError, msgspec.MsgspecError) as error:
        raise bad_request("The $skiptoken is not valid.") from error
