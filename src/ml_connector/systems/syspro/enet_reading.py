"""e.net as a transport: the same tables through COMFND queries, where OData cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

import msgspec

from ml_connector.errors import ContractError
from ml_connector.systems.syspro.conditions import ALWAYS, Condition, Value, alternatives
from ml_connector.systems.syspro.enet import EnetClient
from ml_connector.systems.syspro.enet_xml import Element
from ml_connector.systems.syspro.reading import Answer, Query

MOST_COMPARISONS = 8
"""In one query: each takes some 250 characters of the address."""


class EnetTransport:
    """Reads the tables of the session's company. Tells nothing about types, time stamps or the server's names."""

    most_comparisons = MOST_COMPARISONS
    can_skip = False

    def __init__(self, client: EnetClient) -> None:
        self._client = client

    async def properties(self) -> Mapping[str, Mapping[str, str]] | None:
        return None

    async def ask(self, query: Query) -> Answer:
        """A query has no way to skip rows, and an answer shorter than asked for is the last."""
        if query.skip:
            raise ContractError(
                f"{query.table.name}: one document has more than {query.top} rows, and e.net cannot count on in them.",
                fix="Make page_size larger, or read through OData.",
            )
        settings, name = self._client.settings, query.table.name
        here = {column: settings.column_name(name, column) for column in query.select}
        xml = _query(settings.set_name(name), query, here)
        root = await self._client.query("COMFND", xml, query.label or f"e.net: read {name}")
        rows = [_row(each, list(here.values())) for each in root.all("Row")]
        more = len(rows) >= query.top
        return Answer(rows, None if more else len(rows), more, None)


def _query(table: str, query: Query, here: Mapping[str, str]) -> str:
    columns = "".join(f"<Column>{escape(column)}</Column>" for column in here.values())
    order = "".join(f"<Column>{escape(here[column])}</Column>" for column in query.order)
    return (
        f"<Query><TableName>{escape(table)}</TableName><ReturnRows>{query.top}</ReturnRows>"
        f"<Columns>{columns}</Columns>{_where(query.condition, here, query)}<OrderBy>{order}</OrderBy></Query>"
    )


def _where(condition: Condition, here: Mapping[str, str], query: Query) -> str:
    if condition == ALWAYS:
        return ""
    expressions: list[str] = []
    for terms in alternatives(condition):
        for index, term in enumerate(terms):
            joined = "" if not expressions else f"<AndOr>{'And' if index else 'Or'}</AndOr>"
            column = here.get(term.column, term.column)
            expressions.append(
                f"<Expression>{'' if index else '<OpenBracket>(</OpenBracket>'}{joined}"
                f"<Column>{escape(column)}</Column><Condition>{term.operator.upper()}</Condition>"
                f"<Value>{escape(_text(term.value))}</Value>"
                f"{'<CloseBracket>)</CloseBracket>' if index == len(terms) - 1 else ''}</Expression>"
            )
    return f"<Where>{''.join(expressions)}</Where>"


def _text(value: Value) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else value


def _row(element: Element, columns: list[str]) -> msgspec.Raw:
    """The row as JSON, every value a text as it came; an absent one is empty."""
    found = {each.name.lower(): each.text for each in element.children}
    return msgspec.Raw(msgspec.json.encode({column: found.get(column.lower(), "") for column in columns}))
