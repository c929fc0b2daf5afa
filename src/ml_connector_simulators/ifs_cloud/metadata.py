"""The service document and `$metadata`, whose types are the true ones (fact sheet §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from .schema import BOUND_ACTIONS, EntitySet, Link, Property

_TYPES = {
    "string": "Edm.String",
    "decimal": "Edm.Decimal",
    "integer": "Edm.Int64",
    "boolean": "Edm.Boolean",
    "date": "Edm.Date",
    "stamp": "Edm.DateTimeOffset",
}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"'


def service_document(url: str, sets: Iterable[str]) -> dict[str, object]:
    """The list of sets at the root of a service."""
    value = [{"name": name, "kind": "EntitySet", "url": name} for name in sets]
    return {"@odata.context": f"{url}$metadata", "value": value}


def edmx(
    service: str,
    sets: Mapping[str, EntitySet],
    properties: Mapping[str, Sequence[Property]],
    links: Mapping[str, Sequence[Link]],
) -> bytes:
    """The model of a service: types, enumerations, actions and sets; `properties` and `links` by set name."""
    namespace = f"IfsApp.{service}"
    types = "".join(_entity_type(namespace, s, properties[s.name], links[s.name], sets) for s in sets.values())
    enums = {p.enum: p.members for listed in properties.values() for p in listed if p.kind == "enum"}
    enumerations = "".join(_enumeration(name, members) for name, members in enums.items())
    actions = "".join(_action(namespace, name, sets[s]) for s in sets for name in BOUND_ACTIONS.get(s, ()))
    container = "".join(f'<EntitySet Name="{s.name}" EntityType="{namespace}.{_type_name(s)}"/>' for s in sets.values())
    return (
        f'{_HEAD} Version="4.0"><edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" '
        f'Namespace="{namespace}">{types}{enumerations}{actions}'
        f'<EntityContainer Name="Container">{container}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    ).encode()


def _type_name(entity_set: EntitySet) -> str:
    """Sets that show parts of one table need types of their own."""
    return entity_set.name.removesuffix("Set")


def _entity_type(
    namespace: str,
    entity_set: EntitySet,
    properties: Sequence[Property],
    links: Sequence[Link],
    sets: Mapping[str, EntitySet],
) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in entity_set.table.keys)
    listed = "".join(_property(namespace, p) for p in properties)
    navigations = "".join(
        f'<NavigationProperty Name="{link.name}" Type="Collection({namespace}.{_type_name(sets[link.set_name])})"/>'
        for link in links
        if link.many and link.set_name in sets
    )
    return f'<EntityType Name="{_type_name(entity_set)}"><Key>{keys}</Key>{listed}{navigations}</EntityType>'


def _property(namespace: str, prop: Property) -> str:
    kind = f"{namespace}.{prop.enum}" if prop.kind == "enum" else _TYPES[prop.kind]
    more = ""
    if prop.length is not None:
        more += f' MaxLength="{prop.length}"'
    if prop.kind == "decimal":
        more += ' Scale="variable"'
    if prop.kind == "stamp":
        more += ' Precision="0"'
    if prop.key:
        more += ' Nullable="false"'
    return f'<Property Name="{escape(prop.name)}" Type="{kind}"{more}/>'


def _enumeration(name: str, members: Sequence[str]) -> str:
    listed = "".join(f'<Member Name="{m}" Value="{n}"/>' for n, m in enumerate(members))
    return f'<EnumType Name="{name}">{listed}</EnumType>'


def _action(namespace: str, name: str, entity_set: EntitySet) -> str:
    kind = f"{namespace}.{_type_name(entity_set)}"
    return f'<Action Name="{name}" IsBound="true"><Parameter Name="Record" Type="{kind}"/></Action>'
