"""What the folder shows under its present switches: classes, representations, facets, the names of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .refusals import RefusedError, bad_request
from .schema import CODING, PRICES, STAMPS, TABLES, Column, Table
from .switches import SageSwitches

Facet = Literal["query", "details"]
_FACETS: dict[str, Facet] = {"$query": "query", "$details": "details", "$edit": "details"}


class Catalog:
    """Made anew whenever a switch changes."""

    def __init__(self, switches: SageSwitches) -> None:
        self._switches = switches
        self._columns = {name: self._shown(table) for name, table in TABLES.items()}
        self._tables = {self.code(table): table for table in TABLES.values() if self._is_class(table)}

    def table(self, code: str) -> Table:
        """The table behind a class. Raises RefusedError 404."""
        table = self._tables.get(code)
        if table is None:
            raise RefusedError(404, f"Class {code} does not exist")
        return table

    def facet(self, table: Table, text: str) -> Facet:
        """Reads `BPSUPPLIER.$query`; the representation is mandatory and must belong to the class (§3)."""
        name, _, facet = text.partition(".")
        if not name or not facet:
            raise bad_request("The parameter representation is missing")
        if name != self.representation(table):
            raise RefusedError(404, f"Representation {name} does not exist on class {self.code(table)}")
        if facet not in _FACETS:
            raise bad_request(f"Facet {facet} is not available")
        return _FACETS[facet]

    def columns(self, table: Table, facet: Facet) -> Mapping[str, Column]:
        """The properties on a facet; both facets of a class hold the same ones, lines apart."""
        return self._columns[table.name]

    def code(self, table: Table) -> str:
        return self._switches.class_codes.get(table.name, table.name)

    def representation(self, table: Table) -> str:
        return self._switches.representations.get(table.name, self.code(table))

    def array(self, lines: Table) -> str:
        return self._switches.line_arrays.get(lines.name, lines.array)

    def _is_class(self, table: Table) -> bool:
        return not table.parent or table.own_class or self._switches.line_classes

    def _shown(self, table: Table) -> dict[str, Column]:
        hidden: set[str] = set()
        if table.name in self._switches.stampless:
            hidden |= STAMPS
        if table.name == "PINVOICED" and not self._switches.invoice_line_coding:
            hidden |= CODING
        if table.name == "PORDERQ" and self._switches.order_prices == "beside":
            hidden |= PRICES
        return {c.name: c for c in table.columns if c.name not in hidden}
