"""The systems and pairs that a configuration file may speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ml_connector.flows import PAIRS
from ml_connector.sync.flow import Pair
from ml_connector.systems import registry
from ml_connector.systems.base import Connector


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What can be configured: the systems and pairs of this program, or a test's own."""

    systems: tuple[str, ...] = field(default_factory=lambda: tuple(sorted(registry.MODULES)))
    connector: Callable[[str], Connector] = registry.connector
    pairs: Mapping[tuple[str, str], Pair] = field(default_factory=lambda: PAIRS)
