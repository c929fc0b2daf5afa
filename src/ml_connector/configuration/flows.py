"""The `flows` of a file: each checked against the pairs we offer and the connections it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from ml_connector.configuration.catalogue import Catalogue
from ml_connector.configuration.routes import Routes
from ml_connector.configuration.schedule import read_schedule
from ml_connector.configuration.section import Section, text_of
from ml_connector.configuration.tree import Item, Problems
from ml_connector.records import Entity
from ml_connector.store.configuration import FlowConfig, RouteEntry
from ml_connector.sync.flow import Pair

KEYS = ("name", "source", "target", "start_from", "schedule", "timezone", "routes", "value_maps")


def read_flow(item: Item, systems: Mapping[str, str], catalogue: Catalogue, problems: Problems) -> FlowConfig | None:
    """The flow; None when too little of it can be understood. `systems`: connection name -> system."""
    section = Section(item, problems, "a flow", KEYS)
    if not isinstance(item.value, dict):
        return None
    name = section.name("Give it a short name, for example `name: erp-to-snow`.")
    section.title = f"flow {name!r}" if name else section.title
    pair = _pair(section, systems, catalogue)
    if pair is None:
        return None
    schedule = read_schedule(section, pair)
    routes = Routes(section, pair, catalogue, schedule.crons).read()
    start_from = _start_from(section, routes)
    value_maps = _value_maps(section)
    if name is None:
        return None
    return FlowConfig(
        name=name,
        source=item.value["source"].value,
        target=item.value["target"].value,
        start_from=start_from,
        timezone=schedule.timezone,
        routes=routes,
        value_maps=value_maps,
    )


def _pair(section: Section, systems: Mapping[str, str], catalogue: Catalogue) -> Pair | None:
    ends = []
    for side in ("source", "target"):
        name = section.required_text(side, f"Name one of the connections: {', '.join(sorted(systems)) or 'none yet'}.")
        if name is not None and name not in systems:
            section.problems.unknown(section.item.value[side].place, "connection", name, systems)
        ends.append(systems.get(name or "", ""))
    if not all(ends):
        return None
    pair = catalogue.pairs.get((ends[0], ends[1]))
    if pair is None:
        titles = [catalogue.connector(end).title for end in ends]
        offered = ", ".join(f"{source} into {target}" for source, target in sorted(catalogue.pairs))
        section.problems.add(
            section.place_of("target"), f"{titles[0]} into {titles[1]} is not supported.", f"Possible: {offered}."
        )
    return pair


def _start_from(section: Section, routes: tuple[RouteEntry, ...]) -> date | None:
    """The cut-over; None for `all`, and where no documents are moved."""
    documents = [route.entity.value for route in routes if route.enabled and route.entity.is_document]
    fix = "Give a date like 2026-01-01: closed documents dated before it stay out. Or `all`."
    item = section.get("start_from")
    if item is None:
        if documents:
            message = f"{section.title} lacks 'start_from', which {' and '.join(documents)} need."
            section.problems.add(section.place_of("start_from"), message, fix)
        return None
    if item.value == "all":
        return None
    if isinstance(item.value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", item.value):
        try:
            return date.fromisoformat(item.value)
        except ValueError:
            pass
    shown = item.value if isinstance(item.value, str) else item.kind
    section.problems.add(item.place, f"{shown!r} is no date for 'start_from' of {section.title}.", fix)
    return None


def _value_maps(section: Section) -> dict[str, dict[str, str]]:
    item = section.get("value_maps")
    if item is None:
        return {}
    entities = [entity.value for entity in Entity]
    maps = Section(item, section.problems, f"value_maps of {section.title}", entities)
    found: dict[str, dict[str, str]] = {}
    for entity in entities:
        codes = maps.get(entity)
        if codes is None:
            continue
        title = f"value map {entity!r} of {section.title}"
        if not isinstance(codes.value, dict):
            fix = 'Write `"code of the source": "code on the target"` lines.'
            section.problems.add(codes.place, f"{title} must be a mapping, not {codes.kind}.", fix)
            continue
        texts = {code: text_of(value, f"{code!r} in {title}", section.problems) for code, value in codes.value.items()}
        found[entity] = {code: text for code, text in texts.items() if text is not None}
    return found
