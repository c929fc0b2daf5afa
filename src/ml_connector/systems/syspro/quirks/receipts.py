"""The orders behind an invoice."""

from __future__ import annotations

from typing import Any

from ml_connector.records import Reference
from ml_connector.systems.syspro.quirks.references import refer
from ml_connector.systems.syspro.reading import key_text
from ml_connector.systems.syspro.values import Values, amount, words


class Receipts:
    """The order lines that were matched to an invoice (FACTS 23)."""

    def __init__(self, rows: list[dict[str, Any]], company: str) -> None:
        self._rows = [row for row in rows if key_text(row.get("PurchaseOrder")).strip()]
        self._company = company

    def only_order(self) -> Reference | None:
        """The one order behind the whole invoice."""
        numbers = {key_text(row.get("PurchaseOrder")) for row in self._rows}
        return refer(self._company, numbers.pop()) if len(numbers) == 1 else None

    def of(self, line: Values) -> tuple[Reference | None, str]:
        """Order and order line of a distribution line: same account and value, else same account, if that is clear."""
        code = key_text(line.get("ExpenseGlCode"))
        mine = [row for row in self._rows if key_text(row.get("DebitRecGlCode")) == code]
        value = amount(line, "DistrValue")
        same = [row for row in mine if amount(row, "MatchedValue") == value]
        for rows in (same, mine):
            found = {(key_text(row.get("PurchaseOrder")), words(row, "PurchaseOrderLin")) for row in rows}
            if len(found) == 1:
                number, order_line = found.pop()
                return refer(self._company, number), order_line
        return self.only_order(), ""
