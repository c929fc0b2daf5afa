"""The `routes` of a flow: each checked against what both systems can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

from ml_connector import records
from ml_connector.configuration.catalogue import Catalogue
from ml_connector.configuration.section import Section
from ml_connector.configuration.tree import Item
from ml_connector.records import Entity
from ml_connector.store.configuration import RouteEntry
from ml_connector.sync.flow import Direction, Pair

KEYS = ("enabled", "direction", "conflict", "owners", "duplicates", "sweep_every_days")
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
CONFLICTS = ("source_wins", "target_wins", "newest", "ask")
DUPLICATES = get_args(Literal["hold", "warn"])
SIDES = ("source", "target")

_RECORDS = {kind.entity: kind for kind in vars(records).values() if isinstance(kind, type) and hasattr(kind, "entity")}


class Routes:
    """Reads the routes of one flow. A route that the file does not mention is on, with the defaults."""

    def __init__(self, section: Section, pair: Pair, catalogue: Catalogue, crons: Mapping[Entity, str]) -> None:
        self._flow = section
        self._entities = [route.entity for route in pair.routes]
        self._optional = {route.entity for route in pair.routes if route.optional}
        self._needs_all_of = {route.entity: route.needs_all_of for route in pair.routes}
        self._source = catalogue.connector(pair.source)
        self._target = catalogue.connector(pair.target)
        self._crons = crons
        self._problems = section.problems

    def read(self) -> tuple[RouteEntry, ...]:
        """All routes of the pair, in dependency order."""
        item = self._flow.get("routes") or Item({}, self._flow.place)
        title = f"routes of {self._flow.title}, {self._source.title} into {self._target.title},"
        section = Section(item, self._problems, title, [entity.value for entity in self._entities])
        return tuple(self._route(entity, section.get(entity.value)) for entity in self._entities)

    def _route(self, entity: Entity, item: Item | None) -> RouteEntry:
        if item is None:
            return RouteEntry(
                entity=entity,
                schedule=self._crons[entity],
                optional=entity in self._optional,
                needs_all_of=self._needs_all_of[entity],
            )
        section = Section(item, self._problems, f"route {entity.value!r} of {self._flow.title}", KEYS)
        direction: Direction = section.word("direction", DIRECTIONS) or "source_to_target"
        if direction != "source_to_target":
            self._check_direction(section, entity, direction)
        if direction != "both":
            self._refuse_two_way_words(section)
        return RouteEntry(
            entity=entity,
            direction=direction,
            enabled=section.flag("enabled", True),
            duplicates=section.word("duplicates", DUPLICATES) or "hold",
            sweep_every_days=section.number("sweep_every_days", 7, 0),
            schedule=self._crons[entity],
            conflict=section.word("conflict", CONFLICTS) or "",
            owners=self._owners(section, entity),
            needs_all_of=self._needs_all_of[entity],
        )

    def _check_direction(self, section: Section, entity: Entity, direction: str) -> None:
        if entity not in self._source.writes:
            reason = f"{entity.value} cannot be written to {self._source.title}"
        elif entity not in self._target.reads:
            reason = f"{entity.value} cannot be read from {self._target.title}"
        else:
            return
        self._problems.add(
            section.item.value["direction"].place,
            f"{direction!r} is not supported in {section.title}: {reason}.",
            "Write `direction: source_to_target`, or leave it out.",
        )

    def _refuse_two_way_words(self, section: Section) -> None:
        for key in ("conflict", "owners"):
            if section.get(key) is not None:
                message = f"{key!r} in {section.title} has no meaning unless the direction is both."
                self._problems.add(section.place_of(key), message, "Remove it, or write `direction: both`.")

    def _owners(self, section: Section, entity: Entity) -> dict[str, str]:
        item = section.get("owners")
        if item is None:
            return {}
        kind = _RECORDS.get(entity)
        names = [field.name for field in msgspec.structs.fields(kind)] if kind else []
        names = [name for name in names if name not in ("key", "scope")]
        owners = Section(item, self._problems, f"owners of {section.title}", names)
        found = {name: owners.word(name, SIDES) for name in names}
        return {name: side for name, side in found.items() if side is not None}
