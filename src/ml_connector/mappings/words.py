"""The words: each declares where one value comes from and compiles to a function (holder, env) -> value.

The holder is a row (a dict) when a source is mapped, and a canonical record when a payload is shaped; `Env` carries
what the words need beside it. A word is a value: it can be printed, compared and documented.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any, Protocol

from ml_connector.errors import Issue, RecordError
from ml_connector.mappings.converters import text
from ml_connector.records import Reference, join_key

Convert = Callable[[Any], Any]
Read = Callable[[Any, "Env"], Any]
Getter = Callable[[str], Callable[[Any], Any]]
"""From a name to a function that takes it out of a holder: a dict's item or a record's attribute."""


class Env(Protocol):
    """What is beside the holder: its parent, and what the connection knows."""

    parent: Any
    knowledge: Map[str, Any]


class LineMapping(Protocol):
    """A mapping or payload that can be used on the lines of a document."""

    def apply_line(self, line: Any, header: Any, env: Any) -> Any: ...


def item_getter(name: str) -> Callable[[Any], Any]:
    """Reads a row; an absent column is None."""

    def get(row: Any) -> Any:
        return row.get(name)

    return get


def attribute_getter(name: str) -> Callable[[Any], Any]:
    """Reads a record; dots go into what it holds, and end at None."""
    if "." not in name:
        return operator.attrgetter(name)
    first, _, rest = name.partition(".")
    outer, inner = operator.attrgetter(first), attribute_getter(rest)

    def get(record: Any) -> Any:
        held = outer(record)
        return None if held is None else inner(held)

    return get


class MissingError(RecordError):
    """A value that has to be there is not."""

    code = "MANDATORY_MISSING"


class Word:
    """Base of the words."""

    def compile(self, get: Getter) -> Read:
        raise NotImplementedError


@dataclass(frozen=True)
class Field(Word):
    """A value taken over, converted where told; None and "" give the default."""

    name: str
    convert: Convert = text
    required: bool = False
    default: Any = None

    def compile(self, get: Getter) -> Read:
        take, convert, default, name = get(self.name), self.convert, self.default, self.name
        if self.required:

            def read_required(holder: Any, env: Env) -> Any:
                value = take(holder)
                if not value and (value is None or value == ""):
                    raise MissingError(f"{name} is empty.", fix=f"Fill in {name} at the source.")
                return convert(value)

            return read_required

        def read(holder: Any, env: Env) -> Any:
            value = take(holder)
            return default if not value and (value is None or value == "") else convert(value)

        return read


@dataclass(frozen=True)
class Lookup(Word):
    """A value translated by a table; one that is not in the table gives the default, or is refused without one."""

    name: str
    table: Map[Any, Any]
    default: Any = None

    def compile(self, get: Getter) -> Read:
        take, table, default, name = get(self.name), self.table, self.default, self.name

        def read(holder: Any, env: Env) -> Any:
            value = take(holder)
            found = table.get(value, default)
            if found is None and value not in table:
                raise ValueError(f"{name} {value!r} is not a known value")
            return found

        return read


@dataclass(frozen=True)
class Constant(Word):
    """The same value for every record."""

    value: Any

    def compile(self, get: Getter) -> Read:
        value = self.value
        return lambda holder, env: value


@dataclass(frozen=True)
class Parent(Word):
    """Another word, read from the header that the line belongs to."""

    word: Word

    def compile(self, get: Getter) -> Read:
        read = self.word.compile(get)
        return lambda holder, env: read(env.parent, env)


@dataclass(frozen=True)
class Key(Word):
    """A record's external id, or a line's, made of several values in order."""

    words: tuple[Word, ...]

    def compile(self, get: Getter) -> Read:
        if len(self.words) == 1:
            single = self.words[0].compile(get)
            return lambda holder, env: join_key(single(holder, env))
        reads = tuple(word.compile(get) for word in self.words)
        return lambda holder, env: join_key(*[read(holder, env) for read in reads])


@dataclass(frozen=True)
class ReferenceTo(Word):
    """A Reference whose key is made of the given values; the last of them is its code. Empty last value: None."""

    words: tuple[Word, ...]
    name: str = ""

    def compile(self, get: Getter) -> Read:
        *scope, last = [word.compile(get) for word in self.words]
        take_name = get(self.name) if self.name else None

        def read(holder: Any, env: Env) -> Any:
            code = last(holder, env)
            if code is None or code == "":
                return None
            label = take_name(holder) if take_name else None
            return Reference(join_key(*[part(holder, env) for part in scope], code), code, label or "")

        return read


@dataclass(frozen=True)
class Computed(Word):
    """A value that could not be declared; the function lives in the connector's quirks with its reason."""

    function: Callable[[Any, Env], Any]

    def compile(self, get: Getter) -> Read:
        return self.function


@dataclass(frozen=True)
class Lines(Word):
    """The lines of a document, each by its own mapping, with the document as their parent."""

    name: str
    mapping: LineMapping

    def compile(self, get: Getter) -> Read:
        take, each = get(self.name), self.mapping.apply_line
        return lambda holder, env: tuple(each(line, holder, env) for line in take(holder) or ())


@dataclass(frozen=True)
class TargetId(Word):
    """The target's own id of what the record refers to; empty where it refers to nothing."""

    name: str

    def compile(self, get: Getter) -> Read:
        take, name = get(self.name), self.name

        def read(holder: Any, env: Any) -> Any:
            reference = take(holder)
            if reference is None:
                return ""
            found = env.refs.id_of(name, reference)
            if found is None:
                raise RecordError(
                    f"{name} {reference.code} is not on the target.",
                    code="REFERENCE_MISSING_ON_TARGET",
                    issues=(Issue("REFERENCE_MISSING_ON_TARGET", f"{name} {reference.code} is not on the target."),),
                )
            return found

        return read


@dataclass(frozen=True)
class Code(Word):
    """What people call the thing that the record refers to, after the flow's value maps; empty for nothing."""

    name: str

    def compile(self, get: Getter) -> Read:
        take, name = get(self.name), self.name

        def read(holder: Any, env: Any) -> Any:
            reference = take(holder)
            return "" if reference is None else env.refs.code_of(name, reference)

        return read


def _word(value: Word | str) -> Word:
    return Field(value) if isinstance(value, str) else value


def field(name: str, convert: Convert = text, *, required: bool = False, default: Any = None) -> Field:
    """Take `name` over."""
    return Field(name, convert, required, default)


def lookup(name: str, table: Map[Any, Any], default: Any = None) -> Lookup:
    """Translate `name` by `table`."""
    return Lookup(name, table, default)


def constant(value: Any) -> Constant:
    """Always `value`."""
    return Constant(value)


def parent(word: Word | str) -> Parent:
    """Read from the header instead of the line."""
    return Parent(_word(word))


def key(*words: Word | str) -> Key:
    """The external id."""
    return Key(tuple(_word(word) if not isinstance(word, str) else Field(word, required=True) for word in words))


def reference(*words: Word | str, name: str = "") -> ReferenceTo:
    """Point at another record of the same source."""
    return ReferenceTo(tuple(_word(word) for word in words), name)


def computed(function: Callable[[Any, Env], Any]) -> Computed:
    """Let a quirk decide."""
    return Computed(function)


def lines(name: str, mapping: LineMapping) -> Lines:
    """Map the lines."""
    return Lines(name, mapping)


def target_id(name: str) -> TargetId:
    """Write the target's id of the reference `name`."""
    return TargetId(name)


def code(name: str) -> Code:
    """Write the code of the reference `name`."""
    return Code(name)
