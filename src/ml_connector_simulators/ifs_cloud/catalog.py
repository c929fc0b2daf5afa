"""What the installation shows under its present switches: services, sets, properties, navigations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .addresses import Address, Segment
from .refusals import not_found
from .schema import ENTITY_SERVICES, PROJECTIONS, EntitySet, Link, Property, Table
from .switches import IfsSwitches


class Catalog:
    """Made anew whenever a switch changes."""

    def __init__(self, switches: IfsSwitches) -> None:
        self._switches = switches
        self._properties: dict[str, dict[str, Property]] = {}

    def sets(self, address: Address) -> Mapping[str, EntitySet]:
        """The sets of a service. Raises RefusedError 404, as for an entity service that nobody activated (§9)."""
        if address.family == "entity":
            found = ENTITY_SERVICES.get(address.service) if self._switches.entity_services else None
        else:
            found = PROJECTIONS.get(address.service)
        if found is None:
            raise not_found(f"The service {address.service} is not deployed.")
        return {name: s for name, s in found.items() if self._shown(name)}

    def entity_set(self, address: Address, segment: Segment) -> EntitySet:
        """The set that a path names. Raises RefusedError 404."""
        found = self.sets(address).get(segment.name)
        if found is None:
            raise not_found(f"The entity set {segment.name} does not exist.")
        return found

    def properties(self, table: Table) -> Mapping[str, Property]:
        """The properties there are: perhaps no Rowversion (§5), no codes on lines (§4), enums for booleans (§6.7)."""
        kept = self._properties.get(table.name)
        if kept is None:
            kept = {p.name: self._as_shown(p) for p in table.properties if self._exists(table, p)}
            self._properties[table.name] = kept
        return kept

    def links(self, entity_set: EntitySet) -> list[Link]:
        """The navigations that lead somewhere."""
        return [link for link in entity_set.table.links if not link.many or self._shown(link.set_name)]

    def _shown(self, set_name: str) -> bool:
        return set_name != "PurchaseOrderLinePartSet" or self._switches.part_lines == "main"

    def _exists(self, table: Table, prop: Property) -> bool:
        if prop.name == "Rowversion":
            return self._switches.rowversion
        hidden = self._switches.po_coding == "pre_accounting" and table.name == "PurchaseOrderLineSet"
        return not (hidden and prop.name.startswith("Code"))

    def _as_shown(self, prop: Property) -> Property:
        members = {"TRUE": ("FALSE", "TRUE"), "Yes": ("No", "Yes")}.get(self._switches.booleans)
        if prop.kind != "boolean" or members is None:
            return prop
        return replace(prop, kind="enum", enum="FndBoolean", members=members)
