"""The query objects: COMFND, COMBRW, COMFCH and PORQRY (fact sheet §3).

What the fact sheet leaves open is ours: 100 rows where ReturnRows is missing, all columns where none is known, a
table's name as BrowseName.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any
from xml.etree.ElementTree import Element

from ..expressions import COMPARISONS
from .database import CompanyData, Rows, Values, bare
from .enet_xml import EnetError, document, element, parse, shown, text_of
from .schema import Column

Test = Callable[[Values], bool]
_CONDITIONS = {name.upper(): compare for name, compare in COMPARISONS.items()}
_DEFAULT_ROWS = 100


class Queries:
    """The objects on one company for one request; `refused` are tables the operator may not read."""

    def __init__(self, company: CompanyData, refused: set[str], null_date: str, seed: int) -> None:
        self._company = company
        self._refused = refused
        self._null_date = null_date
        self._seed = seed

    def find(self, xml: str) -> str:
        """COMFND: a table's rows; without OrderBy in no order."""
        query = parse(xml, "Query")
        rows = self._rows(text_of(query, "TableName"))
        test = _where(query.findall("Where/Expression"), rows)
        found = [row for row in rows if test(row)]
        order = [_column(rows, text_of(each, ".")).name for each in query.findall("OrderBy/Column")]
        if not set(rows.table.keys) <= set(order):
            Random(self._seed).shuffle(found)
        found.sort(key=lambda row: [(row[n] is not None, bare(row[n])) for n in order])
        found = found[: _whole(text_of(query, "ReturnRows")) or _DEFAULT_ROWS]
        asked = [each.text or "" for each in query.findall("Columns/Column")]
        columns = [rows.columns[n] for n in asked if n in rows.columns] or list(rows.columns.values())
        name = rows.table.name
        body = "".join(f"<Row>{self._fields(row, columns)}</Row>" for row in found)
        head = f"<HeaderDetails>{element('TableName', name)}</HeaderDetails>"
        return document(name.rstrip("+"), f"{head}{body}{element('RowsReturned', f'{len(found):>8}')}")

    def browse(self, xml: str) -> str:
        """COMBRW: rows from a key on, and the keys to go on with in both directions."""
        asked = parse(xml, "Browse")
        rows = self._rows(text_of(asked, "BrowseName"))
        key = rows.table.keys[0]
        start = bare(text_of(asked, "StartAtKey"))
        after = text_of(asked, "StartCondition") == "GT"
        wanted = [_equal(rows, text_of(f, "ColumnFilterName"), text_of(f, "ColumnFilterValue"))
                  for f in asked.findall("Filter")]  # fmt: skip
        kept = sorted((row for row in rows if all(test(row) for test in wanted)), key=rows.key)
        texts = [str(bare(row[key])) for row in kept]
        first = next((i for i, text in enumerate(texts) if text > start or (text == start and not after)), len(kept))
        last = first + (_whole(text_of(asked, "ReturnRows")) or _DEFAULT_ROWS)
        body = "".join(
            "<Row>"
            + "".join(
                f"<{c.name}>{element('Value', shown(c, row[c.name], self._null_date))}</{c.name}>"
                for c in rows.columns.values()
            )
            + "</Row>"
            for row in kept[first:last]
        )
        keys = (
            element("PrevKey", texts[first - 1] if 0 < first <= len(kept) else "")
            + element("NextKey", texts[last] if last < len(kept) else "")
            + element("Fwd", str(last < len(kept)))
            + element("Back", str(first > 0))
        )
        return document(rows.table.name.rstrip("+"), f"{body}<NextPrevKey>{keys}</NextPrevKey>")

    def fetch(self, xml: str) -> str:
        """COMFCH: the row of a key."""
        asked = parse(xml, "Fetch")
        rows = self._rows(text_of(asked, "TableName"))
        names = ["Key", *(f"OptionalKey{n}" for n in range(1, len(rows.table.keys)))]
        key = [_value(rows.columns[k], text_of(asked, n)) for k, n in zip(rows.table.keys, names, strict=True)]
        row = rows.get(*key)
        if row is None:
            raise EnetError(f"No row of {rows.table.name} has this key")
        return document(rows.table.name.rstrip("+"), self._fields(row, list(rows.columns.values())))

    def purchase_order(self, xml: str) -> str:
        """PORQRY: one order; display twins carry thousands separators, `Unedited_` ones do not."""
        number = text_of(parse(xml, "Query"), "Key/PurchaseOrder")
        header = self._rows("PorMasterHdr").get(number)
        if header is None:
            raise EnetError(f"Purchase order '{number}' not found")
        details = self._rows("PorMasterDetail")
        found = sorted(details.index("PurchaseOrder").get(bare(number), []), key=details.key)
        lines = "".join(
            f"<PurchaseOrderLine><Merchandise>{self._with_twins(row, details)}</Merchandise></PurchaseOrderLine>"
            for row in found
        )
        value = sum((row["MOrderQty"] * row["MForeignPrice"] for row in found), Decimal(0))
        totals = f"<PurchaseOrderTotals>{element('OrderValue', f'{value:>16.2f}')}</PurchaseOrderTotals>"
        columns = list(self._rows("PorMasterHdr").columns.values())
        return document("PorDetail", f"{self._fields(header, columns)}{lines}{totals}")

    def _rows(self, table: str) -> Rows:
        if table not in self._company.tables:
            raise EnetError(f"Table '{table}' not found")
        if table in self._refused:
            raise EnetError(f"Operator is not allowed to access '{table}'")
        return self._company.tables[table]

    def _fields(self, row: Values, columns: list[Column]) -> str:
        return "".join(element(c.name, shown(c, row[c.name], self._null_date)) for c in columns)

    def _with_twins(self, row: Values, rows: Rows) -> str:
        made = []
        for column in rows.columns.values():
            plain = shown(column, row[column.name], self._null_date)
            if column.kind == "number" and column.scale:
                made.append(element(column.name, f"{row[column.name]:>18,.3f}"))
                made.append(element(f"Unedited_{column.name}", plain))
            else:
                made.append(element(column.name, plain))
        return "".join(made)


