"""The pairs that are played: all that the product offers."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

from campaign.plant import Setup
from ml_connector.flows import PAIRS
from ml_connector.systems import registry
from ml_connector_simulators.registry import systems

Pair = tuple[str, str]
MAIN: Pair = ("ifs_cloud", "servicenow")
"""Played most: with both profiles, a company that is added, and the commands."""


def name_of(pair: Pair) -> str:
    return "-".join(pair)


BY_NAME: dict[str, Pair] = {name_of(pair): pair for pair in sorted(PAIRS, key=lambda pair: (pair != MAIN, pair))}


def setup_of(pair: Pair, **options: Any) -> Setup:
    return replace(Setup(), source=pair[0], target=pair[1], **options)


def lacking(pair: Pair) -> list[str]:
    """What a pair needs to be played and does not have."""
    needs = {
        **{f"the connector of {system}": system in registry.MODULES for system in pair},
        **{f"the simulator of {system}": system in systems() for system in pair},
        **{f"tests/flows/judge/{system}.py": find_spec(f"flows.judge.{system}") is not None for system in pair},
        f"tests/flows/desks/{pair[0]}.py": find_spec(f"flows.desks.{pair[0]}") is not None,
    }
    return [what for what, there in needs.items() if not there]


def playable() -> list[Pair]:
    return [pair for pair in BY_NAME.values() if not lacking(pair)]
