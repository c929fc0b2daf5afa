"""Reads rows of tables: in key order behind a position, and all that belong to given keys; over either transport.

Paging never follows a count of rows over live data: each page is asked for behind the key of the row before, because
`$skip` and the links of the service lose or repeat rows when others come and go meanwhile (FACTS 12).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import msgspec

from ml_connector.errors import ConfigurationError, ContractError, ModuleMissingError, RemoteFaultError
from ml_connector.protocols.together import together
from ml_connector.systems.syspro.conditions import ALWAYS, Condition, Key, Value, behind, every, from_on
from ml_connector.systems.syspro.settings import SysproSettings
from ml_connector.systems.syspro.tables import STAMP, Table

SMALLEST_PAGE = 25
MOST_ROWS = 5_000
"""Of one answer (FACTS 11)."""
ROW = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
KINDS = {
    "Edm.String": "text",
    **dict.fromkeys(["Edm.Decimal", "Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Byte", "Edm.Double"], "number"),
}


@dataclass(frozen=True, slots=True)
class Query:
    """One request for rows."""

    table: Table
    select: tuple[str, ...]
    condition: Condition
    order: tuple[str, ...]
    top: int
    skip: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it."""

    rows: list[msgspec.Raw]
    total: int | None
    """Rows that meet the condition, where the system said so."""
    linked: bool
    """It announced that there is more."""
    server_date: datetime | None


class Transport(Protocol):
    """OData, or e.net."""

    most_comparisons: int
    can_skip: bool

    async def ask(self, query: Query) -> Answer: ...

    async def properties(self) -> Mapping[str, Mapping[str, str]] | None:
        """`{set: {property: type}}`; None where the system does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it came, and decoded under the names of the fact sheet."""

    raw: bytes
    values: dict[str, Any]

    def text(self, column: str) -> str:
        """A part of a key: leading blanks and zeros belong to it, trailing blanks do not (FACTS 16)."""
        return key_text(self.values.get(column))

    def number(self, column: str) -> int:
        """A whole number; nothing at all is 0."""
        text = self.text(column).strip()
        try:
            return int(Decimal(text)) if text else 0
        except InvalidOperation:
            raise ContractError(f"{column} came as {text!r}, which is no number.") from None


def key_text(value: Any) -> str:
    """One part of a key as text; numbers without what does not change them."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else value
    return str(value).rstrip(" ")


def _number(value: Any) -> Any:
    """A number that came as text, padded with blanks; anything else as it is."""
    try:
        return Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of rows in key order."""

    rows: list[Row]
    more: bool


