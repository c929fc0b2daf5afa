"""Mapping (rows to a canonical record) and Payload (a canonical record to what a target is sent), compiled once."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from ml_connector.errors import Issue, MappingError, RecordError
from ml_connector.mappings.words import Read, Word, attribute_getter, item_getter
from ml_connector.records import Reference


@dataclass(slots=True)
class RowEnv:
    """Beside a row: the header that a line belongs to, and what the connection knows (code parts, time zone)."""

    parent: Any = None
    knowledge: Map[str, Any] = field(default_factory=dict)


class Refs:
    """What a record's references are called on the target; built by `sync.resolve` for each record."""

    __slots__ = ("_codes", "_ids")

    def __init__(self, ids: Map[tuple[str, str], str], codes: Map[tuple[str, str], str] | None = None) -> None:
        self._ids = ids
        self._codes = codes or {}

    def id_of(self, field_name: str, reference: Reference) -> str | None:
        """The target's id by (name of the field without its line, key at the source)."""
        return self._ids.get((field_name, reference.key))

    def code_of(self, field_name: str, reference: Reference) -> str:
        """The code after the flow's value maps."""
        return self._codes.get((field_name, reference.code), reference.code)


@dataclass(slots=True)
class PayloadEnv:
    """Beside a record: its resolved references, a line's header, and what the target's connection knows."""

    refs: Refs
    parent: Any = None
    knowledge: Map[str, Any] = field(default_factory=dict)


class _Compiled:
    def __init__(self, words: Map[str, Word], getter: Callable[[str], Callable[[Any], Any]]) -> None:
        self.words = dict(words)
        self._reads: tuple[tuple[str, Read], ...] = tuple(
            (name, word.compile(getter)) for name, word in self.words.items()
        )
        self.version = hashlib.blake2b(describe(self).encode(), digest_size=6).hexdigest()
        """Changes when the declaration changes, and only then."""

    def values(self, holder: Any, env: Any) -> dict[str, Any]:
        """All values; when one cannot be had, all that are wrong are raised together."""
        try:
            return {name: read(holder, env) for name, read in self._reads}
        except (ValueError, ArithmeticError, TypeError, AttributeError, RecordError):
            raise _all_issues(self._reads, holder, env) from None

    def __repr__(self) -> str:
        return describe(self)


def describe(value: Any) -> str:
    """A declaration as text, the same in every process: functions by name, and by what they close over."""
    if isinstance(value, _Compiled):
        inner = ", ".join(f"{name}={describe(word)}" for name, word in value.words.items())
        return f"{type(value).__name__}({inner})"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = ", ".join(describe(getattr(value, f.name)) for f in dataclasses.fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(describe, value))})"
    if isinstance(value, Map):
        return f"{{{', '.join(f'{k!r}: {describe(v)}' for k, v in value.items())}}}"
    if callable(value) and hasattr(value, "__qualname__"):
        held = tuple(cell.cell_contents for cell in getattr(value, "__closure__", None) or ())
        return f"{value.__module__}.{value.__qualname__}{describe(held) if held else ''}"
    return repr(value)


def _all_issues(reads: tuple[tuple[str, Read], ...], holder: Any, env: Any) -> RecordError:
    issues: list[Issue] = []
    for name, read in reads:
        try:
            read(holder, env)
        except RecordError as error:
            issues += [Issue(i.code, i.message, i.fix, i.field or name) for i in error.issues]
        except (ValueError, ArithmeticError, TypeError, AttributeError) as error:
            issues.append(Issue("UNREADABLE_VALUE", f"{name}: {error}.", field=name))
    return MappingError("; ".join(issue.message for issue in issues), issues=tuple(issues))


class Mapping(_Compiled):
    """From a row of a source to a canonical record or line."""

    def __init__(self, record: type, words: Map[str, Word]) -> None:
        self.record = record
        super().__init__(words, item_getter)

    def apply(self, row: Map[str, Any], knowledge: Map[str, Any] | None = None) -> Any:
        """The record; raises MappingError with every issue."""
        values = self.values(row, RowEnv(None, knowledge or {}))
        return self.record(**{name: value for name, value in values.items() if value is not None})

    def apply_line(self, row: Any, header: Any, env: Any) -> Any:
        values = self.values(row, RowEnv(header, env.knowledge))
        return self.record(**{name: value for name, value in values.items() if value is not None})


class Payload(_Compiled):
    """From a canonical record or line to the columns of one row of a target; None is left out, "" clears."""

    def __init__(self, words: Map[str, Word]) -> None:
        super().__init__(words, attribute_getter)

    def apply(self, record: Any, refs: Refs, knowledge: Map[str, Any] | None = None) -> dict[str, Any]:
        """The columns; raises RecordError with every issue."""
        return self._columns(record, PayloadEnv(refs, None, knowledge or {}))

    def apply_line(self, line: Any, header: Any, env: Any) -> dict[str, Any]:
        return self._columns(line, PayloadEnv(env.refs, header, env.knowledge))

    def _columns(self, holder: Any, env: PayloadEnv) -> dict[str, Any]:
        return {name: value for name, value in self.values(holder, env).items() if value is not None}
