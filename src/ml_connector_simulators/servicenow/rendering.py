"""Turns stored rows into what the Table API returns: every scalar as text (fact sheet section 2, "Values")."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .columns import REFERENCE_KINDS, Column, amount_of, display_of_money, plain
from .instance import Instance
from .messages import Request
from .search import Path, Search
from .tables import Row, Table

Rendering = Callable[[Row], dict[str, Any]]


def renderer(instance: Instance, table: Table, request: Request) -> Rendering:
    """Returns what renders the rows of a table the way the parameters of a request ask."""
    display = request.query.get("sysparm_display_value", "false").lower()
    links = not request.flag("sysparm_exclude_reference_link")
    fields = request.query.get("sysparm_fields", "")
    if not fields and display == "false" and not links and not table.hidden_columns:
        return _plain(instance, table)
    return _Renderer(instance, table, _names(table, fields), display, links, request.base_url).row


def _names(table: Table, fields: str) -> Sequence[str]:
    if not fields:
        return [name for name in table.columns if name not in table.hidden_columns]
    return list(dict.fromkeys(name.strip() for name in fields.split(",")))


def _plain(instance: Instance, table: Table) -> Rendering:
    """The common case: all columns, references as plain sys_ids."""
    names, monies = tuple(table.columns), table.monies
    coded = instance.switches.currency_echo == "code_and_amount"

    def render(row: Row) -> dict[str, Any]:
        get = row.get
        shown = {name: get(name, "") for name in names}
        if not coded:
            for name in monies:
                if shown[name]:
                    shown[name] = shown[name].rpartition(";")[2]
        return shown

    return render


class _Renderer:
    """Renders with links, display values, dot-walks or chosen fields; unknown fields are left out."""

    def __init__(
        self,
        instance: Instance,
        table: Table,
        names: Sequence[str],
        display: str,
        links: bool,
        base_url: str,
    ) -> None:
        self.instance = instance
        self.search: Search = instance.search()
        self.display = display
        self.links = links
        self.base_url = base_url
        self.fields: list[tuple[str, Path]] = []
        for name in names:
            path = self.search.path(table, name)
            if path is not None:
                self.fields.append((name, path))

    def row(self, row: Row) -> dict[str, Any]:
        """Returns a row as JSON values."""
        return {name: self.value(path.column, path.read(row)) for name, path in self.fields}

    def value(self, column: Column, stored: str) -> Any:
        """Returns a field in the form that was asked for."""
        value = self.raw(column, stored)
        link = self.link(column, stored)
        if self.display == "all":
            shown = {"display_value": self.shown(column, stored), "value": value}
            return shown | {"link": link} if link else shown
        if self.display == "true":
            text = self.shown(column, stored)
            return {"display_value": text, "link": link} if link else text
        return {"link": link, "value": value} if link else value

    def raw(self, column: Column, stored: str) -> str:
        """Returns the value as programs read it."""
        if column.kind == "currency" and stored and self.instance.switches.currency_echo == "amount":
            return plain(amount_of(stored))
        return stored

    def link(self, column: Column, stored: str) -> str:
        """Returns the address of a reference's target, or the empty text where links are not wanted."""
        if not stored or not self.links or column.kind not in REFERENCE_KINDS:
            return ""
        return f"{self.base_url}/api/now/table/{column.reference}/{stored}"

    def shown(self, column: Column, stored: str) -> str:
        """Returns what a person would see, in the user's zone and language."""
        if column.kind == "currency":
            return display_of_money(stored)
        if column.kind == "currency2":
            money = self.instance.tables["fx_currency2_instance"].rows.get(stored)
            return display_of_money(f"{money['currency']};{money['amount']}") if money else ""
        if column.kind == "date_time" and stored:
            utc = datetime.fromisoformat(stored).replace(tzinfo=UTC)
            return utc.astimezone(ZoneInfo(self.instance.switches.user_time_zone)).strftime("%Y-%m-%d %H:%M:%S")
        if column.kind == "choice":
            return stored.replace("_", " ").capitalize()
        target = self.instance.tables.get(column.reference)
        if target is not None and stored:
            referenced = target.rows.get(stored)
            return target.display(referenced) if referenced else ""
        return stored