@dataclass
class Reader:
    """Reads the tables of one company."""

    transport: Transport = field(repr=False)
    settings: SysproSettings
    _plain: set[str] = field(default_factory=set)
    """Tables without metadata that refused their assumed columns."""
    _properties: Mapping[str, Mapping[str, str]] | None = None
    _asked: bool = False
    _learning: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    # What a table looks like -------------------------------------------------------------------------------------

    async def learn(self) -> None:
        """Read the metadata, once; without it the names and types of the fact sheet are taken."""
        async with self._learning:
            if not self._asked:
                self._properties = await self.transport.properties()
                self._asked = True

    def known(self, table: Table) -> Mapping[str, str] | None:
        """Property -> type of a table as the metadata tells; None where it does not."""
        return (self._properties or {}).get(self.settings.set_name(table.name))

    def has(self, table: Table, column: str) -> bool:
        """Whether the table has the column, as far as is known."""
        known = self.known(table)
        if known is None:
            return column not in table.optional or table.name not in self._plain
        return self.settings.column_name(table.name, column) in known

    def is_stamped(self, table: Table) -> bool:
        """Whether a row tells by its TimeStamp that it changed; only metadata proves that."""
        return self.known(table) is not None and self.has(table, STAMP)

    def typed(self, table: Table, column: str, text: str) -> Value:
        """A key's text as the value to compare with."""
        known = self.known(table) or {}
        kind = KINDS.get(known.get(self.settings.column_name(table.name, column), ""))
        number = kind == "number" if kind else column in table.numbers
        try:
            return Decimal(text.strip() or "0") if number else text
        except InvalidOperation:
            raise ContractError(f"{table.name}.{column} came as {text!r}, which is no number.") from None

    def typed_key(self, table: Table, columns: Sequence[str], texts: Sequence[str]) -> Key:
        return tuple(self.typed(table, column, text) for column, text in zip(columns, texts, strict=True))

    def selected(self, table: Table, columns: Sequence[str], *, stamped: bool = True) -> tuple[str, ...]:
        """The key, the columns and the time stamp, without assumed ones that are not there."""
        wanted = tuple(dict.fromkeys((*table.key, *columns)))
        missing = [name for name in wanted if not self.has(table, name)]
        if refused := [name for name in missing if name not in table.optional]:
            raise ModuleMissingError(
                f"{self.settings.set_name(table.name)} has no column {', '.join(refused)}.",
                fix=f"Put the right name into `fields`, as `{table.name}.{refused[0]}: <name>`, or have the SYSPRO "
                "administrator make the column available to the OData service.",
                who="SYSPRO administrator",
            )
        stamp = (STAMP,) if stamped and self.is_stamped(table) else ()
        return tuple(name for name in wanted if name not in missing) + stamp

    # Pages -------------------------------------------------------------------------------------------------------

    async def scan(
        self,
        table: Table,
        columns: Sequence[str],
        condition: Condition = ALWAYS,
        start: Sequence[str] = (),
        label: str = "",
    ) -> AsyncGenerator[Rows, None]:
        """Every row that meets the condition, in the order of the key, behind the key `start`."""
        await self.learn()
        query = Query(table, self.selected(table, columns), condition, table.key, self.settings.page_size, label=label)
        position = list(start)
        passed: set[tuple[str, ...]] = set()
        while True:
            bound = behind(table.key, self.typed_key(table, table.key, position)) if position else None
            page = await self._page(replace(query, condition=every(condition, bound)))
            # A system that fills keys up with blanks may give the last row once more: 'A  ' stands behind 'A' there.
            rows = [row for row in page.rows if [row.text(name) for name in table.key] != position]
            if not rows:
                return
            position = [rows[-1].text(name) for name in table.key]
            _pass(passed, position, table)
            yield Rows(rows, page.more)
            if not page.more:
                return

    async def top(
        self, table: Table, columns: Sequence[str], condition: Condition = ALWAYS, rows: int = 1
    ) -> list[Row]:
        """The first rows in key order."""
        await self.learn()
        query = Query(table, self.selected(table, columns), condition, table.key, rows)
        return (await self._page(query)).rows

    async def all_of(
        self,
        table: Table,
        columns: Sequence[str],
        conditions: Iterable[Condition],
        group: Sequence[str],
        *,
        stamped: bool = True,
    ) -> list[Row]:
        """All rows that meet any of the conditions, which do not overlap.

        `group` is the leading part of the key that the conditions are about. Nothing is assumed about what makes a row
        unique within it: a page that may be cut is continued at its last group, which is read again.
        """
        await self.learn()
        order = tuple(dict.fromkeys((*group, *table.key)))
        select = self.selected(table, (*group, *columns), stamped=stamped)
        query = Query(table, select, ALWAYS, order, self.settings.page_size)
        found = await together([self._groups(replace(query, condition=each), group) for each in conditions])
        return [row for rows in found for row in rows]

    async def _groups(self, query: Query, group: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        condition = query.condition
        passed: set[tuple[str, ...]] = set()
        before: list[str] = []
        while True:
            page = await self._page(query)
            if not page.more or not page.rows:
                return found + page.rows
            if not self.transport.can_skip and query.top < MOST_ROWS:
                query = replace(query, top=min(MOST_ROWS, 4 * query.top))  # e.net: conditions are dear, rows are not
                continue
            last = [page.rows[-1].text(name) for name in group]
            if last != before:  # a group that fills the page is met again at the start of the next
                _pass(passed, last, query.table)
            before = last
            whole = [row for row in page.rows if [row.text(name) for name in group] != last]
            bound = from_on(group, self.typed_key(query.table, group, last))
            if not whole:
                rest, done = await self._one_group(replace(query, condition=every(condition, bound)), group, last)
                found += rest
                if done:
                    return found
                bound = behind(group, self.typed_key(query.table, group, last))
            found += whole
            query = replace(query, condition=every(condition, bound))

    async def _one_group(self, query: Query, group: Sequence[str], key: list[str]) -> tuple[list[Row], bool]:
        """A group that fills more than a page, by counting; and whether the rows ended with it."""
        found: list[Row] = []
        while True:
            page = await self._page(replace(query, skip=len(found)))
            same = [row for row in page.rows if [row.text(name) for name in group] == key]
            found += same
            if not page.rows or not page.more:
                return found, len(same) == len(page.rows)
            if len(same) < len(page.rows):
                return found, False

    async def _page(self, query: Query) -> Rows:
        """One answer; where the system fails at it (a time-out of its database), a smaller one."""
        while True:
            try:
                answer = await self.transport.ask(query)
            except RemoteFaultError as error:
                if error.fields.get("status") != 500 or query.top <= SMALLEST_PAGE:
                    raise
                query = replace(query, top=max(SMALLEST_PAGE, query.top // 2))
                continue
            except ConfigurationError as error:
                assumed = query.table.optional & set(query.select)
                if error.fields.get("status") != 400 or not assumed or self.known(query.table) is not None:
                    raise
                self._plain.add(query.table.name)
                query = replace(query, select=tuple(name for name in query.select if name not in assumed))
                continue
            rows = [self._row(query.table, raw) for raw in answer.rows]
            return Rows(rows, self._may_go_on(query, answer))

    def _row(self, table: Table, raw: msgspec.Raw) -> Row:
        content = bytes(raw)
        values = canonical(self.settings, table, ROW.decode(content))
        for name in table.numbers:
            values[name] = _number(values.get(name))
        return Row(content, values)

    def _may_go_on(self, query: Query, answer: Answer) -> bool:
        """Could there be rows behind this page?"""
        count = len(answer.rows)
        if answer.linked or count >= query.top:
            return count > 0
        if answer.total is not None:
            return answer.total > count + query.skip
        return count > 0


def canonical(settings: SysproSettings, table: Table, values: dict[str, Any]) -> dict[str, Any]:
    """The row under the names of the fact sheet."""
    for name, here in settings.fields.items():
        owner, _, column = name.partition(".")
        if owner == table.name and here in values:
            values[column] = values.pop(here)
    return values


def _pass(passed: set[tuple[str, ...]], position: Sequence[str], table: Table) -> None:
    """Raises ContractError at a position that was passed before: reading on would never end."""
    if tuple(position) in passed:
        raise ContractError(
            f"{table.name}: the rows behind {'/'.join(position)} lead back to it; the service does not sort as asked.",
            fix="Ask the SYSPRO administrator whether the service honours $orderby; nothing is read until then.",
            who="SYSPRO administrator",
        )
    passed.add(tuple(position))
