"""What is published under which name, and how a kept row looks in an OData answer (fact sheet §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import quoteattr

from .database import CompanyData, Rows, Values, encoded_version
from .schema import Column
from .switches import SysproSwitches

NAMESPACE = "SYSPROOData"


@dataclass(frozen=True)
class PublishedSet:
    """A table under its set's name; `columns` by the property's name."""

    name: str
    rows: Rows
    columns: Mapping[str, Column]


def published(company: CompanyData, switches: SysproSwitches) -> dict[str, PublishedSet]:
    """The sets of one company by name."""
    found = {}
    for table, rows in company.tables.items():
        if rows.table.system or table in switches.hidden_sets:
            continue
        name = switches.set_names.get(table, table)
        columns = {
            switches.property_names.get(f"{table}.{column}", column): rows.columns[column]
            for column in rows.columns
            if f"{table}.{column}" not in switches.hidden_properties
        }
        found[name] = PublishedSet(name, rows, columns)
    return found


def rendered(row: Values, names: Iterable[str], one: PublishedSet, switches: SysproSwitches, texts: bool) -> Values:
    """The row as JSON values; `texts`: decimals as strings, because the caller or a switch asked for it."""
    return {name: _value(one.columns[name], row.get(one.columns[name].name), switches, texts) for name in names}


def _value(column: Column, value: Any, switches: SysproSwitches, texts: bool) -> Any:
    if column.kind == "version":
        return encoded_version(value)
    if value is None:
        return None
    if column.kind == "date":
        return f"{value}T00:00:00{switches.date_zone}" if switches.dates == "stamp" else value
    if column.kind == "number":
        return f"{value}" if texts else value
    if switches.trailing_blanks and isinstance(value, str) and column.size < 4000:
        return value.ljust(column.size)
    return value


def service_document(context: str, sets: Iterable[str]) -> dict[str, Any]:
    return {
        "@odata.context": context,
        "value": [{"name": name, "kind": "EntitySet", "url": name} for name in sorted(sets)],
    }


def metadata(sets: Mapping[str, PublishedSet], switches: SysproSwitches) -> bytes:
    """The CSDL document."""
    types = "".join(_entity_type(one, switches) for one in sets.values())
    members = "".join(
        f'<EntitySet Name={quoteattr(name)} EntityType="{NAMESPACE}.{one.rows.table.name}"/>'
        for name, one in sets.items()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="{NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">{types}'
        f'<EntityContainer Name="Container">{members}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    ).encode()


def _entity_type(one: PublishedSet, switches: SysproSwitches) -> str:
    keys = [name for name, column in one.columns.items() if column.key]
    refs = "".join(f"<PropertyRef Name={quoteattr(name)}/>" for name in keys)
    properties = "".join(_property(name, column, switches) for name, column in one.columns.items())
    return f'<EntityType Name="{one.rows.table.name}"><Key>{refs}</Key>{properties}</EntityType>'


def _property(name: str, column: Column, switches: SysproSwitches) -> str:
    kinds = {
        "text": f'"Edm.String" MaxLength="{column.size}"',
        "number": f'"Edm.Decimal" Precision="{column.size}" Scale="{column.scale}"',
        "date": '"Edm.DateTimeOffset"' if switches.dates == "stamp" else '"Edm.Date"',
        "version": '"Edm.Binary" MaxLength="8"',
    }
    nullable = "" if column.kind == "date" and not column.key else ' Nullable="false"'
    return f"<Property Name={quoteattr(name)} Type={kinds[column.kind]}{nullable}/>"