def _whole(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _column(rows: Rows, name: str) -> Column:
    if name not in rows.columns:
        raise EnetError(f"Column '{name}' not found in '{rows.table.name}'")
    return rows.columns[name]


def _value(column: Column, text: str) -> Any:
    try:
        return Decimal(text.strip() or "0") if column.kind == "number" else bare(column.stored(text))
    except (ValueError, InvalidOperation) as error:
        raise EnetError(f"Invalid value for '{column.name}'") from error


def _equal(rows: Rows, name: str, text: str) -> Test:
    column = _column(rows, name)
    value = _value(column, text)
    return lambda row: bool(bare(row[column.name]) == value)


# Where -----------------------------------------------------------------------------------------------------


def _where(expressions: list[Element], rows: Rows) -> Test:
    """SQL's meaning: And binds tighter than Or, brackets as given. Raises EnetError."""
    tokens: list[Any] = []
    for number, each in enumerate(expressions):
        if number:
            tokens.append("or" if text_of(each, "AndOr").strip().lower() == "or" else "and")
        tokens += ["("] * text_of(each, "OpenBracket").count("(")
        tokens.append(_condition(each, rows))
        tokens += [")"] * text_of(each, "CloseBracket").count(")")
    if not tokens:
        return lambda row: True
    test = _either(tokens)
    if tokens:
        raise EnetError("Brackets do not match")
    return test


def _either(tokens: list[Any]) -> Test:
    tests = _chain(tokens, "or", _both)
    return lambda row: any(test(row) for test in tests)


def _both(tokens: list[Any]) -> Test:
    tests = _chain(tokens, "and", _single)
    return lambda row: all(test(row) for test in tests)


def _chain(tokens: list[Any], word: str, read: Callable[[list[Any]], Test]) -> list[Test]:
    tests = [read(tokens)]
    while tokens and tokens[0] == word:
        tokens.pop(0)
        tests.append(read(tokens))
    return tests


def _single(tokens: list[Any]) -> Test:
    token = tokens.pop(0)
    if token != "(":
        if not callable(token):
            raise EnetError("Brackets do not match")
        return token  # type: ignore[no-any-return]
    test = _either(tokens)
    if not tokens or tokens.pop(0) != ")":
        raise EnetError("Brackets do not match")
    return test


def _condition(each: Element, rows: Rows) -> Test:
    column = _column(rows, text_of(each, "Column"))
    word = text_of(each, "Condition").strip().upper()
    if word not in _CONDITIONS or column.kind == "version":
        raise EnetError(f"Invalid condition '{word}' for '{column.name}'")
    compare, value, name = _CONDITIONS[word], _value(column, text_of(each, "Value")), column.name

    def test(row: Values) -> bool:
        held = bare(row[name])
        return held is not None and value is not None and bool(compare(held, value))

    return test
