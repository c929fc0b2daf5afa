"""The words a mapping is declared in; a mapping turns a source's rows into a record, or a record into a payload."""

from ml_connector.mappings.converters import (
    boolean,
    day,
    day_of_moment,
    decimal,
    integer,
    moment,
    text,
    trimmed,
)
from ml_connector.mappings.mapping import Mapping, Payload, Refs
from ml_connector.mappings.words import (
    Word,
    code,
    computed,
    constant,
    field,
    key,
    lines,
    lookup,
    parent,
    reference,
    target_id,
)

__all__ = [
    "Mapping",
    "Payload",
    "Refs",
    "Word",
    "boolean",
    "code",
    "computed",
    "constant",
    "day",
    "day_of_moment",
    "decimal",
    "field",
    "integer",
    "key",
    "lines",
    "lookup",
    "moment",
    "parent",
    "reference",
    "target_id",
    "text",
    "trimmed",
]
