"""Which sets a service has, and their properties: reads EDMX (OASIS CSDL 4.0 XML).

The document comes from outside, so a document type declaration is refused: without one there are no entities to expand
and nothing to fetch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from ml_connector.errors import ContractError

DEEPEST = 32
"""Levels of elements; a document has about eight."""


@dataclass
class _EntityType:
    base: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class _Reader:
    """Collects types and sets while the parser walks the document."""

    types: dict[str, _EntityType] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    current: _EntityType | None = None
    depth: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ContractError("The service's metadata is nested too deeply.")
        name = attributes.get("Name", "")
        match tag.rpartition(":")[2]:
            case "Schema":
                self.namespace = attributes.get("Namespace", "")
                if alias := attributes.get("Alias"):
                    self.aliases[alias] = self.namespace
            case "EntityType":
                self.current = _EntityType(attributes.get("BaseType", ""))
                self.types[f"{self.namespace}.{name}"] = self.current
            case "Property" if self.current is not None:
                self.current.properties[name] = attributes.get("Type", "Edm.String")
            case "EntitySet":
                self.sets[name] = attributes.get("EntityType", "")

    def end(self, tag: str) -> None:
        self.depth -= 1
        if tag.rpartition(":")[2] == "EntityType":
            self.current = None

    def properties_of(self, type_name: str) -> dict[str, str]:
        """Of a type with all it inherits; its own last."""
        chain: list[_EntityType] = []
        found = self._find(type_name)
        while found is not None and found not in chain:
            chain.append(found)
            found = self._find(found.base)
        return {name: kind for each in reversed(chain) for name, kind in each.properties.items()}

    def _find(self, name: str) -> _EntityType | None:
        prefix, _, short = name.rpartition(".")
        return self.types.get(f"{self.aliases.get(prefix, prefix)}.{short}")


def parse_metadata(document: bytes) -> dict[str, dict[str, str]]:
    """`{set: {property: type}}`; `ContractError` when it is not metadata or declares a document type."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.buffer_text = True
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise ContractError(f"The service's metadata is not readable: {error}.") from error
    if not reader.sets:
        raise ContractError("The service's metadata names no entity set.")
    return {name: reader.properties_of(type_name) for name, type_name in reader.sets.items()}


def _refuse(*_: object) -> None:
    raise ContractError("The service's metadata declares a document type, which is refused for safety.")
