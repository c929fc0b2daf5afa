"""An ERP's tables, as its people find, change, enter and delete rows."""

from __future__ import annotations

from typing import Any, ClassVar

from flows.desks import Call
from ml_connector_simulators.framework import Simulator

Row = dict[str, Any]


class Tables:
    """Of a whole ERP, or of the plant or company whose column and value are given as `own`."""

    filled_in: ClassVar[tuple[str, ...]] = ()
    """Columns that the ERP fills in itself."""

    def __init__(self, erp: Simulator, call: Call, **own: str) -> None:
        self._erp, self._call, self._own = erp, call, own

    def _find(self, table: str, **key: Any) -> list[Row]:
        wanted = {**self._own, **key}

        def rows() -> list[Row]:
            there = self._erp.truth()[table]
            return [dict(row) for row in there if all(row[name] == value for name, value in wanted.items())]

        found: list[Row] = self._call(rows)
        return found

    def _change(self, table: str, key: Row, **values: Any) -> None:
        self._call(lambda: self._erp.update(table, {**self._own, **key}, values))

    def _enter(self, table: str, row: Row, **values: Any) -> Row:
        """A row like another, without what the ERP fills in."""
        typed = {name: value for name, value in row.items() if name not in self.filled_in}
        found: Row = self._call(lambda: self._erp.insert(table, {**typed, **self._own, **values}))
        return found

    def _delete(self, table: str, **key: Any) -> None:
        self._call(lambda: self._erp.delete(table, {**self._own, **key}))
