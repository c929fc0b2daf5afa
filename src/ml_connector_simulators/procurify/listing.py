"""Lists: filters, order, pages and their envelope (fact sheet section 2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..exchange import Answer, Call
from .database import Database
from .filters import matching
from .refusals import RefusedError
from .rendering import Renderer
from .tables import Row, Table

FOREIGN_HOST = "http://procurify-web.internal:8000"
_KEPT_RESULTS = 8
Where = Callable[[Row], bool]


class Lister:
    """Answers lists; a sorted result is kept until a row of any set changes, so that paging stays cheap."""

    def __init__(self, database: Database, renderer: Renderer, url: Callable[[], str]) -> None:
        self._database = database
        self._renderer = renderer
        self._url = url
        self._results: OrderedDict[tuple[object, ...], list[Row]] = OrderedDict()
        self.hidden: dict[str, list[Row]] = {}  # per set, fields of rows that the service user does not see

    def forget(self) -> None:
        """Drops what is kept."""
        self._results.clear()

    def answer(self, call: Call, name: str, where: Where | None = None, **metadata: Any) -> Answer:
        """A page of the rows of a set that `where` lets through."""
        rows = self._sorted(call, name, where)
        page = _Page(call, self._database, len(rows))
        shown = [self._renderer.listed(name, row) for row in rows[page.first : page.first + page.size]]
        top = self._database.switches.top_level_pagination
        pagination = self._pagination(call, page)
        if name in top or "*" in top:
            return Answer.json({"data": shown, "metadata": metadata, "pagination": pagination})
        metadata["pagination"] = pagination
        return Answer.json({"data": shown, "metadata": metadata})

    def _sorted(self, call: Call, name: str, where: Where | None) -> list[Row]:
        parameters = call.parameters()
        asked = tuple((k, v) for k, v in parameters.items() if k not in ("page", "page_size"))
        version = sum(table.version for table in self._database.tables.values())
        kept = (version, call.decoded_path, asked)
        # an account comes into effect by the passing of time alone
        if kept in self._results and "in_effect" not in parameters:
            self._results.move_to_end(kept)
            return self._results[kept]
        rows = matching(self._database, name, parameters)
        if where:
            rows = [row for row in rows if where(row)]
        for fields in self.hidden.get(name, ()):
            rows = [row for row in rows if any(row[column] != value for column, value in fields.items())]
        self._sort(self._database[name], rows, parameters.get("order_by", ""))
        self._results[kept] = rows
        if len(self._results) > _KEPT_RESULTS:
            self._results.popitem(last=False)
        return rows

    def _sort(self, table: Table, rows: list[Row], order_by: str) -> None:
        """Rows of equal rank keep the order of their keys; an unknown field counts as none."""
        definition = table.definition
        column = order_by.removeprefix("-")
        if column == "id":
            column = definition.key
        rows.sort(key=table.key)
        if column in definition.columns and definition.columns[column] != "json":
            rows.sort(key=lambda row: (row[column] is not None, row[column]), reverse=order_by.startswith("-"))
        elif self._database.switches.default_order == "newest_first":
            rows.reverse()
        elif self._database.switches.default_order == "shuffled":
            Random(len(rows)).shuffle(rows)

    def _pagination(self, call: Call, page: _Page) -> dict[str, Any]:
        return {
            "count": page.count,
            "next": self._link(call, page.number + 1) if page.number < page.pages else None,
            "previous": self._link(call, page.number - 1) if page.number > 1 else None,
            "page_size": page.size,
            "num_pages": page.pages,
            "current_page": page.number,
        }

    def _link(self, call: Call, number: int) -> str:
        """Only its path and query are right: the host is an inner one, the scheme http."""
        query = [(k, v) for k, v in parse_qsl(call.query, keep_blank_values=True) if k != "page"]
        host = {"foreign_host": FOREIGN_HOST, "own_host": self._url(), "relative": ""}
        return f"{host[self._database.switches.next_link]}{call.path}?{urlencode([*query, ('page', str(number))])}"


class _Page:
    """Which rows are asked for. Raises RefusedError (404) past the end."""

    def __init__(self, call: Call, database: Database, count: int) -> None:
        parameters = call.parameters()
        switches = database.switches
        asked = parameters.get("page_size", "")
        wanted = int(asked) if asked.isdecimal() and int(asked) > 0 else switches.default_page_size
        self.count = count
        self.size = min(wanted, switches.max_page_size)
        self.pages = max(1, -(-count // self.size))
        number = parameters.get("page", "1")
        if not number.isdecimal() or not 0 < int(number) <= self.pages:
            raise RefusedError(404, "Invalid page.")
        self.number = int(number)
        self.first = (self.number - 1) * self.size


def purchase_order_counts(rows: Sequence[Row]) -> dict[str, int]:
    """The numbers that the vendor's page shows beside the list of purchase orders."""
    states = {"open": (0, 5), "cancelled": (1,), "closed": (3,), "paid": (4,)}
    counts = {name: sum(row["state"] in wanted for row in rows) for name, wanted in states.items()}
    return {"all": len(rows), **counts}
