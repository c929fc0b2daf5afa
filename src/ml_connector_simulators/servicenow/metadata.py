"""What the instance says about itself: tables, columns, choices, plugins, roles (fact sheet section 5)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from .columns import INTERNAL_TYPES, Column
from .schema import PLUGINS
from .tables import Row

if TYPE_CHECKING:
    from .instance import Instance

NAMESPACE = uuid.UUID("8a9f6f0e-9d5c-4f0e-8d8b-5f1b7c2d3e4f")


@cache
def fixed_id(*parts: str) -> str:
    """Returns the sys_id of something that has the same one on every instance."""
    return uuid.uuid5(NAMESPACE, "/".join(parts)).hex


def describe(instance: Instance) -> None:
    """Writes the tables that describe the instance anew."""
    _replace(instance, "sys_db_object", _tables(instance))
    _replace(instance, "sys_dictionary", _columns(instance))
    _replace(instance, "sys_choice", _choices(instance))
    _replace(instance, "v_plugin", _plugins(instance))
    describe_rights(instance)


def describe_rights(instance: Instance) -> None:
    """Writes the tables of roles anew."""
    roles = sorted({role for account in instance.accounts.values() for role in account.roles})
    _replace(instance, "sys_user_role", ({"sys_id": fixed_id("role", one), "name": one} for one in roles))
    _replace(instance, "sys_user_has_role", _grants(instance))


def _replace(instance: Instance, name: str, rows: Iterable[Row]) -> None:
    system = instance.system_values(name)
    instance.tables[name].replace({**system, **row} for row in rows)


def _shapes(instance: Instance) -> Iterator[tuple[str, str, str, dict[str, Column]]]:
    """Yields name, label, parent and own columns of every table, parents included."""
    from .instance import DEFINITIONS

    parents = set()
    for name, table in instance.tables.items():
        if not instance.is_there(name):
            continue
        parent = instance.parent_of(name)
        inherited: set[str] = set()
        if parent:
            parents.add(parent)
            inherited = {one.name for one in DEFINITIONS[parent].columns}
            inherited |= {one for one in table.columns if one.startswith("sys_")}
        own = {key: one for key, one in table.columns.items() if key not in inherited}
        yield name, table.definition.label, parent, own
    for name in sorted(parents):
        definition = DEFINITIONS[name]
        columns = instance.columns_of(name)
        yield name, definition.label, definition.parent, columns


def _tables(instance: Instance) -> Iterator[Row]:
    for name, label, parent, _ in _shapes(instance):
        row = {"sys_id": fixed_id("table", name), "name": name, "label": label}
        yield row | ({"super_class": fixed_id("table", parent)} if parent else {})


def _columns(instance: Instance) -> Iterator[Row]:
    """Inherited columns sit under the parent's name (section 5)."""
    for name, label, _, columns in _shapes(instance):
        yield {
            "sys_id": fixed_id("dictionary", name),
            "name": name,
            "column_label": label,
            "internal_type": "collection",
            "active": "true",
        }
        unique = instance.switches.unique_columns.get(name, [])
        for one in columns.values():
            yield {
                "sys_id": fixed_id("dictionary", name, one.name),
                "name": name,
                "element": one.name,
                "column_label": one.label,
                "internal_type": INTERNAL_TYPES[one.kind],
                "reference": one.reference,
                "choice": "1" if one.choices else "",
                "max_length": str(one.max_length),
                "mandatory": "true" if one.mandatory else "false",
                "read_only": "true" if one.read_only else "false",
                "unique": "true" if one.name in unique or one.kind == "guid" else "false",
                "active": "true",
            }


def _choices(instance: Instance) -> Iterator[Row]:
    for name, _, _, columns in _shapes(instance):
        for one in columns.values():
            for value in one.choices:
                yield {
                    "sys_id": fixed_id("choice", name, one.name, value),
                    "name": name,
                    "element": one.name,
                    "value": value,
                    "label": value.replace("_", " ").capitalize(),
                }


def _plugins(instance: Instance) -> Iterator[Row]:
    for plugin, name in PLUGINS.items():
        active = plugin in instance.plugins
        yield {
            "sys_id": fixed_id("plugin", plugin),
            "id": plugin,
            "name": name,
            "active": "active" if active else "inactive",
            "state": "active" if active else "inactive",
        }


def _grants(instance: Instance) -> Iterator[Row]:
    for account in instance.accounts.values():
        for role in sorted(account.roles):
            yield {
                "sys_id": fixed_id("grant", account.user_name, role),
                "user": account.sys_id,
                "role": fixed_id("role", role),
                "inherited": "false",
                "state": "active",
            }
