"""Reads a whole configuration file; it is either right in every line, or refused with all that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from ml_connector.configuration.catalogue import Catalogue
from ml_connector.configuration.connections import read_connection
from ml_connector.configuration.flows import read_flow
from ml_connector.configuration.section import Section
from ml_connector.configuration.tree import Item, Problem, Problems, parse
from ml_connector.errors import ConfigurationError
from ml_connector.store.configuration import ConnectionConfig, FlowConfig

KEYS = ("connections", "flows")
SHOWN = 50

Named = TypeVar("Named", ConnectionConfig, FlowConfig)


class Configuration(msgspec.Struct, frozen=True):
    """A whole file, environment variables filled in."""

    connections: tuple[ConnectionConfig, ...] = ()
    flows: tuple[FlowConfig, ...] = ()


def read(
    text: str, environ: Mapping[str, str], *, file: str = "the configuration", catalogue: Catalogue | None = None
) -> Configuration:
    """The file as plain values; ConfigurationError lists every problem, by line, also in `fields["problems"]`."""
    problems = Problems()
    catalogue = catalogue or Catalogue()
    configuration = Configuration()
    root = parse(text, environ, problems)
    if root is not None:
        configuration = _configuration(root, catalogue, problems)
    if problems.found:
        raise _refusal(sorted(problems.found), file)
    return configuration


def _configuration(root: Item, catalogue: Catalogue, problems: Problems) -> Configuration:
    section = Section(root, problems, "the file", KEYS)
    items = section.items("connections")
    connections = [read_connection(item, catalogue, problems) for item in items]
    _refuse_twins(items, "connection", problems)
    systems = _systems(items, catalogue)
    flow_items = section.items("flows")
    flows = [read_flow(item, systems, catalogue, problems) for item in flow_items]
    _refuse_twins(flow_items, "flow", problems)
    return Configuration(tuple(found for found in connections if found), tuple(found for found in flows if found))


def _systems(items: Sequence[Item], catalogue: Catalogue) -> dict[str, str]:
    """System by connection name, also of connections that are wrong elsewhere; "" where the system is unknown."""
    found = {}
    for item in items:
        values = item.value if isinstance(item.value, dict) else {}
        name, system = (values[key].value if key in values else "" for key in ("name", "system"))
        if isinstance(name, str) and name:
            found[name] = system if system in catalogue.systems else ""
    return found


def _refuse_twins(items: Sequence[Item], kind: str, problems: Problems) -> None:
    seen: dict[str, int] = {}
    for item in items:
        name = item.value.get("name") if isinstance(item.value, dict) else None
        if name is None or not isinstance(name.value, str):
            continue
        if name.value in seen:
            message = f"The {kind} {name.value!r} is there twice, first in line {seen[name.value]}."
            problems.add(name.place, message, "Rename or remove one of them.")
        seen.setdefault(name.value, name.place.line)


def _refusal(problems: Sequence[Problem], file: str) -> ConfigurationError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    return ConfigurationError(
        "\n".join([f"{file} has {count}; nothing was changed.", *lines]),
        fix="Correct the file and apply it again.",
        problems=tuple(problems),
    )
