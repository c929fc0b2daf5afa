"""The OData service: read-only, Basic, a path per company, IIS pages where OData does not answer (fact sheet §4)."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from ..exchange import Answer, Call
from . import catalog
from .catalog import PublishedSet
from .database import CompanyData, Values, bare
from .filters import FilterError, Term, compile_filter
from .schema import Column
from .switches import SysproSwitches

ROOT = "/SYSPRO8Odata/SYSPROOData"
_KNOWN = {"$select", "$filter", "$orderby", "$top", "$skip", "$count", "$format", "$skiptoken"}
_KEYED = re.compile(r"([A-Za-z_+]\w*)\((.*)\)", re.DOTALL)
_KEPT_RESULTS = 24
_SAFE = "$'(),:*@/"


class ODataError(Exception):
    """An answer in the OData form; `why` is for the reader of the journal."""

    def __init__(self, status: int, message: str, why: str = "") -> None:
        super().__init__(why or message)
        self.status = status
        self.message = message
        self.why = why

    def answer(self) -> Answer:
        error = {"code": "", "message": self.message}
        if self.why:
            error["innererror"] = {"message": self.why}  # type: ignore[assignment]
        return Answer.json({"error": error}, self.status, OData_Version="4.0")


def _invalid(why: str) -> ODataError:
    return ODataError(400, "The query specified in the URI is not valid.", why)


def not_found(what: str) -> ODataError:
    return ODataError(404, f"No resource was found for the segment '{what}'.")


@dataclass(frozen=True)
class Options:
    """The query options, read once; what begins without `$` is nobody's and ignored."""

    select: tuple[str, ...]
    filter: str
    order: tuple[tuple[str, bool], ...]  # (column, descending)
    top: int | None
    skip: int
    count: bool
    offset: int | None  # from $skiptoken
    shuffle: int
    others: tuple[tuple[str, str], ...]


