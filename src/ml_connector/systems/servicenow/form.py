"""A table as it is on this instance: which of its columns we fill, how each is written, and how a row is compared.

Made from the declaration (mapping), the settings (other names) and what the dictionary proved (types, presence).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_connector.errors import Issue, RecordError
from ml_connector.mappings import Refs, Word, code, target_id
from ml_connector.mappings.words import TargetId, attribute_getter
from ml_connector.systems.servicenow.answers import Guide
from ml_connector.systems.servicenow.columns import (
    CURRENCY_TYPES,
    TEXT_TYPES,
    Column,
    ColumnType,
    Kind,
    Writer,
    plain,
    same,
    stored,
    writer,
)
from ml_connector.systems.servicenow.dictionary import Dictionary, Proof
from ml_connector.systems.servicenow.instance import RowDict
from ml_connector.systems.servicenow.mapping import Table, Value
from ml_connector.systems.servicenow.settings import EXTRA_COLUMNS, Settings

CANCELLED = "canceled"
Compare = tuple[str, Kind, bool]
"""(column of the row, kind, whether its absence is a difference)."""


@dataclass(slots=True)
class ShapeEnv:
    """What the words find beside a record or line."""

    refs: Refs
    knowledge: Mapping[str, Any]
    parent: Any = None
    position: int = 0
    """Of a line, from 1."""


class Form:
    """One table, ready to shape and compare rows."""

    def __init__(self, table: Table, settings: Settings) -> None:
        self.table = table
        self.name = settings.table(table.name)
        self.staging = settings.table(table.staging) if table.staging else ""
        self.key_column = settings.key_column(table.name) if table.erp_key is not None and not table.staging else ""
        self.draft = settings.draft_status.get(table.name, table.draft)
        self.columns = dict(_columns(table, settings, self.key_column))
        self.extra = frozenset(settings.extra_columns.get(self.written, {}).values())
        """Columns of the customer's own."""
        self._settings = settings
        self._steps: list[tuple[str, Callable[[Any, Any], Any], Writer]] = []
        self._lookup: list[tuple[str, Callable[[Any, Any], Any]]] = []
        self._compared: dict[str, Compare] = {}
        self._cut_allowed: set[str] = set()
        self._amounts_elsewhere: set[str] = set()
        """Target columns that refer to a row with the amount; no text can be written there (FACTS 10)."""
        self.left_out: list[str] = []
        """Columns that the table does not have and that can be done without."""
        self.unproved_amounts: frozenset[str] = frozenset()
        """Amount columns of unknown type."""

    def _reads_as(self, name: str, column: Column) -> str:
        if not self.table.staging:
            return name
        return self._settings.column(self.table.name, column.reads_as) if column.reads_as else ""

    @property
    def written(self) -> str:
        """The table that rows are sent to."""
        return self.staging or self.name

    @property
    def status_column(self) -> str:
        """The header's status as we send it; empty where it is not sent."""
        return next((name for name, _, _ in self._steps if self.columns[name].kind is Kind.STATUS), "")

    @property
    def shown_kinds(self) -> dict[str, Kind]:
        """By column of the row what it holds."""
        return {shown: kind for shown, kind, _ in self._compared.values()}

    @property
    def row_columns(self) -> list[str]:
        """Columns to ask for when a row is read."""
        extra = ("sys_mod_count", self.table.header_column, *self.table.lookup, *self.table.read_along)
        shown = (column for column, _, _ in self._compared.values())
        return list(dict.fromkeys(filter(None, ("sys_id", *shown, *extra))))

    def bind(self, dictionary: Dictionary, guide: Guide, *, without_status: bool = False) -> None:
        """Take in what the dictionary proved.

        Raises ModuleMissingError for a column that is needed and certainly not there.
        """
        self._steps, self.left_out, self._compared, unproved = [], [], {}, set()
        for name, column in self.columns.items():
            if column.kind is Kind.STATUS and without_status:
                continue
            proof = dictionary.proof(self.written, name)
            if proof is Proof.MISSING:
                if column.essential:
                    raise guide.column_missing(self.written, name, _purpose(column))
                self.left_out.append(name)
                continue
            column = _as_typed(column, dictionary.type_of(self.written, name).name)
            self._steps.append((name, column.word.compile(attribute_getter), self._writer(name, column, dictionary)))
            self._compare(name, column, dictionary)
            if column.kind is Kind.AMOUNT and not self.staging and not dictionary.type_of(self.name, name).name:
                unproved.add(name)
        self.unproved_amounts = frozenset(unproved)
        self._lookup = [(name, word.compile(attribute_getter)) for name, word in self.table.lookup.items()]
        for name in self.table.lookup:
            self._compared.setdefault(name, (name, Kind.KEY, True))
        if self.table.header_column:
            self._compared[self.table.header_column] = (self.table.header_column, Kind.REFERENCE, True)

    def _writer(self, name: str, column: Column, dictionary: Dictionary) -> Writer:
        found = dictionary.type_of(self.written, name)
        if self.staging:
            length = self._shortest(name, column, dictionary)
            return writer(column.kind, name, ColumnType(found.name, length), with_currency=found.name in CURRENCY_TYPES)
        if name in self.table.whole_unless_proved and not found.name:
            return _unproved_number(self.name, name)
        return writer(column.kind, name, found, with_currency=self._settings.unproved_amounts == "with_currency")

    def _shortest(self, name: str, column: Column, dictionary: Dictionary) -> int:
        """Characters that both the staging column and the one it ends in can hold; 0: unknown."""
        found = [dictionary.type_of(self.written, name)]
        if shown := self._reads_as(name, column):
            found.append(dictionary.type_of(self.name, shown))
        return min((each.max_length for each in found if each.max_length), default=0)

    def _compare(self, name: str, column: Column, dictionary: Dictionary) -> None:
        shown = self._reads_as(name, column)
        if not shown or dictionary.proof(self.name, shown) is Proof.MISSING:
            return
        self._compared[name] = (shown, column.kind, column.essential)
        if column.kind is Kind.AMOUNT and dictionary.type_of(self.name, shown).name == "reference":
            self._amounts_elsewhere.add(shown)
        if shown != name:
            self._compared.setdefault(shown, (shown, column.kind, False))
        if not dictionary.type_of(self.written, name).max_length or self.staging:
            self._cut_allowed.add(name)

    def shape(
        self, holder: Any, env: ShapeEnv, currency: str, warnings: list[str], issues: list[Issue], path: str = ""
    ) -> dict[str, str]:
        """The columns of one row; what is wrong goes to `issues`."""
        try:
            return {name: write(read(holder, env), currency, warnings) for name, read, write in self._steps}
        except (RecordError, ValueError, ArithmeticError, TypeError, AttributeError):
            issues += self._issues(holder, env, currency, path)
            return {}

    def _issues(self, holder: Any, env: ShapeEnv, currency: str, path: str) -> list[Issue]:
        """Everything wrong with one row."""
        found: list[Issue] = []
        for name, read, write in self._steps:
            try:
                write(read(holder, env), currency, [])
            except RecordError as error:
                found += [Issue(i.code, i.message, i.fix, path + (i.field or name)) for i in error.issues]
            except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
                found.append(Issue("UNREADABLE_VALUE", f"{name}: {error}.", field=path + name))
        return found

    def lookup(self, holder: Any, env: ShapeEnv) -> dict[str, Any]:
        """The key by which the row is found on the target."""
        return {name: read(holder, env) for name, read in self._lookup}

    def differences(self, payload: Mapping[str, Any], row: RowDict) -> list[str]:
        """Columns of the payload that the row does not show as they should be."""
        if payload.items() <= row.items():  # mostly the row shows exactly what was sent
            return []
        differing = []
        get = row.get
        for name, wanted in payload.items():
            compared = self._compared.get(name)
            if compared is None:
                continue
            shown, kind, needed = compared
            found = get(shown)
            if found == wanted:
                continue
            text = stored(found)
            if text is None:
                unreadable_amount = bool(self.staging) and kind is Kind.AMOUNT
                if needed and wanted and not unreadable_amount:
                    differing.append(name)
            elif self.staging and not text and not needed and kind in (Kind.TEXT, Kind.CHOICE):
                continue  # the transform map need not fill it
            elif kind is Kind.STATUS:
                if not self._status_reached(wanted, text):
                    differing.append(name)
            elif not same(kind, wanted, text, cut_allowed=name in self._cut_allowed):
                differing.append(name)
        return differing

    def status_not_taken(self, name: str, wanted: Any) -> bool:
        """Whether a status that the instance did not store may be put up with: its values are our guess (FACTS 24).

        Not so for a cancelled document, which would stay alive.
        """
        column = self.columns.get(name)
        is_status = column is not None and column.kind is Kind.STATUS
        return is_status and self.table.status_assumed and wanted != CANCELLED

    def alike(self, payload: Mapping[str, Any], row: RowDict) -> bool:
        """Whether a line that people keyed says the same thing: what must be equal is, and nothing contradicts."""
        by_shown = {self._compared[name][0]: name for name in payload if name in self._compared}
        differing = {self._compared[name][0] for name in self.differences(payload, row)}
        settings = self._settings
        must = {settings.column(self.table.name, name) for name in self.table.alike}
        may = {settings.column(self.table.name, name) for name in self.table.alike_if_given}
        contradicting = {
            name for name in may & differing if stored(row.get(name)) and payload.get(by_shown.get(name, ""))
        }
        shown = all(stored(row.get(name)) is not None for name in must)
        return shown and not must & differing and not contradicting

    def _status_reached(self, wanted: str, found: str) -> bool:
        """Whether a row with status `found` has got as far as `wanted`, or further by itself.

        A line's status follows its header's and proves nothing. An empty one is a value that the choice list does not
        have; where the values are assumed, that is put up with (FACTS 24).
        """
        if wanted in (found, "", self.draft) or self.table.header_column:
            return True
        if not found:
            return self.table.status_assumed
        if CANCELLED in (wanted, found):
            return False
        stages = self.table.stages
        if wanted not in stages or found not in stages:
            return found != self.draft
        return stages.index(found) >= stages.index(wanted)

    def as_target(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """A staging payload under the target's own columns: those that show what was sent."""
        found = {}
        currency = next((str(value) for name, value in payload.items() if name.endswith("currency") and value), "")
        for name, value in payload.items():
            shown, kind, _ = self._compared.get(name, ("", Kind.TEXT, False))
            if not shown or "." in shown or shown in self._amounts_elsewhere:
                continue
            prefixed = kind is Kind.AMOUNT and value and currency and ";" not in value
            found[shown] = f"{currency};{value}" if prefixed else value
        return found

    def without_currency(self, payload: dict[str, Any]) -> dict[str, Any]:
        """The payload with plain amounts in the columns of unknown type."""
        return {
            name: value.rpartition(";")[2] if name in self.unproved_amounts else value
            for name, value in payload.items()
        }


def _unproved_number(table: str, name: str) -> Writer:
    """A fraction goes only into a column that is known to take it (FACTS 9)."""

    def write(value: Any, currency: str, warnings: list[str]) -> str:
        text = "" if value is None else plain(format(value, "f"))
        if "." in text:
            message = (
                f"{name} {text} has a fraction, and the type of {table}.{name} could not be read: on many instances it "
                f"is an integer, which would store {text.partition('.')[0]}."
            )
            fix = f"Let the service account read sys_dictionary, or set column_types: {table}: {name}: decimal."
            raise RecordError(message, issues=(Issue("VALUE_WOULD_BE_CUT", message, fix, name),))
        return text

    return write


def _columns(table: Table, settings: Settings, key_column: str) -> Mapping[str, Column]:
    """The declared columns under their names here, the ERP's key, and the extra ones of the settings."""
    written = table.staging or table.name
    found = {settings.column(written, name): column for name, column in table.columns.items()}
    if key_column and table.erp_key is not None:
        found[key_column] = Column(table.erp_key, Kind.KEY)
    asked_for = settings.extra_columns != EXTRA_COLUMNS
    for value, name in settings.extra_columns.get(written, {}).items():
        as_text = settings.column_types.get(written, {}).get(name) in TEXT_TYPES
        found[name] = extra_column(value, as_text=as_text, essential=asked_for)
    found.pop("", None)
    return found


_REFERENCES = frozenset({"gl_account", "cost_center", "department", "location", "supplier", "purchase_order"})


def extra_column(value: str, *, as_text: bool = False, essential: bool = True) -> Column:
    """A further value of the record in a column of the customer's own; `essential` where the operator asked for it.

    A reference goes as sys_id, or `as_text` as the code that people know.
    """
    if value in _REFERENCES and as_text:
        return Column(code(value), Kind.KEY, essential)
    if value in _REFERENCES:
        return Column(target_id(value), Kind.REFERENCE, essential)
    return Column(Value(value), Kind.TEXT, essential)


def _as_typed(column: Column, type_name: str) -> Column:
    """A reference whose column is a plain text gets the code instead of the sys_id."""
    if column.kind is Kind.REFERENCE and type_name in TEXT_TYPES and isinstance(column.word, TargetId):
        return Column(code(column.word.name), Kind.KEY, column.essential, column.reads_as)
    return column


def _purpose(column: Column) -> str:
    word: Word = column.word
    return f"the {getattr(word, 'name', '') or column.kind.value}".replace("_", " ")