def read_options(query: str, columns: Mapping[str, Column]) -> Options:
    """Raises ODataError."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    for name in given:
        if name.startswith("$") and name not in _KNOWN:
            raise _invalid(f"{name} is not supported")
    select = tuple(part.strip() for part in given.get("$select", "").split(",") if part.strip() not in ("", "*"))
    for name in select:
        if name not in columns:
            raise _invalid(f"$select: no property {name!r}")
    if given.get("$count", "false") not in ("true", "false"):
        raise _invalid("$count is true or false")
    offset, shuffle = _token(given["$skiptoken"]) if "$skiptoken" in given else (None, 0)
    return Options(
        select,
        given.get("$filter", "").strip(),
        _order(given.get("$orderby", ""), columns),
        _whole(given, "$top"),
        _whole(given, "$skip") or 0,
        given.get("$count") == "true",
        offset,
        shuffle,
        tuple((name, value) for name, value in pairs if name != "$skiptoken"),
    )


class ODataService:
    """Answers for one set of switches; keeps sorted views as long as their table does not change."""

    def __init__(self) -> None:
        self._views: OrderedDict[object, tuple[int, list[Values]]] = OrderedDict()
        self._queries = 0

    def forget(self) -> None:
        self._views.clear()

    def answer(
        self, call: Call, company: CompanyData, segments: Sequence[str], root: str, switches: SysproSwitches
    ) -> Answer:
        """`segments` are what follows the company; `root` is the address up to it. Raises ODataError."""
        sets = catalog.published(company, switches)
        if not segments:
            return Answer.json(catalog.service_document(f"{root}/$metadata", sets), OData_Version="4.0")
        if list(segments) == ["$metadata"]:
            return Answer.of(catalog.metadata(sets, switches), "application/xml", OData_Version="4.0")
        keyed = _KEYED.fullmatch(segments[0])
        name = keyed[1] if keyed else segments[0]
        one = sets.get(name)
        if one is None or len(segments) > 1:
            raise not_found(segments[-1] if one else name)
        options = read_options(call.query, one.columns)
        texts = switches.decimals == "string" or "ieee754compatible=true" in call.header("Accept").lower()
        names = options.select or tuple(one.columns)
        context = f"{root}/$metadata#{name}"
        if keyed:
            row = _by_key(one, keyed[2])
            single = {"@odata.context": f"{context}/$entity", **catalog.rendered(row, names, one, switches, texts)}
            return Answer.json(single, OData_Version="4.0")
        found, total, token = self._page(company, one, options, switches)
        body: dict[str, Any] = {"@odata.context": context}
        if options.count:
            body["@odata.count"] = total
        body["value"] = [catalog.rendered(row, names, one, switches, texts) for row in found]
        if token:
            pairs = (*options.others, ("$skiptoken", token))
            query = "&".join(f"{quote(n, safe='$')}={quote(v, safe=_SAFE)}" for n, v in pairs)
            body["@odata.nextLink"] = f"{root}/{name}?{query}"
        return Answer.json(body, OData_Version="4.0")

    def _page(
        self, company: CompanyData, one: PublishedSet, options: Options, switches: SysproSwitches
    ) -> tuple[list[Values], int, str]:
        """The rows of the page, how many there are in all (only if asked for), and the token of the next page."""
        try:
            term = compile_filter(options.filter, one.columns) if options.filter else None
        except FilterError as error:
            raise _invalid(f"$filter: {error}") from error
        shuffle = self._shuffle(one, options, switches)
        view = self._view(company, one, options, shuffle, term)
        first = options.skip if options.offset is None else options.offset
        end = None if options.top is None else options.skip + options.top
        stop = first + switches.page_limit if end is None else min(end, first + switches.page_limit)
        found: list[Values] = []
        total = 0
        for row in view:
            if term is not None and not term.test(row):
                continue
            if first <= total < stop:
                found.append(row)
            total += 1
            if total > stop and not options.count:
                break
        more = total > stop and (end is None or stop < end)
        linked = switches.next_link == "always" or (switches.next_link == "without_top" and end is None)
        return found, total, f"{stop}-{shuffle}" if more and linked else ""

    def _shuffle(self, one: PublishedSet, options: Options, switches: SysproSwitches) -> int:
        """0: the order is given by the whole key; else the seed of the disorder, another one per query."""
        named = {name for name, _ in options.order}
        if set(one.rows.table.keys) <= named or switches.order_without_orderby == "key":
            return 0
        if options.offset is not None and switches.order_without_orderby == "per_query":
            return options.shuffle
        self._queries += 1
        return self._queries

    def _view(
        self, company: CompanyData, one: PublishedSet, options: Options, shuffle: int, term: Term | None
    ) -> list[Values]:
        """All rows that may be asked for, in order."""
        rows = one.rows
        candidates = _candidates(one, term)
        if candidates is not None:
            return _sorted(candidates, one, options, shuffle)
        name = (company.company_id, rows.table.name, options.order, shuffle)
        kept = self._views.get(name)
        if kept is None or kept[0] != rows.version:
            kept = (rows.version, _sorted(list(rows), one, options, shuffle))
            self._views[name] = kept
        self._views.move_to_end(name)
        while len(self._views) > _KEPT_RESULTS:
            self._views.popitem(last=False)
        return kept[1]


def _candidates(one: PublishedSet, term: Term | None) -> list[Values] | None:
    """The rows that an index finds; None: the filter names no value of its own for every alternative."""
    if term is None or term.equals is None:
        return None
    found: dict[int, Values] = {}
    for equal in term.equals:
        name = max(equal, key=lambda n: len(one.rows.index(n)))
        for row in one.rows.index(name).get(equal[name], ()):
            found[id(row)] = row
    return list(found.values())


def _sorted(rows: list[Values], one: PublishedSet, options: Options, shuffle: int) -> list[Values]:
    rows = sorted(rows, key=one.rows.key)
    if shuffle:
        Random(shuffle).shuffle(rows)
    for name, descending in reversed(options.order):
        rows.sort(key=lambda row: _comparable(row.get(name)), reverse=descending)
    return rows


def _comparable(value: Any) -> tuple[bool, Any]:
    """Null comes first, as SQL Server sorts it."""
    return (value is not None, 0 if value is None else bare(value))


def _by_key(one: PublishedSet, text: str) -> Values:
    """`Set('X')` or `Set(Supplier='X',Invoice='Y')`."""
    keys = one.rows.table.keys
    expression = text if "=" in re.sub(r"'(?:[^']|'')*'", "", text) else f"{keys[0]}={text}"
    parts = re.findall(r"\s*(\w+)=('(?:[^']|'')*'|[^,]+)\s*(?:,|$)", expression)
    given = dict(parts)
    if set(given) != set(keys):
        raise _invalid("the key is not complete")
    try:
        values = [one.rows.columns[k].stored(given[k].strip("'").replace("''", "'")) for k in keys]
    except ValueError as error:
        raise _invalid(str(error)) from error
    row = one.rows.get(*values)
    if row is None:
        raise not_found(f"{one.name}({text})")
    return row


def _order(text: str, columns: Mapping[str, Column]) -> tuple[tuple[str, bool], ...]:
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, direction = part.partition(" ")
        if name not in columns or direction.strip() not in ("", "asc", "desc"):
            raise _invalid(f"$orderby: {part!r}")
        found.append((columns[name].name, direction.strip() == "desc"))
    return tuple(found)


def _whole(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not given[name].isdigit():
        raise _invalid(f"{name} is a whole number")
    return int(given[name])


def _token(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if not found:
        raise _invalid("$skiptoken")
    return int(found[1]), int(found[2])


def segments_of(path: str) -> list[str] | None:
    """The decoded segments below the service's root, or None for another path; IIS does not mind the case."""
    parts = path.split("/")[1:]
    root = ROOT.split("/")[1:]
    if [unquote(p).lower() for p in parts[: len(root)]] != [r.lower() for r in root]:
        return None
    return [unquote(part) for part in parts[len(root) :] if part]
